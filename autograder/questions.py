"""One question of a submission -> its result.

Its hidden checks run here, in the examiner, against forks of the process in which the notebook has run. Nothing the
student's process says is a score: a score is what the checks found.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from autograder.cells import grade_cell
from autograder.checks import desk
from autograder.checks.behaviour import behaviour, relation
from autograder.checks.close import Seen
from autograder.checks.collect import Check, everything, judge, question_points
from autograder.checks.diagnosis import Recorded
from autograder.checks.evidence import evidence
from autograder.checks.forbidden import forbidden_calls
from autograder.checks.plugin import Outcome, check_id, seed_for
from autograder.records import Behaviour, CheckResult, Evidence, QuestionResult, Raised, StudentFault, TimedOut, Verdict
from autograder.student.patience import patience
from autograder.student.process import GRACE, Fork, StudentProcess, Transport

if TYPE_CHECKING:
    from autograder.course import Question
    from autograder.examiner import Examiner
    from autograder.run import NotebookRun
    from autograder.submissions import Submission

# After so many calls of one question that ran out of time, its other checks are not tried: a function that hangs must
# not use up the time of the other questions.
_HANGS = 2

# A check that took longer is not run again only to describe what a wrong answer does.
_SECONDS_AGAIN = 2.0

# After these there is no process to go on with.
_LOST = (Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASH)

Tell = Callable[[str, str], None]


class Forks:
    """The provider of grading: forks of the checkpoint, and a fresh one after anything bad.

    A fork takes many times as long as a check. So one serves all questions for as long as all goes well, and what fails
    in it is tried again in one that is the question's own: what costs points never depends on other questions' checks.
    """

    def __init__(
        self, process: StudentProcess, call_seconds: float, secret: bytes, student: str, words: frozenset[str]
    ) -> None:
        self.call_seconds = call_seconds
        self.words: frozenset[str] | None = words
        self.student = student
        self.hangs: set[str] = set()
        self.sound: set[str] = set()
        self._wrong: set[str] = set()
        self._marred: set[str] = set()
        self._process = process
        self._secret = secret
        self._question = ""
        self._common: Fork | None = None
        self._own: dict[str, Fork] = {}
        self._in_common = False

    @property
    def shared(self) -> bool:
        """Whether the fork in use has served other questions, so that what fails in it will be tried again."""
        return self._in_common and self._common is not None

    @property
    def crowded(self) -> bool:
        """Whether there are other forks than the one in use, which take memory, too."""
        return len(self._own) + (self._common is not None) > 1

    @property
    def thorough(self) -> bool:
        """Whether what fails will not be tried again."""
        return not self.shared

    def in_doubt(self, functions: Iterable[str]) -> bool:
        """Whether one of these has not passed all checks of its own, and what fails will not be tried again."""
        return not self.shared and not self.sound.issuperset(functions)

    def transport(self, item: pytest.Item) -> Transport:
        """The fork there is, or a new one."""
        if self._in_common and self._common is not None:
            return self._common
        self._in_common = False
        if self._question not in self._own:
            self._own[self._question] = self._process.fork()
        return self._own[self._question]

    def begin(self, question: str) -> None:
        """From now on it is this question's turn: in its own fork, if it has one, or in the common one."""
        self._question = question
        self._in_common = question not in self._own

    def apart(self) -> None:
        """From now on in a fork of the question's own."""
        self._in_common = False

    def pause(self, *, plain: bool) -> None:
        """The question's turn is over for now. If all in it was `plain`, its fork may serve other questions."""
        if not plain:
            self._marred.add(self._question)
        elif self._common is None and self._question not in self._marred:
            self._common = self._own.pop(self._question, None)

    def finish(self, question: str, examined: Examined) -> None:
        """All of the question's checks are done: what they asked for is right, or not."""
        _end(self._own.pop(question, None))
        if examined.right:
            self.sound |= examined.asked - self._wrong
        else:
            self._wrong |= examined.asked
            self.sound -= examined.asked

    def spoilt(self, item: pytest.Item | None = None) -> None:
        """End the fork in use; what comes next gets a fresh one."""
        if self.shared:
            fork, self._common = self._common, None
        else:
            fork = self._own.pop(self._question, None)
            self._marred.discard(self._question)
        self._in_common = False
        _end(fork)

    def end(self) -> None:
        """End all forks."""
        for fork in (self._common, *self._own.values()):
            _end(fork)
        self._common = None
        self._own.clear()

    def seed(self, item: pytest.Item) -> int:
        """What the check draws its inputs from: secret, student and check."""
        return seed_for(self._secret, self.student, check_id(item))

    def patience(self) -> contextlib.AbstractContextManager[None]:
        """Within it, the examiner's own code takes no longer than the submission has, and memory is watched."""
        return patience(time.monotonic() + self._process.seconds_left() + GRACE, self._process.watch_limits)


def _end(fork: Fork | None) -> None:
    if fork is not None:
        # A checkpoint that cannot even end it is gone, and the submission's next check will say so.
        with contextlib.suppress(StudentFault):
            fork.end()


