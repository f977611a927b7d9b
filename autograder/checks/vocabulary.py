"""The marks and helpers that a check-writer uses; docs/checks.md explains each."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from autograder.checks import state
from autograder.checks.close import Comparison
from autograder.student import proxy


def question(id: str) -> pytest.MarkDecorator:  # noqa: A002 - nbgrader's and the course's word for it
    """Mark: the question that a check belongs to, by the `grade_id` of its grade cell."""
    return pytest.mark.question(id)


def weight(share: float) -> pytest.MarkDecorator:
    """Mark: the check's share of its question's points, relative to the others' (1 without this mark)."""
    return pytest.mark.weight(share)


def forbids(*names: str) -> pytest.MarkDecorator:
    """Mark: calls, by their full dotted names, that answers to the question may not use."""
    return pytest.mark.forbids(*names)


def follow_through(**functions: Callable[..., Any]) -> pytest.MarkDecorator:
    """Mark: try a failed check again with these functions in place of the student's, and let that count."""
    mark: pytest.MarkDecorator = pytest.mark.follow_through(**functions)
    return mark


visible = pytest.mark.visible
isolated = pytest.mark.isolated


def hold(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a student's function and leave the result in the student's process; a `Remote`."""
    return proxy.call(function, args, kwargs, hold=True)


def unchanged(function: Any, *args: Any, **kwargs: Any) -> Comparison:
    """Call a student's function; true when it left all its arguments as they were."""
    _, positional, named = proxy.call(function, args, kwargs, hold=True, echo=True)
    for name, before, after in [
        *((f"argument {place}", *pair) for place, pair in enumerate(zip(args, positional, strict=True), 1)),
        *((f"argument `{name}`", kwargs[name], named.get(name)) for name in kwargs),
    ]:
        if not _same(before, after):
            return state.noted(Comparison(False, f"{name} was changed by the call", form=True))
    return state.noted(Comparison(True))


def _same(before: Any, after: Any) -> bool:
    if type(before) in (list, tuple):
        return type(after) is type(before) and len(before) == len(after) and all(map(_same, before, after))
    if type(before) is dict:
        # Its order counts: a parameter that was taken out and put back is at the end.
        return type(after) is dict and list(before) == list(after) and all(map(_same, before.values(), after.values()))
    if isinstance(before, (np.ndarray, np.generic)):
        return (
            type(after) is type(before)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and bool(np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"))
        )
    if type(before).__module__.startswith("torch") and hasattr(before, "detach"):
        # The wire brings every tensor as a plain one. Numbers that are not numbers are equal to themselves here.
        return (
            hasattr(after, "detach")
            and before.shape == after.shape
            and before.dtype == after.dtype
            and bool(((before == after) | ((before != before) & (after != after))).all())
        )
    if isinstance(before, (bool, int, float, str, bytes)) or before is None:
        return bool(before == after) or (before != before and after != after)
    return True


@dataclass(frozen=True)
class Variant:
    """An answer of our own to one question: a misconception or an alternative.

    `source` is what a student would have written in the notebook, `title` and `text` are what its docstring says.
    """

    question: str
    name: str
    title: str
    source: str
    text: str
    kind: str

    @property
    def parts(self) -> list[str]:
        """The paragraphs of its text: what it does, why it is wrong."""
        text = self.text.partition("Example:")[0]
        return [" ".join(part.split()) for part in re.split(r"\n\s*\n|\n(?=Why it is wrong:)", text) if part.strip()]

    @property
    def example(self) -> str:
        """The lines of its example."""
        return textwrap.dedent(self.text.partition("Example:")[2].strip("\n"))

    @property
    def words(self) -> str:
        """The name in words: `NoMaximumSubtracted` is "no maximum subtracted"."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", self.name).lower()


def _variant(kind: str, question_id: str) -> Callable[[type], Variant]:
    def decorate(cls: type) -> Variant:
        text = inspect.cleandoc(cls.__doc__ or "")
        title, _, rest = text.partition("\n")
        return Variant(question_id, cls.__name__, title.strip(), "", inspect.cleandoc(rest), kind)

    return decorate


def class_bodies(text: str) -> dict[str, str]:
    """The source of each class's body in a Python file, without its docstring and at module level: name -> source.

    Raises `ValueError` when two classes have one name: the second would silently take the first's place.
    """
    lines = text.splitlines()
    bodies = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        if node.name in bodies:
            raise ValueError(f"two classes are named {node.name}")
        statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
        if not statements:
            continue
        start = min([statements[0].lineno, *(d.lineno for d in getattr(statements[0], "decorator_list", []))])
        bodies[node.name] = textwrap.dedent("\n".join(lines[start - 1 : node.end_lineno])) + "\n"
    return bodies


def misconception(question_id: str) -> Callable[[type], Variant]:
    """Decorator: the body of the class is a wrong answer to the question, which makes one mistake."""
    return _variant("misconception", question_id)


def alternative(question_id: str) -> Callable[[type], Variant]:
    """Decorator: the body of the class is a right answer to the question, written differently."""
    return _variant("alternative", question_id)
