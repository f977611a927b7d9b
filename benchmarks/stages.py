"""Where the time of a submission goes: milliseconds of each stage, over a class graded by one worker, warm.

Each stage is without those that it calls. "CPU here" is the examiner's; what notebook and calls use is counted by the
kernel in the student's process, and is in the wall's time of the stages that wait for it.

    python benchmarks/stages.py [--submissions N] [--assignment ID]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table

import autograder.batch
import autograder.grade
import autograder.run
import autograder.student.warm
import autograder.workers
from autograder.course import load_assignment, load_course
from autograder.records import GradedSubmission
from benchmarks.throughput import make_class
from tests.toolkit.prepared import Here

# (module or class, function, what it is called in the table), the outer before the inner.
STAGES = (
    (autograder.batch, "read_submission", "read, repair, restore the notebook"),
    (autograder.grade, "run_notebook", "run the notebook's cells"),
    (autograder.student.warm.Zygote, "spawn", "fork a jailed process"),
    (autograder.grade, "examine", "visible checks"),
    (autograder.grade, "grade_question", "hidden checks and the diagnosis"),
    (autograder.student.process.StudentProcess, "end", "end the process"),
    (autograder.grade, "harmless_cells", "make outputs harmless"),
    (autograder.batch, "_write_files", "write the graded notebook"),
    (autograder.batch, "record", "gradebook"),
    (autograder.batch, "write_whole", "write results.json"),
)


class Clock:
    """CPU and wall seconds of the stages, each without those that it calls."""

    def __init__(self) -> None:
        self.spent = {title: [0.0, 0.0] for *_, title in STAGES}
        self._inner: list[list[float]] = [[0.0, 0.0]]
        for owner, name, title in STAGES:
            setattr(owner, name, self._timed(title, getattr(owner, name)))

    def _timed(self, title: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.process_time(), time.perf_counter()
            self._inner.append([0.0, 0.0])
            try:
                return function(*arguments, **options)
            finally:
                inner = self._inner.pop()
                took = time.process_time() - start[0], time.perf_counter() - start[1]
                for place in (0, 1):
                    self.spent[title][place] += took[place] - inner[place]
                    self._inner[-1][place] += took[place]

        return timed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--assignment", default="softmax")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    kept: dict[str, GradedSubmission] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_class(folder, options.assignment, options.submissions)
        course = load_course(folder)
        assignment = load_assignment(course, options.assignment)
        # What is done once, for the first, is none of a submission's.
        first = ["student000"]
        autograder.batch.grade_class(course, assignment, first, executor=lambda: Here({}))
        # As in the foreman, or what is imported there, and looking for garbage in it, would seem to be a stage's.
        autograder.workers.take_on(assignment, course.secret).warm_up()
        gc.freeze()
        clock = Clock()
        start = time.process_time(), time.perf_counter()
        autograder.batch.grade_class(course, assignment, force=True, executor=lambda: Here(kept))
        whole = time.process_time() - start[0], time.perf_counter() - start[1]
    count = len(kept)
    inside = sum(one.grade.run.cpu_seconds for one in kept.values())
    rows = {title: tuple(1000 * value / count for value in spent) for title, spent in clock.spent.items()}
    rest = (1000 * whole[place] / count - sum(row[place] for row in rows.values()) for place in (0, 1))
    rows["everything else"] = tuple(rest)
    show(options.assignment, rows, 1000 * inside / count, count)


def show(assignment: str, rows: dict[str, tuple[float, ...]], inside: float, count: int) -> None:
    """Print the table, and the same as one line of JSON."""
    table = Table(title=f"{assignment}: {count} submissions, one after the other, warm")
    for column in ("stage", "CPU ms here", "wall ms"):
        table.add_column(column, justify="right" if column != "stage" else "left")
    for title, (used, took) in rows.items():
        table.add_row(title, f"{used:.1f}", f"{took:.1f}")
    table.add_section()
    table.add_row("together", *(f"{sum(row[place] for row in rows.values()):.1f}" for place in (0, 1)))
    table.add_row("CPU in the student's processes", f"{inside:.1f}", "")
    Console(width=100).print(table)
    print(json.dumps({"stages": rows, "student_cpu_ms": inside, "submissions": count}))


if __name__ == "__main__":
    main()
