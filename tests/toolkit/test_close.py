"""`close`: what counts as the expected value, and the sentence on what does not."""

from __future__ import annotations

import collections
import contextlib
import decimal
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checks import close, fetch, state, unchanged
from autograder.checks.desk import InProcess
from autograder.student.proxy import Conversation, Student

NAN, INF = math.nan, math.inf
ONES = np.ones(3)


def said(actual: Any, expected: Any, **options: Any) -> str:
    """The sentence on a difference, which must be one."""
    outcome = close(actual, expected, **options)
    assert not outcome
    assert outcome.explanation == repr(outcome)
    return outcome.explanation


def form(actual: Any, expected: Any) -> str:
    """The sentence on a difference of type, dtype or shape, which a student may always be told."""
    outcome = close(actual, expected)
    assert not outcome
    assert outcome.form
    return outcome.explanation


@contextlib.contextmanager
def notebook(**functions: Any) -> Iterator[Student]:
    """A running check's student, whose notebook has these functions."""
    conversation = Conversation(InProcess(functions), 10.0)
    state.current = state.Running(conversation)
    try:
        yield Student(conversation)
    finally:
        state.current = None


def test_a_comparison_is_true_or_false_and_says_which():
    assert bool(close(1.0, 1.0)) is True
    assert bool(close(1.0, 2.0)) is False
    assert repr(close(1.0, 1.0)) == "the values agree"


# Tolerance


@pytest.mark.parametrize("expected", [0.0, 1.0, -1000.0, 1e-30, 2.5e8])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_tolerance_is_a_hundred_thousandth_of_one_plus_the_value(expected, sign):
    error = sign * 1e-5 * (1 + abs(expected))
    for wrap in (float, np.float64, lambda x: np.array([7.0, x])):
        assert close(wrap(expected + 0.99 * error), wrap(expected))
        assert not close(wrap(expected + 1.01 * error), wrap(expected))


def test_a_long_sum_and_a_bad_condition_are_allowed_more():
    # 8 times the spacing of float32 at one (2 ** -23), times the root of the number of terms, times the condition.
    for terms, condition in ((10_000, 1.0), (1, 100.0), (400, 50.0)):
        allowed = 8 * 2**-23 * math.sqrt(terms) * condition
        assert allowed > 1e-5
        assert close(1 + 1.99 * allowed, 1.0, terms=terms, condition=condition)
        assert not close(1 + 2.01 * allowed, 1.0, terms=terms, condition=condition)
        assert not close(1 + 1.99 * allowed, 1.0)


def test_a_short_sum_is_not_allowed_less():
    assert close(1 + 1.9e-5, 1.0, terms=2, condition=0.001)


def test_the_message_says_the_tolerance_that_was_allowed():
    assert said(2.0, 1.0).startswith("tolerance 1e-05 × (1 + |expected|): ")
    # 8 × 2⁻²³ × 100 = 0.0000953…
    assert said(2.0, 1.0, terms=10_000).startswith("tolerance 9.5e-05 × (1 + |expected|): ")


def test_the_tolerance_is_of_complex_numbers_distance():
    assert close(np.array([3 + 4j + 5e-5j]), np.array([3 + 4j]))  # |3 + 4i| is 5, so 6e-5 is allowed
    assert not close(np.array([3 + 4j + 7e-5j]), np.array([3 + 4j]))


