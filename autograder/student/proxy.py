"""What a check sees of the student: functions by name, whose calls travel to the student's process.

`Student` and `Remote` are the examiner's side of the boundary. What comes back is validated by the wire; what is not
data comes back as a `Remote`. A `StudentFault` is raised for everything the student's side did wrong, and ends the
check with its verdict. Every call is recorded, for the diagnosis.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import copy
import functools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.records import Crashed, Missing, OutOfMemory, Raised, StudentFault, TimedOut, WrongForm
from autograder.student import wire
from autograder.student.process import Transport


@dataclass
class Call:
    """One call of a student's function: what was sent and what came of it, for comparing with misconceptions.

    Within `args`, `kwargs` and `result` a `Remote` stands for an object of the student's.
    """

    target: Remote
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any = None
    fault: StudentFault | None = None
    hold: bool = False
    echo: bool = False
    after: Any = None
    fetched: bool = False

    def is_like(self, other: Call) -> bool:
        """Whether the other asks for the same, whatever it gives."""
        mine, theirs = ((one.target._target(), one.hold, one.echo, one.fetched) for one in (self, other))
        return mine == theirs


@dataclass
class Conversation:
    """One check's exchange with a transport: its limit for a call, its record of calls, the functions it lent.

    `words` are those of the student's notebook. A type's name that is neither one of them nor a standard one is not
    passed on: it may have been made while the check ran, of the check's own inputs. None allows every name.
    """

    transport: Transport
    seconds: float
    words: frozenset[str] | None = None
    calls: list[Call] = field(default_factory=list)
    functions: list[Callable[..., Any]] = field(default_factory=list)
    lent: set[int] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    _place: int = 0

    def rewind(self) -> None:
        """Start again: calls that were made are answered as they were, without the student's code, and then others.

        Not where functions were lent: they would not be called again, and the check may want to see how they were.
        """
        self._place = len(self.calls) if self.functions else 0

    def next_call(self, call: Call) -> Call:
        """The call, which is the next of the record: the one that was made before, after `rewind`."""
        if self._place < len(self.calls) and not self.calls[self._place].is_like(call):
            self._place = len(self.calls)  # the check goes another way than it went
        if self._place == len(self.calls):
            self.calls.append(call)
        self._place += 1
        return self.calls[self._place - 1]

    def send(self, message: dict[str, Any]) -> dict[str, Any]:
        """The agent's reply; its faults raised."""
        reply = self.transport.request({**message, "seconds": self.seconds}, self.seconds, self.call_back)
        status = reply.get("status")
        used = reply.get("used")
        self.used.update(name for name in used if isinstance(name, str)) if isinstance(used, list) else None
        if status == "ok":
            return reply
        raise _fault(status, message, reply, self)

    def name(self, kind: str) -> str:
        """A type's name, with its library's in front if it has one, if it may be passed on; else nothing."""
        if not _NAME.fullmatch(kind):
            return ""
        known = self.words is None or all(part in self.words or part in _standard_names() for part in kind.split("."))
        return kind if known else ""

    def call_back(self, number: int, args: Any, kwargs: Any) -> Any:
        """Call a function that the check lent to the student's code."""
        if not 0 <= number < len(self.functions):
            raise wire.ProtocolError("a call of a function that was never given")
        self.lent.add(number)
        positional, named = self.decode(args), self.decode(kwargs)
        if type(positional) is not list or type(named) is not dict:
            raise wire.ProtocolError("arguments that are none")
        return self.encode(self.functions[number](*positional, **named))

    def encode(self, value: Any) -> Any:
        """`value` for the wire, with remotes and functions as references."""

        def other(item: Any) -> list[Any] | None:
            if type(item) is Remote:
                target: list[Any] = object.__getattribute__(item, "_target")()
                return target
            if callable(item) and not isinstance(item, (type, np.generic)) and hasattr(item, "__name__"):
                self.functions.append(item)
                return ["f", len(self.functions) - 1]
            return None

        return wire.encode(value, other=other)

    def decode(self, structure: Any) -> Any:
        """A value that the student's process sent, arrays read-only."""

        def other(node: list[Any]) -> Remote:
            match node:
                case ["h", int(number), str(kind), []]:
                    return Remote(self, number, (), self.name(kind))
            raise wire.ProtocolError("a reference that is none")

        return wire.decode(structure, other=other, writeable=False)


