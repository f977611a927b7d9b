"""Batch and layer normalisation: references by `torch.nn.functional` and autograd, in float64.

Batch normalisation (Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167) gives every feature of a batch mean 0
and variance 1, then scales it by gamma and shifts it by beta, both learned::

    out = gamma * (x - mean) / sqrt(var + eps) + beta

In training, mean and var are the batch's own (the variance divides by N), and the running statistics move towards them
by `running = (1 - momentum) * running + momentum * batch`, with the unbiased variance (it divides by N - 1), as in
https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html. In evaluation the running statistics take
their place and stay as they are; no gradient passes through them.

Layer normalisation (Ba, Kiros and Hinton, 2016, https://arxiv.org/abs/1607.06450) does the same along the last axis of
each example by itself, so it needs no running statistics and no second mode.

The gradients here are autograd's of torch's own forward: no formula of this file repeats one of the lesson. Arguments
are never changed. A cache is a `BatchCache` or a `LayerCache`, and may be used any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BatchCache:
    """What `batchnorm_backward` needs: the arguments of the forward pass."""

    x: Array
    gamma: Array
    beta: Array
    running_mean: Array
    running_var: Array
    training: bool
    eps: float


@dataclass(frozen=True)
class LayerCache:
    """What `layernorm_backward` needs: the arguments of the forward pass."""

    x: Array
    gamma: Array
    beta: Array
    eps: float


def _copy(array: npt.ArrayLike) -> Array:
    return np.array(array, dtype=np.float64)


def _tensor(array: npt.ArrayLike, *, grad: bool = False) -> torch.Tensor:
    """A float64 copy of `array`, so that nothing torch does in place reaches the caller's data."""
    return torch.tensor(_copy(array), dtype=torch.float64, requires_grad=grad)


def _array(tensor: torch.Tensor | None) -> Array:
    assert tensor is not None
    return np.array(tensor.detach().numpy(), dtype=np.float64)


def batchnorm_forward(
    x: npt.ArrayLike,
    gamma: npt.ArrayLike,
    beta: npt.ArrayLike,
    running_mean: npt.ArrayLike,
    running_var: npt.ArrayLike,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array, BatchCache]:
    """Batch normalisation of `x` (N, D); all other arrays are (D,).

    Returns `out` (N, D), the new running mean and variance (D,), and the cache for `batchnorm_backward`. In training N
    must be at least 2: the unbiased variance of one row does not exist, and torch raises `ValueError`.
    """
    new_mean, new_var = _tensor(running_mean), _tensor(running_var)
    out = functional.batch_norm(
        _tensor(x), new_mean, new_var, _tensor(gamma), _tensor(beta), bool(training), float(momentum), float(eps)
    )
    statistics = _copy(running_mean), _copy(running_var)
    cache = BatchCache(_copy(x), _copy(gamma), _copy(beta), *statistics, bool(training), float(eps))
    return _array(out), _array(new_mean), _array(new_var), cache


def batchnorm_backward(dout: npt.ArrayLike, cache: BatchCache) -> tuple[Array, Array, Array]:
    """Gradients of the loss for `x` (N, D), gamma (D,) and beta (D,), given that for the output, `dout` (N, D)."""
    x, gamma, beta = (_tensor(a, grad=True) for a in (cache.x, cache.gamma, cache.beta))
    statistics = (_tensor(cache.running_mean), _tensor(cache.running_var))
    out = functional.batch_norm(x, *statistics, gamma, beta, cache.training, 0.0, cache.eps)
    out.backward(_tensor(dout))  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return _array(x.grad), _array(gamma.grad), _array(beta.grad)


def layernorm_forward(
    x: npt.ArrayLike, gamma: npt.ArrayLike, beta: npt.ArrayLike, eps: float = 1e-5
) -> tuple[Array, LayerCache]:
    """Layer normalisation of `x` (..., D) along its last axis; gamma and beta are (D,).

    Returns `out`, of the shape of `x`, and the cache for `layernorm_backward`.
    """
    scale = _tensor(gamma)
    out = functional.layer_norm(_tensor(x), tuple(scale.shape), scale, _tensor(beta), float(eps))
    return _array(out), LayerCache(_copy(x), _copy(gamma), _copy(beta), float(eps))


def layernorm_backward(dout: npt.ArrayLike, cache: LayerCache) -> tuple[Array, Array, Array]:
    """Gradients of the loss for `x` (..., D), gamma (D,) and beta (D,), given that for the output, `dout` (..., D)."""
    x, gamma, beta = (_tensor(a, grad=True) for a in (cache.x, cache.gamma, cache.beta))
    out = functional.layer_norm(x, tuple(gamma.shape), gamma, beta, cache.eps)
    out.backward(_tensor(dout))  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return _array(x.grad), _array(gamma.grad), _array(beta.grad)
