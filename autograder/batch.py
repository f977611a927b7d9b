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
import os
import queue
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Self

from autograder.course import Assignment, Course
from autograder.crew import ForemanLost, LocalPool, WorkerLost
from autograder.gradebook import ensure_assignment, graded_students, import_early, is_free, record
from autograder.progress import Progress
from autograder.records import AutograderError, GradedSubmission, NoRoom, ProcessLost
from autograder.submissions import Submission, files_beside, find_students, read_submission
from autograder.workers import grade_one, places, prepare, warm_up

RESULTS = "results.json"
_BATCH = 25
_BATCH_SECONDS = 2.0
_LOOK_SECONDS = 0.5
_TRIES = 3
_LOSSES = 30

Pair = tuple[Submission, GradedSubmission]


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
    `places()` of them. `report` is called when something is done and while nothing is, twice a second; `waiting` when
    another command is grading the assignment, which is waited for. Raises `AutograderError` when the class, or what is
    left of it, cannot be graded or written.
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
    workers = max(1, min(workers or places(), len(names)))
    make = executor or functools.partial(LocalPool, assignment, course.secret, workers)
    recorded = functools.cache(lambda: frozenset() if force else graded_students(course, assignment))
    todo = (
        submission for name in names if (submission := _read(course, assignment, name, progress, recorded)) is not None
    )
    ledger = _Ledger(course, assignment)
    try:
        with _CtrlC() as ctrl_c, contextlib.closing(_graded(make, course, assignment, todo, progress, ctrl_c)) as pairs:
            for pair in pairs:
                if pair is not None:
                    ledger.add(pair)
                    progress.graded.append(pair[0].student)
                ledger.write_when_due()
                report(progress)
    except BaseException:
        # What is graded is kept, if that takes no longer than who stops it will wait.
        if is_free(course):
            ledger.write()
        raise
    ledger.write()
    report(progress)
    return progress


