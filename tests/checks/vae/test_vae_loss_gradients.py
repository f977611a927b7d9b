"""Hidden checks of `vae_loss_gradients`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import vae as reference

pytestmark = [
    question("vae_loss_gradients"),
    forbids(
        "torch.Tensor.backward",
        "torch.autograd.backward",
        "torch.autograd.grad",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.vjp",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.jvp",
        "torch.func.vjp",
    ),
]


def draw(rng, *shape):
    """Random arguments."""
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.3, 3, size=shape), rng.uniform(-3, 3, size=shape)


@visible
def test_gradients_of_the_divergence(student, rng):
    """Both gradients are those of the divergence, one number per entry.

    Hint: differentiate one summand of your formula, once by mu, once by logvar.
    """
    for shape in [(5, 3), (2, 7)]:
        mu, logvar = draw(rng, *shape)
        assert close(student.vae_loss_gradients(mu, logvar), reference.vae_loss_gradients(mu, logvar))


def test_the_average_over_the_batch(student, rng):
    """The more images there are, the less each of them counts.

    Hint: the divergence is averaged over N. What does that do to the derivative by one entry?
    """
    mu, logvar = draw(rng, 1, 3)
    single = mu[:, :1], logvar[:, :1]
    assert close(student.vae_loss_gradients(*single), reference.vae_loss_gradients(*single))
    dmu, dlogvar = reference.vae_loss_gradients(mu, logvar)
    for n in (1, 2, 6):
        gradients = student.vae_loss_gradients(np.tile(mu, (n, 1)), np.tile(logvar, (n, 1)))
        assert close(gradients, (np.tile(dmu / n, (n, 1)), np.tile(dlogvar / n, (n, 1))))


def test_beta(student, rng):
    """Beta multiplies both gradients, whatever its value.

    Hint: a beta of zero leaves no force at all.
    """
    mu, logvar = draw(rng, 3, 4)
    for beta in (0.25, 4.0, 3, 0.0, 0):
        expected = reference.vae_loss_gradients(mu, logvar, beta)
        assert close(student.vae_loss_gradients(mu, logvar, beta), expected)
        assert close(student.vae_loss_gradients(logvar=logvar, beta=beta, mu=mu), expected)


def test_at_the_prior(student):
    """At the standard normal there is no force, and narrower codes are widened."""
    zero = np.zeros((3, 2))
    assert close(student.vae_loss_gradients(zero, zero), (zero, zero))
    assert close(student.vae_loss_gradients(zero, zero - 60.0), (zero, zero - 1 / 6))


def test_narrow_and_wide(student, rng):
    """Very narrow and very wide distributions get the gradient they should.

    Hint: nothing is clamped.
    """
    logvar = rng.permuted(np.tile([-60.0, -24.0, -11.0, 11.0, 24.0, 40.0], (4, 1)), axis=1)
    mu = rng.choice([-1000.0, -0.5, 0.125, 64.0], size=logvar.shape)
    assert close(student.vae_loss_gradients(mu, logvar), reference.vae_loss_gradients(mu, logvar))


def test_any_precision_and_layout(student, rng):
    """Arrays of float32 and arrays that are not contiguous give the same values."""
    mu, logvar = (a.astype(np.float32) for a in draw(rng, 6, 4))
    assert close(student.vae_loss_gradients(mu, logvar), reference.vae_loss_gradients(mu, logvar))
    mu, logvar = draw(rng, 3, 10)
    expected = reference.vae_loss_gradients(mu[:, ::2], logvar[:, ::2])
    assert close(student.vae_loss_gradients(mu[:, ::2], np.asfortranarray(logvar[:, ::2])), expected)


def test_leaves_the_arguments(student, rng):
    """The results are right, and the arguments are left as they were.

    Hint: `+=` and `*=` change the array that the caller still holds.
    """
    mu, logvar = draw(rng, 4, 3)
    assert unchanged(student.vae_loss_gradients, mu, logvar, 2.0)
    assert close(student.vae_loss_gradients(mu, logvar, 2.0), reference.vae_loss_gradients(mu, logvar, 2.0))


def test_calls_are_independent(student, rng):
    """One call has no effect on another, nor on its results."""
    one, other = draw(rng, 4, 3), draw(rng, 4, 3)
    first = hold(student.vae_loss_gradients, *one, 2.0)
    assert close(student.vae_loss_gradients(*other), reference.vae_loss_gradients(*other))
    assert close(fetch(first), reference.vae_loss_gradients(*one, 2.0))
    assert close(student.vae_loss_gradients(*one, 2.0), reference.vae_loss_gradients(*one, 2.0))
