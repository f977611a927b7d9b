"""One submission -> its grade.

The notebook runs in a jailed process; when it has run, each question gets a fork of that process, and the hidden checks
of the question run here, in the examiner, against the fork. Nothing the student's process says is a score: a score is
what the checks found.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import hashlib
import json
import math
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from autograder import __version__
from autograder.checks import desk
from autograder.checks.behaviour import behaviour, relation
from autograder.checks.close import Seen
from autograder.checks.collect import Check, Checks, collect, everything, judge, question_points
from autograder.checks.diagnosis import Diagnosis, Recorded
from autograder.checks.evidence import evidence
from autograder.checks.forbidden import Reading, forbidden_calls, read_code
from autograder.checks.plugin import Outcome, check_id, seed_for
from autograder.harmless import harmless_cells
from autograder.records import (
    Behaviour,
    CheckResult,
    Crashed,
    Ending,
    Evidence,
    Grade,
    NotebookResult,
    OutOfMemory,
    QuestionResult,
    Raised,
    Run,
    StudentFault,
    TimedOut,
    Verdict,
)
from autograder.student.patience import patience
from autograder.student.process import GRACE, Fork, StudentProcess, Transport, Usage
from autograder.student.warm import Incubator, Zygote, prove_jail

if TYPE_CHECKING:
    from autograder.course import Assignment, Course, Question
    from autograder.submissions import Submission, SubmittedNotebook

# How often a notebook is run again without the cell that killed its process, and the share of the submission's time
# that the notebooks may take: the rest is for the checks.
_RERUNS = 3
_NOTEBOOK_SHARE = 0.8

# After so many calls of one question that ran out of time, its other checks are not tried: a function that hangs must
# not use up the time of the other questions.
_HANGS = 2

# A check that took longer is not run again only to describe what a wrong answer does.
_SECONDS_AGAIN = 2.0

_ENDINGS: dict[type[StudentFault], Ending] = {TimedOut: "timeout", OutOfMemory: "memory", Crashed: "crashed"}


Tell = Callable[[str, str], None]


def _nobody(check: str, text: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class GradedSubmission:
    """A grade, and the notebooks (JSON) with the outputs of the run, by name."""

    grade: Grade
    notebooks: dict[str, str]


@dataclass
class NotebookRun:
    """A notebook that has run: its process (None when there is none to ask), its cells with outputs."""

    name: str
    process: StudentProcess | None
    notebook: dict[str, Any]
    failed: list[int] = field(default_factory=list)
    ending: Ending = "completed"
    unanswered: tuple[str, ...] = ()
    attention: list[str] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """The words in its code."""
        cells = self.notebook["cells"]
        return frozenset(word for cell in cells for word in re.findall(r"[^\W\d]\w*", "".join(cell["source"])))

    def has_line(self, where: tuple[int, int]) -> bool:
        """Whether there is this line (from 1 on) in this cell (from 0 on)."""
        cell, line = where
        cells = self.notebook["cells"]
        return 0 <= cell < len(cells) and 0 < line <= "".join(cells[cell]["source"]).count("\n") + 1

    @functools.cached_property
    def reading(self) -> Reading:
        """What its code defines and imports."""
        return read_code(self.notebook)


def notebook_imports(assignment: Assignment) -> list[str]:
    """The modules that the assignment's source notebooks import, for the zygote to have ready."""
    names: dict[str, None] = {}
    for source in assignment.notebooks:
        for cell in json.loads(source.source)["cells"]:
            if cell["cell_type"] != "code":
                continue
            for line in "".join(cell["source"]).splitlines():
                # Line by line: a magic beside an import must not hide it.
                try:
                    statements = ast.parse(line.strip()).body
                except SyntaxError:
                    continue
                for statement in statements:
                    if isinstance(statement, ast.Import):
                        names.update(dict.fromkeys(alias.name for alias in statement.names))
                    elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
                        names[statement.module] = None
    return [name for name in names if name != "autograder" and not name.startswith("autograder.")]


def incubator_of(assignment: Assignment) -> Incubator:
    """An incubator that gets ready for the assignment's notebooks."""
    # An optimizer brings in torch._dynamo: a second, and every fork becomes dearer.
    optimizers = any(re.search(r"\boptim\b", notebook.source) for notebook in assignment.notebooks)
    return Incubator(notebook_imports(assignment), assignment.limits, optimizers=optimizers)


