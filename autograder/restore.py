"""The second half of reading a submitted notebook: restored against the course's own.

The released notebook decides what is asked; the submission decides only the answers. Cells are put back by the rules of
nbgrader's `DeduplicateIds`, `OverwriteKernelspec` and `OverwriteCells` (with its `add_missing_cells`). Those are not
called, because they need a database and stop at the first surprise; the tests run both over the same notebooks.
"""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autograder.repair import Cell, UnreadableError, repair
from autograder.sources import SourceNotebook

MAX_NOTEBOOK = 20_000_000
"""Bytes of a notebook once its outputs are dropped."""

BINDS = re.compile(r"(?:def|class|import|from|async\s+def)\s|[A-Za-z_][\w,. ]*(?::[^=]*)?=(?!=)")


@dataclass(frozen=True)
class Restored:
    """A notebook ready to be run.

    `notebook` is valid nbformat 4.5 as JSON text, without outputs. `notes` say to the student what was repaired.
    `unanswered` are the grade_ids of answer cells that are still as they were released.
    """

    notebook: str
    notes: tuple[str, ...]
    unanswered: tuple[str, ...]


def restore(source: SourceNotebook, data: bytes, *, hidden_tests: bool = False) -> Restored:
    """The notebook in the file's bytes `data`, repaired and restored against `source`.

    With `hidden_tests`, test cells get back the hidden tests that nbgrader took out of the release, for a course whose
    questions are graded by these cells; otherwise they are put back as they were released.
    Raises UnreadableError for what is not a notebook.
    """
    try:
        return _restored(source, data, hidden_tests)
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None


def placeholder(source: SourceNotebook, reason: str) -> str:
    """The notebook as released, headed by `reason`: what stands in for a submission that could not be read."""
    notebook = json.loads(restore(source, source.released.encode()).notebook)
    text = html.escape(reason, quote=False)
    notebook["cells"].insert(0, {"cell_type": "markdown", "id": "unreadable", "metadata": {}, "source": text})
    return json.dumps(notebook)


def _restored(source: SourceNotebook, data: bytes, hidden_tests: bool) -> Restored:
    repaired = repair(data)
    notes = repaired.notes
    official = _official(source, hidden_tests)
    _note_metadata(repaired.metadata, official.metadata, notes)
    cells, unanswered = _restore(repaired.cells, official, notes)
    _number(cells)
    return Restored(_dump(cells, official.metadata, notes), tuple(notes), unanswered)


def _note_metadata(metadata: dict[str, Any] | None, official: dict[str, Any], notes: list[str]) -> None:
    if metadata is None:
        notes.append("The notebook's metadata are missing or wrong; the course's were used.")
        return
    if "widgets" in metadata:
        notes.append("The saved state of widgets was left out.")
    kernel, ours = metadata.get("kernelspec"), official.get("kernelspec", {}).get("name", "python3")
    name = kernel.get("name") if isinstance(kernel, dict) else None
    if not isinstance(name, str):
        notes.append(f"The notebook names no kernel; the course's ({ours}) was used.")
    elif name != ours:
        notes.append(f"The notebook asks for the kernel {name[:40]!a}; the course's ({ours}) was used.")


@dataclass(frozen=True)
class _OfficialCell:
    """A cell of the course's with nbgrader metadata, as it should be. `texts` are those that pass for its own."""

    grade_id: str
    cell: Cell
    texts: frozenset[str]
    locked: bool
    graded: bool
    answer: bool
    task: bool


@dataclass(frozen=True)
class _Official:
    """What the course says of a notebook: the cells with a grade_id in their order, and where else to know them by."""

    cells: dict[str, _OfficialCell]
    by_id: dict[str, str]
    by_text: dict[str, str]
    metadata: dict[str, Any]


@functools.lru_cache(maxsize=16)
def _official(source: SourceNotebook, hidden_tests: bool) -> _Official:
    released, recorded = json.loads(source.released), json.loads(source.recorded)
    known: dict[str, set[str]] = {}
    for cell in (*released["cells"], *recorded["cells"]):
        if grade_id := cell["metadata"].get("nbgrader", {}).get("grade_id"):
            known.setdefault(grade_id, set()).add("".join(cell["source"]))
    notebook = recorded if hidden_tests else released
    cells: dict[str, _OfficialCell] = {}
    by_id, by_text = {}, {}
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        grade_id = meta.get("grade_id")
        task, graded, answer = (bool(meta.get(key)) for key in ("task", "grade", "solution"))
        locked = not answer and (graded or task or bool(meta.get("locked")))
        if not grade_id or not (locked or answer):
            continue
        text = "".join(cell["source"])
        new = {"cell_type": cell["cell_type"], "id": cell.get("id"), "metadata": cell["metadata"], "source": text}
        if cell.get("attachments"):
            new["attachments"] = cell["attachments"]
        # An instructor's own notebook, handed in to see what it earns, has hidden tests in it.
        texts = frozenset(known[grade_id] | {_bare(each) for each in known[grade_id]})
        cells[grade_id] = _OfficialCell(grade_id, new, texts, locked, graded, answer, task)
        if locked:
            by_text.update(dict.fromkeys(filter(None, map(_bare, texts)), grade_id))
        elif cell.get("id"):
            by_id[cell["id"]] = grade_id
    kept = {key: value for key, value in notebook["metadata"].items() if key in ("kernelspec", "language_info")}
    return _Official(cells, by_id, by_text, kept)


