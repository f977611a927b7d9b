"""A stand-in for `torch._dynamo`, the compiler's front end, of which notebooks without `torch.compile` need nothing.

Every optimizer of torch's imports it, 800 modules in more than a second, only to say that a function is not to be
compiled and that there is nothing to break off. The stand-in says so at once. Whatever else is asked of it, or of a
module below it, brings in the real one, which takes its place.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

_NAME = "torch._dynamo"


class _StandIn(types.ModuleType):
    """Has the two functions that optimizers call; everything else is the real module's."""

    @staticmethod
    def disable(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
        return function

    @staticmethod
    def graph_break(*_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        # Import asks a package for its path before it looks for a module in it; the other names of that kind are what
        # whoever goes through all modules asks for.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        return getattr(real(), name)


def real() -> types.ModuleType:
    """The real `torch._dynamo`, imported if it is not there."""
    if isinstance(sys.modules.get(_NAME), _StandIn):
        del sys.modules[_NAME]
        vars(sys.modules["torch"]).pop("_dynamo", None)
    return importlib.import_module(_NAME)


def stand_in() -> None:
    """Put the stand-in in place, where torch is there and the real module is not."""
    torch = sys.modules.get("torch")
    if torch is not None and _NAME not in sys.modules:
        sys.modules[_NAME] = vars(torch)["_dynamo"] = _StandIn(_NAME)
