"""The student at an instructor's desk: plain `pytest` on hidden checks.

The model answer runs in this process, where a debugger can step into it; a notebook given by `--submission` is a
stranger's, and runs jailed as in grading.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks.desk import InProcess, run_model
from autograder.checks.plugin import Provider, check_id, seed_for
from autograder.course import Assignment, Course, load_assignment, load_course
from autograder.records import CourseError, SandboxError
from autograder.student.process import Fork, StudentProcess, Transport, Zygote


def desk_for(folder: Path, submission: str | None) -> Provider:
    """The provider for the checks in `folder`, which is `tests/checks/<assignment>` of a course."""
    root = folder.parent.parent.parent
    course = load_course(root)
    assignment = load_assignment(course, folder.name)
    if submission is None:
        return ModelAnswer(course, assignment)
    return Jailed(course, assignment, Path(submission))


class ModelAnswer:
    """The model answer, in this process. Its namespace is made anew when a check has spoilt it."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.call_seconds = assignment.limits.call_seconds
        self._sources = [notebook.source for notebook in assignment.notebooks]
        self._secret = course.secret
        self._namespace = run_model(self._sources)

    def transport(self, item: pytest.Item) -> Transport:
        return InProcess(dict(self._namespace))

    def spoilt(self, item: pytest.Item) -> None:
        """Every check has a namespace of its own already."""

    def seed(self, item: pytest.Item) -> int:
        return seed_for(self._secret, "", check_id(item))


class Jailed:
    """A notebook in a jailed process, a fork for each check."""

    def __init__(self, course: Course, assignment: Assignment, path: Path) -> None:
        from autograder.grade import notebook_imports, run_notebooks
        from autograder.submissions import read_notebook_file

        self.call_seconds = assignment.limits.call_seconds
        self._secret = course.secret
        submission = read_notebook_file(assignment, path)
        if submission.unreadable:
            raise CourseError(f"{path}: {submission.unreadable}")
        self._zygote = Zygote(notebook_imports(assignment), assignment.limits)
        self._process: StudentProcess = run_notebooks(self._zygote, assignment, submission).process
        self._forks: list[Fork] = []

    def transport(self, item: pytest.Item) -> Transport:
        fork = self._process.fork()
        self._forks.append(fork)
        return fork

    def spoilt(self, item: pytest.Item) -> None:
        """Every check has a fork of its own already."""

    def seed(self, item: pytest.Item) -> int:
        return seed_for(self._secret, "", check_id(item))

    def close(self) -> None:
        """End the process."""
        try:
            self._process.end()
        except SandboxError:
            pass
        self._zygote.close()
