"""A test cell that runs apart: in a process with none of the student's code, whose names reach over to the student's.

Runs in a jailed process of its own, which only ever runs the course's code. A name that neither the cell nor the course
defines is asked of the student's process: data comes over by value, and everything else is a `Far`, whose every
use is asked for over there. What a student's own object says of itself ("I am equal to everything") decides nothing,
unless the course's model answer has such objects compared in this cell, too.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import os
import random
import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.student import values, wire

if TYPE_CHECKING:
    from autograder.student.agent import Agent

JUDGED = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "contains", "bool", "isinstance", "issubclass", "hash"})
"""What a student's object can be asked for that decides whether a test passes."""

# Files of the folder that the cell has opened.
_opened: set[str] = set()
_TOLD = frozenset({"__name__", "__qualname__", "__doc__", "__annotations__", "__module__"})


class Refused(BaseException):
    """The cell asked for something that only the student's own code could answer. No `except Exception` catches it."""


class Link:
    """The way to the student's process while a cell runs: through the examiner, which lets nothing but data pass."""

    def __init__(self, ask: Callable[[int, Any, Any], Any], judged: frozenset[str] | None) -> None:
        self.refused = ""
        self.judged: set[str] = set()
        self.changes = 0
        self._ask = ask
        self._allowed = judged
        self._functions: list[Any] = []
        self._far: dict[int, Any] = {}

    def do(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        """Have it done over there: the result, or the exception that it raised."""
        if operation in JUDGED:
            self.judged.add(operation)
            if self._allowed is not None and operation not in self._allowed:
                self.refuse(f"what the answer gives would have to say by itself whether it is right ({operation})")
        return self.send({"do": operation, "args": self.encode(list(args)), "kwargs": self.encode(kwargs)}, args)

    def refuse(self, reason: str) -> None:
        """End the cell."""
        self.refused = self.refused or reason
        raise Refused(reason)

    def send(self, message: dict[str, Any], args: tuple[Any, ...] = ()) -> Any:
        """The value that came back."""
        reply = self._exchange(message)
        self.changes += message["do"] not in ("look", "names")
        printed = reply.get("printed")
        if isinstance(printed, str) and printed:
            sys.stdout.write(printed)
        for place, now in reply.get("changed") or ():
            _become(args[place], self.decode(now))
        status = reply.get("status")
        if status == "ok":
            return self.decode(reply.get("value"))
        if status == "missing":
            raise KeyError(message.get("name"))
        if status == "threw":
            raise self._error(reply)
        if status in ("form", "large"):
            self.refuse("what the answer gives is too large to be looked at from outside")
        raise RuntimeError(f"{reply.get('kind')}: {reply.get('message')}")

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        reply = self._ask(0, message, {})
        while reply.get("status") == "lend":
            try:
                args, kwargs = self.decode(reply["args"]), self.decode(reply["kwargs"])
                given = {"value": self.encode(self._functions[reply["function"]](*args, **kwargs))}
            except Exception as error:
                given = {"error": f"{type(error).__name__}: {error}"}
            reply = self._ask(1, given, {})
        checked: dict[str, Any] = reply
        return checked

    def _error(self, reply: dict[str, Any]) -> Exception:
        kind = self.decode(reply["class"])
        args = self.decode(reply["value"])
        try:
            error = kind(*args)
        except Exception:
            error = RuntimeError(*args)
        return error if isinstance(error, Exception) else RuntimeError(*args)

    def encode(self, value: Any) -> Any:
        """A value for the student's side."""
        try:
            return values.encode(value, self._reference)
        except wire.NotData as error:
            self.refuse(f"the test hands over {error}, which is no data")

    def _reference(self, value: Any) -> list[Any] | None:
        if isinstance(value, Far):
            return ["x", "object", number_of(value)]
        if isinstance(value, type) and issubclass(value, Exception) and (number := vars(value).get("_far_number")):
            return ["x", "object", number[0]]
        if isinstance(value, types.ModuleType):
            return ["x", "module", value.__name__]
        module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if isinstance(module, str) and isinstance(path, str) and module in sys.modules and "<" not in path:
            found: Any = sys.modules[module]
            for part in path.split("."):
                found = getattr(found, part, None)
            if found is value and module != "__main__":
                return ["x", "global", module, path]
        if callable(value) and not isinstance(value, type):
            self._functions.append(value)
            return ["x", "lent", len(self._functions) - 1]
        return None

    def decode(self, structure: Any) -> Any:
        """A value of the student's side."""
        try:
            return values.decode(structure, self._received)
        except wire.ProtocolError as error:
            self.refuse(f"what the answer gives is not of the protocol: {error}")

    def _received(self, kind: str, fields: list[Any]) -> Any:
        match kind, fields:
            case "object", [int(number), str(name), bool(callable_)]:
                if number not in self._far:
                    self._far[number] = (FarFunction if callable_ else Far)(self, number, name)
                return self._far[number]
            case "exception", [int(number), [*names], str(module)]:
                if number not in self._far:
                    self._far[number] = _exception(number, names, module)
                return self._far[number]
            case "module", [str(name), int(number)]:
                # The name in the notebook of a library that the course did not import: the library itself.
                if name.partition(".")[0] in sys.stdlib_module_names or name in sys.modules:
                    return importlib.import_module(name)
                return self._received("object", [number, "module", False])
            case "end", []:
                return _END
        raise wire.ProtocolError(f"an unknown value {kind!r}")


class _End:
    """The end of an iterator."""


_END = _End()


def _exception(number: int, names: list[Any], module: str) -> type:
    """The class of an exception: Python's own, a library's that is here, or one that stands for the student's."""
    words = [name for name in names if isinstance(name, str) and name.isidentifier()]
    for place in (builtins, sys.modules.get(module) if module != "__main__" else None):
        found = getattr(place, words[0], None) if words else None
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    known = (getattr(builtins, name, None) for name in words)
    base = next((one for one in known if isinstance(one, type) and issubclass(one, Exception)), Exception)
    return type(words[0] if words else "Exception", (base,), {"_far_number": (number,)})


def _become(value: Any, now: Any) -> None:
    """Give an argument the value that it has over there after the call."""
    if type(value) is not type(now):
        return
    if isinstance(value, list):
        value[:] = now
    elif isinstance(value, (dict, set)):
        value.clear()
        value.update(now)
    elif isinstance(value, np.ndarray) and value.shape == now.shape and value.dtype == now.dtype:
        if value.flags.writeable:
            value[...] = now
    elif type(value).__module__.startswith("pandas.") and hasattr(value, "_update_inplace"):
        value._update_inplace(now)


class Far:
    """An object of the student's: each use of it is made over there."""

    __slots__ = ("__link", "__name", "__number")

    def __init__(self, link: Link, number: int, name: str) -> None:
        object.__setattr__(self, "_Far__link", link)
        object.__setattr__(self, "_Far__number", number)
        object.__setattr__(self, "_Far__name", name)

    def __getattr__(self, name: str) -> Any:
        if name == "__signature__" and isinstance(self, FarFunction):
            return _signature(self.__link.do("signature", self))
        if name.startswith("__") and name.endswith("__") and name not in _TOLD:
            raise AttributeError(name)
        return self.__link.do("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__link.do("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__link.do("delattr", self, name)

    def __iter__(self) -> Iterator[Any]:
        iterator = self.__link.do("iter", self)
        if not isinstance(iterator, Far):
            yield from iterator
            return
        while (item := self.__link.do("next", iterator)[0]) is not _END:
            yield item

    def __next__(self) -> Any:
        (item,) = self.__link.do("next", self)
        if item is _END:
            raise StopIteration
        return item

    def __eq__(self, other: object) -> Any:
        return True if other is self else self.__link.do("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return False if other is self else self.__link.do("ne", self, other)

    def __hash__(self) -> int:
        return int(self.__link.do("hash", self))

    def __bool__(self) -> bool:
        return bool(self.__link.do("bool", self))

    def __contains__(self, item: Any) -> bool:
        return bool(self.__link.do("contains", self, item))

    def __dir__(self) -> list[str]:
        return [str(name) for name in self.__link.do("dir", self)]

    def __len__(self) -> int:
        return int(self.__link.do("len", self))

    def __array__(self, *_: Any, **__: Any) -> Any:
        self.__link.refuse(f"the answer gives a {self.__name} where the test looks for an array")

    def __array_function__(self, *_: Any) -> Any:
        self.__link.refuse(f"the answer gives a {self.__name} where the test looks for an array")

    __array_ufunc__ = None

    def __instancecheck__(self, item: Any) -> bool:
        # Of data it is known here: it was built of plain types, none of which is a student's.
        return isinstance(item, Far) and bool(self.__link.do("isinstance", item, self))

    def __subclasscheck__(self, item: Any) -> bool:
        return isinstance(item, Far) and bool(self.__link.do("issubclass", item, self))

    def __enter__(self) -> Any:
        return self.__link.do("enter", self)

    def __exit__(self, *_: object) -> None:
        self.__link.do("exit", self)


def _signature(claimed: Any) -> inspect.Signature:
    """What a function takes, as its side says."""
    kinds = list(inspect._ParameterKind)
    return inspect.Signature(
        [
            inspect.Parameter(name, kinds[kind], default=default[0] if default else inspect.Parameter.empty)
            for name, kind, *default in claimed
        ]
    )


def number_of(far: Far) -> int:
    """By what it is known on both sides."""
    number: int = object.__getattribute__(far, "_Far__number")
    return number


def _link_of(far: Far) -> Link:
    link: Link = object.__getattribute__(far, "_Far__link")
    return link


class FarFunction(Far):
    """One that can be called."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return _link_of(self).do("call", self, *args, **kwargs)


def _use(operation: str, swapped: bool = False) -> Callable[..., Any]:
    def method(self: Far, *args: Any) -> Any:
        return _link_of(self).do(operation, *((*args, self) if swapped else (self, *args)))

    return method


_ALONE = "lt le gt ge getitem setitem delitem str repr int float format neg pos abs invert index"
_EITHER_SIDE = "add sub mul matmul truediv floordiv mod pow and_ or_ xor lshift rshift"
for _name in _ALONE.split():
    setattr(Far, f"__{_name}__", _use(_name))
for _name in _EITHER_SIDE.split():
    setattr(Far, f"__{_name.rstrip('_')}__", _use(_name))
    setattr(Far, f"__r{_name.rstrip('_')}__", _use(_name, swapped=True))


class Names(dict[str, Any]):
    """The variables of the cell. One that is not there is the student's; so is what becomes of the student's own."""

    link: Link | None = None

    def begin(self, link: Link) -> None:
        """From now on there is a student's process behind it."""
        self.link = link
        variables, looked_for = link.send({"do": "names"})
        self._variables = dict.fromkeys(name for name in variables if isinstance(name, str))
        self._theirs = {*self._variables, *(name for name in looked_for if isinstance(name, str))}
        self._seen: dict[str, tuple[int, Any, Any]] = {}

    def keys(self) -> Any:
        """Also the student's: a test may look for a name in `dir()`."""
        return super().keys() if self.link is None else list({**dict.fromkeys(self), **self._variables})

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (self.link is not None and name in self._variables)

    def __missing__(self, name: str) -> Any:
        if self.link is None or hasattr(builtins, name) or name.startswith("__"):
            raise KeyError(name)
        if name in self._seen and self._seen[name][0] == self.link.changes:
            return self._seen[name][1]
        value = self.link.send({"do": "look", "name": name})
        if name in self._seen and not isinstance(value, Far):
            before = self._seen[name]
            # What the cell itself did to a list is not undone because something else was called.
            if self.link.encode(value) == before[2]:
                value = before[1]
        kept = None if isinstance(value, (Far, type, types.ModuleType)) else self.link.encode(value)
        self._seen[name] = self.link.changes, value, kept
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if self.link is not None and name in self._theirs and not name.startswith("_"):
            try:
                structure = values.encode(value, self.link._reference)
            except (wire.NotData, wire.TooLarge):
                return
            self.link.send({"do": "define", "name": name, "value": structure})

    def __delitem__(self, name: str) -> None:
        theirs = self.link is not None and name in self._theirs
        if not theirs or super().__contains__(name):
            super().__delitem__(name)
        if theirs:
            assert self.link is not None
            self._theirs.discard(name)
            self._variables.pop(name, None)
            self._seen.pop(name, None)
            self.link.send({"do": "delete", "name": name})


class _Module:
    """What takes the place of `__main__`: its variables can be any dictionary."""


def prepare(agent: Agent, sources: list[str], seconds: float) -> list[bool]:
    """Make this process one in which test cells run, and run the course's own definitions; which of them could be."""
    shell = agent.shell
    assert shell is not None
    names = Names(shell.user_ns)
    module: Any = _Module()
    module.__dict__ = names
    shell.user_module, shell.user_ns = module, names
    sys.modules["__main__"] = module
    agent.namespace = names
    home = os.getcwd()

    def note(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str):
            path = os.path.relpath(os.path.join(home, args[0]), home)
            if not path.startswith(".."):
                _opened.add(path)

    sys.addaudithook(note)
    return [shell.run_notebook_cell(-1, source, seconds)[1] for source in sources]


def run(agent: Agent, request: dict[str, Any]) -> dict[str, Any]:
    """Run a test cell: its outputs, whether it ran to its end, what was left to the student's objects to say."""
    shell, ask = agent.shell, agent.call_back
    assert shell is not None
    assert ask is not None
    names = shell.user_ns
    judged = request["judged"]
    link = Link(ask, None if judged is None else frozenset(judged))
    names.begin(link)
    _opened.clear()
    with _Seeds(link):
        outputs, ok = shell.run_notebook_cell(request["cell"], request["source"], request["seconds"])
    names.link = None
    if judged is None and (written := sorted(_opened & set(link.send({"do": "written"})))):
        link.refused = f"the test reads what the answer has written: {written[0]}"
    return {
        "status": "ok",
        "outputs": outputs,
        "ok": ok and not link.refused,
        "refused": link.refused,
        "judged": sorted(link.judged),
    }


class _Seeds:
    """Within it, seeding a library's random numbers seeds them over there as well."""

    def __init__(self, link: Link) -> None:
        self._link = link
        torch = sys.modules.get("torch")
        self._places: list[tuple[str, Any, str]] = [("random", random, "seed"), ("numpy", np.random, "seed")]
        self._places += [("torch", torch, "manual_seed")] if torch is not None else []
        self._before: list[Any] = []

    def __enter__(self) -> None:
        for library, place, name in self._places:
            original = getattr(place, name)
            self._before.append(original)
            setattr(place, name, self._seeding(library, original))

    def _seeding(self, library: str, original: Any) -> Any:
        def seed(value: Any = None, *args: Any, **kwargs: Any) -> Any:
            if isinstance(value, int):
                structure = self._link.encode(value)
                self._link.send({"do": "seed", "library": library, "value": structure})
            return original(value, *args, **kwargs)

        return seed

    def __exit__(self, *_: object) -> None:
        for (_library, place, attribute), before in zip(self._places, self._before, strict=True):
            setattr(place, attribute, before)
