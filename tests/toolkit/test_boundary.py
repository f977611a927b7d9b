"""The boundary: a check calls a student's functions in a jailed process, and only data comes back.

One zygote, one notebook that has run, and a fork of it for each test.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from autograder.checks import close, fetch, hold, unchanged
from autograder.records import (
    Crashed,
    Limits,
    Missing,
    OutOfMemory,
    Raised,
    StudentFault,
    TimedOut,
    Verdict,
    WrongForm,
)
from autograder.student import wire
from autograder.student.process import Fork, StudentProcess, clean_outputs
from autograder.student.proxy import Conversation, Remote, Student, define, restore
from autograder.student.warm import Incubator, Zygote

VALUE_BYTES = 4 * 2**20
FORBIDDEN = ["numpy.std", "torch.softmax", "fractions.Fraction", "statistics"]

NOTEBOOK = [
    """
    import collections, contextlib, fractions, functools, os, random, statistics, sys, time
    import numpy as np
    import torch
    """,
    """
    LEARNING_RATE = 0.25
    TABLE = {"weights": np.arange(3.0), "nested": [1, (2, "three")]}
    calls = []

    def add(a, b=1):
        return a + b

    def same(value):
        return value

    def types(*args, **kwargs):
        return " ".join(type(value).__name__ for value in (*args, *kwargs.values()))

    def layout(x):
        return x.flags.c_contiguous, x.flags.f_contiguous, x.flags.writeable

    def draws(name):
        return {"random": random.random, "numpy": np.random.rand, "torch": lambda: torch.rand(1).item()}[name]()

    def remember(value):
        calls.append(value)
        return len(calls)
    """,
    """
    Point = collections.namedtuple("Point", "x y")

    class Cache:
        def __init__(self, x):
            self.x = x
            self.parts = {"first": [x, 2 * x]}

        def __len__(self):
            return 7

        def __getitem__(self, key):
            return self.x * key

        def scaled(self, factor):
            return self.x * factor

    class Callable:
        factor = 3

        def __call__(self, x):
            return self.factor * x

        def method(self, x):
            return 4 * x

    instance = Callable()
    method = instance.method
    partial = functools.partial(add, b=10)
    anonymous = lambda x, *, y=5: x * y

    def forward(x, kind):
        cache = {
            "dict": {"x": x}, "list": [x], "tuple": (x, 1), "object": Cache(x), "function": lambda: x,
            "generator": (x for _ in range(2)), "array": x, "none": None, "module": torch.nn.Linear(1, 1),
            "set": {1, 2}, "class": Cache, "bytes": b"x", "point": Point(x, 1), "partial": functools.partial(add, x),
        }[kind]
        return 2 * x, cache

    def backward(dout, cache):
        return dout * 3, type(cache).__name__

    def results(kind):
        return {
            "list": [1.0, 2.0], "tuple": (1.0, 2.0), "point": Point(1.0, 2.0), "nested": (1.0, (2.0, 3.0), [4.0]),
            "dict": {"a": 1.0}, "none": None, "size": torch.ones(2, 3).shape, "empty": (), "many": (0.0,) * 5000,
        }[kind]

    def squares(n):
        for i in range(n):
            yield i * i

    def take(iterator, n):
        return sum(next(iterator) for _ in range(n))

    class Net(torch.nn.Module):
        def __init__(self, width):
            super().__init__()
            self.linear = torch.nn.Linear(width, 2)
            torch.nn.init.constant_(self.linear.weight, 0.5)
            torch.nn.init.zeros_(self.linear.bias)
            self.dropout = torch.nn.Dropout(0.999)

        def forward(self, x):
            return self.linear(self.dropout(x))

        def encode(self, x):
            return self.linear(x), {"shape": x.shape}
    """,
    """
    def raises(kind="ValueError"):
        x = 1
        if kind == "deep":
            return raises("TypeError")
        if kind == "own":
            raise type("Peculiar", (Exception,), {})("own text")
        if kind == "mute":
            raise type("Mute", (Exception,), {"__str__": lambda self: 1 / 0})()
        if kind == "in numpy":
            return np.linalg.inv(np.zeros((2, 2)))
        raise {**vars(__import__("builtins"))}[kind]("text")

    def sleeps(seconds):
        time.sleep(seconds)

    def loops():
        while True:
            with contextlib.suppress(BaseException):
                while True:
                    pass

    def hungry(everywhere=False):
        kept = []
        while True:
            kept.append(bytearray(b"x" * 2**24))

    def keeps(megabytes, seconds):
        calls.append(bytearray(b"x" * 2**20) * megabytes)
        time.sleep(seconds)

    def ends(how):
        if how == "exit":
            os._exit(0)
        if how == "kill":
            os.kill(os.getpid(), 9)
        if how == "segfault":
            import ctypes
            ctypes.string_at(8)
        if how == "close":
            os.closerange(3, 200)
        if how == "recursion":
            sys.setrecursionlimit(10**9)
            def f(): return [f() for _ in [1]]
            exec("f = lambda: eval('f()')", globals())
            return globals()["f"]()

    def prints():
        print("x" * 10**7)
        os.write(1, b"y" * 10**6)
        print("z", file=sys.stderr)
        return 1

    def forks(x):
        pid = os.fork()
        if pid == 0:
            return "the child's answer"
        os.waitpid(pid, 0)
        return x + 1

    def forks_and_raises(x):
        pid = os.fork()
        if pid == 0:
            raise ValueError("the child's")
        os.waitpid(pid, 0)
        return x + 1

    def leaves_a_child(x):
        if os.fork() == 0:
            time.sleep(0.2)
            return "late"
        return x + 1

    def huge(kind, n):
        return {
            "zeros": lambda: np.zeros(n), "broadcast": lambda: np.broadcast_to(1.0, (n, n)),
            "expand": lambda: torch.ones(1).expand(n, n), "text": lambda: "x" * n, "bytes": lambda: b"x" * n,
            "int": lambda: 1 << (8 * n), "items": lambda: tuple(np.zeros(n // 4) for _ in range(4)),
            "list": lambda: [1.0] * n, "dict": lambda: {i: i for i in range(n)},
            "strided": lambda: np.zeros(2 * n)[::2],
            "view": lambda: np.lib.stride_tricks.as_strided(np.zeros(1), (n, n), (0, 0)),
        }[kind]()
    """,
    """
    def spread(x):
        return getattr(np, "st" + "d")(x)

    def soft(x):
        from torch import softmax as innocent
        return innocent(x, dim=-1)

    def third():
        return float(fractions.Fraction(1, 3))

    def middle(x):
        return statistics.median(x)

    def honest(x):
        return (x - x.mean()) ** 2

    def apply(f, *args):
        return f(*args)

    def gradient(f, x, h=0.5):
        return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])

    def careful(f, x):
        try:
            return f(x)
        except Exception as error:
            return f"caught {type(error).__name__}"

    stored = []

    def store(f):
        stored.append(f)

    def use_stored(x):
        return stored[-1](x)

    def helper(x):
        return x + 100

    def uses_helper(x):
        return helper(x) * 2

    def change(x, how):
        if how == "in place":
            x += 1
        elif how == "inside":
            x[0][0] = 5
        elif how == "append":
            x.append(1)
        return 0
    """,
]


@pytest.fixture(scope="module")
def incubator() -> Iterator[Incubator]:
    limits = Limits(cell_seconds=30, memory_mb=300, value_bytes=VALUE_BYTES)
    with Incubator(["numpy", "torch"], limits) as warm:
        yield warm


@pytest.fixture(scope="module")
def zygote(incubator: Incubator) -> Iterator[Zygote]:
    with incubator.zygote(FORBIDDEN) as warm:
        yield warm


@pytest.fixture(scope="module")
def process(zygote: Zygote) -> Iterator[StudentProcess]:
    """The notebook's process after it has run: the checkpoint."""
    started = zygote.spawn(deadline=time.monotonic() + 3600)
    for number, source in enumerate(NOTEBOOK):
        ran = started.run_cell(number, textwrap.dedent(source).strip("\n"))
        assert ran.ok, ran.outputs
    yield started
    started.end()