def _bare(text: str) -> str:
    """The text without what editors change by themselves: line endings and white space at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _same(text: str, ours: _OfficialCell) -> bool:
    return text in ours.texts or _bare(text) in ours.texts


def _restore(cells: list[Cell], official: _Official, notes: list[str]) -> tuple[list[Cell], tuple[str, ...]]:
    """The cells in the order they are run, and the grade_ids of answers that were left as released."""
    owners = _owners(cells, official, notes)
    order: list[tuple[str | None, Cell]] = []
    unanswered: list[str] = []
    changed: list[str] = []
    kept: list[str] = []
    turned: list[str] = []
    for index, cell in enumerate(cells):
        ours = official.cells.get(owners.get(index, ""))
        if ours is None:
            order.append((None, {**cell, "metadata": {}}))
            continue
        new = {**ours.cell, "id": cell["id"]}
        if ours.locked:
            if not _same(cell["source"], ours) or cell["cell_type"] != ours.cell["cell_type"]:
                changed.append(ours.grade_id)
                if _adds(cell, ours):
                    kept.append(ours.grade_id)
                    order.append((None, {**cell, "id": None, "metadata": {}}))
        else:
            if cell["cell_type"] != ours.cell["cell_type"]:
                if cell["cell_type"] == "code" and any(map(BINDS.match, cell["source"].splitlines())):
                    order.append((None, {**cell, "id": None, "metadata": {}}))  # it was code, so it is run
                turned.append(ours.grade_id)
            new["source"] = cell["source"]
            new.pop("attachments", None)
            if "attachments" in cell and new["cell_type"] != "code":
                new["attachments"] = cell["attachments"]
            if _same(cell["source"], ours):
                unanswered.append(ours.grade_id)
        order.append((ours.grade_id, new))
    _note_names(notes, "Cells of the course that were changed, and were put back", changed)
    _note_names(notes, "What was added in such cells was kept in a cell of its own", kept)
    _note_names(notes, "Cells that were turned from code into text or back, and have their type again", turned)
    _put_back(order, official, notes)
    _settle(order, official, notes)
    return [cell for _, cell in order], tuple(unanswered)


def _owners(cells: list[Cell], official: _Official, notes: list[str]) -> dict[int, str]:
    """Which cell stands for which of the course's: by grade_id, else by cell id or, for a locked one, by its text."""
    claims: dict[str, list[int]] = {}
    loose: list[int] = []
    unknown = 0
    for index, cell in enumerate(cells):
        meta = cell["metadata"].get("nbgrader")
        grade_id = meta.get("grade_id") if isinstance(meta, dict) else None
        if isinstance(grade_id, str) and grade_id in official.cells:
            claims.setdefault(grade_id, []).append(index)
        else:
            unknown += grade_id is not None
            loose.append(index)
    if unknown:
        notes.append(f"{unknown} cell{'s' if unknown > 1 else ''} had a grade_id that the course does not know.")
    owners: dict[int, str] = {}
    for grade_id, indices in claims.items():
        ours = official.cells[grade_id]
        # nbgrader keeps the last. One of the right type is better, and a test that is unchanged, an answer that is not.
        owner = max(indices, key=lambda index: (*_fits(cells[index], ours), index))
        owners[owner] = grade_id
    doubled = sorted(grade_id for grade_id, indices in claims.items() if len(indices) > 1)
    _note_names(notes, "Cells that came more than once; all were run, and what was defined last counts", doubled)
    for index in loose:
        cell = cells[index]
        grade_id = official.by_id.get(cell["id"]) or official.by_text.get(_bare(cell["source"]))
        if grade_id and grade_id not in claims:
            claims[grade_id] = [index]
            owners[index] = grade_id
    return owners


def _fits(cell: Cell, ours: _OfficialCell) -> tuple[bool, bool]:
    return cell["cell_type"] == ours.cell["cell_type"], _same(cell["source"], ours) == ours.locked


