"""Hidden checks of `gru_step`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import rnn as reference

pytestmark = [
    question("gru_step"),
    forbids("torch.nn.GRU", "torch.nn.GRUCell", "torch.gru", "torch.gru_cell"),
]


def draw(rng, n, d, h):
    """x, h, w_x, w_h, b_x and b_h, such that no gate is saturated."""
    return [
        rng.normal(size=(n, d)),
        rng.uniform(-1, 1, size=(n, h)),
        rng.normal(size=(d, 3 * h)) / d**0.5,
        1.5 * rng.normal(size=(h, 3 * h)) / h**0.5,
        0.7 * rng.normal(size=3 * h),
        rng.normal(size=3 * h),
    ]


@visible
def test_the_state_at_many_sizes(student, rng):
    """The new state, by gates in the order r, z, n.

    Hint: what exactly does the reset gate multiply, and what does z keep?
    """
    for n, d, h in [(3, 4, 5), (6, 5, 2), (2, 3, 7)]:
        arguments = draw(rng, n, d, h)
        assert close(student.gru_step(*arguments), reference.gru_step(*arguments))


def test_one_of_anything(student, rng):
    """One sequence, one feature or one unit keep the shape (N, H).

    Hint: is there a `squeeze`, or a sum that loses an axis?
    """
    for n, d, h in [(1, 4, 3), (4, 1, 3), (5, 2, 1), (1, 1, 1)]:
        arguments = draw(rng, n, d, h)
        assert close(student.gru_step(*arguments), reference.gru_step(*arguments))


def test_the_reset_gate_multiplies_the_bias_too(student, rng):
    """The reset gate multiplies the recurrent product with its bias, PyTorch's rule.

    Hint: the first paper's rule is another network; look at the formula of n again.
    """
    n, d, h = 4, 3, 5
    x, state, w_x, w_h, b_x, b_h = draw(rng, n, d, h)
    b_h[2 * h :] = rng.choice([-1.5, 1.5], size=h)
    b_x[h : 2 * h] -= 1.0  # much of the candidate gets through
    arguments = (x, state, w_x, w_h, b_x, b_h)
    assert close(student.gru_step(*arguments), reference.gru_step(*arguments))


def test_each_gate_opens_and_closes(student):
    """Each gate, wide open or shut, does what its name says.

    Hint: with z = 1 the state stays exactly as it is.
    """
    n, d, h = 2, 3, 2
    x, state = np.zeros((n, d)), np.array([[2.0, -0.5], [0.25, -3.0]])
    zero_x, w_h = np.zeros((d, 3 * h)), np.tile([[0.5, -1.0]], (h, 3)) * [0, 0, 0, 0, 1, 1]
    b_h = np.array([0.0, 0.0, 0.0, 0.0, 1.0, -0.5])
    for r in (-30.0, 30.0):
        for z in (-30.0, 30.0):
            b_x = np.array([r, -r / 2, z, z / 2, 0.5, 0.25])
            arguments = (x, state, zero_x, w_h, b_x, b_h)
            assert close(student.gru_step(*arguments), reference.gru_step(*arguments))


def test_saturates(student, rng):
    """Sums in the thousands, of either sign, open and shut gates without overflow.

    Hint: which form of the logistic function overflows, and for which sign?
    """
    n, d, h = 4, 3, 5
    # Eighths times quarters: float32 holds every sum exactly.
    x = rng.choice([-4000.0, 4000.0], size=(n, 1)) * np.ones((n, d))
    w_x = rng.choice([-1.0, 1.0], size=3 * h) * rng.integers(1, 9, size=(d, 3 * h)) / 4.0
    w_x[:, rng.random(3 * h) < 0.25] = 0.0  # these gates are not saturated
    w_h = rng.integers(-8, 9, size=(h, 3 * h)) / 4.0
    b_x, b_h = rng.integers(-8, 9, size=(2, 3 * h)) / 8.0
    state = rng.integers(-8, 9, size=(n, h)) / 8.0
    assert close(student.gru_step(x, state, w_x, w_h, b_x, b_h), reference.gru_step(x, state, w_x, w_h, b_x, b_h))


def test_arguments_by_name(student, rng):
    """The arguments have the names of the prompt and may be given in any order."""
    x, h, w_x, w_h, b_x, b_h = arguments = draw(rng, 4, 3, 6)
    named = student.gru_step(b_h=b_h, b_x=b_x, w_h=w_h, w_x=w_x, h=h, x=x)
    assert close(named, reference.gru_step(*arguments))


def test_leaves_its_arguments_alone(student, rng):
    """The result is right, and the arguments are not changed, the old state included.

    Hint: `h *= z` changes the caller's array.
    """
    arguments = draw(rng, 3, 2, 4)
    assert unchanged(student.gru_step, *arguments)
    assert close(student.gru_step(*arguments), reference.gru_step(*arguments))


def test_remembers_nothing(student, rng):
    """A call does not depend on the calls before it, and does not overwrite their results."""
    first, second = draw(rng, 3, 2, 4), draw(rng, 3, 2, 4)
    held = hold(student.gru_step, *first)
    assert close(student.gru_step(*second), reference.gru_step(*second))
    assert close(fetch(held), reference.gru_step(*first))
    assert close(student.gru_step(*first), reference.gru_step(*first))


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones give the same states."""
    single = [array.astype(np.float32) for array in draw(rng, 4, 3, 5)]
    assert close(student.gru_step(*single), reference.gru_step(*single))
    arguments = draw(rng, 4, 3, 2)
    layout = [np.asfortranarray(array) for array in arguments]
    layout[1] = np.repeat(arguments[1], 2, axis=1)[:, ::2]
    assert close(student.gru_step(*layout), reference.gru_step(*arguments))
