"""What a process that grades does, and how many of them a machine has place for.

A worker keeps one examiner, with its zygote, warm between submissions. It needs a main thread of its own.
"""

from __future__ import annotations

import contextlib
import multiprocessing.util
import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course import Assignment
from autograder.records import GradedSubmission, NoRoom, ProcessLost
from autograder.student import linux
from autograder.student.cgroup import cores, kills_for_memory, memory, processes
from autograder.student.layering import is_on
from autograder.student.warm import Incubator
from autograder.submissions import Submission

if TYPE_CHECKING:
    from autograder.examiner import Examiner

_MEMORY_MB = 2048
# What all have in common takes some five hundred, and one with an ordinary submission a hundred.
_COMMON_MB, _EACH_MB = 512, 256
_EACH_PROCESSES = 16


def places() -> int:
    """How many submissions can be graded at once on this machine, or in this container: as many as it has cores.

    Fewer, where there is not the memory: the kernel would end some, and nobody could tell it from their own doing. Or
    not the processes.
    """
    return max(1, min(cores(), (memory() // 2**20 - _COMMON_MB) // _EACH_MB, processes() // _EACH_PROCESSES))


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