@pytest.fixture
def fork(process: StudentProcess) -> Iterator[Fork]:
    forked = process.fork()
    yield forked
    forked.end()


def ask(fork: Fork, seconds: float = 60.0) -> Student:
    """A student as a check sees it, with a limit for each call."""
    return Student(Conversation(fork, seconds))


@pytest.fixture
def student(fork: Fork) -> Student:
    return ask(fork)


# Calls


def test_a_function_is_called_with_data_and_answers_with_data(student):
    assert student.add(2, 3) == 5
    assert student.add("a", b="b") == "ab"
    assert student.add(2) == 3
    result = student.add(np.arange(3.0), np.ones(3))
    assert type(result) is np.ndarray
    assert result.tolist() == [1, 2, 3]


def test_each_kind_of_argument_arrives_as_what_it_is(student):
    values = [1, 1.0, 1j, "a", b"a", None, True, [1], (1,), {"a": 1}, slice(1), np.ones(1), torch.ones(1),
              np.float32(1), np.float64(1), np.int8(1), np.bool_(True), np.dtype("f4"), torch.float64,
              np.random.default_rng(0)]  # fmt: skip
    expected = ("int float complex str bytes NoneType bool list tuple dict slice ndarray Tensor "
                "float32 float64 int8 bool Float32DType dtype Generator")  # fmt: skip
    assert student.types(*values).replace("bool_", "bool") == expected
    assert student.types(a=1, b="x") == "int str"


@pytest.mark.parametrize(
    "value",
    [0, -(2**70), 1.5, math.inf, 1 - 2j, "é\n", b"\x00", None, True, np.float32(1.5), np.uint8(3), np.array(2.0)],
    ids=repr,
)
def test_a_value_comes_back_as_it_was_sent(student, value):
    result = student.same(value)
    assert type(result) is type(value)
    assert result == value


@pytest.mark.parametrize(
    "array",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.arange(12.0).reshape(3, 4)[::2],
        np.arange(6.0).reshape(2, 3),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.broadcast_to(np.arange(3.0), (2, 3)),
    ],
    ids=["Fortran", "columns", "rows", "C", "transposed", "broadcast"],
)
def test_an_array_keeps_its_layout_on_the_way_there(student, array):
    assert student.layout(array) == (array.flags.c_contiguous, array.flags.f_contiguous, True)
    back = student.same(array)
    assert type(back) is np.ndarray
    assert not back.flags.writeable
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int64", "bool", "complex64"])
def test_tensors_cross(student, dtype):
    tensor = torch.tensor([[1, 0], [0, 1]]).to(getattr(torch, dtype))
    back = student.same(tensor)
    assert type(back) is torch.Tensor
    assert back.dtype is tensor.dtype
    assert torch.equal(back, tensor)


def test_a_result_with_a_gradient_comes_back_detached(student):
    weight = torch.ones(2, requires_grad=True)
    back = student.add(weight, weight)
    assert back.grad_fn is None
    assert torch.equal(back.detach(), torch.full((2,), 2.0))


def test_what_the_student_does_to_an_argument_stays_there(student):
    x = np.zeros(3)
    nested = [[1], [2]]
    student.change(x, "in place")
    student.change(nested, "inside")
    assert x.tolist() == [0, 0, 0]
    assert nested == [[1], [2]]