def files_beside(assignment: Assignment, submission: Submission) -> tuple[tuple[str, bytes], ...]:
    """The files beside the notebooks: the course's, and what the submission may bring.

    Reading left out of the submission what the course does not let students replace, so what is there counts.
    """
    return tuple({**dict(assignment.files), **dict(submission.files)}.items())


def run_notebook(
    zygote: Zygote, submitted: SubmittedNotebook, files: tuple[tuple[str, bytes], ...], seed: int, deadline: float
) -> NotebookRun:
    """Run a notebook's cells in a jailed process, until `deadline` (of `time.monotonic`).

    A cell that kills the process is left out, and the notebook run once more without it.
    """
    notebook = json.loads(submitted.notebook)
    run = NotebookRun(submitted.name, None, notebook, unanswered=submitted.unanswered)
    left_out: dict[int, StudentFault] = {}
    while True:
        run.failed.clear()
        process = zygote.spawn(files, seed, deadline=deadline)
        fault = _run_cells(process, run, left_out, deadline)
        if fault is None:
            run.process = process
            break
        run.usages.append(process.end())
        if len(left_out) > _RERUNS or time.monotonic() >= deadline:
            break
    if left_out:
        run.ending = _ENDINGS.get(type(next(iter(left_out.values()))), "crashed")
    return run


