"""Hidden checks of `rnn_forward`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import rnn as reference

pytestmark = [
    question("rnn_forward"),
    forbids("torch.nn.RNN", "torch.nn.RNNCell", "torch.rnn_tanh", "torch.rnn_tanh_cell"),
    follow_through(rnn_step=reference.rnn_step),
]


def draw(rng, n, t, d, h):
    """x, h0, w_x, w_h and b, such that the states neither vanish nor saturate."""
    return [
        rng.normal(size=(n, t, d)),
        rng.uniform(-1, 1, size=(n, h)),
        0.7 * rng.normal(size=(d, h)) / d**0.5,
        np.linalg.qr(rng.normal(size=(h, h)))[0].round(6),  # the same on every processor
        0.4 * rng.normal(size=h),
    ]


def states(student, *arguments, **named):
    """The first of the two things that `rnn_forward` returns, once it is clear that there are two."""
    result = student.rnn_forward(*arguments, **named)
    assert isinstance(result, tuple), "a tuple was asked for"
    assert len(result) == 2, "two results were asked for"
    return result[0]


@visible
def test_the_states_at_many_sizes(student, rng):
    """All states of every sequence, in the shape (N, T, H).

    Hint: print the shapes for N = 2, T = 3, H = 4; a reshape does not swap axes.
    """
    for n, t, d, h in [(2, 3, 5, 4), (4, 6, 3, 2), (5, 2, 3, 7)]:
        arguments = draw(rng, n, t, d, h)
        assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_starts_from_h0(student, rng):
    """The first step starts from h0, and h0 itself is not among the states.

    Hint: which state goes into step 0, and which into step 1?
    """
    x, h0, w_x, w_h, b = draw(rng, 3, 4, 2, 5)
    for start in (2.0 * h0, np.zeros_like(h0), np.full_like(h0, -0.5)):
        arguments = (x, start, w_x, w_h, np.zeros_like(b))
        assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_a_single_step(student, rng):
    """A sequence of one step has one state.

    Hint: the shape is (N, 1, H), also when N or H is one.
    """
    for n, d, h in [(3, 2, 4), (1, 3, 2), (2, 4, 1), (1, 1, 1)]:
        arguments = draw(rng, n, 1, d, h)
        assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_one_sequence_one_feature_one_unit(student, rng):
    """A batch of one, one feature or one unit keep the shape (N, T, H).

    Hint: is there a `squeeze`, or an axis lost by indexing?
    """
    for n, t, d, h in [(1, 4, 3, 2), (3, 5, 1, 2), (2, 3, 4, 1), (1, 6, 1, 1)]:
        arguments = draw(rng, n, t, d, h)
        assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_a_long_sequence(student, rng):
    """A long sequence is read to its end."""
    x, h0, w_x, w_h, b = draw(rng, 2, 60, 3, 4)
    arguments = (0.3 * x, h0, w_x, w_h, 0.2 * b)
    assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_arguments_by_name(student, rng):
    """The arguments have the names of the prompt and may be given in any order."""
    x, h0, w_x, w_h, b = arguments = draw(rng, 3, 2, 6, 4)
    named = states(student, b=b, w_h=w_h, w_x=w_x, h0=h0, x=x)
    assert close(named, reference.rnn_forward(*arguments)[0])


def test_leaves_its_arguments_alone(student, rng):
    """The states are right, and the arguments are not changed, h0 included.

    Hint: `+=` on an argument changes the caller's array.
    """
    arguments = draw(rng, 3, 4, 2, 5)
    assert unchanged(student.rnn_forward, *arguments)
    assert close(states(student, *arguments), reference.rnn_forward(*arguments)[0])


def test_remembers_nothing(student, rng):
    """A call does not depend on the calls before it, and does not overwrite their results.

    Hint: every call starts from its own h0 and fills an array of its own.
    """
    first, second = draw(rng, 3, 4, 2, 5), draw(rng, 3, 4, 2, 5)
    held = hold(student.rnn_forward, *first)
    assert close(states(student, *second), reference.rnn_forward(*second)[0])
    assert close(fetch(held[0]), reference.rnn_forward(*first)[0])
    assert close(states(student, *first), reference.rnn_forward(*first)[0])


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones give the same states."""
    single = [array.astype(np.float32) for array in draw(rng, 4, 3, 5, 2)]
    assert close(states(student, *single), reference.rnn_forward(*single)[0])
    x, h0, w_x, w_h, b = draw(rng, 3, 5, 4, 6)
    strided = np.repeat(x, 2, axis=2)[:, :, ::2]
    time_first = np.ascontiguousarray(x.transpose(1, 0, 2)).transpose(1, 0, 2)
    expected = reference.rnn_forward(x, h0, w_x, w_h, b)[0]
    assert close(states(student, strided, np.asfortranarray(h0), np.asfortranarray(w_x), w_h, b), expected)
    assert close(states(student, np.asfortranarray(x), h0, w_x, np.asfortranarray(w_h), np.repeat(b, 2)[::2]), expected)
    assert close(states(student, time_first, h0, w_x, w_h, b), expected)
