"""A failed comparison -> what a page can show of it: the call, its arguments, what was expected and what came.

Only for `visible` checks: all of it is values of the check. Small arrays keep their numbers, of larger ones there is
a map of the difference.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from autograder.checks.close import Seen
from autograder.records import Evidence, Heat, Shown
from autograder.student.proxy import Call, Remote

SMALL = 64
"""Entries of an array that is shown as a table."""

_ROWS, _COLUMNS = 48, 64
_ARGUMENTS = 12
_TEXT = 300
_LARGEST = 5_000_000

Array = np.ndarray[Any, Any]


def evidence(seen: Seen) -> Evidence:
    """What can be shown of a comparison that failed."""
    actual, expected = as_array(seen.actual), as_array(seen.expected)
    call = seen.call
    name, arguments = _called(call) if call is not None else ("", ())
    if actual is None or expected is None or actual.shape != expected.shape or not 0 < actual.size <= _LARGEST:
        return Evidence(name, arguments, _shown(seen.actual), _shown(seen.expected))
    wrong = _wrong(actual, expected, seen.tolerance)
    if actual.size > SMALL:
        heat = _heat(actual, expected, wrong)
        return Evidence(name, arguments, _shown(seen.actual), _shown(seen.expected), difference=heat)
    # Two numbers that differ must not look the same.
    digits = next(
        (n for n in (5, 8, 12, 17) if all(_number(actual.flat[i], n) != _number(expected.flat[i], n) for i in wrong)),
        17,
    )
    return Evidence(name, arguments, _shown(seen.actual, digits), _shown(seen.expected, digits), tuple(wrong))


def _called(call: Call) -> tuple[str, tuple[Shown, ...]]:
    """The name of what was called, and its arguments. Empty when the result went through several hands."""
    name = call.target.variable
    if not name or call.fetched:
        return name, ()
    given = [_shown(value) for value in call.args]
    given += [_shown(value, name=key) for key, value in call.kwargs.items()]
    return name, tuple(given[:_ARGUMENTS])


def as_array(value: Any) -> Array | None:
    """The value as an array of numbers; None for what is none."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        value = value.detach()
        value = value.double().numpy() if value.is_floating_point() else value.resolve_conj().resolve_neg().numpy()
    if not isinstance(value, (bool, int, float, complex, np.generic, np.ndarray)):
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None


def _shown(value: Any, digits: int = 5, name: str = "") -> Shown:
    array = as_array(value)
    if array is None:
        return Shown(_text(value), name=name)
    if not array.ndim:
        return Shown(_number(array[()], digits), name=name)
    torch = sys.modules.get("torch")
    kind = "tensor" if torch is not None and isinstance(value, torch.Tensor) else "array"
    dtype = str(getattr(value, "dtype", array.dtype)).removeprefix("torch.")
    text = f"{kind} of {dtype}, shape {array.shape}"
    numbers = tuple(_number(number, digits) for number in array.flat) if 0 < array.size <= SMALL else ()
    return Shown(text, array.shape, numbers, name)


def _text(value: Any) -> str:
    if type(value) is Remote:
        return repr(value)
    if type(value) in (list, tuple, dict):
        return f"a {type(value).__name__} of {len(value)}"
    if callable(value):
        return f"the function {getattr(value, '__name__', '')}".strip()
    if type(value) is int and value.bit_length() > 1000:
        return f"an int of {value.bit_length()} bits"
    text = repr(value) if isinstance(value, (str, bytes, bool, int, float, complex, type(None))) else ""
    return (text or f"a {type(value).__name__}")[:_TEXT]


def _number(value: Any, digits: int) -> str:
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return str(value)
    return f"{value:.{digits}g}"


def _wrong(actual: Array, expected: Array, tolerance: float) -> list[int]:
    """The places, counted along the flattened array, where the values differ by more than the tolerance."""
    if actual.dtype.kind not in "fc" or expected.dtype.kind not in "fc":
        return [int(place) for place in np.flatnonzero(actual != expected)]
    same = np.isclose(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    return [int(place) for place in np.flatnonzero(~same)]


def _heat(actual: Array, expected: Array, wrong: list[int]) -> Heat:
    """The difference as a map of few cells, each the largest difference of the entries in it.

    All axes but the last are rows. A shade is the difference in hundredths of the largest one; None where it is not
    finite.
    """
    with np.errstate(all="ignore"):
        complex_ = np.asarray(actual, dtype=np.complex128) - expected
        signed = actual.dtype.kind != "c" and expected.dtype.kind != "c"
        difference = np.asarray(complex_.real if signed else np.abs(complex_))
    flat = np.zeros(actual.size)
    flat[wrong] = difference.reshape(-1)[wrong]
    grid = flat.reshape(-1, actual.shape[-1]) if actual.ndim > 1 else flat.reshape(1, -1)
    high, wide = (math.ceil(size / most) for size, most in zip(grid.shape, (_ROWS, _COLUMNS), strict=True))
    rows, columns = math.ceil(grid.shape[0] / high), math.ceil(grid.shape[1] / wide)
    padded = np.zeros((rows * high, columns * wide))
    padded[: grid.shape[0], : grid.shape[1]] = grid
    blocks = padded.reshape(rows, high, columns, wide).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    size = np.where(np.isfinite(blocks), abs(blocks), np.inf)
    worst = np.take_along_axis(blocks, size.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    finite = worst[np.isfinite(worst)]
    largest = float(abs(finite).max()) if finite.size else 0.0
    shades = tuple(
        (None if not math.isfinite(value) else round(100 * value / largest) if largest else 0) for value in worst.flat
    )
    return Heat(rows, columns, high, wide, shades, f"{largest:.4g}", len(wrong), actual.size)
