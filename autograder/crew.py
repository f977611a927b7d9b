"""The foreman and its workers, as whoever gives the work has them: the pool of processes that grade on this machine.

Workers are forks of a foreman (`autograder.foreman`), so the command itself imports neither torch nor pytest. A command
starts the foreman before anything else, so little is imported here; the rest is where it is wanted.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.student.clean import bring_fonts, make_folder, start_clean

if TYPE_CHECKING:
    from autograder.course import Assignment, Course

# A foreman that has died is known to have a moment after its workers are.
_DEATH_SECONDS = 0.5

ON_ANY_CORE, ON_ONE_CORE = b"w", b"1"
"""How a foreman is asked for a worker."""


class WorkerLost(Exception):
    """The process that had a submission in hand has died; the executor goes on with another."""


class ForemanLost(WorkerLost):
    """All of them have died with the process that they are forks of: none had a submission that did it."""


@dataclass(frozen=True)
class Surroundings:
    """Where a process finds things."""

    environ: dict[str, str]
    path: list[str]
    folder: str

    @classmethod
    def here(cls) -> Surroundings:
        """This process's."""
        return cls(dict(os.environ), list(sys.path), os.getcwd())

    def enter(self) -> None:
        """Make them this process's."""
        os.environ.clear()
        os.environ.update(self.environ)
        sys.path[:] = self.path
        os.chdir(self.folder)
        tempfile.tempdir = None


class Foreman:
    """A process that workers are forked from. It starts at once, and gets ready for what it is told of."""

    def __init__(self) -> None:
        self.imports: list[str] | None = None
        self._folder = make_folder()
        self._sock, theirs = socket.socketpair()
        with theirs:
            self._process = start_clean("autograder.foreman", theirs, quiet=False, folder=self._folder)
        self._line = Connection(os.dup(self._sock.fileno()))
        bring_fonts(self._folder)  # which it looks for when it has been told something

    def expect(self, imports: list[str]) -> None:
        """Tell it, before all else, what the notebooks import."""
        self.imports = imports
        self._send(imports)

    def take_on(self, assignment: Assignment, secret: bytes) -> None:
        """Give it the assignment, the notebooks of which import what it expects."""
        self._send((Surroundings.here(), assignment, secret))

    def _send(self, message: object) -> None:
        with contextlib.suppress(OSError):  # it has died, which is found out when a worker is wanted
            self._line.send(message)

    def worker(self, *, on_one_core: bool) -> Worker:
        """A new worker. Raises `ForemanLost` when the foreman has died."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                kind = ON_ONE_CORE if on_one_core else ON_ANY_CORE
                socket.send_fds(self._sock, [kind], [theirs.fileno()], socket.MSG_NOSIGNAL)
            except OSError:
                ours.close()
                raise ForemanLost("the process that workers are forked from has died") from None
        return Worker(Connection(ours.detach()), self)

    def has_died(self, seconds: float = 0.0) -> bool:
        """Whether it has, or does within `seconds`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode is not None

    def close(self, *, at_once: bool = False) -> None:
        """End it with its workers: when they have finished what they have in hand, or `at_once`."""
        if at_once:
            self._process.kill()
        self._line.close()
        self._sock.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class Worker:
    """The line to a worker."""

    def __init__(self, line: Connection, foreman: Foreman) -> None:
        self._line, self._foreman = line, foreman
        self.alive = True

    @property
    def waits(self) -> bool:
        """Whether it is there and waits for work, as far as can be seen."""
        return self.alive and not self._line.poll(0)

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """What the function of assignment, secret and `arguments` returns or raises there.

        Raises `WorkerLost` when the process dies over it, `ForemanLost` when its foreman does.
        """
        try:
            self._line.send((function, arguments))
            failed, answer = self._line.recv()
        except (EOFError, OSError):
            self.alive = False
            if self._foreman.has_died(_DEATH_SECONDS):
                raise ForemanLost("the process that workers are forked from has died") from None
            raise WorkerLost("the process that had it in hand died") from None
        if failed:
            raise answer
        return answer

    def close(self) -> None:
        """Let it end, which it does at once unless it is at work."""
        self.alive = False
        self._line.close()


