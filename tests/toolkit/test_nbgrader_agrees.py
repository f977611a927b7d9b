"""nbgrader goes on from what `autograder grade` wrote: its commands and its formgrader, run for real."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, scores

TOKEN = "only-for-this-test"
WRONG = "def shares(x):\n    return x * 2\n"
START_SECONDS = 120


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A class of five, one of them late, graded into a gradebook that nbgrader made."""
    room = Classroom(tmp_path_factory.mktemp("course"), "c.LateSubmissionPlugin.penalty_method = 'zero'")
    for words in (
        ["db", "assignment", "add", "tiny", "--duedate=2026-03-01 12:00:00 UTC"],
        ["db", "student", "add", "ada"],
    ):
        done = room.run("nbgrader", *words)
        assert done.status == 0, done.err
    room.submit("ada", room.answered())
    room.submit("bob", room.answered(WRONG))
    room.submit("cyd", room.released())
    room.submit("dan", b"PK\x03\x04")
    room.submit("late", room.answered())
    (room.folder("late") / "timestamp.txt").write_text("2026-03-02 12:00:00.000000 UTC")
    (room.folder("ada") / "timestamp.txt").write_text("2026-03-01 11:59:59.000000 UTC")
    room.done = room.autograder("grade", "tiny")
    assert room.done.status == 1, room.done.err
    return room


@contextlib.contextmanager
def gradebook(room: Classroom) -> Iterator[Any]:
    """nbgrader's own gradebook, not opened by us."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.root}/gradebook.db", "little") as opened:
        yield opened


def grades(room: Classroom, student: str) -> dict[str, Any]:
    with gradebook(room) as opened:
        notebook = opened.find_submission_notebook("tiny", "tiny", student)
        return {each.name: (each.auto_score, each.manual_score, each.needs_manual_grade) for each in notebook.grades}


def test_scores_are_those_of_the_results(room):
    for student in ("ada", "bob", "cyd", "dan", "late"):
        results = room.results(student)
        assert {name: auto for name, (auto, _, _) in grades(room, student).items()} == scores(results)
        with gradebook(room) as opened:
            submission = opened.find_submission("tiny", student)
            assert (submission.score, submission.max_score) == (results["score"], results["max_score"])
            assert submission.needs_manual_grade == bool(results["needs_manual_grade"])


def test_what_is_late_is_penalised_as_the_course_says(room):
    with gradebook(room) as opened:
        penalties = {each.student.id: each.late_submission_penalty for each in opened.assignment_submissions("tiny")}
    assert penalties == {"ada": 0.0, "bob": 0.0, "cyd": 0.0, "dan": 0.0, "late": 10.0}


def test_nbgrader_exports_the_class(room):
    done = room.run("nbgrader", "export", "--to=grades.csv")
    assert done.status == 0, done.err
    rows = {row["student_id"]: row for row in csv.DictReader((room.root / "grades.csv").read_text().splitlines())}
    assert {name: (float(row["score"]), float(row["max_score"])) for name, row in rows.items()} == {
        "ada": (10.0, 12.0),
        "bob": (room.results("bob")["score"], 12.0),
        "cyd": (0.0, 12.0),
        "dan": (0.0, 12.0),
        "late": (0.0, 12.0),
    }
    assert float(rows["late"]["late_submission_penalty"]) == 10.0


def test_nbgrader_makes_its_own_feedback(room):
    done = room.run("nbgrader", "generate_feedback", "tiny", "--force")
    assert done.status == 0, done.err
    for student, score in (("ada", "10.0"), ("dan", "0.0"), ("late", "0.0")):
        page = (room.root / "feedback" / student / "tiny" / "tiny.html").read_text()
        assert f"tiny (Score: {score} / 12.0)" in page
    assert "cannot be graded: it is a zip archive" in (room.root / "feedback/dan/tiny/tiny.html").read_text()
    # Ours stands at the same place, and takes it back.
    assert room.autograder("feedback", "tiny").status == 0
    assert "<strong>10</strong> of 12 points" in (room.root / "feedback/ada/tiny/tiny.html").read_text()


def test_nbgrader_grades_the_same_course_by_its_visible_tests(room, tmp_path):
    copied = Classroom.__new__(Classroom)
    copied.root = tmp_path / "course"
    shutil.copytree(room.root, copied.root, ignore=shutil.ignore_patterns("autograded", "feedback", ".home"))
    done = copied.run("nbgrader", "autograde", "tiny", "--student=ada", "--force")
    assert done.status == 0, done.err
    assert {name: auto for name, (auto, _, _) in grades(copied, "ada").items()} == scores(room.results("ada"))
    graded = json.loads((copied.root / "autograded" / "ada" / "tiny" / "tiny.ipynb").read_text())
    ours = room.graded_notebook("ada")
    assert [each["source"] for each in ours["cells"]] == ["".join(each["source"]) for each in graded["cells"]]
    kept = [{name: each["metadata"].get(name) for name in ("nbgrader", "deletable")} for each in graded["cells"]]
    assert kept == [{name: each["metadata"].get(name) for name in ("nbgrader", "deletable")} for each in ours["cells"]]


# The formgrader


class Formgrader:
    """A Jupyter server with nbgrader's extension, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, method: str = "GET", **body: Any) -> str:
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.url}/formgrader/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=START_SECONDS) as reply:
            return str(reply.read().decode())

    def data(self, path: str, method: str = "GET", **body: Any) -> Any:
        return json.loads(self.ask(f"api/{path}", method, **body))

    def notebook_of(self, student: str) -> str:
        """The id by which the formgrader knows a student's notebook."""
        found: str = next(
            each["id"] for each in self.data("submitted_notebooks/tiny/tiny") if each["student"] == student
        )
        return found


