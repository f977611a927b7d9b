"""`autograder export canvas ID`: a CSV file for Canvas's gradebook, new or one that was downloaded and is filled.

Canvas's own columns come first: Student, ID, SIS User ID, SIS Login ID, perhaps others, and Section as the last. Each
column behind them is an assignment, with its id in brackets when Canvas knows it. The row "Points Possible" says what
each is worth.
"""

from __future__ import annotations

import re
from pathlib import Path

from autograder.batch import write_whole
from autograder.course import Assignment, Course
from autograder.export import Exported, Sources
from autograder.export.roster import ids_of, match, read_roster
from autograder.export.scores import Score, number, read_scores
from autograder.export.table import Table, harmless, read_table, written
from autograder.records import AutograderError

_IDS = {"ID": "canvas_id", "SIS User ID": "sis_user_id", "SIS Login ID": "sis_login_id"}
_POINTS = "Points Possible"


def write_canvas(course: Course, assignment: Assignment, folder: Path, sources: Sources) -> Exported:
    """Write `<assignment>.csv`. Raises AutograderError for a file that is not Canvas's or lacks the column."""
    scores = read_scores(course, assignment)
    waiting = tuple(
        f"{score.student}: waits for grading by hand, no grade is written" for score in scores if score.waits
    )
    graded = [score for score in scores if not score.waits]
    roster = read_roster(sources.roster) if sources.roster else None
    ids = {score.student: ids_of(score, roster) for score in graded}
    path = folder / f"{assignment.id}.csv"
    column = sources.column or assignment.id
    if sources.fill is None:
        data, unmatched = _new(graded, ids, column, assignment)
        notes: tuple[str, ...] = ()
    else:
        data, unmatched, notes = _filled(read_table(sources.fill), graded, ids, column)
    write_whole(path, data)
    return Exported([path], notes, waiting + unmatched)


def _new(
    scores: list[Score], ids: dict[str, dict[str, str]], column: str, assignment: Assignment
) -> tuple[bytes, tuple[str, ...]]:
    maximum = sum(question.points for question in assignment.questions)
    rows = [["Student", *_IDS, "Section", column], [f"    {_POINTS}", "", "", "", "", number(maximum)]]
    owners: dict[tuple[str, str], list[str]] = {}
    for student, known in ids.items():
        for kind in _IDS.values():
            if kind in known:
                owners.setdefault((kind, known[kind]), []).append(student)
    unmatched = []
    for score in scores:
        known = ids[score.student]
        given = [known.get(kind, "") for kind in _IDS.values()]
        shared = {other for kind in _IDS.values() if kind in known for other in owners[kind, known[kind]]} - {
            score.student
        }
        if not any(given):
            unmatched.append(f"{score.student}: has no canvas_id, sis_user_id or sis_login_id")
        elif any(harmless(text) != text for text in given):
            unmatched.append(f"{score.student}: an id that begins like a formula is not written")
        elif shared:
            unmatched.append(f"{score.student}: has an id of {', '.join(sorted(shared))}")
        else:
            name = known.get("name") or ", ".join(filter(None, (known.get("last_name"), known.get("first_name"))))
            row = [harmless(name or score.student), *given, harmless(known.get("section", "")), number(score.total)]
            rows.append(row)
    return written(rows), tuple(unmatched)


def _filled(
    table: Table, scores: list[Score], ids: dict[str, dict[str, str]], name: str
) -> tuple[bytes, tuple[str, ...], tuple[str, ...]]:
    """The downloaded file with the scores in it, who is not in it, and what else there is to say."""
    header = [text.strip() for text in table.values(0)]
    if "Student" not in header or "Section" not in header or not set(_IDS) & set(header):
        raise AutograderError(f"{table.path} is no gradebook of Canvas's: it has no columns Student, ID and Section")
    column = _column(table.path, header, name)
    first = header.index("Student")
    points = next((row for row in range(1, len(table.rows)) if table.value(row, first).strip() == _POINTS), None)
    places = {kind: header.index(title) for title, kind in _IDS.items() if title in header}
    students = range((points or 0) + 1, len(table.rows))
    rows = [[(kind, table.value(row, place)) for kind, place in places.items()] for row in students]
    keys = {student: [(kind, known[kind]) for kind in places if kind in known] for student, known in ids.items()}
    found = match(keys, rows, table.path)
    possible = _possible(table, points, column)
    notes = []
    cells = {}
    for score in scores:
        if score.student in found.rows:
            scale = possible / score.maximum if possible and score.maximum else 1.0
            cells[students[found.rows[score.student]], column] = number(score.total * scale)
    if possible and scores and possible != scores[0].maximum:
        notes.append(f"scaled from {number(scores[0].maximum)} points to the {number(possible)} that Canvas has")
    return table.filled(cells), found.unmatched, tuple(notes)


def _column(path: Path, header: list[str], name: str) -> int:
    """The number of the column of the assignment `name`, with Canvas's id in brackets or without."""
    titles = {place: text for place, text in enumerate(header) if place > header.index("Section")}
    exact = [place for place, text in titles.items() if text == name]
    found = exact or [place for place, text in titles.items() if re.sub(r" \(\d+\)$", "", text) == name]
    if len(found) != 1:
        there = ", ".join(f"'{text}'" for text in titles.values()) or "none"
        raise AutograderError(
            f"{path} has {'no' if not found else 'more than one'} column '{name}'; --column NAME says which it is "
            f"(there are: {there})"
        )
    return found[0]


def _possible(table: Table, row: int | None, column: int) -> float | None:
    """The points that Canvas has for the assignment; None when the file does not say."""
    try:
        points = float(table.value(row, column)) if row is not None else 0.0
    except ValueError:
        return None
    return points or None
