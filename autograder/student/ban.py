"""Forbidden calls, noticed when they run: the functions that an assignment forbids note that they were called.

Runs on the student's side, so it is for the honest: what a notebook does to escape it, it does to itself. The names are
no secret, the prompts state them.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograder.student import standins

used: dict[str, None] = {}


def install(names: Iterable[str]) -> None:
    """Wrap what the dotted `names` stand for, in place; a module's functions and classes when one names a module.

    What nobody has imported yet is wrapped as soon as it is: most notebooks never import the libraries that are
    forbidden, and every fork would be dearer for them. A class goes on being itself, its construction is noted. Names
    that lead nowhere are left out.
    """
    sys.meta_path.insert(0, _Later(names))


def take() -> list[str]:
    """The forbidden names used since the last time."""
    found = list(used)
    used.clear()
    return found


class _Later(importlib.abc.MetaPathFinder):
    """Wraps what is there of some names, and the rest when a module has been imported that a name begins with."""

    def __init__(self, names: Iterable[str]) -> None:
        self._waiting = set(names)
        self._wrap_what_is_there()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module as the finders after this one find it, with something to be done once its code has run."""
        if not any(f"{each}.".startswith(f"{name}.") for each in self._waiting):
            return None
        others = sys.meta_path[sys.meta_path.index(self) + 1 :] if self in sys.meta_path else []
        finds = (finder.find_spec for finder in others if hasattr(finder, "find_spec"))
        spec = next((found for find in finds if (found := find(name, path, target)) is not None), None)
        loader: Any = spec.loader if spec is not None else None
        if loader is not None and not isinstance(loader, type):
            loader.exec_module = functools.partial(self._execute, loader.exec_module)
        return spec

    def _execute(self, execute: Callable[[types.ModuleType], None], module: types.ModuleType) -> None:
        execute(module)
        self._wrap_what_is_there(module)

    def _wrap_what_is_there(self, done: types.ModuleType | None = None) -> None:
        for name in sorted(self._waiting):
            owner, value = _find(name)
            if value is None or any(each is not done and _is_half_there(each) for each in (owner, value)):
                continue
            self._waiting.discard(name)
            if isinstance(value, types.ModuleType):
                for member, function in list(vars(value).items()):
                    if not member.startswith("_") and inspect.getmodule(function) is value and callable(function):
                        _wrap(value, member, function, name)
            else:
                _wrap(owner, name.rpartition(".")[2], value, name)


def _find(name: str) -> tuple[Any, Any]:
    """Where a dotted name leads among what is imported: the owner of its last part, and the value or None."""
    first, *parts = name.split(".")
    owner, value = None, _imported(first)
    path = first
    for i, part in enumerate(parts, 1):
        path += f".{part}"
        owner, value = value, _imported(path) or _member(value, part, last=i == len(parts))
    return owner, value


def _member(owner: Any, name: str, *, last: bool) -> Any:
    if type(owner) is types.ModuleType and not last:  # it may import what it is asked for
        return vars(owner).get(name)
    try:
        found = getattr(owner, name, None)
    except Exception:  # of a module's own `__getattr__`
        return None
    return None if isinstance(found, standins.StandIn) else found


def _imported(name: str) -> Any:
    module = sys.modules.get(name)
    return None if isinstance(module, standins.StandIn) else module


def _is_half_there(value: Any) -> bool:
    """Whether it is a module of which the code is running."""
    return isinstance(value, types.ModuleType) and getattr(value.__spec__, "_initializing", False)


def _note(name: str) -> None:
    if not standins.at_work:
        used[name] = None


def _wrap(owner: Any, attribute: str, value: Any, name: str) -> None:
    if isinstance(value, type):
        construct = value.__init__  # type: ignore[misc] # whatever class it is, it is made by calling this

        @functools.wraps(construct)
        def constructing(self: Any, *args: Any, **kwargs: Any) -> None:
            _note(name)
            # A class that has only a `__new__` inherits an `__init__` that takes nothing.
            if construct is not object.__init__:
                construct(self, *args, **kwargs)

        try:
            value.__init__ = constructing  # type: ignore[misc] # the class stays what it is
        except TypeError:
            return
        return
    if not callable(value):
        return

    def calling(*args: Any, **kwargs: Any) -> Any:
        _note(name)
        return value(*args, **kwargs)

    try:
        functools.update_wrapper(calling, value)
        setattr(owner, attribute, calling)
    except (AttributeError, TypeError):
        return