def grade_question(
    examiner: Examiner,
    submission: Submission,
    question: Question,
    run: NotebookRun,
    forks: Forks | None,
    tell: Tell,
    seen: Examined,
) -> QuestionResult:
    """The result of a question, of which the checks in `seen` have been run (none, if it has no checks)."""
    if question.kind == "hand":
        blank = question.grade_id in run.unanswered
        return QuestionResult(question.id, 0.0 if blank else None, question.points, "hand")
    if not examiner.checks_of(question.id):
        return grade_cell(question, run, examiner.plans[question.id], run.apart.get(question.grade_id))
    return _grade_by_checks(examiner, submission, question, run, forks, tell, seen)


@dataclass(frozen=True)
class Examined:
    """How checks ended: what was recorded of each that ran, and the verdict and message of all, with the seconds."""

    recorded: dict[str, Recorded] = field(default_factory=dict)
    verdicts: dict[str, tuple[Verdict, str, float]] = field(default_factory=dict)

    @property
    def hung(self) -> int:
        """How many of them ran out of time."""
        return sum(verdict is Verdict.TIMEOUT for verdict, _, _ in self.verdicts.values())

    @property
    def wrong(self) -> bool:
        """Whether a check failed, or the student's code in it."""
        return any(verdict in (Verdict.FAIL, Verdict.ERROR) for verdict, _, _ in self.verdicts.values())

    @property
    def right(self) -> bool:
        """Whether all checks passed, with nothing in place of the student's functions."""
        return all(verdict is Verdict.PASS for verdict, _, _ in self.verdicts.values()) and not any(
            item.outcome.followed for item in self.recorded.values()
        )

    @property
    def asked(self) -> set[str]:
        """The variables that were asked for."""
        conversations = [item.outcome.conversation for item in self.recorded.values()]
        return {call.target.variable for one in conversations if one is not None for call in one.calls} - {""}


def examine(
    examiner: Examiner,
    submission: Submission,
    run: NotebookRun,
    forks: Forks | None,
    checks: Sequence[Check],
    hung: int = 0,
) -> Examined:
    """Run checks of one question. `hung` is how many others of it ran out of time."""
    if forks is None:
        reason = "the notebook's process did not survive its run"
        return Examined(verdicts={check.id: (Verdict.CRASH, reason, 0.0) for check in checks})
    if checks:
        forks.begin(checks[0].question)
    while True:
        examined = _examine_in(examiner, submission, run, forks, checks, hung)
        if examined is not None:
            return examined
        forks.apart()


def _examine_in(
    examiner: Examiner, submission: Submission, run: NotebookRun, forks: Forks, checks: Sequence[Check], hung: int
) -> Examined | None:
    """What the checks give; None as soon as one fails in, or for the memory of, a fork that serves other questions."""
    examined = Examined()
    plain = True
    for check in checks:
        if hung >= _HANGS:
            reason = "not tried: earlier checks of this question ran out of time"
            examined.verdicts[check.id] = Verdict.TIMEOUT, reason, 0.0
            continue
        if check.isolated:
            forks.apart()
            forks.spoilt()
        outcome, seconds = _run_check(examiner, check, forks)
        if isinstance(outcome.error, Raised) and outcome.error.where and not run.has_line(outcome.error.where):
            outcome.error.where = None
        verdict, message = _judge(examiner, submission, check, outcome)
        if verdict is not Verdict.PASS and forks.shared:
            if verdict in _LOST:
                forks.spoilt()
            return None
        if verdict is Verdict.MEMORY and forks.crowded:
            forks.end()
            return None
        examined.recorded[check.id] = Recorded(check, outcome, verdict)
        examined.verdicts[check.id] = verdict, message, seconds
        # With the reference's functions in it a fork is none of the next question's.
        plain = plain and verdict is Verdict.PASS and not outcome.followed
        hung += verdict is Verdict.TIMEOUT
        if check.isolated or verdict in _LOST:
            forks.spoilt()
    forks.pause(plain=plain)
    return examined


def _grade_by_checks(
    examiner: Examiner,
    submission: Submission,
    question: Question,
    run: NotebookRun,
    forks: Forks | None,
    tell: Tell,
    seen: Examined,
) -> QuestionResult:
    """The result of a question, of which the checks in `seen` have been run."""
    checks = examiner.checks_of(question.id)
    if forks is not None:
        forks.begin(question.id)
    rest = [check for check in checks if check.id not in seen.verdicts]
    hidden = examine(examiner, submission, run, forks, rest, seen.hung)
    examined = Examined({**seen.recorded, **hidden.recorded}, {**seen.verdicts, **hidden.verdicts})
    used = ""
    named: dict[str, str] = {}
    described: dict[str, Behaviour] = {}
    if forks is not None:
        # Reading a stranger's code can take as long as running it.
        with contextlib.suppress(TimedOut), forks.patience():
            used = _forbidden(examiner, question, run, examined)
        if not used:
            named = _named(examiner, forks, examined)
            if not named and _follow(examiner, submission, run, forks, examined):
                named = _named(examiner, forks, examined)
            if examined.wrong and not named:
                described = _described(examiner, forks, examined)
        forks.finish(question.id, examined)
    for item in examined.recorded.values():
        tell(item.check.id, everything(item.outcome))
    points = question_points(checks, question.points)
    results: list[CheckResult] = []
    for check in checks:
        verdict, message, seconds = examined.verdicts[check.id]
        shown = examined.recorded[check.id] if check.id in seen.recorded else None
        results.append(
            CheckResult(
                id=check.id,
                title=check.title,
                verdict=verdict,
                points=rounded(points[check.id]) if verdict is Verdict.PASS else 0.0,
                max_points=rounded(points[check.id]),
                message=message,
                hint=check.hint if verdict not in (Verdict.PASS, Verdict.BROKEN) else "",
                misconception=named.get(check.id),
                seconds=round(seconds, 4),
                visible=check.visible,
                evidence=_evidence(shown.outcome) if shown is not None else None,
                behaviour=described.get(check.id),
            )
        )
    if used:
        return QuestionResult(question.id, 0.0, question.points, "checks", tuple(_void(results, used)))
    return QuestionResult(question.id, _score(question, results), question.points, "checks", tuple(results))


