"""Diagnosis: which known misconception answers as this student's code did?

A check's exchange with the student was recorded: the functions called, what was sent and what came of it. A
misconception explains a submission's answers to a question when it, called in the same way, gives the same results on
every check of the question, and differs from the model answer somewhere. When exactly one does, the feedback names it;
when none or several do, nothing is guessed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import sys
import types
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.checks.close import FLOOR
from autograder.checks.collect import Check
from autograder.checks.desk import run_model
from autograder.checks.plugin import Outcome
from autograder.checks.state import is_single
from autograder.checks.vocabulary import Variant, class_bodies
from autograder.records import CourseError, Raised, Verdict
from autograder.student.proxy import Call, Remote, copy_data

if TYPE_CHECKING:
    from autograder.course import Assignment


@dataclass(frozen=True)
class Recorded:
    """One check on one submission: how it ended and what was said."""

    check: Check
    outcome: Outcome
    verdict: Verdict


@functools.lru_cache(maxsize=16)
def load_variants(folder: Path, kind: str) -> tuple[Variant, ...]:
    """The misconceptions (or alternatives) in `folder`, by the kind's file; none where there is no such file."""
    path = folder / f"{kind}s.py"
    if not path.is_file():
        return ()
    spec = importlib.util.spec_from_file_location(f"{kind}s_of_{folder.name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        bodies = class_bodies(path.read_text())
    except Exception as error:
        raise CourseError(f"{path}: {type(error).__name__}: {error}") from error
    found = [value for value in vars(module).values() if isinstance(value, Variant) and value.kind == kind]
    return tuple(dataclasses.replace(variant, source=bodies.get(variant.name, "")) for variant in found)


class Diagnosis:
    """The misconceptions of an assignment, ready to be compared with."""

    def __init__(self, assignment: Assignment) -> None:
        assert assignment.checks is not None
        self._sources = [notebook.source for notebook in assignment.notebooks]
        self.variants = load_variants(assignment.checks, "misconception")

    def warm_up(self) -> None:
        """Have the model answer compiled."""
        with contextlib.suppress(Exception):  # whoever asks for a name will meet it again
            self._namespace(None)

    def _namespace(self, variant: Variant | None) -> dict[str, Any]:
        """The model answer's definitions with the variant's on top: new ones each time, as nothing had been called."""
        namespace = run_model(self._sources, definitions_only=True)
        if variant is not None:
            exec(_compiled(variant), namespace)
        return namespace

    def name(self, recorded: Iterable[Recorded]) -> dict[str, str]:
        """The misconception behind failed checks of one question, by check id. Empty when it is not known for sure.

        `recorded` are the question's checks in the order in which they ran.
        """
        checks = [item for item in recorded if item.outcome.conversation is not None]
        if not checks or any(_ended_otherwise(item.outcome) for item in checks):
            return {}
        asked = checks[0].check.question
        explaining: list[tuple[Variant, set[str]]] = []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = self._replay(None, checks, None)
            for variant in self.variants:
                if variant.question == asked and (shown := self._explains(variant, checks, model)):
                    explaining.append((variant, shown))
        if len(explaining) != 1:
            return {}
        variant, shown = explaining[0]
        return {
            item.check.id: variant.words
            for item in checks
            if item.check.id in shown and item.verdict in (Verdict.FAIL, Verdict.ERROR)
        }

    def _explains(self, variant: Variant, checks: list[Recorded], model: list[list[_Answer]]) -> set[str]:
        """The checks where the variant shows itself, if it answers everything as the student did; else none."""
        return {
            item.check.id
            for item, answers, expected in zip(checks, self._replay(variant, checks, model), model, strict=False)
            if any(map(_shows, _calls(item), answers, expected))
        }

    def _replay(
        self, variant: Variant | None, checks: list[Recorded], model: list[list[_Answer]] | None
    ) -> list[list[_Answer]]:
        """The answers to all recorded calls, by check; of a variant nothing, unless all are the student's."""
        namespace = self._namespace(variant)
        replayed = []
        for number, item in enumerate(checks):
            objects: dict[int, Any] = {}
            answers = []
            for place, call in enumerate(_calls(item)):
                answer = _answer(call, namespace, objects)
                agrees = _agrees(call, answer, model[number][place] if model else answer, objects)
                if model is not None and not agrees:
                    return []
                answers.append(_Answer(_snapshot(answer.result), _snapshot(answer.after), answer.raised))
            replayed.append(answers)
        return replayed


@functools.lru_cache(maxsize=1024)
def _compiled(variant: Variant) -> types.CodeType:
    return compile(variant.source, f"<misconception {variant.name}>", "exec")


def _calls(item: Recorded) -> list[Call]:
    assert item.outcome.conversation is not None
    return item.outcome.conversation.calls


def _ended_otherwise(outcome: Outcome) -> bool:
    """Whether the check ended by neither a comparison nor a call: what came back could not even be looked at."""
    assert outcome.conversation is not None
    if outcome.error is None or isinstance(outcome.error, AssertionError):
        return False
    return all(call.fault is not outcome.error for call in outcome.conversation.calls)


@dataclass(frozen=True)
class _Answer:
    """What a call gave here: a result, with the arguments as the call left them, or an exception of some type."""

    result: Any = None
    after: Any = None
    raised: str = ""


def _answer(call: Call, namespace: dict[str, Any], objects: dict[int, Any]) -> _Answer:
    """What a recorded call gives here."""
    try:
        target = _resolve(call.target, namespace, objects)
        if call.fetched:
            return _Answer(target)
        args = [_local(copy_data(value), namespace, objects) for value in call.args]
        kwargs = {name: _local(copy_data(value), namespace, objects) for name, value in call.kwargs.items()}
        return _Answer(target(*args, **kwargs), [args, kwargs])
    except Exception as error:
        return _Answer(raised=type(error).__name__)


def _agrees(call: Call, answer: _Answer, right: _Answer, objects: dict[int, Any]) -> bool:
    """Whether the student's code gave this answer, as far as that was seen. `right` is the model's."""
    if answer.raised or call.fault is not None:
        return isinstance(call.fault, Raised) and call.fault.kind == answer.raised
    single = is_single(call)
    theirs, ours = call.result, answer.result
    if isinstance(theirs, tuple) and isinstance(ours, tuple) and isinstance(right.result, tuple):
        # A tuple among the model's results is a cache, which may be anything: also an array, or nothing at all.
        kept = {place for place, item in enumerate(right.result) if isinstance(item, tuple)}
        theirs = tuple(None if place in kept and _is_data(item) else item for place, item in enumerate(theirs))
        ours = tuple(None if place in kept and theirs[place] is None else item for place, item in enumerate(ours))
    same = _same(theirs, ours, objects, single)
    same = same and (not call.echo or _same(call.after, answer.after, objects, single))
    # As a whole result, what stayed there is not what would have crossed; within one it may be a cache.
    return same and not (
        type(call.result) is Remote and not call.hold and (isinstance(answer.result, tuple) or _is_data(answer.result))
    )


def _resolve(remote: Remote, namespace: dict[str, Any], objects: dict[int, Any]) -> Any:
    root = object.__getattribute__(remote, "_root")
    value = namespace[root] if isinstance(root, str) else objects[root]
    for kind, key in object.__getattribute__(remote, "_path"):
        value = value[key] if kind == "item" else getattr(value, key)
    return value


def _local(value: Any, namespace: dict[str, Any], objects: dict[int, Any]) -> Any:
    """The value with the student's objects replaced by ours."""
    if type(value) is Remote:
        return _resolve(value, namespace, objects)
    if type(value) in (list, tuple):
        return type(value)(_local(item, namespace, objects) for item in value)
    if type(value) is dict:
        return {key: _local(item, namespace, objects) for key, item in value.items()}
    return value


def _snapshot(value: Any) -> Any:
    """The value as it is now: later calls may write into arrays that earlier ones returned."""
    if type(value) in (list, tuple):
        return type(value)(_snapshot(item) for item in value)
    if type(value) is dict:
        return {key: _snapshot(item) for key, item in value.items()}
    if type(value) is np.ndarray:
        return value.copy()
    torch = sys.modules.get("torch")
    return value.detach().clone() if torch is not None and type(value) is torch.Tensor else value


def _same(theirs: Any, ours: Any, objects: dict[int, Any], single: bool) -> bool:
    """Whether two results agree. An object that stayed there agrees with any of ours, and stands for it from now on."""
    if type(theirs) is Remote:
        root = object.__getattribute__(theirs, "_root")
        objects[root] = ours
        return True
    if isinstance(theirs, (tuple, list)):
        if not isinstance(ours, tuple if isinstance(theirs, tuple) else list) or len(theirs) != len(ours):
            return False
        # All of them, not only up to the first that differs: each remote must find its counterpart.
        return sum(_same(one, other, objects, single) for one, other in zip(theirs, ours, strict=True)) == len(ours)
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and theirs.keys() == ours.keys()
            and sum(_same(value, ours[key], objects, single) for key, value in theirs.items()) == len(ours)
        )
    return _equal(theirs, ours, single)


