"""Hidden checks of `batchnorm_backward`.

The cache comes from the student's own forward pass; the expected gradient is autograd's of the reference's forward.
"""

import numpy as np

from autograder.checks import close, forbids, hold, question, unchanged, visible
from solutions import batchnorm as reference

pytestmark = [
    question("batchnorm_backward"),
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

SIZES = [(4, 3), (7, 1), (3, 6), (33, 4), (2, 5)]


def signed(rng, low, high, size):
    """Draw numbers whose distance from 0 lies between `low` and `high`."""
    return rng.uniform(low, high, size) * rng.choice([-1.0, 1.0], size)


def problem(rng, n, d):
    """Draw the arguments of a forward pass: x (n, d), then gamma, beta, running mean and variance (d,)."""
    x = rng.normal(size=(n, d))
    if n > 1:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = x * np.where(rng.random(d) < 0.5, rng.uniform(0.5, 0.8, d), rng.uniform(1.3, 2, d)) + signed(rng, 1, 2, d)
    gamma, beta = signed(rng, 1.3, 2.5, d), signed(rng, 0.5, 2, d)
    return x, gamma, beta, signed(rng, 0.3, 0.8, d), rng.uniform(2.5, 4, d)


def slopes(rng, n, d):
    """Draw dout (n, d) whose sum over the batch is away from 0."""
    return rng.normal(size=(n, d)) + signed(rng, 0.5, 1, d)


def gradients(dout, *arguments, **options):
    """Return the reference's gradients at a forward pass with these arguments."""
    return reference.batchnorm_backward(dout, reference.batchnorm_forward(*arguments, **options)[3])


@visible
def test_slope_of_x(student, rng):
    """In training, `dx` follows all three paths from x to the output.

    Hint: x acts by itself, through the batch's mean, and through its standard deviation.
    """
    for n, d in SIZES:
        arguments, dout = problem(rng, n, d), slopes(rng, n, d)
        _, _, _, cache = student.batchnorm_forward(*arguments)
        dx, _, _ = student.batchnorm_backward(dout, cache)
        assert close(dx, gradients(dout, *arguments)[0], terms=n, condition=10)


def test_slopes_of_gamma_and_beta(student, rng):
    """`dgamma` and `dbeta` are sums over the batch, of shape (D,).

    Hint: what does gamma multiply?
    """
    for n, d in SIZES:
        arguments, dout = problem(rng, n, d), slopes(rng, n, d)
        _, _, _, cache = student.batchnorm_forward(*arguments)
        _, dgamma, dbeta = student.batchnorm_backward(dout, cache)
        assert close((dgamma, dbeta), gradients(dout, *arguments)[1:], terms=n, condition=10)


def test_evaluation(student, rng):
    """After a forward pass in evaluation, the gradients are those of that pass.

    Hint: mean and variance were constants then. Which paths are left, and which x_hat belongs to gamma?
    """
    cases = [(5, 3, {}), (5, 3, {"eps": 1.5}), (1, 4, {}), (2, 6, {"momentum": 0.7}), (12, 1, {"eps": 0.2})]
    for n, d, options in cases:
        arguments, dout = problem(rng, n, d), slopes(rng, n, d)
        _, _, _, cache = student.batchnorm_forward(*arguments, training=False, **options)
        expected = gradients(dout, *arguments, training=False, **options)
        assert close(student.batchnorm_backward(dout, cache), expected, terms=n, condition=10)


def test_eps(student, rng):
    """The gradient knows the eps of the forward pass; features may be constant.

    Hint: wherever the forward pass divides by a root, the root holds eps as well.
    """
    step = np.array([rng.permutation([-3, -2, -1, 1, 2, 3]) for _ in range(4)]).T
    x = step * np.array([1 / 1024, 1 / 256, 0, 1]) + rng.choice([-0.25, 0.25], 4)
    _, *rest = problem(rng, 2, 4)
    dout = slopes(rng, 6, 4) / np.array([64, 16, 64, 1])
    for options in [{}, {"eps": 0.75}, {"momentum": 0.9, "eps": 2.0**-13}]:
        _, _, _, cache = student.batchnorm_forward(x, *rest, **options)
        expected = gradients(dout, x, *rest, **options)
        assert close(student.batchnorm_backward(dout, cache), expected, terms=6, condition=100)


def test_large_slopes(student, rng):
    """Slopes may be large.

    Hint: nothing is clipped or rounded.
    """
    x, gamma, *rest = problem(rng, 40, 3)
    arguments, dout = (x / 32, gamma * 2, *rest), slopes(rng, 40, 3) * 2
    for training in [True, False]:
        _, _, _, cache = student.batchnorm_forward(*arguments, training)
        expected = gradients(dout, *arguments, training)
        assert close(student.batchnorm_backward(dout, cache), expected, terms=40, condition=100)


def test_ways_to_call(student, rng):
    """Arguments may come by name, in any memory order, and in float32."""
    x, *rest = problem(rng, 12, 10)
    dout = slopes(rng, 12, 10)
    for training in [True, False]:
        for slope, data in [
            (np.asfortranarray(dout), (np.asfortranarray(x), *rest)),
            (dout[1::2, ::4], (x[::2, 1::3], *(a[1::3] for a in rest))),
            (dout.astype(np.float32), tuple(a.astype(np.float32) for a in (x, *rest))),
        ]:
            _, _, _, cache = student.batchnorm_forward(*data, training=training)
            # In the dtype of the data: where that is float32, the gradients may be, too, whatever the cache is.
            expected = tuple(g.astype(slope.dtype) for g in gradients(slope, *data, training=training))
            assert close(student.batchnorm_backward(cache=cache, dout=slope), expected, terms=12, condition=10)


def test_arguments_stay(student, rng):
    """The results are right, and `dout` keeps its values.

    Hint: `dout *= gamma` works in the caller's array.
    """
    for training in [True, False]:
        arguments, dout = problem(rng, 4, 3), slopes(rng, 4, 3)
        _, _, _, cache = student.batchnorm_forward(*arguments, training)
        assert unchanged(student.batchnorm_backward, dout, cache)
        expected = gradients(dout, *arguments, training=training)
        assert close(student.batchnorm_backward(dout, cache), expected, terms=12, condition=10)


def test_every_cache_its_own(student, rng):
    """A cache belongs to its own forward pass, and may be used again.

    Hint: all that the way back needs is in the cache, and stays there: nothing in a variable outside, nothing that the
    way back removes or changes.
    """
    passes = []
    for n, d, training, eps in [(5, 3, True, 1e-5), (5, 3, False, 0.5), (4, 6, True, 0.25), (5, 3, True, 1.0)]:
        arguments = problem(rng, n, d)
        _, _, _, cache = student.batchnorm_forward(*arguments, training, eps=eps)
        passes.append((arguments, training, eps, cache))
    for place in [0, 1, 0, 2, 3]:
        arguments, training, eps, cache = passes[place]
        dout = slopes(rng, *arguments[0].shape)
        expected = gradients(dout, *arguments, training, eps=eps)
        held = hold(student.batchnorm_backward, dout, cache)
        student.batchnorm_backward(slopes(rng, *arguments[0].shape), cache)
        assert close(held, expected, terms=5, condition=10)
