r"""Attention: references for the assignment `attention`.

Attention is a dictionary that never fails. A query $q_i$ is compared with all keys $k_j$, the comparisons become
weights that sum to one, and the answer is the average of the values $v_j$ under these weights:

$$w_{ij} = \frac{e^{q_i \cdot k_j / \sqrt D}}{\sum_{j'} e^{q_i \cdot k_{j'} / \sqrt D}}, \qquad
  o_i = \sum_j w_{ij} v_j.$$

Several heads do this side by side, each in its own block of columns. As a sum over keys knows no order, every position
gets a signature of sines and cosines: hands of clocks, each slower than the one before.

The assignment asks for all of this in NumPy. Here it comes by another route: torch's own attention in double precision
(which gives the weights away when the values are the identity), its `multi_head_attention_forward`, and powers of
complex numbers for the clocks.

Sources: A. Vaswani and others, *Attention is all you need* (2017), sections 3.2 and 3.5; the documentation of
`torch.nn.functional.scaled_dot_product_attention`, whose masks are True where a query may attend, and of
`torch.nn.MultiheadAttention`, whose masks are True where it may not.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import multi_head_attention_forward
from torch.nn.functional import scaled_dot_product_attention as torch_attention

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]


def scaled_dot_product_attention(
    q: Floats, k: Floats, v: Floats, mask: Booleans | None = None
) -> tuple[Floats, Floats]:
    """Return (out (..., L, E), weights (..., L, S)) in the dtype of `q`.

    `q` is (..., L, D), `k` is (..., S, D), `v` is (..., S, E); `mask` is boolean, True where a query may attend, of a
    shape that broadcasts to (..., L, S). A query that may attend to nothing has zero weights and zero output.
    """
    queries, keys, values = _tensor(q), _tensor(k), _tensor(v)
    identity = torch.eye(keys.shape[-2], dtype=torch.float64)
    if mask is None:
        weights = torch_attention(queries, keys, identity.expand(*keys.shape[:-1], -1))
        return _array(torch_attention(queries, keys, values), q), _array(weights, q)
    may = torch.tensor(np.array(mask, dtype=bool))  # (..., L, S)
    some = may.any(dim=-1, keepdim=True)  # (..., L, 1)
    safe = may | ~some  # who may attend to nothing attends to everything, and is set to zero afterwards
    weights = torch_attention(queries, keys, identity.expand(*keys.shape[:-1], -1), attn_mask=safe) * some
    return _array(torch_attention(queries, keys, values, attn_mask=safe) * some, q), _array(weights, q)


def causal_mask(length: int) -> Booleans:
    """Return the boolean (length, length) mask: row i is True up to and including column i."""
    position = np.arange(length)
    return np.greater_equal.outer(position, position)


def multi_head_attention(
    x: Floats,
    w_q: Floats,
    w_k: Floats,
    w_v: Floats,
    w_o: Floats,
    num_heads: int,
    mask: Booleans | None = None,
) -> Floats:
    """Return self-attention (N, L, D) of `x` (N, L, D) with `num_heads` heads, in the dtype of `x`.

    Each `w` is (D, D) and projects as `x @ w`; `mask` is boolean (L, L), True where a position may attend. A position
    that may attend to nothing has output zero.
    """
    may = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)
    if mask is not None:
        may = torch.tensor(np.array(mask, dtype=bool))
    some = may.any(dim=-1)  # (L,)
    sequence = _tensor(x).transpose(0, 1)  # (L, N, D), torch's order
    out, _ = multi_head_attention_forward(
        sequence,
        sequence,
        sequence,
        embed_dim_to_check=x.shape[2],
        num_heads=num_heads,
        in_proj_weight=torch.cat([_tensor(w).T for w in (w_q, w_k, w_v)]),  # (3D, D)
        in_proj_bias=None,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=_tensor(w_o).T,
        out_proj_bias=None,
        training=False,
        need_weights=False,
        attn_mask=~(may | ~some[:, None]),
    )
    return _array(out.transpose(0, 1) * some[:, None], x)


def positional_encoding(length: int, dim: int) -> Floats:
    """Return the signatures (length, dim) of the positions 0 … length - 1: sine in even columns, cosine in odd ones.

    Each pair of columns is the hand of a clock, a complex number that is turned by the same angle at every step.
    """
    angle = 10000.0 ** -torch.linspace(0, 1, dim // 2 + 1, dtype=torch.float64)[:-1]  # (dim / 2,)
    turn = torch.polar(torch.ones_like(angle), angle)  # complex, of length one
    hands = turn ** torch.arange(length)[:, None]  # (L, dim / 2)
    return np.asarray(torch.stack([hands.imag, hands.real], dim=-1).flatten(1).numpy())  # (L, dim)


def argmax_attention(q: Floats, k: Floats, v: Floats) -> Floats:
    """Return for each query the value (..., L, E) of the key with the largest dot product, in the dtype of `v`.

    `q` is (..., L, D), `k` is (..., S, D), `v` is (..., S, E). Of two keys that tie the first one wins.
    """
    scores = torch.einsum("...ld,...sd->...ls", _tensor(q), _tensor(k))
    picked = torch.nn.functional.one_hot(scores.argmax(dim=-1), k.shape[-2]).double()  # (..., L, S)
    return _array(picked @ _tensor(v), v)


def _tensor(array: Floats) -> torch.Tensor:
    """Copy `array` into a tensor of doubles."""
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _array(tensor: torch.Tensor, like: Floats) -> Floats:
    """Return `tensor` as an array in single precision if `like` is, in double precision if not."""
    dtype = np.float32 if np.asarray(like).dtype == np.float32 else np.float64
    result: Floats = tensor.numpy().astype(dtype)
    return result
