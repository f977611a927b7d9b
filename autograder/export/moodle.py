"""`autograder export moodle ID`: Moodle's grading worksheet, filled, and a zip with everybody's feedback page.

The worksheet is the one that Moodle offers for download, in the language of its site: its columns are recognised by
what is in them. Identifiers end in a number, addresses have an @, the column "Maximum grade" says the same for all and
stands right of the grade.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.batch import read_results, write_whole
from autograder.course import Assignment, Course
from autograder.export import Exported, Sources
from autograder.export.package import write_zip
from autograder.export.roster import ids_of, match, read_roster
from autograder.export.scores import Score, number, read_scores
from autograder.export.table import Table, read_table
from autograder.feedback import write_feedback
from autograder.records import AutograderError

# Parts of what the column for comments is called, in languages that Moodle is often used in.
_COMMENTS = (
    "feedback", "comment", "komment", "coment", "opmerking", "palaute", "geri bildirim", "zpětn", "retroalim",
    "коммент", "комент", "отзыв", "コメント", "フィードバック", "评语", "反馈", "評語", "피드백", "تعليق", "משוב",
)  # fmt: skip
_NAME = 60


@dataclass(frozen=True)
class _Worksheet:
    """A worksheet and which of its columns is what; -1 for one that is not there."""

    table: Table
    identifier: int
    name: int
    email: int
    grade: int
    maximum: int
    comment: int

    @property
    def rows(self) -> range:
        """The rows of students."""
        return _rows(self.table)


def write_moodle(course: Course, assignment: Assignment, folder: Path, sources: Sources) -> Exported:
    """Write `<assignment>.csv` and `<assignment>-feedback.zip`. Raises AutograderError for what is no worksheet."""
    if sources.fill is None:
        raise AutograderError(
            "--fill FILE names the worksheet to fill: in Moodle, turn “Offline grading worksheet” on in the "
            "assignment's settings, then “Download grading worksheet”"
        )
    sheet = _worksheet(read_table(sources.fill), sources.column)
    scores = read_scores(course, assignment)
    roster = read_roster(sources.roster) if sources.roster else None
    keys = {}
    for score in scores:
        known = ids_of(score, roster)
        ids = (("moodle_id", _trailing(known.get("moodle_id", ""))), ("email", known.get("email", "")))
        keys[score.student] = [(kind, text) for kind, text in ids if text]
    found = match(keys, [_ids(sheet, row) for row in sheet.rows], sheet.table.path)
    cells: dict[tuple[int, int], str] = {}
    possible = _float(sheet.table.value(sheet.rows[0], sheet.maximum)) or 0.0
    for score in scores:
        if score.student in found.rows and not score.waits:
            row = sheet.rows[found.rows[score.student]]
            points = number(score.total * (possible / score.maximum if score.maximum else 1.0))
            cells[row, sheet.grade] = points.replace(".", ",") if _has_comma(sheet) else points
            if sheet.comment >= 0:
                cells[row, sheet.comment] = html.escape(_comment(course, assignment, score), quote=False)
    path = folder / f"{assignment.id}.csv"
    write_whole(path, sheet.table.filled(cells))
    waiting = tuple(
        f"{score.student}: waits for grading by hand, no grade is written" for score in scores if score.waits
    )
    notes = []
    if scores and possible != scores[0].maximum:
        notes.append(f"scaled from {number(scores[0].maximum)} points to the {number(possible)} that Moodle has")
    if sheet.comment < 0:
        notes.append("the worksheet has no column that is surely for comments: none are written")
    ready = {score.student: found.rows[score.student] for score in scores if score.student in found.rows}
    pages = _write_pages(course, assignment, folder, sheet, ready)
    return Exported([path, pages], tuple(notes), waiting + found.unmatched)


def _rows(table: Table) -> range:
    last = len(table.rows)
    while last > 1 and not any(table.values(last - 1)):
        last -= 1
    return range(1, last)


def _worksheet(table: Table, grade: str | None) -> _Worksheet:
    rows = _rows(table)
    header = [text.strip() for text in table.values(0)]
    wrong = f"{table.path} is no grading worksheet of Moodle's"
    if not rows:
        raise AutograderError(f"{wrong}: there is no student in it")
    columns = [[table.value(row, column).strip() for row in rows] for column in range(len(header))]

    def where(test: Callable[[list[str]], bool]) -> list[int]:
        return [place for place, values in enumerate(columns) if test(values)]

    identifiers = where(lambda values: all(map(_trailing, values)) and len(set(values)) == len(values))
    emails = where(lambda values: any(values) and all("@" in value for value in values if value))
    if not identifiers or identifiers[0] in emails:
        raise AutograderError(f"{wrong}: no column has identifiers, different for all and ending in a number")
    maxima = [
        place
        for place in where(lambda values: len(set(values)) == 1 and (_float(values[0]) or 0) > 0)
        if place - 1 > identifiers[0] and all(_is_grade(value, columns[place][0]) for value in columns[place - 1])
    ]
    if grade is not None:
        maxima = [place for place in maxima if header[place - 1] == grade]
    if len(maxima) != 1:
        named = ", ".join(f"'{name}'" for name in header)
        raise AutograderError(
            f"{wrong}: which column is the grade, with the maximum right of it, cannot be told; --column NAME says it "
            f"(there are: {named})"
        )
    maximum, name = maxima[0], identifiers[0] + 1
    last = len(header) - 1
    behind = range(maximum + 1, last + 1)
    called = [place for place in behind if any(word in header[place].casefold() for word in _COMMENTS)]
    empty = [last] if last in behind and not any(columns[last]) else []
    comment = (called or empty or [-1])[-1]
    # An anonymous worksheet has neither names nor addresses.
    named_ = name < maximum - 1 and name not in emails and (bool(emails) or len(set(columns[name])) == len(rows) > 1)
    email = emails[0] if emails and emails[0] < maximum else -1
    return _Worksheet(table, identifiers[0], name if named_ else -1, email, maximum - 1, maximum, comment)


def _trailing(text: str) -> str:
    """The number at the end of an identifier, whatever "Participant" is called; empty when there is none."""
    found = re.search(r"(\d+)\s*$", text)
    return str(int(found[1])) if found else ""


def _ids(sheet: _Worksheet, row: int) -> list[tuple[str, str]]:
    ids = [("moodle_id", _trailing(sheet.table.value(row, sheet.identifier)))]
    return ids + ([("email", sheet.table.value(row, sheet.email))] if sheet.email >= 0 else [])


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _is_grade(text: str, maximum: str) -> bool:
    value = _float(text)
    return text in ("", "-") or (value is not None and value <= (_float(maximum) or 0))


def _has_comma(sheet: _Worksheet) -> bool:
    return any("," in sheet.table.value(row, column) for row in sheet.rows for column in (sheet.grade, sheet.maximum))


def _comment(course: Course, assignment: Assignment, score: Score) -> str:
    """What Moodle shows beside the grade: the points by question, the penalty, and the mistakes with a name."""
    parts = [
        f"{question.id}: {number(score.questions[question.id] or 0.0)} of {number(question.points)}"
        for question in assignment.questions
    ]
    if score.penalty:
        parts.append(f"handed in late: {number(score.penalty)} less")
    results = read_results(course, assignment, score.student) or {"questions": []}
    named = [check["misconception"] for asked in results["questions"] for check in asked["checks"]]
    parts += [f"noticed: {words}" for words in dict.fromkeys(named) if words]
    return "; ".join(parts)


def _write_pages(course: Course, assignment: Assignment, folder: Path, sheet: _Worksheet, rows: dict[str, int]) -> Path:
    """The zip: a folder for each student, named as Moodle names what it hands out, with their pages."""
    write_feedback(course, assignment)
    files = {}
    for student, number_ in rows.items():
        row = sheet.rows[number_]
        name = _file_name(sheet.table.value(row, sheet.name)) if sheet.name >= 0 else ""
        identifier = _trailing(sheet.table.value(row, sheet.identifier))
        for page in sorted(course.path("feedback", assignment.id, student).glob("*.html")):
            place = f"{name or 'Participant'}_{identifier}_assignsubmission_file_/{page.name}"
            files[place] = page.read_bytes()
    path = folder / f"{assignment.id}-feedback.zip"
    write_zip(path, files)
    return path


def _file_name(name: str) -> str:
    """A name without what file systems and Moodle's own naming give a meaning: the underscore parts the fields."""
    plain = "".join(" " if letter in '_/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return " ".join(plain.split()).strip(". ")[:_NAME]
