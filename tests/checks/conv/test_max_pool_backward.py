"""Hidden checks of `max_pool_backward`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import conv as reference

pytestmark = [
    question("max_pool_backward"),
    follow_through(output_size=reference.output_size),
    # Pooling forward is forbidden in `max_pool_forward`, which is called here too: it is not charged twice.
    forbids(
        "torch.nn.functional.max_unpool2d",
        "torch.nn.functional.max_unpool3d",
        "torch.nn.MaxUnpool2d",
        "torch.nn.MaxUnpool3d",
        "torch.autograd.grad",
        "torch.autograd.backward",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.vjp",
        "torch.Tensor.backward",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacrev",
        "torch.func.vjp",
    ),
]


def distinct(rng, *shape):
    """Draw images whose entries are all different, about half of them negative, and the same numbers in float32."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) - count // 2) / 8


def agrees(student, rng, x, size, stride):
    """Compare the gradient with the reference's, for a drawn upstream gradient."""
    out, reference_cache = reference.max_pool_forward(x, size, stride)
    dout = rng.normal(size=out.shape).astype(x.dtype)
    _, cache = student.max_pool_forward(x, size, stride)
    expected = reference.max_pool_backward(dout, reference_cache)
    return close(student.max_pool_backward(dout, cache), expected.astype(x.dtype))


@visible
def test_winners(student, rng):
    """The largest entry of each window receives the window's gradient, and the others nothing.

    Hint: the winner's place in row order, divided by the window's side, is its row in the window; the rest its column.
    """
    for shape, size in [((2, 3, 4, 6), 2), ((3, 2, 6, 9), 3), ((2, 4, 8, 4), 4)]:
        assert agrees(student, rng, distinct(rng, *shape), size, size)
    assert agrees(student, rng, 1 + distinct(rng, 2, 3, 6, 4) * 2**-17, 2, 2)  # nearly, but not quite, a tie


def test_overlaps(student, rng):
    """An entry that wins in several windows receives the sum of their gradients.

    Hint: `dx[rows, columns] += dout` with index arrays adds only once where the same place comes twice.
    """
    for shape, size, stride in [((2, 3, 5, 7), 3, 2), ((3, 2, 6, 5), 3, 1), ((2, 3, 4, 6), 2, 1)]:
        assert agrees(student, rng, distinct(rng, *shape), size, stride)


def test_left_over(student, rng):
    """Entries that no window looked at receive zero.

    Hint: `dx` has the shape of `x`, whatever is left over at the end, or between windows with a large stride.
    """
    for height, width, size, stride in [(5, 6, 2, 2), (6, 7, 2, 2), (8, 11, 3, 3), (9, 6, 2, 3)]:
        x = distinct(rng, 2, 3, height, width)
        x[:, :, -1] += 100
        x[:, :, :, -1] += 100
        assert agrees(student, rng, x, size, stride)


def test_ties(student, rng):
    """Of equal entries, the first in row order receives all of the gradient.

    Hint: along the first row from left to right, then along the second. The upper right corner comes before the
    lower left one.
    """
    corners = np.tile([[0.0, 1.0], [1.0, 1.0]], (2, 3, 2, 3))
    assert agrees(student, rng, corners, 2, 2)
    for size, stride in [(2, 2), (3, 2)]:
        assert agrees(student, rng, np.full((2, 3, 5, 6), 0.5), size, stride)
        assert agrees(student, rng, rng.integers(-3, 0, size=(2, 3, 7, 8)) / 4, size, stride)
        assert agrees(student, rng, np.maximum(rng.integers(-8, 4, size=(3, 2, 7, 6)), 0) / 4, size, stride)


def test_axes_of_length_one(student, rng):
    """One image, one channel, one window or windows of one pixel are nothing special."""
    for shape, size, stride in [
        ((1, 2, 4, 7), 2, 2),
        ((3, 1, 6, 4), 2, 2),
        ((2, 3, 4, 5), 1, 1),
        ((2, 3, 5, 4), 1, 2),
        ((2, 3, 4, 4), 4, 4),
        ((2, 3, 3, 5), 3, 2),
        ((1, 1, 1, 1), 1, 1),
    ]:
        assert agrees(student, rng, distinct(rng, *shape), size, stride)


def test_negative(student, rng):
    """Images of negative entries have winners, too."""
    x = distinct(rng, 2, 3, 7, 5) - 1000
    assert agrees(student, rng, x, 2, 2)
    assert agrees(student, rng, x, 3, 1)
    assert agrees(student, rng, x * 2**13, 2, 2)


def test_single_precision(student, rng):
    """Images and gradients in float32 are welcome."""
    assert agrees(student, rng, distinct(rng, 3, 2, 7, 6).astype(np.float32), 3, 2)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    images = [
        np.asfortranarray(distinct(rng, 2, 3, 6, 8)),
        distinct(rng, 4, 6, 12, 14)[::2, ::2, ::2, 1::2],
        distinct(rng, 2, 3, 8, 6).swapaxes(2, 3),
    ]
    for x in images:
        out, reference_cache = reference.max_pool_forward(x, 2, 2)
        _, cache = student.max_pool_forward(x, size=2, stride=2)
        n, c, height, width = out.shape
        for dout in (np.asfortranarray(rng.normal(size=out.shape)), rng.normal(size=(width, 2 * n, height, c)).T):
            if dout.shape != out.shape:
                dout = dout.transpose(2, 0, 1, 3)[::2]
            assert close(student.max_pool_backward(dout, cache), reference.max_pool_backward(dout, reference_cache))


def test_arguments_stay(student, rng):
    """The upstream gradient keeps its values, and a cache can be used again.

    Hint: what stands in the cache is not a place for notes.
    """
    x = distinct(rng, 2, 3, 7, 6)
    out, reference_cache = reference.max_pool_forward(x, 3, 2)
    _, cache = student.max_pool_forward(x, 3, 2)
    first, second = rng.normal(size=out.shape), rng.normal(size=out.shape)
    assert unchanged(student.max_pool_backward, first, cache)
    expected = reference.max_pool_backward(second, reference_cache)
    assert close(student.max_pool_backward(dout=second, cache=cache), expected)
    expected = reference.max_pool_backward(first, reference_cache)
    assert close(student.max_pool_backward(first, cache), expected)


def test_nothing_is_remembered(student, rng):
    """Each cache belongs to its own forward pass, and no call overwrites the results of another.

    Hint: everything that the backward pass needs is in the cache, nothing is in variables outside.
    """
    images = distinct(rng, 2, 2, 3, 6, 4)
    caches = [student.max_pool_forward(x, 2, 2)[1] for x in images]
    dout = rng.normal(size=(2, 3, 3, 2))
    expected = [reference.max_pool_backward(dout, reference.max_pool_forward(x, 2, 2)[1]) for x in images]
    held = hold(student.max_pool_backward, dout, caches[0])
    assert close(student.max_pool_backward(dout, caches[1]), expected[1])
    assert close(fetch(held), expected[0])
