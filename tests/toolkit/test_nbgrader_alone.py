"""The course under nbgrader alone: hidden checks run from the grade cells, and give the points that we give."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.here import grade_here, points_here
from autograder.course import load_assignment, load_course
from autograder.records import CourseError
from tests.toolkit.classroom import Classroom
from tests.toolkit.stock import gradebook_scores, stock_scores
from tests.toolkit.tiny import SHARES, SPREAD

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = sorted(path.name for path in (ROOT / "source").iterdir() if path.is_dir())

UNSTABLE = """\
def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)
"""
"""One mistake, which hidden checks see and visible tests do not."""


def copied(folder: Path, assignment: str) -> Path:
    """The course in `folder`, with one assignment of it and its own gradebook."""
    for name in ("course_config.py", "nbgrader_config.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in (f"source/{assignment}", "solutions", f"tests/checks/{assignment}"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def submit(root: Path, student: str, assignment: str, answers: dict[str, str], *, all_else: bool) -> None:
    """Hand in the release with these answers; with `all_else` every other answer is the model's."""
    source = json.loads((root / f"source/{assignment}/{assignment}.ipynb").read_text())
    notebook = json.loads((ROOT / f"release/{assignment}/{assignment}.ipynb").read_text())
    model = {
        each["metadata"]["nbgrader"]["grade_id"]: re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", "".join(each["source"]))
        for each in source["cells"]
        if each["metadata"].get("nbgrader", {}).get("solution")
    }
    for each in notebook["cells"]:
        meta: dict[str, Any] = each["metadata"].get("nbgrader", {})
        if meta.get("solution") and (all_else or meta["grade_id"] in answers):
            each["source"] = answers.get(meta["grade_id"], model[meta["grade_id"]])
    place = root / "submitted" / student / assignment
    place.mkdir(parents=True)
    (place / f"{assignment}.ipynb").write_text(json.dumps(notebook))


def test_scores_of_honest_submissions_are_those_of_grade(tmp_path):
    root = copied(tmp_path, "softmax")
    submit(root, "right", "softmax", {}, all_else=True)
    submit(root, "partly", "softmax", {"softmax_answer": UNSTABLE}, all_else=True)
    submit(root, "blank", "softmax", {}, all_else=False)
    stock = stock_scores(root, "softmax")
    (root / "gradebook.db").unlink()
    ours = [sys.executable, "-m", "autograder.cli", "--course", str(root), "grade", "softmax", "--workers=1"]
    subprocess.run(ours, check=True, capture_output=True)
    assert stock == gradebook_scores(f"sqlite:///{root}/gradebook.db", "deep-learning")
    assert 0 < stock["softmax partly softmax softmax"][0] < 5
    assert stock["softmax right softmax softmax"][0] == 5
    assert stock["softmax blank softmax softmax"][0] == 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_question_with_checks_asks_for_them_in_its_cell(assignment):
    loaded = load_assignment(load_course(ROOT), assignment)
    cells = [cell for notebook in loaded.notebooks for cell in json.loads(notebook.recorded)["cells"]]
    calls = {
        name
        for cell in cells
        for region in re.findall(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", cell["source"], re.DOTALL)
        for name in re.findall(r'^grade_here\("(\w+)"\)$', region, re.MULTILINE)
    }
    assert calls == {question.id for question in loaded.questions if question.kind == "auto"}
    assert "grade_here" not in "".join(notebook.released for notebook in loaded.notebooks)


# One question at a time, without nbgrader


@pytest.fixture(autouse=True)
def _solutions_of_one_course(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel has one course; this process imports the references of several."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "solutions"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return Classroom(tmp_path_factory.mktemp("course"))


def defined(*code: str) -> dict[str, Any]:
    """What a notebook of these cells has defined."""
    namespace: dict[str, Any] = {}
    for text in ("import numpy as np", *code):
        exec(text, namespace)
    return namespace


def autograded(room: Classroom, student: str, *code: str) -> Path:
    """The folder in which nbgrader would run the notebook of these cells."""
    folder = room.root / "autograded" / student / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "code", "source": text} for text in code]
    (folder / "tiny.ipynb").write_text(json.dumps({"cells": cells}))
    return folder


def test_a_right_answer_gives_all_points_and_a_wrong_one_its_share(room):
    folder = autograded(room, "ada", SHARES, SPREAD)
    assert points_here("shares", defined(SHARES, SPREAD), folder) == 6
    wrong = "def shares(x):\n    return x * 2"
    room.submit("ada", room.answered(wrong))
    room.autograder("grade", "tiny", "--workers=1")
    (ours,) = [each["score"] for each in room.results("ada")["questions"] if each["id"] == "shares"]
    assert points_here("shares", defined(wrong, SPREAD), autograded(room, "ada", wrong, SPREAD)) == ours < 6


def test_what_checks_change_in_the_notebook_is_put_back(room):
    namespace = defined(SHARES, SPREAD, "calls = 0")
    before = dict(namespace)
    points_here("shares", namespace, autograded(room, "ada", SHARES, SPREAD))
    assert namespace == before


def test_a_place_or_a_question_that_is_none_is_said_so(room, tmp_path):
    with pytest.raises(CourseError, match="no question 'other'"):
        points_here("other", {}, autograded(room, "ada"))
    with pytest.raises(CourseError, match="not the folder of an assignment"):
        points_here("shares", {}, tmp_path)


def test_outside_of_a_notebook_nothing_happens():
    code = "from autograder.checks.here import grade_here; grade_here('softmax')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert grade_here("softmax") is None


def test_within_a_grading_the_model_answer_s_own_calls_do_nothing(monkeypatch):
    """A check that breaks on an answer is tried on the model answer, whose notebook asks for checks as well."""
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("autograder.checks.here._grading", ["softmax"])
    assert grade_here("softmax") is None
