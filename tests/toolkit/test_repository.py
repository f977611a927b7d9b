"""The course that this repository holds: released as its sources say, and with checks that do their work."""

from pathlib import Path

import pytest

from autograder.course import load_assignment, load_course
from autograder.grade import proof_grader
from autograder.release import build, prove
from autograder.verify import verify

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)


@pytest.fixture(params=COURSE.assignments)
def assignment(request):
    return load_assignment(COURSE, request.param)


def test_the_committed_release_is_what_the_source_gives(assignment):
    folder = ROOT / "release" / assignment.id
    committed = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert committed == build(COURSE, assignment.id)


def test_the_release_proves_itself(assignment):
    with proof_grader(COURSE) as grade:
        prove(COURSE, assignment, build(COURSE, assignment.id), grade)


@pytest.mark.timeout(900)
def test_misconceptions_lose_and_alternatives_do_not(assignment):
    verification = verify(assignment, seeds=2)
    assert verification.problems == ()
    assert len(verification.misconceptions) >= 10
    assert len(verification.alternatives) >= 4


def test_sources_are_committed_without_outputs(assignment):
    for path in (ROOT / "source" / assignment.id).glob("*.ipynb"):
        assert '"output_type"' not in path.read_text()
