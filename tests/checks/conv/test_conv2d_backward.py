"""Hidden checks of `conv2d_backward`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import conv as reference

pytestmark = [
    question("conv2d_backward"),
    follow_through(output_size=reference.output_size),
    # Convolutions forward are forbidden in `conv2d_forward`, which is called here too: they are not charged twice.
    forbids(
        "torch.conv_transpose2d",
        "torch.conv_transpose3d",
        "torch.nn.functional.conv_transpose2d",
        "torch.nn.functional.conv_transpose3d",
        "torch.nn.ConvTranspose2d",
        "torch.nn.ConvTranspose3d",
        "torch.nn.grad.conv2d_input",
        "torch.nn.grad.conv2d_weight",
        "torch.nn.grad.conv3d_input",
        "torch.nn.grad.conv3d_weight",
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

# Images (N, C, H, W), filters (F, C, KH, KW), stride, padding.
PLAIN = [((2, 3, 6, 5), (4, 3, 3, 2), 1, 0), ((3, 2, 4, 7), (5, 2, 2, 4), 1, 0), ((2, 4, 5, 8), (5, 4, 3, 3), 1, 0)]
STRIDED = [
    ((2, 3, 7, 8), (5, 3, 3, 2), 2, 0),  # both sides come out even
    ((3, 2, 8, 6), (4, 2, 3, 2), 2, 0),  # a row is left over
    ((3, 2, 7, 7), (4, 2, 3, 2), 2, 0),  # a column is left over
    ((2, 3, 10, 7), (5, 3, 2, 1), 3, 0),  # gaps between the places, and rows left over
]
PADDED = [
    ((2, 3, 4, 6), (5, 3, 3, 2), 1, 1),
    ((3, 2, 5, 4), (2, 2, 4, 3), 1, 2),
    ((2, 3, 5, 8), (6, 3, 2, 3), 2, 1),
    ((3, 2, 6, 4), (5, 2, 3, 4), 3, 2),
    ((2, 3, 2, 5), (4, 3, 3, 2), 1, 1),  # a filter higher than the image
]


def gradients(student, rng, case, dtype=np.float64):
    """Call the student's functions on a drawn layer: what they give, and what was expected."""
    images, filters, stride, padding = case
    x, w = rng.normal(size=images).astype(dtype), rng.normal(size=filters).astype(dtype)
    b = rng.normal(size=filters[0]).astype(dtype)
    out, reference_cache = reference.conv2d_forward(x, w, b, stride, padding)
    dout = rng.normal(size=out.shape).astype(dtype)
    _, cache = student.conv2d_forward(x, w, b, stride, padding)
    expected = tuple(gradient.astype(dtype) for gradient in reference.conv2d_backward(dout, reference_cache))
    return student.conv2d_backward(dout, cache), expected


@visible
def test_bias(student, rng):
    """The gradient of a bias gathers all images and all places.

    Hint: `db` has the shape (F,), and is a sum, not a mean.
    """
    for case in (*PLAIN, STRIDED[1], PADDED[2]):
        (_, _, db), (_, _, expected) = gradients(student, rng, case)
        assert close(db, expected)


def test_filters(student, rng):
    """The gradient of a filter's entry gathers what the entry met at all places of all images.

    Hint: `dw[f, c, u, v]` is a sum over n, i and j of `dout[n, f, i, j]` times one pixel. Which one?
    """
    for case in PLAIN:
        (_, dw, _), (_, expected, _) = gradients(student, rng, case)
        assert close(dw, expected)


def test_images(student, rng):
    """The gradient of a pixel gathers what all filters in all windows that see it send back.

    Hint: where windows overlap, contributions add up. Compare with a difference quotient on a small image.
    """
    for case in PLAIN:
        (dx, _, _), (expected, _, _) = gradients(student, rng, case)
        assert close(dx, expected)


