"""A visible check as an example: what it calls, with which inputs, and what it compares with what, as data.

A check's own source stays with the instructor: it imports the references, and hidden checks may stand beside it. What
it does on one set of inputs is written down while it runs on the model answer, and can be played again on any
notebook's functions: `record` is the instructor's side, `play` the student's. A student learns from an example no more
than from a visible check on the feedback page: inputs and expected values.
"""

from __future__ import annotations

import base64
import math
import sys
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np

from autograder.checks import state
from autograder.checks.close import close
from autograder.checks.vocabulary import unchanged
from autograder.student import proxy, wire
from autograder.student.process import Transport

Step = dict[str, Any]

_SCALARS = (bool, int, float, str)


class NotAnExample(Exception):
    """The check does something that data cannot say; the text says what."""


class Recording(proxy.Conversation):
    """A conversation that writes down, as steps, the calls that a check makes and what it compares."""

    def __init__(self, transport: Transport, seconds: float) -> None:
        super().__init__(transport, seconds)
        self.steps: list[Step] = []
        self._encoded: list[Any] = []

    def encode(self, value: Any) -> Any:
        """Keep what is sent as the check gave it: a result that is passed on is recognised by being the same object."""
        self._encoded.append(value)
        return super().encode(value)

    def send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Write a call or a fetch down, and send it."""
        call = self.calls[-1] if self.calls else None
        match message["op"]:
            case "call" if call is not None:
                args, kwargs = self._encoded[-2:]
                kind = "unchanged" if call.echo else "hold" if call.hold else "call"
                step = {"do": kind, "target": self._put(call.target)}
                self.steps.append({**step, "args": self._put(list(args)), "kwargs": self._put(dict(kwargs))})
            case "fetch" if call is not None:
                self.steps.append({"do": "fetch", "target": self._put(call.target)})
            case "size":
                pass  # a length only decides how the check goes on
            case other:
                raise NotAnExample(f"asks the process to {other}")
        return super().send(message)

    def compared(self, actual: Any, expected: Any, terms: int, condition: float) -> None:
        """Write a comparison down."""
        step = {"do": "close", "actual": self._put(actual, whole=False), "expected": self._put(expected, steady=True)}
        self.steps.append({**step, "terms": terms, "condition": condition})

    def _put(self, value: Any, *, whole: bool = True, steady: bool = False) -> Any:
        """A value as JSON. Without `whole` it must be made of what was returned, not of data."""
        more = {"whole": whole, "steady": steady}
        if type(value) is proxy.Remote:
            return self._put_remote(value)
        place = self._place_of(value, any_kind=not whole)
        if place is not None:
            return {"from": place}
        for tag, kind in (("tuple", tuple), ("list", list)):
            if type(value) is kind:
                return {tag: [self._put(item, **more) for item in value]}
        if type(value) is dict:
            return {"dict": [[self._put(key), self._put(item, **more)] for key, item in value.items()]}
        if not whole:
            raise NotAnExample("compares what it computed from the results")
        value = _steady(value) if steady else value
        if value is None or (type(value) in _SCALARS and (type(value) is not float or math.isfinite(value))):
            return value
        try:
            packed = msgpack.packb(wire.encode(value))
        except wire.NotData as error:
            raise NotAnExample(f"passes {error}") from None
        return {"data": base64.b64encode(packed).decode()}

    def _put_remote(self, remote: proxy.Remote) -> Any:
        _, root, _, path = remote._target()
        if isinstance(root, str):
            return {"name": root, "path": path}
        for number, call in enumerate(self.calls):
            for place, item in _parts(call.result):
                if type(item) is proxy.Remote and item._target()[1] == root:
                    return {"from": [number, *place], "path": path}
        raise NotAnExample("passes an object of unknown origin")

    def _place_of(self, value: Any, *, any_kind: bool) -> list[int] | None:
        """The call and the item of its result that a value is. Small numbers may be one object by chance."""
        if type(value) in (bool, int, str, type(None)) and not any_kind:
            return None
        for number, call in reversed([*enumerate(self.calls)]):
            for place, item in _parts(call.result):
                if item is value and item is not None:
                    return [number, *place]
        return None


def _parts(result: Any) -> Iterator[tuple[list[int], Any]]:
    """A result, and its items if it is a tuple, each with its place and, for an item, the number of them."""
    yield [], result
    if type(result) is tuple:
        for number, item in enumerate(result):
            yield [number, len(result)], item


def _steady(value: Any) -> Any:
    """An expected value to eight digits: all that is compared, and the same on every processor."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return torch.from_numpy(_rounded(value.detach().numpy())) if value.is_floating_point() else value
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return _rounded(value)
    if type(value) is float or isinstance(value, np.floating):
        return type(value)(_rounded(np.asarray(value, dtype=np.float64))[()])
    return value


def _rounded(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    flat = [float(f"{number:.8e}") if abs(number) >= 1 else round(float(number), 8) + 0.0 for number in array.flat]
    return np.array(flat, dtype=array.dtype).reshape(array.shape)


# The student's side


def play(steps: list[Step], student: proxy.Student) -> None:
    """Do on the student's notebook what the check did; raises as a check does, `AssertionError` and faults."""
    results: list[Any] = []
    for step in steps:
        if step["do"] == "close":
            actual, expected = _get(step["actual"], student, results), _get(step["expected"], student, results)
            assert close(actual, expected, terms=step["terms"], condition=step["condition"])
            continue
        target = _get(step["target"], student, results)
        if step["do"] == "fetch":
            results.append(proxy.fetch(target))
            continue
        args, kwargs = _get(step["args"], student, results), _get(step["kwargs"], student, results)
        if step["do"] == "unchanged":
            results.append(None)
            assert unchanged(target, *args, **kwargs)
        else:
            results.append(proxy.call(target, tuple(args), kwargs, hold=step["do"] == "hold"))


def _get(node: Any, student: proxy.Student, results: list[Any]) -> Any:
    """The value that `_put` wrote."""
    match node:
        case {"tuple": items}:
            return tuple(_get(item, student, results) for item in items)
        case {"list": items}:
            return [_get(item, student, results) for item in items]
        case {"dict": pairs}:
            return {_get(key, student, results): _get(item, student, results) for key, item in pairs}
        case {"data": text}:
            return wire.decode(msgpack.unpackb(base64.b64decode(text), strict_map_key=False))
        case {"name": name, "path": path}:
            return _along(getattr(student, name), path)
        case {"from": [number, *place]}:
            value = results[number]
            if place:
                items = tuple(value)  # of what is no tuple, it fails as unpacking it in the check does
                if len(items) != place[1]:
                    raise ValueError(f"{len(items)} values, {place[1]} were asked for")
                value = items[place[0]]
            return _along(value, node.get("path", []))
    return node


def _along(value: Any, path: list[list[Any]]) -> Any:
    for kind, key in path:
        value = getattr(value, key) if kind == "attribute" else value[wire.decode(key)]
    return value


def listening(recording: Recording) -> state.Running:
    """The state of a check that is being recorded."""
    return state.Running(recording, listener=recording.compared)
