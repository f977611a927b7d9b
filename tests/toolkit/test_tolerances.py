"""What docs/tolerances.md says of tolerances is what `close` does, and its tables hold what they promise."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.close import close, tolerance
from autograder.course import load_assignment, load_course
from autograder.verify import RIGHT_AT_MOST, WRONG_AT_LEAST

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tolerances.md").read_text()
COURSE = load_course(ROOT)
ROW = re.compile(r"\| `(\w+)` \| (?:([\d.e+-]+) \(\w+\)|–) \| (?:([\d.e+-]+) \(\w+\)|–) \|")


def rows(assignment: str) -> dict[str, tuple[float | None, float | None]]:
    """The table of an assignment: question -> the nearest right answer, the nearest wrong one."""
    (section,) = re.findall(rf"^### {assignment}\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    found = {}
    for line in section.strip().splitlines()[2:]:
        row = ROW.fullmatch(line)
        assert row is not None, line
        found[row[1]] = tuple(float(number) if number else None for number in (row[2], row[3]))
    return found


@pytest.mark.parametrize("name", COURSE.assignments)
def test_every_question_with_checks_has_its_margins(name):
    assignment = load_assignment(COURSE, name)
    assert set(rows(name)) == {question.id for question in assignment.questions if question.kind == "auto"}


@pytest.mark.parametrize("name", COURSE.assignments)
def test_right_answers_stay_well_below_the_tolerance_and_wrong_ones_well_above(name):
    for question, (right, wrong) in rows(name).items():
        assert right is None or right <= RIGHT_AT_MOST, question
        assert wrong is None or wrong >= WRONG_AT_LEAST, question
    assert any(right is not None and wrong is not None for right, wrong in rows(name).values())


def test_the_tolerance_is_the_formula_of_the_page():
    u = np.finfo(np.float32).eps / 2
    for terms in (1, 110, 111, 4000):
        for condition in (1.0, 20.0, 1e4):
            expected = u * 16 * max(math.sqrt(110), condition * math.sqrt(terms))
            assert tolerance(terms, condition) == pytest.approx(expected, rel=1e-12)


def test_sums_in_single_precision_are_accepted_at_any_size():
    # One after the other, the worst order there is; np.sum adds in pairs and loses less.
    rng = np.random.default_rng(0)
    for terms in (10, 1000, 100_000):
        values = rng.uniform(-1, 1, size=terms)
        total = np.cumsum(values.astype(np.float32), dtype=np.float32)[-1]
        # A sum of numbers that cancel magnifies their relative errors by what is lost.
        condition = np.abs(values).sum() / (1 + abs(values.sum()))
        result = close(np.float64(total), float(values.sum()), terms=terms, condition=max(condition, 1.0))
        assert result
        assert result.share is not None
        assert 0 < result.share < 0.5


@pytest.mark.parametrize(("error", "share"), [(0.0, 0.0), (0.25, 0.25), (0.9, 0.9)])
def test_a_comparison_says_how_much_of_the_tolerance_was_used(error, share):
    expected = np.array([1.0, -3.0])
    result = close(expected + error * tolerance() * (1 + np.abs(expected)), expected)
    assert result
    assert result.share == pytest.approx(share, abs=1e-6)
    nested = close((expected + error * tolerance() * (1 + np.abs(expected)), 2.0), (expected, 2.0))
    assert nested.share == pytest.approx(share, abs=1e-6)


def test_a_comparison_that_fails_says_by_how_much():
    assert close(np.array([1.0, 3.0]), np.array([1.0, 1.0])).share == pytest.approx(1 / tolerance())
    assert close(np.array([1.0, np.nan]), np.array([1.0, 1.0])).share == math.inf
    assert close([1.0], np.array([1.0])).share is None
    assert close(np.array([np.inf, 1.0]), np.array([np.inf, 1.0])).share == 0.0