def _adds(cell: Cell, ours: _OfficialCell) -> bool:
    """Whether a changed cell defines, or in text says, something that the course's does not: work not to be lost."""
    known = {line.rstrip() for line in ours.cell["source"].splitlines()}
    new = [line for line in cell["source"].splitlines() if line.strip() and line.rstrip() not in known]
    return any(map(BINDS.match, new)) if cell["cell_type"] == "code" else bool(new)


def _put_back(order: list[tuple[str | None, Cell]], official: _Official, notes: list[str]) -> None:
    """Adds the course's cells that are missing, except answers: an empty answer could hide one given elsewhere."""
    names = list(official.cells)
    missing = [name for name in names if name not in {grade_id for grade_id, _ in order}]
    for name in missing:
        ours, at = official.cells[name], names.index(name)
        if ours.answer and not ours.graded:
            continue
        place = {grade_id: index for index, (grade_id, _) in enumerate(order) if grade_id}
        after = [place[later] for later in names[at + 1 :] if later in place]
        if ours.task:
            index = len(order)
        elif at and names[at - 1] in place:
            index = _after(order, place[names[at - 1]])
        elif ours.graded or any(earlier in place for earlier in names[:at]):
            index = after[0] if after else len(order)
        else:
            index = 0
        order.insert(index, (name, _missing_cell(ours)))
    back = [name for name in missing if official.cells[name].locked or official.cells[name].graded]
    lost = [name for name in missing if name not in back]
    _note_names(notes, "Cells of the course that were missing, and were put back", back)
    _note_names(notes, "Cells for answers that were missing; what other cells define counts", lost)


def _after(order: list[tuple[str | None, Cell]], at: int) -> int:
    """The place behind the cell at `at`, and behind the code that follows it before the course's next cell."""
    end = next((index for index in range(at + 1, len(order)) if order[index][0]), len(order))
    return max([at, *(index for index in range(at + 1, end) if order[index][1]["cell_type"] == "code")]) + 1


def _missing_cell(ours: _OfficialCell) -> Cell:
    """The cell to add, headed by nbgrader's words; of an answer in code only these, so that it defines nothing."""
    if not ours.graded and not ours.task:
        return dict(ours.cell)
    notice = f"This cell (id:{ours.grade_id}) was missing from the submission. It was added back by nbgrader.\n\n"
    if ours.cell["cell_type"] == "code":
        notice = f"# {notice}"
    only_notice = ours.answer and ours.cell["cell_type"] == "code"
    return {**ours.cell, "source": notice if only_notice else notice + ours.cell["source"]}


def _settle(order: list[tuple[str | None, Cell]], official: _Official, notes: list[str]) -> None:
    """Moves the course's imports and helpers up to before the first cell that came after them in the release."""
    names, moved = list(official.cells), []
    for at, name in enumerate(names):
        ours = official.cells[name]
        if not ours.locked or ours.graded or ours.task:
            continue
        place = {grade_id: index for index, (grade_id, _) in enumerate(order) if grade_id}
        first = min((place[later] for later in names[at + 1 :] if later in place), default=len(order))
        if first < place[name]:
            order.insert(first, order.pop(place[name]))
            moved.append(name)
    _note_names(notes, "Cells of the course that stood too late, and were moved up", moved)


def _note_names(notes: list[str], what: str, names: Iterable[str]) -> None:
    if listed := ", ".join(f"'{name}'" for name in names):
        notes.append(f"{what}: {listed}.")


# Writing


def _number(cells: list[Cell]) -> None:
    """Gives an id to every cell that has none of its own; the same ones each time."""
    used: set[str] = set()
    for cell in cells:
        if cell["id"] in used:
            cell["id"] = None
        used.add(cell["id"])
    for index, cell in enumerate(cells):
        if cell["id"] is None:
            number = index
            while (name := f"cell-{number}") in used:
                number += len(cells)
            used.add(name)
            cell["id"] = name


def _dump(cells: list[Cell], metadata: dict[str, Any], notes: list[str]) -> str:
    for cell in cells:
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(notebook, ensure_ascii=False)
    if len(text.encode()) > MAX_NOTEBOOK and any("attachments" in cell for cell in cells):
        for cell in cells:
            cell.pop("attachments", None)
        notes.append("The notebook is over 20 MB; its attached pictures were left out.")
        text = json.dumps(notebook, ensure_ascii=False)
    if (size := len(text.encode())) > MAX_NOTEBOOK:
        raise UnreadableError(f"it is too large: {size / 1e6:.0f} MB without outputs, where 20 MB are allowed")
    return text
