"""The first half of reading a submitted notebook: decoded and repaired, cell by cell.

What comes in is whatever a student's disk held, so nothing here trusts a type: every cell that goes out is built anew
from the few fields that count. What was repaired is told in a note; what is not a notebook is refused with the reason.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

MAX_CELLS = 10_000

MAX_VALUES = 5_000_000
"""Values in one JSON file: Python needs some eighty bytes for each, though the file may need but two."""

NOT_NOTEBOOKS = (
    (b"PK\x03\x04", "it is a zip archive"),
    (b"PK\x05\x06", "it is a zip archive"),
    (b"\x1f\x8b", "it is a gzip archive"),
    (b"%PDF", "it is a PDF document"),
    (b"\x89PNG", "it is a picture"),
    (b"\xff\xfe", "it is encoded as UTF-16, not UTF-8"),
    (b"\xfe\xff", "it is encoded as UTF-16, not UTF-8"),
    (b"<<<<<<<", "it holds an unresolved merge conflict"),
    (b"<", "it is a web page (HTML or XML), not a notebook"),
)

CELL_TYPES = ("code", "markdown", "raw")
OLD_TYPES = {"heading": "markdown", "html": "markdown", "text": "markdown", "plaintext": "raw"}
OUTPUT_TYPES = ("stream", "display_data", "execute_result", "error")
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")

Cell = dict[str, Any]


class UnreadableError(Exception):
    """The file cannot be read as a notebook; the message says why, as the end of a sentence about the file."""


@dataclass(frozen=True)
class Repaired:
    """What was found in a file. A cell has `cell_type`, `source`, `metadata` and `id` (None if it needs a new one)."""

    cells: list[Cell]
    metadata: dict[str, Any] | None
    notes: list[str]


def repair(data: bytes) -> Repaired:
    """The notebook in the bytes of a file, repaired. Raises UnreadableError for what is not a notebook."""
    notes: list[str] = []
    notebook = _parse(data, notes)
    found, metadata = notebook.get("cells"), notebook.get("metadata")
    minor = _version(notebook, notes)
    if not isinstance(found, list):
        raise UnreadableError("it is not a notebook: it has no list of cells")
    if len(found) > MAX_CELLS:
        raise UnreadableError(f"it has {len(found)} cells, where {MAX_CELLS} are allowed")
    cells = _cells(found, minor >= 5, notes)
    return Repaired(cells, metadata if isinstance(metadata, dict) else None, notes)


def _parse(data: bytes, notes: list[str]) -> dict[str, Any]:
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        notes.append("The file started with a byte order mark, which was ignored.")
    head = data.lstrip()[:8]
    if not head:
        raise UnreadableError("it is empty")
    for start, reason in NOT_NOTEBOOKS:
        if head.startswith(start):
            raise UnreadableError(reason)
    if b"\0" in head[:4]:
        raise UnreadableError("it is encoded as UTF-16 or UTF-32, not UTF-8")
    if _values(data) > MAX_VALUES and _values(STRING.sub(b"", data)) > MAX_VALUES:
        raise UnreadableError("it has too many values to be a notebook")
    strange: set[str] = set()
    try:
        parsed = json.loads(data.decode(), parse_int=_integer, parse_constant=strange.add)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not encoded in UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(_why_not_json(error)) from None
    if not isinstance(parsed, dict):
        raise UnreadableError("it is not a notebook: there is no object at its top")
    if strange:
        notes.append(f"The file holds {' and '.join(sorted(strange))}, which JSON does not have; they were ignored.")
    return parsed


def _values(data: bytes) -> int:
    return sum(map(data.count, (b",", b"[", b"{")))


def _integer(digits: str) -> float:
    # Python refuses to convert thousands of digits, and no integer that means anything here is that large.
    return int(digits) if len(digits) < 19 else math.inf


def _why_not_json(error: json.JSONDecodeError) -> str:
    if re.search(r"^(<{7}|={7}|>{7})", error.doc, re.MULTILINE):
        return "it holds an unresolved merge conflict"
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        return "it is cut off: the file ends in the middle of the notebook"
    return f"it is not JSON ({error.msg}, line {error.lineno})"


def _version(notebook: dict[str, Any], notes: list[str]) -> int:
    """The minor version of its format; notes what is unusual. Another major version is not read."""
    major, minor = notebook.get("nbformat"), notebook.get("nbformat_minor")
    if type(major) is not int or not 0 < major < 100:
        if not isinstance(notebook.get("cells"), list) or str(major) not in ("None", "4", "4.0"):
            raise UnreadableError("it is not a notebook: it says no nbformat")
        notes.append("The notebook's nbformat is missing or wrong; it was read as nbformat 4.")
    elif major != 4:
        raise UnreadableError(f"it is in nbformat {major}; only nbformat 4 can be graded")
    if type(minor) is not int or not 0 <= minor < 100:
        notes.append("The notebook's nbformat_minor is missing or wrong; it was read as nbformat 4.5.")
        return 0
    if minor != 5:
        notes.append(f"The notebook is in nbformat 4.{minor}; it was read as nbformat 4.5.")
    return minor


def _cells(found: list[Any], with_ids: bool, notes: list[str]) -> list[Cell]:
    """The cells with the fields that count, each of the type it should have. Outputs are left behind."""
    cells: list[Cell] = []
    seen: set[str] = set()
    wrong: dict[str, int] = {}

    def note(what: str) -> None:
        wrong[what] = wrong.get(what, 0) + 1

    for cell in found:
        if not isinstance(cell, dict):
            note("was not an object of JSON, and was kept as text")
            if cell is not None:
                text = cell if isinstance(cell, str) else json.dumps(cell)
                cells.append({"cell_type": "raw", "id": None, "metadata": {}, "source": _encodable(text)})
            continue
        kind = cell.get("cell_type")
        if kind not in CELL_TYPES:
            note("had a missing or unknown type")
            kind = kind.lower() if isinstance(kind, str) else ""
            kind = OLD_TYPES.get(kind, kind if kind in CELL_TYPES else "code")
        metadata = cell.get("metadata")
        if not isinstance(metadata, dict):
            note("had missing or wrong metadata")
            metadata = {}
        text = _source(cell, note)
        if kind == "code" and not _sound_outputs(cell.get("outputs")):
            note("had broken outputs, which were dropped")
        name = cell.get("id", metadata.get("id"))  # Colab keeps it there
        if not (isinstance(name, str) and VALID_ID.match(name)) or name in seen:
            name = None
            if with_ids:
                note("had a missing, doubled or forbidden id, which was replaced")
        else:
            seen.add(name)
        new: Cell = {"cell_type": kind, "id": name, "metadata": metadata, "source": text}
        if kind != "code" and "attachments" in cell:
            new["attachments"] = _attachments(cell["attachments"], note)
        cells.append(new)
    notes += [f"{count} cell{'s' if count > 1 else ''} {what}." for what, count in wrong.items()]
    return cells


def _source(cell: dict[str, Any], note: Any) -> str:
    given = cell.get("source", cell.get("input"))
    if isinstance(given, str):
        text = given
    elif isinstance(given, list) and all(isinstance(line, str) for line in given):
        text = "".join(given)
    else:
        note("had a source that was not text")
        parts = given if isinstance(given, list) else [given]
        text = "".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part is not None)
    fixed = _encodable(text.removeprefix("\ufeff"))
    if fixed != text:
        note("held characters that no file can hold, which were replaced")
    return fixed


def _encodable(text: str) -> str:
    """The text with half characters (lone surrogates), which no encoding can hold, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _sound_outputs(outputs: object) -> bool:
    return isinstance(outputs, list) and all(
        isinstance(output, dict) and output.get("output_type") in OUTPUT_TYPES for output in outputs
    )


def _attachments(given: object, note: Any) -> dict[str, dict[str, str]]:
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in given.items() if isinstance(given, dict) else ():
        for kind, data in bundle.items() if isinstance(bundle, dict) else ():
            if isinstance(data, list) and all(isinstance(line, str) for line in data):
                data = "".join(data)
            if isinstance(data, str):
                kept.setdefault(_encodable(name), {})[_encodable(kind)] = _encodable(data)
    if not isinstance(given, dict) or len(kept) < len(given):
        note("had broken attachments, which were dropped")
    return kept
