"""Many submissions -> their grades: read, graded on an executor, written, recorded; resumed where it stopped.

A submission is done when its `results.json` stands in `autograded/`; that file is written last, after the notebook and
the gradebook, so whatever interrupts a batch, running it again finishes the rest.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import itertools
import json
import multiprocessing
import multiprocessing.util
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course
from autograder.examiner import Examiner
from autograder.grade import GradedSubmission, grade_submission
from autograder.gradebook import ensure_assignment, graded_students, record
from autograder.records import AutograderError, Grade, SandboxError
from autograder.run import files_beside
from autograder.student import linux
from autograder.submissions import Submission, find_students, read_submission

RESULTS = "results.json"
_BATCH = 25
_BATCH_SECONDS = 2.0
_TRIES = 3
_MEMORY_MB = 2048


@dataclass
class Progress:
    """How far a batch is. `failed` are submissions that could not be graded for a fault of ours, with the reason."""

    total: int
    skipped: list[str] = field(default_factory=list)
    graded: list[Grade] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Submissions that need nothing more in this run."""
        return len(self.skipped) + len(self.graded) + len(self.failed)

    @property
    def seconds_left(self) -> float | None:
        """Seconds the rest will take at the rate so far."""
        worked = len(self.graded) + len(self.failed)
        if not worked:
            return None
        return (time.monotonic() - self.started) / worked * (self.total - self.done)


# The examiners of this process. Those of the process that makes a pool are also its workers', which are forks of it.
_examiners: dict[tuple[Assignment, bytes], Examiner] = {}


def _examiner(assignment: Assignment, secret: bytes) -> Examiner:
    """This process's examiner of an assignment."""
    if (assignment, secret) not in _examiners:
        _end_examiners()  # one at a time: each takes half a gigabyte
        _examiners[assignment, secret] = Examiner.of(assignment, secret)
        _end_examiners_at_exit()
    return _examiners[assignment, secret]


def _end_examiners_at_exit() -> None:
    # Not atexit, which the processes of a pool do not reach.
    multiprocessing.util.Finalize(None, _end_examiners, exitpriority=10)


def _end_examiners() -> None:
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


def grade_class(
    course: Course,
    assignment: Assignment,
    students: Sequence[str] = (),
    *,
    executor: Callable[[], Executor] | None = None,
    workers: int | None = None,
    force: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
    waiting: Callable[[], None] = lambda: None,
) -> Progress:
    """Grade the submissions of `students` (all that there are, if none are named).

    `executor` makes the executor to run on, again when it breaks; the default is a local pool of `workers` processes,
    one a core. `report` is called whenever something is done, `waiting` when another command is grading the assignment,
    which is waited for. Raises `AutograderError` when nothing can be graded.
    """
    with _alone(course, assignment, waiting):
        return _grade_class(course, assignment, students, executor, workers, force, report)


def _grade_class(
    course: Course,
    assignment: Assignment,
    students: Sequence[str],
    executor: Callable[[], Executor] | None,
    workers: int | None,
    force: bool,
    report: Callable[[Progress], None],
) -> Progress:
    known = find_students(course, assignment)
    for student in students:
        if student not in known:
            raise AutograderError(
                f"there is no submission of {student} in {course.path('submitted', assignment.id, student)}"
            )
    names = list(dict.fromkeys(students)) or known
    progress = Progress(len(names))
    workers = max(1, min(workers or os.cpu_count() or 1, len(names)))
    make = executor or functools.partial(local_pool, assignment, course.secret, workers)
    # A gradebook that was lost or made anew is filled again.
    recorded = frozenset() if force else graded_students(course, assignment)
    todo = (
        submission
        for name in names
        if (submission := _read(course, assignment, name, progress, name in recorded)) is not None
    )
    unwritten: list[tuple[Submission, GradedSubmission]] = []
    last = time.monotonic()
    try:
        for submission, graded in _graded(make, course, assignment, todo, progress):
            unwritten.append((submission, graded))
            if len(unwritten) >= _BATCH or time.monotonic() - last > _BATCH_SECONDS:
                _write(course, assignment, unwritten)
                unwritten, last = [], time.monotonic()
            progress.graded.append(graded.grade)
            report(progress)
    finally:
        # Also when it is stopped: what is graded is kept.
        _write(course, assignment, unwritten)
    report(progress)
    return progress


@contextlib.contextmanager
def _alone(course: Course, assignment: Assignment, waiting: Callable[[], None]) -> Iterator[None]:
    """Within it, no other command on this machine grades the assignment. The kernel lets go of it for who is killed."""
    folder = os.open(course.path("source", assignment.id), os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def read_results(course: Course, assignment: Assignment, student: str) -> dict[str, Any] | None:
    """The student's `results.json`; None when there is none that can be read."""
    try:
        results = json.loads((course.path("autograded", assignment.id, student) / RESULTS).read_text())
    except (OSError, ValueError):
        return None
    return results if isinstance(results, dict) else None


def graded_before(course: Course, assignment: Assignment) -> Progress:
    """What is graded already, as the progress of a batch that had nothing to do."""
    folder = course.path("autograded", assignment.id, "*")
    found = sorted(path.parent.parent.name for path in course.root.glob(f"{folder.relative_to(course.root)}/{RESULTS}"))
    return Progress(len(found), skipped=found)


def local_pool(assignment: Assignment, secret: bytes, workers: int) -> Executor:
    """A pool of `workers` processes. They are forks of this one, which has collected the checks, if it has one thread.

    torch takes seconds to import, and each worker needs it for the references. A process with threads must not be
    forked, so there each worker imports for itself.
    """
    _examiner(assignment, secret).warm_up()
    alone = len(os.listdir("/proc/self/task")) == 1
    context = multiprocessing.get_context("fork" if alone else "spawn")
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=begin_worker, initargs=(assignment.limits.memory_mb,)
    )


