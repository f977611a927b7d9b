"""Answers to the course's questions with places where mistakes can be made, alone or two at a time.

An answer is right as it stands. Each of its mistakes is a piece of its text and what stands there instead. Those with
a name are misconceptions of the assignment; the others are wrong as well, and no misconception describes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A piece of an answer and what is written in its place; the name of the misconception that it is, if it is one."""

    right: str
    wrong: str
    name: str = ""


@dataclass(frozen=True)
class Answer:
    """A right answer to a question of an assignment, and mistakes that can be made in it."""

    assignment: str
    question: str
    code: str
    mistakes: tuple[Mistake, ...]

    def made(self, *mistakes: Mistake) -> str | None:
        """The answer with these mistakes; None when one leaves no room for another."""
        code = self.code
        for mistake in mistakes:
            if code.count(mistake.right) != 1:
                return None
            code = code.replace(mistake.right, mistake.wrong)
        return code