def _is_data(value: Any) -> bool:
    """Whether a result of ours, or an item of a tuple that is one, would have come back as data."""
    torch = sys.modules.get("torch")
    plain = (bool, int, float, complex, str, bytes, np.generic, np.ndarray, type(None))
    return isinstance(value, plain) or (torch is not None and isinstance(value, torch.Tensor))


def _equal(one: Any, other: Any, single: bool = False) -> bool:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(one, torch.Tensor) != isinstance(other, torch.Tensor):
        return False
    if torch is not None and isinstance(one, torch.Tensor):
        one, other = one.detach().double().numpy(), other.detach().double().numpy()
    if isinstance(one, np.random.Generator) and isinstance(other, np.random.Generator):
        # A state holds arrays for some bit generators: compared as text, which shows all of their few hundred numbers.
        return repr(one.bit_generator.state) == repr(other.bit_generator.state)
    numeric = (bool, int, float, complex, np.generic, np.ndarray)
    if isinstance(one, numeric) != isinstance(other, numeric):
        return False
    if not isinstance(one, numeric):
        return type(one) is type(other) and bool(one == other)
    first, second = np.asarray(one), np.asarray(other)
    if first.shape != second.shape or first.dtype.kind != second.dtype.kind:
        return False
    if not single and first.dtype.itemsize != second.dtype.itemsize:
        return False
    if first.dtype.kind not in "fc":
        return bool(np.array_equal(first, second))
    if isinstance(one, np.ndarray) != isinstance(other, np.ndarray) and first.ndim:
        return False
    gap, allowed = np.abs(first - second), FLOOR * (1 + np.abs(second))
    if np.isfinite(gap.sum() + allowed.sum()):
        return bool((gap <= allowed).all())
    return bool(np.allclose(first, second, rtol=FLOOR, atol=FLOOR, equal_nan=True))


def _shows(call: Call, answer: _Answer, right: _Answer) -> bool:
    """Whether in this call a check saw another answer than the model's."""
    if answer.raised:
        # That two answers raise the same type of exception says too little about why.
        return False
    if right.raised or (call.echo and not _alike(answer.after, right.after)):
        return True
    if call.hold:
        return False
    one, other = answer.result, right.result
    if call.fetched:
        return not _alike(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) != len(other) or not all(map(_look_alike, one, other))
    return isinstance(one, tuple) or isinstance(other, tuple) or not _look_alike(one, other)


def _look_alike(one: Any, other: Any) -> bool:
    """Whether two results, or items of two, are the same to a check that does not fetch them."""
    return _equal(one, other) if _is_data(one) and _is_data(other) else _is_data(one) == _is_data(other)


def _alike(one: Any, other: Any) -> bool:
    """Whether two values of ours are the same to a check that fetches them; all objects that are no data are."""
    if _is_data(one) or _is_data(other):
        return _look_alike(one, other)
    for kind in (tuple, list, dict):
        if isinstance(one, kind) != isinstance(other, kind):
            return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(value, other[key]) for key, value in one.items())
    return not isinstance(one, (tuple, list)) or (len(one) == len(other) and all(map(_alike, one, other)))
