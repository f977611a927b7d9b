"""Hidden checks of `gradient_norms`."""

import numpy as np

from autograder.checks import close, follow_through, forbids, question, visible
from solutions import rnn as reference

pytestmark = [
    question("gradient_norms"),
    forbids(
        "torch.nn.RNN",
        "torch.nn.RNNCell",
        "torch.rnn_tanh",
        "torch.autograd.backward",
        "torch.autograd.grad",
        "torch.func.grad",
        "torch.func.jacrev",
        "torch.func.vjp",
        "torch.Tensor.backward",
    ),
    follow_through(rnn_step=reference.rnn_step, rnn_forward=reference.rnn_forward, rnn_backward=reference.rnn_backward),
]


def draw(rng, n, t, d, h):
    """x, h0, w_x, w_h and b, such that gradients neither vanish nor explode."""
    return [
        0.7 * rng.normal(size=(n, t, d)),
        rng.uniform(-1, 1, size=(n, h)),
        rng.normal(size=(d, h)) / d**0.5,
        np.linalg.qr(rng.normal(size=(h, h)))[0].round(6),  # the same on every processor
        0.3 * rng.normal(size=h),
    ]


@visible
def test_the_norms_at_many_sizes(student, rng):
    """One norm for each step, over batch and features, first step first.

    Hint: `dh` belongs to the sum of the last states, and to nothing else.
    """
    for n, t, d, h in [(2, 3, 5, 4), (4, 6, 3, 2), (5, 2, 3, 7)]:
        arguments = draw(rng, n, t, d, h)
        assert close(student.gradient_norms(*arguments), reference.gradient_norms(*arguments))


def test_one_of_anything(student, rng):
    """One step, one sequence, one feature or one unit keep the shape (T,)."""
    for n, t, d, h in [(3, 1, 2, 4), (1, 4, 3, 2), (3, 5, 1, 2), (2, 3, 4, 1)]:
        x, h0, w_x, w_h, b = draw(rng, n, t, d, h)
        norms = student.gradient_norms(b=b, w_h=w_h, w_x=w_x, h0=h0, x=x)
        assert close(norms, reference.gradient_norms(x, h0, w_x, w_h, b))


def test_vanishing_and_exploding(student, rng):
    """Weights that shrink or stretch make the norms fall or rise, step by step."""
    n, t, d, h = 2, 12, 3, 4
    x, h0, w_x, rotation, b = draw(rng, n, t, d, h)
    for scale in (0.6, 1.3):
        arguments = (0.02 * x, 0.02 * h0, w_x, scale * rotation, 0.01 * b)
        assert close(student.gradient_norms(*arguments), reference.gradient_norms(*arguments), condition=4.0)