def test_a_generator_goes_on_there_and_not_here(student):
    rng = np.random.default_rng(3)
    drawn = student.same(rng).normal(size=2)
    assert drawn.tolist() == np.random.default_rng(3).normal(size=2).tolist()
    assert rng.normal(size=2).tolist() == drawn.tolist()


def test_variables_are_fetched_by_name(student):
    assert fetch(student.LEARNING_RATE) == 0.25
    table = fetch(student.TABLE)
    assert table["weights"].tolist() == [0, 1, 2]
    assert table["nested"] == [1, (2, "three")]
    assert fetch(student.TABLE["nested"][1][1]) == "three"
    assert close(student.TABLE["weights"], np.arange(3.0))


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "result"),
    [
        ("partial", (1,), {}, 11),
        ("partial", (1,), {"b": 2}, 3),
        ("anonymous", (2,), {}, 10),
        ("anonymous", (2,), {"y": 7}, 14),
        ("instance", (2,), {}, 6),
        ("method", (2,), {}, 8),
    ],
)
def test_whatever_can_be_called_is_called(student, name, args, kwargs, result):
    assert getattr(student, name)(*args, **kwargs) == result


def test_what_is_printed_during_a_call_does_no_harm(student):
    assert student.prints() == 1
    assert student.add(1, 1) == 2


# Results


def test_the_items_of_a_tuple_cross_and_the_rest_stays(student):
    assert student.results("tuple") == (1.0, 2.0)
    assert student.results("point") == (1.0, 2.0)
    assert type(student.results("point")) is tuple
    assert student.results("size") == (2, 3)
    assert student.results("empty") == ()
    assert student.results("none") is None
    first, second, third = student.results("nested")
    assert first == 1.0
    assert fetch(second) == (2.0, 3.0)
    assert fetch(third) == [4.0]


def test_a_named_tuple_is_a_tuple_also_when_it_is_fetched(student):
    assert fetch(hold(student.results, "point")) == (1.0, 2.0)


def test_lists_and_dicts_stay_until_they_are_fetched(student):
    assert type(student.results("list")) is Remote
    assert fetch(student.results("list")) == [1.0, 2.0]
    assert fetch(student.results("dict")) == {"a": 1.0}


def test_a_list_is_not_unpacked_where_a_tuple_was_asked_for(student):
    with pytest.raises(WrongForm, match="returned a list where a tuple of results was asked for"):
        _, _ = student.results("list")
    with pytest.raises(WrongForm, match="returned a dict where a tuple"):
        _, _ = student.results("dict")


def test_a_result_that_stayed_is_not_taken_for_a_number(student):
    result = student.results("list")
    with pytest.raises(WrongForm, match="a truth value was asked for"):
        assert result
    with pytest.raises(WrongForm, match="an array was asked for"):
        np.asarray(result)
    with pytest.raises(WrongForm, match="an array was asked for"):
        np.mean(result)
    with pytest.raises(WrongForm, match="an array was asked for"):
        np.ones(2) + result


def test_a_very_long_tuple_stays_until_it_is_fetched(student):
    assert type(student.results("many")) is Remote
    assert close(student.results("many"), (0.0,) * 5000)


# What stays there


def test_an_object_is_asked_for_attributes_items_and_its_length(student):
    cache = hold(student.Cache, np.ones(2))
    assert type(cache) is Remote
    assert len(cache) == 7
    assert fetch(cache.x).tolist() == [1, 1]
    assert fetch(cache.parts["first"][1]).tolist() == [2, 2]
    assert fetch(cache[3]).tolist() == [3, 3]
    assert cache.scaled(5).tolist() == [5, 5]
    assert fetch(student.TABLE["weights"][1:]).tolist() == [1, 2]
    assert "Cache" in repr(cache)


def test_what_an_object_has_not_is_missing(student):
    cache = student.Cache(1)
    for use in (lambda: fetch(cache.nothing), lambda: fetch(cache.nothing.more), lambda: student.same([cache.nothing])):
        with pytest.raises(Missing) as caught:
            use()
        assert str(caught.value) == "what came back has no `nothing`"
    with pytest.raises(Missing, match="has no `second`"):
        fetch(cache.parts["first"].second)
    with pytest.raises(Raised):
        fetch(student.TABLE["nothing"])
    with pytest.raises(Missing):
        len(cache.nothing)
    with pytest.raises(Missing):
        cache.nothing()


@pytest.mark.parametrize(
    "kind",
    ["dict", "list", "tuple", "object", "function", "generator", "array", "none", "module", "set", "class", "bytes",
     "point", "partial"],
)  # fmt: skip
def test_a_cache_of_any_type_is_passed_back_as_it_was(student, kind):
    out, cache = student.forward(np.ones(2), kind)
    assert out.tolist() == [2, 2]
    names = {
        "object": "Cache",
        "none": "NoneType",
        "class": "type",
        "array": "ndarray",
        "module": "Linear",
        "point": "Point",
    }
    dx, name = student.backward(np.ones(2), cache)
    assert dx.tolist() == [3, 3]
    assert name == names.get(kind, kind)
    assert student.types([cache], (cache,), {"k": cache}, cache=cache).startswith("list tuple dict")


def test_hold_leaves_even_data_there(student):
    held = hold(student.add, np.ones(2), 1)
    assert type(held) is Remote
    assert student.add(held, held).tolist() == [4, 4]
    assert fetch(held).tolist() == [2, 2]


def test_a_generator_of_the_student_s_is_used_there(student):
    squares = student.squares(10)
    assert type(squares) is Remote
    assert student.take(squares, 3) == 0 + 1 + 4
    assert student.take(squares, 2) == 9 + 16
    with pytest.raises(WrongForm):
        fetch(squares)
    with pytest.raises(WrongForm):
        list(squares)


