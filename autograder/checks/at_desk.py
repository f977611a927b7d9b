"""The student at an instructor's desk: plain `pytest` on hidden checks.

The model answer runs in this process, where a debugger can step into it; a notebook given by `--submission` is a
stranger's, and runs jailed as in grading.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from autograder.checks.desk import Desk, run_model
from autograder.checks.plugin import Provider, check_id, seed_for
from autograder.course import Assignment, Course, load_assignment, load_course
from autograder.records import CourseError, SandboxError
from autograder.student.process import Fork, StudentProcess, Transport

_HOURS = 12 * 3600.0


def desk_for(folder: Path, submission: str | None) -> Provider:
    """The provider for the checks in `folder`, which is `tests/checks/<assignment>` of a course."""
    root = folder.parent.parent.parent
    course = load_course(root)
    assignment = load_assignment(course, folder.name)
    if submission is None:
        namespace = run_model((notebook.source for notebook in assignment.notebooks), assignment.files)
        return Desk(namespace, functools.partial(seed_for, course.secret, ""), assignment.limits.call_seconds)
    return Jailed(course, assignment, Path(submission))


class Jailed:
    """A notebook in a jailed process, a fork for each check."""

    def __init__(self, course: Course, assignment: Assignment, path: Path) -> None:
        from autograder.examiner import incubator_of
        from autograder.run import run_notebook
        from autograder.submissions import files_beside, read_notebook

        self.call_seconds = assignment.limits.call_seconds
        self.words: frozenset[str] | None = None
        self.hangs: set[str] = set()
        self.thorough = False
        self._secret = course.secret
        submission = read_notebook(assignment, path)
        if submission.unreadable:
            raise CourseError(f"{path}: {submission.unreadable}")
        self._incubator = incubator_of(assignment)
        self._zygote = self._incubator.zygote()
        deadline = time.monotonic() + _HOURS
        run = run_notebook(self._zygote, submission.notebooks[0], files_beside(assignment, submission), 0, deadline)
        if run.process is None:
            raise CourseError(f"{path}: the process that ran it died")
        self._process: StudentProcess = run.process
        self._forks: list[Fork] = []

    def transport(self, item: pytest.Item) -> Transport:
        """A fork of the process."""
        fork = self._process.fork()
        self._forks.append(fork)
        return fork

    def in_doubt(self, functions: Iterable[str]) -> bool:
        """Always: a check that is run by itself knows nothing of others."""
        return True

    def spoilt(self, item: pytest.Item) -> None:
        """Every check has a fork of its own already."""

    def seed(self, item: pytest.Item) -> int:
        """The same for every notebook, so that two can be compared."""
        return seed_for(self._secret, "", check_id(item))

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(SandboxError):
            self._process.end()
        self._zygote.close()
        self._incubator.close()
