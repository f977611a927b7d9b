"""The same class graded by the local pool, and by as many workers of a Dask scheduler on this machine.

python benchmarks/cluster.py [--submissions N] [--assignment ID] [--workers N]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.throughput import Row, make_class, show_rows, timed
from tests.toolkit.test_cluster import Cluster


def cpu_of(pid: int) -> float:
    """CPU seconds of a process that runs, and of those of its children that have ended."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / 100


def everyone_below(pid: int) -> list[int]:
    """A process and its descendants."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [pid, *(each for child in children for each in everyone_below(child))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--assignment", default="softmax")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    grade = [sys.executable, "-m", "autograder.cli", "grade", options.assignment]
    with tempfile.TemporaryDirectory() as temporary:
        course, place = Path(temporary, "course"), Path(temporary, "cluster")
        course.mkdir()
        place.mkdir()
        count = make_class(course, options.assignment, options.submissions)
        rows = [timed("local pool", [[*grade, f"--workers={options.workers}"]], course, count)]
        shutil.rmtree(course / "autograded")
        cluster = Cluster(place)
        try:
            for number in range(options.workers):
                cluster.worker(f"worker{number}")
            start = time.perf_counter()
            commanded = timed("command", [[*grade, "--scheduler", cluster.address]], course, count)
            seconds = time.perf_counter() - start
            theirs = sum(cpu_of(pid) for process in cluster.processes for pid in everyone_below(process.pid))
        finally:
            cluster.end()
        rows.append(Row("Dask's workers", count, seconds, commanded.cpu + theirs, commanded.peak_mb))
    show_rows(rows)
    print(
        json.dumps({"command_cpu": round(commanded.cpu, 2), "submissions": count, "seconds": [r.seconds for r in rows]})
    )


if __name__ == "__main__":
    main()
