"""Item analysis: how hard each question and each check is, and whether it tells those who know from those who do not.

Difficulty is the mean share of the points. Discrimination is the item-rest correlation: Pearson's correlation of the
share earned on the item with the points earned on everything else (S. Henrysson, "Correction of item-total
correlations in item analysis", Psychometrika 28, 1963); for a check, which is passed or not, that is the point-biserial
correlation. The best are the upper 27 % by the rest (T. L. Kelley, "The selection of upper and lower groups for the
validation of test items", Journal of Educational Psychology 30, 1939).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

UPPER = 0.27
FEWEST = 5
"""Submissions without which nothing is said of a check."""

_FEWEST_FAILURES = 3


@dataclass(frozen=True)
class Item:
    """A question or a check: the mean share of its points, its correlation with the rest, what is odd about it.

    `discrimination` is None where it is not defined: when all earned the same on the item or on the rest. `best` is the
    mean share among the best.
    """

    id: str
    title: str
    question: str
    points: float
    count: int
    mean: float
    best: float
    discrimination: float | None
    signals: tuple[str, ...]


def item(
    id_: str, title: str, question: str, points: float, shares: Sequence[float], rest: Sequence[float]
) -> Item | None:
    """The analysis of one item: `shares` of its points and `rest`, the points elsewhere, by submission."""
    if not shares:
        return None
    mean = math.fsum(shares) / len(shares)
    best = math.fsum(_best(shares, rest)) / len(_best(shares, rest))
    correlation = discrimination(shares, rest)
    return Item(
        id_, title, question, points, len(shares), mean, best, correlation, _signals(shares, mean, best, correlation)
    )


def discrimination(shares: Sequence[float], rest: Sequence[float]) -> float | None:
    """Pearson's correlation; None when one of the two does not vary."""
    count = len(shares)
    one, other = math.fsum(shares) / count, math.fsum(rest) / count
    first = math.fsum((share - one) ** 2 for share in shares)
    second = math.fsum((points - other) ** 2 for points in rest)
    if first < 1e-12 or second < 1e-12:
        return None
    both = math.fsum((share - one) * (points - other) for share, points in zip(shares, rest, strict=True))
    return both / math.sqrt(first * second)


def _best(shares: Sequence[float], rest: Sequence[float]) -> list[float]:
    """The shares of the best by the rest; of those who are as good as the last of them, all."""
    last = sorted(rest, reverse=True)[max(1, round(UPPER * len(rest))) - 1]
    return [share for share, points in zip(shares, rest, strict=True) if points >= last]


def _signals(shares: Sequence[float], mean: float, best: float, correlation: float | None) -> tuple[str, ...]:
    if len(shares) < FEWEST:
        return ()
    if mean == 1.0:
        return ("everyone passes",)
    if mean == 0.0:
        return ("everyone fails",)
    lost = sum(share < 1.0 for share in shares)
    if lost >= _FEWEST_FAILURES and best < 0.5:
        return ("most of the best fail",)
    if lost >= _FEWEST_FAILURES and correlation is not None and correlation < 0:
        return ("the better fail more often",)
    return ()
