"""The references' answers, remembered: trials put the same questions to them for one variant after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
import types
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

_MOST = 2000
"""Answers of one function that are kept."""

_PLAIN = (bool, int, float, complex, str, bytes, np.generic, type(None))


def remember_references(package: str = "solutions") -> None:
    """From now on, in this process, each public function of the package's modules works out an answer once."""
    made: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{package}."):
            for key, value in list(vars(module).items()):
                public = isinstance(value, types.FunctionType) and not key.startswith("_")
                if public and value.__module__ == name:
                    setattr(module, key, _remembering(value, made))


class _Unknown(Exception):
    """A value that may change, or that says nothing of what it holds: a random generator, a function, a network."""


def _remembering(function: Callable[..., Any], made: dict[int, Any]) -> Callable[..., Any]:
    """`made` are the caches that the functions returned, by identity."""
    known: dict[Hashable, Any] = {}

    @functools.wraps(function)
    def remembering(*args: Any, **kwargs: Any) -> Any:
        try:
            asked = _key(args, made), _key(kwargs, made)
        except _Unknown:
            return function(*args, **kwargs)
        if asked not in known:
            result = function(*args, **kwargs)
            with contextlib.suppress(_Unknown):
                if len(known) < _MOST:
                    known[asked] = _copy(result, made)
            return result
        return _copy(known[asked], made)

    return remembering


def _key(value: Any, made: dict[int, Any]) -> Hashable:
    kind = type(value)
    if isinstance(value, _PLAIN):
        return kind, str(value) if kind is float else value  # 0.0 is not -0.0, and NaN is NaN
    if kind is np.ndarray:
        return value.dtype.str, value.shape, value.tobytes()
    if kind is tuple or kind is list:
        return kind, tuple(_key(item, made) for item in value)
    if kind is dict:
        return tuple((key, _key(item, made)) for key, item in value.items())
    if id(value) in made:
        return "made", id(value)
    raise _Unknown


def _copy(value: Any, made: dict[int, Any]) -> Any:
    """Arrays are the caller's to change; a cache of a class of its own is the same object each time."""
    kind = type(value)
    if kind is np.ndarray:
        return value.copy(order="K")
    if kind is tuple or kind is list:
        return kind([_copy(item, made) for item in value])
    if isinstance(value, _PLAIN):
        return value
    if not dataclasses.is_dataclass(value):
        raise _Unknown
    made[id(value)] = value
    return value