@pytest.fixture(scope="module")
def formgrader(room: Classroom) -> Iterator[Formgrader]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (room.root / "server.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
         "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"],
        cwd=room.root, env=room.environment(), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        formgrader = Formgrader(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                formgrader.ask("api/status")
                break
            except (urllib.error.URLError, ConnectionError):
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the server did not start: {(room.root / 'server.log').read_text()}")
                time.sleep(0.2)
        yield formgrader
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def test_the_formgrader_shows_the_assignment_and_the_class(formgrader):
    assert "formgrader" in formgrader.ask("manage_assignments")
    (tiny,) = [each for each in formgrader.data("assignments") if each["name"] == "tiny"]
    assert (tiny["num_submissions"], tiny["max_score"]) == (5, 12.0)
    submissions = {each["student"]: each for each in formgrader.data("submissions/tiny")}
    assert {name for name, each in submissions.items() if each["autograded"]} == {"ada", "bob", "cyd", "dan", "late"}
    assert (submissions["ada"]["score"], submissions["ada"]["needs_manual_grade"]) == (10.0, True)
    assert (submissions["dan"]["score"], submissions["dan"]["needs_manual_grade"]) == (0.0, False)
    assert "tiny" in formgrader.ask("gradebook/tiny/tiny")


def test_the_formgrader_shows_one_notebook_for_grading_by_hand(formgrader):
    page = formgrader.ask(f"submissions/{formgrader.notebook_of('bob')}/")
    assert "bob" in page
    assert "Both are measured in it." in page
    for name in ("shares", "spread", "why"):
        assert f'id="{name}"' in page


def test_a_score_given_in_the_formgrader_survives_a_regrade_and_is_flagged(formgrader, room):
    notebook = formgrader.notebook_of("ada")
    known = {each["name"]: each for each in formgrader.data(f"grades?submission_id={notebook}")}
    assert known["why"]["needs_manual_grade"] is True
    formgrader.data(f"grade/{known['why']['id']}", "PUT", manual_score=1.5, extra_credit=None)
    formgrader.data(f"grade/{known['shares']['id']}", "PUT", manual_score=5.0, extra_credit=None)
    comments = {each["name"]: each for each in formgrader.data(f"comments?submission_id={notebook}")}
    formgrader.data(f"comment/{comments['why']['id']}", "PUT", manual_comment="And the second reason?")
    assert grades(room, "ada") == {"shares": (6.0, 5.0, False), "spread": (4.0, None, False), "why": (None, 1.5, False)}
    assert room.autograder("feedback", "tiny").status == 0
    page = (room.root / "feedback/ada/tiny/tiny.html").read_text()
    assert "<strong>10.5</strong> of 12 points" in page
    assert "And the second reason?" in page

    again = room.autograder("grade", "tiny", "--student=ada", "--force")
    assert again.status == 0, again.err
    assert grades(room, "ada") == {"shares": (6.0, 5.0, True), "spread": (4.0, None, False), "why": (None, 1.5, True)}
    with gradebook(room) as opened:
        assert opened.find_submission("tiny", "ada").score == 10.5
        assert opened.find_comment("why", "tiny", "tiny", "ada").comment == "And the second reason?"
    assert formgrader.data("submission/tiny/ada")["score"] == 10.5


def test_autograding_in_the_formgrader_takes_the_same_course(formgrader):
    """The button of the formgrader runs nbgrader's own autograde in the server: it must find everything it needs."""
    done = formgrader.data("submission/tiny/cyd/autograde", "POST", go=True)
    assert done["success"], done