def test_a_module_has_its_state_its_methods_and_its_mode(student):
    net = student.Net(3)
    state = fetch(net.state_dict())
    assert {name: tuple(value.shape) for name, value in state.items()} == {"linear.weight": (2, 3), "linear.bias": (2,)}
    net.eval()
    x = torch.tensor([[1.0, 2.0, 3.0]])
    assert close(net(x), torch.tensor([[3.0, 3.0]]))
    out, extra = net.encode(x)
    assert close(out, torch.tensor([[3.0, 3.0]]))
    assert fetch(extra) == {"shape": (1, 3)}
    net.load_state_dict({"linear.weight": torch.zeros(2, 3), "linear.bias": torch.tensor([1.0, 2.0])})
    assert close(net(x), torch.tensor([[1.0, 2.0]]))
    assert close(net.linear.weight, torch.zeros(2, 3))
    net.train()
    assert fetch(net.training) is True
    assert fetch(net.linear.weight.requires_grad) is True


# unchanged


def test_a_change_in_place_is_seen(student):
    x = np.arange(3.0)
    assert unchanged(student.change, x, "not at all")
    assert not unchanged(student.change, x, "in place")
    assert not unchanged(student.change, x=x, how="in place")
    assert not unchanged(student.change, [[1.0], [2.0]], "inside")
    assert not unchanged(student.change, [np.zeros(2)], "inside")
    assert not unchanged(student.change, [], "append")
    assert not unchanged(student.change, torch.zeros(2), "in place")
    assert not unchanged(student.change, np.asfortranarray(np.ones((2, 2))), "in place")
    assert unchanged(student.change, student.Cache(1), "not at all")
    assert x.tolist() == [0, 1, 2]


# Functions of the check's


def test_a_function_of_the_check_s_is_called_by_the_student_s(student):
    seen = []

    def f(x, *, scale=1.0):
        seen.append((type(x), x.tolist()))
        return scale * float((x**2).sum())

    assert close(student.gradient(f, np.array([1.0, -2.0])), np.array([2.0, -4.0]))
    assert len(seen) == 4
    assert seen[0] == (np.ndarray, [1.5, -2.0])
    assert student.apply(lambda: 5) == 5
    assert student.apply(lambda a, b: (a, b), 1, "x") == (1, "x")
    assert student.types(f) == "function"


def test_a_function_of_the_check_s_takes_data_and_nothing_else(student):
    with pytest.raises(Raised) as caught:
        student.apply(lambda value: 1, student.Cache(1))
    assert caught.value.kind == "TypeError"
    assert str(caught.value) == "this function takes data, which Cache is not"
    assert student.careful(lambda value: 1, student.Cache(1)) == "caught TypeError"
    with pytest.raises(Raised) as caught:
        student.apply(lambda value: 1, hold(student.huge, "zeros", VALUE_BYTES))
    assert caught.value.kind == "ValueError"
    assert student.apply(lambda value: type(value).__name__, hold(student.same, [1])) == "list"


def test_an_error_in_a_function_of_the_check_s_is_the_student_s_to_catch(student):
    def refuses(x):
        raise ValueError("never")

    assert student.careful(refuses, 1) == "caught RuntimeError"
    assert student.careful(lambda x: x + 1, 1) == 2
    with pytest.raises(Raised) as caught:
        student.apply(refuses, 1)
    assert caught.value.kind == "RuntimeError"
    assert student.add(1, 1) == 2


def test_a_function_may_be_kept_and_called_later(student):
    student.store(lambda x: 10 * x)
    assert student.use_stored(4) == 40


# In place of the student's own


def test_what_is_defined_from_outside_takes_effect_until_it_is_restored(student):
    assert student.uses_helper(1) == 202
    define(student, "helper", lambda x: x + 1)
    assert student.uses_helper(1) == 4
    define(student, "LEARNING_RATE", np.ones(2))
    assert fetch(student.LEARNING_RATE).tolist() == [1, 1]
    define(student, "brand_new", 1)
    restore(student)
    assert student.uses_helper(1) == 202
    assert fetch(student.LEARNING_RATE) == 0.25
    with pytest.raises(Missing):
        fetch(student.brand_new)


# Faults


def test_a_name_that_is_not_there_is_missing(student):
    for use in (lambda: student.nothing(1), lambda: fetch(student.nothing), lambda: len(student.nothing),
                lambda: student.add(student.nothing, 1), lambda: hold(student.nothing),
                lambda: student.add(b=[student.nothing]), lambda: fetch(student.nothing.more)):  # fmt: skip
        with pytest.raises(Missing) as caught:
            use()
        assert caught.value.verdict is Verdict.MISSING
        assert str(caught.value) == "there is no `nothing` after the notebook has run"


# The first line of the text is empty and not in the cell.
LINE_OF_RAISE = next(number for number, line in enumerate(NOTEBOOK[3].split("\n")) if "raise {" in line)


@pytest.mark.parametrize(
    "kind",
    ["ValueError", "ZeroDivisionError", "AssertionError", "SystemExit", "KeyboardInterrupt", "StopIteration",
     "NotImplementedError", "RecursionError", "GeneratorExit"],
)  # fmt: skip
def test_an_exception_is_told_with_its_type_and_place(student, kind):
    with pytest.raises(Raised) as caught:
        student.raises(kind)
    assert caught.value.verdict is Verdict.ERROR
    assert caught.value.kind == kind
    assert str(caught.value) == "text"
    assert caught.value.where == (3, LINE_OF_RAISE)
    assert student.add(1, 1) == 2


