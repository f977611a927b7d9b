"""Hidden checks of `multi_head_attention`."""

import numpy as np

from autograder.checks import close, fetch, follow_through, forbids, hold, question, unchanged, visible
from solutions import attention as reference

pytestmark = [
    question("multi_head_attention"),
    forbids(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.MultiheadAttention",
        "torch.nn.Transformer",
        "torch.nn.TransformerEncoderLayer",
        "torch.nn.TransformerDecoderLayer",
    ),
    follow_through(scaled_dot_product_attention=reference.scaled_dot_product_attention),
]


def draw(rng, batch, length, width):
    """Return x and the four projections, sized so that scores and outputs are of order one."""
    x = rng.normal(size=(batch, length, width))
    w_q, w_k, w_v, w_o = rng.normal(size=(4, width, width)) * np.sqrt([1.5, 1.5, 1.0, 1.0])[:, None, None] / width**0.5
    return x, w_q, w_k, w_v, w_o


def draw_mask(rng, length):
    """Return a mask that is not symmetric, and in which every position sees at least one."""
    mask = rng.random((length, length)) < 0.5
    mask[np.arange(length), rng.integers(length, size=length)] = True
    mask[0], mask[0, -1], mask[-1, 0] = False, True, False
    mask[-1, -1] = True
    return mask


