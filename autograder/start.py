"""A course, and one more assignment, to start from: the files in `templates/course` with names put in.

Everything that is written is an instructor's to change. Nothing that is there already is touched.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from autograder.course import Course
from autograder.records import AutograderError

TEMPLATE = Path(__file__).parent / "templates" / "course"

FIRST = "warm-up"
"""The assignment that a new course begins with."""

_OF_ASSIGNMENTS = ("source", "solutions/ASSIGNMENT_MODULE.py", "tests/checks")
_IGNORED = ("__pycache__",)


def start_course(folder: Path) -> list[Path]:
    """Write a course with one assignment into `folder`, which is made; the files written.

    Raises AutograderError when one of them is there already.
    """
    folder = folder.resolve()
    if any((folder / name).exists() for name in ("course_config.py", "nbgrader_config.py")):
        raise AutograderError(f"{folder} is a course already; `autograder new ID` adds an assignment to it")
    course_id = re.sub(r"[^\w.-]+", "-", folder.name).strip("-") or "course"
    return _write(folder, {**_common(), **_assignment(FIRST)}, {"COURSE_ID": course_id, **_names(FIRST)})


def new_assignment(course: Course, name: str) -> list[Path]:
    """Write the assignment `name` into the course, its checks and references included; the files written.

    Raises AutograderError for a name that none can have, and when a file is there already.
    """
    module = name.replace("-", "_")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or keyword.iskeyword(module):
        raise AutograderError(
            f"'{name}' cannot name an assignment: a letter, then letters, digits, dashes and underscores, "
            "and no word of Python's own"
        )
    taken = next((other for other in course.assignments if other.replace("-", "_") == module), None)
    if taken is not None:
        raise AutograderError(f"{course.root} has the assignment '{taken}' already")
    return _write(course.root, _assignment(name), _names(name))


def _names(name: str) -> dict[str, str]:
    words = name.replace("-", " ").replace("_", " ")
    return {
        "ASSIGNMENT_ID": name,
        "ASSIGNMENT_MODULE": name.replace("-", "_"),
        "ASSIGNMENT_TITLE": words[:1].upper() + words[1:],
    }


def _files() -> dict[str, str]:
    """The template's files, by their path relative to it."""
    paths = [path for path in TEMPLATE.rglob("*") if path.is_file() and not set(path.parts) & set(_IGNORED)]
    return {path.relative_to(TEMPLATE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(paths)}


def _common() -> dict[str, str]:
    """Those of a course. What begins with a dot does so only in the course: tools would heed it in the template."""
    files = {path: text for path, text in _files().items() if not path.startswith(_OF_ASSIGNMENTS)}
    files[".gitignore"] = files.pop("gitignore")
    return files


def _assignment(name: str) -> dict[str, str]:
    """Those of an assignment, by the path that its name gives them."""
    return {_filled(path, _names(name)): text for path, text in _files().items() if path.startswith(_OF_ASSIGNMENTS)}


def _filled(text: str, names: dict[str, str]) -> str:
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text


def _write(folder: Path, files: dict[str, str], names: dict[str, str]) -> list[Path]:
    there = [path for path in files if (folder / path).exists()]
    if there:
        raise AutograderError(f"{folder} has {there[0]} already; nothing was written")
    written = []
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_filled(text, names), encoding="utf-8")
        written.append(place)
    return written
