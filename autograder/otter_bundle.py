"""An autograder of otter-grader's, read: its tests, points and files; and the submissions that it is to grade.

The tests are read by otter's own library. They are an instructor's, and trusted; the submissions are not.
"""

from __future__ import annotations

import ast
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.folders import MAX_FILES, Refused, read_file, read_tree
from autograder.records import AutograderError, CourseError, Limits
from autograder.repair import Repaired, UnreadableError, repair
from autograder.restore import restore
from autograder.sources import SourceNotebook

_CONFIG = "otter_config.json"
_EMPTY = json.dumps(
    {
        "cells": [],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
_LARGEST = 100_000_000


@dataclass(frozen=True)
class OtterCase:
    """One test case. `code` is a doctest's; empty for a case that is a function of its file."""

    name: str
    points: float
    hidden: bool
    code: str
    praise: str
    hint: str


@dataclass(frozen=True)
class OtterTest:
    """One test file: `file` is the name that `grader.check` takes, `name` that of the results.

    `source` is the file's text if its cases are functions, in the order of `cases`.
    """

    file: str
    name: str
    all_or_nothing: bool
    cases: tuple[OtterCase, ...]
    source: str

    @property
    def points(self) -> float:
        """The points of all its cases."""
        return sum(case.points for case in self.cases)


@dataclass(frozen=True)
class Bundle:
    """What grades an assignment in otter. `left_out` are sentences on what of it has no effect here."""

    name: str
    tests: tuple[OtterTest, ...]
    files: tuple[tuple[str, bytes], ...]
    config: dict[str, Any]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class OtterSubmission:
    """What one student handed in: a notebook as JSON text, ready to run, or why there is none."""

    student: str
    path: str
    notebook: str
    files: tuple[tuple[str, bytes], ...] = ()
    notes: tuple[str, ...] = ()
    unreadable: str = ""


def read_bundle(path: Path) -> Bundle:
    """The autograder in a zip that otter made, or in a notebook whose metadata has the tests.

    Raises CourseError for what is neither, or has tests that otter itself does not accept.
    """
    try:
        from otter.nbmeta_config import NBMetadataConfig
        from otter.test_files import create_test_file
        from otter.test_files.ok_test import OKTestFile
    except ImportError:
        raise AutograderError("otter-grader is not installed; `pip install dl-autograder[otter]` does that") from None
    if path.suffix not in (".zip", ".ipynb"):
        raise CourseError(f"{path}: not an autograder of otter's, which is a .zip or a notebook with its tests")
    try:
        data = path.read_bytes()
        entries = _entries(data) if path.suffix == ".zip" else {}
        config = json.loads(entries.get(_CONFIG, b"{}"))
        meta = NBMetadataConfig()
        if path.suffix == ".ipynb":
            meta = NBMetadataConfig(json.loads(data)["metadata"].get("otter", {}))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CourseError(f"{path}: not an autograder of otter's: {error}") from None
    if config.get("lang", "python") != "python" or config.get("grade_from_log"):
        raise CourseError(f"{path}: only notebooks and scripts in Python that are run can be graded, no logs and no R")
    sources = {
        name.removeprefix("tests/").removesuffix(".py"): text.decode("utf-8")
        for name, text in sorted(entries.items())
        if name.startswith("tests/") and name.endswith(".py") and name.count("/") == 1
    }
    tests = []
    for name in [*sources, *(meta.tests or {})]:
        try:
            if name in sources:
                with tempfile.TemporaryDirectory() as folder:
                    file = Path(folder, f"{name}.py")
                    file.write_text(sources[name], encoding="utf-8")
                    read = create_test_file(str(file), meta)
            else:
                read = create_test_file(str(path), meta, name)
        except Exception as error:  # whatever otter, or an instructor's file, raises
            raise CourseError(f"{path}: tests/{name}.py: {type(error).__name__}: {error}") from error
        tests.append(_test(name, read, isinstance(read, OKTestFile)))
    if not tests:
        raise CourseError(f"{path}: there are no tests in it that are written in Python")
    files = {name.removeprefix("files/"): content for name, content in entries.items() if name.startswith("files/")}
    name = str(config.get("assignment_name") or path.stem)
    left_out = tuple(f"plugins are not run: {_plugins(config)}" for _ in range(bool(config.get("plugins"))))
    return Bundle(PurePosixPath(name).name, tuple(tests), tuple(files.items()), config, left_out)


def _test(file: str, read: Any, ok: bool) -> OtterTest:
    cases = tuple(
        OtterCase(
            name=str(case.name),
            points=float(case.points),
            hidden=bool(case.hidden),
            code=case.body if ok else "",
            praise=case.success_message or "",
            hint=case.failure_message or "",
        )
        for case in read.test_cases
    )
    return OtterTest(file, str(read.name), bool(read.all_or_nothing), cases, "" if ok else read.source)


def _plugins(config: dict[str, Any]) -> str:
    return ", ".join(name if isinstance(name, str) else next(iter(name)) for name in config["plugins"])


def find_submissions(folder: Path) -> list[Path]:
    """What is in a folder of submissions, by student: a notebook, a script, a zip or a folder each, sorted.

    Raises CourseError for a folder that is not there or has none.
    """
    if not folder.is_dir():
        raise CourseError(f"{folder}: there is no such folder of submissions")
    found = [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", "__"))
        and (path.suffix in (".ipynb", ".py", ".zip") or (path.is_dir() and not path.is_symlink()))
    ]
    if not found:
        raise CourseError(f"{folder}: there is no submission in it: no notebook, script, zip or folder")
    return found


def read_otter_submission(path: Path, bundle: Bundle, limits: Limits) -> OtterSubmission:
    """What is at a path that `find_submissions` gave. Never raises for what is in it."""
    student = path.stem if path.is_file() else path.name
    try:
        files = _handed_in(path, limits)
        name, data = _choose(files)
        notes: tuple[str, ...] = ()
        if name.endswith(".py"):
            notebook = _script(data)
        else:
            restored = restore(SourceNotebook(student, _EMPTY, _EMPTY, _EMPTY), data)
            notebook, notes = restored.notebook, restored.notes
            repaired = repair(data)
            notebook = _with_otter_s_metadata(notebook, [cell["metadata"] for cell in repaired.cells])
            wanted, given = bundle.config.get("assignment_name"), _assignment_of(repaired)
            if wanted and given != wanted:
                raise UnreadableError(f"it is a notebook of the assignment '{given}', and this is '{wanted}'")
    except (Refused, UnreadableError, OSError, ValueError, zipfile.BadZipFile) as error:
        return OtterSubmission(student, path.name, _EMPTY, unreadable=f"{path.name} cannot be graded: {error}.")
    # What the course gives takes the place of what was handed in under the same name.
    others = {place: content for place, content in files.items() if place != name and not place.endswith(".ipynb")}
    return OtterSubmission(student, name, notebook, tuple({**others, **dict(bundle.files)}.items()), notes)


def _handed_in(path: Path, limits: Limits) -> dict[str, bytes]:
    """The files of one submission, by their path in it."""
    if path.is_dir():
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            files = dict(read_tree(handle, [], limits.files_mb * 2**20).files)
            for name in os.listdir(handle):
                if name.endswith(".ipynb") and not name.startswith("."):
                    files[name] = read_file(handle, name, _LARGEST)
        finally:
            os.close(handle)
        return files
    data = read_file(None, str(path), _LARGEST)
    return _entries(data, limits.files_mb * 2**20) if path.suffix == ".zip" else {path.name: data}


def _choose(files: dict[str, bytes]) -> tuple[str, bytes]:
    """The notebook of a submission, else its script."""
    for kind, word in ((".ipynb", "notebooks"), (".py", "scripts")):
        found = [name for name in files if name.endswith(kind) and "/" not in name and name != "__init__.py"]
        if len(found) > 1:
            raise Refused(f"there are {len(found)} {word} in it")
        if found:
            return found[0], files[found[0]]
    raise Refused("there is no notebook in it")


def _assignment_of(repaired: Repaired) -> str:
    """The assignment that a notebook's metadata name; empty if none."""
    ours = (repaired.metadata or {}).get("otter")
    return str(ours.get("assignment_name") or "") if isinstance(ours, dict) else ""


def _with_otter_s_metadata(text: str, metadata: list[Any]) -> str:
    """The notebook, whose cells have lost their metadata, with what otter goes by in them."""
    notebook = json.loads(text)
    for cell, meta in zip(notebook["cells"], metadata, strict=True):
        if isinstance(meta, dict):
            cell["metadata"].update({key: meta[key] for key in ("otter", "tags") if key in meta})
    return json.dumps(notebook, ensure_ascii=False)


def _entries(data: bytes, limit: int = 2**30) -> dict[str, bytes]:
    """The files in a zip by their path, none of which leads out of it. Raises Refused for one that is too large."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > limit:
            raise Refused(f"it holds more than {MAX_FILES} files or {limit / 2**20:.0f} MiB")
        found = {}
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            if not entry.filename.startswith("/") and ".." not in parts and parts[0] != "__MACOSX":
                with archive.open(entry) as file:  # no more than it says that it has
                    found["/".join(parts)] = file.read(entry.file_size)
    return found


def _script(data: bytes) -> str:
    """A script as a notebook: a cell ends where a check is made, for it is made on what there is then."""
    text = data.decode("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    ends = []
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        statements = []
    for statement in statements:
        if list(checked_in(statement)):
            ends.append(statement.end_lineno or len(lines))
    starts = [0, *ends]
    cells = [
        {"cell_type": "code", "id": f"part-{start}", "metadata": {}, "source": "".join(lines[start:end])}
        for start, end in zip(starts, [*ends, len(lines)], strict=True)
        if start < len(lines)
    ]
    notebook = {**json.loads(_EMPTY), "cells": [{**cell, "outputs": [], "execution_count": None} for cell in cells]}
    return json.dumps(notebook)


def checked_in(statement: ast.AST) -> Iterator[str]:
    """The names that `.check("name")` is called with in a statement when it runs: not within what it only defines."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    match statement:
        case ast.Call(func=ast.Attribute(attr="check"), args=[ast.Constant(value=str(name)), *_]):
            yield name
        case ast.Call(
            func=ast.Attribute(attr="check"), keywords=[ast.keyword("question", ast.Constant(str(name))), *_]
        ):
            yield name
    for part in ast.iter_child_nodes(statement):
        yield from checked_in(part)
