"""Otter's own commands on what is exported for them: the same scores, and `grader.check` as its users know it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.checks.collect import collect
from autograder.course import load_assignment, load_course
from autograder.export.otter import notebook_and_tests
from autograder.export.otter_cells import test_function
from tests.toolkit.classroom import Classroom, Notebook, cell, scores
from tests.toolkit.tiny import SHARES, SPREAD

pytest.importorskip("otter", reason="otter-grader is not installed")
test_function.__test__ = False  # type: ignore[attr-defined] # no test, whatever its name

# The second question would have its points although the first is wrong, but for a forbidden call.
WRONG = "def shares(x):\n    return x / x.sum()\n"
ANSWERS = {
    "right": (SHARES, SPREAD),
    "forbidden": (WRONG, "def spread(x):\n    return np.std(shares(x), axis=1)\n"),
}
EXPECTED = {"right": (6, 4), "forbidden": (2, 0)}


class Bundle:
    """What `autograder export otter` wrote."""

    def __init__(self, room: Classroom, folder: Path) -> None:
        self.folder, self.environment = folder, room.environment()
        done = room.run("autograder.cli", "export", "otter", "tiny", "--to", str(folder))
        assert done.status == 0, done.err
        assert done.out.split() == [f"{folder}/autograder.zip", f"{folder}/student/tiny.ipynb"]

    def student(self, shares: str = "", spread: str = "") -> Notebook:
        """The student's notebook, answered."""
        notebook: Notebook = json.loads((self.folder / "student" / "tiny.ipynb").read_text())
        for name, answer in (("shares_answer", shares), ("spread_answer", spread)):
            if answer:
                cell(notebook, name)["source"] = answer
        return notebook

    def run(self, notebook: Notebook, folder: Path) -> dict[str, dict[str, Any]]:
        """The tests of `otter run`'s results.json, by name."""
        folder.mkdir()
        (folder / "tiny.ipynb").write_text(json.dumps(notebook))
        program = [sys.executable, "-m", "otter", "run", "--no-logo", "-a", str(self.folder / "autograder.zip")]
        done = subprocess.run(
            [*program, "tiny.ipynb"], cwd=folder, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        tests = json.loads((folder / "results.json").read_text())["tests"]
        return {test["name"]: test for test in tests}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return Classroom(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def bundle(room: Classroom, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(room, tmp_path_factory.mktemp("otter"))


@pytest.fixture(scope="module")
def at_home(room: Classroom, bundle: Bundle) -> dict[str, dict[str, float | None]]:
    """The scores of the same notebooks, graded by us."""
    for name, answers in ANSWERS.items():
        room.submit(name, bundle.student(*answers))
    assert room.autograder("grade", "tiny").status == 0
    return {name: scores(room.results(name)) for name in ANSWERS}


@pytest.mark.parametrize("name", ANSWERS)
def test_otter_run_gives_the_scores_that_we_give(bundle, at_home, tmp_path, name):
    tests = bundle.run(bundle.student(*ANSWERS[name]), tmp_path / "run")
    given = {question: tests[question]["score"] for question in ("shares", "spread")}
    assert given == pytest.approx({question: at_home[name][question] for question in given}, abs=1e-4)
    assert tuple(given.values()) == pytest.approx(EXPECTED[name], abs=1e-4)
    assert (tests["shares"]["max_score"], tests["spread"]["max_score"]) == pytest.approx((6, 4))
    assert ("Hint: `keepdims=True` keeps the column" in tests["shares"]["output"]) == (name != "right")
    forbidden = "the answer uses `numpy.std`, which this question forbids"
    assert (forbidden in tests["spread"]["output"]) == (name == "forbidden")


def test_the_student_s_notebook_checks_itself(bundle, tmp_path):
    notebook = nbformat.reads(json.dumps(bundle.student("def shares(x):\n    return x", SPREAD)), as_version=4)
    nbformat.validate(notebook)
    (tmp_path / "tiny.ipynb").write_text(nbformat.writes(notebook))
    export = notebook.cells.pop()
    assert export.source == "grader.export(pdf=False)"
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, kernel_name="python3").execute()
    said = {each.source: each.outputs[-1]["data"]["text/plain"] for each in notebook.cells if "check(" in each.source}
    assert said['grader.check("spread")'] == "spread results: All test cases passed!"
    wrong = said['grader.check("shares")']
    assert "assert np.allclose(shares(np.ones((1, 2))), 0.5)" in wrong


def test_nothing_of_the_hidden_checks_is_in_what_students_get(bundle):
    text = (bundle.folder / "student" / "tiny.ipynb").read_text()
    assert "reference" not in text
    assert "Each entry is divided" not in text
    assert "x.sum(axis=1" not in text
    assert [path.name for path in (bundle.folder / "student").iterdir()] == ["tiny.ipynb"]


def test_the_zip_installs_what_it_needs_where_otter_has_containers(bundle):
    with zipfile.ZipFile(bundle.folder / "autograder.zip") as archive:
        environment = archive.read("environment.yml").decode()
        names = archive.namelist()
    (wheel,) = (name for name in names if name.endswith(".whl"))
    assert f"/autograder/source/{wheel}" in environment
    assert f"python={sys.version_info.major}.{sys.version_info.minor}" in environment
    assert "- torch==" in environment
    assert {"tests/shares.py", "tests/shares.hidden.py", "files/dl_autograder.course"} <= set(names)


COURSE = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(path.name for path in (COURSE / "source").iterdir()))
def test_otter_reads_the_tests_of_every_assignment_of_ours(name):
    from otter.test_files.exception_test import ExceptionTestFile

    assignment = load_assignment(load_course(COURSE), name)
    assert assignment.checks is not None
    (notebook,) = assignment.notebooks
    _, tests = notebook_and_tests(notebook, list(assignment.questions), collect(assignment.checks, COURSE))
    read = {file: ExceptionTestFile.from_string(text) for file, text in tests.items()}
    points = {test.name: test.possible for file, test in read.items() if file.endswith(".hidden.py")}
    expected = {question.id: question.points for question in assignment.questions if question.kind == "auto"}
    assert points == pytest.approx(expected)
    assert all(test.possible == 0 for file, test in read.items() if not file.endswith(".hidden.py"))


CELLS = {
    "x = f(2)\nassert x == 4": ("f",),
    'assert f("""a\nb""") == 2, "two\\nlines"': ("f",),
    "import math\nassert math.isclose(f(1), g[0])": ("f", "g"),
    "def h(x):\n    return f(x) + x\nassert [h(y) for y in (1, 2)] == list(map(h, range(1, 3)))": ("f",),
    "from math import *\nassert pi > f(1)": ("env",),
    "%time f(1)": ("env",),
}


@pytest.mark.parametrize("source", CELLS)
def test_a_test_cell_becomes_a_function_of_the_names_it_uses(source):
    text = test_function("shown", source)
    assert text.splitlines()[0] == f"def shown({', '.join(CELLS[source])}):"
    defined: dict[str, Any] = {}
    exec(text, defined)
    given = {"f": lambda x: len(x.split("\n")) if isinstance(x, str) else x * 2 if x > 1 else x, "g": [1]}
    given["get_ipython"] = lambda: pytest.importorskip("IPython").InteractiveShell.instance()
    defined["shown"](**{name: given if name == "env" else given[name] for name in CELLS[source]})
