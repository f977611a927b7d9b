"""What a wrong answer does, so that those that do the same can be found: on inputs that are the same for everybody.

Every student's inputs are their own, so what failed checks saw of two students cannot be compared. A check that failed
for no known reason is therefore run once more, with inputs drawn for nobody in particular, and what came back is kept
as a few numbers. Two implementations of one mistake agree in them up to rounding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.checks.close import Seen
from autograder.checks.evidence import as_array
from autograder.records import Behaviour
from autograder.student.proxy import Conversation, Remote

_CALLS = 24
_LEAVES = 8
_LARGEST = 1_000_000

Array = np.ndarray[Any, Any]


def behaviour(conversation: Conversation) -> Behaviour:
    """What came of the calls: their form as a digest, and two numbers for each array or number.

    The numbers of an array are a weighted sum of its entries, in units of their root mean square, and that.
    """
    form: list[object] = []
    numbers: list[float] = []
    for call in conversation.calls[:_CALLS]:
        form.append(call.target.variable)
        if call.fault is not None:
            form += [type(call.fault).__name__, call.fault.kind]
            continue
        for leaf in list(_leaves((call.result, call.after)))[:_LEAVES]:
            shape, traced = _trace(leaf)
            form.append(shape)
            numbers += traced
    return Behaviour(hashlib.sha256(repr(form).encode()).hexdigest()[:16], tuple(numbers))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    else:
        yield value


def _trace(value: Any) -> tuple[str, list[float]]:
    """The form of a value, and two numbers for what is in it."""
    array = as_array(value)
    if array is None:
        return (type(value).__name__ if type(value) is not Remote else "remote"), []
    if array.dtype.kind not in "fc":
        array = array.astype(np.float64)
    finite = np.isfinite(array)
    odd = hashlib.sha256(np.packbits(finite).tobytes()).hexdigest()[:8] if not finite.all() else ""
    form = f"{array.dtype.kind}{array.shape}{odd}"
    flat = np.abs(array[finite]) if array.dtype.kind == "c" else array[finite]
    largest = float(np.abs(flat).max()) if flat.size else 0.0
    if not largest:
        return form, [0.0, 0.0]
    flat = flat.astype(np.float64) / largest
    size = float(np.sqrt(np.mean(flat**2)))
    weights = np.cos(np.arange(1, flat.size + 1) * 1.7)
    total = float(weights @ flat) / (size * np.sqrt(flat.size))
    return form, [float(f"{total:.6g}"), float(f"{min(size * largest, 1e300):.6g}")]


def alike(one: Behaviour, other: Behaviour) -> bool:
    """Whether two behaviours are one, up to rounding in float32."""
    if one.form != other.form or len(one.numbers) != len(other.numbers):
        return False
    first, second = np.array(one.numbers), np.array(other.numbers)
    sums = np.abs(first[::2] - second[::2]) <= 2e-3
    sizes = np.abs(first[1::2] - second[1::2]) <= 1e-3 * np.maximum(first[1::2], second[1::2])
    return bool(sums.all() and sizes.all())


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "minus what was expected": lambda x: -x,
    "the square of what was expected": lambda x: x * x,
    "the square root of what was expected": np.sqrt,
    "one divided by what was expected": lambda x: 1 / x,
    "the logarithm of what was expected": np.log,
    "the exponential of what was expected": np.exp,
    "one minus what was expected": lambda x: 1 - x,
}


def relation(seen: Seen) -> str:
    """How what came is related to what was expected, in words; empty when nothing simple is found."""
    actual, expected = as_array(seen.actual), as_array(seen.expected)
    if actual is None or expected is None or actual.dtype.kind == "c" or expected.dtype.kind == "c":
        return ""
    if not (0 < actual.size <= _LARGEST and 0 < expected.size <= _LARGEST):
        return ""
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    with np.errstate(all="ignore"):
        if actual.shape != expected.shape:
            return _of_other_shape(actual, expected)
        return _of_same_shape(actual, expected, seen)


def _near(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True))


def _of_other_shape(actual: Array, expected: Array) -> str:
    if _near(actual.T, expected):
        return "what was expected, transposed"
    if actual.size == expected.size and _near(actual.ravel(), expected.ravel()):
        return "the numbers that were expected, in another shape"
    for whole, part, words in ((actual, expected, "not {}"), (expected, actual, "{}")):
        for axis in (*range(whole.ndim), None):
            place = "over everything" if axis is None else f"over axis {axis}"
            for reduced, done in ((whole.sum(axis=axis), "summed"), (whole.mean(axis=axis), "averaged")):
                if _near(np.asarray(reduced).squeeze(), part.squeeze()):
                    return f"what was expected, {words.format(done)} {place}"
    return "another shape"


def _of_same_shape(actual: Array, expected: Array, seen: Seen) -> str:
    odd = ~np.isfinite(actual) & np.isfinite(expected)
    if odd.any():
        return "not finite anywhere" if odd.all() else "not finite in places"
    if seen.call is not None:
        for place, argument in enumerate(seen.call.args, 1):
            given = as_array(argument)
            if given is not None and given.dtype.kind != "c" and _near(given.astype(np.float64), actual):
                return f"argument {place} as it was given"
    if not actual.any():
        return "nothing but zeros"
    for words, function in _FUNCTIONS.items():
        if _near(function(expected), actual):
            return words
    if (factor := _constant(actual, expected)) is not None:
        return f"{factor:.4g} times what was expected"
    if actual.size > 1 and _near(actual - expected, np.full_like(actual, (actual - expected).flat[0])):
        return f"what was expected plus {(actual - expected).flat[0]:.4g}"
    if actual.ndim == 2 and _near(actual.T, expected):
        return "what was expected, transposed"
    for axis in range(actual.ndim):
        if actual.shape[axis] > 1 and _near(np.flip(actual, axis), expected):
            return f"what was expected, reversed along axis {axis}"
        for step in (1, -1):
            if actual.shape[axis] > 2 and _near(np.roll(actual, step, axis), expected):
                return f"what was expected, shifted by one along axis {axis}"
    if _near(np.abs(actual), np.abs(expected)):
        return "what was expected but for signs"
    if actual.size > 2 and _near(np.sort(actual.ravel()), np.sort(expected.ravel())):
        return "the numbers that were expected, in other places"
    for axis in range(actual.ndim if actual.ndim > 1 else 0):
        slices = zip(np.moveaxis(actual, axis, 0), np.moveaxis(expected, axis, 0), strict=True)
        if actual.size > 2 * actual.shape[axis] and all(_constant(one, other) is not None for one, other in slices):
            return f"what was expected, each slice along axis {axis} times a factor of its own"
    return _of_some_entries(actual, expected)


def _constant(actual: Array, expected: Array) -> float | None:
    """The number that `expected` was multiplied by; None when there is no such number."""
    largest = int(np.abs(expected).argmax())
    if not expected.flat[largest]:
        return None
    factor = float(actual.flat[largest] / expected.flat[largest])
    return factor if _near(actual, expected * factor) else None


def _of_some_entries(actual: Array, expected: Array) -> str:
    right = np.isclose(actual, expected, rtol=1e-4, atol=1e-6)
    for axis in range(actual.ndim):
        others = tuple(place for place in range(actual.ndim) if place != axis)
        wrong = np.flatnonzero(~right.all(axis=others))
        if len(wrong) == 1 < actual.shape[axis]:
            return f"wrong at index {wrong[0]} of axis {axis} alone"
    if right.any() and not actual[~right].any():
        return "zeros where it is wrong"
    return ""
