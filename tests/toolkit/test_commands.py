"""The commands from outside: from release to pages, status and words for what cannot be done, workers that die."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder.batch import grade_class
from autograder.records import Grade, GradedSubmission, Run
from tests.toolkit.classroom import Classroom
from tests.toolkit.tiny import CHECK_SPREAD, SHARES, answer_cell, source_notebook, test_cell, tiny_notebook

BARE = source_notebook(answer_cell(SHARES, "shares"), test_cell("shares", "shares", 1))


@pytest.fixture(scope="module")
def small_class(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    room = Classroom(tmp_path_factory.mktemp("class"))
    for student in ("ada", "bob", "cyd"):
        room.submit(student, room.answered())
    return room


def test_the_command_in_a_shell_goes_from_release_to_pages(small_class):
    released = small_class.autograder("release", "tiny")
    assert (released.status, released.err) == (0, "")
    assert released.out == f"released: {small_class.root}/release/tiny\n"
    graded = small_class.run(
        "autograder.cli", "grade", "tiny", "--student", "bob", "--student", "ada", "--workers", "1"
    )
    assert graded.status == 0, graded.err
    assert "2 graded in " in graded.out
    assert [name for name in ("ada", "bob", "cyd") if f"│ {name} " in graded.out] == ["ada", "bob"]
    assert "next: autograder report tiny" in graded.out
    assert not (small_class.root / "autograded" / "cyd").exists()
    pages = small_class.autograder("feedback", "tiny")
    assert pages.out == f"2 pages, for example {small_class.root}/feedback/ada/tiny/tiny.html\n"
    report = small_class.autograder("report", "tiny")
    assert report.out == f"2 submissions: {small_class.root}/reports/tiny.html\n"
    plain = small_class.autograder("report", "tiny", "--plain")
    assert "little: tiny, 2 submissions" in plain.out
    assert [line.split()[0] for line in plain.out.splitlines() if line.startswith("  ")][:2] == ["shares", "spread"]


def test_replay_tells_everything_of_one_submission(small_class):
    small_class.submit("dan", small_class.answered("def shares(x):\n    return x"))
    replayed = small_class.autograder("replay", "tiny", "dan", "tall_table")
    assert replayed.status == 0, replayed.err
    assert "shares: 1 of 6" in replayed.out
    assert "test_shares::test_a_tall_table: A tall table." in replayed.out
    assert "expected 0." in replayed.out
    assert "test_an_example" not in replayed.out
    assert not (small_class.root / "autograded" / "dan").exists()


MISTAKES: dict[str, tuple[list[str], str]] = {
    "an assignment that is not there": (["grade", "sums"], "source/ has no assignment 'sums' with a notebook in it"),
    "a student who handed in nothing": (["grade", "tiny", "--student=eve"], "there is no submission of eve in "),
    "verify without checks": (["verify", "bare"], "bare has no checks in tests/checks/bare"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_done_is_said_in_one_sentence_with_status_2(small_class, name):
    arguments, message = MISTAKES[name]
    small_class.write_assignment("bare", BARE)
    done = small_class.autograder(*arguments)
    assert done.status == 2
    assert done.err.startswith("autograder: ")
    assert message in done.err
    assert done.out == ""


def test_a_folder_without_a_course_is_said_with_status_2(tmp_path):
    from autograder import cli

    assert cli.main(["--course", str(tmp_path), "report", "tiny"]) == 2


# A course that is wrong


def unknown_key(room: Classroom) -> None:
    room.config("c.Autograder.cell_secs = 5")


def doubled_id(room: Classroom) -> None:
    notebook = tiny_notebook()
    notebook.cells.append(test_cell("assert True", "shares", 1))
    notebook.cells[-1].id = "again"
    room.write_assignment("tiny", notebook)


def doubled_across_notebooks(room: Classroom) -> None:
    other = source_notebook(test_cell("assert True", "spread", 1))
    room.write("source/tiny/other.ipynb", nbformat.writes(other))


def check_of_nothing(room: Classroom) -> None:
    room.write_checks("tiny", more=CHECK_SPREAD.replace('question("spread")', 'question("spraed")'))


def check_without_question(room: Classroom) -> None:
    room.write_checks("tiny", more="def test_it(student):\n    assert student\n")


def check_that_cannot_be_imported(room: Classroom) -> None:
    room.write_checks("tiny", more="from solutions import nothing_of_the_kind\n")


def question_without_checks(room: Classroom) -> None:
    notebook = tiny_notebook()
    notebook.cells.insert(4, test_cell("assert True", "third", 1))
    room.write_assignment("tiny", notebook)


def check_of_a_question_by_hand(room: Classroom) -> None:
    room.write_checks("tiny", more=CHECK_SPREAD.replace('question("spread")', 'question("why")'))


def answer_without_metadata(room: Classroom) -> None:
    notebook = tiny_notebook()
    notebook.cells.append(new_code_cell("### BEGIN SOLUTION\n1\n### END SOLUTION", id="loose"))
    room.write_assignment("tiny", notebook)


WRONG_COURSES: dict[str, tuple[Callable[[Classroom], None], list[str]]] = {
    "an unknown key": (unknown_key, ["course_config.py", "c.Autograder.cell_secs is not an option"]),
    "a doubled grade_id": (doubled_id, ["tiny.ipynb", "cell", "'shares'"]),
    "a grade_id doubled in another notebook": (doubled_across_notebooks, ["tiny.ipynb", "other.ipynb", "'spread'"]),
    "a check of no question": (check_of_nothing, ["test_more.py", "names the question 'spraed'", "shares, spread"]),
    "a check without a question": (check_without_question, ["test_more.py", "test_it names no question"]),
    "a check that cannot be imported": (check_that_cannot_be_imported, ["test_more.py", "nothing_of_the_kind"]),
    "a question without checks": (question_without_checks, ["tiny.ipynb", "cell 4", "'third' has no check"]),
    "a check of a question graded by hand": (check_of_a_question_by_hand, ["test_more.py", "'why'"]),
    "a solution outside an answer cell": (
        answer_without_metadata,
        ["tiny.ipynb", "Solution region detected in a non-solution cell"],
    ),
}


@pytest.mark.parametrize("name", WRONG_COURSES)
def test_a_wrong_course_is_told_with_file_and_cell_and_nothing_is_done(tmp_path, name):
    change, words = WRONG_COURSES[name]
    room = Classroom(tmp_path)
    room.submit("ada", room.answered())
    del room.course
    room.assignment.cache_clear()
    change(room)
    before = files_in(tmp_path)
    done = room.autograder("grade", "tiny", "--workers", "1")
    assert done.status == 2
    assert [word for word in words if word not in done.err] == [], done.err
    assert done.out == ""
    assert files_in(tmp_path) == before


def files_in(root: Path) -> dict[str, bytes]:
    """The files of a course, but for the secret, which is made on first use, and caches."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != ".secret" and "__pycache__" not in path.parts
    }