def test_the_place_is_the_last_line_in_the_notebook(student):
    with pytest.raises(Raised) as caught:
        student.raises("deep")
    assert caught.value.where == (3, LINE_OF_RAISE)
    with pytest.raises(Raised) as caught:
        student.raises("in numpy")
    assert caught.value.kind == "LinAlgError"
    assert caught.value.where == (3, LINE_OF_RAISE - 1)
    with pytest.raises(Raised) as caught:
        student.add(1, "a")
    assert caught.value.kind == "TypeError"
    assert caught.value.where is not None
    assert caught.value.where[0] == 1
    with pytest.raises(Raised) as caught:
        student.add()
    assert caught.value.where is None


def test_exceptions_of_one_s_own_are_told(student):
    with pytest.raises(Raised) as caught:
        student.raises("own")
    assert (caught.value.kind, str(caught.value)) == ("Peculiar", "own text")
    with pytest.raises(Raised) as caught:
        student.raises("mute")
    assert (caught.value.kind, str(caught.value)) == ("Mute", "")


def test_what_is_no_function_is_an_error_when_it_is_called(student):
    with pytest.raises(Raised) as caught:
        student.LEARNING_RATE(1)
    assert caught.value.kind == "TypeError"


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_answered(fork):
    with pytest.raises(TimedOut) as caught:
        ask(fork, 0.5).sleeps(600)
    assert caught.value.verdict is Verdict.TIMEOUT
    assert str(caught.value) == "no answer within 0.5 seconds"
    assert ask(fork).add(1, 1) == 2


def test_a_call_that_will_not_end_is_given_up(fork, process):
    with pytest.raises(TimedOut):
        ask(fork, 0.5).loops()
    other = process.fork()
    assert ask(other).add(1, 1) == 2
    other.end()


def test_a_call_that_wants_too_much_memory_is_told_so(student, process):
    with pytest.raises(OutOfMemory) as caught:
        student.hungry()
    assert caught.value.verdict is Verdict.MEMORY
    other = process.fork()
    assert ask(other).add(1, 1) == 2
    other.end()


def test_forks_that_take_too_much_together_are_ended_and_the_checkpoint_is_not(process):
    forks = [process.fork() for _ in range(2)]
    ask(forks[0]).keeps(200, 0)
    with pytest.raises(OutOfMemory):
        ask(forks[1]).keeps(200, 30)
    with pytest.raises(OutOfMemory):
        ask(forks[0]).add(1, 1)
    for fork in [*forks, process.fork()]:
        fork.end()


def test_what_a_process_takes_is_its_own_whoever_else_was_forked_from_its_ancestors(incubator):
    with contextlib.ExitStack() as stack:
        zygotes = [stack.enter_context(incubator.zygote()) for _ in range(3)]
        process = zygotes[0].spawn()
        stack.callback(process.end)
        process.run_cell(0, "block = bytearray(b'x') * (50 * 2**20)")
        forks = [process.fork() for _ in range(3)]
        before = zygotes[0].usage(process.pid)[1]
        for other in zygotes[1:]:
            other.close()
        after = zygotes[0].usage(process.pid)[1]
        for fork in forks:
            fork.close()
    for memory in (before, after):
        assert 50 * 2**20 < memory < 75 * 2**20


def test_memory_that_many_processes_share_is_counted(zygote):
    """Also of processes that gave back what they had in common with the one they come from."""
    process = zygote.spawn_beside()
    ran = process.run_cell(0, """
        import os, time, ctypes
        for group in range(4):
            if os.fork() == 0:
                block = bytearray(os.urandom(1)) * (50 * 2**20)
                os.fork()
                time.sleep(5)
                os._exit(len(block) % 2)
        time.sleep(1.5)
    """.replace("\n        ", "\n"))  # fmt: skip
    assert ran.ok
    assert process.zygote.usage(process.pid)[1] > 190 * 2**20
    process.end()


def test_a_process_imports_nothing_by_itself(zygote):
    """What all would import is imported once, before there are any of them."""
    process = zygote.spawn_beside()
    # What was there before the process was is frozen, and not among these.
    code = "import gc, sys\nnew = {id(each) for each in gc.get_objects()}\n"
    code += "print([name for name, module in sys.modules.items() if id(module) in new])"
    first = process.run_cell(0, code).outputs[0]["text"]
    second = process.run_cell(1, f"import colorsys\n{code}").outputs[0]["text"]
    process.end()
    assert first == "[]\n"
    assert "'colorsys'" in second


def test_a_process_knows_of_no_cells_before_its_first(zygote):
    process = zygote.spawn_beside()
    first = process.run_cell(
        0, "import sys\nprint([_, __, ___, _i, _ii, _iii, len(In), Out, hasattr(sys, 'last_value')])"
    )
    shown = (
        process.run_cell(1, "1 / 0"),
        process.run_cell(2, "'x'"),
        process.run_cell(3, "print([_, __, _ii, len(In)])"),
    )
    names = process.run_cell(4, "print([name for name in globals() if name[0] == '_' and name[1:2].isalpha()])")
    process.end()
    assert first.outputs[0]["text"] == "['', '', '', '', '', '', 2, {}, False]\n"
    assert shown[2].outputs[0]["text"] == "['x', '', '1 / 0', 5]\n"
    assert not {"_plt", "_np", "_model", "_modules"} & set(ast.literal_eval(names.outputs[0]["text"]))


