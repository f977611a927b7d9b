"""A class is graded whole whatever is killed meanwhile: nothing lost, nothing double, the same in the end."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom

STUDENTS: dict[str, dict[str, str]] = {
    "ada": {},
    "bob": {"shares": "def shares(x):\n    return x"},
    "cyd": {"first": "import time; time.sleep(1)"},
    "dan": {"spread": "def spread(x):\n    return 0"},
    "eve": {"first": "1 / 0"},
    "fay": {},
}


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    return a_class(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What grading the class gives when nothing happens."""
    room = a_class(tmp_path_factory.mktemp("undisturbed"))
    done = room.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 0, done.err
    return outcome(room)


def a_class(folder: Path) -> Classroom:
    room = Classroom(folder, "c.Autograder.secret = 'the same in every folder'")
    for student, parts in STUDENTS.items():
        room.hand_in(student, parts)
    return room


def outcome(room: Classroom) -> dict[str, Any]:
    """Everything that grading left, but for how long it took."""
    found: dict[str, Any] = {}
    for path in sorted(room.root.glob("autograded/**/*")):
        if path.name == "results.json":
            results = json.loads(path.read_text())
            assert results.pop("run")
            for question in results["questions"]:
                for check in question["checks"]:
                    check.pop("seconds")
            found[str(path.relative_to(room.root))] = results
        elif path.is_file():
            found[str(path.relative_to(room.root))] = path.read_bytes()
    with sqlite3.connect(room.root / "gradebook.db") as database:
        for query in (
            "select student_id, count(*) from submitted_assignment group by student_id order by 1",
            "select s.student_id, g.auto_score, b.name from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment s on n.assignment_id = s.id join base_cell b on g.cell_id = b.id order by 1, 3",
            "select type, name, sql from sqlite_master order by 1, 2",
            "select version_num from alembic_version",
        ):
            found[query] = database.execute(query).fetchall()
    return found


def start(room: Classroom) -> subprocess.Popen[str]:
    """The real command, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--workers", "2"],
        cwd=room.root,
        env=room.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def relatives(pid: int) -> Iterator[tuple[int, str]]:
    """The processes that descend from `pid`, with what they are: their names."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            yield child, Path(f"/proc/{child}/comm").read_text().strip()
            yield from relatives(child)


def graded(room: Classroom) -> int:
    return len(list(room.root.glob("autograded/*/tiny/results.json")))


def test_two_commands_at_once_take_turns(room, undisturbed):
    commands = [start(room) for _ in range(2)]
    said = [command.communicate(timeout=120) for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said
    assert sum("waiting for it" in err for _, err in said) == 1, said
    assert outcome(room) == undisturbed


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_command_that_is_killed_is_finished_by_the_next(room, undisturbed, share):
    begun = time.monotonic()
    first = a_class(room.root / "measured")
    assert first.autograder("grade", "tiny", "--workers", "2").status == 0
    usual = time.monotonic() - begun
    command = start(room)
    time.sleep(usual * share * random.uniform(0.9, 1.1))
    below = [pid for pid, _ in safely(command.pid)]
    command.kill()
    command.communicate()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in below):
        assert time.monotonic() < deadline, "it has left processes behind"
        time.sleep(0.05)
    again = room.autograder("grade", "tiny", "--workers", "2")
    assert again.status == 0, again.err
    assert outcome(room) == undisturbed


@pytest.mark.parametrize("victim", ["foreman", "worker", "incubator", "zygote", "student"])
@pytest.mark.parametrize("at_once", [False, True], ids=["under way", "at once"])
def test_a_process_that_is_killed_costs_nobody_anything(room, undisturbed, victim, at_once):
    command = start(room)
    killed: list[int] = []
    under_way = at_once
    while command.poll() is None and not killed:
        found = safely(command.pid)
        if not under_way and any(kind == "student" for _, kind in found):
            under_way = True
            time.sleep(random.uniform(0, 1))
            continue
        candidates = [pid for pid, kind in found if kind == victim]
        if under_way and candidates:
            killed.append(random.choice(candidates))
            os.kill(killed[0], signal.SIGKILL)
    out, err = command.communicate(timeout=120)
    assert killed, "it was over before anything could be killed"
    assert command.returncode == 0, err + out
    assert outcome(room) == undisturbed


def safely(pid: int) -> list[tuple[int, str]]:
    try:
        return list(relatives(pid))
    except OSError:  # one ended meanwhile
        return []
