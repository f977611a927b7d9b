"""How good are an assignment's checks? Model answer, released notebook, misconceptions and alternatives, tried out.

The notebooks go through the real `grade`. Misconceptions and alternatives are our own code: they run in this process,
over many seeds, where a call costs microseconds.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import json
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.checks import desk
from autograder.checks.collect import Check, everything, judge
from autograder.checks.diagnosis import Diagnosis, Recorded, load_variants
from autograder.checks.forbidden import forbidden_calls, read_code
from autograder.checks.plugin import seed_for
from autograder.checks.vocabulary import Variant
from autograder.course import Assignment
from autograder.grade import Examiner, grade_text
from autograder.records import Grade, Verdict

SEEDS = 200
_MISCONCEPTION_SEEDS = 10
_CHUNK = 50


@dataclass(frozen=True)
class Trial:
    """A variant on the checks of its question over some seeds: the worst verdict of each check, the names given."""

    variant: Variant
    seeds: int
    verdicts: dict[str, Verdict]
    messages: dict[str, str]
    kept_full_marks: int
    lost_something: int
    named: dict[str, int]


@dataclass(frozen=True)
class Verification:
    """What `verify` found. `problems` are the reasons to refuse the assignment, in words; none when it is sound."""

    assignment: str
    model: Grade
    released: Grade
    checks: tuple[Check, ...]
    misconceptions: tuple[Trial, ...]
    alternatives: tuple[Trial, ...]
    problems: tuple[str, ...]
    thoughts: tuple[str, ...] = field(default=())


@functools.lru_cache(maxsize=2)
def _examiner(assignment: Assignment) -> tuple[Examiner, Diagnosis]:
    return Examiner.of(assignment, b"verify"), Diagnosis(assignment)


def _namespace(assignment: Assignment, variant: Variant) -> dict[str, Any]:
    namespace = desk.run_model((notebook.source for notebook in assignment.notebooks), definitions_only=True)
    exec(compile(variant.source, f"<{variant.kind} {variant.name}>", "exec"), namespace)
    return namespace


def try_variant(assignment: Assignment, name: str, kind: str, seeds: Sequence[int]) -> Trial:
    """One variant on the checks of its question, for each of `seeds`. A worker's task."""
    assert assignment.checks is not None
    variant = next(
        variant for variant in load_variants(assignment.checks, kind) if f"{variant.question}.{variant.name}" == name
    )
    examiner, diagnosis = _examiner(assignment)
    assert examiner.checks is not None
    checks = examiner.checks.questions.get(variant.question, ())
    verdicts: dict[str, Verdict] = {}
    messages: dict[str, str] = {}
    named: dict[str, int] = {}
    kept = lost = 0
    banned = _banned(examiner, assignment, variant, checks)
    namespace = _namespace(assignment, variant)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed in seeds:
            recorded = []
            provider = desk.Desk(namespace, functools.partial(seed_for, b"verify", str(seed)))
            for check in checks:
                outcome, _ = examiner.checks.run(check, provider)
                verdict, message = judge(check, outcome)
                if verdict is Verdict.BROKEN and kind == "misconception":
                    # As in grading, where the model answer is asked: here it is known to pass.
                    verdict = Verdict.FAIL
                if banned and verdict is Verdict.PASS:
                    verdict, message = Verdict.FAIL, banned
                if verdicts.get(check.id, Verdict.PASS) is Verdict.PASS:
                    verdicts[check.id], messages[check.id] = verdict, message or everything(outcome)
                recorded.append(Recorded(check, outcome, verdict))
            passed = all(item.verdict is Verdict.PASS for item in recorded)
            kept, lost = kept + passed, lost + (not passed)
            if kind == "misconception" and not passed and not banned:
                for words in set(diagnosis.name(recorded).values()) or {""}:
                    named[words] = named.get(words, 0) + 1
    return Trial(variant, len(seeds), verdicts, messages, kept, lost, named)


