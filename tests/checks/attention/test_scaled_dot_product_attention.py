"""Hidden checks of `scaled_dot_product_attention`."""

import numpy as np

from autograder.checks import close, forbids, hold, question, unchanged, visible
from solutions import attention as reference

pytestmark = [
    question("scaled_dot_product_attention"),
    forbids(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.MultiheadAttention",
        "torch.nn.Transformer",
        "torch.nn.TransformerEncoderLayer",
        "torch.nn.TransformerDecoderLayer",
    ),
]

LARGE = 2e3  # the condition at scores of 1e4: rounded to single precision, they are off by up to 5e-4


def draw(rng, leading, queries, keys, width, value_width):
    """Return q, k and v of these sizes, with scores of a few units."""
    q = rng.normal(size=(*leading, queries, width))
    k = rng.normal(size=(*leading, keys, width))
    v = rng.normal(size=(*leading, keys, value_width))
    return q, k, v


def draw_mask(rng, *shape):
    """Return a mask in which every query may attend to at least one key, and at least one query not to all."""
    mask = rng.random(shape) < 0.5
    np.put_along_axis(mask, rng.integers(shape[-1], size=(*shape[:-1], 1)), True, axis=-1)
    mask[..., 0, :] = np.arange(shape[-1]) == rng.integers(shape[-1])
    return mask


def draw_extreme(rng, dtype=float):
    """Return q (5, 16), k (7, 16), v (7, 3) with scores around 1e4, 0 and -1e4, all exact in single precision.

    The first entry of a query and of a key decides where their score lies, the others by how little it differs from
    others there.
    """
    q = rng.integers(-8, 9, size=(5, 16)) / 8
    q[:, 0] = [40000.0, 0.0, -40000.0, 40000.0, -40000.0]
    k = rng.integers(-8, 9, size=(7, 16)) / 8
    k[:, 0] = [1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0]
    k[:, 1] = [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0]
    q[:, 1] = rng.choice([-1.0, 1.0, 2.0], size=5)
    return q.astype(dtype), k.astype(dtype), rng.normal(size=(7, 3)).astype(dtype)


def draw_spread(rng):
    """Return q (7, 16), k (6, 16), v (6, 3) with scores of which some, all or none can be exponentiated as they are.

    Each row is too much for another number that is not its maximum, or not too much for it alone: the mean, the median,
    the largest magnitude, a constant, zero. With a width of 16, k has the scores themselves.
    """
    scores = [
        [1e4, 0, 1e4, -1e4, 9_990, 0],
        [-1e4, 0, -1e4, 9_990, 0, 1e4],
        [720, 0, -720, 0, 720, -720],
        [1000, 1000, 0, 0, 0, 0],
        [1000, 1000, 1000, 1000, 0, 0],
        [-1, -3, -800, -800, -2, -900],
        [-800, -800, -800, -800, -800, -800],
    ]
    k = np.zeros((6, 16))
    k[:, :7] = np.transpose(scores) + rng.integers(-8, 9, size=(6, 7)) / 8
    return 4 * np.eye(7, 16), k, rng.normal(size=(6, 3))


def agrees(function, expected, cases, **tolerance):
    """Assert that `function` gives what `expected` gives for each case, a tuple of arguments.

    All calls are made before the first comparison, so that a diagnosis sees all of them.
    """
    answers = [function(*case) for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert close(answer, expected(*case), **tolerance)


@visible
def test_averages_the_values(student, rng):
    """The weights are the softmax over the keys, and the output is the weighted average of the values.

    Hint: check by hand for one query and two keys which axis the weights must sum to one along.
    """
    cases = [draw(rng, (), *sizes) for sizes in [(3, 5, 4, 2), (6, 2, 3, 5), (5, 4, 2, 6)]]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)


def test_scales_by_the_width_of_the_keys(student, rng):
    """Scores are divided by the root of D, for narrow and for wide queries.

    Hint: D is the last dimension of q and k. The values may have another width.
    """
    cases = [draw(rng, (), *sizes) for sizes in [(2, 3, 1, 5), (3, 5, 9, 4), (4, 6, 50, 2)]]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)


def test_one_query_or_one_key(student, rng):
    """A single query, and a single key, are no special cases.

    Hint: with one key, its weight is 1 and the output is its value.
    """
    sizes = [((), 1, 4, 3, 2), ((), 4, 1, 3, 2), ((), 1, 1, 2, 3), ((1,), 1, 3, 2, 4)]
    agrees(
        student.scaled_dot_product_attention,
        reference.scaled_dot_product_attention,
        [draw(rng, *size) for size in sizes],
    )


def test_takes_any_number_of_leading_dimensions(student, rng):
    """Each entry of the leading dimensions, however many there are, is a look-up of its own.

    Hint: transpose the last two axes of the keys, not all of them.
    """
    cases = [draw(rng, leading, 5, 4, 6, 7) for leading in [(2,), (2, 3), (3, 1, 2)]]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)


def test_weights_sum_to_one_and_follow_the_keys(student, rng):
    """Averaging ones gives one, and the order in which keys and values lie does not matter.

    Hint: if all values are 1, an average of them is 1, masked or not.
    """
    q, k, v = draw(rng, (2,), 4, 6, 3, 5)
    ones, mask = np.ones((2, 6, 5)), draw_mask(rng, 4, 6)
    order = rng.permutation(6)
    plain = student.scaled_dot_product_attention(q, k, ones)
    masked = student.scaled_dot_product_attention(q, k, ones, mask)
    moved = student.scaled_dot_product_attention(q, k[:, order], v[:, order])
    out, weights = reference.scaled_dot_product_attention(q, k, v)
    assert close(plain, (np.ones((2, 4, 5)), weights))
    assert close(masked, (np.ones((2, 4, 5)), reference.scaled_dot_product_attention(q, k, v, mask)[1]))
    assert close(moved, (out, weights[..., order]))