def _run_cells(
    process: StudentProcess, run: NotebookRun, left_out: dict[int, StudentFault], deadline: float
) -> StudentFault | None:
    """Run the cells; the fault of the one that killed the process, which is then in `left_out`."""
    for index, cell in enumerate(run.notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        source = "".join(cell["source"])
        if index in left_out:
            run.failed.append(index)
            cell["outputs"] = [_killed(left_out[index])]
            continue
        if not source.strip():
            continue
        if time.monotonic() >= deadline - GRACE:
            run.failed.append(index)
            cell["outputs"] = [_killed(TimedOut("the time for the whole notebook was used up before this cell"))]
            run.ending = "timeout"
            continue
        try:
            done = process.run_cell(index, source)
        except StudentFault as fault:
            left_out[index] = fault
            return fault
        cell["outputs"], cell["execution_count"] = done.outputs, done.count
        if not done.ok:
            run.failed.append(index)
    return None


def _killed(fault: StudentFault) -> dict[str, Any]:
    text = f"{type(fault).__name__}: {fault}; the rest of the notebook was run without this cell"
    return {"output_type": "error", "ename": type(fault).__name__, "evalue": str(fault), "traceback": [text]}


class _Forks:
    """The provider of grading: forks of the checkpoint, and a fresh one after anything bad.

    A fork takes many times as long as a check. So one in which all has passed serves the next question, too, and what
    fails in it is tried again in a fresh one: what costs points never depends on another question's checks.
    """

    def __init__(
        self, process: StudentProcess, call_seconds: float, secret: bytes, student: str, words: frozenset[str]
    ) -> None:
        self.call_seconds = call_seconds
        self.words: frozenset[str] | None = words
        self.shared = False
        self._process = process
        self._secret = secret
        self.student = student
        self._fork: Fork | None = None

    def transport(self, item: pytest.Item) -> Transport:
        if self._fork is None:
            self._fork = self._process.fork()
        return self._fork

    def next_question(self) -> None:
        """From now on the fork there is, if any, has served others (`shared`)."""
        self.shared = self._fork is not None

    def spoilt(self, item: pytest.Item | None = None) -> None:
        fork, self._fork = self._fork, None
        self.shared = False
        if fork is not None:
            # A checkpoint that cannot even end it is gone, and the submission's next check will say so.
            with contextlib.suppress(StudentFault):
                fork.end()

    def seed(self, item: pytest.Item) -> int:
        return seed_for(self._secret, self.student, check_id(item))

    def patience(self) -> contextlib.AbstractContextManager[None]:
        """Within it, the examiner's own code takes no longer than the submission has, and memory is watched."""
        return patience(time.monotonic() + self._process.seconds_left() + GRACE, self._process.watch_memory)


class Examiner:
    """What grading one assignment needs, kept between submissions: its checks, a warm zygote, the diagnosis.

    Raises `CourseError` for checks that name questions the assignment has not, and for questions without checks when
    the assignment has any.
    """

    def __init__(self, assignment: Assignment, checks: Checks | None, secret: bytes, incubator: Incubator) -> None:
        self.assignment = assignment
        self.checks = checks
        self.secret = secret
        self._incubator = incubator
        self._zygote: Zygote | None = None
        self._model: dict[str, Any] | None = None
        self._diagnosis: Diagnosis | None = None
        if checks is not None:
            check_questions(assignment, checks)

    @classmethod
    def of(cls, assignment: Assignment, secret: bytes) -> Examiner:
        """The examiner of an assignment, its checks collected."""
        incubator = incubator_of(assignment)  # gets ready meanwhile
        try:
            checks = collect(assignment.checks, assignment.root) if assignment.checks is not None else None
            return cls(assignment, checks, secret, incubator)
        except BaseException:
            incubator.close()
            raise

    @property
    def zygote(self) -> Zygote:
        """A warm, tried zygote, started when it is first wanted and again when it has died."""
        if self._zygote is not None and not self._zygote.alive:
            self.retire_zygote()
        if self._zygote is None:
            checks = self.checks
            names = {name for asked in checks.questions for name in checks.forbidden(asked)} if checks else set()
            if not self._incubator.alive:
                self._incubator.close()
                self._incubator = incubator_of(self.assignment)
            self._zygote = self._incubator.zygote(sorted(names))
            root = self.assignment.root
            secrets = [
                self.assignment.checks or root,
                *sorted(self.assignment.checks.glob("*.py") if self.assignment.checks else ())[:1],
                *(root / name for name in ("solutions", "source", "submitted", "gradebook.db", ".secret")),
            ]
            try:
                prove_jail(self._zygote, secrets, self.assignment.minimum_sandbox)
            except BaseException:
                self.retire_zygote()
                raise
        return self._zygote

    def checks_of(self, question: str) -> tuple[Check, ...]:
        """The checks of a question, by its id."""
        return self.checks.questions.get(question, ()) if self.checks is not None else ()

    def retire_zygote(self) -> None:
        """Let go of the zygote; the next submission gets a new one."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def model(self) -> dict[str, Any]:
        """The model answer's namespace."""
        if self._model is None:
            sources = (notebook.source for notebook in self.assignment.notebooks)
            self._model = desk.run_model(sources, self.assignment.files)
        return self._model

    def diagnosis(self) -> Diagnosis | None:
        """The known misconceptions, if the assignment has any."""
        if self._diagnosis is None and self.assignment.checks is not None:
            self._diagnosis = Diagnosis(self.assignment)
        return self._diagnosis

    def warm_up(self) -> None:
        """Have ready what the first submission would wait for, before this process is forked: seconds of imports."""
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.ones(1, requires_grad=True).sum().backward()
        if (diagnosis := self.diagnosis()) is not None:
            diagnosis.warm_up()

    def close(self) -> None:
        """End the zygote and what it came from."""
        self.retire_zygote()
        self._incubator.close()

    def __enter__(self) -> Examiner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_questions(assignment: Assignment, checks: Checks) -> None:
    """Raise `CourseError` for a check of no question, or a question without a check."""
    from autograder.records import CourseError

    auto = {question.id for question in assignment.questions if question.kind == "auto"}
    for check in checks.checks:
        if check.question not in auto:
            known = ", ".join(sorted(auto)) or "none"
            raise CourseError(
                f"{check.item.path}: the check {check.item.name} names the question '{check.question}', which no grade "
                f"cell of {assignment.id} has as its grade_id (there are: {known})"
            )
    for question in assignment.questions:
        if question.kind == "auto" and question.id not in checks.questions:
            raise CourseError(
                f"{question.notebook}.ipynb, cell {question.cell}: the question '{question.id}' has no check in "
                f"{assignment.checks}"
            )


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
    deadline = time.monotonic() + assignment.limits.submission_seconds
    share = time.monotonic() + assignment.limits.submission_seconds * _NOTEBOOK_SHARE
    if not submission.unreadable:
        for submitted in submission.notebooks:
            run = run_notebook(zygote, submitted, files_beside(assignment, submission), seed, share)
            runs[submitted.name] = run
            try:
                if run.process is not None:
                    layers = run.process.layers
                    run.process.extend(deadline)
                asked = [question for question in assignment.questions if question.notebook == submitted.name]
                forks = _forks(examiner, submission, run)
                # Of a visible check a student is shown everything, so it comes before any that is hidden: what their
                # code says in it cannot be what a hidden one sent.
                seen = {
                    question.id: _examine(
                        examiner, submission, run, forks, [c for c in examiner.checks_of(question.id) if c.visible]
                    )
                    for question in asked
                }
                for question in asked:
                    questions[question.id] = _grade_question(
                        examiner, submission, question, run, forks, tell, seen[question.id]
                    )
                if forks is not None:
                    forks.spoilt()  # by its parent, which counts what it used
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
        score=_round(math.fsum(result.score or 0.0 for result in results)),
        max_score=_round(math.fsum(result.max_score for result in results)),
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


def _round(points: float) -> float:
    """Points to nine digits: shares of thirds add up to what they should."""
    return round(points, 9)


def _grade_question(
    examiner: Examiner,
    submission: Submission,
    question: Question,
    run: NotebookRun,
    forks: _Forks | None,
    tell: Tell,
    seen: _Examined,
) -> QuestionResult:
    if question.kind == "hand":
        blank = question.id in run.unanswered
        return QuestionResult(question.id, 0.0 if blank else None, question.points, "hand")
    if not examiner.checks_of(question.id):
        return _grade_cell(question, run)
    return _grade_by_checks(examiner, submission, question, run, forks, tell, seen)


def _grade_cell(question: Question, run: NotebookRun) -> QuestionResult:
    """A question that only its grade cell tests: full points when the cell ran, or the number that it returned."""
    for index, cell in enumerate(run.notebook["cells"]):
        meta = cell.get("metadata", {}).get("nbgrader", {})
        if cell["cell_type"] != "code" or meta.get("grade_id") != question.id:
            continue
        ran = cell["execution_count"] is not None and index not in run.failed
        score = question.points if ran else 0.0
        for output in cell["outputs"]:
            if ran and output["output_type"] == "execute_result":
                score = _partial(output["data"].get("text/plain"), question.points)
        return QuestionResult(question.id, _round(score), question.points, "cell")
    return QuestionResult(question.id, 0.0, question.points, "cell")


def _partial(text: object, points: float) -> float:
    """Partial credit: the number a grade cell returned, within the question's points; nothing for what is none."""
    try:
        number = float(str(text))
    except ValueError:
        return 0.0
    return min(max(number, 0.0), points) if math.isfinite(number) else 0.0


@dataclass(frozen=True)
class _Examined:
    """How checks ended: what was recorded of each that ran, and the verdict and message of all, with the seconds."""

    recorded: dict[str, Recorded] = field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, str, float]] = field(default_factory=dict)

    @property
    def hung(self) -> int:
        """How many of them ran out of time."""
        return sum(verdict is Verdict.TIMEOUT for verdict, _, _ in self.verdicts.values())


