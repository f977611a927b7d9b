"""Hidden checks of `softmax_regression_gradients`."""

import numpy as np

from autograder.checks import close, follow_through, forbids, hold, question, unchanged, visible
from solutions import softmax as reference

pytestmark = [
    question("softmax_regression_gradients"),
    follow_through(softmax=reference.softmax, log_softmax=reference.log_softmax, cross_entropy=reference.cross_entropy),
    forbids(
        "torch.autograd.grad",
        "torch.autograd.backward",
        "torch.Tensor.backward",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.jvp",
        "torch.autograd.functional.vjp",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.jvp",
        "torch.func.vjp",
    ),
]


def problem(rng, n, d, k):
    """Draw a batch, weights, biases and labels, of which the last class is never one unless there are but two."""
    labels = rng.integers(max(k - 1, 2), size=n)
    return rng.normal(size=(n, d)) + 0.5, rng.normal(size=(d, k)), rng.normal(size=k), labels


def one_of_two(result, place):
    """Return one item of a tuple of two, and anything else as it is, for `close` to say what it is."""
    return result[place] if isinstance(result, tuple) and len(result) == 2 else result


@visible
def test_gradient_of_weights(student, rng):
    """`dw` is the gradient of the mean loss with respect to `w`.

    Hint: what the model says minus what is true, divided by the number of samples; then a product of matrices whose
    shape is that of `w`.
    """
    for n, d, k in [(2, 4, 3), (7, 3, 5), (5, 1, 4), (1, 6, 3), (6, 4, 2)]:
        x, w, b, labels = problem(rng, n, d, k)
        expected, _ = reference.softmax_regression_gradients(x, w, b, labels)
        result = student.softmax_regression_gradients(x, w, b, labels)
        assert close(one_of_two(result, 0), expected, terms=n)


def test_gradient_of_biases(student, rng):
    """`db` is the gradient of the mean loss with respect to `b`.

    Hint: every sample in the batch adds its share, and the shape is that of `b`.
    """
    for n, d, k in [(2, 4, 3), (7, 3, 5), (5, 1, 4), (1, 6, 3), (6, 4, 2)]:
        x, w, b, labels = problem(rng, n, d, k)
        _, expected = reference.softmax_regression_gradients(x, w, b, labels)
        result = student.softmax_regression_gradients(x, w, b, labels)
        assert close(one_of_two(result, 1), expected, terms=n)


def test_names_and_label_types(student, rng):
    """Arguments may come by name, labels in any integer type.

    Hint: the number of classes is the number of columns of `w`, whatever the labels are.
    """
    x, w, b, labels = problem(rng, 6, 3, 4)
    expected = reference.softmax_regression_gradients(x, w, b, labels)
    for dtype in [np.uint8, np.int8, np.int16, np.int32]:
        assert close(
            student.softmax_regression_gradients(labels=labels.astype(dtype), b=b, w=w, x=x), expected, terms=6
        )


def test_large_logits(student, rng):
    """Logits may be large.

    Hint: a stable softmax is all that this takes.
    """
    x = np.round(rng.normal(size=(6, 4)) * 4) / 4
    w = np.round(rng.normal(size=(4, 3)) * 4) / 4
    labels = rng.integers(3, size=6)
    far_apart, one_large = w.copy(), np.array([1e4, 0.0, -1e4])
    x[:, 0] = [1, 0, -1, 1, 0, -1]
    far_apart[0] += 1e4  # moves all logits of a row together: up, not at all, or down
    for weights, b in [(far_apart, np.zeros(3)), (w, one_large)]:
        expected = reference.softmax_regression_gradients(x, weights, b, labels)
        assert close(student.softmax_regression_gradients(x, weights, b, labels), expected, terms=6, condition=1e4)


def test_large_inputs(student, rng):
    """Gradients may be large.

    Hint: the gradient is what it is. It is not clipped, scaled or normalised.
    """
    x, w, b, labels = problem(rng, 5, 3, 4)
    expected = reference.softmax_regression_gradients(128 * x, w / 128, b, labels)
    assert close(student.softmax_regression_gradients(128 * x, w / 128, b, labels), expected, terms=5, condition=128)


def test_single_precision(student, rng):
    """Arguments in float32 are welcome."""
    x, w, b, labels = problem(rng, 5, 4, 3)
    x, w, b = x.astype(np.float32), w.astype(np.float32), b.astype(np.float32)
    expected = reference.softmax_regression_gradients(x, w, b, labels)
    assert close(student.softmax_regression_gradients(x, w, b, labels), expected, terms=5)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    x, w, b, labels = problem(rng, 12, 8, 10)
    for arguments in [
        (np.asfortranarray(x), np.asfortranarray(w), b, labels),
        (x[::2, 1::3], w[:3, 1::2], b[::2], labels[::2] % 5),
    ]:
        expected = reference.softmax_regression_gradients(*arguments)
        assert close(student.softmax_regression_gradients(*arguments), expected, terms=12)


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values."""
    arguments = problem(rng, 3, 5, 4)
    expected = reference.softmax_regression_gradients(*arguments)
    assert unchanged(student.softmax_regression_gradients, *arguments)
    assert close(student.softmax_regression_gradients(*arguments), expected, terms=3)


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results."""
    first, second = problem(rng, 5, 3, 4), problem(rng, 5, 3, 4)
    held = hold(student.softmax_regression_gradients, *first)
    assert close(
        student.softmax_regression_gradients(*second), reference.softmax_regression_gradients(*second), terms=5
    )
    assert close(held, reference.softmax_regression_gradients(*first), terms=5)
    assert close(student.softmax_regression_gradients(*first), reference.softmax_regression_gradients(*first), terms=5)
