"""The visible checks of an assignment, for students: `release/<id>/checks.json`, which needs nothing of the course.

Each is an example (`autograder.checks.examples`), taken with inputs that are the same for everybody and never those of
grading. A check that cannot be said as data, or whose example decides differently from the check itself on any known
right or wrong answer, is left out.
"""

from __future__ import annotations

import functools
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checks import state
from autograder.checks.collect import Check, Checks, collect, judge
from autograder.checks.desk import InProcess, run_model
from autograder.checks.diagnosis import load_variants
from autograder.checks.examples import NotAnExample, Recording, Step, listening, play
from autograder.checks.plugin import Outcome, seed_for
from autograder.course import Assignment
from autograder.records import Verdict
from autograder.student.process import Transport
from autograder.student.proxy import Conversation, Student

SECONDS = 10.0
"""The longest time for a call, as in grading."""

# Not the course's secret: what students get must be the same wherever it is built, and give no hint of it.
_SEED = b"visible"


@dataclass(frozen=True)
class Visible:
    """The visible checks of an assignment as examples, and the titles of those that are none, with the reason."""

    checks: tuple[dict[str, Any], ...]
    left_out: tuple[tuple[str, str], ...]
    forbidden: dict[str, tuple[str, ...]]

    def to_json(self, name: str) -> bytes:
        """The file that students get, a check a line."""
        write = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)
        about = {
            "schema": 1,
            "assignment": name,
            "not_here": [title for title, _ in self.left_out],
            "forbidden": self.forbidden,
        }
        checks = ",\n".join(map(write, self.checks))
        return f'{write(about)[:-1]},\n"checks": [\n{checks}\n]}}\n'.encode()


def visible_checks(assignment: Assignment) -> Visible:
    """The visible checks of an assignment, recorded afresh. Raises CourseError for checks that are wrong."""
    if assignment.checks is None:
        return Visible((), (), {})
    checks = _collected(assignment.checks, assignment.root)
    examples, left_out = [], []
    for check in checks.checks:
        if not check.visible:
            continue
        try:
            steps = _steps(assignment, check)
        except NotAnExample as reason:
            left_out.append((check.title, str(reason)))
            continue
        about = {"id": check.id, "question": check.question, "title": check.title, "hint": check.hint}
        examples.append({**about, "steps": steps})
    order = [question.id for question in assignment.questions]
    examples.sort(key=lambda example: order.index(str(example["question"])) if example["question"] in order else -1)
    asked = dict.fromkeys(str(example["question"]) for example in examples)
    return Visible(
        tuple(examples), tuple(left_out), {name: names for name in asked if (names := checks.forbidden(name))}
    )


@functools.lru_cache(maxsize=2)
def _collected(folder: Path, root: Path) -> Checks:
    return collect(folder, root)


def _steps(assignment: Assignment, check: Check) -> list[Step]:
    """What the check does on the model answer. Raises NotAnExample."""
    if not check.plain:
        raise NotAnExample("uses more of pytest than parameters")
    recording = Recording(InProcess(_namespace(assignment, "")), SECONDS)
    outcome = _run(check, recording)
    if outcome.error is not None:
        if isinstance(outcome.error, NotAnExample):
            raise outcome.error
        raise NotAnExample("asks for what the notebook computes when it runs")
    if not any(step["do"] in ("close", "unchanged") for step in recording.steps):
        raise NotAnExample("compares nothing")
    for variant in (
        *load_variants(_folder(assignment), "misconception"),
        *load_variants(_folder(assignment), "alternative"),
    ):
        if variant.question != check.question:
            continue
        itself = _run(check, Conversation(InProcess(_namespace(assignment, variant.source)), SECONDS))
        played = run_example(recording.steps, InProcess(_namespace(assignment, variant.source)))
        if (itself.error is None) != (played.error is None):
            raise NotAnExample(f"decides on {variant.name} by more than what is compared")
    return recording.steps


def _folder(assignment: Assignment) -> Path:
    assert assignment.checks is not None
    return assignment.checks


def _namespace(assignment: Assignment, more: str) -> dict[str, Any]:
    """What the model answer defines, and the definitions of `more` on top."""
    namespace = run_model((notebook.source for notebook in assignment.notebooks), definitions_only=True)
    exec(more, namespace)
    return namespace


def _run(check: Check, conversation: Conversation) -> Outcome:
    """Run a plain check on this conversation, with the inputs that students get."""
    running = listening(conversation) if isinstance(conversation, Recording) else state.Running(conversation)
    state.current = running
    generator = np.random.default_rng(seed_for(_SEED, "", check.id))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            check.item.obj(**_arguments(check, Student(conversation), generator))
    except Exception as error:
        return Outcome(error, running.comparisons, conversation)
    finally:
        state.current = None
    return Outcome(None, running.comparisons, conversation)


def _arguments(check: Check, student: Student, rng: np.random.Generator) -> dict[str, Any]:
    parameters = check.item.callspec.params if hasattr(check.item, "callspec") else {}
    known = {**parameters, "student": student, "rng": rng}
    return {name: known[name] for name in check.item._fixtureinfo.argnames}


def run_example(steps: list[Step], transport: Transport) -> Outcome:
    """Play an example on the notebook behind `transport`: what it ended with, as a check would."""
    conversation = Conversation(transport, SECONDS)
    state.current = running = state.Running(conversation)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            play(steps, Student(conversation))
    except Exception as error:
        return Outcome(error, running.comparisons, conversation)
    finally:
        state.current = None
    return Outcome(None, running.comparisons, conversation)


def verdict_on(example: dict[str, Any], transport: Transport) -> tuple[Verdict, str]:
    """The verdict on an example, and the words that the feedback page would have for it."""
    outcome = run_example(example["steps"], transport)
    about = (example["id"], example["title"], example["hint"], example["question"])
    check = Check(*about, 1.0, True, False, True, None)  # type: ignore[arg-type] # there is no test of pytest's behind it
    verdict, message = judge(check, outcome)
    if verdict is Verdict.BROKEN:
        # On the model answer the same steps ran to their end.
        return Verdict.FAIL, "what came back does not have the form that was asked for"
    return verdict, message
