"""Courses through the real command: several notebooks, files, broken checks, no checks at all, and mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, cell, checks, extra_cell, questions, scores
from tests.toolkit.tiny import (
    answer_cell,
    given_cell,
    source_notebook,
    test_cell,
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
