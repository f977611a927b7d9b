"""What the commands print: progress while they work, tables when they are done. rich draws both.

Text of students' (names, messages) is printed as text: neither rich's markup nor terminal escapes in it have effect.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autograder.records import Verdict

if TYPE_CHECKING:
    from autograder.batch import Progress as BatchProgress
    from autograder.course import Assignment, Course
    from autograder.grade import Examiner
    from autograder.submissions import Submission
    from autograder.verify import Mutation, Verification

_SECONDS_BETWEEN_LINES = 5.0


def plain(text: object) -> Text:
    """Text as it is, with what would steer a terminal shown instead of obeyed."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in str(text))
    return Text(shown)


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total) that shows a bar on a terminal and now and then a line elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        last = [time.monotonic()]

        def line(done: int, total: int) -> None:
            if done == total or time.monotonic() - last[0] > _SECONDS_BETWEEN_LINES:
                last[0] = time.monotonic()
                print(f"{done} of {total} {what}", file=sys.stderr, flush=True)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Without a thread of its own: this process is about to be forked.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task(what, total=None)
        progress.refresh()
        yield lambda done, total: progress.update(task, completed=done, total=total, refresh=True)


@contextlib.contextmanager
def grading() -> Iterator[Callable[[BatchProgress], None]]:
    """The same for a batch of submissions."""
    with counting("submissions") as report:
        yield lambda progress: report(progress.done, progress.total)


def print_class(course: Course, assignment: Assignment, progress: BatchProgress) -> None:
    """The class as a table: who earned what on which question, and how it went."""
    from autograder.batch import read_results

    students = sorted([*progress.skipped, *(grade.student for grade in progress.graded), *progress.failed])
    table = Table(title=f"{course.name}: {assignment.id}", title_justify="left")
    table.add_column("student", no_wrap=True)
    table.add_column("score", justify="right")
    for question in assignment.questions:
        table.add_column(question.id.replace("_", " "), justify="right", max_width=11)
    table.add_column("noticed", max_width=46)
    for student in students:
        results = read_results(course, assignment, student)
        if results is None:
            table.add_row(
                plain(student), "", *[""] * len(assignment.questions), plain(progress.failed.get(student, ""))
            )
            continue
        score, total = results["score"], results["max_score"]
        cells = [_points(question) for question in results["questions"]]
        table.add_row(plain(student), f"{score:g} / {total:g}", *cells, plain(_noticed(results)))
    console = Console()
    # In a file or a pipe there is no width to respect, and a table cut to 80 columns says nothing.
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
    rate = ""
    if progress.graded:
        seconds = time.monotonic() - progress.started
        rate = f" in {seconds:.1f} s, {len(progress.graded) / seconds:.1f} a second"
    unchanged = f"; {len(progress.skipped)} unchanged since they were graded" if progress.skipped else ""
    console.print(f"{len(progress.graded)} graded{rate}{unchanged}", highlight=False)


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
    return ", ".join(said) or "; ".join(results["attention"])[:200]


def print_verification(verification: Verification) -> None:
    """The kill matrix, question by question, then what is wrong and what to think about."""
    console = Console() if Console().is_terminal else Console(width=160)
    for question in dict.fromkeys(check.question for check in verification.checks):
        checks = [check for check in verification.checks if check.question == question]
        table = Table(title=question, title_justify="left")
        table.add_column("misconception")
        for number, _ in enumerate(checks, 1):
            table.add_column(str(number), justify="center")
        table.add_column("named as", style="dim")
        for trial in verification.misconceptions:
            if trial.variant.question != question:
                continue
            marks = [_mark(trial.verdicts.get(check.id)) for check in checks]
            named = ", ".join(f"{words or 'nothing'} ({count})" for words, count in trial.named.items())
            table.add_row(trial.variant.name, *marks, named)
        console.print(table)
        for number, check in enumerate(checks, 1):
            console.print(f"  {number}  {check.id}", style="dim", highlight=False)
    right = sum(trial.named.get(trial.variant.words, 0) for trial in verification.misconceptions)
    asked = sum(sum(trial.named.values()) for trial in verification.misconceptions)
    console.print(
        f"model answer {verification.model.score:g} of {verification.model.max_score:g}, released notebook "
        f"{verification.released.score:g}; {len(verification.misconceptions)} misconceptions, "
        f"{len(verification.alternatives)} alternatives; named right {right} of {asked} times",
        highlight=False,
    )
    _print_mutation(console, verification.mutation)
    for thought in verification.thoughts:
        console.print(plain(f"to think about: {thought}"), style="dim")
    for problem in verification.problems:
        console.print(plain(f"refused: {problem}"), style="red")


def _print_mutation(console: Console, mutation: Mutation) -> None:
    """How many mutants the checks notice, and each that they do not."""
    if not mutation.mutants:
        return
    noticed = mutation.mutants - len(mutation.survivors) - len(mutation.equivalent)
    console.print(
        f"{noticed} of {mutation.mutants} mutants of the model answer noticed, {len(mutation.equivalent)} explained as "
        f"equivalent: {mutation.killed:.1%} of the others killed",
        highlight=False,
    )
    for mutant in mutation.survivors:
        console.print(plain(f"survives: {mutant.question}, {mutant.place}, {mutant.operator}"), style="yellow")
        console.print(plain(f"  - {mutant.before}\n  + {mutant.after}"))


def _mark(verdict: Verdict | None) -> Text:
    if verdict is None or verdict is Verdict.PASS:
        return Text("·", style="dim")
    return Text({"fail": "×", "error": "E", "timeout": "T"}.get(verdict, "!"), style="red")


def print_replay(examiner: Examiner, submission: Submission, only: str) -> None:
    """Grade a submission again and print everything about its checks, hidden values included."""
    from autograder.grade import grade_submission

    console = Console()
    told: list[tuple[str, str]] = []
    graded = grade_submission(examiner, submission, tell=lambda check, text: told.append((check, text)))
    details = dict(told)
    for question in graded.grade.questions:
        score = "by hand" if question.score is None else f"{question.score:g}"
        console.print(plain(f"{question.id}: {score} of {question.max_score:g}"), style="bold")
        for check in question.checks:
            if only not in check.id:
                continue
            console.print(plain(f"  {check.verdict:8} {check.id}: {check.title}"))
            for text in (check.message, details.get(check.id, ""), check.misconception or ""):
                if text and check.verdict is not Verdict.PASS:
                    console.print(plain(f"           {text}"))
    for sentence in graded.grade.attention:
        console.print(plain(sentence), style="yellow")


def print_layers() -> int:
    """The table of `doctor`; 0 when students can be jailed here at all."""
    from autograder.student import jail

    table = Table(title="What jails a student's code on this machine", title_justify="left")
    for column in ("layer", "state", "why", "what that leaves open"):
        table.add_column(column)
    layers = jail.survey()
    for layer in layers:
        style = "green" if layer.state == "on" else "yellow"
        table.add_row(layer.name, Text(layer.state, style=style), plain(layer.why), plain(layer.leaves_open))
    console = Console() if Console().is_terminal else Console(width=160)
    console.print(table)
    return 0
