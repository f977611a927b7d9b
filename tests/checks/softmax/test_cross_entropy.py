"""Hidden checks of `cross_entropy`."""

import numpy as np

from autograder.checks import close, follow_through, forbids, question, unchanged, visible
from solutions import softmax as reference

pytestmark = [
    question("cross_entropy"),
    follow_through(softmax=reference.softmax, log_softmax=reference.log_softmax),
    forbids("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss"),
]


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
    return np.round(rng.normal(size=(7, 6)) * 8) / 8 + np.array(rows)


@visible
def test_mean_surprise(student, rng):
    """The loss is the mean over the batch of minus the log-probability of the label.

    Hint: from each row pick the entry of its label (N numbers), then average. The input is logits, not probabilities.
    """
    for n, k in [(2, 3), (7, 5), (4, 2), (3, 12), (1, 4)]:
        logits = rng.normal(scale=2, size=(n, k)) + 1
        labels = rng.integers(k, size=n)
        assert close(student.cross_entropy(logits, labels), reference.cross_entropy(logits, labels), terms=n)
    twice, labels = np.vstack([logits, logits, -logits]), np.append(labels, [labels, labels])
    assert close(student.cross_entropy(labels=labels, logits=twice), reference.cross_entropy(twice, labels))


def test_labels_of_any_integer_type(student, rng):
    """Labels may have any integer type, and need not all occur.

    Hint: the number of classes is the number of columns, whatever the labels are.
    """
    logits = rng.normal(scale=2, size=(6, 5))
    for dtype in [np.uint8, np.int8, np.int16, np.int32]:
        labels = rng.integers(4, size=6).astype(dtype)
        assert close(student.cross_entropy(logits, labels), reference.cross_entropy(logits, labels))
    logits = rng.normal(scale=2, size=(3, 300))
    labels = (300 - rng.permutation(40)[:3]).astype(np.int16) - np.int16(1)
    assert close(student.cross_entropy(logits, labels), reference.cross_entropy(logits, labels), terms=300)


def test_confident_mistakes(student, rng):
    """A confident mistake costs what it costs.

    Hint: work with logits from beginning to end. A probability of 1e-20 has a logarithm like any other.
    """
    far = np.array([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.5], [0.5, 0.0, 1.0, 0.0]])
    labels = np.array([1, 3, 1])  # far below the others, half as far, and on top
    for step in [17.0, 28.0, 36.0, 46.0, 200.0, 1000.0, 1e4]:
        logits = np.round(rng.normal(size=(3, 4)) * 8) / 32 - step * far
        rows = rng.permutation(3)
        expected = reference.cross_entropy(logits[rows], labels[rows])
        assert close(student.cross_entropy(logits[rows], labels[rows]), expected)


def test_large_logits(student, rng):
    """Large logits do not overflow, and very negative ones do not vanish.

    Hint: each row has a maximum of its own.
    """
    logits = np.round(rng.normal(size=(5, 3)) * 8) / 8 + np.array([[1e4], [0.0], [-1e4], [400.0], [-800.0]])
    labels = rng.integers(3, size=5)
    for rows in [[0, 1, 2, 3, 4], [2], [3], [0, 3], [1, 4]]:
        expected = reference.cross_entropy(logits[rows], labels[rows])
        assert close(student.cross_entropy(logits[rows], labels[rows]), expected, condition=1e4)
    logits = spread(rng)
    labels = logits.argmax(axis=1)
    for row in range(7):  # one by one: the mean with another that is infinite would tell nothing
        expected = reference.cross_entropy(logits[row : row + 1], labels[row : row + 1])
        assert close(student.cross_entropy(logits[row : row + 1], labels[row : row + 1]), expected, condition=1e4)


def test_single_precision(student, rng):
    """Logits in float32 are welcome, large ones too.

    Hint: `exp` overflows much earlier in float32, at 88.
    """
    logits = np.round(rng.normal(size=(4, 5)) * 8) / 8 + np.array([[0.0], [200.0], [-200.0], [0.0]])
    labels = rng.integers(5, size=4)
    expected = reference.cross_entropy(logits, labels)
    assert close(student.cross_entropy(logits.astype(np.float32), labels), expected, condition=200)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    labels = rng.integers(4, size=12)[::2]
    for logits in [np.asfortranarray(rng.normal(size=(6, 4))), rng.normal(size=(12, 9))[::2, 1::2]]:
        assert close(student.cross_entropy(logits, labels), reference.cross_entropy(logits, labels))


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values."""
    logits, labels = rng.normal(size=(3, 4)) + 2, rng.integers(1, 4, size=3)
    assert unchanged(student.cross_entropy, logits, labels)
    assert close(student.cross_entropy(logits, labels), reference.cross_entropy(logits, labels))


def test_nothing_is_remembered(student, rng):
    """A call does not depend on earlier ones."""
    first, second = rng.normal(size=(2, 5, 3))
    labels, others = np.array([0, 1, 2, 1, 0]), np.array([2, 0, 1, 0, 1])
    for logits, y in [(first, labels), (second, labels), (second, others), (first, labels)]:
        assert close(student.cross_entropy(logits, y), reference.cross_entropy(logits, y))
