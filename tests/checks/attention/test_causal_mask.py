"""Hidden checks of `causal_mask`."""

import numpy as np

from autograder.checks import close, fetch, hold, question, visible
from solutions import attention as reference

pytestmark = question("causal_mask")


@visible
def test_hides_the_future_alone(student, rng):
    """A position sees itself and all before it, and nothing after it.

    Hint: rows are queries, columns are keys. What may the first row see, and what the last?
    """
    lengths = [2, 3, int(rng.integers(4, 9)), int(rng.integers(9, 40))]
    masks = [student.causal_mask(length) for length in lengths]
    for length, mask in zip(lengths, masks, strict=True):
        assert close(mask, reference.causal_mask(length))


def test_one_position_sees_itself(student):
    """A sequence of one position may attend to itself, as every position of a longer one may.

    Hint: the diagonal belongs to the mask.
    """
    assert close(student.causal_mask(length=1), np.ones((1, 1), dtype=bool))
    assert close(student.causal_mask(length=2), np.array([[True, False], [True, True]]))


def test_each_call_makes_a_mask_of_its_own(student, rng):
    """A second mask does not change the first.

    Hint: make a new array in each call.
    """
    length = int(rng.integers(3, 8))
    first = hold(student.causal_mask, length)
    assert close(student.causal_mask(length + 2), reference.causal_mask(length + 2))
    assert close(student.causal_mask(length), reference.causal_mask(length))
    assert close(student.causal_mask(length - 1), reference.causal_mask(length - 1))
    assert close(fetch(first), reference.causal_mask(length))
