"""Hidden checks of `rnn_step`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import rnn as reference

pytestmark = [
    question("rnn_step"),
    forbids("torch.nn.RNN", "torch.nn.RNNCell", "torch.rnn_tanh", "torch.rnn_tanh_cell"),
]


def draw(rng, n, d, h):
    """x, h, w_x, w_h and b, such that the sums before the tanh are about as large as one."""
    return [
        rng.normal(size=(n, d)),
        rng.uniform(-1, 1, size=(n, h)),
        0.8 * rng.normal(size=(d, h)) / d**0.5,
        1.2 * rng.normal(size=(h, h)) / h**0.5,
        0.6 * rng.normal(size=h),
    ]


@visible
def test_the_formula_at_many_sizes(student, rng):
    """The new state is the tanh of input, old state and bias, each through its weights.

    Hint: write the shapes beside each product; which index of `w_h` belongs to the old state?
    """
    for n, d, h in [(3, 4, 5), (6, 5, 2), (2, 3, 7)]:
        arguments = draw(rng, n, d, h)
        assert close(student.rnn_step(*arguments), reference.rnn_step(*arguments))


def test_one_of_anything(student, rng):
    """One sequence, one feature or one unit keep the shape (N, H).

    Hint: is there a `squeeze`, or a sum that loses an axis?
    """
    for n, d, h in [(1, 4, 3), (4, 1, 3), (5, 2, 1), (1, 1, 1)]:
        arguments = draw(rng, n, d, h)
        assert close(student.rnn_step(*arguments), reference.rnn_step(*arguments))


def test_arguments_by_name(student, rng):
    """The arguments have the names of the prompt and may be given in any order."""
    x, h, w_x, w_h, b = draw(rng, 4, 3, 6)
    assert close(student.rnn_step(b=b, w_h=w_h, w_x=w_x, h=h, x=x), reference.rnn_step(x, h, w_x, w_h, b))


def test_saturates(student, rng):
    """Sums in the thousands give states of one and minus one.

    Hint: `np.tanh` does not overflow; a tanh made of exponentials may.
    """
    # Eighths times quarters: float32 holds every sum exactly.
    x = rng.integers(-8000, 8000, size=(5, 3)) / 8.0
    h = rng.integers(-8, 9, size=(5, 4)) / 8.0
    w_x, w_h = rng.integers(1, 17, size=(3, 4)) / 4.0, rng.integers(-8, 9, size=(4, 4)) / 4.0
    x[:2] = [[4000.0, 4000.0, 4000.0], [-4000.0, -4000.0, -4000.0]]
    b = rng.integers(-8, 9, size=4) / 8.0
    assert close(student.rnn_step(x, h, w_x, w_h, b), reference.rnn_step(x, h, w_x, w_h, b))


def test_leaves_its_arguments_alone(student, rng):
    """The result is right, and the arguments are not changed.

    Hint: `+=` on an argument changes the caller's array.
    """
    arguments = draw(rng, 3, 2, 4)
    assert unchanged(student.rnn_step, *arguments)
    assert close(student.rnn_step(*arguments), reference.rnn_step(*arguments))


def test_remembers_nothing(student, rng):
    """A call does not depend on the calls before it, and does not overwrite their results."""
    first, second = draw(rng, 3, 2, 4), draw(rng, 3, 2, 4)
    held = hold(student.rnn_step, *first)
    assert close(student.rnn_step(*second), reference.rnn_step(*second))
    assert close(fetch(held), reference.rnn_step(*first))
    assert close(student.rnn_step(*first), reference.rnn_step(*first))


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones give the same states."""
    single = [array.astype(np.float32) for array in draw(rng, 4, 3, 5)]
    assert close(student.rnn_step(*single), reference.rnn_step(*single))
    x, h, w_x, w_h, b = draw(rng, 4, 6, 5)
    layout = [
        np.asfortranarray(x),
        np.repeat(h, 2, axis=1)[:, ::2],
        np.asfortranarray(w_x),
        w_h.T,
        np.repeat(b, 2)[::2],
    ]
    assert close(student.rnn_step(*layout), reference.rnn_step(x, h, w_x, w_h.T, b))
