"""Stand-ins for two modules of torch's compiler, of which a notebook that compiles nothing needs four functions.

The first optimizer imports `torch._dynamo`, 800 modules in more than a second, only to say that a function is not to be
compiled and that there is nothing to break off. The first gradient that is not a scalar's imports all of SymPy, half a
second, to compare two shapes. The stand-ins answer that at once. Whatever else is asked of one, or of a module below
it, brings in the real one, which takes its place.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any


def stand_in() -> None:
    """Put the stand-ins in place, where torch is there and the real modules are not."""
    if "torch" not in sys.modules:
        return
    for name, functions in _FUNCTIONS.items():
        if name not in sys.modules:
            module = sys.modules[name] = _StandIn(name, functions)
            package, _, last = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], last, module)


class _StandIn(types.ModuleType):
    """Has the functions that are called where nothing is compiled; everything else is the real module's."""

    def __init__(self, name: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(name)
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        # Import asks a package for its path before it looks for a module in it, and whatever else it takes names from
        # whether it is one. The other names of that kind are what whoever goes through all modules asks for.
        if name.startswith("__") and (name, self.__name__) != ("__path__", "torch._dynamo"):
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)


def _real(name: str) -> types.ModuleType:
    """The real module, imported if it is not there."""
    if isinstance(sys.modules.get(name), _StandIn):
        del sys.modules[name]
        package, _, last = name.rpartition(".")
        vars(sys.modules.get(package)).pop(last, None) if package in sys.modules else None
    return importlib.import_module(name)


def _disable(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
    return function


def _graph_break(*_: Any, **__: Any) -> None:
    """There is no graph."""


def _sym_eq(one: Any, other: Any) -> Any:
    """Whether two shapes are equal. Symbols in them are the real module's."""
    if all(type(size) is int for shape in (one, other) for size in (shape if isinstance(shape, tuple) else [shape])):
        return tuple(one) == tuple(other) if isinstance(one, tuple) and isinstance(other, tuple) else one == other
    return _real(_SHAPES).sym_eq(one, other)


def _expect_true(claim: Any, *arguments: Any) -> bool:
    return claim if type(claim) is bool else _real(_SHAPES).expect_true(claim, *arguments)


_SHAPES = "torch.fx.experimental.symbolic_shapes"
_FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "torch._dynamo": {"disable": _disable, "graph_break": _graph_break},
    _SHAPES: {"sym_eq": _sym_eq, "expect_true": _expect_true},
}
