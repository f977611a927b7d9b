"""The diagnosis on answers that it does not know: single mistakes by their names, two at a time by no wrong one."""

from __future__ import annotations

import functools
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.checks.collect import collect, judge
from autograder.checks.desk import Desk, run_model
from autograder.checks.diagnosis import Diagnosis, Recorded, load_variants
from autograder.checks.plugin import seed_for
from autograder.course import load_assignment, load_course
from autograder.records import Verdict
from tests.toolkit.classroom import Classroom, extra_cell, questions
from tests.toolkit.mistakes import attention, batchnorm, conv, rnn, softmax, vae
from tests.toolkit.mistakes.answers import Answer, Mistake

ROOT = Path(__file__).parents[2]
PAIRS = 5
ANSWERS = tuple(answer for module in (attention, batchnorm, conv, rnn, softmax, vae) for answer in module.ANSWERS)

Found = tuple[bool, set[str]]


@pytest.fixture(scope="module")
def look() -> Iterator[Callable[[Answer, str], Found]]:
    """Whether an answer loses something, and the names that are given to what it does wrong."""

    @functools.cache
    def tools(assignment_id: str):
        assignment = load_assignment(load_course(ROOT), assignment_id)
        return collect(assignment.checks, ROOT), Diagnosis(assignment), [n.source for n in assignment.notebooks]

    def found(answer: Answer, code: str) -> Found:
        checks, diagnosis, sources = tools(answer.assignment)
        namespace = run_model(sources, definitions_only=True)
        exec(code, namespace)
        desk = Desk(namespace, functools.partial(seed_for, b"mistakes", "ada"))
        recorded = []
        for check in checks.questions[answer.question]:
            outcome, _ = checks.run(check, desk)
            verdict, _ = judge(check, outcome)
            recorded.append(Recorded(check, outcome, Verdict.FAIL if verdict is Verdict.BROKEN else verdict))
        return any(item.verdict is not Verdict.PASS for item in recorded), set(diagnosis.name(recorded).values())

    yield found
    for name in dict.fromkeys(answer.assignment for answer in ANSWERS):
        tools(name)[0].close()


def by_question(answer: Answer) -> str:
    return answer.question


@pytest.mark.parametrize("answer", ANSWERS, ids=by_question)
def test_a_mistake_has_its_name_and_one_that_is_not_known_has_none(look, answer):
    assert look(answer, answer.code) == (False, set())
    for mistake in answer.mistakes:
        assert look(answer, answer.made(mistake)) == (True, {mistake.name} - {""}), mistake


@pytest.mark.parametrize("answer", ANSWERS, ids=by_question)
def test_two_mistakes_at_once_have_no_wrong_name(look, answer):
    """One may hide the other: then its own name is true."""
    pairs = [pair for pair in itertools.combinations(answer.mistakes, 2) if answer.made(*pair)]
    assert len(pairs) >= PAIRS
    for pair in pairs[:: len(pairs) // PAIRS]:
        lost, names = look(answer, answer.made(*pair))
        assert lost
        assert names <= {mistake.name for mistake in pair}, pair


def test_the_names_are_those_of_misconceptions_and_most_mistakes_have_none():
    for assignment in {answer.assignment for answer in ANSWERS}:
        known = {
            (variant.question, variant.words)
            for variant in load_variants(ROOT / "tests/checks" / assignment, "misconception")
        }
        ours = [(a.question, m.name) for a in ANSWERS if a.assignment == assignment for m in a.mistakes]
        assert {(question, name) for question, name in ours if name} <= known
        assert sum(not name for _, name in ours) >= 10


# Through the real command

GRADED = {"softmax": softmax.ANSWERS, "rnn": rnn.ANSWERS}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """Two assignments of the course, each handed in by one who makes a known mistake a question, and by one with two.

    Where a question has but one known mistake that leaves room for another, the other is one that is not known.
    """
    room = Classroom(tmp_path_factory.mktemp("course"))
    room.write("course_config.py", (ROOT / "course_config.py").read_bytes())
    shutil.copytree(ROOT / "solutions", room.root / "solutions", dirs_exist_ok=True)
    for assignment in GRADED:
        for folder in ("source", "tests/checks"):
            shutil.copytree(ROOT / folder / assignment, room.root / folder / assignment)
    for assignment, answers in GRADED.items():
        for student, count in (("known", 1), ("combined", 2)):
            notebook = room.released(assignment)
            notebook["cells"] += [extra_cell(answer.made(*chosen(answer, count))) for answer in answers]
            room.submit(student, notebook, assignment)
        for command in ("grade", "feedback"):
            room.done = room.autograder(command, assignment)
            assert room.done.status == 0, room.done
    return room


def chosen(answer: Answer, count: int) -> tuple[Mistake, ...]:
    """The first known mistake, or the first two of which one is known and neither hides the other."""
    return next(
        made
        for made in itertools.combinations(answer.mistakes, count)
        if any(mistake.name for mistake in made) and answer.made(*made) is not None
    )


@pytest.mark.parametrize("answer", [*itertools.chain(*GRADED.values())], ids=by_question)
def test_results_and_feedback_name_a_known_mistake_and_guess_at_nothing_else(room, answer):
    (mistake,) = chosen(answer, 1)
    lost = {}
    for student in ("known", "combined"):
        question = questions(room.results(student, answer.assignment))[answer.question]
        lost[student] = [check for check in question["checks"] if check["verdict"] in ("fail", "error")]
        assert lost[student]
    assert {check["misconception"] for check in lost["known"]} == {mistake.name}
    assert {check["misconception"] for check in lost["combined"]} == {None}
    pages = {
        student: (room.root / "feedback" / student / answer.assignment / f"{answer.assignment}.html").read_text()
        for student in lost
    }
    assert mistake.name in pages["known"].lower()
    assert mistake.name not in pages["combined"].lower()
