"""What a check-writer imports. The whole vocabulary is here; docs/checks.md explains it on a page."""

from autograder.checks.close import close
from autograder.checks.vocabulary import (
    alternative,
    follow_through,
    forbids,
    hold,
    isolated,
    misconception,
    question,
    unchanged,
    visible,
    weight,
)
from autograder.student.proxy import fetch

__all__ = [
    "alternative",
    "close",
    "fetch",
    "follow_through",
    "forbids",
    "hold",
    "isolated",
    "misconception",
    "question",
    "unchanged",
    "visible",
    "weight",
]
