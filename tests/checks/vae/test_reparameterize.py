"""Hidden checks of `reparameterize`."""

import numpy as np

from autograder.checks import close, fetch, hold, question, unchanged, visible
from solutions import vae as reference

pytestmark = question("reparameterize")


def draw(rng, *shape):
    """Random arguments."""
    return 2 * rng.normal(size=shape), rng.uniform(-3, 3, size=shape), rng.normal(size=shape)


@visible
def test_moves_the_noise_into_place(student, rng):
    """Noise is scaled by the standard deviation and shifted by the mean.

    Hint: `logvar` is the logarithm of the variance. What is the standard deviation in terms of it?
    """
    for shape in [(5, 3), (2, 7)]:
        mu, logvar, eps = draw(rng, *shape)
        assert close(student.reparameterize(mu, logvar, eps), reference.reparameterize(mu, logvar, eps))


def test_a_single_image(student, rng):
    """A single image or a single column works too, and the arguments can be named.

    Hint: the result has the shape of `mu`, also when N or Z is 1.
    """
    for shape in [(1, 4), (4, 1), (1, 1)]:
        mu, logvar, eps = draw(rng, *shape)
        z = student.reparameterize(eps=eps, mu=mu, logvar=logvar)
        assert close(z, reference.reparameterize(mu, logvar, eps))


def test_narrow_and_wide(student, rng):
    """Very narrow and very wide distributions are sampled as they are.

    Hint: nothing is clamped and nothing is added to the standard deviation.
    """
    logvar = rng.permuted(np.tile([-40.0, -24.0, -11.0, 0.0, 11.0, 24.0, 60.0], (4, 1)), axis=1)
    mu = rng.integers(-16, 17, size=logvar.shape) / 8
    eps = rng.choice([-1.0, 1.0], size=logvar.shape) * np.where(logvar < 0, 2.0**14, 1.5)
    assert close(student.reparameterize(mu, logvar, eps), reference.reparameterize(mu, logvar, eps))


def test_any_precision_and_layout(student, rng):
    """Arrays of float32 and arrays that are not contiguous give the same values."""
    mu, logvar, eps = (a.astype(np.float32) for a in draw(rng, 6, 4))
    assert close(student.reparameterize(mu, logvar, eps), reference.reparameterize(mu, logvar, eps))
    mu, logvar, eps = draw(rng, 3, 10)
    expected = reference.reparameterize(mu[:, ::2], logvar[:, ::2], eps[:, ::2])
    assert close(student.reparameterize(mu[:, ::2], np.asfortranarray(logvar[:, ::2]), eps[:, ::2]), expected)


def test_leaves_the_arguments(student, rng):
    """The result is right, and the arguments are left as they were.

    Hint: `+=` and `*=` change the array that the caller still holds.
    """
    mu, logvar, eps = draw(rng, 4, 3)
    assert unchanged(student.reparameterize, mu, logvar, eps)
    assert close(student.reparameterize(mu, logvar, eps), reference.reparameterize(mu, logvar, eps))


def test_calls_are_independent(student, rng):
    """One call has no effect on another, nor on its result."""
    one, other = draw(rng, 4, 3), draw(rng, 4, 3)
    first = hold(student.reparameterize, *one)
    assert close(student.reparameterize(*other), reference.reparameterize(*other))
    assert close(fetch(first), reference.reparameterize(*one))
    assert close(student.reparameterize(*one), reference.reparameterize(*one))
