"""Hidden checks of `layernorm_forward`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import batchnorm as reference

pytestmark = [
    question("layernorm_forward"),
    forbids(
        "torch.layer_norm",
        "torch.native_layer_norm",
        "torch.batch_norm",
        "torch.native_batch_norm",
        "torch.instance_norm",
        "torch.group_norm",
        "torch.nn.functional.layer_norm",
        "torch.nn.functional.batch_norm",
        "torch.nn.functional.instance_norm",
        "torch.nn.functional.group_norm",
        "torch.nn.LayerNorm",
        "torch.nn.BatchNorm1d",
        "torch.nn.InstanceNorm1d",
        "torch.nn.GroupNorm",
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


@visible
def test_rows(student, rng):
    """Every example is normalised by its own mean and variance, then scaled and shifted feature by feature.

    Hint: the variance is divided by D. Try N and D far apart, and a batch of one.
    """
    for shape in [(4, 3), (3, 7), (1, 6), (9, 2)]:
        arguments = problem(rng, *shape)
        out, _ = student.layernorm_forward(*arguments)
        assert close(out, reference.layernorm_forward(*arguments)[0], terms=shape[-1])


def test_any_number_of_axes(student, rng):
    """Before the last axis there may be any number of others.

    Hint: count axes from the end.
    """
    for shape in [(2, 5, 3), (3, 1, 4, 5), (6,), (2, 3, 1, 2, 4)]:
        arguments = problem(rng, *shape)
        out, _ = student.layernorm_forward(*arguments)
        assert close(out, reference.layernorm_forward(*arguments)[0], terms=shape[-1])


def test_eps(student, rng):
    """eps is added to the variance before the root is taken; rows may be constant.

    Hint: try a row whose variance is as small as eps, one whose variance is 0, and rows of a single feature.
    """
    step = np.array([rng.permutation([-3, -2, -1, 1, 2, 3]) for _ in range(4)])
    x = step * np.array([[1 / 1024], [1 / 256], [0], [1]]) + rng.choice([-0.25, 0.25], (4, 1))
    gamma, beta = signed(rng, 1.5, 2.5, 6), signed(rng, 0.5, 2, 6)
    for options in [{}, {"eps": 0.5}, {"eps": 2.0**-14}]:
        out, _ = student.layernorm_forward(x, gamma, beta, **options)
        assert close(out, reference.layernorm_forward(x, gamma, beta, **options)[0], terms=6, condition=100)
    arguments = problem(rng, 5, 1)
    out, _ = student.layernorm_forward(*arguments)
    assert close(out, reference.layernorm_forward(*arguments)[0], condition=1000)


def test_large_means(student, rng):
    """A row may have a mean of 1e8 and a small spread.

    Hint: subtract the mean before you square.
    """
    # These numbers and the sum of each row are exact in float32: whoever centres first loses nothing. The mean of their
    # squares is not exact in float64.
    step = np.array([rng.permutation([-1, 0, 1]) for _ in range(5)])
    exact = (rng.integers(5_000_000, 5_590_000, (5, 1)) * rng.choice([-1, 1], (5, 1)) + step) * 16.0
    x, gamma, beta = problem(rng, 4, 7)
    single = tuple(a.astype(np.float32) for a in (x + signed(rng, 8000, 9000, (4, 1)), gamma, beta))
    for arguments, condition in [((exact, gamma[:3], beta[:3]), 1), (single, 1e4)]:
        out, _ = student.layernorm_forward(*arguments)
        assert close(out, reference.layernorm_forward(*arguments)[0], terms=7, condition=condition)


def test_outliers(student, rng):
    """One feature may lie far from all others, and gamma and beta may be large.

    Hint: nothing is clipped or rounded.
    """
    x, _, _ = problem(rng, 3, 150)
    x[:, rng.integers(150)] += signed(rng, 50, 60, 3)
    arguments = x, signed(rng, 10, 20, 150), signed(rng, 50, 90, 150)
    out, _ = student.layernorm_forward(*arguments)
    assert close(out, reference.layernorm_forward(*arguments)[0], terms=150, condition=4)


def test_ways_to_call(student, rng):
    """Arguments may come by position or by name, in any memory order, and in float32."""
    x, gamma, beta = problem(rng, 4, 6, 10)
    expected = reference.layernorm_forward(x, gamma, beta, 0.125)[0]
    out, _ = student.layernorm_forward(x, gamma, beta, 0.125)
    assert close(out, expected, terms=10)
    out, _ = student.layernorm_forward(eps=0.125, beta=beta, gamma=gamma, x=x)
    assert close(out, expected, terms=10)
    for data in [
        (np.asfortranarray(x), gamma, beta),
        (x.transpose(1, 0, 2), gamma, beta),
        (x[::2, 1::2, ::3], gamma[::3], beta[::3]),
        tuple(a.astype(np.float32) for a in (x, gamma, beta)),
    ]:
        out, _ = student.layernorm_forward(*data)
        assert close(out, reference.layernorm_forward(*data)[0], terms=10, condition=4)


def test_arguments_stay(student, rng):
    """The result is right, and the arguments keep their values."""
    for shape, options in [((4, 3), {}), ((2, 3, 5), {"eps": 0.5})]:
        arguments = problem(rng, *shape)
        assert unchanged(student.layernorm_forward, *arguments, **options)
        out, _ = student.layernorm_forward(*arguments, **options)
        assert close(out, reference.layernorm_forward(*arguments, **options)[0], terms=5, condition=4)


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results."""
    first, second = problem(rng, 5, 3), problem(rng, 5, 3)
    expected = reference.layernorm_forward(*first)[0]
    held = hold(student.layernorm_forward, *first)
    out, _ = student.layernorm_forward(*second, eps=0.5)
    assert close(out, reference.layernorm_forward(*second, eps=0.5)[0], terms=3)
    assert close(fetch(held[0]), expected, terms=3)
    out, _ = student.layernorm_forward(*first)
    assert close(out, expected, terms=3)