def _banned(examiner: Examiner, assignment: Assignment, variant: Variant, checks: Sequence[Check]) -> str:
    """The sentence on a forbidden call in the variant's own code, if there is one."""
    assert examiner.checks is not None
    names = examiner.checks.forbidden(variant.question)
    cells = [cell for notebook in assignment.notebooks for cell in json.loads(notebook.source)["cells"]]
    cells = [{**cell, "source": "".join(cell["source"])} for cell in cells if _is_import(cell)]
    cells.append({"cell_type": "code", "source": variant.source})
    defined = {
        node.name for node in ast.parse(variant.source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    found = forbidden_calls(read_code({"cells": cells}), names, defined)
    return f"uses `{found[0].name}`, which the question forbids" if found else ""


def _is_import(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and "import " in "".join(cell["source"])


def verify(
    assignment: Assignment,
    *,
    seeds: int = SEEDS,
    workers: int | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Try everything that the assignment ships. `report(done, total)` is called as the trials finish."""
    assert assignment.checks is not None
    with Examiner.of(assignment, b"verify") as examiner:
        model = grade_text(examiner, {notebook.name: notebook.source for notebook in assignment.notebooks})
        released = grade_text(examiner, {notebook.name: notebook.released for notebook in assignment.notebooks})
        assert examiner.checks is not None
        checks = examiner.checks.checks
        questions = dict(examiner.checks.questions)
    tasks = []
    for kind, count in (("misconception", min(seeds, _MISCONCEPTION_SEEDS)), ("alternative", seeds)):
        for variant in load_variants(assignment.checks, kind):
            name = f"{variant.question}.{variant.name}"
            for start in range(0, count, _CHUNK):
                tasks.append((name, kind, range(start, min(start + _CHUNK, count))))
    trials: dict[tuple[str, str], Trial] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers or os.cpu_count() or 1, mp_context=context) as pool:
        futures = {pool.submit(try_variant, assignment, *task): task for task in tasks}
        for done, future in enumerate(as_completed(futures), 1):
            name, kind, _ = futures[future]
            trial = future.result()
            before = trials.get((kind, name))
            trials[kind, name] = trial if before is None else _merged(before, trial)
            report(done, len(tasks))
    ordered = list(dict.fromkeys((kind, name) for name, kind, _ in tasks))
    misconceptions = tuple(trials[key] for key in ordered if key[0] == "misconception")
    alternatives = tuple(trials[key] for key in ordered if key[0] == "alternative")
    return Verification(
        assignment.id,
        model,
        released,
        checks,
        misconceptions,
        alternatives,
        tuple(_problems(model, released, misconceptions, alternatives, questions)),
        tuple(_thoughts(misconceptions, questions)),
    )


def _merged(one: Trial, other: Trial) -> Trial:
    """Two trials of one variant over different seeds, as one."""
    verdicts = {
        check: verdict if verdict is not Verdict.PASS else other.verdicts.get(check, verdict)
        for check, verdict in one.verdicts.items()
    }
    messages = {check: one.messages.get(check) or other.messages.get(check, "") for check in verdicts}
    named = {words: one.named.get(words, 0) + other.named.get(words, 0) for words in {*one.named, *other.named}}
    return dataclasses.replace(
        one,
        seeds=one.seeds + other.seeds,
        verdicts=verdicts,
        messages=messages,
        kept_full_marks=one.kept_full_marks + other.kept_full_marks,
        lost_something=one.lost_something + other.lost_something,
        named=named,
    )


def _problems(
    model: Grade,
    released: Grade,
    misconceptions: Iterable[Trial],
    alternatives: Iterable[Trial],
    questions: dict[str, tuple[Check, ...]],
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


def _thoughts(misconceptions: Sequence[Trial], questions: dict[str, tuple[Check, ...]]) -> list[str]:
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
            thoughts.append(f"{what} is not named in {trial.named['']} of {trial.seeds} seeds")
    return thoughts
