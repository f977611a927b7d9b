"""Forbidden calls, noticed when they run: the functions that an assignment forbids note that they were called.

Runs on the student's side, so it is for the honest: what a notebook does to escape it, it does to itself. The names are
no secret, the prompts state them.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import types
from collections.abc import Iterable
from typing import Any

used: dict[str, None] = {}


def install(names: Iterable[str]) -> None:
    """Wrap what the dotted `names` stand for, in place; a module's functions and classes when one names a module.

    A class goes on being itself, its construction is noted. Names that lead nowhere here are left out.
    """
    for name in names:
        owner, attribute, value = _find(name)
        if isinstance(value, types.ModuleType):
            for member, function in list(vars(value).items()):
                if not member.startswith("_") and inspect.getmodule(function) is value and callable(function):
                    _wrap(value, member, function, name)
        elif owner is not None:
            _wrap(owner, attribute, value, name)


def take() -> list[str]:
    """The forbidden names used since the last time."""
    found = list(used)
    used.clear()
    return found


def _find(name: str) -> tuple[Any, str, Any]:
    """Where a dotted name leads: the owner of the last part, that part, and the value."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        owner: Any = None
        try:
            for part in parts[length:]:
                owner, value = value, getattr(value, part)
        except AttributeError:
            return None, "", None
        return owner, parts[-1], value
    return None, "", None


def _wrap(owner: Any, attribute: str, value: Any, name: str) -> None:
    if isinstance(value, type):
        construct = value.__init__  # type: ignore[misc] # whatever class it is, it is made by calling this

        @functools.wraps(construct)
        def constructing(self: Any, *args: Any, **kwargs: Any) -> None:
            used[name] = None
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
        used[name] = None
        return value(*args, **kwargs)

    try:
        functools.update_wrapper(calling, value)
        setattr(owner, attribute, calling)
    except (AttributeError, TypeError):
        return
