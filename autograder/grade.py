"""One submission -> its grade: its notebooks are run, then its questions are asked."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from autograder import __version__
from autograder.cells import ApartRun, tester
from autograder.checks.collect import question_points
from autograder.checks.plugin import seed_for
from autograder.examiner import Examiner
from autograder.harmless import harmless_cells
from autograder.questions import Tell, examine, forks_of, grade_question, rounded
from autograder.records import (
    CheckResult,
    Ending,
    Grade,
    GradedSubmission,
    NotebookResult,
    QuestionResult,
    Run,
    Verdict,
)
from autograder.run import NotebookRun, run_notebook
from autograder.submissions import files_beside

if TYPE_CHECKING:
    from autograder.course import Assignment, Course, Question
    from autograder.submissions import Submission

# The share of the submission's time that the notebooks may take: the rest is for the checks.
_NOTEBOOK_SHARE = 0.8


def _nobody(check: str, text: str) -> None:
    """Nobody is told."""


def grade_submission(examiner: Examiner, submission: Submission, *, tell: Tell = _nobody) -> GradedSubmission:
    """Grade one submission. What it does wrong is in the grade; raises only for faults of ours.

    `tell` receives each check's id and all that is known of how it ended, the hidden values included.
    """
    assignment = examiner.assignment
    start = time.perf_counter()
    seed = seed_for(examiner.secret, submission.student, assignment.id) % 2**32
    attention, notes = list(submission.attention), list(submission.notes)
    runs: dict[str, NotebookRun] = {}
    layers: dict[str, str] = {}
    questions: dict[str, QuestionResult] = {}
    zygote = examiner.zygote
    plans = examiner.plans
    deadline = time.monotonic() + assignment.limits.submission_seconds
    share = time.monotonic() + assignment.limits.submission_seconds * _NOTEBOOK_SHARE
    if not submission.unreadable:
        for submitted in submission.notebooks:
            apart: dict[str, ApartRun] = {}
            wanted = {
                question.grade_id: plans[question.id].judged
                for question in assignment.questions
                if question.notebook == submitted.name and question.id in plans and plans[question.id].apart
            }
            before = tester(examiner.rooms, zygote, submitted.name, wanted, apart) if wanted else None
            files = files_beside(assignment, submission)
            run = run_notebook(zygote, submitted, files, seed, share, before=before)
            run.apart = apart
            runs[submitted.name] = run
            try:
                if run.process is not None:
                    layers = run.process.layers
                    run.process.extend(deadline)
                asked = [question for question in assignment.questions if question.notebook == submitted.name]
                forks = forks_of(examiner, submission, run)
                # Of a visible check a student is shown everything, so it comes before any that is hidden: what their
                # code says in it cannot be what a hidden one sent.
                seen = {
                    question.id: examine(
                        examiner, submission, run, forks, [c for c in examiner.checks_of(question.id) if c.visible]
                    )
                    for question in asked
                }
                for question in asked:
                    questions[question.id] = grade_question(
                        examiner, submission, question, run, forks, tell, seen[question.id]
                    )
                if forks is not None:
                    forks.end()  # by their parent, which counts what they used
                zygote.need_room()  # or it may have lost points to others' files
            finally:
                if run.process is not None:
                    run.usages.append(run.process.end())
            attention += run.attention
    results = tuple(
        questions.get(question.id) or _unanswered(examiner, question, submission.unreadable)
        for question in assignment.questions
    )
    attention += _broken(results)
    if submission.unreadable:
        attention.insert(0, submission.unreadable)
    usages = [usage for run in runs.values() for usage in run.usages]
    grade = Grade(
        course=assignment.course,
        assignment=assignment.id,
        student=submission.student,
        score=rounded(math.fsum(result.score or 0.0 for result in results)),
        max_score=rounded(math.fsum(result.max_score for result in results)),
        needs_manual_grade=tuple(result.id for result in results if result.score is None),
        notebooks=tuple(
            NotebookResult(
                path=submitted.path,
                sha256=submitted.sha256,
                cells=len(runs[submitted.name].notebook["cells"]) if submitted.name in runs else 0,
                cells_failed=tuple(runs[submitted.name].failed) if submitted.name in runs else (),
            )
            for submitted in submission.notebooks
        ),
        questions=results,
        run=Run(
            ending="unreadable" if submission.unreadable else _worst(run.ending for run in runs.values()),
            seconds=round(time.perf_counter() - start, 3),
            cpu_seconds=round(sum(usage.cpu_seconds for usage in usages), 3),
            peak_memory_mb=round(max((usage.peak_memory_mb for usage in usages), default=0.0), 1),
            seed=seed,
        ),
        sandbox=layers or dict(zygote.layers),
        attention=tuple(dict.fromkeys(attention)),
        notes=tuple(dict.fromkeys(notes)),
        grader=f"dl-autograder {__version__}",
    )
    notebooks = {submitted.name: submitted.notebook for submitted in submission.notebooks}
    ours = _texts_of(assignment)
    for name, run in runs.items():
        notebooks[name] = json.dumps(harmless_cells(run.notebook, ours), ensure_ascii=False)
    return GradedSubmission(grade, notebooks)


@functools.lru_cache(maxsize=4)
def _texts_of(assignment: Assignment) -> frozenset[str]:
    """The sources of the cells that students were given."""
    cells = [cell for notebook in assignment.notebooks for cell in json.loads(notebook.released)["cells"]]
    return frozenset("".join(cell["source"]) for cell in cells)


def _worst(endings: Iterator[Ending]) -> Ending:
    order: list[Ending] = ["crashed", "memory", "timeout"]
    given = set(endings)
    return next((ending for ending in order if ending in given), "completed")


def _unanswered(examiner: Examiner, question: Question, reason: str) -> QuestionResult:
    """A question of a notebook that was not submitted, or could not be read: zero, every check said so."""
    checks = examiner.checks_of(question.id)
    points = question_points(checks, question.points) if checks else {}
    message = reason or "the notebook was not submitted"
    results = tuple(
        CheckResult(
            check.id, check.title, Verdict.MISSING, 0.0, rounded(points[check.id]), message, visible=check.visible
        )
        for check in checks
    )
    kind = "hand" if question.kind == "hand" else "checks" if checks else "cell"
    return QuestionResult(question.id, 0.0, question.points, kind, results)  # type: ignore[arg-type] # one of three


def _broken(results: tuple[QuestionResult, ...]) -> list[str]:
    return [
        f"the check {check.id} is broken: {check.message}"
        for result in results
        for check in result.checks
        if check.verdict is Verdict.BROKEN
    ]


@contextlib.contextmanager
def proof_grader(course: Course) -> Iterator[Callable[[Assignment, dict[str, str]], Grade]]:
    """A function that grades notebooks given as JSON texts by name, for the proof of a release."""
    with contextlib.ExitStack() as stack:
        examiners: dict[Assignment, Examiner] = {}

        def grade(assignment: Assignment, notebooks: dict[str, str]) -> Grade:
            if assignment not in examiners:
                examiners[assignment] = stack.enter_context(Examiner.of(assignment, course.secret))
            return grade_text(examiners[assignment], notebooks)

        yield grade


def grade_text(examiner: Examiner, notebooks: dict[str, str], student: str = "") -> Grade:
    """The grade of notebooks given as JSON texts by name, restored and run as a submission would be."""
    from autograder.restore import restore
    from autograder.submissions import Submission, SubmittedNotebook

    sources = {source.name: source for source in examiner.assignment.notebooks}
    submitted = []
    for name, text in notebooks.items():
        restored = restore(sources[name], text.encode(), hidden_tests=examiner.assignment.checks is None)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        submitted.append(
            SubmittedNotebook(name, f"{name}.ipynb", sha256, restored.notebook, restored.notes, restored.unanswered)
        )
    submission = Submission(student, examiner.assignment.id, tuple(submitted))
    return grade_submission(examiner, submission).grade
