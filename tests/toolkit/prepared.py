"""Executors for what comes before and after grading: one that grades here, one that only gives what is prepared.

With the second a batch carries its real size (files, results, gradebook) and takes milliseconds a submission.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from autograder.batch import grade_class
from autograder.course import Course, load_assignment
from autograder.records import GradedSubmission
from autograder.submissions import Submission
from autograder.workers import grade_one

Prepare = Callable[[Submission], GradedSubmission]
Graded = dict[str, GradedSubmission]


class Here(Executor):
    """Runs everything at once in this process, and keeps what came of each submission."""

    def __init__(self, kept: Graded) -> None:
        self.kept = kept

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            result = function(*arguments)
        except Exception as error:
            future.set_exception(error)
        else:
            if function is grade_one:
                self.kept[arguments[2].student] = result
            future.set_result(result)
        return future


class Prepared(Executor):
    """Gives for each submission what `prepare` does."""

    def __init__(self, prepare: Prepare, slots: int = 2) -> None:
        self.prepare, self.slots = prepare, slots

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(self.prepare(arguments[2]) if function is grade_one else None)
        return future


def renamed(graded: GradedSubmission, student: str) -> GradedSubmission:
    """What was graded, as another student's."""
    return dataclasses.replace(graded, grade=dataclasses.replace(graded.grade, student=student))


def grade_prepared(course: Course, kept: Graded) -> int:
    """Grade the class with what is known of it; how many that were."""
    assignment = load_assignment(course, "tiny")
    done = grade_class(course, assignment, executor=lambda: Prepared(lambda submission: kept[submission.student]))
    assert done.failed == {}
    return len(done.graded)
