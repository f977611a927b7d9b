"""Hidden checks of the experiment: what was trained, on pictures it has never seen."""

import functools

import numpy as np
from sklearn.datasets import load_digits

from autograder.checks import follow_through, forbids, question
from solutions import rnn as reference

pytestmark = [
    question("rnn_experiment"),
    forbids("torch.nn.RNN", "torch.nn.GRU", "torch.nn.LSTM", "torch.autograd.grad", "torch.Tensor.backward"),
]

ENOUGH = 0.8


@functools.cache
def digits():
    """Pictures and labels, and which of them are held back: every fourth."""
    data = load_digits()
    return data.images / 16.0, data.target, np.arange(len(data.target)) % 4 == 3


def accuracy(predictions, labels):
    """The part of the predictions that is right; one that has not the form of labels is wrong."""
    assert type(predictions) is np.ndarray, "an array of labels was asked for"
    assert predictions.shape == labels.shape, "one label for each picture was asked for"
    assert predictions.dtype.kind in "iu", "integer labels were asked for"
    return np.mean(predictions == labels)


@follow_through(
    rnn_step=reference.rnn_step,
    rnn_forward=reference.rnn_forward,
    rnn_backward=reference.rnn_backward,
    clip_gradients=reference.clip_gradients,
)
def test_reads_pictures_held_back(student):
    """At least 80 % of the pictures held back are read right.

    Hint: plot the losses; they should fall from 2.3 to about 0.5. If they do not, look for the sign of the step.
    """
    images, labels, held = digits()
    if accuracy(student.predict(images[held], student.weights), labels[held]) >= ENOUGH:
        return
    # It may be another function that was wrong; with that one replaced, training must succeed.
    result = student.train_reader(images[~held], labels[~held], np.random.default_rng(3))
    assert isinstance(result, tuple), "train_reader: a tuple was asked for"
    assert len(result) == 2, "train_reader: weights and losses were asked for"
    assert accuracy(student.predict(images[held], result[0]), labels[held]) >= ENOUGH
