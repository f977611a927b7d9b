"""What `grade` prints: how far it is while it works, and the class as a table when it is done.

Text of students' (names, messages) is printed as text, as elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from autograder.batch import read_results
from autograder.course import Assignment, Course
from autograder.progress import Progress
from autograder.terminal import plain

_SECONDS_BETWEEN_LINES = 5.0
_MANY = 40


@contextlib.contextmanager
def grading() -> Iterator[Callable[[Progress], None]]:
    """A function that shows how far a batch is: a bar on a terminal, now and then a line elsewhere.

    When it is stopped by Ctrl-C, what is done and what is left is said.
    """
    console = Console(stderr=True)
    latest: list[Progress] = []
    shown = [time.monotonic()]
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with contextlib.ExitStack() as stack:
        if console.is_terminal:
            # Without a thread of its own: this process is about to be forked.
            bar = stack.enter_context(Bar(*columns, console=console, transient=True, auto_refresh=False))
            task = bar.add_task("getting ready", total=None)
            bar.refresh()

        def report(progress: Progress) -> None:
            latest[:] = [progress]
            if console.is_terminal:
                text = escape(plain(_pace(progress).removeprefix(", ")).plain)
                bar.update(task, completed=progress.done, total=progress.total, description=text, refresh=True)
            elif progress.left == 0 or time.monotonic() - shown[0] > _SECONDS_BETWEEN_LINES:
                shown[0] = time.monotonic()
                print(plain(f"{progress.done} of {progress.total} submissions{_pace(progress)}"), file=sys.stderr)

        try:
            yield report
        except KeyboardInterrupt:
            stack.close()
            if latest:
                print(f"stopped: {latest[0].done} of {latest[0].total} done, {latest[0].left} left", file=sys.stderr)
            raise


@contextlib.contextmanager
def lines() -> Iterator[Callable[[Progress], None]]:
    """The same for programs: a line of JSON each second on standard output."""
    last = [0.0]

    def report(progress: Progress) -> None:
        if progress.left == 0 or time.monotonic() - last[0] >= 1:
            last[0] = time.monotonic()
            print_line("progress", **progress.to_json())

    yield report


def print_line(event: str, **facts: Any) -> None:
    """One line of JSON. Its keys are only ever added to: docs/json.md."""
    print(json.dumps({"event": event, **facts}), flush=True)


def _pace(progress: Progress) -> str:
    """How fast it goes, how long it will take, who is slowest and what failed, as far as there is something to say."""
    parts = []
    if progress.left and progress.graded:
        parts.append(f"{progress.rate:.2g} a second")
    if progress.left and (left := progress.seconds_left) is not None:
        parts.append(f"{duration(left)} left")
    if progress.left and (slowest := progress.slowest) is not None and slowest[1] >= 1:
        parts.append(f"slowest {slowest[0]}, {slowest[1]:.0f} s")
    if progress.failed:
        parts.append(f"{len(progress.failed)} failed")
    return "".join(f", {part}" for part in parts)


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def print_class(course: Course, assignment: Assignment, progress: Progress) -> Summary:
    """The class as a table, those first who need a person, and what is to be done next.

    Of a large class only those are printed whom there is something to say of; everybody is in the report.
    """
    summary = summarize(course, assignment, progress)
    table = Table(title=f"{course.name}: {assignment.id}", title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("score", justify="right")
    for question in assignment.questions:
        table.add_column(question.id.replace("_", " "), justify="right", max_width=11)
    table.add_column("noticed", max_width=46)
    for row in (*summary.first, *summary.rest):
        table.add_row(plain(row[0]), *row[1:-1], plain(row[-1]))
    if summary.read > 1:
        table.add_section()
        table.add_row(
            "mean", *(_mean(total, summary.read) for total in [summary.score, *summary.scores]), "", style="bold"
        )
    console = Console()
    # In a file or a pipe there is no width to respect, and a table cut to 80 columns says nothing.
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
    rate = ""
    if progress.graded:
        rate = f" in {progress.seconds:.1f} s, {len(progress.graded) / progress.seconds:.1f} a second"
    unchanged = f"; {len(progress.skipped)} unchanged since they were graded" if progress.skipped else ""
    if progress.outdated:
        unchanged += f" ({progress.outdated} before the assignment or its checks changed: --force grades them again)"
    silent = summary.students - len(summary.first) - len(summary.rest)
    unsaid = f"; {silent} are not in the table, for there is nothing to say of them" if silent else ""
    console.print(f"{len(progress.graded)} graded{rate}{unchanged}{unsaid}", highlight=False)
    for line in _next_steps(assignment.id, summary):
        console.print(plain(line))
    return summary


def print_summary(status: int, progress: Progress, summary: Summary) -> None:
    """The last line for programs."""
    facts = progress.to_json()
    for key in ("left", "seconds_left", "slowest"):
        del facts[key]
    mean = summary.score[0] / summary.score[1] if summary.score[1] else None
    print_line(
        "summary", status=status, **facts, mean=mean, failures=progress.failed, attention=summary.attention, error=None
    )


@dataclass
class Summary:
    """What is printed of a class, read once from its results, of which nothing else is kept.

    `first` are the rows of those who need a person, `rest` those of others; `scores` are of the questions, each a sum
    and how many have one. `attention` are the reasons for a person to look, by student.
    """

    students: int = 0
    read: int = 0
    waiting: int = 0
    first: list[list[str | Text]] = field(default_factory=list)
    rest: list[list[str | Text]] = field(default_factory=list)
    score: list[float] = field(default_factory=lambda: [0.0, 0])
    scores: list[list[float]] = field(default_factory=list)
    attention: dict[str, tuple[str, ...]] = field(default_factory=dict)


def summarize(course: Course, assignment: Assignment, progress: Progress) -> Summary:
    """The summary of the submissions that a batch was about."""
    students = sorted([*progress.skipped, *progress.graded, *progress.failed])
    found = Summary(len(students), scores=[[0.0, 0] for _ in assignment.questions])
    for student in students:
        results = read_results(course, assignment, student)
        if results is None or student in progress.failed:
            reason = progress.failed.get(student, "its results cannot be read")
            found.first.append([student, "", *[""] * len(assignment.questions), reason])
            found.attention[student] = (f"could not be graded: {reason}",)
            continue
        found.read += 1
        found.waiting += bool(results["needs_manual_grade"])
        given = [question["score"] for question in results["questions"]]
        for total, score in zip([found.score, *found.scores], [results["score"], *given], strict=False):
            if score is not None:
                total[0] += score
                total[1] += 1
        if results["attention"]:
            found.attention[student] = tuple(results["attention"])
        row: list[str | Text] = [student, f"{results['score']:.4g} / {results['max_score']:g}"]
        row += [_points(question) for question in results["questions"]]
        row.append(_noticed(results))
        if results["attention"]:
            found.first.append(row)
        elif len(students) <= _MANY or (row[-1] and len(found.rest) < _MANY):
            found.rest.append(row)
    if len(students) > _MANY:
        found.rest = found.rest[: max(0, _MANY - len(found.first))]
    return found


def _mean(total: list[float], students: int) -> str:
    """The mean of a sum over so many, where everybody has a score."""
    return f"{total[0] / total[1]:.3g}" if total[1] == students else ""


def _next_steps(assignment: str, summary: Summary) -> list[str]:
    """What there is to be done, as commands where there is one."""
    flagged, waiting = list(summary.attention), summary.waiting
    names = ", ".join(flagged[:10]) + (f" and {len(flagged) - 10} more" if len(flagged) > 10 else "")
    return [
        *([f"{len(flagged)} need{'s' * (len(flagged) == 1)} a person: {names}"] if flagged else []),
        *([f"{waiting} wait{'s' * (waiting == 1)} for grading by hand in nbgrader's formgrader"] if waiting else []),
        *([f"next: autograder report {assignment} and autograder feedback {assignment}"] if summary.read else []),
    ]


def _points(question: dict[str, Any]) -> Text:
    if question["score"] is None:
        return Text("by hand", style="dim")
    style = "green" if question["score"] == question["max_score"] else "red" if question["score"] == 0 else "yellow"
    return Text(f"{question['score']:.3g}", style=style)


def _noticed(results: dict[str, Any]) -> str:
    named = [check["misconception"] for question in results["questions"] for check in question["checks"]]
    said = [f"“{name}”" for name in dict.fromkeys(named) if name]
    if results["run"]["ending"] != "completed":
        said.insert(0, str(results["run"]["ending"]))
    attention = "; ".join(results["attention"])[:200]
    return "; ".join(part for part in (", ".join(said), attention) if part)
