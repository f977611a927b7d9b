"""What thirty hostile and broken submissions do to the time of seventy honest ones: medians of each submission's own.

Run as ``python benchmarks/crowd.py``: the class of tests/toolkit/test_crowd.py, without the thirty and then with them.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.toolkit.siege import Siege, besieged
from tests.toolkit.test_crowd import BROKEN, HONEST, hostile


def main() -> None:
    """Print the table."""
    with besieged("root", broken=BROKEN, honest=HONEST, attackers=hostile()) as siege:
        print(f"{len(HONEST)} honest submissions, medians, ms   alone   beside {len(siege.attackers) + len(BROKEN)}")
        print_row(siege, "by the clock, examiner and sandbox", 0)
        print_row(siege, "processor time in the sandbox", 1)


def print_row(siege: Siege, title: str, which: int) -> None:
    """One line: what is at place `which` of each submission's times."""
    pair = [
        1000 * statistics.median(t[which] for t in times) for times in (siege.seconds_alone, siege.seconds_besieged)
    ]
    print(f"  {title:40} {pair[0]:7.0f} {pair[1]:11.0f}   {pair[1] / pair[0]:.2f} times")


if __name__ == "__main__":
    main()
