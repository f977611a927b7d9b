"""An autograder for Gradescope: one zip in which our examiner and jail come along, with all that they need.

Gradescope unpacks it to `/autograder/source`, runs `setup.sh` once and `run_autograder` for each submission. That is
`gradescope_run`, beside this file. docs/gradescope.md says how to use it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.course import CONFIG_FILES, SECRET_FILE, Assignment, Course
from autograder.export.package import pins, python_version, write_wheel, write_zip
from autograder.sources import notebook_imports

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
# Limits of assignments that are not in the zip would be refused there as limits of assignments that do not exist.
_ONE_ASSIGNMENT = """
# Of the course, {id} alone is here.
c = get_config()
if c.Autograder.get("assignments"):
    c.Autograder.assignments = {{k: v for k, v in c.Autograder.assignments.items() if k == {id!r}}}
"""


def write_gradescope(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write `autograder.zip` for `assignment` to `folder`."""
    pinned = pins(notebook_imports(notebook.source for notebook in assignment.notebooks))
    version = python_version(pinned)
    files = {
        "setup.sh": _template("gradescope_setup.sh", python=f"{version[0]}.{version[1]}", version=str(version)),
        "run_autograder": _template("gradescope_run.sh"),
        "requirements.txt": "".join(f"{pin}\n" for pin in pinned).encode(),
    }
    files.update({f"course/{name}": data for name, data in course_files(course, assignment).items()})
    with tempfile.TemporaryDirectory() as place:
        wheel = write_wheel(Path(place))
        files[wheel.name] = wheel.read_bytes()
    path = folder / "autograder.zip"
    write_zip(path, files, executable=("setup.sh", "run_autograder"))
    return [path]


def course_files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """The files with which `assignment` is graded elsewhere, by path in a course's folder: secrets, all of them."""
    files = {SECRET_FILE: course.secret + b"\n"}
    for name in CONFIG_FILES:
        if (course.root / name).is_file():
            text = (course.root / name).read_text(encoding="utf-8") + _ONE_ASSIGNMENT.format(id=assignment.id)
            files[name] = text.encode()
    source = course.path("source", assignment.id)
    needed = [*source.rglob("*"), *(course.root / "solutions").rglob("*")]
    if assignment.checks is not None:
        needed += [*assignment.checks.rglob("*"), *assignment.checks.parent.glob("*.py")]
    for path in sorted(needed):
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
            files[path.relative_to(course.root).as_posix()] = path.read_bytes()
    return files


def _template(name: str, **values: str) -> bytes:
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    for word, value in values.items():
        text = text.replace("{{" + word + "}}", value)
    return text.encode()
