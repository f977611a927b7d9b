"""The student's side of a test cell that runs apart: looks names up, calls, compares, when it is asked to.

Like all of the student's process it can be tampered with; what it answers is a claim, built anew from data.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import operator
import os
import random
import sys
import time
import types
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.student import values, wire
from autograder.student.shell import drain, time_limit

if TYPE_CHECKING:
    from autograder.student.agent import Agent


class _End:
    """Stands for the end of an iterator."""


_END = _End()
_MOST_NAMES = 10_000
_MOST_PRINTED = 100_000

_OPERATORS = (
    "eq ne lt le gt ge getitem setitem delitem contains add sub mul matmul truediv floordiv mod pow neg pos abs invert "
    "and_ or_ xor lshift rshift index"
)
OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, *args, **kwargs: function(*args, **kwargs),
    "next": lambda iterator: [next(iterator, _END)],
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "dir": dir,
    "signature": lambda function: _signature(function),
    "len": len,
    "iter": iter,
    "str": str,
    "repr": repr,
    "hash": hash,
    "bool": bool,
    "int": int,
    "float": float,
    "format": format,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "enter": lambda manager: manager.__enter__(),
    "exit": lambda manager, *error: manager.__exit__(None, None, None),
    **{name: getattr(operator, name) for name in _OPERATORS.split()},
}


class Host:
    """What the test cell was given references to. An object keeps its number as long as the process lives."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._began = time.time_ns()

    def _number(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def encode(self, value: Any) -> Any:
        """By value what is data, else a reference: also when only a part of it is none."""
        try:
            return values.encode(value, self._part, self._agent.value_bytes)
        except wire.NotData:
            return self._reference(value)

    def _part(self, value: Any) -> list[Any] | None:
        return self._reference(value)

    def _reference(self, value: Any) -> list[Any]:
        if value is _END:
            return ["x", "end"]
        if isinstance(value, types.ModuleType):
            return ["x", "module", str(value.__name__)[:200], self._number(value)]
        name = wire.type_name(value)[:200]
        if isinstance(value, type) and issubclass(value, Exception):
            bases = [base.__name__[:200] for base in value.__mro__[:20]]
            return ["x", "exception", self._number(value), bases, str(value.__module__)[:200]]
        return ["x", "object", self._number(value), name, callable(value)]

    def decode(self, structure: Any) -> Any:
        """A value that the test cell sent."""
        return values.decode(structure, self._given)

    def _given(self, kind: str, fields: list[Any]) -> Any:
        match kind, fields:
            case "object", [int(number)]:
                return self._objects[number]
            case "lent", [int(number)]:
                return self._lent(number)
            case "global", [str(module), str(path)]:
                return operator.attrgetter(path)(importlib.import_module(module))
            case "module", [str(name)]:
                return importlib.import_module(name)
        raise wire.ProtocolError(f"an unknown value {kind!r}")

    def _lent(self, number: int) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            assert self._agent.call_back is not None
            return self.decode(self._agent.call_back(number, self.encode(list(args)), self.encode(kwargs)))

        return function

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one thing for the test cell; what came of it, what it printed, which arguments it changed."""
        shell, namespace = self._agent.shell, self._agent.namespace
        assert shell is not None
        shell.outputs.begin()
        args: list[Any] = []
        try:
            with time_limit(request["seconds"]), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                match request["do"]:
                    case "names":
                        return {"status": "ok", "value": _names(namespace)}
                    case "written":
                        return {"status": "ok", "value": ["l", self._written()]}
                    case "look":
                        if request["name"] not in namespace:
                            return {"status": "missing"}
                        result = namespace[request["name"]]
                    case "define":
                        namespace[request["name"]] = self.decode(request["value"])
                        result = None
                    case "delete":
                        namespace.pop(request["name"], None)
                        result = None
                    case "seed":
                        _seed(request["library"], self.decode(request["value"]))
                        result = None
                    case operation:
                        args, kwargs = self.decode(request["args"]), self.decode(request["kwargs"])
                        result = OPERATIONS[operation](*args, **kwargs)
                reply = {"status": "ok", "value": self.encode(result)}
        except Exception as error:
            reply = {"status": "threw", "class": self._reference(type(error)), "value": self._arguments(error)}
        reply["changed"] = self._changed(request.get("args"), args)
        reply["printed"] = self._printed()
        return reply

    def _written(self) -> list[str]:
        """The files in the notebook's folder that it wrote itself: the others were there before this process served."""
        found = []
        for folder, _, names in os.walk("."):
            for name in names[:_MOST_NAMES]:
                path = os.path.normpath(os.path.join(folder, name))
                with contextlib.suppress(OSError):
                    if os.stat(path, follow_symlinks=False).st_mtime_ns >= self._began:
                        found.append(path)
        return found[:_MOST_NAMES]

    def _arguments(self, error: Exception) -> Any:
        try:
            return self.encode(list(error.args))
        except Exception:
            return ["l", []]

    def _changed(self, sent: Any, args: list[Any]) -> list[list[Any]]:
        """The arguments that are not what they were, by place."""
        changed = []
        for place, value in enumerate(args):
            if isinstance(value, (list, dict, set, np.ndarray)) or type(value).__module__.startswith("pandas."):
                now = self.encode(value)
                if now != sent[1][place] and now[:2] != ["x", "object"]:
                    changed.append([place, now])
        return changed

    def _printed(self) -> str:
        assert self._agent.shell is not None
        outputs = self._agent.shell.outputs
        outputs.text("stdout", drain(1, outputs.limit))
        items = outputs.finish()
        text = "".join(item["text"] for item in items if item["output_type"] == "stream" and item["name"] == "stdout")
        return text[:_MOST_PRINTED]


def _names(namespace: dict[str, Any]) -> list[Any]:
    """The variables that there are, and those that functions look for: what a test cell does to them counts here."""
    variables = [name for name in list(namespace)[:_MOST_NAMES] if type(name) is str]
    names: dict[str, None] = {}
    waiting = [value.__code__ for value in list(namespace.values()) if type(value) is types.FunctionType]
    while waiting and len(names) < _MOST_NAMES:
        code = waiting.pop()
        names.update(dict.fromkeys(code.co_names))
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return ["l", [["l", variables], ["l", list(names)[:_MOST_NAMES]]]]


def _signature(function: Any) -> list[tuple[Any, ...]]:
    """The parameters of a function: name, kind and, where there is one, default."""
    parameters = inspect.signature(function).parameters.values()
    return [
        (each.name, int(each.kind), *([] if each.default is inspect.Parameter.empty else [each.default]))
        for each in parameters
    ]


def _seed(library: str, value: Any) -> None:
    torch = sys.modules.get("torch")
    if library == "random":
        random.seed(value)
    elif library == "numpy":
        np.random.seed(value)
    elif torch is not None:
        torch.manual_seed(value)
