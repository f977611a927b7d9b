"""What the check that is running now has said and compared. One at a time, set by the plug-in around each check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.student.proxy import Call, Conversation

if TYPE_CHECKING:
    from autograder.checks.close import Comparison


@dataclass
class Running:
    """A check while it runs."""

    conversation: Conversation
    comparisons: list[Comparison] = field(default_factory=list)
    listener: Callable[[Any, Any, int, float], None] | None = None


current: Running | None = None

going_on = False
"""Whether a failed check is being run once more to its end, for the diagnosis: every comparison then counts as true."""


def noted(comparison: Comparison) -> Comparison:
    """The comparison, remembered as one of the running check's."""
    if current is not None:
        current.comparisons.append(comparison)
    return comparison


def compared(actual: Any, expected: Any, terms: int, condition: float) -> None:
    """Tell the running check's listener, if it has one, what is about to be compared."""
    if current is not None and current.listener is not None:
        current.listener(actual, expected, terms, condition)


def was_single(value: Any) -> bool:
    """Whether `value` came from a call that was given float32."""
    if current is None:
        return False
    return any(_returned(call, value) and is_single(call) for call in reversed(current.conversation.calls))


def call_behind(value: Any) -> Call | None:
    """The last call of the running check that returned `value`; None when the check made it of something else."""
    calls = current.conversation.calls if current is not None else []
    return next((call for call in reversed(calls) if _returned(call, value)), None)


def _returned(call: Call, value: Any) -> bool:
    if call.result is value or (value is not None and call.after is value):
        return True
    return isinstance(call.result, tuple) and (
        any(item is value for item in call.result)
        or (isinstance(value, tuple) and any(one is other for one in value for other in call.result))
    )


def is_single(call: Call) -> bool:
    """Whether a call was given anything of float32: its result may then be of either precision."""
    arguments = (*call.args, *call.kwargs.values())
    return any(dtype == np.float32 for argument in arguments for dtype in _dtypes(argument))


def _dtypes(argument: Any) -> list[np.dtype[Any]]:
    if isinstance(argument, (np.ndarray, np.generic)):
        return [argument.dtype]
    if isinstance(argument, (list, tuple)):
        return [dtype for item in argument for dtype in _dtypes(item)]
    if isinstance(argument, dict):
        return [dtype for item in argument.values() for dtype in _dtypes(item)]
    return []
