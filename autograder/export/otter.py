"""An assignment for otter-grader: a student notebook with `grader.check`, and `autograder.zip` made by otter itself.

In otter tests run where the student's code runs. What `grader.check` shows is the released test cell; the hidden
checks run once the whole notebook has, as they do here, by way of `otter_run`. docs/otter.md says what differs.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

from autograder.checks.collect import Check, Checks, collect, question_points
from autograder.course import Assignment, Course, Question
from autograder.examiner import check_questions
from autograder.export.gradescope import course_files
from autograder.export.otter_cells import is_code, leaves_names, test_function
from autograder.export.otter_run import COURSE
from autograder.export.package import pins, python_version, write_wheel, write_zip
from autograder.records import AutograderError
from autograder.sources import SourceNotebook, notebook_imports

_LOCKED = {"deletable": False, "editable": False}
_INIT = "# Initialize Otter\nimport otter\n\ngrader = otter.Notebook({file!r})"
_SUBMIT = "## Submission\n\nSave the notebook, then run the cell below: it makes a zip file for you to hand in."
_HEAD = "from otter.test_files import test_case\n\nOK_FORMAT = False\n\nname = {name!r}\npoints = {points!r}\n"
_TORCH_INDEX = "--extra-index-url https://download.pytorch.org/whl/cpu"
# Where otter's containers, and Gradescope's, have the files of the zip.
_FILES = "/autograder/source/files"


def write_otter(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write `autograder.zip` and `student/<notebook>.ipynb` to `folder`, or a folder for each notebook of several."""
    try:
        from otter.generate import main as generate
    except ImportError:
        raise AutograderError("otter-grader is not installed; `pip install dl-autograder[otter]` does that") from None
    checks = collect(assignment.checks, assignment.root) if assignment.checks is not None else None
    if checks is not None:
        check_questions(assignment, checks)
    written = []
    for notebook in assignment.notebooks:
        place = folder / notebook.name if len(assignment.notebooks) > 1 else folder
        asked = [question for question in assignment.questions if question.notebook == notebook.name]
        student, tests = notebook_and_tests(notebook, asked, checks)
        archive = (place / "autograder.zip").resolve()
        for parent in (place, place / "student"):
            parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as room:
            for name, text in tests.items():
                _write(Path(room, "tests", name), text.encode())
            files = _files(course, assignment, checks)
            for name, data in files.items():
                _write(Path(room, name), data)
            pinned = pins(notebook_imports(notebook.source for notebook in assignment.notebooks))
            major, minor, _ = python_version(pinned)
            wheel = write_wheel(Path(room))
            _write(
                Path(room, "requirements.txt"), "\n".join([_TORCH_INDEX, *pinned, f"{_FILES}/{wheel.name}"]).encode()
            )
            # otter names what goes along by its path from the current folder.
            with contextlib.chdir(room):
                generate(
                    output_path=str(archive),
                    no_config=True,
                    requirements="requirements.txt",
                    no_environment=True,
                    files=[*files, wheel.name],
                    python_version=f"{major}.{minor}",
                )
        written.append(archive)
        for name, data in {f"{notebook.name}.ipynb": student.encode(), **dict(assignment.files)}.items():
            written.append(_write(place / "student" / name, data))
    return written


def _files(course: Course, assignment: Assignment, checks: Checks | None) -> dict[str, bytes]:
    """What lies beside a submission while it is graded: the course's data, and its checks in a file of their own.

    A file takes the place of one that a student hands in under its name; a folder would not.
    """
    files = dict(assignment.files)
    if checks is not None:
        packed = io.BytesIO()
        write_zip(packed, course_files(course, assignment))
        files[COURSE] = packed.getvalue()
    return files


def notebook_and_tests(
    notebook: SourceNotebook, questions: list[Question], checks: Checks | None
) -> tuple[str, dict[str, str]]:
    """The student's notebook as JSON, and the autograder's test files by name.

    `<question>.py` is what `grader.check` runs, for no points. `<question>.hidden.py`, which otter runs after the
    notebook, has the question's name and points.
    """
    released = json.loads(notebook.released)
    sources = json.loads(notebook.source)["cells"]
    asked = {question.id: question for question in questions if question.kind == "auto"}
    tests: dict[str, str] = {}
    shown: dict[str, str] = {}
    cells = [_cell("otter_init", _INIT.format(file=f"{notebook.name}.ipynb"))]
    plain = [cell for cell in released["cells"] if cell["cell_type"] == "code" and _id(cell) not in asked]
    for place, cell in enumerate(released["cells"]):
        question = asked.get(_id(cell))
        source = "".join(cell["source"])
        if question is None or cell["cell_type"] != "code":
            cells.append(cell)
            continue
        head = _HEAD.format(name=question.id, points=question.points)
        # The shares of the checks, added up again, may come to a little more than the points, which otter refuses.
        hidden = head if checks is None else _HEAD.format(name=question.id, points=None)
        tests[f"{question.id}.hidden.py"] = hidden + _hidden(question, checks, sources[question.cell])
        later = [other for other in released["cells"][place + 1 :] if other["cell_type"] == "code"]
        if not is_code(source):
            continue
        if leaves_names(cell, plain, later):
            cells.append(cell)
        cells.append(_cell(f"otter_{question.id}", f"grader.check({question.id!r})".replace("'", '"')))
        case = f"\n\n@test_case(hidden=False)\n{test_function('test_visible', source)}"
        shown[question.id] = head + case
        tests[f"{question.id}.py"] = _HEAD.format(name=f"{question.id} (visible)", points=0) + case
    cells += [_cell("otter_submission", _SUBMIT, "markdown"), _cell("otter_export", "grader.export(pdf=False)")]
    if released["nbformat"] == 4 and released["nbformat_minor"] < 5:
        for cell in cells:
            cell.pop("id", None)
    released["cells"] = cells
    released["metadata"]["otter"] = {"OK_FORMAT": False, "tests": shown}
    return json.dumps(released, indent=1, ensure_ascii=False) + "\n", tests


def _hidden(question: Question, checks: Checks | None, cell: dict[str, Any]) -> str:
    """The test cases that give a question's points: its checks, or its grade cell with the hidden tests in it."""
    if checks is None:
        return f"\n\n@test_case(hidden=True)\n{test_function('test_hidden', ''.join(cell['source']))}"
    ours = checks.questions[question.id]
    points = question_points(ours, question.points)
    cases = [_case(number, check, points[check.id], question.id) for number, check in enumerate(ours, 1)]
    return "\nfrom autograder.export.otter_run import run_check\n" + "".join(cases)


def _case(number: int, check: Check, points: float, question: str) -> str:
    words = {"name": check.title, "points": points, "hidden": not check.visible}
    if check.hint:
        words["failure_message"] = f"Hint: {check.hint}"
    given = ", ".join(f"{key}={value!r}" for key, value in words.items())
    return f"\n\n@test_case({given})\ndef check_{number}(env):\n    run_check({question!r}, {check.id!r}, env)\n"


def _cell(name: str, source: str, kind: str = "code") -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": name[:64], "metadata": dict(_LOCKED), "source": source}
    return {**cell, "outputs": [], "execution_count": None} if kind == "code" else cell


def _id(cell: dict[str, Any]) -> str:
    meta = cell["metadata"].get("nbgrader", {})
    return str(meta["grade_id"]) if meta.get("grade") else ""


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
