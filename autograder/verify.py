"""How good are an assignment's checks? Model answer, released notebook, and everything that `trials` tries.

The notebooks go through the real `grade`; the rest runs in forks of this process, where a call costs microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.checks.collect import Check
from autograder.course import Assignment
from autograder.examiner import Examiner
from autograder.grade import grade_text
from autograder.mutants import Explanation, Mutant, load_explanations
from autograder.records import Grade, Verdict
from autograder.trials import Report, Trial, try_everything

SEEDS = 200
KILLED = 0.98
NAMED = 0.95
# In tolerances: what a right answer may be off at most, and a wrong one must be at least.
RIGHT_AT_MOST = 0.5
WRONG_AT_LEAST = 2.0


@dataclass(frozen=True)
class Mutation:
    """What became of the model answer's mutants: `survivors` nobody noticed, `equivalent` neither, but with a reason.

    `stale` are explanations of a mutant that there is not, or that some check does notice.
    """

    mutants: int
    survivors: tuple[Mutant, ...]
    equivalent: tuple[tuple[Mutant, Explanation], ...]
    stale: tuple[str, ...]

    @property
    def killed(self) -> float:
        """The share of the mutants that checks notice, of those that change anything."""
        real = self.mutants - len(self.equivalent)
        return 1 - len(self.survivors) / real if real else 1.0


@dataclass(frozen=True)
class Margin:
    """How far from the tolerance a question's answers stay, in tolerances: right ones below it, wrong ones above.

    `right` and `wrong` are the nearest, each with its size, variant and check; nothing where nothing was compared.
    """

    question: str
    right: tuple[float, str, str] | None
    wrong: tuple[float, str, str] | None


@dataclass(frozen=True)
class Verification:
    """What `verify` found. `problems` are the reasons to refuse the assignment, in words; none when it is sound."""

    assignment: str
    model: Grade
    released: Grade
    checks: tuple[Check, ...]
    misconceptions: tuple[Trial, ...]
    alternatives: tuple[Trial, ...]
    mutation: Mutation
    margins: tuple[Margin, ...]
    problems: tuple[str, ...]
    thoughts: tuple[str, ...] = field(default=())


def verify(
    assignment: Assignment,
    *,
    seeds: int = SEEDS,
    workers: int | None = None,
    report: Report = lambda done, total: None,
) -> Verification:
    """Try everything that the assignment ships. `report(done, total)` is called as the trials finish."""
    assert assignment.checks is not None
    explanations = load_explanations(assignment.checks)
    with Examiner.of(assignment, b"verify") as examiner:
        model = grade_text(examiner, {notebook.name: notebook.source for notebook in assignment.notebooks})
        released = grade_text(examiner, {notebook.name: notebook.released for notebook in assignment.notebooks})
        assert examiner.checks is not None
        checks = examiner.checks
    trials = try_everything(assignment, checks, seeds=seeds, workers=workers, report=report)
    mutation = _explained(trials.mutants, trials.survivors, explanations)
    margins = tuple(
        Margin(
            question,
            max(_measured(trials.alternatives, question), default=None),
            min(_measured(trials.misconceptions, question), default=None),
        )
        for question in checks.questions
    )
    problems = _problems(model, released, trials.misconceptions, trials.alternatives, checks.questions)
    return Verification(
        assignment.id,
        model,
        released,
        checks.checks,
        trials.misconceptions,
        trials.alternatives,
        mutation,
        margins,
        (
            *problems,
            *_naming_problems(trials.misconceptions),
            *_mutation_problems(mutation),
            *_margin_problems(margins),
        ),
        tuple(_thoughts(trials.misconceptions, checks.questions)),
    )


def _measured(trials: Iterable[Trial], question: str) -> list[tuple[float, str, str]]:
    """The margins of a question's variants that have one."""
    return [
        (trial.margin[0], trial.variant.name, trial.margin[1])
        for trial in trials
        if trial.variant.question == question and trial.margin is not None and math.isfinite(trial.margin[0])
    ]


def _naming_problems(misconceptions: Iterable[Trial]) -> list[str]:
    """That too few misconceptions get their names; that one gets another's is a problem of its own."""
    asked = right = 0
    for trial in misconceptions:
        asked += sum(trial.named.values())
        right += trial.named.get(trial.variant.words, 0)
    if right >= NAMED * asked:
        return []
    return [f"misconceptions are named right {right} of {asked} times, which is less than {NAMED:.0%}"]


