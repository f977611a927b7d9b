"""A disk that is full, a gradebook that another program has, at every instant: said in a sentence, made up for later.

What is graded is prepared, so that a batch takes milliseconds and there are as many instants as places to fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.batch import grade_class
from autograder.course import Course, load_assignment, load_course
from autograder.gradebook import ensure_assignment
from autograder.records import AutograderError, GradedSubmission
from autograder.submissions import Submission
from tests.toolkit.classroom import Classroom, disk_of
from tests.toolkit.prepared import Graded, Here, Prepared, grade_prepared
from tests.toolkit.test_interrupted import a_class, outcome


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classroom, Graded, dict[str, Any]]:
    """A class that was graded without a fault, what came of each, and all that it left."""
    room = a_class(tmp_path_factory.mktemp("undisturbed"))
    kept: Graded = {}
    progress = grade_class(room.course, room.assignment(), executor=lambda: Here(kept))
    assert progress.failed == {}
    return room, kept, outcome(room)


def copy_of(room: Classroom, folder: Path) -> Course:
    """The same course, and nothing graded."""
    shutil.copytree(room.root, folder, ignore=shutil.ignore_patterns("autograded", "gradebook.db*"), dirs_exist_ok=True)
    return load_course(folder)


def what_is_left(course: Course) -> dict[str, Any]:
    room = Classroom.__new__(Classroom)
    room.root = course.root
    return outcome(room)


def assert_whole(course: Course) -> None:
    """Whatever stands in autograded/ under its own name can be read."""
    for path in course.root.glob("autograded/*/*/[!.]*"):
        json.loads(path.read_text())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk_of(4, tmp_path / "disk") as disk:
        yield disk


def fill(disk: Path, free: int) -> Path:
    """Take all of the disk but so many bytes."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        left = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, max(1, left.f_bavail * left.f_frsize - free))
    return ballast


@pytest.mark.parametrize(("begun", "kilobytes"), [(False, range(0, 320, 20)), (True, range(0, 200, 8))])
def test_a_disk_that_is_full_at_any_instant_costs_nothing_but_the_time(small_disk, known, begun, kilobytes):
    """From nothing the gradebook does not fit; where it knows the assignment already, notebooks and results do not."""
    room, kept, undisturbed = known
    said = set()
    for free in kilobytes:
        course = copy_of(room, small_disk / f"course{free}")
        if begun:
            ensure_assignment(course, load_assignment(course, "tiny"))
        ballast = fill(small_disk, free * 1024)
        try:
            whole = grade_prepared(course, kept) == len(kept)
        except AutograderError as error:
            whole = False
            said.add(str(error).removeprefix("sqlite:///").replace(str(course.root), ""))
        assert_whole(course)
        ballast.unlink()
        grade_prepared(course, kept)
        assert what_is_left(course) == undisturbed, free
        shutil.rmtree(course.root)
    assert whole, "the last of them was to have room enough"
    words = (
        "No space left on device" if begun else "/gradebook.db: the gradebook cannot be used: database or disk is full"
    )
    assert any(words in sentence for sentence in said), said


