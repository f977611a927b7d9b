"""More kinds of data for the wire, for test cells that run apart: sets, dates, named tuples, frames.

What `wire` sends is what checks compare; a test cell of nbgrader's looks at whatever a notebook holds. Both sides use
this: what is data is taken apart here and built anew there, of exactly the types named here. What is none is left to
the side that asks.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.student import wire
from autograder.student.frames import ProtocolError

Out = Callable[[Any], list[Any] | None]
In = Callable[[str, list[Any]], Any]

_DATES = (datetime.date, datetime.datetime, datetime.time, datetime.timedelta)
_TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, range, object)
}
_KEYS = (type(None), bool, int, float, str, bytes)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
_STRINGS = re.compile(r"[<|][US]\d{1,6}")
_TIMES = re.compile(r"<[mM]8\[\w{1,8}\]")
_SPECIAL = ("category", "string")


def encode(value: Any, other: Out, max_bytes: int = wire.MAX_FRAME) -> Any:
    """`value` for the wire. `other` is asked about what is none of this data, and gives ``["x", kind, ...]``.

    Raises `wire.NotData` where it gives None, `wire.TooLarge` as `wire.encode` does.
    """

    def inner(item: Any) -> Any:
        return wire.encode(item, other=hook, max_bytes=max_bytes)

    def hook(item: Any) -> list[Any] | None:
        parts = _taken_apart(item)
        if parts is not None:
            return ["x", parts[0], *(inner(part) for part in parts[1:])]
        return None if _is_wires(item) else other(item)

    return inner(value)


def decode(structure: Any, other: In) -> Any:
    """The value that `structure` describes. `other` gets the kind and the fields of what is none of this data.

    Raises `ProtocolError` for anything that `encode` does not make.
    """

    def hook(node: list[Any]) -> Any:
        if len(node) < 2 or node[0] != "x" or not isinstance(node[1], str):
            raise ProtocolError("a reference that is none")
        _, kind, *fields = node
        if kind not in _BUILT:
            return other(kind, fields)
        try:
            return _BUILT[kind](*(inner(field) for field in fields))
        except ProtocolError:
            raise
        except Exception as error:
            raise ProtocolError(f"a {kind} that is none: {type(error).__name__}") from None

    def inner(node: Any) -> Any:
        return wire.decode(node, other=hook)

    try:
        return inner(structure)
    except RecursionError:
        raise ProtocolError("a value nested too deeply") from None


def _is_wires(item: Any) -> bool:
    """Whether it is for `wire` itself to encode."""
    kind = type(item)
    if kind in (list, tuple, dict, complex, slice, np.ndarray, np.random.Generator, collections.OrderedDict):
        return True
    if isinstance(item, (np.generic, np.dtype)):
        return True
    torch = sys.modules.get("torch")
    return torch is not None and kind in (torch.Tensor, torch.nn.Parameter, torch.dtype, torch.Size)


def _taken_apart(item: Any) -> tuple[Any, ...] | None:
    """The kind of this data and its parts, which are data too; None for what is none of it, or is the wire's own."""
    kind = type(item)
    if kind is dict and not all(type(key) in _KEYS for key in item):
        return ("pairs", list(item.items()))
    if kind is set or kind is frozenset:
        return (kind.__name__, sorted(item, key=repr))
    if kind is range:
        return ("range", item.start, item.stop, item.step)
    if kind is decimal.Decimal or kind is fractions.Fraction:
        return (kind.__name__, str(item))
    if kind in _DATES:
        return _date(item)
    if kind is collections.Counter or kind is collections.defaultdict or kind is collections.deque:
        return (kind.__name__, list(item) if kind is collections.deque else dict(item))
    if kind is np.str_ or kind is np.bytes_:
        return (kind.__name__, item.item())
    if kind is np.ndarray and item.dtype.kind in "OUSmM" and item.dtype.names is None:
        return _array(item)
    if isinstance(item, type) and _TYPES.get(item.__name__) is item:
        return ("type", item.__name__)
    if isinstance(item, tuple) and isinstance(getattr(kind, "_fields", None), tuple) and kind is not tuple:
        return ("named", kind.__name__, list(kind._fields), list(item))
    if kind.__module__.startswith("pandas."):
        return _frame(item)
    return None


