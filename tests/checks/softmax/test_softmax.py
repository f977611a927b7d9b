"""Hidden checks of `softmax`."""

import numpy as np

from autograder.checks import close, forbids, hold, question, unchanged, visible
from solutions import softmax as reference

pytestmark = [
    question("softmax"),
    forbids(
        "torch.softmax",
        "torch.log_softmax",
        "torch.Tensor.softmax",
        "torch.Tensor.log_softmax",
        "torch.special.softmax",
        "torch.special.log_softmax",
        "torch.nn.functional.softmax",
        "torch.nn.functional.log_softmax",
        "torch.nn.functional.softmin",
        "torch.nn.Softmax",
        "torch.nn.LogSoftmax",
        "torch.nn.Softmin",
        "torch.nn.Softmax2d",
        "scipy.special.softmax",
        "scipy.special.log_softmax",
        "sklearn.utils.extmath.softmax",
    ),
]


def eighths(rng, *shape):
    """Draw logits that are multiples of 1/8, so that they are the same numbers in float32, also 1e4 further up."""
    return np.round(rng.normal(scale=1.5, size=shape) * 8) / 8


def spread(rng):
    """Draw rows (7, 6) of logits within which some, all or none can be exponentiated as they are.

    Each is too much for another number that is not the row's maximum, or not too much for it alone: the mean, the
    median, the largest magnitude, a constant, zero.
    """
    rows = [
        [1e4, 0, 1e4, -1e4, 9_990, 0],
        [-1e4, 0, -1e4, 9_990, 0, 1e4],
        [720, 0, -720, 0, 720, -720],
        [1000, 1000, 0, 0, 0, 0],
        [1000, 1000, 1000, 1000, 0, 0],
        [-1, -3, -800, -800, -2, -900],
        [-800, -800, -800, -800, -800, -800],
    ]
    return eighths(rng, 7, 6) + np.array(rows)


@visible
def test_probabilities(student, rng):
    """Every row becomes its probabilities.

    Hint: exponentials, divided by their sum over the last axis. Try rows of one entry, and a single row, too.
    """
    for shape in [(2, 3), (5, 7), (1, 4), (3, 1), (6,)]:
        x = rng.normal(scale=2, size=shape)
        assert close(student.softmax(x), reference.softmax(x))
    x = rng.normal(size=(3, 5)) - np.array([0.0, 10.0, 20.0, 40.0, 0.0])
    assert close(student.softmax(x), reference.softmax(x))


def test_any_axis(student, rng):
    """The classes may lie along any axis of an array of any number of dimensions.

    Hint: hand `axis` on to both the maximum and the sum, and keep the dimension there.
    """
    x = rng.normal(scale=2, size=(4, 2, 3, 5))
    for axis in range(-4, 4):
        assert close(student.softmax(x, axis), reference.softmax(x, axis))
    x = rng.normal(scale=2, size=(5, 3))
    assert close(student.softmax(x=x, axis=0), reference.softmax(x, axis=0))
    assert close(student.softmax(x[0], axis=0), reference.softmax(x[0], axis=0))


def test_large_logits(student, rng):
    """Large logits do not overflow, and very negative ones do not vanish.

    Hint: adding a constant to a whole row changes nothing. Choose each row's so that its largest exponential is 1.
    """
    apart = eighths(rng, 5, 7) + np.array([[1e4], [0.0], [-1e4], [400.0], [-800.0]])
    within = spread(rng)
    for x in [apart, within, apart[2], apart[4], apart[[1, 2]]]:
        assert close(student.softmax(x), reference.softmax(x), condition=1e4)
    columns = np.ascontiguousarray(apart.T)
    assert close(student.softmax(columns, axis=0), reference.softmax(columns, axis=0), condition=1e4)


def test_single_precision(student, rng):
    """Logits in float32 are welcome, large ones too.

    Hint: `exp` overflows much earlier in float32, at 88.
    """
    x = (eighths(rng, 4, 5) + np.array([[0.0], [200.0], [-200.0], [0.0]])).astype(np.float32)
    assert close(student.softmax(x), reference.softmax(x), condition=200)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    fortran = np.asfortranarray(rng.normal(size=(4, 6)))
    sliced = rng.normal(size=(6, 10))[::2, 1::3]
    for x in [fortran, sliced]:
        assert close(student.softmax(x), reference.softmax(x))
        assert close(student.softmax(x, axis=0), reference.softmax(x, axis=0))


def test_argument_stays(student, rng):
    """The result is right, and the argument keeps its values.

    Hint: `x -= …` works in the caller's array, `x = x - …` makes a new one.
    """
    for x, axis in [(rng.normal(size=(3, 4)) + 2, -1), (rng.normal(size=5) + 2, 0)]:
        assert unchanged(student.softmax, x, axis=axis)
        assert close(student.softmax(x, axis=axis), reference.softmax(x, axis=axis))


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results."""
    first, second = rng.normal(size=(2, 3, 5))
    held = hold(student.softmax, first)
    assert close(student.softmax(second), reference.softmax(second))
    assert close(held, reference.softmax(first))
    assert close(student.softmax(first), reference.softmax(first))
