"""Grades of a class -> `reports/<assignment>.html`, one self-contained page for its instructors.

How the scores lie, which questions and checks tell something, which mistakes are common and which have no name yet,
who needs a person, who is slow, who wrote the same. It holds what students must not see.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import statistics
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.batch import graded_before, read_results, write_whole
from autograder.checks.diagnosis import load_variants
from autograder.clusters import Cluster, clusters
from autograder.course import Assignment, Course
from autograder.feedback import answered
from autograder.gradebook import hand_grades, late_penalties
from autograder.items import Item, item
from autograder.safe import clean, environment, highlighted
from autograder.similar import Pair, similar_pairs

_BINS = 20
_SLOWEST = 10
_SHOWN_CODE = 40
_CODE_CHARACTERS = 4000
_GLYPHS = {
    "pass": "·",
    "fail": "×",
    "error": "E",
    "timeout": "T",
    "memory": "M",
    "crash": "C",
    "missing": "0",
    "broken": "?",
    "skipped": "–",
}


@dataclass(frozen=True)
class Student:
    """One submission in the report. `page` is the address of its feedback page, if there is one."""

    name: str
    score: float
    maximum: float
    page: str
    results: dict[str, Any]

    @property
    def read(self) -> bool:
        """Whether the submission could be read and run."""
        return bool(self.results["run"]["ending"] != "unreadable")


@dataclass(frozen=True)
class Mistake:
    """A known misconception and who made it."""

    name: str
    question: str
    title: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class ClassReport:
    """What is known of a class."""

    course: str
    assignment: str
    students: tuple[Student, ...]
    questions: tuple[Item, ...]
    checks: tuple[Item, ...]
    mistakes: tuple[Mistake, ...]
    clusters: tuple[Cluster, ...]
    pairs: tuple[Pair, ...]
    waiting: int

    @property
    def signals(self) -> tuple[Item, ...]:
        """The questions and checks of which something is odd."""
        return tuple(one for one in (*self.questions, *self.checks) if one.signals)

    @property
    def attention(self) -> tuple[Student, ...]:
        """The submissions that a person should look at."""
        return tuple(student for student in self.students if student.results["attention"])


def read_class(course: Course, assignment: Assignment) -> ClassReport:
    """The report of all that is graded; empty when nothing is."""
    by_hand, penalties = hand_grades(course, assignment), late_penalties(course, assignment)
    students = []
    for name in graded_before(course, assignment).skipped:
        results = read_results(course, assignment, name)
        if results is not None:
            students.append(_student(course, assignment, results, by_hand.get(name, {}), penalties.get(name, 0.0)))
    read = [student for student in students if student.read]
    notebooks = {student.name: _cells(course, assignment, student.name) for student in read}
    released = [cell for notebook in assignment.notebooks for cell in json.loads(notebook.released)["cells"]]
    return ClassReport(
        course=course.name,
        assignment=assignment.id,
        students=tuple(students),
        questions=_questions(read),
        checks=_checks(read),
        mistakes=_mistakes(assignment, students),
        clusters=clusters(student.results for student in students),
        pairs=similar_pairs(notebooks, released),
        waiting=sum(
            any(question["score"] is None for question in student.results["questions"]) for student in students
        ),
    )


def _student(
    course: Course,
    assignment: Assignment,
    results: dict[str, Any],
    given: dict[str, tuple[float | None, str]],
    penalty: float,
) -> Student:
    """A student with what people gave in place of what was found."""
    questions = []
    for question in results["questions"]:
        score, _ = given.get(question["id"], (None, ""))
        questions.append(question if score is None else {**question, "score": score})
    name = str(results["student"])
    page = course.path("feedback", assignment.id, name) / f"{assignment.notebooks[0].name}.html"
    total = math.fsum(question["score"] or 0.0 for question in questions) - penalty
    address = Path(os.path.relpath(page, report_path(course, assignment).parent)).as_posix() if page.is_file() else ""
    return Student(name, max(0.0, total), float(results["max_score"]), address, {**results, "questions": questions})


def _cells(course: Course, assignment: Assignment, student: str) -> list[dict[str, Any]]:
    """The cells of a student's graded notebooks."""
    cells: list[dict[str, Any]] = []
    for notebook in assignment.notebooks:
        graded = course.path("autograded", assignment.id, student) / f"{notebook.name}.ipynb"
        try:
            cells += json.loads(graded.read_text())["cells"]
        except (OSError, ValueError, KeyError):
            continue
    return cells


def _questions(students: list[Student]) -> tuple[Item, ...]:
    """The questions that are graded for at least half of the class: who left one blank has zero before all others."""
    found: dict[str, list[tuple[float, float]]] = {}
    points: dict[str, float] = {}
    for student in students:
        total = math.fsum(question["score"] or 0.0 for question in student.results["questions"])
        for question in student.results["questions"]:
            points[question["id"]] = question["max_score"]
            pairs = found.setdefault(question["id"], [])
            if question["score"] is not None and question["max_score"]:
                pairs.append((question["score"] / question["max_score"], total - question["score"]))
    return _items(
        (id_, id_.replace("_", " "), id_, points[id_], pairs)
        for id_, pairs in found.items()
        if 2 * len(pairs) >= len(students)
    )


