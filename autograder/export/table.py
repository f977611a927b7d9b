"""A CSV file that somebody else wrote, to be filled: what is not filled stays as it was, to the byte.

Read are UTF-8 with and without a byte order mark, commas, semicolons or tabs, any line ends, and quoted cells with all
of these in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.records import AutograderError

_BOM = "\ufeff"
_DELIMITERS = ",;\t"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Table:
    """The rows, each a tuple of cells as they are written, quotes included; `ends` are the ends of their lines."""

    path: Path
    rows: tuple[tuple[str, ...], ...]
    ends: tuple[str, ...]
    delimiter: str
    bom: str = ""

    def value(self, row: int, column: int) -> str:
        """What a cell says; empty where the row is shorter."""
        cells = self.rows[row]
        return _value(cells[column]) if column < len(cells) else ""

    def values(self, row: int) -> list[str]:
        """What the cells of a row say."""
        return [_value(cell) for cell in self.rows[row]]

    def filled(self, cells: Mapping[tuple[int, int], str]) -> bytes:
        """The file with other texts in the cells at these (row, column), as bytes."""
        text = self.bom
        for number, (row, end) in enumerate(zip(self.rows, self.ends, strict=True)):
            written = list(row)
            for column in range(max((c + 1 for r, c in cells if r == number), default=0)):
                written += [""] * (column + 1 - len(written))
                if (number, column) in cells:
                    written[column] = quoted(cells[number, column], self.delimiter)
            text += self.delimiter.join(written) + end
        return text.encode("utf-8")


def read_table(path: Path) -> Table:
    """The table in the file `path`. Raises AutograderError when it cannot be read as one."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise AutograderError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AutograderError(
            f"{path} is not in UTF-8; save it as “CSV UTF-8”, or take it as it was downloaded"
        ) from None
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    first = re.sub(r'"(?:[^"]|"")*"', "", text).partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows, ends = _split(path, text, delimiter)
    if not rows:
        raise AutograderError(f"{path} is empty")
    return Table(path, tuple(rows), tuple(ends), delimiter, bom)


def _split(path: Path, text: str, delimiter: str) -> tuple[list[tuple[str, ...]], list[str]]:
    cell = re.compile(rf'"(?:[^"]|"")*"[^{delimiter}\r\n]*|[^{delimiter}\r\n]*')
    rows: list[tuple[str, ...]] = []
    ends: list[str] = []
    row: list[str] = []
    place = 0
    while place < len(text):
        found = cell.match(text, place)
        assert found is not None  # it matches the empty text, too
        if found[0].startswith('"') and not re.match(r'"(?:[^"]|"")*"', found[0]):
            line = text.count("\n", 0, place) + 1
            raise AutograderError(f"{path}, line {line}: a quote is opened that is never closed")
        row.append(found[0])
        place = found.end()
        if text.startswith(delimiter, place):
            place += 1
            if place < len(text):
                continue
            row.append("")
        end = "\r\n" if text.startswith("\r\n", place) else text[place : place + 1]
        place += len(end)
        rows.append(tuple(row))
        ends.append(end)
        row = []
    return rows, ends


def _value(cell: str) -> str:
    if not cell.startswith('"'):
        return cell
    inside, _, rest = cell[1:].rpartition('"')
    return inside.replace('""', '"') + rest


def quoted(text: str, delimiter: str = ",") -> str:
    """A cell that says `text`."""
    if text and not re.search(rf'["\r\n{delimiter}]', text) and text.strip() == text:
        return text
    return '"' + text.replace('"', '""') + '"' if text else ""


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def written(rows: list[list[str]], *, bom: bool = False) -> bytes:
    """A CSV file of these rows, with commas and the line ends of RFC 4180."""
    text = "".join(",".join(quoted(cell) for cell in row) + "\r\n" for row in rows)
    return (_BOM * bom + text).encode("utf-8")