# Arrays


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        ([1.0, 2.0, 3.1], [1.0, 2.0, 3.0], "1 of 3 values differ, the worst at [2]: 3.1, expected 3"),
        ([[9.0, 2.0], [30.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]],
         "2 of 4 values differ, the worst at [1, 0]: 30, expected 3"),
        # The worst is the worst by its tolerance: 2 is twice 1, 1010 a hundredth more than 1000.
        ([2.0, 1010.0], [1.0, 1000.0], "2 of 2 values differ, the worst at [0]: 2, expected 1"),
        ([2.0], [1.0], "the value differs at [0]: 2, expected 1"),
        ([1.23456789], [2.0], "the value differs at [0]: 1.23457, expected 2"),
        ([NAN, 1.0, INF, 1.0], [1.0, 1.0, 1.0, 2.0], "2 of 4 values are not finite, the first nan at [0], expected 1"),
        ([[1.0], [INF]], [[1.0], [2.5]], "1 of 2 values are not finite, the first inf at [1, 0], expected 2.5"),
        ([-INF], [INF], "1 of 1 values are not finite, the first -inf at [0], expected inf"),
        ([NAN], [INF], "1 of 1 values are not finite, the first nan at [0], expected inf"),
        ([INF], [NAN], "1 of 1 values are not finite, the first inf at [0], expected nan"),
        ([5.0], [INF], "the value differs at [0]: 5, expected inf"),
        ([5.0, 1.0], [NAN, 1.0], "1 of 2 values differ, the worst at [0]: 5, expected nan"),
    ],
)  # fmt: skip
def test_a_difference_of_numbers_is_explained(actual, expected, sentence):
    text = said(np.array(actual), np.array(expected))
    assert text == "tolerance 1e-05 × (1 + |expected|): " + sentence
    assert not close(np.array(actual), np.array(expected)).form


def test_whole_numbers_and_truths_are_compared_exactly():
    assert said(np.array([1, 5, 3]), np.array([1, 4, 3])) == "1 of 3 values differ, the worst at [1]: 5, expected 4"
    assert said(np.array([True, True]), np.array([True, False])) == (
        "1 of 2 values differ, the worst at [1]: True, expected False"
    )
    assert not close(np.array([2**62 + 1]), np.array([2**62]))
    assert close(np.array([1, 2], dtype=np.uint8), np.array([1, 2]))


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_not_finite_agrees_with_itself(value):
    assert close(np.array([1.0, value]), np.array([1.0, value]))
    assert close(value, value)
    assert close(np.array([value + 0j]), np.array([value + 0j]))
    assert close(torch.tensor([value]), torch.tensor([value]))


def test_enormous_numbers_are_compared_without_a_warning():
    assert not close(np.array([1.7e308, -1.7e308]), np.array([-1.7e308, -1.7e308]))
    assert not close(np.array([np.float32(3e38)]), np.array([-3e38]))


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (np.ones((3, 1)), "returned shape (3, 1), shape (3,) was asked for"),
        (np.ones(2), "returned shape (2,), shape (3,) was asked for"),
        (np.float64(1.0) * np.ones(()), "returned a numpy.float64, an array was asked for"),
        (np.array(1.0), "returned shape (), shape (3,) was asked for"),
        (np.ones(3, dtype=int), "returned dtype int64, a float dtype was asked for"),
        (np.ones(3, dtype=bool), "returned dtype bool, a float dtype was asked for"),
        (np.ones(3, dtype=complex), "returned dtype complex128, a float dtype was asked for"),
        (np.array([1.0, 1.0, None]), "returned dtype object, a float dtype was asked for"),
        (np.array(["1", "1", "1"]), "returned dtype <U1, a float dtype was asked for"),
        (np.array([1.0] * 3, dtype="f4"), "returned dtype float32 for input of dtype float64, float64 was asked for"),
        (np.array([1.0] * 3, dtype="f2"), "returned dtype float16 for input of dtype float64, float64 was asked for"),
        ([1.0, 1.0, 1.0], "returned a list, an array was asked for"),
        ((1.0, 1.0, 1.0), "returned a tuple, an array was asked for"),
        (1.0, "returned a float, an array was asked for"),
        (1, "returned an int, an array was asked for"),
        (None, "returned a NoneType, an array was asked for"),
        ("1 1 1", "returned a str, an array was asked for"),
        (torch.ones(3), "returned a torch.Tensor, an array was asked for"),
        (np.ones((1, 3)).view(np.matrix), "returned a numpy.matrix, an array was asked for"),
        (np.ma.masked_array(ONES, [False, False, True]), "returned a numpy.MaskedArray, an array was asked for"),
        (ONES.view(np.recarray), "returned a numpy.recarray, an array was asked for"),
    ],
)  # fmt: skip
def test_what_is_not_an_array_of_the_asked_form_is_told_its_form(actual, sentence):
    assert form(actual, ONES) == sentence


