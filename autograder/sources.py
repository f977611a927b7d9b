"""Source notebooks: what an instructor wrote, read and checked, and what students get of it.

Everything is computed in memory by nbgrader's own preprocessors; nothing is written and no database is opened.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from autograder.records import CourseError

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from nbgrader.coursedir import CourseDirectory  # type: ignore[import-untyped] # nbgrader has no types
    from traitlets.config import Config


@dataclass(frozen=True)
class Question:
    """One thing that is asked: a grade cell or a task cell of nbgrader's.

    `kind` is "hand" for what a person grades. `cell` is the index of its cell in the source notebook, and `grade_id`
    that cell's; `id` is the same, but where another notebook of the assignment has that grade_id, too.
    """

    id: str
    points: float
    kind: Literal["auto", "hand"]
    notebook: str
    cell: int
    grade_id: str = ""


@dataclass(frozen=True)
class SourceNotebook:
    """One notebook of an assignment, in three states, each as the JSON text of a valid nbformat 4 notebook.

    `source` is what the instructor wrote. `recorded` is what nbgrader's gradebook knows of it: no solutions, but hidden
    tests and mark schemes. `released` is what students get.
    """

    name: str
    source: str = field(repr=False)
    recorded: str = field(repr=False)
    released: str = field(repr=False)


def read_source(path: Path, assignment: str, directory: CourseDirectory) -> tuple[SourceNotebook, tuple[Question, ...]]:
    """The notebook at `path` and the questions in it. Raises CourseError naming the file and the cell."""
    notebook = _read(path)
    _in_python(path, notebook)
    questions = _questions(path, notebook)
    recorded, released = _release(path, notebook, assignment, directory)
    return SourceNotebook(path.stem, to_json(notebook), to_json(recorded), released), questions


def to_json(notebook: dict[str, Any]) -> str:
    """The notebook as JSON text."""
    return json.dumps(notebook, ensure_ascii=False)


def _read(path: Path) -> NotebookNode:
    import nbformat

    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
        # nbformat would invent random ids, and the release would differ each time it is built.
        if (raw["nbformat"], raw["nbformat_minor"]) >= (4, 5):
            seen = set()
            for index, cell in enumerate(raw["cells"]):
                if not cell.get("id") or cell["id"] in seen:
                    raise CourseError(f"{path}, cell {index}: its id is {'missing' if 'id' not in cell else 'doubled'}")
                seen.add(cell["id"])
        notebook: NotebookNode = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call] # untyped there
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        keys = list(error.absolute_path)
        cell = f", cell {keys[1]}" if len(keys) > 1 and keys[0] == "cells" else ""
        raise CourseError(f"{path}{cell}: {error.message}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CourseError(f"{path}: not a notebook: {type(error).__name__}: {error}") from None
    return notebook


def _in_python(path: Path, notebook: NotebookNode) -> None:
    """Raise `CourseError` for a notebook in another language."""
    metadata = notebook.metadata
    named = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    if named and "python" not in str(named).lower():
        raise CourseError(f"{path}: it is in {named}; only notebooks in Python are graded here, others by nbgrader")


def _questions(path: Path, notebook: NotebookNode) -> tuple[Question, ...]:
    from nbgrader.nbgraderformat import (  # type: ignore[import-untyped] # nbgrader has no types
        MetadataValidator,
        SchemaTooNewError,
        SchemaTooOldError,
        ValidationError,
    )

    validator = MetadataValidator()
    seen: dict[str, int] = {}
    questions = []
    for index, cell in enumerate(notebook.cells):
        try:
            validator.validate_cell(cell)
        except SchemaTooOldError as error:
            raise CourseError(f"{path}, cell {index}: {error}; `nbgrader update` brings it up to date") from None
        except SchemaTooNewError as error:
            raise CourseError(f"{path}, cell {index}: {error}; this nbgrader is too old for it") from None
        except (ValidationError, AttributeError, KeyError, TypeError) as error:
            reason = getattr(error, "message", "") or str(error)
            raise CourseError(f"{path}, cell {index}: nbgrader's metadata are wrong: {reason}") from None
        meta = cell.metadata.get("nbgrader", {})
        task = meta.get("task", False)
        if not (task or meta.get("grade") or meta.get("solution") or meta.get("locked")):
            continue
        id = meta.get("grade_id", "")  # noqa: A001 - it is a question's id everywhere
        if not id:
            raise CourseError(f"{path}, cell {index}: the cell has no grade_id")
        if id in seen:
            raise CourseError(f"{path}, cell {index}: the grade_id '{id}' is also that of cell {seen[id]}")
        seen[id] = index
        if task or meta.get("grade"):
            if "points" not in meta:
                raise CourseError(f"{path}, cell {index}: '{id}' has no points")
            kind: Literal["auto", "hand"] = "hand" if task or meta.solution else "auto"
            questions.append(Question(id, float(meta.points), kind, path.stem, index, id))
    return tuple(questions)


def rooted(config: Config, root: Path, source: Path) -> Config:
    """A copy of `config` in which what nbgrader looks for in its working folder is named by its place in the course.

    `source` is the assignment's folder, in which it looks for its templates of tests first.
    """
    config = copy.deepcopy(config)
    for end in ("header", "footer"):
        if name := config.IncludeHeaderFooter.get(end):
            config.IncludeHeaderFooter[end] = str(root / name)
    name = config.InstantiateTests.get("autotest_filename") or "autotests.yml"
    if not (source / name).exists() and (root / name).exists():
        config.InstantiateTests.autotest_filename = str(root / name)
    return config


def _release(
    path: Path, notebook: NotebookNode, assignment: str, directory: CourseDirectory
) -> tuple[NotebookNode, str]:
    """What the gradebook gets to know, and what students get: nbgrader's pipeline without its database."""
    from nbgrader.converters import GenerateAssignment  # type: ignore[import-untyped] # nbgrader has no types
    from nbgrader.preprocessors import SaveCells  # type: ignore[import-untyped] # nbgrader has no types

    recorded: list[NotebookNode] = []

    def record(seen: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        recorded.append(copy.deepcopy(seen))
        return seen, resources

    config = rooted(directory.config, Path(directory.root), path.parent)
    converter = GenerateAssignment(coursedir=directory, config=config)
    exporter = converter.exporter_class(parent=converter, config=converter.config)
    for preprocessor in converter.preprocessors:
        exporter.register_preprocessor(record if preprocessor is SaveCells else preprocessor)
    resources = {
        "unique_key": path.stem,
        "metadata": {"path": str(path.parent), "name": path.stem},
        "nbgrader": {"notebook": path.stem, "assignment": assignment, "student": ".", "db_url": ""},
    }
    try:
        released, _ = exporter.from_notebook_node(notebook, resources)
    except Exception as error:  # nbgrader raises RuntimeError, ValueError and others for what an instructor wrote
        raise CourseError(f"{path}: nbgrader cannot make a release of it: {error}") from error
    return (recorded or [notebook])[-1], released


def notebook_imports(sources: Iterable[str]) -> list[str]:
    """The modules that notebooks (JSON) import."""
    return list(dict.fromkeys(name.partition(":")[0] for name in imported_names(sources)))


def imported_names(sources: Iterable[str]) -> list[str]:
    """What notebooks (JSON) import: modules, and "module:name" where they take a name from one."""
    names: dict[str, None] = {}
    for source in sources:
        for cell in json.loads(source)["cells"]:
            if cell["cell_type"] != "code":
                continue
            for line in "".join(cell["source"]).splitlines():
                # Line by line: a magic beside an import must not hide it.
                try:
                    statements = ast.parse(line.strip()).body
                except SyntaxError:
                    continue
                for statement in statements:
                    if isinstance(statement, ast.Import):
                        names.update(dict.fromkeys(alias.name for alias in statement.names))
                    elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
                        names.update(dict.fromkeys(f"{statement.module}:{alias.name}" for alias in statement.names))
    return [name for name in names if name.replace(":", ".").partition(".")[0] != "autograder"]
