"""Hidden checks of `conv_experiment`: the network that the notebook trained, on digits it has not seen."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autograder.checks import close, question, weight

pytestmark = question("conv_experiment")


@pytest.fixture(scope="module")
def held_back():
    """Load the digits that the notebook's `load_images` leaves out: images (N, 1, 8, 8) and labels (N,)."""
    digits = load_digits()
    held = np.arange(len(digits.target)) % 5 == 4
    return digits.images[held, None] / 16.0, digits.target[held]


def right(student, images, labels):
    """Classify the images: the share that is right."""
    answer = student.classify(images)
    assert type(answer) is np.ndarray
    assert answer.shape == labels.shape
    return np.mean(answer == labels)


def test_better_than_guessing(student, held_back):
    """At least 80 % of the digits held back are read correctly.

    Hint: plot the loss. Does it fall? Compare some predictions with their images.
    """
    assert right(student, *held_back) >= 0.8


@weight(2)
def test_accuracy(student, held_back):
    """At least 94 % of the digits held back are read correctly.

    Hint: keep some of the training images aside to see how well it does on images that it has not seen. More epochs,
    another learning rate, or more filters may help.
    """
    assert right(student, *held_back) >= 0.94


def test_one_by_one(student, rng, held_back):
    """What is said of an image does not depend on those beside it.

    Hint: leave training mode before classifying, if the network has dropout or batch normalisation. Labels are
    integers.
    """
    images, _ = held_back
    together = student.classify(images)
    assert type(together) is np.ndarray
    assert together.shape == (len(images),)
    assert together.dtype.kind in "iu"
    some = rng.permutation(len(images))[:40]
    assert close(student.classify(images[some]), together[some])
    assert close(student.classify(images[some[:1]]), together[some[:1]])


def test_filters(student):
    """The network's first layer is a convolution with several different filters.

    Hint: (F, C, KH, KW), with at least 4 filters of at least 2 x 2 on one channel.
    """
    filters = student.first_filters()
    assert type(filters) is np.ndarray
    assert filters.ndim == 4
    count, channels, height, width = filters.shape
    assert count >= 4
    assert channels == 1
    assert min(height, width) >= 2
    assert np.isfinite(filters).all()
    flat = filters.reshape(count, -1)
    assert np.linalg.matrix_rank(flat - flat.mean(axis=0)) >= 2
