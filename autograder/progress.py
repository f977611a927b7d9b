"""How far a batch is: what is done, what is left, how fast it goes, and who keeps everybody waiting."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_WINDOW_SECONDS = 60.0


@dataclass
class Progress:
    """How far a batch is. Students are named, and their grades are in `results.json`: any batch takes little room.

    `outdated` is how many of the skipped were graded before the assignment or its checks changed. `failed` are
    submissions that could not be graded for a fault of ours, with the reason. `running` are those that a worker has in
    hand, with the time (of `time.monotonic`) since when. `slots` is how many can be in hand at once.
    """

    total: int
    skipped: list[str] = field(default_factory=list)
    outdated: int = 0
    graded: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    slots: int = 0
    started: float = field(default_factory=time.monotonic)
    _seen: deque[tuple[float, int]] = field(default_factory=deque, repr=False)

    @property
    def done(self) -> int:
        """Submissions that need nothing more in this run."""
        return len(self.skipped) + len(self.graded) + len(self.failed)

    @property
    def left(self) -> int:
        """Submissions that are still to be graded."""
        return self.total - self.done

    @property
    def seconds(self) -> float:
        """Seconds since the batch began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Submissions graded a second, over the last minute."""
        since, before = self._seen[0] if self._seen else (self.started, 0)
        return (self._worked() - before) / max(time.monotonic() - since, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        """Seconds the rest will take at this rate; None while nothing can be said.

        Once all that is left is in hand, the rate says nothing of one that has taken longer than that already.
        """
        if not self.left:
            return 0.0
        rate, slowest = self.rate, self.slowest
        if rate <= 0:
            return None
        estimate = self.left / rate
        in_hand = self.left <= len(self.running)
        return None if in_hand and slowest is not None and slowest[1] > estimate else estimate

    @property
    def slowest(self) -> tuple[str, float] | None:
        """The student whose submission has been in hand for longest, and for how many seconds."""
        if not self.running:
            return None
        student, since = min(self.running.items(), key=lambda item: item[1])
        return student, time.monotonic() - since

    def look(self, in_hand: Sequence[str]) -> None:
        """Note the time, and whose submissions are in hand now."""
        now = time.monotonic()
        self.running = {student: self.running.get(student, now) for student in in_hand}
        if not self._seen:
            self._seen.append((self.started, 0))
        if now - self._seen[-1][0] >= 1:
            self._seen.append((now, self._worked()))
        while len(self._seen) > 1 and now - self._seen[1][0] >= _WINDOW_SECONDS:
            self._seen.popleft()

    def _worked(self) -> int:
        return len(self.graded) + len(self.failed)

    def to_json(self) -> dict[str, Any]:
        """The facts of a line of `autograder grade --json`: numbers of submissions, seconds, and who is slowest."""
        slowest = self.slowest
        left = self.seconds_left
        return {
            "total": self.total,
            "done": self.done,
            "left": self.left,
            "graded": len(self.graded),
            "skipped": len(self.skipped),
            "outdated": self.outdated,
            "failed": len(self.failed),
            "workers": self.slots,
            "seconds": round(self.seconds, 1),
            "rate": round(self.rate, 3),
            "seconds_left": None if left is None else round(left, 1),
            "slowest": None if slowest is None else {"student": slowest[0], "seconds": round(slowest[1], 1)},
        }
