"""Hidden checks of `output_size`."""

from autograder.checks import close, question, visible
from solutions import conv as reference

pytestmark = question("output_size")


@visible
def test_step_by_step(student, rng):
    """A kernel that moves on by one pixel has `size - kernel + 1` places.

    Hint: the smallest case is a kernel as large as the image. It has one place.
    """
    for size, kernel in [(1, 1), (4, 4), (6, 1), (9, 4), *rng.integers([[6, 2]] * 4, [[40, 7]] * 4).tolist()]:
        assert close(student.output_size(size, kernel), reference.output_size(size, kernel))


def test_stride(student, rng):
    """A larger stride leaves fewer places, and what does not fit at the end is not used.

    Hint: list the pixels where the kernel starts, for 10 pixels, a kernel of 3 and strides of 2, 3 and 4.
    """
    size = int(rng.integers(20, 60))
    for stride in range(2, 8):
        assert close(student.output_size(size, 4, stride), reference.output_size(size, 4, stride))
    for size, kernel, stride in [(6, 2, 2), (7, 2, 3), (5, 3, 9), (8, 5, 3), (11, 1, 4)]:
        assert close(student.output_size(size, kernel, stride), reference.output_size(size, kernel, stride))


def test_padding(student, rng):
    """Padding adds pixels at both ends, before the places are counted.

    Hint: a kernel of 3 with a padding of 1 has as many places as there are pixels, if the stride is 1.
    """
    for padding in range(1, 4):
        for stride in (1, 2, 3):
            size, kernel = (int(n) for n in rng.integers([7, 2], [30, 7]))
            expected = reference.output_size(size, kernel, stride, padding)
            assert close(student.output_size(size, kernel, stride, padding), expected)
    assert close(student.output_size(2, 6, 1, 2), reference.output_size(2, 6, 1, 2))


def test_dilation(student, rng):
    """A spread kernel reaches further.

    Hint: between K entries there are K - 1 steps of `dilation` pixels each. A kernel of one entry cannot be spread.
    """
    for dilation in range(2, 5):
        for kernel, stride, padding in [(3, 1, 0), (2, 3, 1), (1, 2, 2), (4, 2, 0)]:
            size = int(rng.integers(14, 40))
            expected = reference.output_size(size, kernel, stride, padding, dilation)
            assert close(student.output_size(size, kernel, stride, padding, dilation), expected)


def test_arguments_by_name(student, rng):
    """Each argument can be given by its name, and what is not given has its default.

    Hint: stride 1, padding 0, dilation 1.
    """
    size = int(rng.integers(15, 40))
    for named in [{"padding": 2}, {"dilation": 3}, {"dilation": 2, "stride": 3}, {"padding": 1, "dilation": 4}]:
        assert close(student.output_size(size, kernel=4, **named), reference.output_size(size, 4, **named))