def test_the_form_is_told_before_the_numbers():
    assert form(np.full((2, 3), NAN), ONES).startswith("returned shape")


def test_empty_arrays_agree_when_their_forms_do():
    assert close(np.ones((0, 3)), np.ones((0, 3)))
    assert form(np.ones((3, 0)), np.ones((0, 3)))
    assert form(np.ones((0, 3), dtype=int), np.ones((0, 3)))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_layout_and_read_only_do_not_matter(dtype):
    expected = np.arange(6, dtype=dtype).reshape(2, 3)
    read_only = np.array(expected)
    read_only.flags.writeable = False
    for actual in (np.asfortranarray(expected), read_only, np.repeat(expected, 2, axis=1)[:, ::2]):
        assert close(actual, expected)


# float32


def test_a_call_given_float32_may_answer_in_either():
    def f(x):
        return np.asarray(x, dtype=x.dtype) * 2, x.astype(np.float64) * 2

    with notebook(f=f) as student:
        single, double = student.f(np.ones(3, dtype=np.float32))
        assert close(single, 2 * ONES)
        assert close(double, 2 * ONES)
        single, double = student.f(ONES)
        assert close(single, 2 * ONES)


def test_a_call_given_float64_alone_may_not_answer_in_float32():
    with notebook(f=lambda x, y=None: (x * 2).astype(np.float32)) as student:
        for result in (student.f(ONES), student.f(ONES, np.arange(3)), student.f(x=ONES), student.f(ONES, 2.0)):
            assert form(result, 2 * ONES) == (
                "returned dtype float32 for input of dtype float64, float64 was asked for"
            )


def test_nothing_may_be_answered_in_float16():
    with notebook(f=lambda x: (x * 2).astype(np.float16)) as student:
        assert form(student.f(np.ones(3, dtype=np.float32)), 2 * ONES) == (
            "returned dtype float16 for input of dtype float32, float32 was asked for"
        )


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [1, (x,)], lambda x: {"w": x}, lambda x: x[0]])
def test_float32_counts_wherever_it_is_among_the_arguments(wrap):
    with notebook(f=lambda *args, **kwargs: np.float32(4)) as student:
        given = wrap(np.ones(2, dtype=np.float32))
        assert close(student.f(given), 4.0)
        assert close(student.f(ONES, [given]), 4.0)
        assert close(student.f(scale=given), 4.0)
        assert form(student.f(wrap(ONES), 2.0), 4.0) == (
            "returned dtype float32 for input of dtype float64, float64 was asked for"
        )


def test_an_expected_value_in_float32_asks_for_no_more():
    assert close(np.ones(3, dtype=np.float32), np.ones(3, dtype=np.float32))
    assert close(np.ones(3), np.ones(3, dtype=np.float32))


# Numbers


