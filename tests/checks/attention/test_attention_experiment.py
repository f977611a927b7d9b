"""Hidden checks of the experiment: the digit before the mark, on images that were held back."""

import functools

import numpy as np
from sklearn.datasets import load_digits

from autograder.checks import follow_through, question, weight
from solutions import attention as reference

pytestmark = [
    question("attention_experiment"),
    follow_through(scaled_dot_product_attention=reference.scaled_dot_product_attention),
]

ENOUGH = 0.88  # the prompt asks for 0.9; this allows for the luck of the draw of 800 rows


@functools.cache
def held_back():
    """Return the images (n, 64) and digits (n,) that the notebook's loader leaves out."""
    digits = load_digits()
    mine = np.arange(len(digits.target)) % 4 == 3
    return digits.data[mine] / 16.0, digits.target[mine]


def draw(rng, marks):
    """Return rows (count, 8, 64) of held-back images and the digits before the marks (count,)."""
    images, labels = held_back()
    pick = rng.integers(len(images), size=(len(marks), 8))
    return images[pick], labels[pick[np.arange(len(marks)), marks - 1]]


def share_of_right(answers, digits):
    """Return the share of answers that are right; asserts that there is one whole number per row."""
    assert type(answers) is np.ndarray, "an array of one digit per row was asked for"
    assert answers.shape == digits.shape, "one digit per row was asked for"
    assert answers.dtype.kind in "iu", "an array of integers was asked for"
    return float(np.mean(answers == digits))


@weight(3)
def test_finds_the_digit_before_the_mark(student, rng):
    """At least nine answers in ten are right, on images that you have not seen.

    Hint: plot where your model looks. The stripe should be one step before the mark, for every position of it.
    """
    marks = rng.integers(1, 8, size=800)
    rows, digits = draw(rng, marks)
    right = share_of_right(student.recall(rows, marks), digits)
    assert right >= ENOUGH, f"{right:.0%} right, 90 % were asked for"


def test_finds_it_wherever_the_mark_is(student, rng):
    """Most answers are right at each position of the mark, from the second image to the last, and for a single row.

    Hint: train on marks at all positions. For a single row, look at the shape of what you return.
    """
    for mark in range(1, 8):
        marks = np.full(50, mark)
        rows, digits = draw(rng, marks)
        right = share_of_right(student.recall(rows, marks), digits)
        assert right >= 0.7, f"{right:.0%} right with the mark at position {mark}"
    marks = rng.integers(1, 8, size=1)
    rows, digits = draw(rng, marks)
    share_of_right(student.recall(rows=rows, marks=marks), digits)
