"""Stand-ins for what libraries take seconds for, once or for each notebook, and notebooks have no use for.

Two are modules of torch's compiler, of which a notebook that compiles nothing needs four functions: the first optimizer
imports `torch._dynamo`, 800 modules in more than a second, only to say that a function is not to be compiled and that
there is nothing to break off; the first gradient that is not a scalar's imports all of SymPy, half a second, to compare
two shapes. One is `scipy.stats`, half of what takes so long in importing scikit-learn, which only looks into it much
later. Whatever else is asked of a stand-in, or of a module below it, brings in the real one, which takes its place.

And scikit-learn's digits, on which most notebooks are built, are read from their file once, and not by each.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.machinery
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_STATS = "scipy.stats"


def before_importing(names: Sequence[str]) -> None:
    """Put those in place that importing others would bring in, unless one of `names` asks for it."""
    if not any(name == "scipy" or f"{name}.".startswith(f"{_STATS}.") for name in names):
        _put(_STATS, {})
    elif _STATS in sys.modules:
        with contextlib.suppress(ImportError):  # which will be said of all that cannot be imported
            _real(_STATS)


def after_importing() -> None:
    """Put those in place that are for torch and scikit-learn, where these are there and the real modules are not."""
    if "torch" in sys.modules:
        for name, functions in _FUNCTIONS.items():
            _put(name, functions)
    if "scipy" not in sys.modules:
        sys.modules.pop(_STATS, None)
    if (loader := sys.modules.get("sklearn.datasets._base")) is not None:
        with contextlib.suppress(AttributeError, OSError):  # another release, or one without its files
            _keep_digits(loader)


def _put(name: str, functions: Mapping[str, Callable[..., Any]]) -> None:
    if name not in sys.modules:
        module = sys.modules[name] = _StandIn(name, functions)
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], last, module)


class _StandIn(types.ModuleType):
    """Has the few functions that are wanted of it unasked; everything else is the real module's."""

    def __init__(self, name: str, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)  # for who only asks whether it is there
        vars(self).update(functions)

    def __getattr__(self, name: str) -> Any:
        # Import asks a package for its path before it looks for a module in it, and a module for all of its names
        # before it takes them. What other names of that kind there are is for who goes through all modules.
        asked = {"__all__", "__path__"} if self.__name__ in _PACKAGES else {"__all__"}
        if name.startswith("__") and name not in asked:
            raise AttributeError(name)
        return getattr(_real(self.__name__), name)

    def __dir__(self) -> list[str]:
        return dir(_real(self.__name__))


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


def _keep_digits(loader: Any) -> None:
    """Have the digits read and parsed now, and a copy handed out whenever they are asked for."""
    read = loader.load_gzip_compressed_csv_data
    if hasattr(read, "__wrapped__"):
        return
    # As `load_digits` calls it.
    file, how = "digits.csv.gz", {"descr_file_name": "digits.rst", "delimiter": ","}
    data, text = read(data_file_name=file, **how)

    @functools.wraps(read)
    def load_gzip_compressed_csv_data(data_file_name: str, **options: Any) -> Any:
        if data_file_name == file and options == how:
            return data.copy(), text
        return read(data_file_name, **options)

    loader.load_gzip_compressed_csv_data = load_gzip_compressed_csv_data


_SHAPES = "torch.fx.experimental.symbolic_shapes"
_FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "torch._dynamo": {"disable": _disable, "graph_break": _graph_break},
    _SHAPES: {"sym_eq": _sym_eq, "expect_true": _expect_true},
}
_PACKAGES = frozenset({"torch._dynamo", _STATS})
