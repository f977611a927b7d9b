"""Courses through the real command: several notebooks, files, broken checks, no checks at all, and mistakes."""

from __future__ import annotations

import json
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
from autograder.grade import GradedSubmission
from autograder.records import Grade, Run
from tests.toolkit.classroom import (
    CHECK_SPREAD,
    Classroom,
    answer_cell,
    cell,
    checks,
    extra_cell,
    given_cell,
    questions,
    scores,
    source_notebook,
    test_cell,
    tiny_notebook,
    words_cell,
)

# Two notebooks with a file beside them; checks that are broken or skipped.

TOTAL = 'def total():\n    return float(np.loadtxt("table.csv", delimiter=",").sum())'
HALVE = "def halve(x):\n    return x / 2"
SAME = "def same(x):\n    return x"

ODD_CHECKS = {
    "total": """\
from autograder.checks import close, question

pytestmark = question("total")


def test_the_table_is_added_up(student):
    assert close(student.total(), 10.0)
""",
    "halve": """\
import numpy as np
import pytest

from autograder.checks import close, question

pytestmark = question("halve")


def test_halves(student):
    assert close(student.halve(np.ones(3)), np.full(3, 0.5))


def test_broken(student):
    student.halve(np.ones(3))
    {}["what a check should not look for"]


def test_skipped(student):
    pytest.skip("not on this machine")


def test_unpacks_what_should_be_a_pair(student):
    x = student.halve(np.ones(2))
    first, second = x
    assert close(float(first), 0.5)
""",
    "same": """\
from autograder.checks import question

pytestmark = question("same")


def test_broken(student):
    raise ZeroDivisionError("ours")
""",
}

# Questions that their grade cells test, as in nbgrader.

PLAIN = source_notebook(
    given_cell("import math", "imports"),
    answer_cell("def double(x):\n    return 2 * x", "double"),
    test_cell(
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n### END HIDDEN TESTS", "double", 3
    ),
    answer_cell("def words():\n    return ['one', 'two', 'three']", "words"),
    test_cell("len(set(words()) & {'one', 'two', 'three'})", "words", 3),
    words_cell("Because.", "why", 1),
)


def model(room: Classroom, assignment: str, number: int = 0) -> dict[str, Any]:
    """The notebook with the instructor's answers, as a student would hand it in."""
    source = json.loads(room.assignment(assignment).notebooks[number].source)
    notebook = room.released(assignment, number)
    for each in notebook["cells"]:
        if each["id"].endswith("_answer"):
            each["source"] = "".join(cell(source, each["id"])["source"]).replace("### ", "# ")
    return notebook


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    room = Classroom(
        tmp_path_factory.mktemp("odd"),
        'c.Autograder.assignments = {"odd": {"submission_seconds": 12, "cell_seconds": 4}}',
    )
    first = source_notebook(
        given_cell("import numpy as np", "imports"), answer_cell(TOTAL, "total"), test_cell("total()", "total", 3)
    )
    second = source_notebook(
        answer_cell(HALVE, "halve"),
        test_cell("halve(1)", "halve", 4),
        answer_cell(SAME, "same"),
        test_cell("same(1)", "same", 2),
    )
    room.write_assignment("odd", first, second, names=("first", "second"))
    room.write("source/odd/table.csv", "1,2\n3,4\n")
    room.write_checks("odd", **ODD_CHECKS)
    for student in ("model", "own-files", "wrong"):
        room.submit(student, model(room, "odd"), "odd", "first.ipynb")
        room.submit(student, model(room, "odd", 1), "odd", "second.ipynb")
    room.submit("one-part", model(room, "odd"), "odd", "first.ipynb")
    files = {"table.csv": b"100,200\n", "extra.csv": b"5\n"}
    own = model(room, "odd")
    own["cells"].append(extra_cell("print(open('extra.csv').read(), open('table.csv').read())"))
    room.submit("own-files", own, "odd", "first.ipynb", files)
    wrong = model(room, "odd", 1)
    cell(wrong, "halve_answer")["source"] = "def halve(x):\n    return 1.0"
    room.submit("wrong", wrong, "odd", "second.ipynb")
    slow = model(room, "odd")
    slow["cells"] += [extra_cell(f"import time\ntime.sleep({60 + number})") for number in range(6)]
    room.submit("slow", slow, "odd", "first.ipynb")
    room.submit("slow", model(room, "odd", 1), "odd", "second.ipynb")
    room.done = room.autograder("grade", "odd")
    return room


def test_several_notebooks_are_one_submission(odd):
    results = odd.results("model", "odd")
    assert [notebook["path"] for notebook in results["notebooks"]] == ["first.ipynb", "second.ipynb"]
    assert [question["id"] for question in results["questions"]] == ["total", "halve", "same"]
    assert results["max_score"] == 9.0
    for name in ("first", "second"):
        assert odd.graded_notebook("model", "odd", name)["cells"][0]["execution_count"] == 1


def test_a_notebook_that_was_not_handed_in_costs_its_questions(odd):
    results = odd.results("one-part", "odd")
    assert scores(results) == {"total": 3.0, "halve": 0.0, "same": 0.0}
    assert {check["message"] for check in checks(results, "halve").values()} == {"the notebook was not submitted"}
    assert results["notes"] == ["There is no second.ipynb in the submission."]