@pytest.mark.parametrize("actual", [2.0, np.float64(2), np.array(2.0)])
@pytest.mark.parametrize("expected", [2.0, np.float64(2), np.array(2.0)])
def test_a_float_may_be_python_s_or_numpy_s_or_of_no_dimension(actual, expected):
    assert close(actual, expected)
    assert said(actual + 1, expected) == "tolerance 1e-05 × (1 + |expected|): the value differs: 3, expected 2"


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (2, "returned an int, a float was asked for"),
        (True, "returned a bool, a float was asked for"),
        (np.int64(2), "returned a numpy.int64, a float was asked for"),
        (np.float32(2), "returned dtype float32 for input of dtype float64, float64 was asked for"),
        (np.array([2.0]), "returned an array of shape (1,), a float was asked for"),
        (np.array(2), "returned a numpy.ndarray, a float was asked for"),
        (2 + 0j, "returned a complex, a float was asked for"),
        (np.complex128(2), "returned dtype complex128, a float dtype was asked for"),
        ("2.0", "returned a str, a float was asked for"),
        (None, "returned a NoneType, a float was asked for"),
        ((2.0,), "returned a tuple, a float was asked for"),
        (decimal.Decimal(2), "returned a decimal.Decimal, a float was asked for"),
        (torch.tensor(2.0), "returned a torch.Tensor, a float was asked for"),
        (np.array(True), "returned dtype bool, a float dtype was asked for"),
    ],
)
def test_what_is_no_float_is_told_what_it_is(actual, sentence):
    for expected in (2.0, np.float64(2), np.array(2.0)):
        assert form(actual, expected) == sentence


@pytest.mark.parametrize("actual", [3, np.int64(3), np.int8(3), np.uint16(3), np.array(3)])
@pytest.mark.parametrize("expected", [3, np.int32(3), np.array(3)])
def test_an_int_may_be_any_integer(actual, expected):
    assert close(actual, expected)
    assert said(actual + 1, expected) == "the value differs: 4, expected 3"


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (3.0, "returned a float, an int was asked for"),
        (np.float64(3), "returned a numpy.float64, an int was asked for"),
        (True, "returned a bool, an int was asked for"),
        (np.array([3]), "returned an array of shape (1,), an int was asked for"),
        (np.array(3.0), "returned a numpy.ndarray, an int was asked for"),
        ("3", "returned a str, an int was asked for"),
    ],
)
def test_what_is_no_int_is_told_what_it_is(actual, sentence):
    assert form(actual, 3) == sentence


@pytest.mark.parametrize("expected", [True, np.True_, np.array(True)])
def test_a_bool_is_a_bool(expected):
    assert close(True, expected)
    assert close(np.True_, expected)
    assert said(False, expected) == "False, expected True"
    for actual, kind in (
        (1, "an int"), (1.0, "a float"), (np.int64(1), "a numpy.int64"), (np.array(True), "a numpy.ndarray"),
        (None, "a NoneType"),
    ):  # fmt: skip
        assert form(actual, expected) == f"returned {kind}, a bool was asked for"


def test_a_complex_number_may_be_python_s_or_numpy_s():
    assert close(1 + 2j, 1 + 2j)
    assert close(np.complex128(1 + 2j), 1 + 2j)
    assert not close(1 - 2j, 1 + 2j)
    assert form(1.0, 1 + 0j) == "returned a float, a complex was asked for"


def test_ints_of_any_size_are_compared_exactly():
    assert close(10**400, 10**400)
    assert close(-(10**30), -(10**30))
    assert said(10**30, 10**30 + 1) == f"the value differs: 1{'0' * 30}, expected 1{'0' * 29}1"
    assert said(10**30, 5) == f"the value differs: 1{'0' * 30}, expected 5"
    assert said(10**30, np.array(5)) == f"the value differs: 1{'0' * 30}, expected 5"
    assert said(1 << 10_000_000, 5) == "the value differs: an int of 10000001 bits, expected 5"


@pytest.mark.parametrize(
    "actual", ["é" * 10_000_000, b"\x00" * 10_000_000, {"k": "v" * 10_000_000}, ["x" * 10_000_000]]
)
def test_the_sentence_is_short_however_long_the_value(actual):
    expected = {"k": "v"} if type(actual) is dict else ["x"] if type(actual) is list else type(actual)()
    assert len(said(actual, expected)) < 1000


def test_texts_and_none_are_equal_or_not():
    assert close("adam", "adam")
    assert close(None, None)
    assert said("sgd", "adam") == "'sgd', expected 'adam'"
    assert form("None", None) == "returned a str, a NoneType was asked for"
    assert form(None, "adam") == "returned a NoneType, a str was asked for"
    assert form(b"adam", "adam") == "returned a bytes, a str was asked for"