def _examine(
    examiner: Examiner,
    submission: Submission,
    run: NotebookRun,
    forks: _Forks | None,
    checks: Sequence[Check],
    hung: int = 0,
) -> _Examined:
    """Run checks of one question. `hung` is how many others of it ran out of time."""
    if forks is None:
        reason = "the notebook's process did not survive its run"
        return _Examined(verdicts={check.id: (Verdict.CRASH, reason, 0.0) for check in checks})
    forks.next_question()
    while True:
        examined = _examine_in(examiner, submission, run, forks, checks, hung)
        if examined is not None:
            return examined
        forks.spoilt()


def _examine_in(
    examiner: Examiner, submission: Submission, run: NotebookRun, forks: _Forks, checks: Sequence[Check], hung: int
) -> _Examined | None:
    """What the checks give; None as soon as one fails in a fork that has served other questions."""
    examined = _Examined()
    plain = True
    for check in checks:
        if hung >= _HANGS:
            reason = "not tried: earlier checks of this question ran out of time"
            examined.verdicts[check.id] = Verdict.TIMEOUT, reason, 0.0
            continue
        if check.isolated:
            forks.spoilt()
        outcome, seconds = _run_check(examiner, check, forks)
        if isinstance(outcome.error, Raised) and outcome.error.where and not run.has_line(outcome.error.where):
            outcome.error.where = None
        verdict, message = _judge(examiner, submission, check, outcome)
        if verdict is not Verdict.PASS and forks.shared:
            return None
        examined.recorded[check.id] = Recorded(check, outcome, verdict)
        examined.verdicts[check.id] = verdict, message, seconds
        # With the reference's functions in it a fork is none of the next question's.
        plain = plain and verdict is Verdict.PASS and not outcome.followed
        hung += verdict is Verdict.TIMEOUT
        if check.isolated or verdict in (Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH):
            forks.spoilt()
    if not plain:
        forks.spoilt()
    return examined


