"""Hidden checks of `rnn_backward`.

Every gradient is compared with automatic differentiation of the reference's forward pass; the cache is the student's.
"""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, visible
from solutions import rnn as reference

pytestmark = [
    question("rnn_backward"),
    forbids(
        "torch.nn.RNN",
        "torch.nn.RNNCell",
        "torch.rnn_tanh",
        "torch.rnn_tanh_cell",
        "torch.autograd.backward",
        "torch.autograd.grad",
        "torch.autograd.functional.jacobian",
        "torch.autograd.functional.jvp",
        "torch.autograd.functional.vjp",
        "torch.func.functional_call",
        "torch.func.grad",
        "torch.func.grad_and_value",
        "torch.func.jacfwd",
        "torch.func.jacrev",
        "torch.func.jvp",
        "torch.func.vjp",
        "torch.Tensor.backward",
    ),
    follow_through(rnn_step=reference.rnn_step),
]


def draw(rng, n, t, d, h):
    """x, h0, w_x, w_h and b, such that gradients neither vanish nor explode."""
    return [
        rng.normal(size=(n, t, d)),
        rng.uniform(-1, 1, size=(n, h)),
        0.6 * rng.normal(size=(d, h)) / d**0.5,
        np.linalg.qr(rng.normal(size=(h, h)))[0].round(6),  # the same on every processor
        0.3 * rng.normal(size=h),
    ]


def cache_of(student, *arguments):
    """The student's own cache, once it is clear that `rnn_forward` returns two things."""
    result = student.rnn_forward(*arguments)
    assert isinstance(result, tuple), "rnn_forward: a tuple was asked for"
    assert len(result) == 2, "rnn_forward: two results were asked for"
    return result[1]


def expected(dh, *arguments):
    """The five gradients by automatic differentiation."""
    return reference.rnn_backward(dh, reference.rnn_forward(*arguments)[1])


def right(student, dh, *arguments, condition=1.0):
    """Whether the student's five gradients are right. Longest sum behind an entry: over the batch and over time."""
    n, t, _ = dh.shape
    result = student.rnn_backward(dh, cache_of(student, *arguments))
    return close(result, expected(dh, *arguments), terms=n * t, condition=condition)


@visible
def test_all_five_gradients_at_many_sizes(student, rng):
    """A gradient at every step: all five gradients, in order.

    Hint: two gradients meet in each state, one from the loss and one from the next step. Nudge an entry and measure.
    """
    for n, t, d, h in [(2, 3, 5, 4), (4, 6, 3, 2), (5, 2, 3, 7)]:
        assert right(student, rng.normal(size=(n, t, h)), *draw(rng, n, t, d, h))


def test_a_gradient_at_the_last_step_alone(student, rng):
    """A loss that looks at the last state alone reaches every earlier input.

    Hint: what does the step after hand back, and through which weights?
    """
    n, t, d, h = 3, 5, 4, 2
    dh = np.zeros((n, t, h))
    dh[:, -1] = rng.normal(size=(n, h))
    assert right(student, dh, *draw(rng, n, t, d, h))


def test_a_gradient_at_an_inner_step_alone(student, rng):
    """A loss that looks at an inner state alone: what comes later has no part in it.

    Hint: `dh` may be zero at the last step and not before.
    """
    n, t, d, h = 2, 6, 3, 4
    for step in (0, 3):
        dh = np.zeros((n, t, h))
        dh[:, step] = rng.normal(size=(n, h))
        assert right(student, dh, *draw(rng, n, t, d, h))


def test_a_single_step(student, rng):
    """One step of time: h0 is the state before it.

    Hint: with T = 1 the gradient of `w_h` comes from h0 alone.
    """
    for n, d, h in [(3, 2, 4), (1, 3, 2), (2, 4, 1), (1, 1, 1)]:
        assert right(student, rng.normal(size=(n, 1, h)), *draw(rng, n, 1, d, h))


def test_one_sequence_one_feature_one_unit(student, rng):
    """A batch of one, one feature or one unit: five gradients of the full shapes."""
    for n, t, d, h in [(1, 4, 3, 2), (3, 5, 1, 2), (2, 3, 4, 1), (1, 3, 1, 1)]:
        assert right(student, rng.normal(size=(n, t, h)), *draw(rng, n, t, d, h))