class _Ledger:
    """What is graded and not yet written."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self._course, self._assignment = course, assignment
        self._pairs: list[Pair] = []
        self._last = time.monotonic()

    def add(self, pair: Pair) -> None:
        """Take one that is graded."""
        self._pairs.append(pair)

    def write_when_due(self) -> None:
        """Write what there is, unless it is little and the last time was just now."""
        if len(self._pairs) >= _BATCH or (self._pairs and time.monotonic() - self._last > _BATCH_SECONDS):
            self.write()

    def write(self) -> None:
        """Write what there is."""
        try:
            _write(self._course, self._assignment, self._pairs)
        except AutograderError:
            self._pairs = []  # they are graded again another time
            raise
        self._pairs, self._last = [], time.monotonic()


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


def _read(
    course: Course,
    assignment: Assignment,
    student: str,
    progress: Progress,
    recorded: Callable[[], frozenset[str]],
) -> Submission | None:
    """The submission, unless it has not changed since it was graded and the gradebook, asked last, has `recorded` it.

    A gradebook that was lost or made anew is filled again. To open it takes a second, and there may be no need to.
    """
    submission = read_submission(course, assignment, student)
    results = read_results(course, assignment, student) or {}
    graded, _, by = str(results.get("fingerprint")).partition("-")
    if graded == submission.fingerprint and submission.student in recorded():
        progress.skipped.append(student)
        progress.outdated += by not in ("", assignment.fingerprint)
        return None
    return submission


def _graded(
    make: Callable[[], Executor],
    course: Course,
    assignment: Assignment,
    todo: Iterator[Submission],
    progress: Progress,
    ctrl_c: _CtrlC,
) -> Generator[Pair | None, None, None]:
    """Grade on executors, a few submissions ahead of the workers; None now and then while nothing is finished.

    Nothing is written for a course that is wrong. When an executor breaks, as the standard library's pools do when one
    of their processes dies, a new one takes those that were under way one by one: so a submission that kills workers is
    found out, and costs no other one a try.
    """
    with ctrl_c.at_once():
        first = next(todo, None)
    if first is None:
        return
    todo = itertools.chain([first], todo)
    tries: dict[str, int] = {}
    losses = 0  # of processes, since something was graded
    again: list[Submission] = []
    exhausted = False
    prepared = False
    while again or not exhausted:
        with ctrl_c.at_once():
            executor = make()
        try:
            if not prepared:
                workers = min(_slots(executor), progress.total)
                _prepare_workers(executor, assignment, course.secret, workers, ctrl_c)
            running: dict[Future[Any], Submission] = {}
            finished: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
            lost: list[Submission] = []
            reason: Exception | None = None
            alone = bool(again)
            while reason is None:
                alone = alone and bool(again or running)
                progress.slots = _slots(executor)
                while len(running) < (1 if alone else 2 * progress.slots + 2):
                    with ctrl_c.at_once():
                        submission = again.pop() if again else next(todo, None)
                    if submission is None:
                        exhausted = True
                        break
                    try:
                        future = executor.submit(grade_one, assignment, course.secret, submission)
                    except BrokenProcessPool as error:
                        reason = error
                        lost.append(submission)
                        break
                    running[future] = submission
                    future.add_done_callback(finished.put)
                if not running:
                    break
                if not prepared:
                    with ctrl_c.at_once():
                        ensure_assignment(course, assignment)  # while the first are graded
                    prepared = True
                progress.look(_in_hand(running, progress.slots))
                try:
                    future = ctrl_c.next_of(finished, _LOOK_SECONDS)
                except queue.Empty:
                    with ctrl_c.at_once():
                        yield None
                    continue
                submission = running.pop(future)
                progress.running.pop(submission.student, None)
                try:
                    result = future.result()
                except BrokenProcessPool as error:
                    reason = error
                    lost.append(submission)
                except (ProcessLost, WorkerLost) as error:
                    losses += not isinstance(error, NoRoom)  # of which nobody has died
                    if losses > _LOSSES:
                        raise AutograderError(f"the processes that grade die again and again: {error}") from error
                    if isinstance(error, ForemanLost):
                        again.append(submission)
                    else:
                        _retry(submission, error, tries, again, progress)
                except AutograderError:
                    raise
                except Exception as error:
                    _retry(submission, error, tries, again, progress)
                else:
                    losses = 0
                    with ctrl_c.at_once():
                        yield submission, result
            # Those that were done before it broke are not lost.
            for future, submission in running.items():
                if future.done() and future.exception() is None:
                    result = future.result()
                    with ctrl_c.at_once():
                        yield submission, result
                else:
                    lost.append(submission)
            if reason is not None and len(lost) == 1:
                _retry(lost[0], reason, tries, again, progress)
            else:
                again += lost
        except BaseException:
            _abandon(executor)
            raise
        executor.shutdown(cancel_futures=True)


class _CtrlC:
    """Within it, Ctrl-C (or a signal that the caller has made the same) waits till nothing of an executor's is in hand.

    Python raises KeyboardInterrupt also between taking a lock and noting that it is taken. The executor's own thread
    would wait for such a lock for ever.
    """

    def __init__(self) -> None:
        self._noted = self._at_once = False
        self._waiting: queue.SimpleQueue[Future[Any] | None] | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # A job in the background has it ignored, and goes on doing so; others have their own default.
                if callable(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is None:
            self._look()

    def _note(self, *_: object) -> None:
        if self._at_once:
            raise KeyboardInterrupt
        self._noted = True
        if self._waiting is not None:
            self._waiting.put(None)  # which may be called at any time

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Within it, Ctrl-C is what it always is."""
        self._at_once = True
        try:
            self._look()
            yield
        finally:
            self._at_once = False

    def next_of(self, finished: queue.SimpleQueue[Future[Any] | None], seconds: float | None = None) -> Future[Any]:
        """What is put next; raises `queue.Empty` after `seconds`, and KeyboardInterrupt on Ctrl-C."""
        self._waiting = finished
        try:
            self._look()
            future = finished.get(timeout=seconds)
        finally:
            self._waiting = None
        if future is None:
            raise KeyboardInterrupt
        return future

    def _look(self) -> None:
        if self._noted:
            raise KeyboardInterrupt