def _forks(examiner: Examiner, submission: Submission, run: NotebookRun) -> _Forks | None:
    if run.process is None:
        return None
    seconds = examiner.assignment.limits.call_seconds
    return _Forks(run.process, seconds, examiner.secret, submission.student, run.words)


def _grade_by_checks(
    examiner: Examiner,
    submission: Submission,
    question: Question,
    run: NotebookRun,
    forks: _Forks | None,
    tell: Tell,
    seen: _Examined,
) -> QuestionResult:
    """The result of a question, of which the checks in `seen` have been run."""
    checks = examiner.checks_of(question.id)
    points = question_points(checks, question.points)
    rest = [check for check in checks if check.id not in seen.verdicts]
    hidden = _examine(examiner, submission, run, forks, rest, seen.hung)
    recorded = [*seen.recorded.values(), *hidden.recorded.values()]
    for item in recorded:
        tell(item.check.id, everything(item.outcome))
    results: list[CheckResult] = []
    for check in checks:
        verdict, message, seconds = {**seen.verdicts, **hidden.verdicts}[check.id]
        shown = seen.recorded.get(check.id)
        results.append(
            CheckResult(
                id=check.id,
                title=check.title,
                verdict=verdict,
                points=_round(points[check.id]) if verdict is Verdict.PASS else 0.0,
                max_points=_round(points[check.id]),
                message=message,
                hint=check.hint if verdict not in (Verdict.PASS, Verdict.BROKEN) else "",
                seconds=round(seconds, 4),
                visible=check.visible,
                evidence=_evidence(shown.outcome) if shown is not None else None,
            )
        )
    used = ""
    if forks is not None:
        # Reading a stranger's code can take as long as running it.
        with contextlib.suppress(TimedOut), forks.patience():
            used = _forbidden(examiner, question, run, recorded)
    if used:
        return QuestionResult(question.id, 0.0, question.points, "checks", tuple(_void(results, used)))
    if forks is not None and any(result.verdict in (Verdict.FAIL, Verdict.ERROR) for result in results):
        with contextlib.suppress(TimedOut), forks.patience():
            results = _diagnosed(examiner, recorded, results)
        if not any(result.misconception for result in results):
            results = _described(examiner, forks, recorded, results)
    return QuestionResult(question.id, _score(question, results), question.points, "checks", tuple(results))


def _run_check(examiner: Examiner, check: Check, forks: _Forks) -> tuple[Outcome, float]:
    assert examiner.checks is not None
    with forks.patience(), warnings.catch_warnings():
        # A stranger's numbers may overflow anywhere, and a warning shows the line of the check where they did.
        warnings.simplefilter("ignore")
        return examiner.checks.run(check, forks)


def _judge(examiner: Examiner, submission: Submission, check: Check, outcome: Outcome) -> tuple[Verdict, str]:
    """The verdict. An exception in the check's own code is ours only if the model answer meets it too."""
    verdict, message = judge(check, outcome)
    if verdict is not Verdict.BROKEN:
        return verdict, message
    assert examiner.checks is not None
    seed = functools.partial(seed_for, examiner.secret, submission.student)
    try:
        namespace = examiner.model()
    except Exception:
        return verdict, message  # a model answer that does not run in this process confirms nothing
    model = desk.Desk(namespace, seed, examiner.assignment.limits.call_seconds)
    confirmed, _ = judge(check, examiner.checks.run(check, model)[0])
    if confirmed is Verdict.PASS:
        return Verdict.FAIL, "what came back does not have the form that was asked for"
    return verdict, message


