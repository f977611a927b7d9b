"""How grading grows: time and memory for each thousand submissions of a class made of answers and mistakes.

With --prepared the grades are those of a few dozen that were graded before, so that reading, files and gradebook carry
the whole size in minutes. At the end the class is opened in nbgrader's formgrader.

    python benchmarks/growth.py [--submissions N] [--assignments ID,ID] [--prepared] [--workers N]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table

import autograder.batch
from autograder.course import Assignment, Course, load_assignment, load_course
from autograder.demo import class_of
from autograder.progress import Progress
from autograder.records import GradedSubmission
from autograder.submissions import Submission
from tests.toolkit.prepared import Here, Prepared, renamed

ROOT = Path(__file__).resolve().parent.parent
KINDS = 24
ALL = "softmax,batchnorm,conv,rnn,attention,vae"
TOKEN = "only-for-this-benchmark"


def make_course(folder: Path, assignments: list[str], students: int) -> Course:
    """A course in which so many students have handed in each assignment: links to `KINDS` different notebooks."""
    for part in ("solutions", *(f"{above}/{name}" for name in assignments for above in ("source", "tests/checks"))):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("course_config.py", "nbgrader_config.py"):
        shutil.copy(ROOT / name, folder)
    course = load_course(folder)
    for name in assignments:
        assignment = load_assignment(course, name)
        kinds = folder / "kinds" / name
        kinds.mkdir(parents=True)
        for number, content in enumerate(class_of(assignment, KINDS)):
            (kinds / str(number)).write_bytes(content)
        for number in range(students):
            place = course.path("submitted", name, student(number))
            place.mkdir(parents=True)
            os.link(kinds / str(number % KINDS), place / f"{assignment.notebooks[0].name}.ipynb")
    return course


def student(number: int) -> str:
    """The name of a student."""
    return f"student{number:06d}"


def prepared(course: Course, assignment: Assignment) -> Callable[[], Executor]:
    """An executor that gives each student the grade of one of the first `KINDS`, who are graded here for it."""
    kept: dict[str, GradedSubmission] = {}
    first = [student(number) for number in range(KINDS)]
    autograder.batch.grade_class(course, assignment, first, executor=lambda: Here(kept))
    for name in first:
        shutil.rmtree(course.path("autograded", assignment.id, name))

    def prepare(submission: Submission) -> GradedSubmission:
        kind = int(submission.student.removeprefix("student")) % KINDS
        return renamed(kept[student(kind)], submission.student)

    return lambda: Prepared(prepare)


class Stages:
    """Seconds spent in functions of the batch, by their name."""

    def __init__(self, *names: str) -> None:
        self.seconds = dict.fromkeys(names, 0.0)
        for name in names:
            setattr(autograder.batch, name, self._timed(name, getattr(autograder.batch, name)))

    def _timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds[name] += time.perf_counter() - start

        return timed


def memory(pid: int | str) -> float:
    """MB that a process alone takes, with its share of what it has together with others."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def below(pid: int | str) -> list[int]:
    """The processes that descend from a process."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [*children, *(each for child in children for each in below(child))]


def measure(course: Course, names: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Grade all of it, and look at time and memory whenever `options.every` more are done."""
    grades = [load_assignment(course, name) for name in names]
    executors = [prepared(course, assignment) if options.prepared else None for assignment in grades]
    stages = Stages("read_submission", "_write_files", "record", "write_whole")
    rows: list[dict[str, float]] = []
    start, used = time.perf_counter(), time.process_time()
    before = 0

    def look(progress: Progress) -> None:
        done = before + len(progress.graded)
        if done >= (len(rows) + 1) * options.every:
            rows.append(
                {
                    "submissions": done,
                    "seconds": time.perf_counter() - start,
                    "cpu": time.process_time() - used,
                    "command_mb": memory("self"),
                    "others_mb": sum(map(memory, below("self"))),
                    **stages.seconds,
                }
            )

    for assignment, executor in zip(grades, executors, strict=True):
        progress = autograder.batch.grade_class(
            course, assignment, executor=executor, workers=options.workers, force=True, report=look
        )
        if progress.failed:
            raise SystemExit(f"failed: {progress.failed}")
        before += len(progress.graded)
    size = (course.root / "gradebook.db").stat().st_size / 2**20
    return {"prepared": options.prepared, "submissions": before, "gradebook_mb": round(size, 1), "rows": rows}


def formgrader(course: Course, assignment: str) -> dict[str, float]:
    """Seconds in which nbgrader's formgrader answers what its pages ask, on a server that is started for it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    home = {name: str(course.root / ".home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1",
         f"--port={url.rpartition(':')[2]}", f"--IdentityProvider.token={TOKEN}"],
        cwd=course.root, env={**os.environ, **home}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        times: dict[str, float] = {}
        for page in ("api/status", "api/assignments", f"api/submissions/{assignment}", f"gradebook/{assignment}"):
            deadline = time.monotonic() + 120
            while True:
                begun = time.perf_counter()
                try:
                    request = urllib.request.Request(
                        f"{url}/formgrader/{page}", headers={"Authorization": f"token {TOKEN}"}
                    )
                    with urllib.request.urlopen(request, timeout=600) as reply:
                        text = reply.read()
                    break
                except (urllib.error.URLError, ConnectionError):
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
            times[page] = round(time.perf_counter() - begun, 2)
            if page.startswith("api/submissions"):
                times["submissions shown"] = len(json.loads(text))
        return times
    finally:
        server.terminate()
        server.wait(timeout=60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--assignments", default=ALL)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--prepared", action="store_true")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    names = options.assignments.split(",")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "course"
        folder.mkdir()
        course = make_course(folder, names, -(-options.submissions // len(names)))
        found = measure(course, names, options)
        found["formgrader"] = formgrader(course, names[0])
    show(found)


def show(found: dict[str, Any]) -> None:
    """Print the table, and the same as one line of JSON."""
    kind = "prepared" if found["prepared"] else "graded"
    table = Table(title=f"{found['submissions']} submissions, {kind}; gradebook {found['gradebook_mb']} MB")
    for column in ("submissions", "s", "ms each", "read", "files", "gradebook", "command MB", "others MB"):
        table.add_column(column, justify="right")
    last: dict[str, float] = {}
    for row in found["rows"]:
        count = row["submissions"] - last.get("submissions", 0)
        each = {key: 1000 * (value - last.get(key, 0)) / count for key, value in row.items()}
        files = each["_write_files"] + each["write_whole"]
        table.add_row(
            f"{row['submissions']:.0f}", f"{row['seconds']:.0f}", f"{each['seconds']:.1f}",
            f"{each['read_submission']:.1f}", f"{files:.1f}", f"{each['record']:.1f}",
            f"{row['command_mb']:.0f}", f"{row['others_mb']:.0f}",
        )  # fmt: skip
        last = row
    Console(width=110).print(table)
    print(f"formgrader, seconds: {found['formgrader']}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