_early: list[Foreman] = []


def start_early(root: Path, name: str) -> None:
    """Let a foreman get ready while the course in `root` is read, which takes seconds, too."""
    foreman = Foreman()
    _early.append(foreman)
    atexit.register(_end_early)
    imports = _imports_in(root / "source" / name)
    if imports is not None:
        foreman.expect(imports)


def _end_early() -> None:
    while _early:
        _early.pop().close(at_once=True)


def expect_early(course: Course, name: str) -> None:
    """Tell the foreman that was started early what assignment will be graded, if that could not be told before."""
    if _early[-1].imports is None:
        _early[-1].expect(_imports_in(course.path("source", name)) or [])


def _imports_in(folder: Path) -> list[str] | None:
    """What the notebooks in a folder import. None without any, or where something is wrong: who reads them will say."""
    from autograder.sources import imported_names

    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        if sources := [path.read_text("utf-8") for path in sorted(folder.glob("*.ipynb"))]:
            return imported_names(sources)
    return None


def foreman_for(assignment: Assignment, secret: bytes) -> Foreman:
    """A foreman with the assignment: the one that was started early, if it expects these notebooks."""
    from autograder.sources import imported_names

    imports = imported_names(notebook.source for notebook in assignment.notebooks)
    foreman = _early.pop() if _early else None
    if foreman is not None and foreman.imports != imports:
        foreman.close(at_once=True)
        foreman = None
    if foreman is None:
        foreman = Foreman()
        foreman.expect(imports)
    foreman.take_on(assignment, secret)
    return foreman


class Crew:
    """Workers of one assignment: as many as run at once, each with one thing in hand. For any thread to ask.

    With `on_one_core` each stays on a core of its own, with its students' processes: for as many as there are cores. A
    worker and its student's process wait for each other in turn, and so need not be woken on another core, where
    nothing of what the one wrote is at hand for the other: a tenth of the time.
    """

    def __init__(self, assignment: Assignment, secret: bytes, *, on_one_core: bool = False) -> None:
        self._job = assignment, secret
        self._on_one_core = on_one_core
        self._foreman = foreman_for(*self._job)
        self._idle: list[Worker] = []
        self._hiring = threading.Lock()
        self._open = True

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """What the function of assignment, secret and `arguments` returns or raises in a worker.

        Raises `WorkerLost` when the worker dies over it. The next one gets another.
        """
        worker = self._hire()
        try:
            return worker.run(function, arguments)
        finally:
            if worker.alive and self._open:
                self._idle.append(worker)
            else:
                worker.close()

    def _hire(self) -> Worker:
        with self._hiring:
            if not self._open:
                raise WorkerLost("there is nothing more to do")
            while self._idle:
                worker = self._idle.pop()
                if worker.waits:
                    return worker
                worker.close()
            try:
                return self._foreman.worker(on_one_core=self._on_one_core)
            except ForemanLost:
                self._foreman.close(at_once=True)
                self._foreman = foreman_for(*self._job)
                return self._foreman.worker(on_one_core=self._on_one_core)

    def close(self, *, at_once: bool = False) -> None:
        """End them: what they have in hand they finish, but not `at_once`."""
        with self._hiring:
            self._open = False
            while self._idle:
                self._idle.pop().close()
            self._foreman.close(at_once=at_once)


class LocalPool(ThreadPoolExecutor):
    """An executor of functions of the assignment and the secret, in `workers` workers on this machine."""

    def __init__(self, assignment: Assignment, secret: bytes, workers: int) -> None:
        super().__init__(workers)
        self._crew = Crew(assignment, secret, on_one_core=workers == len(os.sched_getaffinity(0)))

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Run `function` of the assignment, the secret and what else is in `arguments` in a worker."""
        return super().submit(self._crew.run, function, arguments[2:])

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: when all is done, or at once if that is not waited for."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._crew.close(at_once=not wait)
