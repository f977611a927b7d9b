"""The same submissions graded by `nbgrader autograde`, `otter run`, `autograder grade`, and in one bare Python process.

In turn, on the same machine, each in a process of its own, on a class made of an assignment's answers and mistakes.
Prints submissions per second, CPU seconds per submission, the memory of the largest process, and the ratios. What takes
seconds is measured before, between and after what takes minutes, in which a machine may become slower or faster: of
these runs it prints the median.

nbgrader grades by the hidden checks, which the grade cells call in the notebook's own kernel; then a few by the visible
tests alone. otter grades a few by the hidden checks, one submission a command. The last row is the
floor: the same cells and checks, without a shell, a jail, a boundary, or files.

    python benchmarks/throughput.py [--submissions N] [--assignment ID] [--only NAME]...
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
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

NAMES = {
    "nbgrader": "nbgrader autograde",
    "visible": "nbgrader autograde, visible tests alone",
    "otter": "otter run",
    "ours": "autograder grade",
    "floor": "floor",
}
_FEW = 6
_BRIEF = ("ours", "floor")


@dataclass(frozen=True)
class Row:
    """What one way of grading took, over `count` submissions."""

    name: str
    count: int
    seconds: float
    cpu: float
    peak_mb: float


def timed(name: str, commands: list[list[str]], folder: Path, count: int) -> Row:
    """Run commands in `folder` and take their times and those of all their descendants."""
    cpu, peak = 0.0, 0
    start = time.perf_counter()
    for command in commands:
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in (0, 1):
                said.seek(0)
                raise SystemExit(f"{name} failed:\n{said.read()[-3000:]}")
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss)
    return Row(name, count, time.perf_counter() - start, cpu, peak / 1024)


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
            namespace = desk.run_model([path.read_text()], keep_going=True)
            provider = desk.Desk(namespace, len, thorough=False)
            for check in checks.checks:
                checks.run(check, provider)


def only_visible_tests(course: Path, assignment: str) -> None:
    """Take the hidden regions out of the course's grade cells."""
    for path in course.glob(f"source/{assignment}/*.ipynb"):
        notebook = json.loads(path.read_text())
        for cell in notebook["cells"]:
            text = "".join(cell["source"])
            cell["source"] = re.sub(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n?", "", text, flags=re.DOTALL)
        path.write_text(json.dumps(notebook))


def nbgrader(course: Path, assignment: str) -> list[list[str]]:
    """The command, after what is not timed: the gradebook must know the assignment before nbgrader can grade it."""
    program = [sys.executable, "-m", "nbgrader"]
    made = [*program, "generate_assignment", assignment, "--force"]
    subprocess.run(made, cwd=course, check=True, capture_output=True)
    return [[*program, "autograde", assignment]]


def otter(course: Path, assignment: str) -> list[list[str]]:
    """A command for each of the first few submissions."""
    exported = [sys.executable, "-m", "autograder.cli", "export", "otter", assignment, "--to", "otter"]
    subprocess.run(exported, cwd=course, check=True, capture_output=True)
    program = [sys.executable, "-m", "otter", "run", "--no-logo", "-a", str(course / "otter" / "autograder.zip")]
    submissions = sorted(course.glob(f"submitted/*/{assignment}/*.ipynb"))
    return [[*program, str(path)] for path in submissions[:_FEW]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--assignment", default="softmax")
    parser.add_argument("--only", choices=[*NAMES], action="append", help="leave the others out (repeatable)")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        floor(options.floor, options.assignment)
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # the arrays are small
    # nbgrader calls alembic by name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    names = options.only or [*NAMES]
    brief = [name for name in names if name in _BRIEF]
    order = brief + [each for name in names if name not in _BRIEF for each in (name, *brief)]
    runs: dict[str, list[Row]] = {name: [] for name in names}
    for name in order:
        with tempfile.TemporaryDirectory() as temporary:
            # What one has written must not be there for the next.
            course = Path(temporary)
            count = make_class(course, options.assignment, options.submissions)
            match name:
                case "nbgrader":
                    commands = nbgrader(course, options.assignment)
                case "visible":
                    only_visible_tests(course, options.assignment)
                    submitted = sorted((course / "submitted").iterdir())
                    for folder in submitted[_FEW:]:
                        shutil.rmtree(folder)
                    count = min(count, _FEW)
                    commands = nbgrader(course, options.assignment)
                case "otter":
                    commands = otter(course, options.assignment)
                    count = len(commands)
                case "ours":
                    commands = [[sys.executable, "-m", "autograder.cli", "grade", options.assignment]]
                case _:
                    commands = [[sys.executable, __file__, "--assignment", options.assignment, "--floor", "."]]
            runs[name].append(timed(NAMES[name], commands, course, count))
            print(f"{NAMES[name]}: {runs[name][-1].seconds:.1f} s", file=sys.stderr)
    show_rows([sorted(rows, key=lambda row: row.seconds)[len(rows) // 2] for rows in runs.values()])


def show_rows(rows: list[Row]) -> None:
    """Print the table, and the same as one line of JSON."""
    table = Table(title=f"{rows[0].count} submissions, {os.cpu_count()} cores")
    for column in ("", "submissions/s", "CPU s each", "largest process, MB", "throughput against the first row"):
        table.add_column(column, justify="right" if column else "left")
    first = rows[0].count / rows[0].seconds
    for row in rows:
        table.add_row(
            row.name,
            f"{row.count / row.seconds:.2f}",
            f"{row.cpu / row.count:.3f}",
            f"{row.peak_mb:.0f}",
            f"{row.count / row.seconds / first:.1f}",
        )
    Console(width=120).print(table)
    print(json.dumps({row.name: dataclasses.asdict(row) for row in rows}))


if __name__ == "__main__":
    main()