def test_hides_masked_keys(student, rng):
    """A mask (L, S) hides keys from queries: True may attend, and the visible keys share the whole weight.

    Hint: a hidden key counts as if it were not there. What score makes a weight of zero?
    """
    cases = []
    for leading, queries, keys in [((), 4, 6), ((3,), 5, 3), ((2, 3), 3, 5)]:
        cases.append((*draw(rng, leading, queries, keys, 4, 2), draw_mask(rng, queries, keys)))
    q, k, v, mask = cases[-1]
    cases += [(q, k, v, np.ones((3, 5), dtype=bool)), (q, k, v, None)]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)
    named = student.scaled_dot_product_attention(q=q, k=k, v=v, mask=mask)
    assert close(named, reference.scaled_dot_product_attention(q, k, v, mask))


def test_takes_a_mask_for_each_look_up(student, rng):
    """A mask (…, L, S) gives each entry of the leading dimensions a mask of its own.

    Hint: scores and mask have the same shape then.
    """
    cases = [(*draw(rng, leading, 4, 5, 6, 2), draw_mask(rng, *leading, 4, 5)) for leading in [(3,), (2, 3)]]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)


def test_a_query_that_sees_nothing_gets_zero(student, rng):
    """A query that may attend to nothing has zero weights and zero output, and the others are as always.

    Hint: what does your softmax do with a row in which every key is hidden?
    """
    some = draw_mask(rng, 5, 4)
    some[rng.permutation(5)[:2]] = False
    one = draw_mask(rng, 2, 3, 4, 5)
    one[rng.integers(2), rng.integers(3), rng.integers(4)] = False
    q, k, v = draw(rng, (2, 3), 4, 5, 6, 7)
    cases = [(*draw(rng, (), 5, 4, 3, 2), some), (q, k, v, one), (q, k, v, np.zeros((4, 5), dtype=bool))]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases)


def test_survives_large_scores(student, rng):
    """Scores of ±10⁴, and rows 10⁴ apart, give the right weights.

    Hint: subtract a number from the scores before you exponentiate: each row's own.
    """
    q, k, v = draw_extreme(rng)
    cases = [(q, k, v), tuple(np.stack([x, x[::-1]]) for x in (q, k, v)), draw_spread(rng)]
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases, condition=LARGE)


def test_hidden_keys_may_have_any_score(student, rng):
    """However large or small the scores of hidden and of visible keys are, hidden ones do not count.

    Hint: think of a row whose visible scores are all about -10⁴, and of one whose hidden scores are about 10⁴.
    """
    q, k, v = draw_extreme(rng)
    cases = []
    for level in (1.0, 0.0, -1.0):
        mask = np.broadcast_to(k[:, 0] == level, (5, 7)).copy()
        mask[1] = rng.permutation(7) < 3
        cases.append((q, k, v, mask))
    agrees(student.scaled_dot_product_attention, reference.scaled_dot_product_attention, cases, condition=LARGE)


def test_single_precision(student, rng):
    """Arrays of `float32` are as good as any, large scores and masks included.

    Hint: which step loses its meaning when numbers have only seven digits?
    """
    ordinary = (*(x.astype(np.float32) for x in draw(rng, (2,), 3, 4, 5, 6)), draw_mask(rng, 3, 4))
    large = draw_extreme(rng, np.float32)
    one, other = student.scaled_dot_product_attention(*ordinary), student.scaled_dot_product_attention(*large)
    assert close(one, reference.scaled_dot_product_attention(*ordinary))
    assert close(other, reference.scaled_dot_product_attention(*large), condition=LARGE)


def test_leaves_arguments_and_results_alone(student, rng):
    """Arguments stay as they are, in whatever order they lie in memory, and one call does not touch another's result.

    Hint: look for `/=`, `*=` and assignments to slices of an argument, and for variables that outlive the call.
    """
    q, k, v = draw(rng, (2,), 3, 5, 4, 6)
    mask = draw_mask(rng, 3, 5)
    expected = reference.scaled_dot_product_attention(q, k, v, mask)
    first = hold(student.scaled_dot_product_attention, q, k, v, mask)
    assert unchanged(student.scaled_dot_product_attention, q, k, v, mask)
    assert unchanged(student.scaled_dot_product_attention, q, k, v)
    mask_with_an_empty_row = mask & (np.arange(3) != rng.integers(3))[:, None]
    assert unchanged(student.scaled_dot_product_attention, q, k, v, mask_with_an_empty_row)
    others = draw(rng, (2,), 3, 5, 4, 6)
    assert close(student.scaled_dot_product_attention(*others), reference.scaled_dot_product_attention(*others))
    assert close(first, expected)
    fortran = [np.asfortranarray(array) for array in (q, k, v, mask)]
    assert close(student.scaled_dot_product_attention(*fortran), expected)
    strided = [np.repeat(array, 2, axis=-1)[..., ::2] for array in (q, k, v, mask)]
    assert close(student.scaled_dot_product_attention(*strided), expected)
