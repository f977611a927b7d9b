"""What others read, written from a course: a format's name and the function that writes it.

A function takes the course, the assignment and the folder to write to, which is there, and gives the paths of what it
wrote, the one to hand on first. A format's module is imported when it is wanted: each brings a library along.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Assignment, Course
from autograder.records import AutograderError

Export = Callable[[Course, Assignment, Path], list[Path]]


@dataclass(frozen=True)
class Sources:
    """What an export of grades is made with besides: a roster, a file of the other system's that is filled, the name
    of the assignment's column in it.
    """

    roster: Path | None = None
    fill: Path | None = None
    column: str | None = None


@dataclass(frozen=True)
class Exported:
    """What was written, what there is to say of it, and a sentence for each student whose grade is not in it."""

    paths: list[Path]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


ExportGrades = Callable[[Course, Assignment, Path, Sources], Exported]

FORMATS: dict[str, str] = {
    "github": "autograder.export.github:write_github",
    "gradescope": "autograder.export.gradescope:write_gradescope",
    "otter": "autograder.export.otter:write_otter",
}

GRADES: dict[str, str] = {
    "canvas": "autograder.export.canvas:write_canvas",
    "csv": "autograder.export.plain:write_csv",
    "junit": "autograder.export.junit:write_junit",
    "moodle": "autograder.export.moodle:write_moodle",
}


def export(
    form: str, course: Course, assignment: Assignment, folder: Path | None = None, sources: Sources | None = None
) -> Exported:
    """Write `assignment` or its grades in the format called `form`, by default to `exports/<assignment>/<form>`.

    Raises AutograderError for a format that there is not, and for `sources` that it has no use for.
    """
    known = {**FORMATS, **GRADES}
    if form not in known:
        raise AutograderError(f"there is no format '{form}' (there are: {', '.join(sorted(known))})")
    if sources not in (None, Sources()) and form not in ("canvas", "moodle"):
        raise AutograderError(f"--roster, --fill and --column are for canvas and moodle, not for {form}")
    module, _, name = known[form].partition(":")
    write = getattr(importlib.import_module(module), name)
    folder = folder or course.root / "exports" / assignment.id / form
    folder.mkdir(parents=True, exist_ok=True)
    if form in GRADES:
        export_grades: ExportGrades = write
        return export_grades(course, assignment, folder, sources or Sources())
    export_assignment: Export = write
    return Exported(export_assignment(course, assignment, folder))
