"""`autograder validate NOTEBOOK`: the visible checks on one's own notebook, before it is handed in.

Needs the notebook and the `checks.json` that was released with it, and nothing of the course. The notebook runs in a
process of its own, in the shell that grading uses, but not in a jail: whoever runs it wrote it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.records import AutograderError

if TYPE_CHECKING:
    from autograder.student.process import Transport

FILE = "checks.json"
CELL_SECONDS = 60.0

_REST = "Hidden checks are run when it is graded."

Result = dict[str, Any]
"""A check's `question`, `title`, `verdict`, `message` and `hint`."""


def validate(path: Path) -> tuple[list[Result], list[str]]:
    """Run a notebook and its visible checks: their results, and a sentence for each cell that failed.

    Raises AutograderError for what is no notebook, has no `checks.json` beside it, or ends its own process.
    """
    read_notebook(path)
    read_examples(path.parent)
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        out = Path(folder, "results.json")
        command = [sys.executable, "-m", "autograder.validate", str(path.resolve()), str(out)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        if not out.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise AutograderError(f"{path}: the process that ran it ended ({done.returncode}); {''.join(said)}")
        found = json.loads(out.read_text(encoding="utf-8"))
    return found["results"], found["failed"]


def read_examples(folder: Path) -> dict[str, Any]:
    """The visible checks released into `folder`. Raises AutograderError when there are none."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != 1:
            raise AutograderError(f"{path} is of a newer version: `pip install --upgrade dl-autograder`")
    except FileNotFoundError:
        raise AutograderError(f"{path} is not there; it comes with the assignment, beside the notebook") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AutograderError(f"{path} cannot be read: {error}") from None
    return dict(content)


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook in a file. Raises AutograderError for what is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(notebook["cells"], list):
            raise TypeError("it has no cells")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AutograderError(f"{path} is no notebook: {error}") from None
    return dict(notebook)


def check_namespace(
    examples: dict[str, Any],
    transport: Transport,
    notebook: dict[str, Any],
    questions: Collection[str] = (),
) -> Iterator[Result]:
    """Run the visible checks of `questions`, or all, on the functions behind `transport`, which `notebook` defines."""
    from autograder.checks.forbidden import forbidden_calls, read_code
    from autograder.visible import verdict_on

    reading = read_code(notebook)
    for example in examples["checks"]:
        if questions and example["question"] not in questions:
            continue
        found, message = verdict_on(example, transport)
        verdict = str(found)
        asked = {step["target"]["name"] for step in example["steps"] if "name" in step.get("target", {})}
        used = forbidden_calls(reading, examples["forbidden"].get(example["question"], ()), asked)
        if used:
            verdict, message = "fail", f"uses `{used[0].name}`, which this question forbids"
        about = {name: example[name] for name in ("question", "title", "hint")}
        yield {**about, "verdict": verdict, "message": message}


def in_words(results: list[Result]) -> str:
    """The results as text."""
    lines = []
    for question in dict.fromkeys(result["question"] for result in results):
        asked = [result for result in results if result["question"] == question]
        passed = sum(result["verdict"] == "pass" for result in asked)
        lines.append(f"{question}: {passed} of {len(asked)} visible checks")
        for result in asked:
            lines.append(f"  {'✓' if result['verdict'] == 'pass' else '✗'} {result['title']}")
            if result["verdict"] != "pass":
                lines += [f"      {text}" for text in _why(result)]
    return "\n".join(lines)


def _why(result: Result) -> list[str]:
    named = {"pass": "", "fail": "", "error": "", "missing": ""}.get(result["verdict"], result["verdict"])
    message = " ".join(result["message"].split())
    said = f"{named}: {message}" if named and message else named or message
    return [text for text in (said, f"Hint: {result['hint']}" if result["hint"] else "") if text]


def in_markdown(name: str, results: list[Result], failed: list[str]) -> str:
    """The results as Markdown, such as GitHub shows for a job."""
    passed = sum(result["verdict"] == "pass" for result in results)
    lines = [
        f"### {_plain(name)}: {passed} of {len(results)} visible checks pass",
        "",
        "| | question | check | |",
        "|---|---|---|---|",
    ]
    for result in results:
        right = result["verdict"] == "pass"
        why = "" if right else "<br>".join(_plain(text) for text in _why(result))
        cells = ("✅" if right else "❌", _plain(result["question"]), _plain(result["title"]), why)
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"- {_plain(sentence)}" for sentence in failed), "", _REST, "", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text in which nothing is Markdown or HTML."""
    return "".join(f"&#{ord(letter)};" if letter in "\\`*_[]{}()<>#|!&~$@:" else letter for letter in text)


def print_validation(path: Path, summary: Path | None) -> int:
    """Validate, print, and append to the file `summary`; the exit status: 1 when something does not pass."""
    results, failed = validate(path)
    print(in_words(results))
    for sentence in failed:
        print(sentence)
    print(_REST)
    if summary is not None:
        with summary.open("a", encoding="utf-8") as file:
            file.write(in_markdown(path.name, results, failed))
    return 1 if failed or any(result["verdict"] != "pass" for result in results) else 0


def _main() -> None:
    """In the process of its own: run the notebook, then the checks, and write what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    import builtins
    import contextlib
    import getpass

    from autograder.checks.desk import InProcess
    from autograder.student.shell import StudentShell, no_input

    notebook, examples = read_notebook(options.notebook), read_examples(options.notebook.parent)
    builtins.input = getpass.getpass = no_input
    shell: StudentShell = StudentShell.instance()
    with contextlib.suppress(ImportError):
        shell.enable_matplotlib()
    failed = []
    with contextlib.chdir(options.notebook.parent):
        sys.path.insert(0, str(options.notebook.parent))
        for index, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "code":
                outputs, ok = shell.run_notebook_cell(index, "".join(cell["source"]), CELL_SECONDS)
                if not ok:
                    errors = [each for each in outputs if each["output_type"] == "error"]
                    said = f"{errors[-1]['ename']}: {errors[-1]['evalue']}" if errors else "it did not end"
                    failed.append(f"cell {index + 1} fails: {said.splitlines()[0][:300].rstrip(': ')}")
        results = list(check_namespace(examples, InProcess(shell.user_ns), notebook))
    options.out.write_text(json.dumps({"results": results, "failed": failed}), encoding="utf-8")


if __name__ == "__main__":
    _main()
