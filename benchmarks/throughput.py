"""The same submissions graded by `nbgrader autograde`, by `autograder grade`, and in one bare Python process.

In turn, on the same machine, each in a process of its own, on a class made of an assignment's answers and mistakes.
Prints submissions per second, CPU seconds per submission, the memory of the largest process, and the ratios. The third
row is the floor: the same cells and checks, without a shell, a jail, a boundary, or files.

    python benchmarks/throughput.py [--submissions N] [--assignment ID] [--skip-nbgrader]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Row:
    """What one way of grading took, over all submissions."""

    name: str
    seconds: float
    cpu: float
    peak_mb: float


def timed(name: str, command: list[str], folder: Path) -> Row:
    """Run a command in `folder` and take its times and those of all its descendants."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Row(name, seconds, cpu, after.ru_maxrss / 1024)


def make_class(folder: Path, assignment: str, count: int) -> int:
    """A course in `folder` with `count` submissions made of the assignment's answers and mistakes; how many it is."""
    from autograder.course import load_assignment, load_course
    from autograder.demo import class_of

    for part in (f"source/{assignment}", f"tests/checks/{assignment}", "solutions"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("course_config.py", "nbgrader_config.py"):
        shutil.copy(ROOT / name, folder)
    loaded = load_assignment(load_course(folder), assignment)
    notebooks = class_of(loaded, count)
    for number, content in enumerate(notebooks):
        path = folder / "submitted" / f"student{number:03d}" / assignment / f"{loaded.notebooks[0].name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return len(notebooks)


def floor(folder: Path, assignment: str) -> None:
    """Run every submission's cells and checks in this process, figures drawn and thrown away."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from IPython.core.pylabtools import print_figure

    from autograder.checks import desk
    from autograder.checks.collect import collect
    from autograder.course import load_assignment, load_course

    def show() -> None:
        for number in plt.get_fignums():
            print_figure(plt.figure(number), fmt="png", base64=True)
        plt.close("all")

    plt.show = show
    loaded = load_assignment(load_course(folder), assignment)
    assert loaded.checks is not None
    with collect(loaded.checks, folder) as checks:
        for path in sorted(folder.glob(f"submitted/*/{assignment}/*.ipynb")):
            provider = desk.Desk(desk.run_model([path.read_text()], keep_going=True), len)
            for check in checks.checks:
                checks.run(check, provider)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--assignment", default="softmax")
    parser.add_argument("--skip-nbgrader", action="store_true")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        floor(options.floor, options.assignment)
        return
    binaries = Path(sys.executable).parent
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by name
    with tempfile.TemporaryDirectory() as temporary:
        course = Path(temporary) / "course"
        course.mkdir()
        count = make_class(course, options.assignment, options.submissions)
        commands = {
            "nbgrader autograde": [str(binaries / "nbgrader"), "autograde", options.assignment],
            "autograder grade": [str(binaries / "autograder"), "grade", options.assignment],
            "floor": [sys.executable, __file__, "--assignment", options.assignment, "--floor", "."],
        }
        # The gradebook must know the assignment before nbgrader can grade it; neither is timed for that.
        subprocess.run(
            [str(binaries / "nbgrader"), "generate_assignment", options.assignment, "--force"],
            cwd=course, check=True, capture_output=True,
        )  # fmt: skip
        if options.skip_nbgrader:
            del commands["nbgrader autograde"]
        rows = []
        for name, command in commands.items():
            # What each writes must not be there for the next.
            shutil.rmtree(course / "autograded", ignore_errors=True)
            rows.append(timed(name, command, course))
    show_rows(rows, count)


def show_rows(rows: list[Row], count: int) -> None:
    """Print the table, and the same as one line of JSON."""
    table = Table(title=f"{count} submissions, {os.cpu_count()} cores")
    for column in ("", "submissions/s", "CPU s each", "largest process, MB", "throughput against the first row"):
        table.add_column(column, justify="right" if column else "left")
    for row in rows:
        table.add_row(
            row.name,
            f"{count / row.seconds:.2f}",
            f"{row.cpu / count:.3f}",
            f"{row.peak_mb:.0f}",
            f"{rows[0].seconds / row.seconds:.1f}",
        )
    Console(width=110).print(table)
    print(json.dumps({row.name: {"seconds": round(row.seconds, 2), "cpu": round(row.cpu, 2)} for row in rows}))


if __name__ == "__main__":
    main()
