"""What a process that grades does, and the pool of them on this machine.

A worker keeps one examiner, with its zygote, warm between submissions. It needs a main thread of its own.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.util
import os
import resource
import signal
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from autograder.course import Assignment
from autograder.examiner import Examiner
from autograder.grade import GradedSubmission, grade_submission
from autograder.records import SandboxError
from autograder.student import linux
from autograder.submissions import Submission

_MEMORY_MB = 2048


class WorkerLost(Exception):
    """The process that had a submission in hand has died; the executor goes on with another."""


# The examiners of this process. Those of the process that makes a pool are also its workers', which are forks of it.
_examiners: dict[tuple[Assignment, bytes], Examiner] = {}


def _examiner(assignment: Assignment, secret: bytes) -> Examiner:
    """This process's examiner of an assignment."""
    if (assignment, secret) not in _examiners:
        end_examiners()  # one at a time: each takes half a gigabyte
        _examiners[assignment, secret] = Examiner.of(assignment, secret)
        _end_examiners_at_exit()
    return _examiners[assignment, secret]


def _end_examiners_at_exit() -> None:
    # Not atexit, which the processes of a pool do not reach.
    multiprocessing.util.Finalize(None, end_examiners, exitpriority=10)


def end_examiners() -> None:
    """End this process's examiners, with their zygotes."""
    while _examiners:
        _examiners.popitem()[1].close()


def prepare(assignment: Assignment, secret: bytes) -> None:
    """What a worker does first. Raises `CourseError` for checks that are wrong."""
    _examiner(assignment, secret)


def warm_up(assignment: Assignment, secret: bytes) -> None:
    """Have this worker's zygote ready."""
    assert _examiner(assignment, secret).zygote.alive


def grade_one(assignment: Assignment, secret: bytes, submission: Submission) -> GradedSubmission:
    """What a worker does with one submission. The examiner stays warm for the next."""
    examiner = _examiner(assignment, secret)
    try:
        return grade_submission(examiner, submission)
    except SandboxError:
        # A zygote may be lost to the machine (out of memory, say): once more with a new one.
        examiner.retire_zygote()
        return grade_submission(examiner, submission)


def local_pool(assignment: Assignment, secret: bytes, workers: int) -> Executor:
    """A pool of `workers` processes. They are forks of this one, which has collected the checks, if it has one thread.

    torch takes seconds to import, and each worker needs it for the references. A process with threads must not be
    forked, so there each worker imports for itself.
    """
    _examiner(assignment, secret).warm_up()
    # What is there is the workers', too, for as long as nobody writes to it, and collecting garbage does.
    gc.collect()
    gc.freeze()
    alone = len(os.listdir("/proc/self/task")) == 1
    context = multiprocessing.get_context("fork" if alone else "spawn")
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=begin_worker, initargs=(assignment.limits.memory_mb,)
    )


def begin_worker(memory_mb: int) -> None:
    """What a process of a pool does first."""
    _end_examiners_at_exit()
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # a command that is killed leaves nobody behind
    confine_worker(memory_mb)


def confine_worker(memory_mb: int) -> None:
    """Leave Ctrl-C to the command, and limit this process's memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An array that a student returned may be small and what a check makes of it not: it gets what a submission gets.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    data = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    limit = data + max(memory_mb, _MEMORY_MB) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
