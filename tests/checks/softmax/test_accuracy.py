"""Hidden checks of `accuracy`."""

import numpy as np

from autograder.checks import close, follow_through, question, unchanged, visible
from solutions import softmax as reference

pytestmark = [
    question("accuracy"),
    follow_through(softmax=reference.softmax, log_softmax=reference.log_softmax),
]


def problem(rng, n, d, k, right, scale=1.0, shift=0.0):
    """Draw a model, samples, and labels of which it gets exactly `right`.

    All numbers are multiples of a power of two, so that float32 adds them up exactly, and nothing is tied. In every
    sample the biases decide, and never for class 0. Where the model is wrong, the label is what it would have said
    without its biases, but for the last of several, where it is what it thinks least likely.
    """
    b = np.append(0.0, 1.0 + rng.permutation(k - 1))
    while True:
        w = np.round(rng.normal(size=(d, k)) * 4) / 4
        x = np.round(rng.normal(size=(60 * n, d)) * 4) / 4
        logits = x @ w + b
        ranked = np.sort(logits, axis=1)
        good = (ranked[:, -1] > ranked[:, -2]) & (logits.argmax(axis=1) != (x @ w).argmax(axis=1))
        if good.sum() >= n:
            break
    x, logits = x[good][:n], logits[good][:n]
    labels = logits.argmax(axis=1)
    labels[right:] = (x @ w)[right:].argmax(axis=1)
    if n - right > 1:
        labels[-1] = logits[-1].argmin()
    order = rng.permutation(n)
    return w * scale, b * scale + shift, x[order], labels[order]


@visible
def test_fraction(student, rng):
    """The accuracy is the fraction of samples whose largest logit is that of their label.

    Hint: one prediction a row, compared with one label a row. Do the biases take part?
    """
    for n, d, k, right in [(11, 4, 3, 7), (6, 3, 5, 4), (5, 2, 12, 3), (29, 5, 6, 13), (37, 3, 4, 11)]:
        assert close(student.accuracy(*problem(rng, n, d, k, right)), right / n)


def test_all_or_nothing(student, rng):
    """A single sample is right or wrong, and so may all be.

    Hint: the result is a number from 0 to 1 also there.
    """
    for n, d, k, right in [(1, 4, 3, 1), (1, 3, 4, 0), (5, 4, 3, 5), (4, 2, 3, 0)]:
        assert close(student.accuracy(*problem(rng, n, d, k, right)), right / n)


def test_close_decisions(student, rng):
    """The largest logit counts, however small its lead.

    Hint: a class may win with much less than half of the probability.
    """
    assert close(student.accuracy(*problem(rng, 23, 4, 3, 13, scale=1 / 256)), 13 / 23)


def test_large_logits(student, rng):
    """Large logits do no harm.

    Hint: the logits themselves decide, there is nothing to exponentiate.
    """
    for shift in [8192.0, -8192.0]:
        assert close(student.accuracy(*problem(rng, 23, 3, 4, 14, scale=256.0, shift=shift)), 14 / 23)


def test_forms_of_arguments(student, rng):
    """Arguments may come by name, as slices of larger arrays, in float32, and labels in any integer type.

    Hint: the order is the model first, then the data.
    """
    w, b, x, labels = problem(rng, 9, 4, 3, 7)
    larger = np.zeros((18, 8))
    larger[::2, 1::2] = x
    for dtype in [np.uint8, np.int32]:
        y = labels.astype(dtype)
        assert close(student.accuracy(labels=y, x=larger[::2, 1::2], b=b, w=np.asfortranarray(w)), 7 / 9)
    single = [array.astype(np.float32) for array in (w, b, x)]
    assert close(student.accuracy(*single, labels), np.float32(7 / 9))


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values."""
    arguments = problem(rng, 5, 4, 3, 3)
    assert unchanged(student.accuracy, *arguments)
    assert close(student.accuracy(*arguments), 3 / 5)


def test_nothing_is_remembered(student, rng):
    """A call does not depend on earlier ones."""
    w, b, x, labels = problem(rng, 9, 4, 3, 7)
    assert close(student.accuracy(w, b, x, labels), 7 / 9)
    assert close(student.accuracy(w, b, x, (labels + 1) % 3), reference.accuracy(w, b, x, (labels + 1) % 3))
    assert close(student.accuracy(*problem(rng, 9, 4, 3, 5)), 5 / 9)
    assert close(student.accuracy(w, b, x, labels), 7 / 9)
