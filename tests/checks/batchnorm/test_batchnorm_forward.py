"""Hidden checks of `batchnorm_forward`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import batchnorm as reference

pytestmark = [
    question("batchnorm_forward"),
    forbids(
        "torch.batch_norm",
        "torch.native_batch_norm",
        "torch.instance_norm",
        "torch.group_norm",
        "torch.layer_norm",
        "torch.native_layer_norm",
        "torch.nn.functional.batch_norm",
        "torch.nn.functional.instance_norm",
        "torch.nn.functional.group_norm",
        "torch.nn.functional.layer_norm",
        "torch.nn.BatchNorm1d",
        "torch.nn.BatchNorm2d",
        "torch.nn.BatchNorm3d",
        "torch.nn.LazyBatchNorm1d",
        "torch.nn.SyncBatchNorm",
        "torch.nn.InstanceNorm1d",
        "torch.nn.GroupNorm",
        "torch.nn.LayerNorm",
    ),
]

SIZES = [(4, 3), (2, 5), (7, 1), (3, 6), (33, 4)]


def signed(rng, low, high, size):
    """Draw numbers whose distance from 0 lies between `low` and `high`."""
    return rng.uniform(low, high, size) * rng.choice([-1.0, 1.0], size)


def batch(rng, n, d):
    """Draw x (n, d): standard deviations from 0.5 to 2 without coming near 1, means away from 0."""
    x = rng.normal(size=(n, d))
    if n > 1:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    return x * np.where(rng.random(d) < 0.5, rng.uniform(0.5, 0.8, d), rng.uniform(1.3, 2, d)) + signed(rng, 1, 2, d)


def problem(rng, n, d):
    """Draw x (n, d), gamma, beta, running mean and running variance, all (d,), none near 0 or 1."""
    gamma, beta = signed(rng, 1.3, 2.5, d), signed(rng, 0.5, 2, d)
    return batch(rng, n, d), gamma, beta, signed(rng, 0.3, 0.8, d), rng.uniform(2.5, 4, d)


def thirds(rng, d):
    """Draw three examples of d features with mean 1e8 and a spread of 13, exactly representable in float32.

    So is the sum of each feature: whoever centres first loses nothing, in any precision and any order. Its square is
    not, and the mean of the squares is no float64 either.
    """
    step = np.array([rng.permutation([-1, 0, 1]) for _ in range(d)]).T
    return (rng.integers(5_000_000, 5_590_000, d) * rng.choice([-1, 1], d) + step) * 16.0


def small_features(rng):
    """Draw x (6, 4) with variances below, near and far above 1e-5, and a feature that is constant; gamma and beta."""
    step = np.array([rng.permutation([-3, -2, -1, 1, 2, 3]) for _ in range(4)]).T
    x = step * np.array([1 / 1024, 1 / 256, 0, 1]) + rng.choice([-0.25, 0.25], 4)
    return x, signed(rng, 1.5, 2.5, 4), signed(rng, 0.5, 2, 4)


@visible
def test_training_output(student, rng):
    """In training, every feature is normalised over the batch, then scaled and shifted.

    Hint: one mean and one variance per column, the variance divided by N; try batches with N and D far apart.
    """
    for n, d in SIZES:
        arguments = problem(rng, n, d)
        out, _, _, _ = student.batchnorm_forward(*arguments)
        assert close(out, reference.batchnorm_forward(*arguments)[0], terms=n, condition=4)


def test_running_statistics(student, rng):
    """Training moves the running statistics towards the batch's, by the default momentum or the one given.

    Hint: mean and variance move by the same rule, the variance towards the unbiased estimate, without eps.
    """
    for n, d in SIZES:
        arguments = problem(rng, n, d)
        _, mean, var, _ = student.batchnorm_forward(*arguments)
        assert close((mean, var), reference.batchnorm_forward(*arguments)[1:3], terms=n)
    for momentum in [0.3, 0.85, 1.0, 0.0]:
        arguments = problem(rng, 5, 3)
        _, mean, var, _ = student.batchnorm_forward(*arguments, momentum=momentum, eps=0.7)
        expected = reference.batchnorm_forward(*arguments, momentum=momentum, eps=0.7)
        assert close((mean, var), expected[1:3], terms=5)


def test_evaluation(student, rng):
    """In evaluation the running statistics do the work, and come back as they were.

    Hint: neither the other examples of the batch nor the momentum make a difference; eps does.
    """
    cases = [(5, 3, {}), (5, 3, {"eps": 1.5}), (1, 4, {}), (2, 6, {"momentum": 0.6}), (8, 1, {"eps": 0.2})]
    for n, d, options in cases:
        arguments = problem(rng, n, d)
        out, mean, var, _ = student.batchnorm_forward(*arguments, training=False, **options)
        expected = reference.batchnorm_forward(*arguments, training=False, **options)
        assert close((out, mean, var), expected[:3])


def test_eps(student, rng):
    """eps is added to the variance before the root is taken, in both modes; features may be constant.

    Hint: try a feature whose variance is as small as eps, and one whose variance is 0.
    """
    x, gamma, beta = small_features(rng)
    mean, var = x[0] + np.array([1 / 512, -1 / 256, 0, 0.5]), np.array([2.0**-17, 2.0**-15, 0, 0.25])
    for training in [True, False]:
        for options in [{}, {"eps": 0.5}, {"eps": 2.0**-14}]:
            arguments = x, gamma, beta, mean, var, training
            out, _, _, _ = student.batchnorm_forward(*arguments, **options)
            assert close(out, reference.batchnorm_forward(*arguments, **options)[0], terms=6, condition=100)


def test_large_means(student, rng):
    """A feature may have a mean of 1e8 and a small spread.

    Hint: subtract the mean before you square.
    """
    x, *rest = problem(rng, 7, 5)
    single = tuple(a.astype(np.float32) for a in (x + signed(rng, 8000, 9000, 5), *rest))
    for arguments, condition in [((thirds(rng, 5), *rest), 1), (single, 1e4)]:
        out, mean, var, _ = student.batchnorm_forward(*arguments)
        assert close((out, mean, var), reference.batchnorm_forward(*arguments)[:3], terms=7, condition=condition)


def test_outliers(student, rng):
    """One example may lie far from all others, and gamma and beta may be large.

    Hint: nothing is clipped or rounded.
    """
    x, _, _, mean, var = problem(rng, 150, 3)
    x[rng.integers(150)] += signed(rng, 50, 60, 3)
    arguments = x, signed(rng, 10, 20, 3), signed(rng, 50, 90, 3), mean, var
    for training in [True, False]:
        out, _, _, _ = student.batchnorm_forward(*arguments, training)
        assert close(out, reference.batchnorm_forward(*arguments, training)[0], terms=150, condition=4)


def test_ways_to_call(student, rng):
    """Arguments may come by position or by name, in any memory order, and in float32."""
    names = "x", "gamma", "beta", "running_mean", "running_var", "training", "momentum", "eps"
    x, *rest = problem(rng, 12, 10)
    for training in [True, False]:
        arguments = x, *rest, training, 0.25, 0.125
        expected = reference.batchnorm_forward(*arguments)
        out, mean, var, _ = student.batchnorm_forward(*arguments)
        assert close((out, mean, var), expected[:3], terms=12, condition=4)
        out, mean, var, _ = student.batchnorm_forward(**dict(reversed(list(zip(names, arguments, strict=True)))))
        assert close((out, mean, var), expected[:3], terms=12, condition=4)
        for data in [
            (np.asfortranarray(x), *rest),
            (x[::2, 1::3], *(a[1::3] for a in rest)),
            tuple(a.astype(np.float32) for a in (x, *rest)),
        ]:
            out, mean, var, _ = student.batchnorm_forward(*data, training)
            assert close((out, mean, var), reference.batchnorm_forward(*data, training)[:3], terms=12, condition=4)


def test_arguments_stay(student, rng):
    """The results are right, and the arguments keep their values, the running statistics too.

    Hint: `running_mean *= …` works in the caller's array; the new statistics are for the caller to keep.
    """
    for n, d, training in [(4, 3, True), (3, 4, False)]:
        arguments = problem(rng, n, d)
        assert unchanged(student.batchnorm_forward, *arguments, training=training)
        out, mean, var, _ = student.batchnorm_forward(*arguments, training=training)
        expected = reference.batchnorm_forward(*arguments, training=training)
        assert close((out, mean, var), expected[:3], terms=n, condition=4)


def test_nothing_is_remembered(student, rng):
    """A call neither depends on earlier ones nor overwrites their results.

    Hint: the running statistics are those that are handed in, not those of the call before.
    """
    for training in [True, False]:
        first, second = problem(rng, 5, 3), problem(rng, 5, 3)
        expected = reference.batchnorm_forward(*first, training)[:3]
        held = hold(student.batchnorm_forward, *first, training)
        out, mean, var, _ = student.batchnorm_forward(*second, not training)
        assert close((out, mean, var), reference.batchnorm_forward(*second, not training)[:3], terms=5)
        assert close(tuple(fetch(held[place]) for place in range(3)), expected, terms=5)
        out, mean, var, _ = student.batchnorm_forward(*first, training)
        assert close((out, mean, var), expected, terms=5)
