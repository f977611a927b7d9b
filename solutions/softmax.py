r"""Softmax regression: references for the assignment `softmax`.

A linear model gives every class $k$ a score (a *logit*) $z_k = x^\top w_k + b_k$. Softmax makes probabilities of the
scores, cross-entropy measures how surprising the true label is under them, and its gradient is as simple as it gets:

$$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
  L = -\frac1N \sum_n \log p_{n, y_n}, \qquad
  \frac{\partial L}{\partial z_{nk}} = \frac{p_{nk} - [k = y_n]}{N}.$$

The assignment asks for all of this in NumPy. Here it comes by another route: torch's own functions in double
precision, and automatic differentiation in place of the formula for the gradient.

Sources: C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), section 4.3.4, for model and gradient;
the documentation of `torch.softmax`, `torch.log_softmax` and `torch.nn.functional.cross_entropy` for conventions.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]


def softmax(x: Floats, axis: int = -1) -> Floats:
    """Return the probabilities of logits `x` (any shape, that of the result) along `axis`, in the dtype of `x`."""
    return _array(torch.softmax(_tensor(x), dim=axis), x)


def log_softmax(x: Floats, axis: int = -1) -> Floats:
    """Return the logarithms of `softmax(x, axis)`, in the shape and dtype of `x`."""
    return _array(torch.log_softmax(_tensor(x), dim=axis), x)


def cross_entropy(logits: Floats, labels: Integers) -> float:
    """Return the mean over the batch of minus the log-probability of the true label.

    `logits` is (N, K), `labels` is (N,) with integers 0 … K-1. The result is in nats.
    """
    return float(torch.nn.functional.cross_entropy(_tensor(logits), _labels(labels)))


def softmax_regression_gradients(x: Floats, w: Floats, b: Floats, labels: Integers) -> tuple[Floats, Floats]:
    """Return the gradients (dw (D, K), db (K,)) of `cross_entropy(x @ w + b, labels)`, by automatic differentiation.

    `x` is (N, D), `w` is (D, K), `b` is (K,), `labels` is (N,).
    """
    dw, db = _gradients(_tensor(x), _tensor(w).requires_grad_(), _tensor(b).requires_grad_(), _labels(labels))
    return _array(dw, x), _array(db, x)


def train(
    x: Floats,
    labels: Integers,
    num_classes: int,
    lr: float,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return the weights (w (D, K), b (K,)) after mini-batch gradient descent from zero.

    `x` is (N, D), `labels` is (N,). Each epoch draws one `rng.permutation(N)` and takes its indices in consecutive
    batches, the last of which may be short.
    """
    inputs, targets = _tensor(x), _labels(labels)
    w = torch.zeros(inputs.shape[1], num_classes, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(targets)))
        for start in range(0, len(targets), batch_size):
            batch = order[start : start + batch_size]
            dw, db = _gradients(inputs[batch], w, b, targets[batch])
            with torch.no_grad():
                w -= lr * dw
                b -= lr * db
    return _array(w, x), _array(b, x)


def accuracy(w: Floats, b: Floats, x: Floats, labels: Integers) -> float:
    """Return the fraction, 0 to 1, of rows of `x` (N, D) whose largest logit is that of their label."""
    predicted = (_tensor(x) @ _tensor(w) + _tensor(b)).argmax(dim=1)  # (N,)
    return float((predicted == _labels(labels)).double().mean())


def _gradients(
    x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Differentiate the mean cross-entropy with respect to `w` and `b`."""
    loss = torch.nn.functional.cross_entropy(x @ w + b, labels)
    dw, db = torch.autograd.grad(loss, (w, b))
    return dw, db


def _tensor(array: Floats) -> torch.Tensor:
    """Copy `array` into a tensor of doubles."""
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _labels(labels: Integers) -> torch.Tensor:
    """Copy `labels`, of any integer type, into the type by which torch indexes."""
    return torch.from_numpy(np.array(labels, dtype=np.int64))


def _array(tensor: torch.Tensor, like: Floats) -> Floats:
    """Return `tensor` as an array in single precision if `like` is, in double precision if not."""
    dtype = np.float32 if np.asarray(like).dtype == np.float32 else np.float64
    result: Floats = tensor.detach().numpy().astype(dtype)
    return result
