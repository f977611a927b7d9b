"""Source -> release, with nbgrader's own preprocessors, and then the proof that nothing leaked.

A release that does not prove itself is refused with the reason, and `release/` stays as it was. Proven is that two
builds are the same to the byte, that no text of an answer, a hidden test, a mark scheme or a check is left in any
file, that the model answer earns full marks, and that what students get earns nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, load_assignment
from autograder.gradebook import ensure_assignment
from autograder.records import Grade, ReleaseError, Verdict
from autograder.sources import rooted
from autograder.validate import FILE
from autograder.visible import visible_checks

GradeNotebooks = Callable[[Assignment, dict[str, str]], Grade]
"""Grades notebooks, given as JSON text by their name, as a submission of the assignment would be."""

SHORT, LONG = 8, 24
"""Characters from which a hidden line is looked for: as a whole line of a notebook, and anywhere in any file."""

WINDOW = 5
"""Lines in a row that a file must share with a check or a reference to have been copied from it."""

MARKER = re.compile(
    r"^[\s#=/<!%*-]*[#=/<!%*-]\s*(begin|end)[\s_-]+(solutions?|hidden[\s_-]+tests?|mark(ing)?[\s_-]+scheme)\b.*",
    re.IGNORECASE | re.MULTILINE,
)


def release(course: Course, name: str, grade: GradeNotebooks) -> Path:
    """Builds, proves and writes `release/<name>`, and tells the gradebook; the folder comes back.

    Raises CourseError for a source that is wrong, ReleaseError for a release that did not prove itself.
    """
    assignment = load_assignment(course, name)
    files = build(course, name)
    prove(course, assignment, files, grade)
    folder = course.path("release", name)
    if _read(folder) != files:
        _replace(folder, files)
    ensure_assignment(course, assignment)
    return folder


def build(course: Course, name: str) -> dict[str, bytes]:
    """What nbgrader's `generate_assignment` makes of `source/<name>`, and the visible checks: files by relative path.

    Writes nothing.
    """
    from nbgrader.converters import GenerateAssignment  # type: ignore[import-untyped] # nbgrader has no types
    from nbgrader.coursedir import CourseDirectory  # type: ignore[import-untyped] # nbgrader has no types

    with tempfile.TemporaryDirectory() as place:
        config = rooted(course.config, course.root, course.path("source", name))
        config.CourseDirectory.assignment_id = name
        config.CourseDirectory.release_directory = os.path.realpath(place)
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False  # the gradebook learns of a release when it is proven
        directory = CourseDirectory(config=config, root=str(course.root))
        try:
            GenerateAssignment(coursedir=directory, config=config).start()
        except Exception as error:
            raise ReleaseError(
                f"{course.path('source', name)}: nbgrader cannot make a release of it: {error}"
            ) from error
        files = _read(Path(directory.format_path(directory.release_directory, ".", name)))
    visible = visible_checks(load_assignment(course, name))
    if FILE in files:
        raise ReleaseError(f"{course.path('source', name)}: {FILE} is the name of the file of visible checks")
    return {**files, FILE: visible.to_json(name)} if visible.checks else files


def prove(course: Course, assignment: Assignment, files: dict[str, bytes], grade: GradeNotebooks) -> None:
    """Raises ReleaseError with all the reasons why `files` must not go out."""
    reasons = [
        *_unstable(files, build(course, assignment.id)),
        *_incomplete(assignment, files),
        *_leaks(course, assignment, files),
    ]
    if not reasons:
        reasons += _model_answer_faults(grade(assignment, {each.name: each.source for each in assignment.notebooks}))
        released = {each.name: files[f"{each.name}.ipynb"].decode() for each in assignment.notebooks}
        reasons += _blank_faults(grade(assignment, released))
    if reasons:
        listed = "".join(f"\n  - {reason}" for reason in dict.fromkeys(reasons))
        raise ReleaseError(f"{course.path('source', assignment.id)}: the release is refused:{listed}")


def _unstable(files: dict[str, bytes], again: dict[str, bytes]) -> Iterator[str]:
    for path in sorted(files.keys() | again.keys()):
        if files.get(path) != again.get(path):
            yield f"{path} differs between two builds"


def _incomplete(assignment: Assignment, files: dict[str, bytes]) -> Iterator[str]:
    for source in assignment.notebooks:
        if files.get(f"{source.name}.ipynb", b"").decode().rstrip("\n") != source.released.rstrip("\n"):
            yield f"{source.name}.ipynb is not what its source notebook gives"


# What must not be left


@dataclass(frozen=True)
class _Hidden:
    """Text that students must not see: one region, or one cell. `what` names it, `lines` are stripped, none blank."""

    what: str
    lines: tuple[str, ...]


def _leaks(course: Course, assignment: Assignment, files: dict[str, bytes]) -> Iterator[str]:
    hidden: list[_Hidden] = []
    public: dict[str, tuple[str, ...]] = {}
    regions = _delimiters(course)
    for source in assignment.notebooks:
        for index, cell in enumerate(json.loads(source.source)["cells"]):
            where = f"{source.name}.ipynb, cell {index}"
            secrets, public[where] = _split(cell, where, regions)
            hidden += secrets
    known = "\n".join("\n".join(lines) for lines in public.values())
    yield from _pasted(hidden, public)
    yield from _copied(course, assignment, files)
    lines = {line: each.what for each in hidden for line in each.lines if len(line) >= SHORT and line not in known}
    for path, data in files.items():
        notebook = json.loads(data) if path.endswith(".ipynb") else None
        for where, text in _texts(path, notebook) if notebook else [(path, data.decode("utf-8", "replace"))]:
            if marker := MARKER.search(text):
                yield f"{where} still has the line {marker[0].strip()!r}"
            whole = {line.strip() for line in text.splitlines()} if notebook else set()
            for line, what in lines.items():
                if line in whole or (len(line) >= LONG and line in text):
                    yield f"{where} shows {what}: {line!r}"
        for index, cell in enumerate(notebook["cells"] if notebook else ()):
            if cell.get("outputs"):
                yield f"{path}, cell {index} has outputs"
            if cell.get("attachments") and cell["metadata"].get("nbgrader", {}).get("solution"):
                yield f"{path}, cell {index} still has the pictures attached to the answer"


def _delimiters(course: Course) -> dict[str, tuple[str, str]]:
    from nbgrader import preprocessors  # type: ignore[import-untyped] # nbgrader has no types

    solutions = preprocessors.ClearSolutions(config=course.config)
    tests = preprocessors.ClearHiddenTests(config=course.config)
    scheme = preprocessors.ClearMarkScheme(config=course.config)
    return {
        "the answer": (solutions.begin_solution_delimeter, solutions.end_solution_delimeter),
        "the hidden tests": (tests.begin_test_delimeter, tests.end_test_delimeter),
        "the mark scheme": (scheme.begin_mark_scheme_delimeter, scheme.end_mark_scheme_delimeter),
    }


def _split(
    cell: dict[str, Any], where: str, regions: dict[str, tuple[str, str]]
) -> tuple[list[_Hidden], tuple[str, ...]]:
    """The hidden parts of a source cell, and the lines that are for everyone, as nbgrader tells them apart."""
    text = "".join(cell["source"])
    meta = cell["metadata"].get("nbgrader", {})
    name = meta.get("grade_id") or where
    parts: dict[str, list[str]] = {what: [] for what in regions}
    public: list[str] = []
    within = ""
    for line in text.splitlines():
        starts = [what for what, (begin, _) in regions.items() if begin in line]
        ends = [what for what, (_, end) in regions.items() if end in line]
        if starts:
            within = starts[0]
        elif ends:
            within = ""
        elif line.strip():
            (parts[within] if within else public).append(line.strip())
    if meta.get("solution") and regions["the answer"][0] not in text:  # then nbgrader replaces the whole cell
        parts["the answer"] += public
        public = []
    return [_Hidden(f"{what} of '{name}'", tuple(lines)) for what, lines in parts.items() if lines], tuple(public)


def _pasted(hidden: list[_Hidden], public: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """A hidden part that stands, whole, in a part for everyone too."""
    for each in hidden:
        block = "\n".join(each.lines)
        if len(block) < (40 if len(each.lines) > 1 else 60):
            continue  # so short that it may well be said twice
        for where, lines in public.items():
            if block in "\n".join(lines):
                yield f"{where} shows {each.what}, word for word"


def _copied(course: Course, assignment: Assignment, files: dict[str, bytes]) -> Iterator[str]:
    """Files beside the notebooks that hold a piece of a check or of a reference."""
    module = assignment.id.replace("-", "_")
    checks = sorted(assignment.checks.glob("*.py")) if assignment.checks else []
    for secret in [*(course.root / "solutions").glob(f"{module}.py"), *checks]:
        pieces = _windows(secret.read_text(encoding="utf-8"))
        for path, data in files.items():
            if not path.endswith(".ipynb") and pieces & _windows(data.decode("utf-8", "replace")):
                yield f"{path} holds a piece of {secret.relative_to(course.root)}"


def _windows(text: str) -> set[tuple[str, ...]]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {tuple(lines[start : start + WINDOW]) for start in range(len(lines) - WINDOW + 1)}


def _texts(path: str, notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every string in a notebook, and where it stands."""
    for index, cell in enumerate(notebook["cells"]):
        yield f"{path}, cell {index}", "".join(cell["source"])
        for text in _strings({key: value for key, value in cell.items() if key != "source"}):
            yield f"{path}, cell {index}", text
    for text in _strings(notebook["metadata"]):
        yield f"{path}, metadata", text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if all(isinstance(each, str) for each in value):
            yield "".join(value)
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)


