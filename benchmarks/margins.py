"""How far answers stay from the tolerance: verifies every assignment, and writes the tables of docs/tolerances.md.

    python -m benchmarks.margins

Prints how long each took, by the clock and in seconds of a core.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from autograder.course import load_assignment, load_course
from autograder.verify import Verification, verify

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tolerances.md"
START = "<!-- written by benchmarks/margins.py -->\n"


def table(verification: Verification) -> str:
    """The margins of an assignment's questions, as a table in Markdown."""
    lines = [
        f"### {verification.assignment}",
        "",
        "| question | a right answer is off by at most | a wrong one by at least |",
        "|---|---|---|",
    ]
    for margin in verification.margins:
        cells = [
            f"{found[0]:.2g} ({found[1]})"
            if found is not None and found[0] < 100
            else f"{found[0]:.0f} ({found[1]})"
            if found is not None
            else "–"
            for found in (margin.right, margin.wrong)
        ]
        lines.append(f"| `{margin.question}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> int:
    """Write the tables; 1 when an assignment has problems, which are printed."""
    course = load_course(ROOT)
    tables, status = [], 0
    for name in course.assignments:
        clock, used = time.monotonic(), _cpu_seconds()
        verification = verify(load_assignment(course, name))
        print(f"{name}: {time.monotonic() - clock:.0f} s, {_cpu_seconds() - used:.0f} s of a core", flush=True)
        for problem in verification.problems:
            print(f"  {problem}")
            status = 1
        tables.append(table(verification))
    head = PAGE.read_text(encoding="utf-8").partition(START)[0]
    PAGE.write_text(head + START + "\n" + "\n".join(tables), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