def begin_worker(memory_mb: int) -> None:
    """What a process of the pool does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's to handle
    _end_examiners_at_exit()
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)  # a command that is killed leaves nobody behind
    # An array that a student returned may be small and what a check makes of it not: it gets what a submission gets.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    data = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    limit = data + max(memory_mb, _MEMORY_MB) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _read(
    course: Course, assignment: Assignment, student: str, progress: Progress, recorded: bool
) -> Submission | None:
    """The submission, unless it is `recorded` in the gradebook and has not changed since it was graded."""
    submission = read_submission(course, assignment, student)
    results = read_results(course, assignment, student) if recorded else None
    if results is not None and results.get("fingerprint") == submission.fingerprint:
        progress.skipped.append(student)
        return None
    return submission


def _graded(
    make: Callable[[], Executor],
    course: Course,
    assignment: Assignment,
    todo: Iterator[Submission],
    progress: Progress,
) -> Iterator[tuple[Submission, GradedSubmission]]:
    """Grade on executors, a few submissions ahead of the workers. Nothing is written for a course that is wrong.

    When a worker dies, a new executor takes those that were under way one by one: so a submission that kills workers
    is found out, and costs no other one a try.
    """
    first = next(todo, None)
    if first is None:
        return
    tries: dict[str, int] = {}
    again = [first]
    exhausted = False
    cores = os.cpu_count() or 1
    prepared = False
    while again or not exhausted:
        executor = make()
        try:
            if not prepared:
                _prepare_workers(executor, course, assignment, min(cores, progress.total))
                again, todo, prepared = [], itertools.chain(again, todo), True
            running: dict[Future[GradedSubmission], Submission] = {}
            lost: list[Submission] = []
            reason: Exception | None = None
            while reason is None:
                if not running:
                    ahead = 1 if again else 2 * cores + 2
                while len(running) < ahead:
                    submission = again.pop() if again else next(todo, None)
                    if submission is None:
                        exhausted = True
                        break
                    try:
                        running[executor.submit(grade_one, assignment, course.secret, submission)] = submission
                    except BrokenProcessPool as error:
                        reason = error
                        lost.append(submission)
                        break
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    submission = running.pop(future)
                    try:
                        yield submission, future.result()
                    except BrokenProcessPool as error:
                        reason = error
                        lost.append(submission)
                    except AutograderError:
                        raise
                    except Exception as error:
                        _retry(submission, error, tries, again, progress)
            lost += running.values()
            if reason is not None and len(lost) == 1:
                _retry(lost[0], reason, tries, again, progress)
            else:
                again += lost
        except BaseException:
            _abandon(executor)
            raise
        executor.shutdown(cancel_futures=True)


def _abandon(executor: Executor) -> None:
    """Stop an executor without waiting for what it is doing: each worker takes its student processes along."""
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.terminate()
    executor.shutdown(wait=False, cancel_futures=True)


def _prepare_workers(executor: Executor, course: Course, assignment: Assignment, workers: int) -> None:
    """Let the workers get ready; once the first has found the checks to be right, the gradebook is told."""
    ready = [executor.submit(prepare, assignment, course.secret) for _ in range(workers)]
    try:
        ready[0].result()
    except BrokenProcessPool as error:
        raise AutograderError(f"the processes that grade die when they start: {error}") from error
    for _ in ready:
        executor.submit(warm_up, assignment, course.secret)  # meanwhile; what fails there will be said of a submission
    ensure_assignment(course, assignment)


def _retry(
    submission: Submission, error: Exception, tries: dict[str, int], again: list[Submission], progress: Progress
) -> None:
    tries[submission.student] = tries.get(submission.student, 0) + 1
    if tries[submission.student] < _TRIES:
        again.append(submission)
    else:
        progress.failed[submission.student] = f"{type(error).__name__}: {error}"


def _write(course: Course, assignment: Assignment, graded: Sequence[tuple[Submission, GradedSubmission]]) -> None:
    """Write notebooks, gradebook and results, in this order."""
    for submission, result in graded:
        folder = course.path("autograded", assignment.id, submission.student)
        folder.mkdir(parents=True, exist_ok=True)
        files = {f"{name}.ipynb": (text + "\n").encode() for name, text in result.notebooks.items()}
        files.update(files_beside(assignment, submission))
        if submission.timestamp is not None:
            files["timestamp.txt"] = submission.timestamp.encode()
        for path in folder.iterdir():
            if path.name.partition("/")[0] not in {name.partition("/")[0] for name in files}:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, content in files.items():
            write_whole(folder / name, content)
    if graded:
        record(course, assignment, [(submission, result.grade) for submission, result in graded])
    for submission, result in graded:
        results = {**result.grade.to_json(), "fingerprint": submission.fingerprint}
        text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_whole(course.path("autograded", assignment.id, submission.student) / RESULTS, text.encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
