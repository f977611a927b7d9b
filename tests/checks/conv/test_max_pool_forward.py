"""Hidden checks of `max_pool_forward`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import conv as reference

pytestmark = [
    question("max_pool_forward"),
    follow_through(output_size=reference.output_size),
    forbids(
        "torch.max_pool2d",
        "torch.max_pool3d",
        "torch.nn.functional.max_pool2d",
        "torch.nn.functional.max_pool2d_with_indices",
        "torch.nn.functional.max_pool3d",
        "torch.nn.functional.max_pool3d_with_indices",
        "torch.nn.functional.adaptive_max_pool2d",
        "torch.nn.functional.adaptive_max_pool2d_with_indices",
        "torch.nn.functional.fractional_max_pool2d",
        "torch.nn.MaxPool2d",
        "torch.nn.MaxPool3d",
        "torch.nn.AdaptiveMaxPool2d",
    ),
]


def agrees(student, x, size, stride):
    """Compare the output with the reference's."""
    expected, _ = reference.max_pool_forward(x, size, stride)
    out, _ = student.max_pool_forward(x, size, stride)
    return close(out, expected.astype(x.dtype))


@visible
def test_windows(student, rng):
    """Each window of each channel of each image gives its largest entry.

    Hint: the output has the shape (N, C, OH, OW). Channels are not mixed.
    """
    for shape, size in [((2, 3, 4, 6), 2), ((3, 2, 6, 9), 3), ((2, 4, 8, 4), 4)]:
        assert agrees(student, rng.normal(size=shape), size, size)


def test_size_and_stride_differ(student, rng):
    """Windows may overlap, or have gaps between them.

    Hint: `size` is how large a window is, `stride` how far it is to the next one.
    """
    for height, width, size, stride in [(5, 7, 3, 2), (6, 5, 3, 1), (7, 10, 2, 4), (9, 6, 1, 2)]:
        assert agrees(student, rng.normal(size=(2, 3, height, width)), size, stride)
    x = rng.normal(size=(2, 3, 7, 5))
    expected, _ = reference.max_pool_forward(x, 3, 2)
    out, _ = student.max_pool_forward(stride=2, size=3, x=x)
    assert close(out, expected)


def test_left_over(student, rng):
    """Rows and columns that are left over at the end are not used.

    Hint: there is no padding, and a window that does not fit is none. Compare the shape with `output_size`.
    """
    for height, width, size, stride in [(5, 6, 2, 2), (6, 7, 2, 2), (8, 11, 3, 3), (8, 6, 3, 2)]:
        x = rng.normal(size=(3, 2, height, width))
        x[:, :, -1] += 10
        x[:, :, :, -1] += 10
        assert agrees(student, x, size, stride)


def test_negative(student, rng):
    """The largest of negative entries is negative.

    Hint: what does the search for the largest entry start from?
    """
    x = -rng.integers(1, 80, size=(2, 3, 7, 5)) / 8
    assert agrees(student, x, 2, 2)
    assert agrees(student, x, 3, 2)
    assert agrees(student, x * 2**20, 2, 3)


def test_axes_of_length_one(student, rng):
    """One image, one channel, one window or windows of one pixel are nothing special.

    Hint: the output always has four axes.
    """
    for shape, size, stride in [
        ((1, 2, 4, 7), 2, 2),
        ((3, 1, 6, 4), 2, 2),
        ((2, 3, 4, 5), 1, 1),
        ((2, 3, 4, 4), 4, 4),
        ((2, 3, 3, 5), 3, 2),
        ((1, 1, 1, 1), 1, 1),
    ]:
        assert agrees(student, rng.normal(size=shape), size, stride)


def test_single_precision(student, rng):
    """Images in float32 are welcome."""
    x = rng.normal(size=(3, 2, 7, 6)).astype(np.float32)
    assert agrees(student, x, 2, 2)
    assert agrees(student, x, 3, 2)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    assert agrees(student, np.asfortranarray(rng.normal(size=(2, 3, 6, 8))), 2, 2)
    x = rng.normal(size=(4, 6, 12, 14))
    assert agrees(student, x[::2, ::2, ::2, 1::2], 3, 2)
    assert agrees(student, x[1::2, :3, :8, :6].swapaxes(2, 3), 2, 2)


def test_argument_stays(student, rng):
    """The result is right, and the images keep their values."""
    x = rng.normal(size=(2, 3, 7, 6))
    assert unchanged(student.max_pool_forward, x, 2, 2)
    assert unchanged(student.max_pool_forward, x, size=3, stride=1)
    assert agrees(student, x, 2, 2)
    assert agrees(student, x, 3, 1)


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results."""
    first, second = rng.normal(size=(2, 2, 3, 5, 6))
    expected, _ = reference.max_pool_forward(first, 2, 2)
    held = hold(student.max_pool_forward, first, 2, 2)
    assert agrees(student, second, 2, 2)
    assert close(fetch(held[0]), expected)
    assert agrees(student, first, 2, 2)