# What the grades must be


def _model_answer_faults(grade: Grade) -> Iterator[str]:
    yield from (f"the model answer: {sentence}" for sentence in grade.attention)
    for notebook in grade.notebooks:
        for index in notebook.cells_failed:
            yield f"the model answer: cell {index} of {notebook.path} fails"
    for question in grade.questions:
        if question.graded_by == "hand" or (question.score or 0.0) >= question.max_score - 1e-9:
            continue
        lost = [check for check in question.checks if check.verdict is not Verdict.PASS]
        why = "; ".join(f"{check.id}: {check.verdict}, {check.message or check.title}" for check in lost)
        score = f"{question.score or 0.0:g} of {question.max_score:g}"
        yield f"the model answer earns {score} points on '{question.id}'" + (f" ({why})" if why else "")


def _blank_faults(grade: Grade) -> Iterator[str]:
    yield from (f"the released notebook: {sentence}" for sentence in grade.attention)
    for question in grade.questions:
        if question.score:
            passed = [check.id for check in question.checks if check.verdict is Verdict.PASS]
            why = f" ({', '.join(passed)})" if passed else ""
            yield f"the released notebook earns {question.score:g} points on '{question.id}' without an answer{why}"


# Files


def _read(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _replace(folder: Path, files: dict[str, bytes]) -> None:
    """Puts `files` in the place of `folder`, which is never there by halves."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        new, old = place / "new", place / "old"
        for path, data in files.items():
            target = new / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        shutil.rmtree(place)
