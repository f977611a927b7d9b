"""Hidden checks of `lstm_step`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import rnn as reference

pytestmark = [
    question("lstm_step"),
    forbids("torch.nn.LSTM", "torch.nn.LSTMCell", "torch.lstm", "torch.lstm_cell"),
]


def draw(rng, n, d, h):
    """x, h, c, w_x, w_h and b, such that no gate is saturated and the cell state is larger than one here and there."""
    return [
        rng.normal(size=(n, d)),
        rng.uniform(-1, 1, size=(n, h)),
        1.5 * rng.normal(size=(n, h)),
        rng.normal(size=(d, 4 * h)) / d**0.5,
        rng.normal(size=(h, 4 * h)) / h**0.5,
        rng.normal(size=4 * h),
    ]


@visible
def test_both_states_at_many_sizes(student, rng):
    """The new h and the new c, in this order, by gates in the order i, f, g, o.

    Hint: give each gate alone a large bias and see which of them opens.
    """
    for n, d, h in [(3, 4, 5), (6, 5, 2), (2, 3, 7)]:
        arguments = draw(rng, n, d, h)
        assert close(student.lstm_step(*arguments), reference.lstm_step(*arguments))


def test_one_of_anything(student, rng):
    """One sequence, one feature or one unit keep the shape (N, H).

    Hint: is there a `squeeze`, or a sum that loses an axis?
    """
    for n, d, h in [(1, 4, 3), (4, 1, 3), (5, 2, 1), (1, 1, 1)]:
        arguments = draw(rng, n, d, h)
        assert close(student.lstm_step(*arguments), reference.lstm_step(*arguments))


def test_each_gate_opens_and_closes(student):
    """Each gate, wide open or shut, does what its name says.

    Hint: with f = 1 and i = 0 the cell state stays exactly as it is.
    """
    n, d, h = 2, 3, 2
    x, state = np.zeros((n, d)), np.zeros((n, h))
    c = np.array([[2.0, -0.5], [0.25, -3.0]])
    zero_x, zero_h = np.zeros((d, 4 * h)), np.zeros((h, 4 * h))
    for number in range(16):
        shut = [30.0 if number & 1 << bit else -30.0 for bit in range(4)]
        shut[2] = 1.0 if number & 4 else -0.5
        b = np.repeat(shut, h) * np.tile([1.0, 0.5], 4)
        assert close(
            student.lstm_step(x, state, c, zero_x, zero_h, b), reference.lstm_step(x, state, c, zero_x, zero_h, b)
        )


def test_saturates(student, rng):
    """Sums in the thousands, of either sign, open and shut gates without overflow.

    Hint: which form of the logistic function overflows, and for which sign?
    """
    n, d, h = 4, 3, 5
    # Eighths times quarters: float32 holds every sum exactly.
    x = rng.choice([-4000.0, 4000.0], size=(n, 1)) * np.ones((n, d))
    w_x = rng.choice([-1.0, 1.0], size=4 * h) * rng.integers(1, 9, size=(d, 4 * h)) / 4.0
    w_x[:, rng.random(4 * h) < 0.25] = 0.0  # these gates are not saturated
    w_h, b = rng.integers(-8, 9, size=(h, 4 * h)) / 4.0, rng.integers(-8, 9, size=4 * h) / 8.0
    state, c = rng.integers(-8, 9, size=(n, h)) / 8.0, rng.integers(-16, 17, size=(n, h)) / 8.0
    assert close(student.lstm_step(x, state, c, w_x, w_h, b), reference.lstm_step(x, state, c, w_x, w_h, b))


def test_the_cell_state_has_no_bounds(student, rng):
    """A large cell state is kept by an open forget gate.

    Hint: tanh is for what leaves the cell, not for what stays in it.
    """
    n, d, h = 3, 2, 4
    x, state, _, w_x, w_h, b = draw(rng, n, d, h)
    c = rng.choice([-1.0, 1.0], size=(n, h)) * rng.uniform(20, 60, size=(n, h))
    b[h : 2 * h] += 4.0
    assert close(student.lstm_step(x, state, c, w_x, w_h, b), reference.lstm_step(x, state, c, w_x, w_h, b))


def test_arguments_by_name(student, rng):
    """The arguments have the names of the prompt and may be given in any order."""
    x, h, c, w_x, w_h, b = arguments = draw(rng, 4, 3, 6)
    named = student.lstm_step(b=b, w_h=w_h, w_x=w_x, c=c, h=h, x=x)
    assert close(named, reference.lstm_step(*arguments))


def test_leaves_its_arguments_alone(student, rng):
    """The result is right, and the arguments are not changed, the old cell state included.

    Hint: `c *= f` changes the caller's array.
    """
    arguments = draw(rng, 3, 2, 4)
    assert unchanged(student.lstm_step, *arguments)
    assert close(student.lstm_step(*arguments), reference.lstm_step(*arguments))


def test_remembers_nothing(student, rng):
    """A call does not depend on the calls before it, and does not overwrite their results."""
    first, second = draw(rng, 3, 2, 4), draw(rng, 3, 2, 4)
    held = hold(student.lstm_step, *first)
    assert close(student.lstm_step(*second), reference.lstm_step(*second))
    assert close(fetch(held), reference.lstm_step(*first))
    assert close(student.lstm_step(*first), reference.lstm_step(*first))


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones give the same states."""
    single = [array.astype(np.float32) for array in draw(rng, 4, 3, 5)]
    assert close(student.lstm_step(*single), reference.lstm_step(*single))
    arguments = draw(rng, 4, 3, 2)
    layout = [np.asfortranarray(array) for array in arguments]
    layout[2] = np.repeat(arguments[2], 2, axis=1)[:, ::2]
    assert close(student.lstm_step(*layout), reference.lstm_step(*arguments))