# What imitates


class Always:
    """Equal to everything, and whatever it is asked to be."""

    def __init__(self, imitated: Any = None) -> None:
        self.imitated = imitated

    @property
    def __class__(self) -> type:
        return type(self.imitated)

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None

    def __bool__(self) -> bool:
        return True

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.asarray(self.imitated)

    def __len__(self) -> int:
        return len(self.imitated)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.imitated, name)


Always.__module__ = "__main__"


@pytest.mark.parametrize(
    "expected",
    [ONES, 2.0, np.float64(2), 3, np.int64(3), True, np.True_, 1j, "text", None, (1.0, 2.0), [1.0], {"a": 1.0},
     torch.ones(2), np.array(2.0)],
    ids=repr,
)  # fmt: skip
def test_a_class_that_lies_about_itself_is_told_by_its_real_type(expected):
    assert "Always" in form(Always(expected), expected)


def imitating(kind: type) -> type:
    return type("Sly", (kind,), {"__eq__": lambda *_: True, "__hash__": None, "__module__": "__main__"})


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.zeros(3).view(imitating(np.ndarray)), ONES),
        (imitating(float)(5.0), 2.0),
        (imitating(int)(5), 3),
        (imitating(str)("no"), "yes"),
        (imitating(tuple)((5.0, 5.0)), (1.0, 2.0)),
        (imitating(list)([5.0]), [1.0]),
        (imitating(dict)(a=5.0), {"a": 1.0}),
        (torch.zeros(2).as_subclass(imitating(torch.Tensor)), torch.ones(2)),
    ],
)
def test_a_subclass_that_is_equal_to_everything_is_another_type(actual, expected):
    assert form(actual, expected).startswith("returned a Sly")


def test_a_subclass_of_numpy_s_float_is_compared_by_its_number():
    assert not close(imitating(np.float64)(5.0), 2.0)


# Tuples, lists, dicts


def test_containers_are_compared_item_by_item():
    assert close((1.0, [2, "a"], {"k": ONES}), (1.0, [2, "a"], {"k": ONES}))
    assert close({"b": 1, "a": 2}, {"a": 2, "b": 1})
    assert close((), ())


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        ([1.0, 2.0], (1.0, 2.0), "returned a list, a tuple was asked for"),
        ((1.0, 2.0), [1.0, 2.0], "returned a tuple, a list was asked for"),
        (ONES, (1.0, 1.0, 1.0), "returned a numpy.ndarray, a tuple was asked for"),
        ((1.0,), (1.0, 2.0), "returned 1 values, 2 were asked for"),
        ((1.0, 2.0, 3.0), (1.0, 2.0), "returned 3 values, 2 were asked for"),
        ((1.0, 2), (1.0, 2.0), "value 2 of 2: returned an int, a float was asked for"),
        ([1, [2, 3.0]], [1, [2, 3]], "value 2 of 2: value 2 of 2: returned a float, an int was asked for"),
        ([("a", 1)], {"a": 1}, "returned a list, a dict was asked for"),
        (collections.OrderedDict(a=1), {"a": 1}, "returned a collections.OrderedDict, a dict was asked for"),
        ({"b": 1}, {"a": 1}, "returned a dict with other keys than asked for"),
        ({"a": 1, "b": 2}, {"a": 1}, "returned a dict with other keys than asked for"),
        ({"a": [1]}, {"a": ONES}, "under 'a': returned a list, an array was asked for"),
    ],
)
def test_containers_of_another_form_are_told_so(actual, expected, sentence):
    assert form(actual, expected) == sentence


def test_the_item_that_differs_is_named():
    head = "tolerance 1e-05 × (1 + |expected|): "
    assert said((ONES, 2.0), (ONES, 1.0)) == f"value 2 of 2: {head}the value differs: 2, expected 1"
    assert said({"w": ONES, "b": 2 * ONES}, {"w": ONES, "b": ONES}) == (
        f"under 'b': {head}3 of 3 values differ, the worst at [0]: 2, expected 1"
    )
    assert not close((ONES, 2.0), (ONES, 1.0)).form


