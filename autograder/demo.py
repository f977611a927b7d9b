"""`autograder demo`: a course with a class of thirty, graded before your eyes.

Takes the course it is run in, makes a folder with that course's `softmax` assignment and submissions as students would
hand them in, and runs release, grade and feedback on it. Nothing is special about the folder: all commands work in it.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

from autograder.batch import grade_class, write_whole
from autograder.checks.diagnosis import load_variants
from autograder.course import Assignment, load_assignment, load_course
from autograder.feedback import write_feedback
from autograder.grade import proof_grader
from autograder.printed import grading, print_class
from autograder.records import AutograderError
from autograder.release import release
from autograder.report import read_class, write_report

ASSIGNMENT = "softmax"
NAMES = """
    ada alan alonzo andrey barbara blaise carl charles claude david donald dorothy edsger emmy evelyn george grace hedy
    ida john judea katherine kurt leonhard margaret marie mary norbert radia shafi sofya srinivasa thomas vera
""".split()  # noqa: SIM905 - a list of forty quoted lines reads worse

Notebook = dict[str, Any]

_LIMITS = f"""
# A class for show: nobody waits a minute for the notebook that loops for ever.
c.Autograder.assignments = {{"{ASSIGNMENT}": {{"cell_seconds": 5, "call_seconds": 3}}}}
"""


def run_demo(origin: Path, folder: Path) -> int:
    """Make the course `folder` from the one in `origin` (unless it is there), and grade it; the exit status."""
    _make_course(origin.resolve(), folder)
    course = load_course(folder)
    assignment = load_assignment(course, ASSIGNMENT)
    if not course.path("release", ASSIGNMENT).is_dir():
        with proof_grader(course) as grade_notebooks:
            released = release(course, ASSIGNMENT, grade_notebooks)
        print(f"released and proven: {released}", flush=True)
    submitted = course.path("submitted", ASSIGNMENT, "*")
    if not list(submitted.parent.parent.glob(f"*/{ASSIGNMENT}")):
        _make_submissions(assignment, submitted.parent.parent)
    with grading() as report:
        progress = grade_class(course, assignment, report=report)
    print_class(course, assignment, progress)
    pages = write_feedback(course, assignment)
    print(f"\nfeedback: {len(pages)} pages, to be opened in a browser, for example\n  {pages[0].resolve()}")
    page = write_report(course, assignment, read_class(course, assignment))
    print(f"the class on a page: {page.resolve()}")
    print(f"formgrader: cd {folder} && jupyter lab, then nbgrader's menu")
    return 0


def _make_course(origin: Path, folder: Path) -> None:
    if (folder / "course_config.py").is_file():
        return
    if not (origin / "source" / ASSIGNMENT).is_dir():
        raise AutograderError(f"{origin} has no assignment '{ASSIGNMENT}' to make a demo of")
    folder.mkdir(parents=True, exist_ok=True)
    for part in (f"source/{ASSIGNMENT}", f"tests/checks/{ASSIGNMENT}", "solutions"):
        shutil.copytree(origin / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copy(origin / "nbgrader_config.py", folder)
    config = (origin / "course_config.py").read_text()
    write_whole(folder / "course_config.py", (config + _LIMITS).encode())


def _make_submissions(assignment: Assignment, submitted: Path) -> None:
    """Write the class: right answers, one known mistake each, and what else students hand in."""
    source = json.loads(assignment.notebooks[0].source)
    released = json.loads(assignment.notebooks[0].released)
    model = _answered(released, source)
    handed_in = class_of(assignment, 20)
    answers = [index for index, cell in enumerate(released["cells"]) if _meta(cell).get("solution")]
    for kept in (1, len(answers) // 2):
        half = copy.deepcopy(released)
        for index in answers[:kept]:
            half["cells"][index]["source"] = model["cells"][index]["source"]
        handed_in.append(_bytes(half))
    handed_in.append(_bytes(released))
    for code in (
        "import os\nos._exit(1)",
        "while True:\n    pass",
        "import ctypes\nctypes.string_at(0)",
        "def softmax(x, axis=-1):\n    while True:\n        pass",
        "class Same:\n    def __eq__(self, other):\n        return True\n\ndef softmax(x, axis=-1):\n    return Same()",
        "answer = input('What is your name? ')",
    ):
        odd = copy.deepcopy(model)
        odd["cells"].append(
            {"cell_type": "code", "execution_count": None, "id": "extra", "metadata": {}, "outputs": [], "source": code}
        )
        handed_in.append(_bytes(odd))
    handed_in.append(b"PK\x03\x04 this is not a notebook")
    handed_in.append(_bytes(model)[:2000])
    for name, content in zip(NAMES, handed_in, strict=False):
        write_whole(submitted / name / ASSIGNMENT / f"{assignment.notebooks[0].name}.ipynb", content)


def class_of(assignment: Assignment, count: int) -> list[bytes]:
    """Notebooks of `count` students: every fourth is right, in one style or another, the others make one mistake."""
    assert assignment.checks is not None
    model = _answered(json.loads(assignment.notebooks[0].released), json.loads(assignment.notebooks[0].source))
    alternatives = load_variants(assignment.checks, "alternative")
    misconceptions = load_variants(assignment.checks, "misconception")
    questions = list(dict.fromkeys(variant.question for variant in misconceptions))
    notebooks = [_bytes(model)]
    for number in range(1, count):
        variants, turn = (alternatives, number // 4) if number % 4 == 0 else (misconceptions, number)
        notebooks.append(_bytes(_with_variant(model, _nth(variants, questions[turn % len(questions)], number // 4))))
    return notebooks


def _meta(cell: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = cell["metadata"].get("nbgrader", {})
    return meta


def _text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _bytes(notebook: Notebook) -> bytes:
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _answered(released: Notebook, source: Notebook) -> Notebook:
    """The released notebook with the instructor's answers written into it."""
    answers = {_meta(cell)["grade_id"]: cell["source"] for cell in source["cells"] if _meta(cell).get("solution")}
    notebook = copy.deepcopy(released)
    for cell in notebook["cells"]:
        if _meta(cell).get("solution"):
            cell["source"] = answers[_meta(cell)["grade_id"]]
    return notebook


def _nth(variants: tuple[Any, ...], question: str, number: int) -> Any:
    chosen = [variant for variant in variants if variant.question == question] or list(variants)
    return chosen[number % len(chosen)]


def _with_variant(notebook: Notebook, variant: Any) -> Notebook:
    """The notebook with a variant's code in the cell that answers its question."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        if _meta(cell).get("solution") and f"def {variant.question}(" in _text(cell):
            cell["source"] = variant.source
            return notebook
    answers = [cell for cell in notebook["cells"] if _meta(cell).get("solution") and cell["cell_type"] == "code"]
    answers[-1]["source"] = _text(answers[-1]) + "\n\n\n" + variant.source
    return notebook
