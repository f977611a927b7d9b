"""The students' pages of one class by `nbgrader generate_feedback` and by `autograder feedback`, and its report.

A few submissions are graded and stand for a class of many: each copy has a name, a gradebook entry and a notebook of
its own. nbgrader makes the pages of ten of them, we make all. Prints CPU and wall milliseconds a page, start-up apart.

    python benchmarks/pages.py [--pages N] [--assignment ID] [--skip-nbgrader]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table
from throughput import make_class

if TYPE_CHECKING:
    from autograder.records import GradedSubmission

GRADED = 12


def cpu() -> float:
    """CPU seconds of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def enlarge(folder: Path, assignment_id: str, count: int) -> None:
    """Grade the class in `folder`, and copy what came of it for `count` students."""
    from autograder.batch import RESULTS, grade_class, write_whole
    from autograder.course import load_assignment, load_course
    from autograder.gradebook import record
    from autograder.submissions import read_submission
    from tests.toolkit.prepared import Here

    course = load_course(folder)
    assignment = load_assignment(course, assignment_id)
    kept: dict[str, GradedSubmission] = {}
    grade_class(course, assignment, executor=lambda: Here(kept))
    graded = [one.grade for one in kept.values()]
    pairs = []
    for number in range(count):
        grade = graded[number % len(graded)]
        name = f"copy{number:04d}"
        source = course.path("autograded", assignment.id, grade.student)
        copy = course.path("autograded", assignment.id, name)
        for path in source.glob("*.ipynb"):
            # Nothing that is remembered of one page may help with the next but what really is the same in a class.
            notebook = json.loads(path.read_text())
            for cell in notebook["cells"]:
                if cell.get("metadata", {}).get("nbgrader", {}).get("solution"):
                    cell["source"] = f"{''.join(cell['source'])}\n# {name}"
            write_whole(copy / path.name, json.dumps(notebook).encode())
        results = json.loads((source / RESULTS).read_text())
        write_whole(copy / RESULTS, json.dumps({**results, "student": name}).encode())
        submission = dataclasses.replace(read_submission(course, assignment, grade.student), student=name)
        pairs.append((submission, dataclasses.replace(grade, student=name)))
    record(course, assignment, pairs)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds."""
    used, start = cpu(), time.perf_counter()
    work()
    return cpu() - used, time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--assignment", default="softmax")
    parser.add_argument("--skip-nbgrader", action="store_true")
    options = parser.parse_args()
    from autograder.course import load_assignment, load_course
    from autograder.feedback import write_feedback
    from autograder.report import read_class, write_report

    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "course"
        folder.mkdir()
        make_class(folder, options.assignment, GRADED)
        enlarge(folder, options.assignment, options.pages)
        rows: dict[str, tuple[int, float, float]] = {}
        if not options.skip_nbgrader:
            nbgrader = [
                str(Path(sys.executable).parent / "nbgrader"),
                "generate_feedback",
                options.assignment,
                "--force",
            ]

            def generate(students: str) -> None:
                subprocess.run([*nbgrader, f"--student={students}"], cwd=folder, check=True, capture_output=True)

            # Ten pages less one: what is left is without the start.
            one, ten = timed(lambda: generate("copy0000")), timed(lambda: generate("copy000[0-9]"))
            rows["nbgrader generate_feedback"] = (9, ten[0] - one[0], ten[1] - one[1])
        course = load_course(folder)
        assignment = load_assignment(course, options.assignment)
        count = options.pages + GRADED
        rows["autograder feedback"] = (count, *timed(lambda: write_feedback(course, assignment)))
        rows["autograder report, by submission"] = (
            count,
            *timed(lambda: write_report(course, assignment, read_class(course, assignment))),
        )
    show(rows)


def show(rows: dict[str, tuple[int, float, float]]) -> None:
    """Print the table, and the same as one line of JSON."""
    table = Table(title=f"{os.cpu_count()} cores")
    for column in ("", "pages", "CPU ms a page", "wall ms a page"):
        table.add_column(column, justify="right" if column else "left")
    for name, (count, used, seconds) in rows.items():
        table.add_row(name, str(count), f"{1000 * used / count:.1f}", f"{1000 * seconds / count:.1f}")
    Console(width=100).print(table)
    print(json.dumps({name: {"pages": row[0], "cpu": round(row[1], 2)} for name, row in rows.items()}))


if __name__ == "__main__":
    main()
