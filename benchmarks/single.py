"""One submission: how long `autograder grade` takes from a cold command line, and a warm worker with the same one.

python benchmarks/single.py [--assignment ID] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from autograder.course import load_assignment, load_course
from autograder.submissions import read_submission
from autograder.workers import end_examiners, grade_one
from benchmarks.throughput import make_class


def main() -> None:
    """Measure and print; every other submission is a right answer, the others have a mistake."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assignment", default="softmax")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_class(folder, options.assignment, 2)
        course = load_course(folder)
        assignment = load_assignment(course, options.assignment)
        found: dict[str, float] = {}
        for name, student in (("right", "student000"), ("mistake", "student001")):
            submission = read_submission(course, assignment, student)
            grade_one(assignment, course.secret, submission)  # what comes first is not warm
            times = []
            for _ in range(options.rounds):
                start = time.perf_counter()
                grade_one(assignment, course.secret, submission)
                times.append(time.perf_counter() - start)
            found[f"warm, {name}"] = statistics.median(times)
        end_examiners()
        command = [sys.executable, "-m", "autograder.cli", "grade", options.assignment, "--student", "student000"]
        times = []
        for _ in range(options.rounds):
            start = time.perf_counter()
            subprocess.run([*command, "--force"], cwd=folder, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        found["cold command line"] = statistics.median(times)
    for name, seconds in found.items():
        print(f"{name:20} {seconds:6.2f} s")
    print(json.dumps({name: round(seconds, 3) for name, seconds in found.items()}))


if __name__ == "__main__":
    main()
