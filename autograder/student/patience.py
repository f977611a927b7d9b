"""The examiner's patience: an end to what its own code does with what a student's process sent.

Every exchange with a student's process has a deadline of its own. Between them the checks, and the functions that they
lend, work on arrays of a stranger's making, which can take hours without being large. While a check runs, a timer looks
at the clock and at the sandbox's memory, several times a second, and ends the check when its time is up.

A look interrupts Python, not a single long call into C. It needs the main thread: elsewhere there is no timer.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

from autograder.records import TimedOut

SECONDS_BETWEEN_LOOKS = 0.25

_exchanging = False
_until: float | None = None


@contextlib.contextmanager
def exchange() -> Iterator[None]:
    """In the body the examiner speaks with another process: nothing is to interrupt it, it has a deadline."""
    global _exchanging
    before, _exchanging = _exchanging, True
    try:
        yield
    finally:
        _exchanging = before


@contextlib.contextmanager
def own_code(deadline: float) -> Iterator[None]:
    """The body, within an exchange, is the examiner's own code again, and has until `deadline`."""
    global _exchanging, _until
    before = _exchanging, _until
    _exchanging, _until = False, None if _until is None else min(_until, deadline)
    try:
        yield
    finally:
        _exchanging, _until = before


@contextlib.contextmanager
def patience(deadline: float, look: Callable[[], None]) -> Iterator[None]:
    """Raise `TimedOut` in the body after `deadline` (of `time.monotonic`); until then, `look` now and then."""
    global _until
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_alarm(*_: object) -> None:
        if _exchanging or _until is None:
            return
        if time.monotonic() > _until:
            raise TimedOut("the time for it was used up by what came back")
        with exchange():
            look()

    previous, before = signal.signal(signal.SIGALRM, on_alarm), _until
    _until = deadline
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])  # whoever started this may have blocked it
    timer = signal.setitimer(signal.ITIMER_REAL, SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        _until = None  # from here on an alarm that is under way does nothing
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        signal.setitimer(signal.ITIMER_REAL, *timer)  # of whoever had one, such as a test's
        _until = before
