"""Wrong answers that no known misconception explains, grouped by what they do: the next mistakes to name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from autograder.checks.behaviour import alike
from autograder.records import Behaviour


@dataclass(frozen=True)
class Cluster:
    """Submissions whose answers to a question fail the same checks and do the same there.

    `relations` say how what came was related to what was expected, `titles` name the checks that fail.
    """

    question: str
    students: tuple[str, ...]
    titles: tuple[str, ...]
    relations: tuple[str, ...]


@dataclass
class _Group:
    question: str
    failed: dict[str, Behaviour]
    titles: tuple[str, ...]
    students: list[str]


def clusters(submissions: Iterable[dict[str, Any]]) -> tuple[Cluster, ...]:
    """The clusters in a class, given as the contents of `results.json`: the largest first, then as questions stand."""
    groups: list[_Group] = []
    order: dict[str, int] = {}
    for results in submissions:
        for question in results["questions"]:
            order.setdefault(question["id"], len(order))
            failed = {
                check["id"]: Behaviour(told["form"], tuple(told["numbers"]), told["relation"])
                for check in question["checks"]
                if (told := check.get("behaviour"))
            }
            if not failed:
                continue
            group = next((one for one in groups if _same(one, question["id"], failed)), None)
            if group is None:
                titles = tuple(check["title"] for check in question["checks"] if check["id"] in failed)
                groups.append(_Group(question["id"], failed, titles, [results["student"]]))
            else:
                group.students.append(results["student"])
    groups.sort(key=lambda group: (-len(group.students), order[group.question], group.students))
    return tuple(
        Cluster(group.question, tuple(group.students), group.titles, _relations(group.failed.values()))
        for group in groups
    )


def _same(group: _Group, question: str, failed: dict[str, Behaviour]) -> bool:
    return (
        group.question == question
        and group.failed.keys() == failed.keys()
        and all(alike(group.failed[id_], one) for id_, one in failed.items())
    )


def _relations(behaviours: Iterable[Behaviour]) -> tuple[str, ...]:
    """What is said of the behaviours, each once."""
    return tuple(dict.fromkeys(one.relation for one in behaviours if one.relation))
