"""Everything that an assignment ships and its mutants, tried on its checks: our own code, in forks of this process."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import dis
import functools
import gc
import json
import math
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from autograder.checks import desk
from autograder.checks.collect import Check, Checks, collect, everything, judge
from autograder.checks.diagnosis import Diagnosis, Recorded, load_variants
from autograder.checks.forbidden import forbidden_calls, read_code
from autograder.checks.plugin import Outcome, seed_for
from autograder.checks.vocabulary import Variant
from autograder.course import Assignment
from autograder.forks import can_fork, in_forks
from autograder.mutants import Mutant, make_mutants
from autograder.records import AutograderError, Verdict
from autograder.remember import remember_references
from autograder.workers import places

Report = Callable[[int, int], None]

_MISCONCEPTION_SEEDS = 12
_MATRIX_SEEDS = 2
_MUTANT_SEEDS = 3
_CHUNK = 40
_TOGETHER = 8
_MUTANTS = 50
# A mutant may loop for ever: it gets ten times as long as the model answer took, and this.
_MUTANT_CPU_SECONDS = 2.0
_VARIANT_CPU_SECONDS = 120.0
_CALL_SECONDS = 600.0


@dataclass(frozen=True)
class Trial:
    """A variant on the checks of its question over some seeds: the worst verdict of each check, the names given.

    A misconception goes through all checks, and gets names, with the first two seeds; with the others only until a
    check notices it. `margin` is the largest error of an alternative that `close` accepted, or the smallest of a
    misconception that it refused (with the check that saw most), in tolerances; nothing when no
    numbers were compared, infinite when what came back was no number or was refused in another way; and the check it
    was measured on.
    """

    variant: Variant
    seeds: int
    verdicts: dict[str, Verdict]
    messages: dict[str, str]
    kept_full_marks: int
    lost_something: int
    named: dict[str, int]
    margin: tuple[float, str] | None = None


@dataclass(frozen=True)
class Trials:
    """Of everything: the trials of misconceptions and alternatives, all mutants, and those that nothing noticed."""

    misconceptions: tuple[Trial, ...]
    alternatives: tuple[Trial, ...]
    mutants: tuple[Mutant, ...]
    survivors: tuple[Mutant, ...]


@dataclass(frozen=True)
class _Bench:
    """What trials need, made once and shared with the forks.

    `model` is what the notebook with the model answer made; `sound` are the checks that can judge mutants,
    `seconds` those that the model answer took for a question's.
    """

    assignment: Assignment
    checks: Checks
    diagnosis: Diagnosis
    model: dict[str, Any]
    sound: set[str]
    seconds: dict[str, float]

    @classmethod
    def of(cls, assignment: Assignment, checks: Checks) -> _Bench:
        """The bench of an assignment; runs its model answer."""
        model = desk.run_model((notebook.source for notebook in assignment.notebooks), assignment.files)
        return cls(assignment, checks, Diagnosis(assignment), model, set(), {})


_Task = tuple[tuple[Variant, ...], range] | Mutant


def try_everything(
    assignment: Assignment, checks: Checks, *, seeds: int, workers: int | None, report: Report
) -> Trials:
    """Misconceptions over twelve seeds, alternatives over `seeds`, mutants over three, on the assignment's `checks`.

    `report(done, total)` is called as they finish.
    """
    if not can_fork():
        return _in_a_new_process(assignment, seeds, workers, report)
    bench = _Bench.of(assignment, checks)
    assert assignment.checks is not None
    # Also for what it imports and starts on the way, which each fork would have to do again.
    mutants = make_mutants(assignment, _asked_for(bench))
    variants = {kind: load_variants(assignment.checks, kind) for kind in ("alternative", "misconception")}
    misconception_seeds = range(min(seeds, _MISCONCEPTION_SEEDS))
    tasks: list[tuple[tuple[Variant, ...], range]] = [
        (together, range(start, min(start + _CHUNK, seeds)))
        for together in _together(variants["alternative"])
        for start in range(0, seeds, _CHUNK)
    ]
    tasks += [(together, misconception_seeds) for together in _together(variants["misconception"])]
    # The longest first: at the end all processes have something left to do.
    tasks.sort(key=lambda task: bench.seconds.get(task[0][0].question, 0.0) * len(task[0]) * len(task[1]), reverse=True)
    batches: list[Sequence[_Task]] = [[task] for task in tasks]
    batches += [mutants[start : start + _MUTANTS] for start in range(0, len(mutants), _MUTANTS)]
    total = sum(map(len, batches))
    trials: dict[Variant, Trial] = {}
    killed = set()
    work = functools.partial(_do, bench)
    results = in_forks(
        work,
        batches,
        workers=workers or places(),
        cpu_seconds=functools.partial(_cpu_seconds, bench),
        memory_mb=assignment.limits.memory_mb,
    )
    for done, (task, result) in enumerate(results, 1):
        if isinstance(task, Mutant):
            killed |= {task} if result is not False else set()
        else:
            if not isinstance(result, list):
                names = ", ".join(f"{variant.name} of {variant.question}" for variant in task[0])
                raise AutograderError(f"one of {names} kills the process that tries it, or never comes to an end")
            for trial in result:
                before = trials.get(trial.variant)
                trials[trial.variant] = trial if before is None else _merged(before, trial)
        report(done, total)
    return Trials(
        tuple(trials[variant] for variant in variants["misconception"]),
        tuple(trials[variant] for variant in variants["alternative"]),
        mutants,
        tuple(mutant for mutant in mutants if mutant not in killed),
    )


def _cpu_seconds(bench: _Bench, task: _Task) -> float:
    if isinstance(task, Mutant):
        return _MUTANT_CPU_SECONDS + 10 * bench.seconds[task.question]
    return _VARIANT_CPU_SECONDS * len(task[0])


def _together(variants: Sequence[Variant]) -> list[tuple[Variant, ...]]:
    """The variants in groups of one question each, which put the same questions to the references."""
    asked: dict[str, list[Variant]] = {}
    for variant in variants:
        asked.setdefault(variant.question, []).append(variant)
    return [
        tuple(group[start : start + _TOGETHER]) for group in asked.values() for start in range(0, len(group), _TOGETHER)
    ]


def _do(bench: _Bench, task: _Task) -> list[Trial] | bool:
    """A fork's task: the trials of some variants, or whether a mutant was noticed."""
    _briefly()
    with _silence():
        return _killed(bench, task) if isinstance(task, Mutant) else _try_variants(bench, *task)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """No warnings of what is meant to go wrong."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _briefly() -> None:
    """Leave out, in a fork, what takes long and nobody looks at."""
    remember_references()
    gc.set_threshold(50_000, 20, 100)
    # pytest puts every argument of a failed assertion into words.
    np.set_printoptions(threshold=4, edgeitems=1)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_printoptions(threshold=4, edgeitems=1)
        # torch.manual_seed writes down where it was called from for each kind of device that is not there.
        vars(torch)["manual_seed"] = torch.default_generator.manual_seed


def _namespace(bench: _Bench, source: str, name: str) -> dict[str, Any]:
    """The model answer's definitions with those of `source` in their place."""
    sources = (notebook.source for notebook in bench.assignment.notebooks)
    namespace = desk.run_model(sources, definitions_only=True)
    exec(compile(source, f"<{name}>", "exec"), namespace)
    return namespace


