"""Hidden checks of `reconstruction_loss`."""

import numpy as np

from autograder.checks import close, forbids, question, unchanged, visible
from solutions import vae as reference

pytestmark = [
    question("reconstruction_loss"),
    forbids(
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.BCELoss",
        "torch.nn.BCEWithLogitsLoss",
        "torch.binary_cross_entropy_with_logits",
        "torch.distributions.Bernoulli",
        "sklearn.metrics.log_loss",
    ),
]


def draw(rng, *shape):
    """Random arguments."""
    return rng.integers(0, 2, size=shape).astype(float), rng.uniform(0.03, 0.97, size=shape)


@visible
def test_sums_over_the_pixels_and_averages_over_the_batch(student, rng):
    """The cross-entropy is summed over the pixels and averaged over the images.

    Hint: it is a sum over D first, then a mean over N.
    """
    for shape in [(5, 12), (7, 3)]:
        x, x_hat = draw(rng, *shape)
        assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))


def test_grey_pixels(student, rng):
    """Grey pixels count in proportion.

    Hint: use `x` as it comes, without rounding it; both terms of the formula matter for every pixel.
    """
    for shape in [(4, 9), (6, 5)]:
        x, x_hat = rng.uniform(0.05, 0.95, size=shape), rng.uniform(0.03, 0.97, size=shape)
        assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))
        assert close(student.reconstruction_loss(x, x), reference.reconstruction_loss(x, x))


def test_a_single_image(student, rng):
    """A single image or a single column works too, and the arguments can be named."""
    for shape in [(1, 6), (5, 1), (1, 1)]:
        x, x_hat = rng.uniform(size=shape), rng.uniform(0.1, 0.9, size=shape)
        assert close(student.reconstruction_loss(x_hat=x_hat, x=x), reference.reconstruction_loss(x, x_hat))


def test_certain_and_right(student, rng):
    """Pixels that are predicted with certainty, and rightly, cost nothing.

    Hint: zero times infinity is not a number. The prompt says what becomes of the logarithm of zero.
    """
    x = rng.integers(0, 2, size=(3, 6)).astype(float)
    x[0, :2] = [0.0, 1.0]
    assert close(student.reconstruction_loss(x, x), 0.0)
    x, x_hat = np.ones((2, 1)), np.full((2, 1), 1 - 2.0**-9)
    assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))


def test_certain_and_wrong(student, rng):
    """Pixels that are predicted with certainty, and wrongly, cost exactly what the clamp says.

    Hint: the logarithm is clamped at -100; nothing is added to the probabilities, and they are not clipped.
    """
    x = rng.integers(0, 2, size=(3, 7)).astype(float)
    x[0, :2] = [0.0, 1.0]
    assert close(student.reconstruction_loss(x, 1 - x), 700.0)
    assert close(student.reconstruction_loss(np.zeros((3, 2)), np.ones((3, 2))), 200.0)
    assert close(student.reconstruction_loss(np.ones((3, 4)), np.zeros((3, 4))), 400.0)


def test_certain_about_grey(student, rng):
    """Grey pixels that are predicted with certainty cost their share."""
    x = rng.integers(1, 8, size=(4, 6)) / 8
    for certain in (0.0, 1.0):
        x_hat = np.full(x.shape, certain)
        assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))
    x_hat = np.where(rng.random(x.shape) < 0.5, 0.25, rng.integers(0, 2, size=x.shape))
    x_hat[0, :3] = [0.0, 1.0, 0.25]
    assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))


def test_nearly_certain(student, rng):
    """Probabilities very close to 0 or 1 keep their own logarithm, down to the clamp.

    Hint: the clamp is on the logarithm, from below, wherever it falls below -100.
    """
    x = rng.integers(1, 8, size=(3, 4)) / 8
    for power in (-20, -60, -130, -170):
        x_hat = np.full(x.shape, 2.0**power)
        assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))
    x_hat = np.full(x.shape, 1 - 2.0**-20)
    assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))


def test_any_precision_and_layout(student, rng):
    """Arrays of float32 and arrays that are not contiguous give the same value."""
    x, x_hat = (a.astype(np.float32) for a in draw(rng, 6, 10))
    assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))
    x, x_hat = draw(rng, 4, 14)
    expected = reference.reconstruction_loss(x[:, ::2], x_hat[:, ::2])
    assert close(student.reconstruction_loss(x[:, ::2], np.asfortranarray(x_hat[:, ::2])), expected)


def test_leaves_the_arguments(student, rng):
    """The arguments are left as they were, and a second call gives the same number.

    Hint: clip into a new array, not into the caller's.
    """
    one, other = draw(rng, 4, 6), draw(rng, 4, 6)
    one[1][0, :3], other[1][1, :3] = [0.0, 1.0, 0.5], [1.0, 0.25, 0.0]
    assert unchanged(student.reconstruction_loss, *one)
    for x, x_hat in [one, other, one]:
        assert close(student.reconstruction_loss(x, x_hat), reference.reconstruction_loss(x, x_hat))
