"""Hidden checks of `clip_gradients`."""

import numpy as np

from autograder.checks import close, fetch, forbids, hold, question, unchanged, visible
from solutions import rnn as reference

pytestmark = [
    question("clip_gradients"),
    forbids(
        "torch.nn.utils.clip_grad_norm",
        "torch.nn.utils.clip_grad_norm_",
        "torch.nn.utils.clip_grad_value_",
        "torch.nn.utils.clip_grads_with_norm_",
        "torch.nn.utils.get_total_norm",
    ),
]

SHAPES = [(3, 4), (4,), (2, 3, 2), (1, 5)]


def draw(rng, norm, shapes=SHAPES):
    """Arrays of these shapes whose joint norm is about `norm`, and no round number."""
    norm *= rng.uniform(0.98, 1.02)
    arrays = [rng.normal(size=shape) for shape in shapes]
    return [array * (norm / np.sqrt(sum(np.sum(a**2) for a in arrays))) for array in arrays]


def right(result, grads, max_norm):
    """Whether both results are right; a tuple of arrays is as good as a list."""
    assert isinstance(result, tuple), "a tuple was asked for"
    assert len(result) == 2, "two results were asked for"
    clipped, norm = result
    wanted, before = reference.clip_gradients(grads, max_norm)
    values = fetch(clipped)
    return close(list(values) if type(values) is tuple else values, wanted) and close(norm, before)


@visible
def test_scales_all_by_one_factor(student, rng):
    """Where the global norm is too large, all arrays are scaled by one factor.

    Hint: all entries of all arrays count as one long vector.
    """
    for norm, max_norm in [(20.0, 5.0), (6.0, 4.5), (2.0, 1.0)]:
        grads = draw(rng, norm)
        assert right(student.clip_gradients(grads, max_norm), grads, max_norm)


def test_each_array_alone_is_short_enough(student, rng):
    """Arrays that are each short enough can together be too long.

    Hint: which norm is compared with `max_norm`, that of an array or that of all?
    """
    grads = [array / np.linalg.norm(array) * 3.0 for array in draw(rng, 1.0)]
    assert right(student.clip_gradients(grads, 4.0), grads, 4.0)


def test_leaves_short_gradients_as_they_are(student, rng):
    """Where the global norm is not too large, nothing is changed.

    Hint: the factor is never above one.
    """
    for norm, max_norm in [(3.0, 5.0), (0.7, 1.0), (8.0, 100.0)]:
        grads = draw(rng, norm)
        assert right(student.clip_gradients(grads, max_norm), grads, max_norm)


def test_norms_below_one(student, rng):
    """Norms below one are clipped like any other.

    Hint: a square is larger than its root only above one.
    """
    for norm, max_norm in [(0.9, 0.85), (0.6, 0.45), (0.8, 0.25)]:
        grads = draw(rng, norm, [(2, 2), (3,)])
        assert right(student.clip_gradients(grads, max_norm), grads, max_norm)


def test_zeros(student, rng):
    """A norm of zero changes nothing, and an array of zeros among others stays zero.

    Hint: is anything divided by a norm before it is clear that it is not zero?
    """
    grads = [np.zeros((2, 3)), np.zeros(4)]
    assert right(student.clip_gradients(grads, 1.5), grads, 1.5)
    grads = [*draw(rng, 9.0, [(2, 3), (5,)]), np.zeros((3, 2))]
    grads.insert(1, np.zeros(4))
    assert right(student.clip_gradients(grads, 2.5), grads, 2.5)


def test_any_number_of_arrays_of_any_shape(student, rng):
    """One array or many, of any shapes, by position or by name.

    Hint: nothing may depend on how many arrays there are, or on how many axes they have.
    """
    for shapes in ([(3, 5)], [(1,)], [(6,)], [(2, 2), (2, 2)], [(2, 3, 4), (1, 1), (3,), (2, 1, 3, 2), (5, 2), (7,)]):
        grads = draw(rng, 12.0, shapes)
        assert right(student.clip_gradients(max_norm=3, grads=grads), grads, 3)


def test_large_entries(student, rng):
    """A gradient that has exploded keeps its direction.

    Hint: neither entries nor the norm have a largest value.
    """
    grads = draw(rng, 5e4)
    assert right(student.clip_gradients(grads, 40.0), grads, 40.0)


def test_leaves_its_arguments_alone(student, rng):
    """The results are right, and neither the list passed in nor its arrays are changed.

    Hint: `grad *= factor` and `grads[i] = …` change what belongs to the caller.
    """
    grads = draw(rng, 9.0)
    assert unchanged(student.clip_gradients, grads, 2.0)
    assert right(student.clip_gradients(grads, 2.0), grads, 2.0)


def test_remembers_nothing(student, rng):
    """A call does not depend on the calls before it, and does not overwrite their results."""
    first, second = draw(rng, 9.0), draw(rng, 30.0)
    held = hold(student.clip_gradients, first, 2.0)
    assert right(student.clip_gradients(second, 2.0), second, 2.0)
    assert right(fetch(held), first, 2.0)
    assert right(student.clip_gradients(first, 2.0), first, 2.0)


def test_float32_and_memory_layout(student, rng):
    """Arrays of float32, transposed or strided ones are clipped alike."""
    single = [array.astype(np.float32) for array in draw(rng, 9.0)]
    assert right(student.clip_gradients(single, 2.0), single, 2.0)
    layout = [np.asfortranarray(array) for array in draw(rng, 9.0)]
    layout[1] = np.repeat(layout[1], 2)[::2]
    assert right(student.clip_gradients(layout, 2.0), layout, 2.0)
