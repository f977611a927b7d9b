# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test lint benchmarks release clean

demo: .venv/ready
	$(BIN)/autograder demo demo

# Two at once, a file each: half of the time goes by in waiting for processes that start.
test: .venv/ready
	$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

benchmarks: .venv/ready
	$(BIN)/python -m benchmarks

release: .venv/ready
	for folder in source/*/; do $(BIN)/autograder release $$(basename $$folder) || exit; done

# torch first and by itself: its CPU build must be there before anything else asks for torch and gets CUDA.
.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

clean:
	rm -rf .venv demo build dist *.egg-info
