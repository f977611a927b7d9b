"""The course that this repository holds: released as its sources say, and with checks that do their work."""

import base64
import json
import math
from pathlib import Path

import msgpack
import numpy as np
import pytest
import torch

from autograder.course import load_assignment, load_course
from autograder.grade import proof_grader
from autograder.release import build, prove
from autograder.student import wire
from autograder.verify import verify

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)


@pytest.fixture(params=COURSE.assignments)
def assignment(request):
    return load_assignment(COURSE, request.param)


def test_the_committed_release_is_what_the_source_gives(assignment):
    folder = ROOT / "release" / assignment.id
    committed = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    built = build(COURSE, assignment.id)
    # Processors differ in the last digit of an exponential, say, and the inputs of visible checks are such numbers.
    examples, expected = (json.loads(files.pop("checks.json")) for files in (committed, built))
    assert committed == built
    assert alike(examples, expected)


def alike(one, other):
    """Whether two values of JSON are the same, but for rounding in the arrays that they hold."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys() == {"data"}:
        first, second = (wire.decode(msgpack.unpackb(base64.b64decode(value["data"]))) for value in (one, other))
        if type(first) is not type(second) or not isinstance(first, (np.ndarray, np.generic, torch.Tensor)):
            return one == other
        same = first.dtype == second.dtype and first.shape == second.shape
        return same and np.allclose(first, second, rtol=1e-9, atol=1e-12, equal_nan=True)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and (one == other or (type(one) is float and math.isclose(one, other)))


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
