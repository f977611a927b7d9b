"""Grading on the workers of a Dask scheduler: what travels to them, and how a worker grades.

A worker shares no disk with the command. The assignment goes there once, as bytes: notebooks, hidden checks, references
and the secret. It is unpacked in a folder of its own that only the worker's user can open, and is gone when the command
is. A worker grades in processes that it starts itself, as many as it has threads, and each keeps its zygote warm.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import shutil
import socket
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.course import Assignment, files_below
from autograder.crew import Crew
from autograder.records import AutograderError, ProcessLost, SandboxError

_LOOK_SECONDS = 2.0


# What travels


@dataclass(frozen=True, eq=False)
class Parcel:
    """An assignment with all that grading it needs, the paths relative to where it will be unpacked."""

    assignment: Assignment
    secret: bytes = field(repr=False)
    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    version: str = __version__


@dataclass(frozen=True)
class Refused:
    """A worker that cannot be used, and why, in words that name it."""

    worker: str
    reason: str


def pack(assignment: Assignment, secret: bytes) -> Parcel:
    """The parcel of an assignment: its checks, the references, and the modules beside them that they may import."""
    root = assignment.root
    found = [
        path
        for pattern in ("solutions/**/*", "*.py", "tests/*.py", "tests/checks/*.py")
        for path in files_below(root, pattern)
    ]
    if assignment.checks is not None:
        found += files_below(assignment.checks)
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
    checks = assignment.checks and assignment.checks.relative_to(root)
    return Parcel(dataclasses.replace(assignment, root=Path(), checks=checks), secret, tuple(files.items()))


def unpack(parcel: Parcel, folder: Path) -> Assignment:
    """The assignment of a parcel, its files written below `folder`, for the owner's eyes alone."""
    for name, content in parcel.files:
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    checks = parcel.assignment.checks
    return dataclasses.replace(parcel.assignment, root=folder, checks=None if checks is None else folder / checks)


# On a worker


class _Room:
    """An assignment unpacked on this worker, and the processes that grade it."""

    def __init__(self, parcel: Parcel, above: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="course-", dir=above)
        self._crew = Crew(unpack(parcel, Path(self._folder)), parcel.secret)

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """What `function` of the assignment, the secret and `arguments` returns, from a process of this room."""
        return self._crew.run(function, arguments)

    def close(self) -> None:
        """End the processes and delete the files."""
        self._crew.close(at_once=True)
        shutil.rmtree(self._folder, ignore_errors=True)


_rooms: weakref.WeakKeyDictionary[Parcel, _Room] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _same(parcel: Parcel) -> Parcel:
    return parcel


def run_here(topic: str, token: str, function: Callable[..., Any], parcel: Parcel, arguments: tuple[Any, ...]) -> Any:
    """Run a function of an assignment on this worker, once the topic was told that `token` has begun.

    The room of a parcel ends with the parcel, which Dask keeps as long as the command is there.
    """
    import distributed

    worker = distributed.get_worker()
    name = f"the worker {worker.name} ({worker.address} on {socket.gethostname()})"
    if parcel.version != __version__:
        return Refused(worker.address, f"{name} has dl-autograder {__version__}, this is {parcel.version}")
    with _lock:
        if parcel not in _rooms:
            _rooms[parcel] = _Room(parcel, worker.local_directory)
            weakref.finalize(parcel, _rooms[parcel].close)
        room = _rooms[parcel]
    worker.log_event(topic, token)
    try:
        return room.run(function, arguments)
    except ProcessLost:
        raise
    except SandboxError as error:
        return Refused(worker.address, f"{name} is refused: {error}")


# At the command


