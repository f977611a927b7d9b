"""An autograder for Gradescope: the zip in which our examiner and jail run, and results as Gradescope shows them."""

from __future__ import annotations

from pathlib import Path

from autograder.course import Assignment, Course
from autograder.records import AutograderError


def write_gradescope(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write `autograder.zip` for `assignment` to `folder`."""
    raise AutograderError("the format 'gradescope' cannot be written yet")
