"""What most commands print: progress while they work, tables when they are done. rich draws both.

Text of students' (names, messages) is printed as text: neither rich's markup nor terminal escapes in it have effect.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autograder.records import Verdict

if TYPE_CHECKING:
    from autograder.examiner import Examiner
    from autograder.records import Grade
    from autograder.report import ClassReport
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


def print_report(report: ClassReport) -> None:
    """The essentials of a class as lines of text."""
    for line in _report_lines(report):
        print(plain(line).plain)


def _report_lines(report: ClassReport) -> Iterator[str]:
    scores = sorted(student.score for student in report.students if student.read)
    yield f"{report.course}: {report.assignment}, {len(report.students)} submissions"
    if not scores:
        return
    yield (
        f"scores: median {statistics.median(scores):.4g}, mean {statistics.fmean(scores):.4g}, "
        f"from {scores[0]:.4g} to {scores[-1]:.4g} of {report.students[0].maximum:g}"
    )
    yield from ("", "questions (earned by all, by the best; item-rest correlation)")
    for one in report.questions:
        apart = "    -" if one.discrimination is None else f"{one.discrimination:5.2f}"
        yield f"  {one.title:30} {one.mean:4.0%} {one.best:4.0%} {apart}  {', '.join(one.signals)}".rstrip()
    sections: dict[str, list[str]] = {
        "checks to look at": [
            f"{', '.join(one.signals)}: {one.id}" for one in report.signals if one.id != one.question
        ],
        "known mistakes": [f"{len(one.students)} {one.question}: {one.name}" for one in report.mistakes],
        "mistakes without a name": [
            f"{len(one.students)} {one.question}: {'; '.join((*one.relations, ', '.join(one.students[:5])))}"
            for one in report.clusters
        ],
        "who need a person": [
            f"{student.name}: {'; '.join(student.results['attention'])}" for student in report.attention
        ],
        "suspiciously similar": [
            f"{pair.one} and {pair.other}: {pair.likeness:.0%}, {pair.shared} runs" for pair in report.pairs
        ],
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", title, *(f"  {line}" for line in lines))


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
    console.print(
        f"model answer {verification.model.score:g} of {verification.model.max_score:g}, released notebook "
        f"{verification.released.score:g}; {len(verification.misconceptions)} misconceptions, "
        f"{len(verification.alternatives)} alternatives",
        highlight=False,
    )
    _print_names(console, verification)
    _print_margins(console, verification)
    _print_mutation(console, verification.mutation)
    for thought in verification.thoughts:
        console.print(plain(f"to think about: {thought}"), style="dim")
    for problem in verification.problems:
        console.print(plain(f"refused: {problem}"), style="red")


def _print_names(console: Console, verification: Verification) -> None:
    """How often a misconception was named right, by another's name, or not at all, and those that were not."""
    trials = verification.misconceptions
    asked = sum(sum(trial.named.values()) for trial in trials)
    right = sum(trial.named.get(trial.variant.words, 0) for trial in trials)
    nameless = sum(trial.named.get("", 0) for trial in trials)
    console.print(
        f"misconceptions named right {right} of {asked} times ({right / max(asked, 1):.1%}), wrong "
        f"{asked - right - nameless}, not {nameless}",
        highlight=False,
    )
    for trial in trials:
        wrong = [words for words in trial.named if words not in ("", trial.variant.words)]
        if wrong or trial.named.get(""):
            named = f"named {', '.join(wrong)}" if wrong else "has no name"
            console.print(plain(f"  {trial.variant.question}: {trial.variant.name} {named}"), style="yellow")


def _print_margins(console: Console, verification: Verification) -> None:
    """How far right answers stay below the tolerance, and wrong ones above it."""
    table = Table(title="Errors in tolerances: the right answer and the wrong one nearest to it", title_justify="left")
    table.add_column("question")
    for kind in ("right", "wrong"):
        table.add_column(kind, justify="right")
        table.add_column("answer, check", style="dim")
    for margin in verification.margins:
        cells = [Text(margin.question)]
        for found in (margin.right, margin.wrong):
            cells.append(Text("" if found is None else f"{found[0]:.2g}" if found[0] < 100 else f"{found[0]:.0f}"))
            cells.append(Text("" if found is None else f"{found[1]}, {found[2].partition('::test_')[2]}"))
        table.add_row(*cells)
    console.print(table)


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


def print_scores(title: str, grades: Sequence[Grade]) -> None:
    """Scores by student and question, as a table."""
    table = Table(title=title, title_justify="left")
    table.add_column("student", no_wrap=True)
    for question in grades[0].questions if grades else ():
        table.add_column(question.id, justify="right")
    table.add_column("score", justify="right")
    for grade in grades:
        given = ["" if question.score is None else f"{question.score:.3g}" for question in grade.questions]
        table.add_row(plain(grade.student), *given, f"{grade.score:.4g} / {grade.max_score:g}")
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)
