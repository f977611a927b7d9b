"""The diagnosis on answers that it does not know: single mistakes by their names, two at a time by no wrong one."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.checks.collect import collect, judge
from autograder.checks.desk import Desk, run_model
from autograder.checks.diagnosis import Diagnosis, Recorded, load_variants
from autograder.checks.plugin import seed_for
from autograder.course import load_assignment, load_course
from autograder.records import Verdict
from tests.toolkit.mistakes import attention, batchnorm, conv, rnn, softmax, vae
from tests.toolkit.mistakes.answers import Answer

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