def test_the_command_says_that_the_disk_is_full(small_disk, known):
    room, _, undisturbed = known
    course = copy_of(room, small_disk / "course")
    there = Classroom.__new__(Classroom)
    there.root = course.root
    ballast = fill(small_disk, 200 * 1024)
    done = there.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 2
    assert "No space left on device" in done.err or "disk is full" in done.err, done.err
    assert "Traceback" not in done.err
    ballast.unlink()
    done = there.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 0, done.err
    assert outcome(there) == undisturbed


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder on which a commit waits for no disk."""
    place = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path))
    yield place
    shutil.rmtree(place)


def test_a_kill_at_any_instant_of_writing_costs_nothing_but_the_time(in_memory, known):
    room, kept, undisturbed = known
    course = copy_of(room, in_memory / "measured")
    begun = time.monotonic()
    grade_prepared(course, kept)
    usual = time.monotonic() - begun
    cut = 0
    for number in range(30):
        course = copy_of(room, in_memory / f"course{number}")
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                grade_prepared(course, kept)
            os._exit(0)
        time.sleep(usual * random.uniform(0.3, 1.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert_whole(course)
        before = len(list(course.root.glob("autograded/*/*/results.json")))
        cut += before < len(kept)
        grade_prepared(course, kept)
        assert what_is_left(course) == undisturbed
    assert cut > 5, "nearly all of them were done before they were killed"


def test_a_folder_may_become_a_file_and_a_file_a_folder(tmp_path, known):
    room, kept, _ = known
    course = copy_of(room, tmp_path)
    handed_in = course.path("submitted", "tiny", "ada")
    done = course.path("autograded", "tiny", "ada")
    names = (
        {"data/x.csv": "1", "data/far/y.csv": "2", "z": "3"},
        {"data": "4", "z/far/y.csv": "5"},
        {"data/y.csv": "6"},
    )
    for files in names:
        for place in ("data", "z"):
            path = handed_in / place
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for name, text in files.items():
            (handed_in / name).parent.mkdir(parents=True, exist_ok=True)
            (handed_in / name).write_text(text)
        grade_prepared(course, kept)
        found = {path.relative_to(done).as_posix(): path for path in done.rglob("*") if path.is_file()}
        assert {name: found[name].read_text() for name in files} == files
        assert found.keys() - files.keys() == {"results.json", "tiny.ipynb"}
        (done / "data" / ".y.csv.left").write_text("") if "data/y.csv" in files else None
    (handed_in / "data" / "y.csv").write_text("7")
    grade_prepared(course, kept)
    assert {path.name for path in (done / "data").iterdir()} == {"y.csv"}


def test_a_gradebook_that_another_program_has_for_a_while_is_waited_for(tmp_path, known):
    room, kept, undisturbed = known
    course = copy_of(room, tmp_path)
    ensure_assignment(course, load_assignment(course, "tiny"))
    held = sqlite3.connect(course.root / "gradebook.db", check_same_thread=False, isolation_level=None)
    held.execute("begin exclusive")
    timer = threading.Timer(6, held.close)
    timer.start()
    assert grade_prepared(course, kept) == len(kept)
    timer.join()
    assert what_is_left(course) == undisturbed


def test_a_gradebook_that_another_program_keeps_is_said(tmp_path, known, monkeypatch):
    monkeypatch.setattr("autograder.gradebook.LOCK_ATTEMPTS", 1)
    room, kept, undisturbed = known
    course = copy_of(room, tmp_path)
    ensure_assignment(course, load_assignment(course, "tiny"))
    with contextlib.closing(sqlite3.connect(course.root / "gradebook.db", isolation_level=None)) as held:
        held.execute("begin immediate")  # others may read
        with pytest.raises(AutograderError, match=r"gradebook\.db: the gradebook cannot be used: database is locked"):
            grade_prepared(course, kept)
    grade_prepared(course, kept)
    assert what_is_left(course) == undisturbed


def test_who_stops_it_does_not_wait_for_a_gradebook_that_another_program_has(tmp_path, known):
    room, kept, undisturbed = known
    course = copy_of(room, tmp_path)
    assignment = load_assignment(course, "tiny")
    ensure_assignment(course, assignment)
    stopped: list[float] = []

    def prepare(submission: Submission) -> GradedSubmission:
        if len(stopped) == 2:
            database.execute("begin exclusive")
            stopped.append(time.monotonic())
            raise KeyboardInterrupt
        stopped.append(0.0)
        return kept[submission.student]

    with contextlib.closing(sqlite3.connect(tmp_path / "gradebook.db", isolation_level=None)) as database:
        with pytest.raises(KeyboardInterrupt):
            grade_class(course, assignment, executor=lambda: Prepared(prepare))
        assert time.monotonic() - stopped[-1] < 2
        database.execute("rollback")
    grade_prepared(course, kept)
    assert what_is_left(course) == undisturbed
