"""`autograder export csv ID`: the scores as a table that spreadsheets and programs read."""

from __future__ import annotations

from pathlib import Path

from autograder.batch import write_whole
from autograder.course import Assignment, Course
from autograder.export import Exported, Sources
from autograder.export.scores import number, read_scores
from autograder.export.table import harmless, written


def write_csv(course: Course, assignment: Assignment, folder: Path, sources: Sources) -> Exported:
    """Write `<assignment>.csv`: a row for each student, a column for each question, empty while it is not graded.

    No cell is a formula. A byte order mark tells spreadsheets that it is UTF-8.
    """
    asked = [question.id for question in assignment.questions]
    head = ["student", "last_name", "first_name", "email", "score", "max_score", "points", "late_penalty", "waits"]
    rows = [[*head, *asked]]
    for score in read_scores(course, assignment):
        names = (score.student, score.last_name, score.first_name, score.email)
        numbers = (score.total, score.maximum, score.points, score.penalty)
        given = [score.questions[name] for name in asked]
        rows.append(
            [
                *names,
                *map(number, numbers),
                "yes" if score.waits else "no",
                *("" if points is None else number(points) for points in given),
            ]
        )
    path = folder / f"{assignment.id}.csv"
    write_whole(path, written([[harmless(cell) for cell in row] for row in rows], bom=True))
    return Exported([path])
