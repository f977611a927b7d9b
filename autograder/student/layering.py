"""What became of each layer of the jail, and trying one where failure does no harm."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator

Layers = dict[str, str]
ON = "on"
_TRIES = 3


def is_on(state: str) -> bool:
    """Whether the state of a layer says that it protects."""
    return state.split(" ")[0] == ON


@contextlib.contextmanager
def attempt(layers: Layers, name: str, state: str = ON) -> Iterator[None]:
    """Record what became of a layer. That there is no room for another process (EAGAIN) says nothing about one."""
    try:
        layers[name] = state
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        layers[name] = f"off: {error.strerror or error}"


def in_child(function: Callable[[int], Layers], fork: Callable[[], int] = os.fork) -> Layers:
    """What `function` returns in a forked child, whose end is waited for. OSError, with its words, if it raises.

    `function` is given the one file descriptor that it must leave open. A child that is killed says nothing about the
    layers, and is followed by another, a few times.
    """
    for _ in range(_TRIES):
        text, status = _said_by_child(function, fork)
        if text or not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            break
    result = json.loads(text or '"it was killed"')
    if str(result).startswith(BlockingIOError.__name__):
        raise BlockingIOError(result)
    if not isinstance(result, dict):
        raise OSError(f"a probe of the sandbox failed ({result})")
    return result


def _said_by_child(function: Callable[[int], Layers], fork: Callable[[], int]) -> tuple[bytes, int]:
    """What a forked child says that `function` returns, as JSON, and how it ended."""
    reader, writer = os.pipe()
    pid = fork()
    if pid == 0:
        try:
            os.close(reader)
            try:
                answer = json.dumps(function(writer))
            except Exception as error:
                answer = json.dumps(f"{type(error).__name__}: {error}")
            os.write(writer, answer.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        text = stream.read()
    return text, os.waitpid(pid, 0)[1]
