"""Mutants of the model answer: of what checks ask for and of nothing else; those that survive are told or explained."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell

from autograder.course import Assignment
from autograder.mutants import EQUIVALENTS, load_explanations, make_mutants
from autograder.records import CourseError
from autograder.terminal import print_verification
from autograder.verify import Verification, verify
from tests.toolkit.classroom import Classroom
from tests.toolkit.tiny import given_cell, source_notebook, test_cell

CLIPPED = '''\
LIMIT = 3
doubled = 2 * 4


def one_more(x):
    return x + 1


def clipped(x, low=0):
    """A text of 1 + 1."""
    low = low * 1
    ### BEGIN SOLUTION
    return max(min(one_more(x), LIMIT), low)  # 2 * 2
    ### END SOLUTION


def plotted(x):
    ### BEGIN SOLUTION
    return x - 1
    ### END SOLUTION


print(2 * 3)
'''

COUNTED = """\
def counted(x):
    ### BEGIN SOLUTION
    total = 0
    while total < x:
        total += 1
    return total
    ### END SOLUTION
"""

CHECKS = '''
"""Hidden checks."""
from autograder.checks import close, question


@question("clipped")
def test_clipped(student):
    assert [student.clipped(x) for x in (-7, 0, 1, 9)] == [0, 1, 2, 3]


@question("counted")
def test_counted(student):
    assert student.counted(3) == 3


@question("counted")
def test_of_what_the_notebook_made(student):
    assert student.counted(student.made) == 4
'''

WHILE = "while total < x:"
NOT_EQUAL = "while total != x:"

EXPLAINED = f"""
[[equivalent]]
question = "counted"
line = "{WHILE}"
mutants = ["{NOT_EQUAL}"]
why = "Checks count up to whole numbers."
"""


def answer(source: str, name: str) -> object:
    meta = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False}
    return new_code_cell(source, id=f"{name}_answer", metadata={"nbgrader": {**meta, "grade_id": f"{name}_answer"}})


def assignment_in(root: Path, explained: str = "") -> Assignment:
    room = Classroom(root)
    cells = [given_cell("import numpy as np", "imports"), answer(CLIPPED, "clipped"), test_cell("pass", "clipped", 2)]
    cells += [answer(COUNTED, "counted"), test_cell("pass", "counted", 2)]
    room.write_assignment("small", source_notebook(*cells, given_cell("made = len(str(np.pi)[:4])", "made")))
    room.write_checks("small", all=CHECKS)
    if explained:
        room.write(f"tests/checks/small/{EQUIVALENTS}", explained)
    return room.assignment("small")


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return assignment_in(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def found(assignment):
    return verify(assignment, seeds=1, workers=2)


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    return verify(assignment_in(tmp_path_factory.mktemp("explained"), EXPLAINED), seeds=1, workers=2)


def lines(assignment: Assignment, *asked: str) -> set[str]:
    return {mutant.before for mutant in make_mutants(assignment, {"clipped": set(asked)})}


# Which there are


def test_only_solutions_of_what_checks_ask_for_change(assignment):
    assert lines(assignment, "plotted") == {"return x - 1"}
    assert lines(assignment, "nothing") == set()


def test_a_cell_without_solution_regions_is_an_answer_as_a_whole(tmp_path):
    room = Classroom(tmp_path)
    source = (
        "LIMIT = 3\n\n\ndef helper(x):\n    return x + 1\n\n\ndef f(x):\n    return helper(x) % LIMIT\n\n\nprint(2 * 3)"
    )
    room.write_assignment("small", source_notebook(answer(source, "clipped"), test_cell("pass", "clipped", 2)))
    changed = lines(room.assignment("small"), "f")
    assert changed == {"LIMIT = 3", "return x + 1", "return helper(x) % LIMIT"}


def test_a_mutant_is_a_line_of_its_question_s_answer(assignment):
    mutants = [m for m in make_mutants(assignment, {"counted": {"counted"}}) if m.before == WHILE]
    assert {(m.question, m.place) for m in mutants} == {("counted", "small.ipynb, cell 3, line 4")}
    assert {"while total <= x:", NOT_EQUAL} <= {m.after for m in mutants}
    for mutant in mutants:
        pairs = zip(COUNTED.splitlines(), mutant.source.splitlines(), strict=False)
        assert [line for line, other in pairs if line != other] == [f"    {WHILE}"]


def test_the_same_mutants_come_each_time_and_each_once(assignment):
    asked = {"clipped": {"clipped"}, "counted": {"counted"}}
    mutants = make_mutants(assignment, asked)
    assert mutants == make_mutants(assignment, asked)
    assert len({(mutant.cell, mutant.source) for mutant in mutants}) == len(mutants) > 5


# What becomes of them


def test_survivors_are_told_with_line_and_operator(found, capsys):
    (survivor,) = [mutant for mutant in found.mutation.survivors if mutant.after == NOT_EQUAL]
    assert survivor.operator == "ReplaceComparisonOperator_Lt_NotEq"
    print_verification(found)
    text = " ".join(capsys.readouterr().out.split())
    assert "survives: counted, small.ipynb, cell 3, line 4, ReplaceComparisonOperator_Lt_NotEq" in text
    assert f"- {WHILE} + {NOT_EQUAL}" in text


def test_a_mutant_that_loops_for_ever_is_noticed(found):
    # `total` would go down instead of up.
    assert "total -= 1" not in {mutant.after for mutant in found.mutation.survivors}
    assert "while not total < x:" not in {mutant.after for mutant in found.mutation.survivors}


def test_too_many_survivors_are_a_problem(found):
    assert found.mutation.killed < 0.98
    assert [sentence for sentence in found.problems if "mutants of the model answer survive" in sentence]


def test_an_explained_survivor_is_no_problem(explained, found):
    assert [mutant.after for mutant, _ in explained.mutation.equivalent] == [NOT_EQUAL]
    assert NOT_EQUAL not in {mutant.after for mutant in explained.mutation.survivors}
    assert explained.mutation.killed > found.mutation.killed
    assert explained.mutation.stale == ()


def test_an_explanation_that_explains_nothing_is_a_problem(tmp_path):
    killed = EXPLAINED.replace(NOT_EQUAL, "while total > x:")
    verification = verify(assignment_in(tmp_path, killed), seeds=1, workers=2)
    (said,) = [sentence for sentence in verification.problems if "explanation" in sentence and "no mutant" in sentence]
    assert "while total > x:" in said


def test_values_that_the_notebook_made_are_there_for_mutants(found):
    # Without them the second check would fail for every mutant, and none would survive.
    assert found.mutation.survivors != ()


def test_from_a_process_with_threads_the_same_comes_out(assignment, found):
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        other: Verification = verify(assignment, seeds=1, workers=2)
    finally:
        end.set()
        thread.join()
    assert other.mutation == found.mutation


# Explanations


@pytest.mark.parametrize(
    "text",
    [
        "[[equivalent]]\nquestion = 'a'\n",
        EXPLAINED.replace("why = ", "because = "),
        EXPLAINED.replace(f'["{NOT_EQUAL}"]', "[]"),
        EXPLAINED.replace('"counted"', "3"),
        "[[other]]\nx = 1\n",
        "[[equivalent",
    ],
)
def test_explanations_of_another_form_are_an_error_of_the_course_s(tmp_path, text):
    (tmp_path / EQUIVALENTS).write_text(text)
    with pytest.raises(CourseError, match=EQUIVALENTS):
        load_explanations(tmp_path)
    (tmp_path / EQUIVALENTS).unlink()
    assert load_explanations(tmp_path) == ()
