"""Hidden checks of `vae_loss`."""

import numpy as np

from autograder.checks import close, follow_through, forbids, question, unchanged, visible
from solutions import vae as reference

pytestmark = [
    question("vae_loss"),
    follow_through(kl_divergence=reference.kl_divergence, reconstruction_loss=reference.reconstruction_loss),
    forbids(
        "torch.distributions.kl_divergence",
        "torch.distributions.kl.kl_divergence",
        "torch.nn.functional.kl_div",
        "torch.nn.KLDivLoss",
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.BCELoss",
        "torch.nn.BCEWithLogitsLoss",
        "torch.binary_cross_entropy_with_logits",
        "torch.distributions.Bernoulli",
        "sklearn.metrics.log_loss",
    ),
]


def draw(rng, n, d, z):
    """Random arguments."""
    x, x_hat = rng.uniform(0.05, 0.95, size=(n, d)), rng.uniform(0.03, 0.97, size=(n, d))
    return x, x_hat, 1 + rng.random(size=(n, z)), rng.uniform(-3, -1, size=(n, z))


@visible
def test_one_times_each_by_default(student, rng):
    """Without beta the loss is the reconstruction plus the divergence."""
    for n, d, z in [(5, 12, 3), (3, 8, 4), (1, 6, 2), (4, 2, 7)]:
        x, x_hat, mu, logvar = draw(rng, n, d, z)
        assert close(student.vae_loss(x, x_hat, mu, logvar), reference.vae_loss(x, x_hat, mu, logvar))


def test_beta_weighs_the_divergence(student, rng):
    """Beta weighs the divergence and nothing else, also when it is small, large or a whole number.

    Hint: change beta by one. By how much must the loss change?
    """
    x, x_hat, mu, logvar = draw(rng, 4, 9, 3)
    for beta in (0.25, 4.0, 3, 50.0):
        expected = reference.vae_loss(x, x_hat, mu, logvar, beta)
        assert close(student.vae_loss(x, x_hat, mu, logvar, beta), expected)
        assert close(student.vae_loss(x, x_hat, mu, logvar, beta=beta), expected)


def test_beta_of_zero(student, rng):
    """With a beta of zero the reconstruction alone is left.

    Hint: zero is a number like any other; take care with `if beta` and `beta or ...`.
    """
    x, x_hat, mu, logvar = draw(rng, 3, 7, 2)
    for beta in (0.0, 0):
        expected = reference.reconstruction_loss(x, x_hat)
        assert close(student.vae_loss(x=x, x_hat=x_hat, mu=mu, logvar=logvar, beta=beta), expected)


def test_extremes(student, rng):
    """Pixels predicted with certainty, and very narrow and very wide codes, are taken as they are."""
    x = rng.integers(0, 9, size=(3, 6)) / 8
    x[0, :2] = [0.0, 1.0]
    x_hat = np.zeros(x.shape)
    x_hat[:, ::2] = 1.0
    mu, logvar = rng.integers(-16, 17, size=(3, 2)) / 8, np.tile([-60.0, -24.0], (3, 1))
    for probabilities in (x_hat, 1 - x_hat):
        expected = reference.vae_loss(x, probabilities, mu, logvar, 2.0)
        assert close(student.vae_loss(x, probabilities, mu, logvar, 2.0), expected)
    logvar = np.tile([24.0, 40.0], (3, 1))
    assert close(student.vae_loss(x, x_hat, mu, logvar), reference.vae_loss(x, x_hat, mu, logvar))


def test_close_to_perfect(student, rng):
    """A loss that is nearly zero is still right."""
    x, x_hat = np.ones((2, 1)), np.full((2, 1), 1 - 2.0**-9)
    zero = np.zeros((2, 3))
    assert close(student.vae_loss(x, x_hat, zero, zero), reference.vae_loss(x, x_hat, zero, zero))
    mu = rng.choice([-1 / 16, 1 / 16], size=(3, 1))
    assert close(student.vae_loss(np.ones((3, 2)), np.ones((3, 2)), mu, np.zeros((3, 1))), 1 / 512)


def test_any_precision_and_layout(student, rng):
    """Arrays of float32 and arrays that are not contiguous give the same value."""
    single = [a.astype(np.float32) for a in draw(rng, 5, 8, 3)]
    assert close(student.vae_loss(*single, 2.0), reference.vae_loss(*single, 2.0))
    strided = [a[:, ::2] for a in draw(rng, 3, 14, 6)]
    assert close(student.vae_loss(*map(np.asfortranarray, strided)), reference.vae_loss(*strided))
    assert close(student.vae_loss(*strided), reference.vae_loss(*strided))


def test_leaves_the_arguments(student, rng):
    """The arguments are left as they were, and a second call gives the same number."""
    one, other = draw(rng, 4, 6, 3), draw(rng, 4, 6, 3)
    assert unchanged(student.vae_loss, *one, 3.0)
    for values, beta in [(one, 3.0), (other, 0.5), (one, 3.0)]:
        assert close(student.vae_loss(*values, beta), reference.vae_loss(*values, beta))
    assert close(student.vae_loss(*other), reference.vae_loss(*other))
