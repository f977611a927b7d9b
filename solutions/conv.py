"""Convolution and max-pooling over images, forward and backward.

An image batch `x` has the shape (N, C, H, W): batch, channels, height, width. A filter bank `w` (F, C, KH, KW) slides
over the images, padded by `P` zeros on every side, in steps of `S`; each filter sees all channels::

    out[n, f, i, j] = b[f] + sum over c, u, v of  w[f, c, u, v] * padded[n, c, S i + u, S j + v]

which mathematicians call cross-correlation: the filter is not flipped. A filter of extent `K`, spread by a dilation
`D`, reaches over `D (K - 1) + 1` pixels, so along a side of `size` pixels it can stand at

    floor((size + 2 P - D (K - 1) - 1) / S) + 1

places; what is left over at the far end is not looked at. The same filter is used at every place, which is why a layer
has `F (C K K + 1)` parameters however large the image is, and why its gradients are sums over all places.

Max-pooling keeps the largest entry of each window; its gradient goes to that entry alone, to the first in row order
where several are equal. Windows that overlap add up.

The gradients here are not derived by hand: they come from automatic differentiation of the forward pass in float64.

Sources:
    V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, 2016
    (sizes: relationship 6 and 14).
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86, 1998.
    PyTorch documentation of `Conv2d` and `MaxPool2d`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ConvCache:
    """What `conv2d_backward` needs: the arguments of the forward pass."""

    x: torch.Tensor  # (N, C, H, W)
    w: torch.Tensor  # (F, C, KH, KW)
    b: torch.Tensor  # (F,)
    stride: int
    padding: int


@dataclass(frozen=True)
class PoolCache:
    """What `max_pool_backward` needs: the arguments of the forward pass."""

    x: torch.Tensor  # (N, C, H, W)
    size: int
    stride: int


def _tensor(array: Array) -> torch.Tensor:
    """A float64 tensor of its own memory with the values of `array`."""
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float64)


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The number of places a kernel can stand at along one side, counted one by one.

    Args:
        size: pixels along the side, before padding.
        kernel: entries of the kernel along the side.
        stride: pixels from one place to the next.
        padding: pixels added at each of the two ends.
        dilation: pixels from one entry of the kernel to the next.
    """
    first = -padding
    last = size + padding - 1 - dilation * (kernel - 1)  # where the kernel's far entry is on the last pixel
    return len(range(first, last + 1, stride))


def conv2d_forward(x: Array, w: Array, b: Array, stride: int = 1, padding: int = 0) -> tuple[Array, ConvCache]:
    """The cross-correlation of each image with each filter, and a cache for the backward pass.

    Args:
        x: images (N, C, H, W).
        w: filters (F, C, KH, KW).
        b: biases (F,).
        stride: step of the filter, in both directions.
        padding: zeros added on each of the four sides.

    Returns:
        `out` (N, F, OH, OW) in float64, and the cache.
    """
    cache = ConvCache(_tensor(x), _tensor(w), _tensor(b), stride, padding)
    return _convolve(cache).numpy(), cache


def conv2d_backward(dout: Array, cache: ConvCache) -> tuple[Array, Array, Array]:
    """The gradients of `sum(out * dout)` by automatic differentiation.

    Args:
        dout: upstream gradient (N, F, OH, OW).
        cache: from `conv2d_forward`.

    Returns:
        `dx` (N, C, H, W), `dw` (F, C, KH, KW), `db` (F,).
    """
    leaves = [t.clone().requires_grad_() for t in (cache.x, cache.w, cache.b)]
    out = _convolve(ConvCache(leaves[0], leaves[1], leaves[2], cache.stride, cache.padding))
    dx, dw, db = torch.autograd.grad(out, leaves, _tensor(dout))
    return dx.numpy(), dw.numpy(), db.numpy()


def _convolve(cache: ConvCache) -> torch.Tensor:
    return torch.nn.functional.conv2d(cache.x, cache.w, cache.b, stride=cache.stride, padding=cache.padding)


def max_pool_forward(x: Array, size: int, stride: int) -> tuple[Array, PoolCache]:
    """The maximum of each `size` x `size` window, and a cache for the backward pass.

    Args:
        x: images (N, C, H, W).
        size: side of the square window.
        stride: step of the window, in both directions.

    Returns:
        `out` (N, C, OH, OW) in float64, and the cache.
    """
    cache = PoolCache(_tensor(x), size, stride)
    return torch.nn.functional.max_pool2d(cache.x, size, stride).numpy(), cache


def max_pool_backward(dout: Array, cache: PoolCache) -> Array:
    """The gradient of `sum(out * dout)` by automatic differentiation; a tie's goes to the first in row order.

    Args:
        dout: upstream gradient (N, C, OH, OW).
        cache: from `max_pool_forward`.

    Returns:
        `dx` (N, C, H, W).
    """
    x = cache.x.clone().requires_grad_()
    windows = x.unfold(2, cache.size, cache.stride).unfold(3, cache.size, cache.stride)  # (N, C, OH, OW, size, size)
    windows = windows.flatten(4)  # (N, C, OH, OW, size * size), in row order
    at_maximum = windows == windows.amax(dim=4, keepdim=True)
    first = at_maximum & (at_maximum.cumsum(dim=4) == 1)
    (dx,) = torch.autograd.grad((windows * first).sum(dim=4), x, _tensor(dout))
    return dx.numpy()


def count_parameters(in_channels: int, out_channels: int, kernel: int, bias: bool = True) -> int:
    """The number of trainable numbers in a convolution layer with a square kernel: those of torch's own layer.

    Args:
        in_channels: channels of its input.
        out_channels: filters, which are channels of its output.
        kernel: side of the square kernel.
        bias: whether each filter has a bias.
    """
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel, bias=bias, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())
