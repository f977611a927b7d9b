"""What whoever starts the command has left around it makes no difference to a grade."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, checks

HANGS = "def shares(x):\n    while len(x) == 3:\n        pass\n    return x / x.sum(axis=1, keepdims=True)"
STUDENTS = {
    "right": {},
    "wrong": {"shares": "def shares(x):\n    return x / x.sum()"},
    "hanging": {"shares": HANGS},
    "hanging cell": {"last": "while True:\n    pass"},
}


def block_all() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def ignore() -> None:
    for number in (signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


SURROUNDINGS: dict[str, dict[str, Any]] = {
    "an umask": {"umask": 0o077},
    "signals blocked": {"preexec_fn": block_all},
    "signals ignored": {"preexec_fn": ignore},
    "a selection of tests": {"environment": {"PYTEST_ADDOPTS": "-k 'not single_column' --maxfail=1 -q"}},
    "a plug-in of pytest's": {"environment": {"PYTEST_PLUGINS": "nowhere"}},
    "Python's options": {"environment": {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error", "PYTHONSAFEPATH": "1"}},
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    limits = "c.Autograder.cell_seconds, c.Autograder.call_seconds = 2.5, 2"
    room = Classroom(tmp_path_factory.mktemp("surroundings"), limits)
    for student, parts in STUDENTS.items():
        room.hand_in(student, parts)
    return room


def outcome(room: Classroom, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--force"],
        cwd=room.root,
        env={**room.environment(), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = {}
    for student in STUDENTS:
        results = room.results(student)
        del results["run"]
        for check in checks(results).values():
            del check["seconds"]
        found[student] = results, room.graded_notebook(student)["cells"]
    return found


@pytest.fixture(scope="module")
def usual(room: Classroom) -> dict[str, Any]:
    return outcome(room)


def test_the_class_is_graded_as_it_should_be(usual):
    # Of the six points of `shares` the first check has two and each other one; `spread` is followed through.
    assert [usual[student][0]["score"] for student in STUDENTS] == [10, 6, 8, 10]


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_a_grade_is_the_same_whatever_is_around(room, usual, surroundings):
    assert outcome(room, **surroundings) == usual
