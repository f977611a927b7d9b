"""What others read, written from a course: a format's name and the function that writes it.

A function takes the course, the assignment and the folder to write to, which is there, and gives the paths of what it
wrote, the one to hand on first. A format's module is imported when it is wanted: each brings a library along.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.records import AutograderError

Export = Callable[[Course, Assignment, Path], list[Path]]

FORMATS: dict[str, str] = {
    "gradescope": "autograder.export.gradescope:write_gradescope",
}


def export(form: str, course: Course, assignment: Assignment, folder: Path | None = None) -> list[Path]:
    """Write `assignment` in the format called `form`, by default to `exports/<assignment>/<form>`; the paths written.

    Raises AutograderError for a format that there is not.
    """
    if form not in FORMATS:
        raise AutograderError(f"there is no format '{form}' (there are: {', '.join(sorted(FORMATS))})")
    module, _, name = FORMATS[form].partition(":")
    write: Export = getattr(importlib.import_module(module), name)
    folder = folder or course.root / "exports" / assignment.id / form
    folder.mkdir(parents=True, exist_ok=True)
    return write(course, assignment, folder)