def _with_values(bench: _Bench, source: str) -> dict[str, Any]:
    """The same, with what the model answer's notebook made when it ran: networks that it trained, for example."""
    namespace = _namespace(bench, source, "mutant")
    # In place: it is the global variables of the functions in it.
    for name, value in bench.model.items():
        namespace.setdefault(name, value)
    return namespace


def _asked_for(bench: _Bench) -> dict[str, set[str]]:
    """The names of the model answer that the checks of each question ask for. Notes which checks are sound.

    A check that the model answer does not pass here, because it wants more than definitions and values, judges none of
    its mutants: it would seem to notice every one.
    """
    asked: dict[str, set[str]] = {}
    unsound = set()
    with _silence():
        namespace = _with_values(bench, "")
        for question in bench.checks.questions:
            start = time.process_time()
            for seed in range(_MUTANT_SEEDS):
                for check, outcome, verdict, _ in _run_checks(bench, namespace, question, seed):
                    if verdict is not Verdict.PASS or outcome.conversation is None:
                        unsound.add(check.id)
                        continue
                    calls = outcome.conversation.calls
                    asked.setdefault(question, set()).update(call.target.variable for call in calls)
            bench.seconds[question] = time.process_time() - start
    bench.sound.update(check.id for check in bench.checks.checks if check.id not in unsound)
    return asked


