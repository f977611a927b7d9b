"""A notebook, run in a jailed process: its outputs, and the process that checks are then asked of."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograder.cells import ApartRun, BeforeCell
from autograder.checks.forbidden import Reading, read_code
from autograder.records import Crashed, Ending, OutOfMemory, StudentFault, TimedOut
from autograder.student.process import GRACE, StudentProcess, Usage
from autograder.student.warm import Zygote

if TYPE_CHECKING:
    from autograder.submissions import SubmittedNotebook

# How often a notebook is run again without the cell that killed its process.
_RERUNS = 3

_ENDINGS: dict[type[StudentFault], Ending] = {TimedOut: "timeout", OutOfMemory: "memory", Crashed: "crashed"}


@dataclass
class NotebookRun:
    """A notebook that has run: its process (None when there is none to ask), its cells with outputs."""

    name: str
    process: StudentProcess | None
    notebook: dict[str, Any]
    failed: list[int] = field(default_factory=list)
    ending: Ending = "completed"
    unanswered: tuple[str, ...] = ()
    attention: list[str] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    apart: dict[str, ApartRun] = field(default_factory=dict)

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """The words in its code."""
        cells = self.notebook["cells"]
        return frozenset(word for cell in cells for word in re.findall(r"[^\W\d]\w*", "".join(cell["source"])))

    def has_line(self, where: tuple[int, int]) -> bool:
        """Whether there is this line (from 1 on) in this cell (from 0 on)."""
        cell, line = where
        cells = self.notebook["cells"]
        return 0 <= cell < len(cells) and 0 < line <= "".join(cells[cell]["source"]).count("\n") + 1

    @functools.cached_property
    def reading(self) -> Reading:
        """What its code defines and imports."""
        return read_code(self.notebook)


def run_notebook(
    zygote: Zygote,
    submitted: SubmittedNotebook,
    files: tuple[tuple[str, bytes], ...],
    seed: int,
    deadline: float,
    after: Callable[[StudentProcess, int], None] | None = None,
    before: BeforeCell | None = None,
) -> NotebookRun:
    """Run a notebook's cells in a jailed process, until `deadline` (of `time.monotonic`).

    A cell that kills the process is left out, and the notebook run once more without it. `after` is called with the
    process and a code cell's index once that has run or failed, `before` with the process and a code cell that is next.
    """
    notebook = json.loads(submitted.notebook)
    run = NotebookRun(submitted.name, None, notebook, unanswered=submitted.unanswered)
    left_out: dict[int, StudentFault] = {}
    hung = 0
    while True:
        run.failed.clear()
        process = zygote.spawn(files, seed, deadline=deadline)
        process.hung = hung
        fault = _run_cells(process, run, left_out, deadline, after, before)
        if fault is None:
            run.process = process
            break
        hung = process.hung
        run.usages.append(process.end())
        if len(left_out) > _RERUNS or time.monotonic() >= deadline:
            break
    if left_out:
        run.ending = _ENDINGS.get(type(next(iter(left_out.values()))), "crashed")
    return run


def _run_cells(
    process: StudentProcess,
    run: NotebookRun,
    left_out: dict[int, StudentFault],
    deadline: float,
    after: Callable[[StudentProcess, int], None] | None,
    before: BeforeCell | None,
) -> StudentFault | None:
    """Run the cells; the fault of the one that killed the process, which is then in `left_out`."""
    for index, cell in enumerate(run.notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        source = "".join(cell["source"])
        if index in left_out:
            run.failed.append(index)
            cell["outputs"] = [_killed(left_out[index])]
            continue
        if not source.strip():
            continue
        if time.monotonic() >= deadline - GRACE:
            run.failed.append(index)
            cell["outputs"] = [_killed(TimedOut("the time for the whole notebook was used up before this cell"))]
            run.ending = "timeout"
            continue
        if before is not None:
            before(process, cell)
        try:
            done = process.run_cell(index, source)
        except StudentFault as fault:
            left_out[index] = fault
            return fault
        cell["outputs"], cell["execution_count"] = done.outputs, done.count
        if not done.ok:
            run.failed.append(index)
        if after is not None:
            after(process, index)
    return None


def _killed(fault: StudentFault) -> dict[str, Any]:
    text = f"{type(fault).__name__}: {fault}; the rest of the notebook was run without this cell"
    return {"output_type": "error", "ename": type(fault).__name__, "evalue": str(fault), "traceback": [text]}