def _checks(students: list[Student]) -> tuple[Item, ...]:
    """The checks. What is broken or was skipped is left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    about: dict[str, tuple[str, str, float]] = {}
    for student in students:
        total = math.fsum(question["score"] or 0.0 for question in student.results["questions"])
        for question in student.results["questions"]:
            for check in question["checks"]:
                about[check["id"]] = (check["title"], question["id"], check["max_points"])
                pairs = found.setdefault(check["id"], [])
                if check["verdict"] not in ("broken", "skipped"):
                    pairs.append((float(check["verdict"] == "pass"), total - check["points"]))
    return _items((id_, *about[id_], pairs) for id_, pairs in found.items())


def _items(described: Any) -> tuple[Item, ...]:
    items = (
        item(id_, title, question, points, [share for share, _ in pairs], [rest for _, rest in pairs])
        for id_, title, question, points, pairs in described
    )
    return tuple(one for one in items if one is not None)


def _mistakes(assignment: Assignment, students: list[Student]) -> tuple[Mistake, ...]:
    """The named misconceptions, the most frequent first."""
    known = load_variants(assignment.checks, "misconception") if assignment.checks is not None else ()
    titles = {variant.words: variant.title for variant in known}
    found: dict[tuple[str, str], dict[str, None]] = {}
    for student in students:
        for question in student.results["questions"]:
            for check in question["checks"]:
                if check["misconception"]:
                    found.setdefault((check["misconception"], question["id"]), {})[student.name] = None
    mistakes = [Mistake(name, question, titles.get(name, ""), tuple(who)) for (name, question), who in found.items()]
    return tuple(sorted(mistakes, key=lambda mistake: -len(mistake.students)))


def report_path(course: Course, assignment: Assignment) -> Path:
    """Where the report of an assignment is."""
    return course.root / "reports" / f"{assignment.id}.html"


def write_report(course: Course, assignment: Assignment, report: ClassReport) -> Path:
    """Write the page of a report; its path."""
    path = report_path(course, assignment)
    write_whole(path, render_report(course, assignment, report).encode("utf-8", "replace"))
    return path


def render_report(course: Course, assignment: Assignment, report: ClassReport) -> str:
    """The page, as HTML."""
    script = str(environment().get_template("report.js").render())
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    scores = [student.score for student in report.students if student.read]
    seconds = [student.results["run"]["seconds"] for student in report.students]
    memory = [student.results["run"]["peak_memory_mb"] for student in report.students]
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            script=Markup(script),
            digest=digest,
            maximum=max((student.maximum for student in report.students), default=0.0),
            mean=statistics.fmean(scores) if scores else 0.0,
            median=statistics.median(scores) if scores else 0.0,
            bins=_bins(report),
            glyphs=_GLYPHS,
            pages={student.name: student.page for student in report.students},
            groups=_groups(report),
            unnamed=[one for one in report.clusters if len(one.students) > 1],
            alone=[one for one in report.clusters if len(one.students) == 1],
            codes=_codes(course, assignment, report),
            slowest=sorted(report.students, key=lambda one: -one.results["run"]["seconds"])[:_SLOWEST],
            hungriest=sorted(report.students, key=lambda one: -one.results["run"]["peak_memory_mb"])[:_SLOWEST],
            most_seconds=max(seconds, default=0.0) or 1.0,
            most_memory=max(memory, default=0.0) or 1.0,
        )
    )


def _bins(report: ClassReport) -> list[dict[str, Any]]:
    """The histogram: ranges of scores, how many are in each, as share of the fullest."""
    maximum = max((student.maximum for student in report.students), default=0.0)
    if not maximum:
        return []
    # Ranges of whole points where there are few points.
    count = min(_BINS, max(1, math.ceil(maximum)))
    width = math.ceil(maximum / count) if maximum > _BINS else maximum / count
    count = max(1, math.ceil(maximum / width))
    numbers = [0] * count
    for student in report.students:
        numbers[min(count - 1, int(student.score / width))] += 1
    most = max(numbers) or 1
    return [
        {"low": place * width, "high": min(maximum, (place + 1) * width), "count": number, "share": number / most}
        for place, number in enumerate(numbers)
    ]


def _groups(report: ClassReport) -> list[tuple[str, list[Item]]]:
    """The checks of each question, as the columns of the map."""
    groups: dict[str, list[Item]] = {}
    for check in report.checks:
        groups.setdefault(check.question, []).append(check)
    return list(groups.items())


def _codes(course: Course, assignment: Assignment, report: ClassReport) -> dict[str, tuple[str, Markup, str]]:
    """For each cluster, by its first student and question: the representative, its answer, and that as a misconception.

    The shortest answer shows a mistake best.
    """
    names = {question.id for question in assignment.questions}
    codes: dict[str, tuple[str, Markup, str]] = {}
    for cluster in report.clusters[:_SHOWN_CODE]:
        written = []
        for student in cluster.students[:10]:
            cells = _cells(course, assignment, student)
            numbers = [number for number, question in answered(cells, names).items() if question == cluster.question]
            code = "\n\n".join("".join(cells[number - 1]["source"]) for number in numbers)
            written.append((len(code), student, code))
        _, student, code = min((one for one in written if one[0]), default=(0, cluster.students[0], ""))
        shown = clean(code[:_CODE_CHARACTERS])
        named = _as_misconception(cluster, shown) if code and len(code) <= _CODE_CHARACTERS else ""
        codes[f"{cluster.students[0]} {cluster.question}"] = (student, highlighted(shown), named)
    return codes


def _as_misconception(cluster: Cluster, code: str) -> str:
    """What an instructor puts into misconceptions.py, but for the words."""
    said = f"What came: {'; '.join(cluster.relations)}." if cluster.relations else "What it does: …"
    return (
        f'@misconception("{cluster.question}")\nclass NameOfTheMistake:\n    """One sentence.\n\n    {said}\n'
        f'    Why it is wrong: …\n    """\n\n{textwrap.indent(code, "    ")}\n'
    )