def _run_checks(
    bench: _Bench,
    namespace: dict[str, Any],
    question: str,
    seed: int,
    *,
    thorough: bool = False,
    sound: Set[str] = frozenset(),
) -> Iterator[tuple[Check, Outcome, Verdict, str]]:
    """The question's checks with the inputs of `seed`, one by one: how each ended."""
    seeds = functools.partial(seed_for, b"verify", str(seed))
    provider = desk.Desk(namespace, seeds, _CALL_SECONDS, thorough=thorough, sound=sound)
    for check in bench.checks.questions.get(question, ()):
        outcome, _ = bench.checks.run(check, provider)
        yield check, outcome, *judge(check, outcome)


def _untouched(bench: _Bench, source: str) -> frozenset[str]:
    """The names of the model answer that `source` leaves as they are."""
    code = compile(source, "<variant>", "exec")
    stored = {step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_NAME", "STORE_GLOBAL")}
    return frozenset(bench.model.keys() - stored)


def _killed(bench: _Bench, mutant: Mutant) -> bool:
    """Whether a check notices the mutant with any of a few seeds."""
    try:
        namespace = _with_values(bench, mutant.source)
    except Exception:  # a definition that raises: its notebook would not run
        return True
    untouched = _untouched(bench, mutant.source)
    return any(
        verdict not in (Verdict.PASS, Verdict.SKIPPED)
        for seed in range(_MUTANT_SEEDS)
        for check, _, verdict, _ in _run_checks(bench, namespace, mutant.question, seed, sound=untouched)
        if check.id in bench.sound
    )


def _try_variants(bench: _Bench, variants: Sequence[Variant], seeds: Sequence[int]) -> list[Trial]:
    """Each of a few variants on the checks of its question, for each of `seeds`."""
    prepared = [
        (variant, _namespace(bench, variant.source, f"{variant.kind} {variant.name}"), _banned(bench, variant))
        for variant in variants
    ]
    tried = [[_try_variant(bench, *one, seed) for one in prepared] for seed in seeds]
    return [functools.reduce(_merged, of_one) for of_one in zip(*tried, strict=True)]


def _try_variant(bench: _Bench, variant: Variant, namespace: dict[str, Any], banned: str, seed: int) -> Trial:
    verdicts: dict[str, Verdict] = {}
    messages: dict[str, str] = {}
    recorded = []
    wrong = variant.kind == "misconception"
    whole = not wrong or seed < _MATRIX_SEEDS
    untouched = _untouched(bench, variant.source)
    for check, outcome, verdict, message in _run_checks(
        bench, namespace, variant.question, seed, thorough=wrong and whole, sound=untouched
    ):
        if verdict is Verdict.BROKEN and wrong:
            # As in grading, where the model answer is asked: here it is known to pass.
            verdict = Verdict.FAIL
        if banned and verdict is Verdict.PASS:
            verdict, message = Verdict.FAIL, banned
        verdicts[check.id], messages[check.id] = verdict, message or everything(outcome)
        recorded.append(Recorded(check, outcome, verdict))
        if not whole and verdict is not Verdict.PASS:
            break
    passed = all(item.verdict is Verdict.PASS for item in recorded)
    names: set[str] = set()
    if wrong and whole and not passed and not banned:
        names = set(bench.diagnosis.name(recorded).values()) or {""}
    margin = _margin(wrong, recorded) if whole else None
    return Trial(variant, 1, verdicts, messages, int(passed), int(not passed), dict.fromkeys(names, 1), margin)


def _margin(wrong: bool, recorded: Sequence[Recorded]) -> tuple[float, str] | None:
    """How far from the tolerance one run through a question's checks was, and on which of them it was nearest to it."""
    measured = []
    for item in recorded:
        comparisons = item.outcome.comparisons
        if not wrong:
            # One that is to be false, as in `assert not close(...)`, says nothing of what is accepted.
            measured += [(c.share, item.check.id) for c in comparisons if c.ok and c.share is not None]
        elif item.verdict is not Verdict.PASS:
            last = comparisons[-1] if comparisons else None
            refused = last is not None and not last.ok and last.share is not None
            measured.append((last.share if last is not None and refused and last.share else math.inf, item.check.id))
    return max(measured, default=None)


def _further(wrong: bool, one: tuple[float, str] | None, other: tuple[float, str] | None) -> tuple[float, str] | None:
    """Of two margins the one that is the nearer to the tolerance."""
    if one is None or other is None:
        return one or other
    return min(one, other) if wrong else max(one, other)


def _banned(bench: _Bench, variant: Variant) -> str:
    """The sentence on a forbidden call in the variant's own code, if there is one."""
    names = bench.checks.forbidden(variant.question)
    cells = [cell for notebook in bench.assignment.notebooks for cell in json.loads(notebook.source)["cells"]]
    cells = [{**cell, "source": "".join(cell["source"])} for cell in cells if _is_import(cell)]
    cells.append({"cell_type": "code", "source": variant.source})
    defined = {
        node.name for node in ast.parse(variant.source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    found = forbidden_calls(read_code({"cells": cells}), names, defined)
    return f"uses `{found[0].name}`, which the question forbids" if found else ""


def _is_import(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and "import " in "".join(cell["source"])


def _merged(one: Trial, other: Trial) -> Trial:
    """Two trials of one variant over different seeds, as one."""
    verdicts = {
        check: one.verdicts[check] if one.verdicts.get(check, Verdict.PASS) is not Verdict.PASS else verdict
        for check, verdict in {**one.verdicts, **other.verdicts}.items()
    }
    messages = {check: one.messages.get(check) or other.messages.get(check, "") for check in verdicts}
    named = {words: one.named.get(words, 0) + other.named.get(words, 0) for words in {*one.named, *other.named}}
    return dataclasses.replace(
        one,
        margin=_further(one.variant.kind == "misconception", one.margin, other.margin),
        seeds=one.seeds + other.seeds,
        verdicts=verdicts,
        messages=messages,
        kept_full_marks=one.kept_full_marks + other.kept_full_marks,
        lost_something=one.lost_something + other.lost_something,
        named=named,
    )


def _in_a_new_process(assignment: Assignment, seeds: int, workers: int | None, report: Report) -> Trials:
    """The same from a process with one thread, for one that has more."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_by_itself, args=(theirs, assignment, seeds, workers))
    process.start()
    theirs.close()
    try:
        while True:
            match ours.recv():
                case Trials() as trials:
                    return trials
                case AutograderError() as error:
                    raise error
                case int(done), int(total):
                    report(done, total)
    except EOFError:
        raise AutograderError("the process that tries everything has died") from None
    finally:
        process.terminate()
        process.join()
        ours.close()


def _by_itself(connection: Connection, assignment: Assignment, seeds: int, workers: int | None) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    assert assignment.checks is not None
    checks = collect(assignment.checks, assignment.root)
    if not can_fork():
        raise AssertionError("a library starts threads when it is imported")
    try:
        trials = try_everything(
            assignment, checks, seeds=seeds, workers=workers, report=lambda *count: connection.send(count)
        )
        connection.send(trials)
    except AutograderError as error:
        connection.send(error)
