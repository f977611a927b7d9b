"""Hidden checks of `train`."""

import numpy as np

from autograder.checks import close, follow_through, hold, question, unchanged, visible
from solutions import softmax as reference

pytestmark = [
    question("train"),
    follow_through(
        softmax=reference.softmax,
        log_softmax=reference.log_softmax,
        cross_entropy=reference.cross_entropy,
        softmax_regression_gradients=reference.softmax_regression_gradients,
    ),
]


def agrees(student, rng, x, labels, *settings):
    """Compare the student's weights with the reference's, each with a generator of its own from one fresh seed."""
    seed = int(rng.integers(2**31))
    actual = student.train(x, labels, *settings, np.random.default_rng(seed))
    expected = reference.train(x, labels, *settings, np.random.default_rng(seed))
    _, _, epochs, batch_size = settings
    return close(actual, expected, terms=len(x), condition=epochs * -(-len(x) // batch_size))


@visible
def test_one_step(student, rng):
    """One step over all samples goes against the gradient, from zero, by the learning rate.

    Hint: `w` and `b` both move, each by `lr` times its gradient, and one epoch is one pass.
    """
    x, labels = rng.normal(size=(6, 4)) + 1, rng.permutation([0, 1, 2, 0, 1, 0])
    assert agrees(student, rng, x, labels, 3, 0.7, 1, 6)
    assert agrees(student, rng, x[:1], np.array([2]), 3, 0.3, 1, 1)


def test_mini_batches(student, rng):
    """One epoch takes the shuffled samples in consecutive batches, the last one short.

    Hint: `order = rng.permutation(N)` gives positions, for images and labels alike. The gradient of a short batch is
    the mean over the samples that it has.
    """
    x, labels = rng.normal(size=(11, 3)) + 0.5, rng.permutation(11) % 4
    for batch_size in [4, 10, 2]:
        assert agrees(student, rng, x, labels, 4, 0.5, 1, batch_size)


def test_epochs(student, rng):
    """Each epoch shuffles anew, and the weights go on from where they were.

    Hint: one `rng.permutation(N)` at the start of every epoch, always of positions in the arrays that were given.
    """
    x, labels = rng.normal(size=(7, 4)) + 0.5, rng.permutation(7) % 3
    for epochs, batch_size in [(2, 3), (4, 4), (3, 5)]:
        assert agrees(student, rng, x, labels, 3, 0.5, epochs, batch_size)


def test_batch_larger_than_data(student, rng):
    """A batch size beyond the number of samples makes one batch of them all."""
    x, labels = rng.normal(size=(5, 3)) + 0.5, rng.permutation(5) % 4
    assert agrees(student, rng, x, labels, 4, 0.5, 2, 8)


def test_classes_that_do_not_occur(student, rng):
    """The number of classes is `num_classes`, whatever the labels are, and of whatever integer type.

    Hint: a class without samples has weights like the others.
    """
    x, labels = rng.normal(size=(6, 2)) + 0.5, rng.integers(3, size=6)
    for dtype in [np.uint8, np.int32]:
        assert agrees(student, rng, x, labels.astype(dtype), 5, 0.5, 1, 4)


def test_all_epochs(student, rng):
    """Training goes on for all its epochs, whatever the loss does.

    Hint: nothing stops early, the learning rate stays as it is, and the last weights are returned.
    """
    x, labels = np.eye(4, 5) + 0.05 * rng.normal(size=(4, 5)), np.array([0, 1, 1, 0])
    # with tiny inputs all samples are right from the first step, and the loss hardly moves; with large ones it vanishes
    assert agrees(student, rng, x / 1024, labels, 2, 0.5, 12, 4)
    assert agrees(student, rng, 4 * x, labels, 2, 0.5, 8, 4)
    # of these labels only the biases can learn anything, and with such steps the loss goes up and down
    assert agrees(student, rng, x / 1024, np.array([0, 0, 1, 0]), 2, 8.0, 5, 4)


def test_large_inputs(student, rng):
    """Large inputs do no harm.

    Hint: after one step the logits are in the thousands. A stable softmax is all that this takes.
    """
    # each sample has a feature of its own, so that after one step every probability is 0 or 1 to the last digit
    x, labels = 128 * np.eye(6, 8)[:, rng.permutation(8)], np.array([0, 1, 2, 0, 1, 0])
    assert agrees(student, rng, x, labels, 3, 0.5, 3, 6)


def test_arguments(student, rng):
    """Arguments may come by name, as slices of larger arrays, and in float32."""
    x, labels = rng.normal(size=(12, 9))[::2, 1::2], np.repeat(rng.permutation(6) % 3, 3)[::3]
    seed = int(rng.integers(2**31))
    expected = reference.train(x, labels, 3, 0.5, 2, 4, np.random.default_rng(seed))
    named = {"batch_size": 4, "epochs": 2, "lr": 0.5, "num_classes": 3, "labels": labels}
    assert close(student.train(rng=np.random.default_rng(seed), x=x, **named), expected, terms=4)
    assert close(student.train(rng=np.random.default_rng(seed), x=x.astype(np.float32), **named), expected, terms=4)


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values.

    Hint: do not shuffle the arrays in place. Pick each batch by its positions.
    """
    x, labels = rng.normal(size=(6, 4)), np.array([0, 2, 1, 0, 2, 1])
    assert unchanged(student.train, x, labels, 3, 0.5, 2, 4, np.random.default_rng(int(rng.integers(2**31))))
    assert agrees(student, rng, x, labels, 3, 0.5, 2, 4)


def test_nothing_is_remembered(student, rng):
    """Training neither goes on from earlier weights nor overwrites them."""
    x, others = rng.normal(size=(2, 5, 3))
    labels, seed = np.array([0, 1, 2, 1, 0]), int(rng.integers(2**31))
    expected = reference.train(x, labels, 3, 0.5, 2, 2, np.random.default_rng(seed))
    held = hold(student.train, x, labels, 3, 0.5, 2, 2, np.random.default_rng(seed))
    assert agrees(student, rng, others, labels, 3, 0.5, 2, 2)
    assert close(held, expected, terms=2)
    assert close(student.train(x, labels, 3, 0.5, 2, 2, np.random.default_rng(seed)), expected, terms=2)