_DTYPE = re.compile(
    r"an array of dtype (object|float128|complex256|longdouble|clongdouble|(datetime|timedelta)64(\[\w{1,2}\])?"
    r"|<U\d{1,3}|\|[SV]\d{1,3})"
)
# One dot: with more of them, a text could be spelled from the names of variables.
_NAME = re.compile(r"[A-Za-z_]\w{0,60}(\.[A-Za-z_]\w{0,60})?")


@functools.cache
def _standard_names() -> frozenset[str]:
    """Names that anybody knows: of types and exceptions that come with Python, NumPy and torch."""
    modules = [builtins, collections, np, np.linalg, np.ma, np.random, getattr(np, "exceptions", np)]
    torch = sys.modules.get("torch")
    modules += [torch, torch.nn] if torch is not None else []
    names = {name for module in modules for name in dir(module)} | set(sys.stdlib_module_names)
    return frozenset(names | {"numpy", "torch", "scipy", "pandas", "sklearn", "DataFrame", "Series", "csr_matrix"})


def _fault(status: object, message: dict[str, Any], reply: dict[str, Any], conversation: Conversation) -> StudentFault:
    """What a reply that is not "ok" means. Its texts are the student's to choose: only known names are passed on."""

    def text(key: str) -> str:
        value = reply.get(key)
        return value[:2000] if isinstance(value, str) else ""

    match status:
        case "missing":
            said = {sentence for target in _targets(message) for sentence in wire.missing(target) if sentence}
            return Missing(text("message") if text("message") in said else "what was asked for is not there")
        case "raised":
            cell, line = reply.get("cell"), reply.get("line")
            where = (cell, line) if type(cell) is int and type(line) is int else None
            kind = text("kind")
            known = "" if "." in kind else conversation.name(kind)
            return Raised(text("message"), kind=known or "an exception", where=where)
        case "timeout":
            return TimedOut(f"no answer within {conversation.seconds:g} seconds")
        case "memory":
            return OutOfMemory("more memory than the limit")
        case "large":
            kind = "value of more bytes than the limit"
            return WrongForm(f"returned a {kind}", kind=kind)
        case "form":
            kind = text("message")
            kind = kind if _DTYPE.fullmatch(kind) else conversation.name(kind) or "value of another type"
            return WrongForm(f"returned {a(kind)} where data was asked for", kind=kind)
    return Crashed("an answer that is not of the protocol")


def _targets(node: Any) -> Iterator[list[Any]]:
    """The references to the student's own things in a request."""
    if isinstance(node, list) and len(node) == 4 and node[0] == "h":
        yield node
    elif isinstance(node, (list, dict)):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _targets(part)