def _margin_problems(margins: Iterable[Margin]) -> list[str]:
    problems = []
    for margin in margins:
        if margin.right is not None and margin.right[0] > RIGHT_AT_MOST:
            share, name, check = margin.right
            problems.append(f"the alternative {name} of {margin.question} uses {share:.0%} of the tolerance of {check}")
        if margin.wrong is not None and margin.wrong[0] < WRONG_AT_LEAST:
            excess, name, check = margin.wrong
            problems.append(
                f"the misconception {name} of {margin.question} is only {excess:.2g} tolerances off in {check}"
            )
    return problems


def _explained(mutants: Sequence[Mutant], survivors: Sequence[Mutant], explanations: Sequence[Explanation]) -> Mutation:
    """The survivors, those with an explanation apart from those without."""
    reasons = {
        (explanation.question, explanation.line, after): explanation
        for explanation in explanations
        for after in explanation.mutants
    }
    equivalent = [
        (mutant, reasons[key])
        for mutant in survivors
        if (key := (mutant.question, mutant.before, mutant.after)) in reasons
    ]
    known = {mutant for mutant, _ in equivalent}
    used = {(mutant.question, mutant.before, mutant.after) for mutant in known}
    return Mutation(
        len(mutants),
        tuple(mutant for mutant in survivors if mutant not in known),
        tuple(equivalent),
        tuple(
            f"{line!r} to {after!r} in {question}"
            for question, line, after in reasons
            if (question, line, after) not in used
        ),
    )


def _mutation_problems(mutation: Mutation) -> list[str]:
    problems = []
    if mutation.killed < KILLED:
        problems.append(
            f"{len(mutation.survivors)} mutants of the model answer survive without an explanation: "
            f"{mutation.killed:.1%} are killed, less than {KILLED:.0%}"
        )
    return problems + [f"no mutant survives that the explanation of {what} is for" for what in mutation.stale]


def _problems(
    model: Grade,
    released: Grade,
    misconceptions: Iterable[Trial],
    alternatives: Iterable[Trial],
    questions: Mapping[str, tuple[Check, ...]],
) -> list[str]:
    problems = [
        f"the model answer loses {check.id}: {check.verdict}, {check.message or check.title}"
        for question in model.questions
        for check in question.checks
        if check.verdict is not Verdict.PASS
    ]
    problems += [
        f"the model answer earns {question.score:g} of {question.max_score:g} on {question.id}"
        for question in model.questions
        if question.graded_by == "cell" and question.score != question.max_score
    ]
    problems += [
        f"the released notebook earns {question.score:g} on {question.id}"
        for question in released.questions
        if question.score
    ]
    for trial in misconceptions:
        what = f"the misconception {trial.variant.name} of {trial.variant.question}"
        if trial.variant.question not in questions:
            problems.append(f"{what} names a question without checks")
        elif trial.kept_full_marks:
            problems.append(f"{what} keeps full marks in {trial.kept_full_marks} of {trial.seeds} seeds")
        wrong = {words: count for words, count in trial.named.items() if words not in ("", trial.variant.words)}
        problems += [f"{what} is taken for '{words}' in {count} seeds" for words, count in wrong.items()]
    for trial in alternatives:
        for check, verdict in trial.verdicts.items():
            if verdict is not Verdict.PASS:
                problems.append(
                    f"the alternative {trial.variant.name} of {trial.variant.question} loses {check}: {verdict}, "
                    f"{trial.messages[check]}"
                )
    return problems


def _thoughts(misconceptions: Sequence[Trial], questions: Mapping[str, tuple[Check, ...]]) -> list[str]:
    """Not reasons to refuse, but to think: checks that kill nothing which others do not, misconceptions not named."""
    thoughts = []
    for question, checks in questions.items():
        kills = [
            {check for check, verdict in trial.verdicts.items() if verdict is not Verdict.PASS}
            for trial in misconceptions
            if trial.variant.question == question
        ]
        for check in checks:
            if not any(killed == {check.id} for killed in kills):
                thoughts.append(f"{check.id} kills no misconception that other checks do not kill")
    for trial in misconceptions:
        if trial.named.get("", 0):
            what = f"{trial.variant.name} of {trial.variant.question}"
            thoughts.append(f"{what} is not named in {trial.named['']} of {sum(trial.named.values())} seeds")
    return thoughts
