"""Who is who: the ids of nbgrader's gradebook and those of another system, side by side in a CSV file.

Its column `id` is nbgrader's. The others are optional: `canvas_id`, `sis_user_id`, `sis_login_id`, `moodle_id`,
`email`, `name` (or `first_name` and `last_name`), `section`. A student is matched by ids alone, never by a name, and
only when all ids that are known lead to one and the same row.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.export.scores import Score
from autograder.export.table import read_table
from autograder.records import AutograderError

COLUMNS = (
    "id", "canvas_id", "sis_user_id", "sis_login_id", "moodle_id", "email", "name", "first_name", "last_name",
    "section", "lms_user_id",
)  # fmt: skip

Ids = Mapping[str, str]


@dataclass(frozen=True)
class Matched:
    """The row of each student who has one, by number; for each of the others the sentence that says why not."""

    rows: dict[str, int]
    unmatched: tuple[str, ...]


def read_roster(path: Path) -> dict[str, dict[str, str]]:
    """What the roster says of each student, by id and column; columns without a meaning here are left out.

    Raises AutograderError when there is no column `id`, or an id twice.
    """
    table = read_table(path)
    header = [name.strip().lower().replace(" ", "_") for name in table.values(0)]
    if "id" not in header:
        raise AutograderError(f"{path}: a roster has a column 'id', nbgrader's, and others of {', '.join(COLUMNS[1:])}")
    students: dict[str, dict[str, str]] = {}
    for row in range(1, len(table.rows)):
        cells = {name: table.value(row, column).strip() for column, name in enumerate(header) if name in COLUMNS}
        if not cells["id"]:
            continue
        if cells["id"] in students:
            raise AutograderError(f"{path}: the id '{cells['id']}' is there twice")
        students[cells["id"]] = {name: value for name, value in cells.items() if value}
    return students


def ids_of(score: Score, roster: Mapping[str, dict[str, str]] | None) -> dict[str, str]:
    """What is known of a student: what the roster says, or, where there is no roster, the gradebook."""
    if roster is not None:
        return dict(roster.get(score.student, {}))
    known = {
        "id": score.student,
        "sis_user_id": score.student,
        "sis_login_id": score.student,
        "canvas_id": score.lms_user_id,
        "moodle_id": score.lms_user_id,
        "email": score.email,
        "first_name": score.first_name,
        "last_name": score.last_name,
    }
    return {name: value for name, value in known.items() if value}


def match(
    students: Mapping[str, Iterable[tuple[str, str]]], rows: Sequence[Iterable[tuple[str, str]]], where: Path
) -> Matched:
    """Match students to rows by what is in both: pairs of a kind of id and the id itself.

    A student whose ids lead to no row or to several, and students who share a row, are matched to none.
    """
    places: dict[tuple[str, str], set[int]] = {}
    for number, ids in enumerate(rows):
        for kind, text in ids:
            if text.strip():
                places.setdefault((kind, _same(kind, text)), set()).add(number)
    found = {
        student: set().union(*(places.get((kind, _same(kind, text)), set()) for kind, text in ids if text.strip()))
        for student, ids in students.items()
    }
    matched: dict[str, int] = {}
    unmatched = []
    for student, numbers in found.items():
        others = sorted(other for other in found if other != student and numbers & found[other])
        if not numbers:
            unmatched.append(f"{student}: no row of {where.name} has an id of theirs")
        elif len(numbers) > 1:
            unmatched.append(f"{student}: their ids are those of {len(numbers)} rows of {where.name}")
        elif others:
            unmatched.append(f"{student}: their row of {where.name} is also that of {', '.join(others)}")
        else:
            matched[student] = numbers.pop()
    return Matched(matched, tuple(unmatched))


def _same(kind: str, text: str) -> str:
    """The id in the one form that its spellings share."""
    text = unicodedata.normalize("NFC", text.strip())
    return text.casefold() if kind == "email" else text