def test_figures_are_drawn_in_each_process_with_fonts_of_its_own(zygote):
    """Open files of fonts are not inherited; what is remembered of texts and formulas may be."""
    code = """
        import matplotlib.pyplot as plt
        figure, axes = plt.subplots(figsize=(2, 1))
        axes.imshow([[0, 0], [0, 0]])
        axes.plot([0, 1], [1, 2], label="a")
        axes.set_title("$x^2$")
        axes.legend()
        axes.semilogy([1, 1e5])
        plt.show()
    """.replace("\n        ", "\n")
    pictures = []
    for _ in range(2):
        process = zygote.spawn_beside()
        pictures += [process.run_cell(number, code).outputs for number in range(2)]
        process.end()
    assert [output["output_type"] for output in pictures[0]] == ["display_data"], pictures[0]
    assert len(pictures[0][0]["data"]["image/png"]) > 1000
    assert all(outputs == pictures[0] for outputs in pictures[1:])


def test_fonts_are_those_that_matplotlib_knows_for_the_user(tmp_path, monkeypatch):
    from matplotlib import font_manager

    font_manager.json_dump(font_manager.fontManager, tmp_path / "made.json")
    known = json.loads((tmp_path / "made.json").read_text())
    font = next(font for font in known["ttflist"] if not Path(font["fname"]).is_absolute())
    for name, place in {"ours": font["fname"], "gone": "/usr/no.ttf", "private": str(tmp_path / "my.ttf")}.items():
        known["ttflist"].append({**font, "name": name, "fname": place})
    cache = tmp_path / "matplotlib"
    cache.mkdir()
    (tmp_path / "my.ttf").touch()
    (cache / f"fontlist-v{known['_version']}.json").write_text(json.dumps(known))
    (cache / "fontlist-v0.json").write_text("no list")
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = "from matplotlib import font_manager as f; print(*{f.name for f in f.fontManager.ttflist}, sep=', ')"
    for changed in (False, True):
        if changed:
            (cache / f"fontlist-v{known['_version']}.json").write_text('{"ttflist": {}}')
        with Incubator(["matplotlib.font_manager"]) as incubator, incubator.zygote() as zygote:
            process = zygote.spawn()
            names = set(process.run_cell(0, code).outputs[0]["text"].strip().split(", "))
            process.end()
        assert names >= {"DejaVu Sans"}
        assert names & {"ours", "gone", "private"} == (set() if changed else {"ours"})


@pytest.mark.parametrize("place", ["x" * 5000, "a file", "locked"])
def test_a_cache_that_cannot_be_looked_into_keeps_nobody_from_grading(tmp_path, place):
    home, cache = tmp_path / "home", tmp_path / place
    home.mkdir(mode=0o777)
    if place == "a file":
        cache.touch()
    elif place == "locked":
        (cache / "matplotlib").mkdir(parents=True)
        cache.chmod(0)
    bring_fonts_as_nobody = """
import os, sys
from autograder.student.clean import bring_fonts
if os.geteuid() == 0:
    os.setuid(65534)
bring_fonts(sys.argv[1])
"""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    environment.pop("MPLCONFIGDIR", None)
    command = [sys.executable, "-c", bring_fonts_as_nobody, str(home)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd="/")
    if place == "locked":
        cache.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")


def test_cells_that_run_out_of_time_leave_some_for_others(monkeypatch):
    monkeypatch.setattr("autograder.student.process._LEAST_CELL_SECONDS", 0.1)
    with Incubator(limits=Limits(cell_seconds=0.8)) as incubator, incubator.zygote() as zygote:
        process = zygote.spawn()
        process.run_cell(0, "def hangs():\n    while True:\n        pass")
        said = [process.run_cell(number, "hangs()").outputs[0]["evalue"] for number in range(1, 6)]
        assert process.run_cell(6, "1 + 1").ok
        process.end()
    why = "a cell that runs out of time leaves the next less"
    assert said == [f"stopped after {seconds} seconds, the limit; {why}" for seconds in (0.8, 0.4, 0.2, 0.1, 0.1)]


def test_shared_mappings_of_a_few_processes_are_too_much_together():
    # So few that what they have in common with the zygote is not taken for too much at first sight.
    limits = Limits(cell_seconds=60, memory_mb=1200)
    with Incubator(limits=limits) as incubator, incubator.zygote() as zygote:
        process = zygote.spawn()
        with pytest.raises(OutOfMemory):
            process.run_cell(0, """
                import mmap, os, time
                for _ in range(2):
                    if os.fork() == 0:
                        block = mmap.mmap(-1, 800 * 2**20)
                        for place in range(0, len(block), 4096):
                            block[place] = 1
                        time.sleep(30)
                        os._exit(0)
                time.sleep(25)
            """.replace("\n                ", "\n"))  # fmt: skip
        process.end()


@pytest.mark.parametrize("how", ["exit", "kill", "segfault", "close"])
def test_a_process_that_dies_has_crashed_and_a_fresh_fork_has_not(student, process, how):
    with pytest.raises(Crashed) as caught:
        student.ends(how)
    assert caught.value.verdict is Verdict.CRASH
    with pytest.raises(Crashed):
        student.add(1, 1)
    other = process.fork()
    assert ask(other).add(1, 1) == 2
    other.end()


@pytest.mark.parametrize("kind", ["zeros", "broadcast", "expand", "text", "bytes", "int", "items", "strided", "view"])
def test_a_value_over_the_limit_is_of_the_wrong_form(student, kind):
    with pytest.raises(WrongForm) as caught:
        student.huge(kind, VALUE_BYTES + 1)
    assert caught.value.verdict is Verdict.FAIL
    assert str(caught.value) == "returned a value of more bytes than the limit"
    assert student.add(1, 1) == 2


@pytest.mark.parametrize("kind", ["broadcast", "expand", "view"])
def test_a_giant_that_takes_no_room_is_not_unrolled(student, kind):
    with pytest.raises(WrongForm):
        student.huge(kind, 10**9)
    held = hold(student.huge, kind, 10**9)
    with pytest.raises(WrongForm):
        fetch(held)
    assert student.add(1, 1) == 2


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_very_many_values_are_of_the_wrong_form_when_they_are_fetched(student, kind):
    many = student.huge(kind, 1_100_000)
    assert type(many) is Remote
    assert len(many) == 1_100_000
    with pytest.raises(WrongForm, match="returned a value of more bytes than the limit"):
        fetch(many)
    assert close(many, [1.0]).explanation.startswith(
        "returned a value of more bytes than the limit, a list was asked for"
    )
    assert len(fetch(student.huge(kind, 1000))) == 1000