def _forbidden(examiner: Examiner, question: Question, run: NotebookRun, recorded: list[Recorded]) -> str:
    """The sentence on a call that the question forbids and its answer uses; empty when there is none."""
    assert examiner.checks is not None
    names = examiner.checks.forbidden(question.id)
    if not names:
        return ""
    conversations = [item.outcome.conversation for item in recorded if item.outcome.conversation is not None]
    asked = {call.target.variable for conversation in conversations for call in conversation.calls}
    found = forbidden_calls(run.reading, names, asked - {""})
    if found:
        return f"cell {found[0].cell + 1} uses `{found[0].name}`, which this question forbids"
    ran = sorted({name for conversation in conversations for name in conversation.used} & set(names))
    return f"the answer calls `{ran[0]}`, which this question forbids" if ran else ""


def _void(results: list[CheckResult], reason: str) -> list[CheckResult]:
    """The results of a question that earns nothing, for a reason."""
    return [
        dataclasses.replace(result, verdict=Verdict.FAIL, points=0.0, message=reason)
        if result.verdict is Verdict.PASS
        else result
        for result in results
    ]


def _diagnosed(examiner: Examiner, recorded: list[Recorded], results: list[CheckResult]) -> list[CheckResult]:
    diagnosis = examiner.diagnosis()
    named = diagnosis.name(recorded) if diagnosis is not None else {}
    return [
        dataclasses.replace(result, misconception=named[result.id]) if result.id in named else result
        for result in results
    ]


def _described(
    examiner: Examiner, forks: _Forks, recorded: list[Recorded], results: list[CheckResult]
) -> list[CheckResult]:
    """The results with the behaviour of what failed for no known reason, on inputs that are the same for everybody.

    A check that took long is not run once more: the time is that of the questions still to come.
    """
    described: dict[str, Behaviour] = {}
    slow = {result.id for result in results if result.seconds > _SECONDS_AGAIN}
    student, forks.student = forks.student, ""
    try:
        for item in recorded:
            error = item.outcome.error
            if item.verdict is Verdict.ERROR and isinstance(error, StudentFault):
                # An answer that was never begun is no mistake.
                if error.kind != "NotImplementedError":
                    described[item.check.id] = Behaviour(error.kind, relation=f"raises {error.kind}")
            elif item.verdict is Verdict.FAIL and item.check.id not in slow:
                outcome, _ = _run_check(examiner, item.check, forks)
                if outcome.conversation is not None:
                    seen = _seen(outcome)
                    said = relation(seen) if seen is not None else ""
                    described[item.check.id] = dataclasses.replace(behaviour(outcome.conversation), relation=said)
    except (StudentFault, MemoryError):  # a description is worth neither points nor a submission
        pass
    finally:
        forks.spoilt()
        forks.student = student
    return [dataclasses.replace(result, behaviour=described.get(result.id)) for result in results]


def _seen(outcome: Outcome) -> Seen | None:
    """The values of the comparison that a check failed with."""
    return next((one.seen for one in reversed(outcome.comparisons) if not one.ok and one.seen is not None), None)


def _evidence(outcome: Outcome) -> Evidence | None:
    """What a visible check that failed can show."""
    seen = _seen(outcome) if isinstance(outcome.error, AssertionError) else None
    return evidence(seen) if seen is not None else None


def _score(question: Question, results: list[CheckResult]) -> float | None:
    """The question's score: broken and skipped checks neither give nor take; None when no other is left."""
    counted = [result for result in results if result.verdict not in (Verdict.BROKEN, Verdict.SKIPPED)]
    total = math.fsum(result.max_points for result in counted)
    if not counted or total == 0:
        return None if results else 0.0
    if all(result.verdict is Verdict.PASS for result in counted):
        return question.points
    return _round(question.points * math.fsum(result.points for result in counted) / total)


def _unanswered(examiner: Examiner, question: Question, reason: str) -> QuestionResult:
    """A question of a notebook that was not submitted, or could not be read: zero, every check said so."""
    checks = examiner.checks_of(question.id)
    points = question_points(checks, question.points) if checks else {}
    message = reason or "the notebook was not submitted"
    results = tuple(
        CheckResult(
            check.id, check.title, Verdict.MISSING, 0.0, _round(points[check.id]), message, visible=check.visible
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
