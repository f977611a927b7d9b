"""What a process that grades does, and the pool of such processes on this machine.

A worker keeps one examiner, with its zygote, warm between submissions. It needs a main thread of its own. Workers are
forks of a foreman (`autograder.foreman`), so the command itself imports neither torch nor pytest.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing.util
import os
import resource
import shutil
import signal
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

from autograder.course import Assignment, Course
from autograder.records import GradedSubmission, NoRoom, ProcessLost
from autograder.sources import imported_names
from autograder.student import linux
from autograder.student.cgroup import cores, kills_for_memory, memory, processes
from autograder.student.layering import is_on
from autograder.student.warm import Incubator, Wishes, bring_fonts, make_folder, start_clean
from autograder.submissions import Submission

if TYPE_CHECKING:
    from autograder.examiner import Examiner

_MEMORY_MB = 2048
# What all have in common takes some five hundred, and one with an ordinary submission a hundred.
_COMMON_MB, _EACH_MB = 512, 256
_EACH_PROCESSES = 16
# A foreman that has died is known to have a moment after its workers are.
_DEATH_SECONDS = 0.5

ON_ANY_CORE, ON_ONE_CORE = b"w", b"1"
"""How a foreman is asked for a worker."""


class WorkerLost(Exception):
    """The process that had a submission in hand has died; the executor goes on with another."""


class ForemanLost(WorkerLost):
    """All of them have died with the process that they are forks of: none had a submission that did it."""


def places() -> int:
    """How many submissions can be graded at once on this machine, or in this container: as many as it has cores.

    Fewer, where there is not the memory: the kernel would end some, and nobody could tell it from their own doing. Or
    not the processes.
    """
    return max(1, min(cores(), (memory() // 2**20 - _COMMON_MB) // _EACH_MB, processes() // _EACH_PROCESSES))


# In a worker

# The examiners of this process. Those of a foreman are also its workers', which are forks of it.
_examiners: dict[tuple[Assignment, bytes], Examiner] = {}


def take_on(assignment: Assignment, secret: bytes, incubator: Incubator | None = None) -> Examiner:
    """This process's examiner of an assignment, its checks collected. Zygotes come from `incubator`, or a new one."""
    if (assignment, secret) not in _examiners:
        from autograder.examiner import Examiner

        end_examiners()  # one at a time: each takes half a gigabyte
        _examiners[assignment, secret] = Examiner.of(assignment, secret, incubator)
        _end_examiners_at_exit()
    return _examiners[assignment, secret]


def _end_examiners_at_exit() -> None:
    # Not atexit, which forks of multiprocessing's do not reach.
    multiprocessing.util.Finalize(None, end_examiners, exitpriority=10)


def end_examiners() -> None:
    """End this process's examiners, with their zygotes."""
    while _examiners:
        _examiners.popitem()[1].close()


def prepare(assignment: Assignment, secret: bytes) -> None:
    """What a worker does first. Raises `CourseError` for checks that are wrong."""
    take_on(assignment, secret)


def warm_up(assignment: Assignment, secret: bytes) -> None:
    """Have this worker's zygote ready."""
    assert take_on(assignment, secret).zygote.alive


def grade_one(assignment: Assignment, secret: bytes, submission: Submission) -> GradedSubmission:
    """What a worker does with one submission. The examiner stays warm for the next."""
    examiner = take_on(assignment, secret)
    kills = kills_for_memory()
    # A process may be lost to the machine (out of memory, say), or to who kills it, and it may be a student's. What a
    # submission does itself it does again.
    with contextlib.suppress(ProcessLost):
        graded, crashed = _graded(examiner, submission)
        if not crashed:
            return graded
    examiner.retire_zygote()
    graded, crashed = _graded(examiner, submission)
    if crashed and examiner.zygote.lacked_processes:
        raise NoRoom
    if crashed and not is_on(graded.grade.sandbox.get("cgroup", "off")) and kills_for_memory() > kills:
        raise ProcessLost("the kernel ended processes, as this machine or container has not the memory for them")
    return graded


def _graded(examiner: Examiner, submission: Submission) -> tuple[GradedSubmission, bool]:
    """A submission's grade, and whether one of its processes has died over it."""
    from autograder.grade import grade_submission

    zygote = examiner.zygote
    before = zygote.crashes
    graded = grade_submission(examiner, submission)
    return graded, zygote.crashes != before


def begin_worker(memory_mb: int) -> None:
    """What a fork that is a worker does first."""
    _end_examiners_at_exit()
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # a command that is killed leaves nobody behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # An array that a student returned may be small and what a check makes of it not: it gets what a submission gets.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    data = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    limit = data + max(memory_mb, _MEMORY_MB) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


# At whoever gives the work


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
        self.wishes: Wishes | None = None
        self._folder = make_folder()
        bring_fonts(self._folder)
        self._sock, theirs = socket.socketpair()
        with theirs:
            self._process = start_clean("autograder.foreman", theirs, quiet=False, folder=self._folder)
        self._line = Connection(os.dup(self._sock.fileno()))

    def guess(self, imports: list[str]) -> None:
        """Tell it, before all else, what notebooks may import."""
        self._send(imports)

    def expect(self, wishes: Wishes) -> None:
        """Tell it what notebooks there will be."""
        self.wishes = wishes
        self._send(wishes)

    def take_on(self, assignment: Assignment, secret: bytes) -> None:
        """Give it the assignment, of the notebooks that it expects."""
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
    foreman.guess(imported_names(_sources(root / "source" / name)))


def _end_early() -> None:
    while _early:
        _early.pop().close(at_once=True)


def expect_early(course: Course, name: str) -> None:
    """Tell the foreman that was started early what assignment will be graded."""
    sources = _sources(course.path("source", name))
    _early[-1].expect(Wishes.of(sources, course.limits_of.get(name, course.limits)))


def _sources(folder: Path) -> list[str]:
    """The notebooks in a folder; none where something is wrong with them, which will be said by who reads them."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        sources = [path.read_text("utf-8") for path in sorted(folder.glob("*.ipynb"))]
        imported_names(sources)
        return sources
    return []


def foreman_for(assignment: Assignment, secret: bytes) -> Foreman:
    """A foreman with the assignment: the one that was started early, if it expects these notebooks."""
    wishes = Wishes.of([notebook.source for notebook in assignment.notebooks], assignment.limits)
    foreman = _early.pop() if _early else None
    if foreman is not None and foreman.wishes != wishes:
        foreman.close(at_once=True)
        foreman = None
    if foreman is None:
        foreman = Foreman()
        foreman.guess([])
        foreman.expect(wishes)
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