@contextlib.contextmanager
def cluster(
    address: str, assignment: Assignment, secret: bytes, say: Callable[[str], None]
) -> Iterator[Callable[[], Executor]]:
    """A function that makes an executor on the workers of the Dask scheduler at `address`, for `grade_class`.

    `say` is told of workers that are refused, and when there is none yet. Dask's own configuration says how to speak
    with a scheduler at a tls:// address. Raises `AutograderError` when no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise AutograderError("--scheduler needs Dask: pip install 'dl-autograder[cluster]'") from error
    # What becomes of a connection is said in our words, and its log has a traceback for each.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        connect: Callable[..., Any] = distributed.Client
        client = connect(address, name="autograder", set_as_default=False, direct_to_workers=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise AutograderError(f"{address}: no Dask scheduler answers there: {error}") from error
    try:
        yield lambda: Cluster(client, assignment, secret, say)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


@dataclass
class _Task:
    """A task under way; `workers` are those that may do it, None for all."""

    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    workers: frozenset[str] | None = None
    done: Any = None


class Cluster(Executor):
    """An executor of functions of the assignment and the secret on Dask's workers.

    What a worker has in hand when it is lost, Dask gives to others. Workers that are refused get nothing more; when
    there is no other, what is under way fails with `SandboxError`.
    """

    def __init__(self, client: Any, assignment: Assignment, secret: bytes, say: Callable[[str], None]) -> None:
        self._client, self._say = client, say
        self._topic = f"autograder-{uuid.uuid4().hex}"
        self._lock = threading.RLock()
        self._tasks: dict[str, _Task] = {}
        self._refused: dict[str, str] = {}
        self._threads: dict[str, int] = {}
        self._looked = 0.0
        self._open = self._staffed = True
        # A task and not scattered data: when the worker that holds it dies, it is there again.
        self._parcel = client.submit(_same, pack(assignment, secret), key=f"{self._topic}-parcel")
        client.subscribe_topic(self._topic, self._begun)
        self._look()

    @property
    def slots(self) -> int:
        """How many submissions the workers grade at once; none of those that are refused."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._look()
        return max(1, sum(threads for worker, threads in self._threads.items() if worker not in self._refused))

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Run `function` of the assignment, the secret and what else is in `arguments` on a worker."""
        future: Future[Any] = Future()
        self._send(_Task(future, function, arguments[2:]))
        return future

    def _send(self, task: _Task) -> None:
        with self._lock:
            if self._refused:
                task.workers = self._others()
                if not task.workers:
                    task.future.set_exception(SandboxError("\n".join(self._refused.values())))
                    return
            token = uuid.uuid4().hex
            self._tasks[token] = task
            task.done = self._client.submit(
                run_here, self._topic, token, task.function, self._parcel, task.arguments,
                key=f"{self._topic}-{token}", workers=sorted(task.workers) if task.workers else None,
            )  # fmt: skip
        task.done.add_done_callback(functools.partial(self._finished, token))

    def _begun(self, event: tuple[float, str]) -> None:
        # Called by Dask's own thread, which must not wait for a lock.
        task = self._tasks.get(event[1])
        if task is not None and not task.future.running():
            with contextlib.suppress(InvalidStateError):
                task.future.set_running_or_notify_cancel()

    def _finished(self, token: str, done: Any) -> None:
        with self._lock:
            task = self._tasks.pop(token, None)
        if task is None or not self._open:
            return
        try:
            result = done.result(timeout=60)
            if not isinstance(result, Refused):
                task.future.set_result(result)
                return
            self._refuse(result)
            self._send(task)
        except (CancelledError, TimeoutError, OSError) as error:
            task.future.set_exception(_gone(error))
        except BaseException as error:
            if isinstance(error, RuntimeError) and "deserialization" in str(error):
                error = AutograderError(f"the scheduler needs dl-autograder {__version__}, as its workers do")
            task.future.set_exception(error)

    def _refuse(self, refused: Refused) -> None:
        with self._lock:
            known = refused.worker in self._refused
            self._refused[refused.worker] = refused.reason
        if not known and self._others():
            self._say(refused.reason)

    def _others(self) -> frozenset[str]:
        """The workers that are not refused."""
        return frozenset(self._client.nthreads()) - self._refused.keys()

    def _look(self) -> None:
        """See which workers there are. What only workers may do that are gone is given to others."""
        try:
            self._threads = self._client.nthreads()
        except (OSError, TimeoutError, RuntimeError) as error:
            raise _gone(error) from error
        self._looked = time.monotonic()
        if self._staffed and not self._threads:
            self._say("the scheduler has no workers: waiting for one")
        self._staffed = bool(self._threads)
        with self._lock:
            for token, task in list(self._tasks.items()):
                if task.workers is not None and not task.workers & self._threads.keys():
                    del self._tasks[token]
                    if task.done is not None:
                        task.done.cancel()
                    self._send(task)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the workers; what they have in hand they finish, and nobody hears of it."""
        self._open = False
        with self._lock:
            self._tasks.clear()
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(self._topic)
        del self._parcel


def _gone(error: BaseException) -> AutograderError:
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    return AutograderError(f"the scheduler is gone ({reason}); what is graded stays, running it again does the rest")