def test_a_long_sequence_and_a_large_gradient(student, rng):
    """The gradient of the last step reaches the first, whole and at any size.

    Hint: nothing is cut off after some steps, and nothing is clipped here.
    """
    n, t, d, h = 2, 40, 3, 4
    x, h0, w_x, w_h, b = draw(rng, n, t, d, h)
    dh = np.zeros((n, t, h))
    dh[:, -1] = 30.0 * np.sign(rng.normal(size=(n, h)))
    # Small inputs keep the slopes near one, and a rotation keeps lengths: a good part of the gradient arrives.
    # Sums of terms of size 30 may cancel to about one: the condition.
    assert right(student, dh, 0.1 * x, 0.1 * h0, w_x, w_h, 0.02 * b, condition=30.0)


def test_saturated_states(student, rng):
    """A saturated state lets no gradient through; a state in between does.

    Hint: the slope of tanh is one minus the square of the state.
    """
    n, t, d, h = 3, 4, 2, 5
    # Eighths times quarters: float32 holds every sum exactly. At one step three units are far out, two near zero.
    x = rng.integers(-8, 9, size=(n, t, d)) / 8.0
    x[:, 1] = rng.choice([-64.0, 64.0], size=(n, d))
    w_x = rng.integers(1, 5, size=(d, h)) / 4.0 * [1.0, 1.0, 0.0, 0.0, 1.0]
    w_x[0] *= 5.0  # the two features cannot cancel
    w_h, b = rng.integers(-4, 5, size=(h, h)) / 8.0, rng.integers(-4, 5, size=h) / 8.0
    h0 = rng.integers(-8, 9, size=(n, h)) / 8.0
    # The large inputs enter the gradient of w_x, where they may cancel: the condition.
    assert right(student, rng.integers(-16, 17, size=(n, t, h)) / 8.0, x, h0, w_x, w_h, b, condition=64.0)


def test_every_cache_belongs_to_its_own_forward_pass(student, rng):
    """Two forward passes, then two backward passes; a cache may be used again, and no result is overwritten.

    Hint: keep everything in the cache, and do not change what is in it.
    """
    n, t, d, h = 3, 4, 2, 5
    first, second = draw(rng, n, t, d, h), draw(rng, n, t, d, h)
    dh, other = rng.normal(size=(2, n, t, h))
    cache, last = cache_of(student, *first), cache_of(student, *second)
    held = hold(student.rnn_backward, dh, cache)
    assert close(student.rnn_backward(cache=last, dh=dh), expected(dh, *second))
    assert close(fetch(held), expected(dh, *first))
    assert close(student.rnn_backward(other, cache), expected(other, *first))
    assert close(student.rnn_backward(dh, cache), expected(dh, *first))


def test_leaves_its_arguments_alone(student, rng):
    """The gradient passed in is not changed; here it is the array of states, as for half the sum of their squares.

    Hint: `dh[:, t] += …` changes the caller's array.
    """
    arguments = draw(rng, 3, 4, 2, 5)
    held = hold(student.rnn_forward, *arguments)
    states, before = held[0], fetch(held[0])
    assert close(student.rnn_backward(states, held[1]), expected(reference.rnn_forward(*arguments)[0], *arguments))
    assert close(fetch(states), before)


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones give the same gradients."""
    n, t, d, h = 4, 3, 5, 2
    single = [array.astype(np.float32) for array in draw(rng, n, t, d, h)]
    assert right(student, rng.normal(size=(n, t, h)).astype(np.float32), *single)
    x, h0, w_x, w_h, b = draw(rng, n, t, d, h)
    dh = rng.normal(size=(n, t, h))
    layout = [np.asfortranarray(x), np.asfortranarray(h0), np.asfortranarray(w_x), np.asfortranarray(w_h)]
    assert right(student, np.asfortranarray(dh), *layout, b)
    assert right(student, np.repeat(dh, 2, axis=2)[:, :, ::2], np.repeat(x, 2, axis=2)[:, :, ::2], h0, w_x, w_h, b)