def test_a_value_within_the_limit_comes_over(student):
    assert student.huge("zeros", VALUE_BYTES // 8 - 10).size == VALUE_BYTES // 8 - 10
    assert student.add(np.zeros((600, 600)), 1.0).sum() == 360_000


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("lambda: np.asmatrix(np.ones(2))", "a numpy.matrix"),
        ("lambda: np.ma.masked_array([1.0], [True])", "a numpy.MaskedArray"),
        ("lambda: np.array([None, 1])", "an array of dtype object"),
        ("lambda: {1, 2}", "a set"),
        ("lambda: Cache(1)", "a Cache"),
        ("lambda: torch.eye(2).to_sparse()", "a value of another type"),
        ("lambda: (n for n in [1])", "a generator"),
        ("lambda: np.longdouble(1)", "a numpy.longdouble"),
        ("lambda: type('Sly', (float,), {})(1)", "a Sly"),
        ("lambda: collections.Counter('a')", "a collections.Counter"),
    ],
)
def test_what_is_no_data_is_named_by_its_type(process, expression, name):
    process.run_cell(99, f"no_data = {expression}")
    fork = process.fork()
    try:
        result = ask(fork).no_data()
        assert type(result) is Remote
        with pytest.raises(WrongForm) as caught:
            fetch(result)
        assert str(caught.value) == f"returned {name} where data was asked for"
        assert close(result, 1.0).explanation == f"returned {name}, a float was asked for"
    finally:
        fork.end()


# Forks


def test_forks_go_on_with_the_random_numbers_of_the_notebook(process):
    forks = [process.fork() for _ in range(2)]
    drawn = [[ask(fork).draws(name) for name in ("random", "numpy", "torch")] for fork in forks]
    assert drawn[0] == drawn[1]
    for fork in forks:
        fork.end()


def test_forks_know_nothing_of_one_another(process):
    forks = [process.fork() for _ in range(3)]
    students = [ask(fork) for fork in forks]
    assert [student.remember(n) for n, student in enumerate(students)] == [1, 1, 1]
    assert students[0].remember(7) == 2
    define(students[0], "LEARNING_RATE", 9.0)
    assert fetch(students[1].LEARNING_RATE) == 0.25
    assert fetch(students[0].calls) == [0, 7]
    assert fetch(students[2].calls) == [2]
    for fork in forks:
        fork.end()
    last = process.fork()
    assert fetch(ask(last).calls) == []
    last.end()


def test_a_fork_that_died_takes_no_other_along(process):
    one, other = process.fork(), process.fork()
    with pytest.raises(Crashed):
        ask(one).ends("kill")
    assert ask(other).add(1, 1) == 2
    one.end()
    other.end()


@pytest.mark.parametrize("name", ["forks", "forks_and_raises", "leaves_a_child"])
def test_a_child_does_not_answer_in_its_parent_s_place(student, name):
    for n in range(5):
        assert getattr(student, name)(n) == n + 1
    time.sleep(0.3)
    assert student.add(1, 1) == 2


# Forbidden calls


def used(fork: Fork, call: str, *args: Any) -> set[str]:
    conversation = Conversation(fork, 60.0)
    getattr(Student(conversation), call)(*args)
    return conversation.used


def test_a_forbidden_call_is_noticed_however_it_is_reached(fork):
    assert used(fork, "spread", np.arange(3.0)) == {"numpy.std"}
    assert used(fork, "soft", torch.ones(3)) == {"torch.softmax"}
    assert used(fork, "third") == {"fractions.Fraction"}
    assert used(fork, "middle", [1.0, 2.0, 4.0]) == {"statistics"}


def test_what_is_allowed_is_not_noticed(fork):
    assert used(fork, "spread", np.arange(3.0))
    assert used(fork, "honest", np.arange(3.0)) == set()
    assert used(fork, "add", 1, 2) == set()


def test_a_forbidden_function_still_works(student):
    assert close(student.spread(np.array([1.0, 3.0])), 1.0)
    assert close(student.soft(torch.zeros(2)), torch.full((2,), 0.5))
    assert close(student.third(), 1 / 3)
    assert student.middle([1.0, 2.0, 4.0]) == 2.0


# A liar on the other side