def test_stride(student, rng):
    """With a stride, gradients go to the pixels that were met; those left over or skipped get zero.

    Hint: `dx` has the shape of `x`, with the rows and columns that no window looked at.
    """
    for case in STRIDED:
        (dx, dw, _), expected = gradients(student, rng, case)
        assert close((dx, dw), expected[:2])


def test_padding(student, rng):
    """With padding, `dx` has the shape of the image before padding, and `dw` knows of the zeros.

    Hint: work on the padded image, and cut off what was added at the very end.
    """
    for case in PADDED:
        (dx, dw, _), expected = gradients(student, rng, case)
        assert close((dx, dw), expected[:2])


def test_axes_of_length_one(student, rng):
    """One image, one channel, one filter, one place or a kernel of one pixel are nothing special.

    Hint: each gradient has the shape of the array that it belongs to.
    """
    cases = [
        ((1, 2, 5, 4), (3, 2, 2, 3), 1, 0),
        ((3, 1, 4, 6), (2, 1, 3, 2), 1, 0),
        ((2, 3, 6, 4), (1, 3, 2, 3), 2, 0),
        ((2, 3, 4, 5), (6, 3, 1, 1), 1, 0),
        ((3, 2, 4, 3), (5, 2, 4, 3), 1, 0),
        ((2, 3, 1, 6), (4, 3, 1, 2), 2, 0),
        ((1, 1, 1, 1), (1, 1, 1, 1), 1, 0),
    ]
    for case in cases:
        result, expected = gradients(student, rng, case)
        assert close(result, expected)


def test_single_precision(student, rng):
    """Arrays in float32 are welcome."""
    for case in (PLAIN[0], PADDED[2]):
        result, expected = gradients(student, rng, case, np.float32)
        assert close(result, expected)


def test_memory_order(student, rng):
    """Transposed arrays and slices of larger ones give the same results."""
    x, w = np.asfortranarray(rng.normal(size=(2, 3, 5, 7))), rng.normal(size=(4, 2, 6, 3)).swapaxes(1, 2)[:, ::2]
    b = rng.normal(size=8)[::2]
    out, reference_cache = reference.conv2d_forward(x, w, b, 2, 1)
    _, cache = student.conv2d_forward(x, w, b, stride=2, padding=1)
    n, f, height, width = out.shape
    for dout in (np.asfortranarray(rng.normal(size=out.shape)), rng.normal(size=(2 * n, height, width, f))):
        if dout.shape != out.shape:
            dout = dout[::2].transpose(0, 3, 1, 2)
        assert close(student.conv2d_backward(dout, cache), reference.conv2d_backward(dout, reference_cache))


def test_arguments_stay(student, rng):
    """The upstream gradient keeps its values, and a cache can be used again.

    Hint: what stands in the cache is not a place for notes.
    """
    x, w, b = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    out, reference_cache = reference.conv2d_forward(x, w, b, 2, 1)
    _, cache = student.conv2d_forward(x, w, b, 2, 1)
    first, second = rng.normal(size=out.shape), rng.normal(size=out.shape)
    assert unchanged(student.conv2d_backward, first, cache)
    assert close(student.conv2d_backward(dout=second, cache=cache), reference.conv2d_backward(second, reference_cache))
    assert close(student.conv2d_backward(first, cache), reference.conv2d_backward(first, reference_cache))


def test_nothing_is_remembered(student, rng):
    """Each cache belongs to its own forward pass, and no call overwrites the results of another.

    Hint: everything that the backward pass needs is in the cache, nothing is in variables outside.
    """
    layers = [(rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)) for _ in range(2)]
    caches = [student.conv2d_forward(*layer)[1] for layer in layers]
    dout = rng.normal(size=(2, 4, 4, 4))
    expected = [reference.conv2d_backward(dout, reference.conv2d_forward(*layer)[1]) for layer in layers]
    held = hold(student.conv2d_backward, dout, caches[0])
    assert close(student.conv2d_backward(dout, caches[1]), expected[1])
    for place in range(3):
        assert close(fetch(held[place]), expected[0][place])