def agrees(function, expected, cases, **tolerance):
    """Assert that `function` gives what `expected` gives for each case, a tuple of arguments.

    All calls are made before the first comparison, so that a diagnosis sees all of them.
    """
    answers = [function(*case) for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert close(answer, expected(*case), **tolerance)


@visible
def test_projects_attends_joins_and_mixes(student, rng):
    """Queries, keys and values are projected and split, each head attends, the heads are joined and mixed.

    Hint: follow the shapes step by step, and write down which columns belong to which head.
    """
    sizes = [(2, 5, 12, 3), (3, 7, 10, 2), (4, 3, 20, 5)]
    cases = [(*draw(rng, batch, length, width), heads) for batch, length, width, heads in sizes]
    agrees(student.multi_head_attention, reference.multi_head_attention, cases)


def test_any_number_of_heads(student, rng):
    """One head, two, or as many as there are columns: `num_heads` decides.

    Hint: a head is a block of D / num_heads neighbouring columns, and its own width is under the root.
    """
    arguments = draw(rng, 2, 5, 12)
    agrees(
        student.multi_head_attention,
        reference.multi_head_attention,
        [(*arguments, heads) for heads in (1, 2, 3, 4, 6, 12)],
    )
    named = student.multi_head_attention(*arguments, num_heads=4)
    assert close(named, reference.multi_head_attention(*arguments, 4))


def test_each_sequence_by_itself(student, rng):
    """A batch of one and a sequence of one position are no special cases, and sequences do not see each other.

    Hint: attention runs along the positions of one sequence, never along the batch.
    """
    sizes = [(1, 4, 6, 2), (5, 1, 6, 3), (1, 1, 4, 2), (6, 3, 8, 2)]
    cases = [(*draw(rng, batch, length, width), heads) for batch, length, width, heads in sizes]
    agrees(student.multi_head_attention, reference.multi_head_attention, cases)


def test_moves_with_its_inputs(student, rng):
    """Without a mask, shuffled positions give the same outputs, shuffled in the same way.

    Hint: attention knows nothing of positions, unless somebody tells it.
    """
    x, *weights = draw(rng, 2, 6, 8)
    order = rng.permutation(6)
    expected = reference.multi_head_attention(x, *weights, 2)[:, order]
    assert close(student.multi_head_attention(x[:, order], *weights, 2), expected)


def test_hides_masked_positions(student, rng):
    """The mask (L, L) holds in every head and for every sequence: True may attend.

    Hint: hand the mask on to the attention of each head as it is.
    """
    cases = []
    for batch, length, width, heads in [(2, 5, 12, 3), (3, 4, 10, 2)]:
        arguments = draw(rng, batch, length, width)
        cases += [(*arguments, heads, reference.causal_mask(length)), (*arguments, heads, draw_mask(rng, length))]
    cases += [(*arguments, 2, np.ones((4, 4), dtype=bool)), (*arguments, 2, None)]
    agrees(student.multi_head_attention, reference.multi_head_attention, cases)
    mask = draw_mask(rng, 4)
    named = student.multi_head_attention(*arguments, num_heads=2, mask=mask)
    assert close(named, reference.multi_head_attention(*arguments, 2, mask))


def test_a_position_that_sees_nothing_gives_zero(student, rng):
    """A position that may attend to nothing has the output zero, and the others are as always.

    Hint: if the attention of each head gives zeros there, nothing that comes after can change it.
    """
    arguments = draw(rng, 2, 5, 6)
    mask = draw_mask(rng, 5)
    mask[rng.permutation(5)[:2]] = False
    agrees(
        student.multi_head_attention,
        reference.multi_head_attention,
        [(*arguments, 3, mask), (*arguments, 2, np.zeros((5, 5), dtype=bool))],
    )


def test_survives_large_scores(student, rng):
    """Scores of ±10⁴ give the right weights.

    Hint: your `scaled_dot_product_attention` can do that already.
    """
    # Two heads of width 16. Column 0 of a head decides whether a score lies at 10⁴, 0 or -10⁴, the rest by how little
    # it differs from the others there; all exact in single precision.
    x = rng.integers(-8, 9, size=(2, 6, 32)) / 8
    x[:, :, 0], x[:, :, 16] = rng.choice([-1.0, 1.0], size=(2, 2, 6))
    x[:, :2, [0, 16]] = np.array([[1.0, -1.0], [-1.0, 1.0]])
    w_q, w_k = np.eye(32), np.eye(32)
    w_q[[0, 16], [0, 16]] = 40000.0
    w_v, w_o = rng.normal(size=(2, 32, 32)) / 6
    expected = reference.multi_head_attention(x, w_q, w_k, w_v, w_o, 2)
    assert close(student.multi_head_attention(x, w_q, w_k, w_v, w_o, 2), expected, condition=2e3)


def test_single_precision(student, rng):
    """Arrays of `float32` are as good as any.

    Hint: nothing in this function needs more digits.
    """
    arguments = [array.astype(np.float32) for array in draw(rng, 2, 4, 6)]
    mask = draw_mask(rng, 4)
    agrees(student.multi_head_attention, reference.multi_head_attention, [(*arguments, 3), (*arguments, 3, mask)])


def test_leaves_arguments_and_results_alone(student, rng):
    """Arguments stay as they are, in whatever order they lie in memory, and one call does not touch another's result.

    Hint: look for assignments to an argument, and for variables that outlive the call.
    """
    arguments, mask = draw(rng, 2, 5, 6), draw_mask(rng, 5)
    expected = reference.multi_head_attention(*arguments, 2, mask)
    first = hold(student.multi_head_attention, *arguments, 2, mask)
    assert unchanged(student.multi_head_attention, *arguments, 2, mask)
    assert unchanged(student.multi_head_attention, *arguments, 3)
    mask_with_an_empty_row = mask & (np.arange(5) != rng.integers(5))[:, None]
    assert unchanged(student.multi_head_attention, *arguments, 2, mask_with_an_empty_row)
    others = draw(rng, 2, 5, 6)
    assert close(student.multi_head_attention(*others, 2), reference.multi_head_attention(*others, 2))
    assert close(fetch(first), expected)
    fortran = [np.asfortranarray(array) for array in arguments]
    assert close(student.multi_head_attention(*fortran, 2, np.asfortranarray(mask)), expected)
    strided = [np.repeat(array, 2, axis=-1)[..., ::2] for array in arguments]
    assert close(student.multi_head_attention(*strided, 2, mask), expected)