def _run_check(examiner: Examiner, check: Check, forks: Forks) -> tuple[Outcome, float]:
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


def _forbidden(examiner: Examiner, question: Question, run: NotebookRun, examined: Examined) -> str:
    """The sentence on a call that the question forbids and its answer uses; empty when there is none."""
    assert examiner.checks is not None
    names = examiner.checks.forbidden(question.id)
    if not names:
        return ""
    found = forbidden_calls(run.reading, names, examined.asked)
    if found:
        return f"cell {found[0].cell + 1} uses `{found[0].name}`, which this question forbids"
    conversations = [item.outcome.conversation for item in examined.recorded.values()]
    ran = sorted({name for one in conversations if one is not None for name in one.used} & set(names))
    return f"the answer calls `{ran[0]}`, which this question forbids" if ran else ""


def _void(results: list[CheckResult], reason: str) -> list[CheckResult]:
    """The results of a question that earns nothing, for a reason."""
    return [
        dataclasses.replace(result, verdict=Verdict.FAIL, points=0.0, message=reason)
        if result.verdict is Verdict.PASS
        else result
        for result in results
    ]


def _named(examiner: Examiner, forks: Forks, examined: Examined) -> dict[str, str]:
    """The misconception that explains what failed, by check."""
    diagnosis = examiner.diagnosis()
    with contextlib.suppress(TimedOut), forks.patience():
        return diagnosis.name(examined.recorded.values()) if diagnosis is not None and examined.wrong else {}
    return {}


def _follow(examiner: Examiner, submission: Submission, run: NotebookRun, forks: Forks, examined: Examined) -> bool:
    """Follow through what was not, as its functions are right by their own checks; whether anything passed.

    It waits for the diagnosis: a known mistake is no other function's. A check may still ask more of a function than
    that function's own checks do.
    """
    again = [item.check for item in examined.recorded.values() if item.outcome.unfollowed]
    if not again:
        return False
    sound, forks.sound = forks.sound, set()
    second = examine(examiner, submission, run, forks, again)
    forks.sound = sound
    passed = {id_ for id_, (verdict, _, _) in second.verdicts.items() if verdict is Verdict.PASS}
    for id_ in passed:
        examined.recorded[id_], examined.verdicts[id_] = second.recorded[id_], second.verdicts[id_]
    return bool(passed)


def _described(examiner: Examiner, forks: Forks, examined: Examined) -> dict[str, Behaviour]:
    """The behaviour of what failed for no known reason, by check, on inputs that are the same for everybody.

    A check that took long is not run once more: the time is that of the questions still to come.
    """
    described: dict[str, Behaviour] = {}
    student, forks.student = forks.student, ""
    forks.apart()
    try:
        for id_, item in examined.recorded.items():
            error = item.outcome.error
            if item.verdict is Verdict.ERROR and isinstance(error, StudentFault):
                # An answer that was never begun is no mistake.
                if error.kind != "NotImplementedError":
                    described[id_] = Behaviour(error.kind, relation=f"raises {error.kind}")
            elif item.verdict is Verdict.FAIL and examined.verdicts[id_][2] <= _SECONDS_AGAIN:
                outcome, _ = _run_check(examiner, item.check, forks)
                if outcome.conversation is not None:
                    seen = _seen(outcome)
                    said = relation(seen) if seen is not None else ""
                    described[id_] = dataclasses.replace(behaviour(outcome.conversation), relation=said)
    except (StudentFault, MemoryError):  # a description is worth neither points nor a submission
        pass
    finally:
        forks.student = student
    return described


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
    return rounded(question.points * math.fsum(result.points for result in counted) / total)


def forks_of(examiner: Examiner, submission: Submission, run: NotebookRun) -> Forks | None:
    """What checks run in; None when the process did not survive the notebook."""
    if run.process is None:
        return None
    seconds = examiner.assignment.limits.call_seconds
    return Forks(run.process, seconds, examiner.secret, submission.student, run.words)


def rounded(points: float) -> float:
    """Points to nine digits: shares of thirds add up to what they should."""
    return round(points, 9)
