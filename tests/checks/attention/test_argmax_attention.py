"""Hidden checks of `argmax_attention`."""

import numpy as np

from autograder.checks import close, fetch, hold, question, unchanged, visible
from solutions import attention as reference

pytestmark = question("argmax_attention")


def draw(rng, leading, queries, keys, width, value_width):
    """Return q, k and v in which every query has a best key that is clearly better than the second."""
    k = rng.normal(size=(*leading, keys, width)) * rng.uniform(0.5, 3.0, size=(*leading, keys, 1))
    v = rng.normal(size=(*leading, keys, value_width))
    q = np.zeros((*leading, queries, width))
    unclear = np.ones((*leading, queries), dtype=bool)
    while unclear.any():
        q[unclear] = rng.normal(size=(int(unclear.sum()), width))
        scores = np.sort(q @ np.swapaxes(k, -1, -2), axis=-1)
        unclear = scores[..., -1] - scores[..., -2] < 0.05 if keys > 1 else np.zeros_like(unclear)
    return q, k, v


def agrees(function, expected, cases, **tolerance):
    """Assert that `function` gives what `expected` gives for each case, a tuple of arguments.

    All calls are made before the first comparison, so that a diagnosis sees all of them.
    """
    answers = [function(*case) for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert close(answer, expected(*case), **tolerance)


@visible
def test_returns_the_value_of_the_best_key(student, rng):
    """Each query gets the value of the key with the largest dot product.

    Hint: the largest dot product is neither the nearest key nor the best angle, and a negative score is a bad one.
    """
    cases = [draw(rng, (), *sizes) for sizes in [(30, 5, 4, 2), (25, 7, 3, 6), (40, 3, 2, 5)]]
    agrees(student.argmax_attention, reference.argmax_attention, cases)


def test_takes_any_number_of_leading_dimensions(student, rng):
    """Each entry of the leading dimensions picks among its own keys and its own values.

    Hint: indexing `v` with the winners works for two dimensions. Look up `np.take_along_axis` for more.
    """
    cases = [draw(rng, leading, 6, 5, 4, 7) for leading in [(3,), (2, 3), (2, 1, 3)]]
    agrees(student.argmax_attention, reference.argmax_attention, cases)
    q, k, v = cases[0]
    assert close(student.argmax_attention(q=q, k=k, v=v), reference.argmax_attention(q, k, v))


def test_one_query_or_one_key(student, rng):
    """A single query, and a single key, are no special cases.

    Hint: which axes have length one then, and does one of your steps drop them?
    """
    sizes = [((), 1, 4, 3, 2), ((), 4, 1, 3, 2), ((1,), 1, 5, 2, 3), ((2,), 3, 1, 4, 5)]
    agrees(student.argmax_attention, reference.argmax_attention, [draw(rng, *size) for size in sizes])


def test_survives_large_scores(student, rng):
    """Scores of ±10⁴ do not confuse it, nor do scores that are all far below zero.

    Hint: the largest score can be found without exponentiating anything.
    """
    q, k, v = draw(rng, (), 20, 6, 4, 3)
    k = np.round(k * 64) / 64
    q = np.round(q * 64) * 8.0
    lift = rng.choice([-80.0, 80.0], size=(20, 1))
    q, k = np.concatenate([q, lift], axis=1), np.concatenate([k, np.full((6, 1), 125.0)], axis=1)
    scores = np.sort(q @ k.T, axis=-1)
    q = q[scores[:, -1] - scores[:, -2] > 0.5]
    assert close(student.argmax_attention(q, k, v), reference.argmax_attention(q, k, v))


def test_single_precision(student, rng):
    """Arrays of `float32` are as good as any.

    Hint: nothing in this function needs more digits.
    """
    q, k, v = (x.astype(np.float32) for x in draw(rng, (2,), 5, 4, 3, 6))
    assert close(student.argmax_attention(q, k, v), reference.argmax_attention(q, k, v))


def test_leaves_arguments_and_results_alone(student, rng):
    """Arguments stay as they are, in whatever order they lie in memory, and one call does not touch another's result.

    Hint: look for assignments to an argument, and for variables that outlive the call.
    """
    q, k, v = draw(rng, (2,), 4, 5, 3, 6)
    expected = reference.argmax_attention(q, k, v)
    first = hold(student.argmax_attention, q, k, v)
    assert unchanged(student.argmax_attention, q, k, v)
    others = draw(rng, (2,), 4, 5, 3, 6)
    assert close(student.argmax_attention(*others), reference.argmax_attention(*others))
    assert close(fetch(first), expected)
    fortran = [np.asfortranarray(array) for array in (q, k, v)]
    assert close(student.argmax_attention(*fortran), expected)
    strided = [np.repeat(array, 2, axis=-1)[..., ::2] for array in (q, k, v)]
    assert close(student.argmax_attention(*strided), expected)
