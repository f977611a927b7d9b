"""Hidden checks under nbgrader alone: `grade_here("softmax")` in the hidden region of a grade cell.

`nbgrader autograde` runs the cell in the kernel that ran the student's code, and takes the first value that the cell
shows for its points. Nothing keeps the student's code from answering for the checks there: that takes
`autograder grade`, which leaves hidden regions of questions with checks out.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.checks.collect import Check, Checks, collect, judge, question_points
from autograder.checks.desk import Desk, run_model
from autograder.checks.forbidden import forbidden_calls, read_code
from autograder.checks.plugin import Outcome, seed_for
from autograder.records import CourseError, Verdict
from autograder.student import ban

if TYPE_CHECKING:
    from autograder.course import Assignment, Course

_HANGS = 2
_grading: list[str] = []


def grade_here(question: str) -> None:
    """Run the hidden checks of `question` on what this notebook has defined, and show the points they give.

    Call it before the visible tests of the cell: one that fails ends the cell, and nbgrader takes the first value that
    a cell shows. Outside of a notebook nothing happens. Raises `CourseError` for a question or a place that is none.
    """
    from IPython import get_ipython

    shell = get_ipython()
    # The model answer's notebook has these calls as well, and may run to confirm a check, or in a notebook's kernel.
    if shell is None or _grading or sys._getframe(1).f_globals is not shell.user_ns:
        return
    _grading.append(question)
    try:
        with _unnoticed():
            points = points_here(question, shell.user_ns, Path.cwd())
    finally:
        _grading.clear()
    sys.displayhook(points)


def points_here(question: str, namespace: dict[str, Any], folder: Path) -> float:
    """The points that the hidden checks of `question` give for a namespace, as `autograder grade` would.

    `folder` is that of a submission of the course's, or of the assignment's source.
    """
    course, assignment, student = _place(folder)
    asked = next((each for each in assignment.questions if each.id == question), None)
    if asked is None or assignment.checks is None:
        raise CourseError(f"{assignment.id} has no question '{question}' with checks")
    checks = _collected(assignment.checks, assignment.root)
    desk = Desk(namespace, functools.partial(seed_for, course.secret, student), assignment.limits.call_seconds)
    mine = checks.questions.get(question, ())
    shares = question_points(mine, asked.points)
    verdicts: dict[str, Verdict] = {}
    outcomes: list[Outcome] = []
    for check in mine:
        if sum(verdict is Verdict.TIMEOUT for verdict in verdicts.values()) >= _HANGS:
            verdicts[check.id] = Verdict.TIMEOUT
            continue
        outcome, _ = checks.run(check, desk)
        desk.spoilt(check.item)
        outcomes.append(outcome)
        verdicts[check.id] = _verdict(course, assignment, student, checks, check, outcome)
    if _uses_what_is_forbidden(folder / f"{asked.notebook}.ipynb", checks.forbidden(question), outcomes):
        return 0.0
    counted = {name for name, verdict in verdicts.items() if verdict not in (Verdict.BROKEN, Verdict.SKIPPED)}
    if not counted:
        raise CourseError(f"no check of '{question}' could be run")
    if all(verdicts[name] is Verdict.PASS for name in counted):
        return asked.points
    earned = math.fsum(shares[name] for name in counted if verdicts[name] is Verdict.PASS)
    return round(asked.points * earned / math.fsum(shares[name] for name in counted), 9)


def _place(folder: Path) -> tuple[Course, Assignment, str]:
    """The course, assignment and student whose folder it is; the student is empty for the assignment's source."""
    from autograder.course import CONFIG_FILES, load_course

    folder = folder.resolve()
    for root in folder.parents:
        if not any((root / name).is_file() for name in CONFIG_FILES):
            continue
        course = load_course(root)
        for name in course.assignments:
            if folder == course.path("source", name):
                return course, _loaded(course, name), ""
            before, after = str(course.path("autograded", name, "\0")).split("\0")
            if str(folder).startswith(before) and str(folder).endswith(after):
                return course, _loaded(course, name), str(folder)[len(before) : len(str(folder)) - len(after)]
    raise CourseError(f"{folder}: not the folder of an assignment or of a submission of it")


@functools.lru_cache(maxsize=1)
def _collected(folder: Path, root: Path) -> Checks:
    checks = collect(folder, root)
    ban.install(sorted({name for question in checks.questions for name in checks.forbidden(question)}))
    return checks


_assignments: dict[tuple[Path, str], Assignment] = {}


def _loaded(course: Course, name: str) -> Assignment:
    from autograder.course import load_assignment

    if (course.root, name) not in _assignments:
        _assignments[course.root, name] = load_assignment(course, name)
    return _assignments[course.root, name]


def _verdict(
    course: Course, assignment: Assignment, student: str, checks: Checks, check: Check, outcome: Outcome
) -> Verdict:
    """The verdict. An exception in the check's own code is ours only if the model answer meets it too."""
    verdict, _ = judge(check, outcome)
    if verdict is Verdict.BROKEN:
        with contextlib.suppress(Exception):
            model = run_model((notebook.source for notebook in assignment.notebooks), assignment.files)
            seed = functools.partial(seed_for, course.secret, student)
            confirmed, _ = judge(check, checks.run(check, Desk(model, seed, assignment.limits.call_seconds))[0])
            return Verdict.FAIL if confirmed is Verdict.PASS else verdict
    return verdict


def _uses_what_is_forbidden(notebook: Path, names: tuple[str, ...], outcomes: list[Outcome]) -> bool:
    if not names:
        return False
    conversations = [outcome.conversation for outcome in outcomes if outcome.conversation is not None]
    if any(set(names) & conversation.used for conversation in conversations):
        return True
    asked = {call.target.variable for conversation in conversations for call in conversation.calls} - {""}
    try:
        code = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(forbidden_calls(read_code(code), names, asked))


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """What runs within it prints nothing, which would cost points, and leaves random numbers as they were."""
    import numpy as np

    torch = sys.modules.get("torch")
    numbers, arrays = random.getstate(), np.random.get_state()
    tensors = torch.get_rng_state() if torch is not None else None
    quiet = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(numbers)
        np.random.set_state(arrays)
        if torch is not None:
            torch.set_rng_state(tensors)