def test_a_named_tuple_is_not_asked_for():
    point = collections.namedtuple("Point", "x y")(1.0, 2.0)
    point.__class__.__module__ = "__main__"
    assert form(point, (1.0, 2.0)) == "returned a Point, a tuple was asked for"


def test_tolerance_holds_for_every_item():
    assert close([1.0, (1.0, {"k": 1 + 1e-4})], [1.0, (1.0, {"k": 1.0})], terms=10_000)
    assert not close([1.0, (1.0, {"k": 1 + 1e-4})], [1.0, (1.0, {"k": 1.0})])


# Tensors


@pytest.mark.parametrize("one", [torch.float32, torch.float64])
@pytest.mark.parametrize("other", [torch.float32, torch.float64])
def test_tensors_may_be_of_either_precision(one, other):
    assert close(torch.ones(2, 2, dtype=one), torch.ones(2, 2, dtype=other))
    assert said(torch.tensor([1.0, 2.0], dtype=one), torch.ones(2, dtype=other)) == (
        "tolerance 1e-05 × (1 + |expected|): 1 of 2 values differ, the worst at [1]: 2, expected 1"
    )


def test_a_parameter_and_a_tensor_with_a_gradient_are_tensors():
    assert close(torch.nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True) * 1)


@pytest.mark.parametrize(
    ("actual", "expected", "sentence"),
    [
        (ONES, torch.ones(3), "returned a numpy.ndarray, a tensor was asked for"),
        (1.0, torch.tensor(1.0), "returned a float, a tensor was asked for"),
        ([1.0], torch.ones(1), "returned a list, a tensor was asked for"),
        (torch.ones(3, 1), torch.ones(3), "returned shape (3, 1), shape (3,) was asked for"),
        (torch.ones(1), torch.tensor(1.0), "returned shape (1,), shape () was asked for"),
        (torch.ones(2, dtype=torch.int64), torch.ones(2),
         "returned a tensor of torch.int64, torch.float32 was asked for"),
        (torch.ones(2), torch.ones(2, dtype=torch.int64),
         "returned a tensor of torch.float32, torch.int64 was asked for"),
        (torch.ones(2, dtype=torch.float16), torch.ones(2),
         "returned a tensor of torch.float16, torch.float32 was asked for"),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2),
         "returned a tensor of torch.bfloat16, torch.float32 was asked for"),
        (torch.ones(2, dtype=torch.complex64), torch.ones(2),
         "returned a tensor of torch.complex64, torch.float32 was asked for"),
        (torch.ones(2, dtype=torch.bool), torch.ones(2, dtype=torch.int64),
         "returned dtype bool, an int dtype was asked for"),
    ],
)  # fmt: skip
def test_what_is_not_a_tensor_of_the_asked_form_is_told_its_form(actual, expected, sentence):
    assert form(actual, expected) == sentence


def test_tensors_of_other_kinds_are_compared_too():
    assert close(torch.tensor([1, 2], dtype=torch.int32), torch.tensor([1, 2]))
    assert not close(torch.tensor([1, 3]), torch.tensor([1, 2]))
    assert close(torch.tensor([True, False]), torch.tensor([True, False]))
    assert close(torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16))
    assert close(torch.tensor([1 - 2j]), torch.tensor([1 + 2j]).conj())
    assert not close(torch.tensor([1 + 2j]), torch.tensor([1 + 2j]).conj())


# Objects that stayed in the student's process


class Model:
    pass


Model.__module__ = "__main__"