def _date(item: Any) -> tuple[Any, ...] | None:
    if isinstance(item, datetime.timedelta):
        return ("timedelta", item.days, item.seconds, item.microseconds)
    return (type(item).__name__, item.isoformat())


def _array(item: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    if item.dtype.kind == "O":
        return ("objects", list(item.shape), list(item.ravel()))
    if item.dtype.kind in "US":
        return ("strings", item.dtype.str, list(item.shape), item.ravel().tolist())
    return ("times", item.dtype.str, item.view(np.int64))


def _frame(item: Any) -> tuple[Any, ...] | None:
    pandas = sys.modules["pandas"]
    kind = type(item)
    if kind is pandas.DataFrame:
        return ("frame", [item.iloc[:, place] for place in range(item.shape[1])], item.columns, item.index)
    if kind is pandas.Series:
        return ("series", *_column(item), item.index, item.name)
    if kind is pandas.RangeIndex:
        return ("steps", item.start, item.stop, item.step, item.name)
    if kind is pandas.MultiIndex:
        return ("levels", item.tolist(), list(item.names))
    if kind is pandas.Index or kind is pandas.DatetimeIndex:
        return ("index", *_column(item), item.name)
    if kind is pandas.Timestamp and item.tz is None:
        return ("stamp", item.isoformat())
    if item is pandas.NaT or item is pandas.NA:
        return ("nothing", repr(item))
    return None


def _column(item: Any) -> tuple[Any, str]:
    """A column's values as data, and the name of its type where that is none of NumPy's."""
    if isinstance(item.dtype, np.dtype):
        return item.to_numpy(), ""
    name = str(item.dtype)
    if name not in _SPECIAL:
        raise wire.NotData(f"a column of {name}")
    return item.to_numpy(dtype=object), name


def _dtype(text: str, form: re.Pattern[str]) -> np.dtype[Any]:
    if not form.fullmatch(text):
        raise ProtocolError("an array of a dtype that may not cross")
    return np.dtype(text)


def _objects(shape: list[int], items: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(items), object)
    array[:] = items
    return array.reshape(shape)


def _named(name: str, fields: list[str], items: list[Any]) -> Any:
    if not _WORD.fullmatch(name) or not all(_WORD.fullmatch(field) for field in fields):
        raise ProtocolError("a named tuple of other names")
    return collections.namedtuple(name, fields)(*items)


def _pandas() -> Any:
    import pandas  # type: ignore[import-untyped] # its types come in another package

    return pandas


def _series(values: Any, kind: str, index: Any = None, name: Any = None) -> Any:
    if kind not in ("", *_SPECIAL):
        raise ProtocolError("a column of another type")
    return _pandas().Series(values, dtype=kind or getattr(values, "dtype", None), index=index, name=name)


def _built_frame(columns: list[Any], names: Any, index: Any) -> Any:
    frame = _pandas().DataFrame(dict(enumerate(columns)), index=index)
    frame.columns = names
    return frame


def _index(values: Any, kind: str, name: Any) -> Any:
    if kind not in ("", *_SPECIAL):
        raise ProtocolError("an index of another type")
    return _pandas().Index(values, dtype=kind or getattr(values, "dtype", None), name=name)


_BUILT: dict[str, Callable[..., Any]] = {
    "pairs": dict,
    "set": set,
    "frozenset": frozenset,
    "range": range,
    "Decimal": decimal.Decimal,
    "Fraction": fractions.Fraction,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": datetime.timedelta,
    "Counter": collections.Counter,
    "defaultdict": lambda items: collections.defaultdict(None, items),
    "deque": collections.deque,
    "str_": np.str_,
    "bytes_": np.bytes_,
    "objects": _objects,
    "strings": lambda dtype, shape, items: np.array(items, _dtype(dtype, _STRINGS)).reshape(shape),
    "times": lambda dtype, numbers: numbers.view(_dtype(dtype, _TIMES)),
    "type": lambda name: _TYPES[name],
    "named": _named,
    "frame": _built_frame,
    "series": _series,
    "steps": lambda start, stop, step, name: _pandas().RangeIndex(start, stop, step, name=name),
    "levels": lambda items, names: _pandas().MultiIndex.from_tuples(items, names=names),
    "index": _index,
    "stamp": lambda text: _pandas().Timestamp(text),
    "nothing": lambda text: {"NaT": _pandas().NaT, "<NA>": _pandas().NA}[text],
}