def _slots(executor: Executor) -> int:
    """How many submissions the executor grades at once."""
    return getattr(executor, "slots", None) or getattr(executor, "_max_workers", None) or os.cpu_count() or 1


def _in_hand(running: dict[Future[GradedSubmission], Submission], slots: int) -> list[str]:
    """The students whose submissions are being graded: a pool takes them in turn, and marks some that still wait."""
    taken = (submission.student for future, submission in running.items() if future.running())
    return list(itertools.islice(taken, slots))


def _abandon(executor: Executor) -> None:
    """Stop an executor without waiting for what it is doing."""
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.terminate()
    executor.shutdown(wait=False, cancel_futures=True)


def _prepare_workers(executor: Executor, assignment: Assignment, secret: bytes, workers: int, ctrl_c: _CtrlC) -> None:
    """Let the workers get ready, and wait until the first has found the checks to be right."""
    ready = [executor.submit(prepare, assignment, secret) for _ in range(workers)]
    with ctrl_c.at_once():
        import_early()
    for attempt in range(1, _TRIES + 1):
        first: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()
        ready[0].add_done_callback(first.put)
        try:
            while not ready[0].done():
                with contextlib.suppress(queue.Empty):
                    ctrl_c.next_of(first, _LOOK_SECONDS)
                _slots(executor)  # a cluster looks, and says when it has no workers
            ready[0].result()
            break
        except (BrokenProcessPool, WorkerLost) as error:
            if attempt == _TRIES or isinstance(error, BrokenProcessPool):
                raise AutograderError(f"the processes that grade die when they start: {error}") from error
            ready[0] = executor.submit(prepare, assignment, secret)
    for _ in ready:
        executor.submit(warm_up, assignment, secret)  # what fails there will be said of a submission


def _retry(
    submission: Submission, error: Exception, tries: dict[str, int], again: list[Submission], progress: Progress
) -> None:
    tries[submission.student] = tries.get(submission.student, 0) + 1
    if tries[submission.student] < _TRIES:
        again.append(submission)
    else:
        progress.failed[submission.student] = f"{type(error).__name__}: {error}"


def _write(course: Course, assignment: Assignment, graded: Sequence[Pair]) -> None:
    """Write notebooks, gradebook and results, in this order. Raises AutograderError when there is no room, say."""
    try:
        for submission, result in graded:
            _write_files(course, assignment, submission, result)
        if graded:
            record(course, assignment, [(submission, result.grade) for submission, result in graded])
        for submission, result in graded:
            fingerprint = f"{submission.fingerprint}-{assignment.fingerprint}"
            results = {**result.grade.to_json(), "fingerprint": fingerprint}
            text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            write_whole(course.path("autograded", assignment.id, submission.student) / RESULTS, text.encode())
    except OSError as error:
        place = error.filename or course.path("autograded", assignment.id)
        raise AutograderError(
            f"{place}: {error.strerror or error}; what is graded and could not be written is graded again next time"
        ) from error


def _write_files(course: Course, assignment: Assignment, submission: Submission, result: GradedSubmission) -> None:
    """Write the graded notebooks and what was beside them, and take away what else is there."""
    folder = course.path("autograded", assignment.id, submission.student)
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.ipynb": (text + "\n").encode() for name, text in result.notebooks.items()}
    files.update(files_beside(assignment, submission))
    if submission.timestamp is not None:
        files["timestamp.txt"] = submission.timestamp.encode()
    wanted = {folder / name for name in files}
    _clear(folder, wanted, {above for path in wanted for above in path.parents})
    for name, content in files.items():
        write_whole(folder / name, content)


def _clear(folder: Path, files: Set[Path], folders: Set[Path]) -> None:
    """Take away what is in a folder, and in those of `folders` that are there, but for these files."""
    for path in folder.iterdir():
        if not path.is_dir() or path.is_symlink():
            if path not in files:
                path.unlink()
        elif path in folders:
            _clear(path, files, folders)
        else:
            shutil.rmtree(path)


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
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