def test_what_stayed_there_is_fetched_when_it_is_data():
    with notebook(f=lambda: [ONES, 2.0], g=lambda: (ONES, {"k": [1]}), h=Model, a=lambda: Always(ONES)) as student:
        assert close(student.f(), [ONES, 2.0])
        assert close(student.g(), (ONES, {"k": [1]}))
        assert fetch(student.f())[1] == 2.0
        assert form(student.f(), ONES) == "returned a list, an array was asked for"
        assert form(student.a(), ONES) == "returned an Always, an array was asked for"
        assert form(student.h(), ONES) == "returned a Model, an array was asked for"
        assert form(student.h(), 1.0) == "returned a Model, a float was asked for"
        assert form(student.h(), (ONES, ONES)) == "returned a Model, a tuple was asked for"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.ones((1, 3)).view(np.matrix), "numpy.matrix"),
        (np.ma.masked_array(ONES, [False, False, True]), "numpy.MaskedArray"),
        (Model(), "Model"),
        (imitating(float)(1.0), "Sly"),
        ({1, 2}, "set"),
        (range(3), "range"),
    ],
)
def test_what_is_no_data_is_named_by_its_type(value, kind):
    with notebook(f=lambda: value) as student:
        assert form(student.f(), ONES) == f"returned a {kind}, an array was asked for"


# unchanged


def test_arguments_left_alone_are_unchanged():
    given = [ONES, np.float32(2), 1, "a", None, True, [1, ONES], {"w": ONES}, np.array([NAN, 1]), NAN, np.float64(NAN),
             torch.tensor([NAN, 1.0]), torch.nn.Parameter(torch.ones(2)), slice(1, 2), np.zeros(0)]  # fmt: skip
    with notebook(f=lambda *args, **kwargs: 0) as student:
        for value in given:
            assert unchanged(student.f, 0, value), value
            assert unchanged(student.f, key=value), value


def changing(value: Any) -> Any:
    """The function that changes a value of that type in place."""
    if isinstance(value, np.ndarray):
        return lambda x: x.__setitem__(-1, 5)
    if isinstance(value, dict):
        return lambda x: x.update(a=5)
    if isinstance(value, list):
        return lambda x: x.append(5)
    return lambda x: x.detach().zero_()


@pytest.mark.parametrize("value", [ONES, [1.0, 2.0], {"a": 1}, torch.ones(2), np.array([1, 2]), {}], ids=repr)
def test_an_argument_changed_in_place_is_told(value):
    change = changing(value)
    with notebook(f=lambda first, second=None: change(first if second is None else second)) as student:
        outcome = unchanged(student.f, value)
        assert not outcome
        assert outcome.explanation == "argument 1 was changed by the call"
        assert outcome.form
        assert unchanged(student.f, 0, second=value).explanation == "argument `second` was changed by the call"


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([ONES], lambda x: x[0].fill(2)),
        ({"w": ONES}, lambda x: x["w"].fill(2)),
        ({"w": [1]}, lambda x: x["w"].append(1)),
        ({"w": 1}, lambda x: x.pop("w")),
        ((ONES, ONES), lambda x: x[1].fill(2)),
        (torch.ones(3, 1), lambda x: x.squeeze_()),
        (torch.ones(2, 1), lambda x: x.t_()),
        (np.array([NAN, 1.0]), lambda x: x.fill(NAN)),
        (torch.tensor([NAN, 1.0]), lambda x: x.fill_(NAN)),
        (np.array([1.0, 2.0]), lambda x: x.sort() or x.__setitem__(0, -0.5)),
    ],
)
def test_a_change_inside_an_argument_or_of_its_shape_is_told(value, change):
    with notebook(f=change) as student:
        assert not unchanged(student.f, value)


# The running check


def test_comparisons_are_remembered_while_a_check_runs():
    with notebook():
        close(1.0, 1.0)
        close(1.0, 2.0)
        assert state.current is not None
        assert [comparison.ok for comparison in state.current.comparisons] == [True, False]


def test_numpy_and_torch_are_not_imported_for_a_comparison_of_numbers(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    assert close(1.0, 1.0)
    assert close(ONES, ONES)
    assert "torch" not in sys.modules
