"""What nbgrader's gradebook says of an assignment: points given by checks and by hand, and penalties for lateness."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.course import Assignment, Course
from autograder.gradebook import open_gradebook


@dataclass(frozen=True)
class Score:
    """One student's. `questions` are the points by the question's id.

    While something `waits` for grading by hand, `total` is no grade yet.
    """

    student: str
    first_name: str
    last_name: str
    email: str
    lms_user_id: str
    points: float
    penalty: float
    maximum: float
    waits: bool
    questions: dict[str, float | None]

    @property
    def total(self) -> float:
        """The points less the penalty, not below zero."""
        return max(0.0, self.points - self.penalty)

    @property
    def name(self) -> str:
        """First and last name, or the id where the gradebook has none."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.student


def read_scores(course: Course, assignment: Assignment) -> list[Score]:
    """The scores of all who handed in `assignment`, in the order of their ids. Empty when nothing was graded yet."""
    from nbgrader.api import MissingEntry  # type: ignore[import-untyped] # nbgrader has no types

    with open_gradebook(course) as gradebook:
        try:
            entry = gradebook.find_assignment(assignment.id)
        except MissingEntry:
            return []
        scores = []
        for submission in entry.submissions:
            student, grades = submission.student, [grade for each in submission.notebooks for grade in each.grades]
            points = {(each.notebook.name, each.name): None if _waits(each) else each.score for each in grades}
            scores.append(
                Score(
                    student=student.id,
                    first_name=student.first_name or "",
                    last_name=student.last_name or "",
                    email=student.email or "",
                    lms_user_id=student.lms_user_id or "",
                    points=submission.score,
                    penalty=submission.late_submission_penalty or 0.0,
                    maximum=entry.max_score,
                    waits=any(grade.needs_manual_grade for grade in grades),
                    questions={
                        question.id: points.get((question.notebook, question.grade_id))
                        for question in assignment.questions
                    },
                )
            )
    return sorted(scores, key=lambda score: score.student)


def _waits(grade: object) -> bool:
    return getattr(grade, "manual_score", None) is None and getattr(grade, "auto_score", None) is None


def number(points: float) -> str:
    """Points as text, to four digits behind the point."""
    return f"{round(points, 4):.12g}"
