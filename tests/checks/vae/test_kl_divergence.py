"""Hidden checks of `kl_divergence`."""

import numpy as np

from autograder.checks import close, forbids, question, unchanged, visible
from solutions import vae as reference

pytestmark = [
    question("kl_divergence"),
    forbids(
        "torch.distributions.kl_divergence",
        "torch.distributions.kl.kl_divergence",
        "torch.nn.functional.kl_div",
        "torch.nn.KLDivLoss",
    ),
]


def draw(rng, *shape):
    """Random arguments."""
    return 1.5 * rng.normal(size=shape), rng.uniform(-3, 3, size=shape)


@visible
def test_sums_over_the_code_and_averages_over_the_batch(student, rng):
    """The divergence is summed over the latent dimensions and averaged over the images.

    Hint: work the table of the notebook by hand, first with two equal rows, then with two equal columns.
    """
    for shape in [(5, 3), (2, 7)]:
        mu, logvar = draw(rng, *shape)
        assert close(student.kl_divergence(mu, logvar), reference.kl_divergence(mu, logvar))


def test_a_single_image(student, rng):
    """A single image or a single column works too, and the arguments can be named."""
    for shape in [(1, 4), (6, 1), (1, 1)]:
        mu, logvar = draw(rng, *shape)
        assert close(student.kl_divergence(logvar=logvar, mu=mu), reference.kl_divergence(mu, logvar))


def test_repeated_rows_and_columns(student, rng):
    """Repeating the batch changes nothing, and repeating the dimensions of the code doubles the divergence."""
    mu, logvar = draw(rng, 3, 4)
    expected = reference.kl_divergence(mu, logvar)
    assert close(student.kl_divergence(np.tile(mu, (3, 1)), np.tile(logvar, (3, 1))), expected)
    assert close(student.kl_divergence(np.tile(mu, (1, 2)), np.tile(logvar, (1, 2))), 2 * expected)


def test_close_to_the_prior(student, rng):
    """It vanishes at the standard normal, and is small but right beside it."""
    zero = np.zeros((3, 2))
    assert close(student.kl_divergence(zero, zero), 0.0)
    mu = rng.choice([-1 / 16, 1 / 16], size=(3, 1))
    assert close(student.kl_divergence(mu, np.zeros((3, 1))), 1 / 512)


def test_narrow_and_wide(student, rng):
    """Very narrow, very wide and far distributions are measured as they are.

    Hint: the logarithm of the variance is given. It needs neither a clamp nor a small number added.
    """
    narrow = rng.permuted(np.tile([-60.0, -24.0, -11.0], (4, 1)), axis=1)
    mu = rng.integers(-16, 17, size=narrow.shape) / 8
    assert close(student.kl_divergence(mu, narrow), reference.kl_divergence(mu, narrow))
    wide = rng.permuted(np.tile([11.0, 1.0], (3, 1)), axis=1)
    assert close(student.kl_divergence(mu[:3, :2], wide), reference.kl_divergence(mu[:3, :2], wide))
    wide = rng.permuted(np.tile([24.0, 40.0], (3, 1)), axis=1)
    assert close(student.kl_divergence(mu[:3, :2], wide), reference.kl_divergence(mu[:3, :2], wide))
    far = rng.choice([-1000.0, 1000.0], size=(2, 3))
    assert close(student.kl_divergence(far, np.zeros((2, 3))), 1.5e6)


def test_any_precision_and_layout(student, rng):
    """Arrays of float32 and arrays that are not contiguous give the same value."""
    mu, logvar = (a.astype(np.float32) for a in draw(rng, 6, 4))
    assert close(student.kl_divergence(mu, logvar), reference.kl_divergence(mu, logvar))
    mu, logvar = draw(rng, 3, 10)
    expected = reference.kl_divergence(mu[:, ::2], logvar[:, ::2])
    assert close(student.kl_divergence(mu[:, ::2], np.asfortranarray(logvar[:, ::2])), expected)


def test_leaves_the_arguments(student, rng):
    """The arguments are left as they were, and a second call gives the same number.

    Hint: `+=` and `*=` change the array that the caller still holds.
    """
    one, other = draw(rng, 4, 3), draw(rng, 4, 3)
    assert unchanged(student.kl_divergence, *one)
    for mu, logvar in [one, other, one]:
        assert close(student.kl_divergence(mu, logvar), reference.kl_divergence(mu, logvar))