class Lying:
    """A transport whose other side says whatever it likes."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.reply = reply

    def request(self, message: dict[str, Any], seconds: float, call_back: Any = None) -> dict[str, Any]:
        return self.reply


WORDS = ["ok", "missing", "raised", "timeout", "memory", "form", "large", "callback", "h", "l", "t", "a"]
texts = st.text(max_size=5)
anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), texts, st.binary(max_size=9),
        st.sampled_from(WORDS),
    ),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts | st.binary(max_size=2), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
FIELDS = ("value", "echo", "used", "kind", "message", "cell", "line", "function", "args", "kwargs")
replies = st.fixed_dictionaries(
    {}, optional={"status": st.sampled_from(WORDS[:7]) | anything, **dict.fromkeys(FIELDS, anything)}
)


@given(replies)
def test_whatever_comes_back_is_data_or_a_fault_of_the_student_s(reply):
    student = Student(Conversation(Lying(reply), 1.0))
    for use in (
        lambda: student.f(1),
        lambda: hold(student.f, 1),
        lambda: fetch(student.x),
        lambda: len(student.x),
        lambda: bool(close(student.f(np.ones(2)), np.ones(2))),
        lambda: define(student, "f", 1),
    ):
        with contextlib.suppress(StudentFault):
            use()
    for call in student._conversation.calls:
        assert call.fault is None or len(str(call.fault)) + len(call.fault.kind) < 2200


def test_a_name_of_any_length_is_cut():
    student = Student(Conversation(Lying({"status": "ok", "value": ["h", 1, "x" * 10**6, []]}), 1.0))
    assert len(close(student.f(), np.ones(1)).explanation) < 1000
    assert len(repr(student.f())) < 1000


WORDS_OF_A_NOTEBOOK = frozenset({"c", "a", "n", "r", "y", "_0", "Cache", "Inner"})


def asked(**reply: Any) -> Student:
    """A student whose side answers so, and whose notebook has `WORDS_OF_A_NOTEBOOK`."""
    return Student(Conversation(Lying(reply), 1.0, WORDS_OF_A_NOTEBOOK))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("ValueError", "ValueError"),
        ("Cache", "Cache"),
        ("Unheard", "an exception"),
        ("c.a.n.a.r.y._0", "an exception"),
        ("numpy.Cache", "an exception"),
    ],
)
def test_an_exception_is_named_by_a_word_that_is_known(kind, told):
    with pytest.raises(Raised) as caught:
        asked(status="raised", kind=kind).f()
    assert caught.value.kind == told


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("numpy.matrix", "a numpy.matrix"),
        ("Cache", "a Cache"),
        ("numpy.Cache", "a numpy.Cache"),
        ("Cache.Inner.c", "a thing"),
        ("c.a.n.a.r.y._0", "a thing"),
        ("Unheard", "a thing"),
    ],
)
def test_a_type_is_named_by_words_that_are_known_wherever_it_is_named(kind, told):
    answer = asked(status="ok", value=["h", 1, kind, []]).f()
    for use in (np.mean, bool, list):
        with pytest.raises(WrongForm, match=f"^returned {re.escape(told)} where "):
            use(answer)
    with pytest.raises(WrongForm):
        fetch(asked(status="form", message=kind).x)


@pytest.mark.parametrize("dtype", ["object", "float128", "datetime64[ns]", "<U12", "|S3", "|V8"])
def test_a_dtype_that_cannot_cross_is_named(dtype):
    with pytest.raises(WrongForm, match=re.escape(f"an array of dtype {dtype} where")):
        fetch(asked(status="form", message=f"an array of dtype {dtype}").x)


@pytest.mark.parametrize("dtype", ["canary123", "<canary", "object1", "<U1234", "[('canary', '<f8')]"])
def test_a_dtype_that_does_not_exist_is_not_named(dtype):
    with pytest.raises(WrongForm, match="a value of another type where"):
        fetch(asked(status="form", message=f"an array of dtype {dtype}").x)


def test_a_shape_says_no_more_than_its_numbers_take_room():
    with pytest.raises(Crashed, match="a shape that is none"):
        asked(status="ok", value=["a", "<f8", [0, 99, 97, 110, 97, 114, 121], "C", b""]).f()
    assert asked(status="ok", value=["a", "<f8", [0, 1000, 1000], "C", b""]).f().shape == (0, 1000, 1000)


MIMES = st.sampled_from(["text/plain", "image/png", "application/json", "a/b+json", "text/json"]) | texts
outputs_claimed = st.fixed_dictionaries(
    {},
    optional={
        "output_type": st.sampled_from(["stream", "display_data", "execute_result", "error"]) | anything,
        "name": st.sampled_from(["stdout", "stderr"]) | anything,
        "data": st.dictionaries(MIMES, texts | anything, max_size=4) | anything,
        "metadata": st.dictionaries(texts, anything, max_size=2) | anything,
        "execution_count": st.integers(-3, 3) | anything,
        "traceback": st.lists(texts | anything, max_size=3) | anything,
        **dict.fromkeys(("text", "ename", "evalue"), texts | anything),
        "more": anything,
    },
)


@given(st.lists(outputs_claimed | anything, max_size=6) | anything)
def test_whatever_outputs_are_claimed_those_kept_are_valid_and_bounded(claimed):
    outputs, size = clean_outputs(claimed, 2000)
    assert size <= 2000
    notebook = new_notebook(cells=[new_code_cell("", outputs=nbformat.from_dict(outputs))])
    nbformat.validate(notebook)
    nbformat.writes(notebook)


@pytest.mark.parametrize(
    ("mime", "kept"), [("application/json", True), ("application/x+json", True), ("a/b+json", False)]
)
def test_only_what_nbformat_takes_for_json_may_be_anything_but_text(mime, kept):
    for value in (None, {"a": [1]}, 5):
        outputs, _ = clean_outputs([{"output_type": "display_data", "data": {mime: value}, "metadata": {}}], 2000)
        assert (mime in outputs[0]["data"]) is kept
        nbformat.validate(new_notebook(cells=[new_code_cell("", outputs=nbformat.from_dict(outputs))]))


def test_outputs_left_out_because_they_are_many_are_said_to_be():
    claimed = [{"output_type": "stream", "name": ("stdout", "stderr")[n % 2], "text": "x"} for n in range(1500)]
    outputs, _ = clean_outputs(claimed, 1_000_000)
    assert len(outputs) == 1001
    assert "output cut" in outputs[-1]["text"]
    assert len(clean_outputs(claimed[:1000], 1_000_000)[0]) == 1000


def test_a_frame_that_is_none_is_a_crash():
    ours, theirs = socket.socketpair()
    theirs.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(wire.ProtocolError):
        wire.Channel(ours).receive(deadline=time.monotonic() + 30)
    ours.close()
    theirs.close()
