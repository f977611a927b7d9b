"""Hidden checks of the experiment of `batchnorm`: a deep network, and digits that were held back."""

import functools

import numpy as np
from sklearn.datasets import load_digits

from autograder.checks import close, fetch, follow_through, hold, question, unchanged
from solutions import batchnorm as reference


def batchnorm_forward(*args, **kwargs):
    """Normalise by the reference, with no cache: the checks of this file never go back."""
    return (*reference.batchnorm_forward(*args, **kwargs)[:3], None)


pytestmark = [question("batchnorm_experiment"), follow_through(batchnorm_forward=batchnorm_forward)]


def draw_network(rng, sizes, normalised):
    """Draw a network as in the notebook, with numbers in every array; `normalised` tells which layers are."""
    network = []
    for before, after, norm in zip(sizes, sizes[1:], normalised, strict=False):
        layer = {"w": rng.normal(size=(before, after)), "beta": rng.normal(size=after)}
        if norm:
            layer["gamma"] = rng.uniform(1.2, 2, after)
            layer["running_mean"] = rng.normal(size=after)
            layer["running_var"] = rng.uniform(0.5, 3, after)
        network.append(layer)
    return network


def logits(x, network, training):
    """Return the logits of `network`, the new statistics of normalised layers, and (x, z) of every layer."""
    statistics, kept = [], []
    for layer in network:
        z = x @ layer["w"]
        if "gamma" in layer:
            names = "gamma", "beta", "running_mean", "running_var"
            z, mean, var, _ = reference.batchnorm_forward(z, *(layer[name] for name in names), training)
            statistics.append((mean, var))
        else:
            z = z + layer["beta"]
        kept.append((x, z))
        x = np.maximum(z, 0)
    return z, statistics, kept


SHAPES = [
    ((5, 4, 3), (True, False)),
    ((4, 6, 5, 7, 3), (True, True, True, False)),
    ((6, 5, 4), (False, False)),
    ((3, 5, 4, 6, 2), (False, True, False, False)),
]


def test_logits_in_training(student, rng):
    """In training, `deep_forward` runs x through all layers, normalises where there is a gamma, and keeps caches.

    Hint: product, normalisation or beta, ReLU, in this order; no ReLU after the last layer. In the caches, x is what
    comes into the layer and z what goes into its ReLU.
    """
    for sizes, normalised in SHAPES:
        network, x = draw_network(rng, sizes, normalised), rng.normal(size=(12, sizes[0]))
        out, _ = student.deep_forward(x, network, True)
        assert close(out, logits(x, network, True)[0], terms=12, condition=100)
    caches = hold(student.deep_forward, x, network, True)[1]
    for place, expected in enumerate(logits(x, network, True)[2]):
        for part in [0, 1]:
            assert close(fetch(caches[place][part]), expected[part], terms=12, condition=100)
        assert normalised[place] or fetch(caches[place][2]) is None


def test_logits_in_evaluation(student, rng):
    """In evaluation, `deep_forward` takes every layer's running statistics, for one image or for many.

    Hint: hand `training` on to every layer.
    """
    for sizes, normalised in SHAPES:
        network = draw_network(rng, sizes, normalised)
        for n in [9, 1]:
            x = rng.normal(size=(n, sizes[0]))
            out, _ = student.deep_forward(x=x, network=network, training=False)
            assert close(out, logits(x, network, False)[0], terms=12, condition=20)
    assert unchanged(student.deep_forward, x, network, False)


def test_network_keeps_statistics(student, rng):
    """Each training pass leaves its running statistics in the layers; evaluation changes nothing.

    Hint: `batchnorm_forward` returns them; put them back under `running_mean` and `running_var`.
    """
    network = student.make_network([6, 5, 4, 3], True, np.random.default_rng(int(rng.integers(2**31))))
    layers = fetch(network)
    for training in [True, True, False]:
        x = rng.normal(size=(8, 6))
        student.deep_forward(x, network, training)
        for place, (mean, var) in enumerate(logits(x, layers, training)[1]):
            assert close(fetch(network[place]["running_mean"]), mean, terms=8, condition=20)
            assert close(fetch(network[place]["running_var"]), var, terms=8, condition=20)
            layers[place] |= {"running_mean": mean, "running_var": var}


def test_predictions(student, rng):
    """`predict_digits` names the class of the largest logit, the same for an image alone as among others.

    Hint: predictions are made in evaluation mode.
    """
    for sizes, normalised in SHAPES:
        network, x = draw_network(rng, sizes, normalised), rng.normal(size=(40, sizes[0]))
        out, _, _ = logits(x, network, False)
        best, second = np.sort(out, axis=1)[:, :-3:-1].T
        clear = best - second > 0.05 * (1 + np.abs(out).max())
        x, expected = x[clear][:15], out.argmax(axis=1)[clear][:15]
        assert close(student.predict_digits(network, x), expected)
        for n in range(min(len(x), 3)):
            assert close(student.predict_digits(network, x[n : n + 1]), expected[n : n + 1])


@functools.cache
def held_back_digits():
    """Return images and labels that `load_images` leaves out: every fourth, as the notebook says."""
    digits = load_digits()
    held_back = np.arange(len(digits.target)) % 4 == 3
    return digits.data[held_back] / 16, digits.target[held_back]


def test_held_back_digits(student):
    """The network with batch normalisation names at least 90 % of the digits that were held back.

    Hint: when the loss falls in training and this does not work, see whether the running statistics follow, and whether
    predictions are made with them.
    """
    images, labels = held_back_digits()
    predicted = student.predict_digits(student.network_with, images)
    assert isinstance(predicted, np.ndarray)
    assert predicted.shape == labels.shape
    assert (predicted == labels).mean() >= 0.9
