"""Variational autoencoders: the pieces of the evidence lower bound.

An encoder proposes q(z|x) = N(mu, diag exp(logvar)) and a decoder gives p(x|z), a probability for each pixel. Training
minimises the negative evidence lower bound

    -E_q[log p(x|z)] + beta * KL(q(z|x) || N(0, I))

with beta = 1 for the VAE of Kingma and Welling, "Auto-Encoding Variational Bayes" (2013), and other values for the
beta-VAE of Higgins et al. (2017). The KL is summed over the latent dimensions, the cross-entropy over the pixels, and
both are averaged over the batch.

Here the distributions of `torch.distributions` and the loss of `torch.nn.functional`, in float64, give the values, and
autograd the gradients; the notebook derives both in closed form.

N batch, D pixels, Z latent dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.distributions import AffineTransform, Normal
from torch.distributions import kl_divergence as divergence
from torch.nn.functional import binary_cross_entropy

Array = npt.NDArray[Any]


def _tensor(array: Array) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float64)


def _posterior(mu: torch.Tensor, logvar: torch.Tensor) -> Normal:
    return Normal(mu, torch.exp(logvar).sqrt())


def _kl(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return divergence(_posterior(mu, logvar), prior).sum(dim=1).mean()


def reparameterize(mu: Array, logvar: Array, eps: Array) -> Array:
    """Samples z (N, Z) of N(mu, exp(logvar)), made of standard normal noise eps (N, Z)."""
    q = _posterior(_tensor(mu), _tensor(logvar))
    z: Array = AffineTransform(q.loc, q.scale)(_tensor(eps)).numpy()
    return z


def kl_divergence(mu: Array, logvar: Array) -> float:
    """KL(N(mu, exp(logvar)) || N(0, I)) in nats, summed over Z and averaged over N; mu and logvar are (N, Z)."""
    return float(_kl(_tensor(mu), _tensor(logvar)))


def reconstruction_loss(x: Array, x_hat: Array) -> float:
    """Binary cross-entropy of probabilities x_hat (N, D) against x (N, D) in [0, 1], summed over D, averaged over N.

    Each logarithm is clamped at -100 from below, as `torch.nn.BCELoss` documents it.
    """
    return float(binary_cross_entropy(_tensor(x_hat), _tensor(x), reduction="sum") / x.shape[0])


def vae_loss(x: Array, x_hat: Array, mu: Array, logvar: Array, beta: float = 1.0) -> float:
    """The negative evidence lower bound in nats, with the KL weighted by beta."""
    return reconstruction_loss(x, x_hat) + beta * kl_divergence(mu, logvar)


def vae_loss_gradients(mu: Array, logvar: Array, beta: float = 1.0) -> tuple[Array, Array]:
    """Gradients (dmu, dlogvar), each (N, Z), of beta * kl_divergence(mu, logvar), by autograd."""
    m, v = _tensor(mu).requires_grad_(), _tensor(logvar).requires_grad_()
    dmu, dlogvar = torch.autograd.grad(beta * _kl(m, v), (m, v))
    return dmu.numpy(), dlogvar.numpy()


class VAE(torch.nn.Module):
    """A VAE of plain matrices: one hidden layer of tanh units on either side."""

    def __init__(self, input_dim: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()

        def matrix(rows: int, columns: int) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.randn(rows, columns) / rows**0.5)

        self.latent_dim = latent_dim
        self.encoder = torch.nn.ParameterList([matrix(input_dim, hidden_dim), matrix(hidden_dim, 2 * latent_dim)])
        self.decoder = torch.nn.ParameterList([matrix(latent_dim, hidden_dim), matrix(hidden_dim, input_dim)])

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (N, input_dim) -> (mu, logvar), each (N, latent_dim)."""
        heads = torch.tanh(x @ self.encoder[0]) @ self.encoder[1]  # (N, 2 * latent_dim)
        return heads[:, : self.latent_dim], heads[:, self.latent_dim :]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Codes (N, latent_dim) -> probabilities (N, input_dim)."""
        return torch.sigmoid(torch.tanh(z @ self.decoder[0]) @ self.decoder[1])

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Images (N, input_dim) -> (x_hat, mu, logvar); z is sampled in training and mu in evaluation."""
        mu, logvar = self.encode(x)
        z = _posterior(mu, logvar).rsample() if self.training else mu
        return self.decode(z), mu, logvar
