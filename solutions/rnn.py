"""Recurrent networks: the plain cell, its gradient through time, LSTM, GRU, and clipping by the global norm.

A recurrent network reads a sequence one step at a time and keeps what it has read in a state::

    h_t = tanh(x_t W_x + h_{t-1} W_h + b)

The same weights serve every step, so a gradient that travels k steps back is multiplied k times by W_h and by the
slope of tanh. Products of many factors vanish or explode; the gates of LSTM and GRU give the state a path on which
it is added to instead of multiplied, and clipping bounds what explodes.

Nothing here is written out by hand: the forward passes are PyTorch's own recurrent kernels in float64, whose weights
are transposed and whose gates stand in the same order; the gradients are automatic differentiation of those
kernels; the norm is `math.hypot`.

Sources:
    Elman (1990), Finding structure in time; Werbos (1990), Backpropagation through time.
    Hochreiter and Schmidhuber (1997), Long short-term memory, with the forget gate of Gers et al. (2000).
    Cho et al. (2014), arXiv:1406.1078, in the variant of https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
    Pascanu, Mikolov and Bengio (2013), arXiv:1211.5063: vanishing, exploding, and clipping by the norm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]
Cache = tuple[Array, Array, Array, Array, Array]


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    """A float64 tensor with memory of its own."""
    return torch.from_numpy(np.array(array, dtype=np.float64, order="C"))


def _states(x: torch.Tensor, h0: torch.Tensor, w_x: torch.Tensor, w_h: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Every state of `torch.nn.RNN`'s kernel with tanh, (N, T, H); its weights are the transposes of ours."""
    weights = [w_x.T.contiguous(), w_h.T.contiguous(), b, torch.zeros_like(b)]
    states: torch.Tensor = torch.rnn_tanh(x, h0[None], weights, True, 1, 0.0, False, False, True)[0]
    return states


def rnn_step(x: Array, h: Array, w_x: Array, w_h: Array, b: Array) -> Array:
    """The next state (N, H) from the input (N, D) and the state (N, H), with w_x (D, H), w_h (H, H), b (H,)."""
    bias = _tensor(b)
    after = torch.rnn_tanh_cell(_tensor(x), _tensor(h), _tensor(w_x).T, _tensor(w_h).T, bias, torch.zeros_like(bias))
    return np.asarray(after.numpy())


def rnn_forward(x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> tuple[Array, Cache]:
    """All states (N, T, H) for inputs (N, T, D) from the state h0 (N, H), and what `rnn_backward` needs.

    `h[:, t]` is the state after reading `x[:, t]`; h0 is not among them.
    """
    cache = (np.array(x), np.array(h0), np.array(w_x), np.array(w_h), np.array(b))
    return np.asarray(_states(*map(_tensor, cache)).numpy()), cache


def rnn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients (dx, dh0, dw_x, dw_h, db) of a loss whose derivative by state t, taken for itself, is dh[:, t]."""
    leaves = [_tensor(array).requires_grad_() for array in cache]
    gradients = torch.autograd.grad(_states(*leaves), leaves, _tensor(dh))
    dx, dh0, dw_x, dw_h, db = (np.asarray(gradient.numpy()) for gradient in gradients)
    return dx, dh0, dw_x, dw_h, db


def gradient_norms(x: Array, h0: Array, w_x: Array, w_h: Array, b: Array) -> Array:
    """For each step t, the norm over batch and features of d sum(h[:, -1]) / d x[:, t]: shape (T,)."""
    inputs = _tensor(x).requires_grad_()
    last = _states(inputs, *map(_tensor, (h0, w_x, w_h, b)))[:, -1]
    (dx,) = torch.autograd.grad(last.sum(), inputs)
    return np.asarray(torch.linalg.vector_norm(dx, dim=(0, 2)).numpy())


def clip_gradients(grads: Sequence[Array], max_norm: float) -> tuple[list[Array], float]:
    """The gradients, all scaled by one factor if their joint norm exceeds max_norm, and that norm before scaling."""
    norm = math.hypot(*(float(value) for grad in grads for value in grad.flat))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [np.array(grad * factor) for grad in grads], norm


def lstm_step(x: Array, h: Array, c: Array, w_x: Array, w_h: Array, b: Array) -> tuple[Array, Array]:
    """The next (h, c) of `torch.nn.LSTMCell`, with w_x (D, 4H), w_h (H, 4H), b (4H,), gates in the order i, f, g, o."""
    bias = _tensor(b)
    after = torch.lstm_cell(
        _tensor(x), (_tensor(h), _tensor(c)), _tensor(w_x).T, _tensor(w_h).T, bias, torch.zeros_like(bias)
    )
    return np.asarray(after[0].numpy()), np.asarray(after[1].numpy())


def gru_step(x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array) -> Array:
    """The next h of `torch.nn.GRUCell`, with w_x (D, 3H), w_h (H, 3H), b_x and b_h (3H,), gates in the order r, z, n.

    The reset gate multiplies the finished product, bias included: n = tanh(x W_xn + b_xn + r (h W_hn + b_hn)).
    """
    after = torch.gru_cell(_tensor(x), _tensor(h), _tensor(w_x).T, _tensor(w_h).T, _tensor(b_x), _tensor(b_h))
    return np.asarray(after.numpy())
