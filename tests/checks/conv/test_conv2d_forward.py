"""Hidden checks of `conv2d_forward`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import conv as reference

pytestmark = [
    question("conv2d_forward"),
    follow_through(output_size=reference.output_size),
    forbids(
        "torch.conv1d",
        "torch.conv2d",
        "torch.conv3d",
        "torch.convolution",
        "torch.conv_transpose1d",
        "torch.conv_transpose2d",
        "torch.conv_transpose3d",
        "torch.nn.functional.conv1d",
        "torch.nn.functional.conv2d",
        "torch.nn.functional.conv3d",
        "torch.nn.functional.conv_transpose1d",
        "torch.nn.functional.conv_transpose2d",
        "torch.nn.functional.conv_transpose3d",
        "torch.nn.Conv1d",
        "torch.nn.Conv2d",
        "torch.nn.Conv3d",
        "torch.nn.LazyConv1d",
        "torch.nn.LazyConv2d",
        "torch.nn.LazyConv3d",
        "torch.nn.ConvTranspose1d",
        "torch.nn.ConvTranspose2d",
        "torch.nn.ConvTranspose3d",
    ),
]


def layer(rng, images, filters):
    """Draw images (N, C, H, W), filters (F, C, KH, KW) and biases (F,)."""
    return rng.normal(size=images), rng.normal(size=filters), rng.normal(size=filters[0]) + 2


def agrees(student, x, w, b, *args, **kwargs):
    """Compare the output with the reference's."""
    expected, _ = reference.conv2d_forward(x, w, b, *args, **kwargs)
    out, _ = student.conv2d_forward(x, w, b, *args, **kwargs)
    return close(out, expected.astype(x.dtype))


@visible
def test_every_filter_at_every_place(student, rng):
    """Each filter meets each image at every place, and adds its bias.

    Hint: take the formula at its word for one n, f, i and j. The filter is not flipped; it has KH rows and KW columns.
    """
    for images, filters in [((2, 3, 6, 5), (4, 3, 3, 2)), ((3, 2, 4, 7), (5, 2, 2, 4)), ((2, 4, 5, 8), (3, 4, 3, 3))]:
        assert agrees(student, *layer(rng, images, filters))


def test_axes_of_length_one(student, rng):
    """One image, one channel, one filter, one place or a kernel of one pixel are nothing special.

    Hint: the output always has four axes.
    """
    shapes = [
        ((1, 2, 5, 4), (3, 2, 2, 3)),
        ((3, 1, 4, 6), (2, 1, 3, 2)),
        ((2, 3, 6, 4), (1, 3, 2, 3)),
        ((2, 3, 4, 5), (6, 3, 1, 1)),
        ((3, 2, 4, 3), (5, 2, 4, 3)),
        ((2, 3, 1, 6), (4, 3, 1, 2)),
        ((1, 1, 1, 1), (1, 1, 1, 1)),
    ]
    for images, filters in shapes:
        assert agrees(student, *layer(rng, images, filters))


def test_stride(student, rng):
    """With a stride the filter skips places, downwards and to the right; what is left over is not used.

    Hint: the place (i, j) starts at row `stride * i` and column `stride * j`.
    """
    for height, width, stride in [(7, 9, 2), (8, 5, 2), (6, 9, 2), (10, 6, 3), (5, 8, 4)]:
        assert agrees(student, *layer(rng, (2, 3, height, width), (4, 3, 3, 2)), stride)


def test_padding(student, rng):
    """Padding surrounds each image with zeros on all four sides.

    Hint: only the height and the width are padded, by `padding` at each end.
    """
    for filters, padding in [((4, 3, 3, 2), 1), ((2, 3, 2, 4), 1), ((5, 3, 3, 4), 2)]:
        x, w, b = layer(rng, (2, 3, 4, 6), filters)
        assert agrees(student, x + 3, w, b, 1, padding)
    assert agrees(student, *layer(rng, (2, 3, 2, 5), (4, 3, 3, 2)), 1, 1)


def test_stride_and_padding(student, rng):
    """Stride and padding work together, given by position or by name.

    Hint: pad first. The signature is `conv2d_forward(x, w, b, stride=1, padding=0)`.
    """
    x, w, b = layer(rng, (2, 3, 7, 6), (4, 3, 4, 3))
    for stride, padding in [(2, 1), (1, 2), (3, 2), (2, 2)]:
        assert agrees(student, x, w, b, stride, padding)
    assert agrees(student, x, w, b, padding=1, stride=3)
    assert agrees(student, x, w, b, padding=2)
    expected, _ = reference.conv2d_forward(x, w, b, 2)
    out, _ = student.conv2d_forward(stride=2, b=b, w=w, x=x)
    assert close(out, expected)


def test_single_precision(student, rng):
    """Arrays in float32 are welcome."""
    x, w, b = (array.astype(np.float32) for array in layer(rng, (3, 2, 5, 6), (4, 2, 2, 3)))
    assert agrees(student, x, w, b)
    assert agrees(student, x, w, b, 2, 1)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    x, w, b = layer(rng, (2, 3, 5, 7), (4, 3, 2, 3))
    assert agrees(student, np.asfortranarray(x), np.asfortranarray(w), b, 2, 1)
    x, w, b = layer(rng, (4, 6, 12, 9), (10, 6, 2, 7))
    assert agrees(student, x[::2, ::2, ::2, 1::2], w[::2, ::2, :, ::3], b[::2])
    assert agrees(student, x[1::2, :2].swapaxes(2, 3), w[:3, 1:3].swapaxes(2, 3), b[:3])


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values."""
    x, w, b = layer(rng, (2, 3, 5, 6), (4, 3, 3, 2))
    assert unchanged(student.conv2d_forward, x, w, b)
    assert unchanged(student.conv2d_forward, x, w, b, stride=2, padding=1)
    assert agrees(student, x, w, b)
    assert agrees(student, x, w, b, 2, 1)


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results."""
    first, second = layer(rng, (2, 3, 5, 6), (4, 3, 3, 2)), layer(rng, (2, 3, 5, 6), (4, 3, 3, 2))
    expected, _ = reference.conv2d_forward(*first)
    held = hold(student.conv2d_forward, *first)
    assert agrees(student, *second)
    assert close(fetch(held[0]), expected)
    assert agrees(student, *first)
