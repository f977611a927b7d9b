"""Hidden checks of `layernorm_backward`.

The cache comes from the student's own forward pass; the expected gradient is autograd's of the reference's forward.
"""

import numpy as np

from autograder.checks import close, forbids, hold, question, unchanged, visible
from solutions import batchnorm as reference

pytestmark = [
    question("layernorm_backward"),
    forbids(
        "torch.autograd.grad",
        "torch.autograd.backward",
        "torch.Tensor.backward",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.jvp",
        "torch.autograd.functional.vjp",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.jvp",
        "torch.func.vjp",
    ),
]


def signed(rng, low, high, size):
    """Draw numbers whose distance from 0 lies between `low` and `high`."""
    return rng.uniform(low, high, size) * rng.choice([-1.0, 1.0], size)


def problem(rng, *shape):
    """Draw x of this shape, with rows of very different means and spreads; gamma and beta (shape[-1],)."""
    rows, d = (*shape[:-1], 1), shape[-1]
    x = rng.normal(size=shape)
    if d > 1:
        x = (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)
    x = x * np.where(rng.random(rows) < 0.5, rng.uniform(0.5, 0.8, rows), rng.uniform(1.3, 2, rows))
    return x + signed(rng, 1, 2, rows), signed(rng, 1.3, 2.5, d), signed(rng, 0.5, 2, d)


def slopes(rng, *shape):
    """Draw dout of this shape, whose sum over the examples is away from 0."""
    return rng.normal(size=shape) + signed(rng, 0.5, 1, shape[-1])


def gradients(dout, *arguments, **options):
    """Return the reference's gradients at a forward pass with these arguments."""
    return reference.layernorm_backward(dout, reference.layernorm_forward(*arguments, **options)[1])


@visible
def test_slope_of_x(student, rng):
    """`dx` follows all three paths from x to the output.

    Hint: x acts by itself, through the mean of its row, and through the row's standard deviation; gamma comes before
    the means.
    """
    for shape in [(4, 3), (3, 7), (1, 6), (2, 33), (5, 1), (9, 2)]:
        arguments, dout = problem(rng, *shape), slopes(rng, *shape)
        _, cache = student.layernorm_forward(*arguments)
        dx, _, _ = student.layernorm_backward(dout, cache)
        assert close(dx, gradients(dout, *arguments)[0], terms=shape[-1], condition=10)


def test_slopes_of_gamma_and_beta(student, rng):
    """`dgamma` and `dbeta` are sums over the batch, of shape (D,).

    Hint: what does gamma multiply? Every example adds its share.
    """
    for shape in [(4, 3), (3, 7), (1, 6), (33, 2), (5, 1)]:
        arguments, dout = problem(rng, *shape), slopes(rng, *shape)
        _, cache = student.layernorm_forward(*arguments)
        _, dgamma, dbeta = student.layernorm_backward(dout, cache)
        assert close((dgamma, dbeta), gradients(dout, *arguments)[1:], terms=shape[0], condition=10)


def test_any_number_of_axes(student, rng):
    """Before the last axis there may be any number of others, over all of which `dgamma` and `dbeta` are sums.

    Hint: the shape of `dgamma` is (D,), however many axes there are.
    """
    for shape in [(2, 5, 3), (3, 1, 4, 5), (4, 2, 6), (2, 3, 1, 2, 4)]:
        arguments, dout = problem(rng, *shape), slopes(rng, *shape)
        _, cache = student.layernorm_forward(*arguments)
        assert close(student.layernorm_backward(dout, cache), gradients(dout, *arguments), terms=24, condition=10)


def test_eps(student, rng):
    """The gradient knows the eps of the forward pass; rows may be constant.

    Hint: wherever the forward pass divides by a root, the root holds eps as well.
    """
    step = np.array([rng.permutation([-3, -2, -1, 1, 2, 3]) for _ in range(4)])
    x = step * np.array([[1 / 1024], [1 / 256], [0], [1]]) + rng.choice([-0.25, 0.25], (4, 1))
    gamma, beta = signed(rng, 1.3, 2.5, 6), signed(rng, 0.5, 2, 6)
    dout = slopes(rng, 4, 6) / np.array([[64], [16], [64], [1]])
    for options in [{}, {"eps": 0.75}, {"eps": 2.0**-13}]:
        _, cache = student.layernorm_forward(x, gamma, beta, **options)
        expected = gradients(dout, x, gamma, beta, **options)
        assert close(student.layernorm_backward(dout, cache), expected, terms=6, condition=100)


def test_large_slopes(student, rng):
    """Slopes may be large.

    Hint: nothing is clipped or rounded.
    """
    x, gamma, beta = problem(rng, 3, 40)
    arguments, dout = (x / 32, gamma * 2, beta), slopes(rng, 3, 40) * 2
    _, cache = student.layernorm_forward(*arguments)
    assert close(student.layernorm_backward(dout, cache), gradients(dout, *arguments), terms=40, condition=100)


def test_ways_to_call(student, rng):
    """Arguments may come by name, in any memory order, and in float32."""
    x, gamma, beta = problem(rng, 4, 6, 10)
    dout = slopes(rng, 4, 6, 10)
    for slope, data in [
        (np.asfortranarray(dout), (np.asfortranarray(x), gamma, beta)),
        (dout.transpose(1, 0, 2), (x.transpose(1, 0, 2), gamma, beta)),
        (dout[1::2, ::2, :4], (x[::2, 1::2, ::3], gamma[::3], beta[::3])),
        (dout.astype(np.float32), tuple(a.astype(np.float32) for a in (x, gamma, beta))),
    ]:
        _, cache = student.layernorm_forward(*data)
        # In the dtype of the data: where that is float32, the gradients may be, too, whatever the cache is.
        expected = tuple(g.astype(slope.dtype) for g in gradients(slope, *data))
        assert close(student.layernorm_backward(cache=cache, dout=slope), expected, terms=24, condition=10)


def test_arguments_stay(student, rng):
    """The results are right, and `dout` keeps its values."""
    for shape in [(4, 3), (2, 3, 5)]:
        arguments, dout = problem(rng, *shape), slopes(rng, *shape)
        _, cache = student.layernorm_forward(*arguments)
        assert unchanged(student.layernorm_backward, dout, cache)
        expected = gradients(dout, *arguments)
        assert close(student.layernorm_backward(dout, cache), expected, terms=24, condition=10)


def test_every_cache_its_own(student, rng):
    """A cache belongs to its own forward pass, and may be used again.

    Hint: all that the way back needs is in the cache, and stays there: nothing in a variable outside, nothing that the
    way back removes or changes.
    """
    passes = []
    for shape, eps in [((5, 3), 1e-5), ((2, 4, 6), 0.25), ((5, 3), 1.0)]:
        arguments = problem(rng, *shape)
        _, cache = student.layernorm_forward(*arguments, eps=eps)
        passes.append((arguments, eps, cache))
    for place in [0, 1, 0, 2]:
        arguments, eps, cache = passes[place]
        dout = slopes(rng, *arguments[0].shape)
        held = hold(student.layernorm_backward, dout, cache)
        student.layernorm_backward(slopes(rng, *arguments[0].shape), cache)
        assert close(held, gradients(dout, *arguments, eps=eps), terms=8, condition=10)