class Remote:
    """Something in the student's process: a variable, a result that is no data, or an attribute or item of these.

    Can be called, passed as an argument, asked for attributes and items (each a `Remote` again) and measured with
    `len`. `fetch` brings its value over.
    """

    __slots__ = ("_conversation", "_kind", "_path", "_root")

    def __init__(
        self, conversation: Conversation, root: int | str, path: tuple[tuple[str, Any], ...], kind: str
    ) -> None:
        self._conversation = conversation
        self._root = root
        self._path = path
        self._kind = kind

    @property
    def variable(self) -> str:
        """The name of the variable this starts from; empty for an object that a call returned."""
        return self._root if isinstance(self._root, str) else ""

    def _target(self) -> list[Any]:
        path = [[kind, self._conversation.encode(key) if kind == "item" else key] for kind, key in self._path]
        return ["h", self._root, "", path]

    def __getattr__(self, name: str) -> Remote:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Remote(self._conversation, self._root, (*self._path, ("attribute", name)), "")

    def __getitem__(self, key: Any) -> Remote:
        return Remote(self._conversation, self._root, (*self._path, ("item", key)), "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it: the result as data, or as a `Remote`."""
        return call(self, args, kwargs)

    def __len__(self) -> int:
        size = self._conversation.send({"op": "size", "target": self._target()}).get("value")
        if type(size) is not int or size < 0:
            raise WrongForm("a length that is none")
        return size

    def __bool__(self) -> bool:
        raise WrongForm(f"returned {a(self._kind)} where a number, an array or a truth value was asked for")

    def __iter__(self) -> Any:
        raise WrongForm(f"returned {a(self._kind)} where a tuple of results was asked for")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise WrongForm(f"returned {a(self._kind)} where an array was asked for")

    def __array_function__(self, *_: Any) -> Any:
        # np.mean(value) would otherwise ask the student's own object for its mean.
        raise WrongForm(f"returned {a(self._kind)} where an array was asked for")

    __array_ufunc__ = __array_function__

    def __repr__(self) -> str:
        return f"<{self._kind or self._root} in the student's process>"


def a(kind: str) -> str:
    """A type's name with its article, for a sentence."""
    if kind.startswith(("a ", "an ")):
        return kind
    return f"{'an' if kind[:1].lower() in 'aeiou' and kind else 'a'} {kind or 'thing'}"


def call(
    remote: Remote, args: tuple[Any, ...], kwargs: dict[str, Any], *, hold: bool = False, echo: bool = False
) -> Any:
    """Call `remote`. With `hold` the result stays there; with `echo` (result, args after, kwargs after) come back."""
    conversation = remote._conversation
    kept_args, kept_kwargs = copy_data(args), copy_data(kwargs)
    new = Call(remote, kept_args, kept_kwargs, hold=hold, echo=echo)
    record = conversation.next_call(new)
    if record is new:
        message = {
            "op": "call",
            "target": remote._target(),
            "args": conversation.encode(list(args)),
            "kwargs": conversation.encode(kwargs),
            "hold": hold,
            "echo": echo,
        }
        with _faults_of(record):
            reply = conversation.send(message)
            record.result = conversation.decode(reply.get("value"))
            if echo:
                record.after = conversation.decode(reply.get("echo"))
    elif record.fault is not None:
        raise record.fault
    if not echo:
        return record.result
    match record.after:
        case [list(positional), dict(named)]:
            return record.result, positional, named
    raise Crashed("an answer that is not of the protocol")


def copy_data(value: Any) -> Any:
    """A deep copy of data, arrays laid out as the wire brings them, with remotes and functions as they are."""
    kind = type(value)
    if kind is np.ndarray:
        return wire.laid_out(value, wire.layout_of(value))
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if kind is tuple or kind is list:
        return kind([copy_data(item) for item in value])
    if isinstance(value, dict):
        return {key: copy_data(item) for key, item in value.items()}
    if kind is Remote or callable(value):
        return value
    torch = sys.modules.get("torch")
    if torch is not None and kind is torch.Tensor and not value.requires_grad:
        return value.clone()  # which is all that a deep copy comes to, in a tenth of its time
    return copy.deepcopy(value)


def fetch(value: Any) -> Any:
    """Bring a `Remote`'s value over as data; anything else is returned as it is.

    Raises `WrongForm` (a fault of the student's) when it is no data.
    """
    if type(value) is not Remote:
        return value
    conversation = value._conversation
    new = Call(value, (), {}, fetched=True)
    record = conversation.next_call(new)
    if record is new:
        with _faults_of(record):
            reply = conversation.send({"op": "fetch", "target": value._target()})
            record.result = conversation.decode(reply.get("value"))
    elif record.fault is not None:
        raise record.fault
    return record.result


@contextlib.contextmanager
def _faults_of(record: Call) -> Iterator[None]:
    """Keep what goes wrong in a call with it."""
    try:
        yield
    except StudentFault as fault:
        record.fault = fault
        raise
    except wire.ProtocolError as error:
        record.fault = Crashed(f"an answer that is not of the protocol: {error}")
        raise record.fault from error


class Student:
    """The student's notebook after it has run: every variable and function of it is an attribute."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def __getattr__(self, name: str) -> Remote:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Remote(self._conversation, name, (), name)

    def __repr__(self) -> str:
        return "<the student's notebook>"


def restore(student: Student) -> None:
    """Give every variable that `define` changed its own value again."""
    student._conversation.send({"op": "restore"})


def define(student: Student, name: str, value: Any) -> None:
    """Give a variable of the student's notebook another value: data, or a function of the check's."""
    conversation = student._conversation
    conversation.send({"op": "define", "name": name, "value": conversation.encode(value)})
