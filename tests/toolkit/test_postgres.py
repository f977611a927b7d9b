"""The gradebook in a real PostgreSQL, which the tests start: nbgrader reads it, and a lost connection loses nothing."""

from __future__ import annotations

import contextlib
import csv
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from autograder.batch import grade_class
from autograder.course import Course, load_assignment, load_course
from autograder.records import AutograderError, GradedSubmission
from autograder.submissions import Submission
from tests.toolkit.classroom import Classroom
from tests.toolkit.prepared import Graded, Here, Prepared, grade_prepared
from tests.toolkit.test_interrupted import STUDENTS, a_class


class Server:
    """A PostgreSQL in a folder of its own, on a Unix socket there."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        # It does not run as root.
        names = {user.pw_name for user in pwd.getpwall()}
        self.user = None if os.geteuid() else next(name for name in ("postgres", "nobody") if name in names)
        if self.user is not None:
            shutil.chown(folder, self.user)
        self.name = self.user or pwd.getpwuid(os.geteuid()).pw_name
        self.run("initdb", "-D", f"{folder}/data", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments], cwd=self.folder, user=self.user, capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=20"
        data, log = f"{self.folder}/data", f"{self.folder}/log"
        subprocess.run(
            [str(self.programs / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start"],
            cwd=self.folder, user=self.user, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip

    def stop(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "fast", "stop")

    def database(self, name: str) -> str:
        """A new database; its URL, as in course_config.py."""
        self.run("createdb", "-h", str(self.folder), name)
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://{self.name}:not-asked-for@/{name}?host={self.folder}"

    def query(self, name: str, words: str) -> list[Any]:
        engine = sqlalchemy.create_engine(self.url(name))
        try:
            with engine.connect() as connection:
                rows = [tuple(row) for row in connection.execute(sqlalchemy.text(words))]
                connection.commit()
                return rows
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = shutil.which("initdb") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
    if found is None:
        pytest.skip("there is no PostgreSQL here: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        server = Server(Path(found).resolve().parent, folder)
        yield server
        with contextlib.suppress(AssertionError):
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Classroom, Graded, list[Any]]:
    """A class graded into SQLite, what came of each, and the scores that are then in the gradebook."""
    room = a_class(tmp_path_factory.mktemp("known"))
    kept: Graded = {}
    grade_class(room.course, room.assignment(), executor=lambda: Here(kept))
    engine = sqlalchemy.create_engine(room.course.db_url)
    with engine.connect() as connection:
        scores = [tuple(row) for row in connection.execute(sqlalchemy.text(SCORES))]
    engine.dispose()
    assert len(scores) == 3 * len(STUDENTS)
    return room, kept, scores


SCORES = (
    "select s.student_id, b.name, g.auto_score, g.manual_score, g.needs_manual_grade from grade g "
    "join submitted_notebook n on g.notebook_id = n.id join submitted_assignment s on n.assignment_id = s.id "
    "join base_cell b on g.cell_id = b.id order by 1, 2"
)


def course_with(room: Classroom, folder: Path, db_url: str) -> Course:
    shutil.copytree(room.root, folder, ignore=shutil.ignore_patterns("autograded", "gradebook.db*"), dirs_exist_ok=True)
    with (folder / "course_config.py").open("a") as file:
        file.write(f"c.CourseDirectory.db_url = {db_url!r}\n")
    return load_course(folder)


def test_the_command_grades_into_postgresql_and_nbgrader_goes_on_from_there(tmp_path, server, known):
    room, _, scores = known
    there = Classroom.__new__(Classroom)
    there.root = course_with(room, tmp_path, server.database("whole")).root
    done = there.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 0, done.err
    assert server.query("whole", SCORES) == scores
    assert not (tmp_path / "gradebook.db").exists()
    exported = there.run("nbgrader", "export")
    assert exported.status == 0, exported.err
    rows = {
        row["student_id"]: row["score"] for row in csv.DictReader((tmp_path / "grades.csv").read_text().splitlines())
    }
    totals = {student: str(sum(row[2] or 0.0 for row in scores if row[0] == student)) for student in STUDENTS}
    assert rows == totals
    again = there.autograder("grade", "tiny", "--workers", "2")
    assert again.status == 0, again.err
    assert "6 unchanged since they were graded" in again.out
    assert there.run("nbgrader", "db", "student", "list").out.count("ada") == 1


def test_a_connection_that_is_killed_is_made_anew(tmp_path, server, known):
    room, kept, scores = known
    course = course_with(room, tmp_path, server.database("killed"))
    grade_prepared(course, kept)
    shutil.rmtree(course.root / "autograded")
    server.query("killed", "delete from grade where true returning id")
    over = threading.Event()
    killed = []

    def kill() -> None:
        while not over.is_set():
            killed.extend(
                server.query(
                    "killed",
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'killed' and "
                    "pid <> pg_backend_pid() and (state like '%transaction%' or random() < 0.1)",
                )
            )
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for _ in range(20):
            with contextlib.suppress(AutograderError):
                grade_prepared(course, kept)
            if killed:
                break
            shutil.rmtree(course.root / "autograded")
    finally:
        over.set()
        killer.join()
    assert killed
    grade_prepared(course, kept)
    assert server.query("killed", SCORES) == scores
    assert server.query("killed", "select count(*) from submitted_assignment") == [(len(STUDENTS),)]


def test_a_server_that_ends_in_mid_run_is_said_and_the_rest_is_done_later(tmp_path, server, known, monkeypatch):
    monkeypatch.setattr("autograder.gradebook.LOCK_ATTEMPTS", 2)
    monkeypatch.setattr("autograder.batch._BATCH", 1)
    room, kept, scores = known
    course = course_with(room, tmp_path, server.database("ended"))
    assignment = load_assignment(course, "tiny")
    asked: list[str] = []

    def prepare(submission: Submission) -> GradedSubmission:
        asked.append(submission.student)
        if len(asked) == len(STUDENTS):  # with one slot, four are ahead of those that are written
            server.stop()
        return kept[submission.student]

    with pytest.raises(AutograderError, match="the gradebook cannot be used") as caught:
        grade_class(course, assignment, executor=lambda: Prepared(prepare, slots=1))
    server.start()
    assert "not-asked-for" not in str(caught.value)
    before = len(list(course.root.glob("autograded/*/*/results.json")))
    assert 0 < before < len(STUDENTS)
    assert grade_prepared(course, kept) == len(STUDENTS) - before
    assert server.query("ended", SCORES) == scores
