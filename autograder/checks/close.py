"""`close`: is this the expected value, and if not, how does it differ?

The student's value is never asked to compare itself: its exact type is looked at first, then its dtype and shape, then
its numbers.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks import state
from autograder.records import WrongForm
from autograder.student.proxy import a, fetch
from autograder.student.wire import type_name

if TYPE_CHECKING:
    from autograder.student.proxy import Call

# Half the spacing of float32 at one: the most by which one operation rounds its result, relative to it.
_U32 = 2.0**-24
# How many standard deviations of a sum of rounding errors are accepted, and the roundings that any answer may have.
_DEVIATIONS = 16
_ROUNDINGS = 110
FLOOR = _DEVIATIONS * math.sqrt(_ROUNDINGS) * _U32
_KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}


@dataclass(frozen=True)
class Seen:
    """The two values that differ, and the call that the first one came from, if it is known."""

    actual: Any
    expected: Any
    tolerance: float
    call: Call | None = None


@dataclass(frozen=True)
class Comparison:
    """The outcome of a comparison; true when the values agree.

    `form` tells that the difference is one of type, dtype or shape, which a student may always be told. `seen` are the
    values that differ: within tuples, lists and dicts the first item that does. `share` is the largest error found, in
    tolerances: above one when it is too large, nothing when no error was measured.
    """

    ok: bool
    explanation: str = ""
    form: bool = False
    seen: Seen | None = field(default=None, compare=False)
    share: float | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return self.ok or state.going_on

    def __repr__(self) -> str:
        return self.explanation or "the values agree"


_AGREE = Comparison(True)


def tolerance(terms: int = 1, condition: float = 1.0) -> float:
    """The error accepted, relative to ``1 + |expected|``: about 1e-5, or more where the check says why.

    An answer may compute in float32, whose operations round by u = 2**-24 at most. The errors of n roundings add up to
    less than λ √n u, but for a probability of 2 n exp(-λ²/2), when they are independent with mean zero (Higham and
    Mary, A New Approach to Probabilistic Rounding Error Analysis, SIAM J. Sci. Comput. 41, 2019, theorem 2.4). λ is 16;
    n is the number of `terms` of the longest sum behind an entry, and never less than 110, for all else that an answer
    does on the way. `condition` is the factor by which the problem magnifies relative errors of its input.
    """
    return max(FLOOR, _DEVIATIONS * math.sqrt(terms) * _U32 * condition)


def close(actual: Any, expected: Any, *, terms: int = 1, condition: float = 1.0) -> Comparison:
    """Compare what the student returned with what is expected, by `expected`'s type.

    * an array: exactly a NumPy array of the same kind of dtype and the same shape; float64, unless the call was given
      float32, whose answer may be of either. Numbers may differ by ``tolerance(terms, condition) × (1 + |expected|)``.
    * a float: a Python float, ``numpy.float64`` or 0-d array; an int: any integer; a bool: a bool.
    * a tensor: exactly a torch tensor of the same kind of dtype and shape.
    * a tuple, list or dict: the same type and length, item by item. Others: the same type, equal.

    The result is true or false, and its text says how the values differ.
    """
    state.compared(actual, expected, terms, condition)
    rtol = tolerance(terms, condition)
    single = state.was_single(actual)
    try:
        result = _compare(_fetched(actual), expected, rtol, single)
    except WrongForm as fault:
        result = _form(f"returned {a(fault.kind or 'thing')}, {_asked(expected)} was asked for")
    if result.seen is not None:
        result = dataclasses.replace(result, seen=dataclasses.replace(result.seen, call=state.call_behind(actual)))
    return state.noted(result)


def _fetched(value: Any) -> Any:
    """The value with every `Remote` in it brought over. Raises `WrongForm` for one that is no data."""
    if type(value) is tuple:
        return tuple(fetch(item) for item in value)
    return fetch(value)


def _form(text: str) -> Comparison:
    return Comparison(False, text, form=True)


def _asked(expected: Any) -> str:
    if isinstance(expected, np.ndarray) and expected.ndim:
        return "an array"
    if _is_tensor(expected):
        return "a tensor"
    if isinstance(expected, (float, np.floating, np.ndarray)):
        return "a float"
    if isinstance(expected, (bool, np.bool_)):
        return "a bool"
    if isinstance(expected, (int, np.integer)):
        return "an int"
    if isinstance(expected, (complex, np.complexfloating)):
        return "a complex"
    return a(type(expected).__name__)


def _kind_of(actual: Any) -> str:
    return a(type_name(actual))


def _compare(actual: Any, expected: Any, rtol: float, single: bool) -> Comparison:
    result = _compare_by_type(actual, expected, rtol, single)
    return result if result.ok or result.seen else dataclasses.replace(result, seen=Seen(actual, expected, rtol))


def _compare_by_type(actual: Any, expected: Any, rtol: float, single: bool) -> Comparison:
    if isinstance(expected, np.ndarray) and not expected.ndim:
        expected = expected[()]
    if isinstance(expected, (tuple, list)):
        if type(actual) is not type(expected):
            return _form(f"returned {_kind_of(actual)}, {_asked(expected)} was asked for")
        if len(actual) != len(expected):
            return _form(f"returned {len(actual)} values, {len(expected)} were asked for")
        shares = []
        for place, (one, other) in enumerate(zip(actual, expected, strict=True), 1):
            if not (result := _compare(one, other, rtol, single)).ok:
                return dataclasses.replace(
                    result, explanation=f"value {place} of {len(expected)}: {result.explanation}"
                )
            shares.append(result.share)
        return _agree(shares)
    if isinstance(expected, dict):
        if type(actual) is not dict:
            return _form(f"returned {_kind_of(actual)}, a dict was asked for")
        if actual.keys() != expected.keys():
            return _form("returned a dict with other keys than asked for")
        shares = []
        for key, other in expected.items():
            if not (result := _compare(actual[key], other, rtol, single)).ok:
                return dataclasses.replace(result, explanation=f"under {key!r}: {result.explanation}")
            shares.append(result.share)
        return _agree(shares)
    if _is_tensor(expected):
        return _compare_tensors(actual, expected, rtol)
    if isinstance(expected, np.ndarray):
        if type(actual) is not np.ndarray:
            return _form(f"returned {_kind_of(actual)}, an array was asked for")
        return _compare_arrays(actual, expected, rtol, single or expected.dtype.itemsize <= 4)
    if isinstance(expected, (bool, np.bool_)):
        if type(actual) not in (bool, np.bool_):
            return _form(f"returned {_kind_of(actual)}, a bool was asked for")
        return _AGREE if bool(actual) == bool(expected) else Comparison(False, f"{actual}, expected {expected}")
    if isinstance(expected, (int, np.integer)) and type(actual) is int:
        # Python's own are of any size, NumPy's are not.
        text = f"the value differs: {_brief(actual)}, expected {_brief(int(expected))}"
        return _AGREE if actual == int(expected) else Comparison(False, text)
    if isinstance(expected, (int, float, complex, np.number)):
        return _compare_numbers(actual, np.asarray(expected), rtol, single)
    if type(actual) is not type(expected):
        return _form(f"returned {_kind_of(actual)}, {_asked(expected)} was asked for")
    return _AGREE if actual == expected else Comparison(False, f"{_brief(actual)}, expected {_brief(expected)}")


def _agree(shares: list[float | None]) -> Comparison:
    """That all items agree, with the largest of their errors."""
    measured = [share for share in shares if share is not None]
    return Comparison(True, share=max(measured)) if measured else _AGREE


def _brief(value: Any) -> str:
    """The value as text, short however long it is."""
    if type(value) is int and value.bit_length() > 200:
        return f"an int of {value.bit_length()} bits"
    text = repr(value[:200] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _compare_tensors(actual: Any, expected: Any, rtol: float) -> Comparison:
    torch: Any = sys.modules["torch"]
    if type(actual) not in (torch.Tensor, torch.nn.Parameter):
        return _form(f"returned {_kind_of(actual)}, a tensor was asked for")
    one, other = actual.detach(), expected.detach()
    if one.is_floating_point() != other.is_floating_point() or one.is_complex() != other.is_complex():
        return _form(f"returned a tensor of {actual.dtype}, {expected.dtype} was asked for")
    if one.dtype in (torch.float16, torch.bfloat16) and other.dtype not in (torch.float16, torch.bfloat16):
        return _form(f"returned a tensor of {actual.dtype}, {expected.dtype} was asked for")
    return _compare_arrays(
        one.double().numpy() if one.is_floating_point() else one.resolve_conj().resolve_neg().numpy(),
        other.double().numpy() if other.is_floating_point() else other.resolve_conj().resolve_neg().numpy(),
        rtol,
        single=True,
    )


def _compare_numbers(actual: Any, expected: np.ndarray[Any, Any], rtol: float, single: bool) -> Comparison:
    whole = expected.dtype.kind in "iu"
    asked = _asked(expected[()])
    plain = {"i": int, "u": int, "c": complex}.get(expected.dtype.kind, float)
    if type(actual) is np.ndarray and actual.ndim:
        return _form(f"returned an array of shape {actual.shape}, {asked} was asked for")
    # The type itself is asked: `isinstance` believes what a value says of its class.
    if type(actual) not in (plain, np.ndarray) and not issubclass(type(actual), np.number):
        return _form(f"returned {_kind_of(actual)}, {asked} was asked for")
    number = np.asarray(actual)
    if whole != (number.dtype.kind in "iu"):
        return _form(f"returned {_kind_of(actual)}, {asked} was asked for")
    return _compare_arrays(number, expected, rtol, single or expected.dtype.itemsize <= 4)


def _compare_arrays(
    actual: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], rtol: float, single: bool
) -> Comparison:
    kind, asked = _KINDS.get(actual.dtype.kind), _KINDS[expected.dtype.kind]
    if actual.shape != expected.shape:
        return _form(f"returned shape {actual.shape}, shape {expected.shape} was asked for")
    if kind != asked:
        return _form(f"returned dtype {actual.dtype}, {a(asked)} dtype was asked for")
    if asked == "float" and actual.dtype.itemsize < (4 if single else 8):
        given = "float32" if single else "float64"
        return _form(f"returned dtype {actual.dtype} for input of dtype {given}, {given} was asked for")
    if not actual.size:
        return _AGREE
    if asked in ("bool", "int"):
        return _report(actual != expected, actual, expected, "")
    one, other = (
        value.astype(np.complex128 if asked == "complex" else np.float64, copy=False) for value in (actual, expected)
    )
    with np.errstate(all="ignore"):
        off = np.abs(one - other) / (1.0 + np.abs(other))
    # Nearly always all is finite and agrees. Equal infinities give NaN here, and are looked at below.
    if (worst := float(off.max())) <= rtol:
        return Comparison(True, share=worst / rtol)
    head = f"tolerance {rtol:.2g} × (1 + |expected|): "
    odd = ~np.isfinite(one) & ~_same_infinity(one, other)
    if odd.any():
        where = _place(odd)
        return Comparison(
            False,
            f"{head}{int(odd.sum())} of {odd.size} values are not finite, the first {one[where]}{_at(where)}, "
            f"expected {other[where]:.6g}",
            share=math.inf,
        )
    off = np.where(_same_infinity(one, other), 0.0, np.where(np.isnan(off), np.inf, off))
    return dataclasses.replace(_report(off > rtol, one, other, head, off), share=float(off.max()) / rtol)


def _same_infinity(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray((np.isinf(one) & (one == other)) | (np.isnan(one) & np.isnan(other)))


def _place(mask: np.ndarray[Any, Any]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def _at(where: tuple[int, ...]) -> str:
    return f" at {list(where)}" if where else ""


def _report(
    wrong: np.ndarray[Any, Any],
    actual: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    head: str,
    off: np.ndarray[Any, Any] | None = None,
) -> Comparison:
    if not wrong.any():
        return _AGREE
    where = _place(wrong if off is None else np.asarray(off))
    one, other = actual[where], expected[where]
    many = "the value differs" if wrong.size == 1 else f"{int(wrong.sum())} of {wrong.size} values differ, the worst"
    numbers = f"{one:.6g}, expected {other:.6g}" if actual.dtype.kind in "fc" else f"{one}, expected {other}"
    return Comparison(False, f"{head}{many}{_at(where)}: {numbers}")
