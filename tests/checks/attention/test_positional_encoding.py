"""Hidden checks of `positional_encoding`."""

from autograder.checks import close, fetch, hold, question, visible
from solutions import attention as reference

pytestmark = question("positional_encoding")


def agrees(function, expected, cases, **tolerance):
    """Assert that `function` gives what `expected` gives for each case, a tuple of arguments.

    All calls are made before the first comparison, so that a diagnosis sees all of them.
    """
    answers = [function(*case) for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert close(answer, expected(*case), **tolerance)


@visible
def test_starts_at_position_zero(student, rng):
    """At the first position every sine is 0 and every cosine is 1.

    Hint: the first row is position 0, and the even columns are the sines.
    """
    agrees(
        student.positional_encoding,
        reference.positional_encoding,
        [(1, dim) for dim in (2, 4, 2 * int(rng.integers(3, 9)))],
    )


def test_the_first_clock_turns_by_one_radian(student, rng):
    """With two columns there is one clock: the sine and the cosine of the position.

    Hint: the exponent of 10000 is zero for the first pair of columns.
    """
    agrees(student.positional_encoding, reference.positional_encoding, [(3, 2), (int(rng.integers(5, 20)), 2)])


def test_every_pair_of_columns_has_its_frequency(student, rng):
    """Column pair i turns with frequency 10000^(-2i/dim), sine and cosine side by side.

    Hint: write down the exponents for dim = 6: there are three, and each serves two columns.
    """
    cases = [(3, 4), (7, 10), (12, 6), (5, 2 * int(rng.integers(9, 30)))]
    agrees(student.positional_encoding, reference.positional_encoding, cases)


def test_long_sequences(student, rng):
    """Far positions are right, too.

    Hint: nothing in the formula depends on the length of the sequence.
    """
    length = int(rng.integers(250, 400))
    expected = reference.positional_encoding(length=length, dim=8)
    assert close(student.positional_encoding(length=length, dim=8), expected, condition=float(length))


def test_each_call_makes_an_array_of_its_own(student, rng):
    """A second call does not change the first one's result.

    Hint: make a new array in each call.
    """
    length = int(rng.integers(4, 9))
    first = hold(student.positional_encoding, length, 6)
    for other, dim in [(length + 2, 6), (length, 12), (length - 1, 6)]:
        assert close(student.positional_encoding(other, dim), reference.positional_encoding(other, dim))
    assert close(fetch(first), reference.positional_encoding(length, 6))
