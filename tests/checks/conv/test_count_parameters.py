"""Hidden checks of `count_parameters`."""

from autograder.checks import close, question, visible
from solutions import conv as reference

pytestmark = question("count_parameters")


@visible
def test_weights_and_biases(student, rng):
    """Each filter has a kernel for every input channel, and one bias.

    Hint: `w` has the shape (F, C, K, K) and `b` the shape (F,).
    """
    for _ in range(3):
        channels, filters, kernel = (int(n) for n in rng.integers([2, 12, 2], [10, 40, 8]))
        expected = reference.count_parameters(channels, filters, kernel)
        assert close(student.count_parameters(channels, filters, kernel), expected)
    for channels, filters, kernel in [(17, 5, 3), (1, 6, 4), (9, 1, 5), (4, 7, 1)]:
        expected = reference.count_parameters(channels, filters, kernel)
        assert close(student.count_parameters(channels, filters, kernel, True), expected)


def test_without_bias(student, rng):
    """A layer without biases has fewer parameters.

    Hint: how many biases does the layer have otherwise?
    """
    channels, filters, kernel = (int(n) for n in rng.integers([2, 12, 2], [10, 40, 8]))
    expected = reference.count_parameters(channels, filters, kernel, bias=False)
    assert close(student.count_parameters(channels, filters, kernel, False), expected)
    named = {"out_channels": channels, "kernel": kernel, "in_channels": filters}
    assert close(student.count_parameters(**named, bias=False), reference.count_parameters(**named, bias=False))
    assert close(student.count_parameters(**named), reference.count_parameters(**named))