# Workers that die


class MortalPool(Executor):
    """Grades nothing really, and breaks, with all that is under way, when it gets the submission of a `killer`."""

    def __init__(self) -> None:
        self.waiting: list[Future[Any]] = []
        self.broken = False
        self.lock = threading.Lock()

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self.lock:
            if self.broken:
                raise BrokenProcessPool("a worker died")
            self.waiting.append(future)
        result = graded(arguments[0], arguments[2]) if len(arguments) > 2 else None
        dies = result is not None and result.grade.student.startswith("killer")
        threading.Timer(0.02, self.die if dies else self.finish, () if dies else (future, result)).start()
        return future

    def finish(self, future: Future[Any], result: Any) -> None:
        with self.lock:
            if future in self.waiting:
                self.waiting.remove(future)
                future.set_result(result)

    def die(self) -> None:
        with self.lock:
            self.broken = True
            waiting, self.waiting = self.waiting, []
        for future in waiting:
            future.set_exception(BrokenProcessPool("a worker died"))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is left to end."""


def graded(assignment: Any, submission: Any) -> GradedSubmission:
    grade = Grade("little", assignment.id, submission.student, 0.0, 12.0, (), (), (), Run("completed"))
    return GradedSubmission(grade, {})


@pytest.fixture
def pools() -> Iterator[list[MortalPool]]:
    made: list[MortalPool] = []
    yield made
    assert all(not pool.waiting for pool in made)


def test_a_submission_that_kills_workers_is_found_out_and_costs_nobody_else(tmp_path, pools):
    room = Classroom(tmp_path)
    names = [
        f"{kind}-{number}" for number in range(9) for kind in ("honest", "killer") if kind != "killer" or number < 2
    ]
    for name in names:
        room.submit(name, room.answered())

    def make() -> Executor:
        pools.append(MortalPool())
        return pools[-1]

    progress = grade_class(room.course, room.assignment(), executor=make)
    assert sorted(progress.graded) == [name for name in sorted(names) if "honest" in name]
    assert progress.failed == dict.fromkeys(["killer-0", "killer-1"], "BrokenProcessPool: a worker died")
    assert progress.done == progress.total == len(names)