def test_the_course_s_files_stand_beside_the_notebook_and_win(odd):
    assert scores(odd.results("model", "odd"))["total"] == 3.0
    results = odd.results("own-files", "odd")
    assert scores(results)["total"] == 3.0
    assert "The course's own files were used in place of table.csv." in results["notes"]
    assert odd.graded_notebook("own-files", "odd", "first")["cells"][-1]["outputs"][0]["text"] == "5\n 1,2\n3,4\n\n"
    assert (odd.root / "autograded" / "own-files" / "odd" / "table.csv").read_text() == "1,2\n3,4\n"
    assert (odd.root / "autograded" / "own-files" / "odd" / "extra.csv").read_text() == "5\n"


def test_a_broken_check_costs_nothing_gives_nothing_and_is_flagged(odd):
    right, wrong = odd.results("model", "odd"), odd.results("wrong", "odd")
    assert {name: check["verdict"] for name, check in checks(right, "halve").items()} == {
        "halves": "pass",
        "broken": "broken",
        "skipped": "skipped",
        "unpacks_what_should_be_a_pair": "pass",
    }
    assert scores(right)["halve"] == 4.0
    assert scores(wrong)["halve"] == 0.0
    for results in (right, wrong):
        assert any("the check test_halve::test_broken is broken: KeyError" in said for said in results["attention"])
    assert odd.done.status == 1
    assert "model: the check test_halve::test_broken is broken" in odd.done.err


def test_what_the_student_returned_in_another_form_is_not_our_fault(odd):
    check = checks(odd.results("wrong", "odd"), "halve")["unpacks_what_should_be_a_pair"]
    assert check["verdict"] == "fail"
    assert check["message"] == "what came back does not have the form that was asked for"


def test_a_question_whose_every_check_is_broken_waits_for_a_person(odd):
    results = odd.results("model", "odd")
    assert questions(results)["same"]["score"] is None
    assert results["needs_manual_grade"] == ["same"]


def test_the_page_tells_the_student_that_a_broken_check_cost_nothing(odd):
    assert odd.autograder("feedback", "odd").status == 0
    page = (odd.root / "feedback" / "model" / "odd" / "second.html").read_text()
    assert "This check is broken. It cost nothing, and we have been told." in page
    for name in ("first", "second"):
        page = (odd.root / "feedback" / "model" / "odd" / f"{name}.html").read_text()
        assert "what a check should not look for" not in page


def test_a_submission_that_is_slow_in_every_cell_ends_at_its_own_limit(odd):
    results = odd.results("slow", "odd")
    assert results["run"]["ending"] == "timeout"
    assert results["notebooks"][0]["cells_failed"] == [3, 4, 5, 6, 7, 8]
    last = odd.graded_notebook("slow", "odd", "first")["cells"][-1]["outputs"][0]
    assert "the time for the whole notebook was used up before this cell" in last["evalue"]


# No checks: the grade cells decide


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    room = Classroom(tmp_path_factory.mktemp("plain"))
    room.write_assignment("plain", PLAIN)
    right = model(room, "plain")
    cell(right, "why")["source"] = "Twice is two times."
    room.submit("model", right, "plain")
    room.submit("blank", room.released("plain"), "plain")
    hard_coded = model(room, "plain")
    cell(hard_coded, "double_answer")["source"] = "def double(x):\n    return 4"
    cell(hard_coded, "words_answer")["source"] = "def words():\n    return ['one', 'zwei']"
    room.submit("hard-coded", hard_coded, "plain")
    boastful = room.released("plain")
    for name in ("double", "words"):
        cell(boastful, name)["source"] = "1000"
    room.submit("boastful", boastful, "plain")
    room.done = room.autograder("grade", "plain")
    return room


def test_without_checks_grade_cells_give_the_points(plain):
    assert scores(plain.results("model", "plain")) == {"double": 3.0, "words": 3.0, "why": None}
    assert {question["graded_by"] for question in plain.results("model", "plain")["questions"]} == {"cell", "hand"}


def test_hidden_tests_are_back_in_their_cells_and_partial_credit_counts(plain):
    assert scores(plain.results("hard-coded", "plain")) == {"double": 0.0, "words": 1.0, "why": 0.0}


def test_no_answer_and_no_test_of_one_s_own_earn_points(plain):
    assert plain.results("blank", "plain")["score"] == 0
    assert plain.results("boastful", "plain")["score"] == 0


def test_an_assignment_without_checks_can_be_released(plain):
    done = plain.autograder("release", "plain")
    assert (done.status, done.err) == (0, "")
    released = (plain.root / "release" / "plain" / "plain.ipynb").read_text()
    assert "double(2)" in released
    assert "double(3)" not in released


# The command


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
    assert not (small_class.root / "autograded" / "cyd").exists()
    pages = small_class.autograder("feedback", "tiny")
    assert pages.out == f"2 pages, for example {small_class.root}/feedback/ada/tiny/tiny.html\n"
    report = small_class.autograder("report", "tiny")
    assert [name for name in ("ada", "bob", "cyd") if f"│ {name} " in report.out] == ["ada", "bob"]


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
    small_class.write_assignment("bare", PLAIN)
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
    assert sorted(grade.student for grade in progress.graded) == [name for name in sorted(names) if "honest" in name]
    assert progress.failed == dict.fromkeys(["killer-0", "killer-1"], "BrokenProcessPool: a worker died")
    assert progress.done == progress.total == len(names)
