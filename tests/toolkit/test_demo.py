"""`autograder demo`, which is what `make demo` runs: a class, from release to pages, in a copy of the course."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.diagnosis import load_variants

COURSE = Path(__file__).parents[2]
PARTS = ("course_config.py", "nbgrader_config.py", "source/softmax", "tests/checks/softmax", "solutions")


@dataclass(frozen=True)
class Demo:
    """The folder that the demo made, and what its two runs printed."""

    folder: Path
    first: str
    second: str

    def students(self) -> list[str]:
        return sorted(os.listdir(self.folder / "submitted"))

    def submitted(self, student: str) -> str:
        """The code that a student handed in; empty when it is no notebook."""
        try:
            notebook = json.loads((self.folder / "submitted" / student / "softmax" / "softmax.ipynb").read_bytes())
        except ValueError:
            return ""
        return "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")

    def results(self, student: str) -> dict[str, Any]:
        text = (self.folder / "autograded" / student / "softmax" / "results.json").read_text()
        results: dict[str, Any] = json.loads(text)
        return results

    def lost(self, student: str) -> float:
        """Points that a student lost on what is graded automatically."""
        automatic = [question for question in self.results(student)["questions"] if question["graded_by"] != "hand"]
        assert automatic
        return float(sum(question["max_score"] - question["score"] for question in automatic))

    def with_variant(self, kind: str) -> dict[str, str]:
        """The students who handed in a variant of this kind and nothing odd, and its name in words."""
        variants = load_variants(COURSE / "tests" / "checks" / "softmax", kind)
        found = {}
        for student in self.students():
            cells = self.submitted(student)
            for variant in variants:
                if variant.source.strip() in cells:
                    found[student] = variant.words
        return found


def run_demo(course: Path) -> str:
    """Run the command as `make demo` does; what it printed. No process of it may be left."""
    running = subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "demo", "demo"],
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
    )
    out, err = running.communicate()
    assert running.returncode == 0, err
    assert processes_of_session(running.pid) == []
    return out


def processes_of_session(session: int) -> list[str]:
    """The command lines of the processes that belong to a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session_of = (place / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session_of) == session and state not in "XZ":
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # it has just ended
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    course = tmp_path_factory.mktemp("course")
    for part in PARTS:
        place = course / part
        place.parent.mkdir(parents=True, exist_ok=True)
        if (COURSE / part).is_dir():
            shutil.copytree(COURSE / part, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(COURSE / part, place)
    return Demo(course / "demo", run_demo(course), run_demo(course))


def test_the_demo_releases_grades_a_class_and_writes_its_pages(demo):
    students = demo.students()
    assert 28 <= len(students) <= 36
    assert f"released and proven: {demo.folder}/release/softmax" in demo.first
    assert f"{len(students)} graded in " in demo.first
    for student in students:
        assert re.search(rf"│ {student} +│", demo.first)
        page = (demo.folder / "feedback" / student / "softmax" / "softmax.html").read_text()
        assert student in page
    (example,) = re.findall(r"^ +(/.*\.html)$", demo.first, re.MULTILINE)
    assert Path(example).is_file()


def test_a_second_run_grades_nothing_anew(demo):
    assert f"0 graded; {len(demo.students())} unchanged since they were graded" in demo.second
    assert "released and proven" not in demo.second


def test_right_answers_of_the_demo_lose_nothing(demo):
    assert demo.lost(demo.students()[0]) == 0
    right = demo.with_variant("alternative")
    assert len(right) >= 4
    assert {student: demo.lost(student) for student in right} == dict.fromkeys(right, 0.0)


def test_each_known_mistake_of_the_demo_loses_and_is_named(demo):
    mistakes = demo.with_variant("misconception")
    assert len(mistakes) >= 12
    for student, words in mistakes.items():
        assert demo.lost(student) > 0, (student, words)
        named = {
            check["misconception"] for question in demo.results(student)["questions"] for check in question["checks"]
        }
        assert named <= {None, words}
    named = [words for student, words in mistakes.items() if words in json.dumps(demo.results(student))]
    assert len(named) > len(mistakes) / 2


def test_what_is_no_notebook_is_flagged_in_the_demo(demo):
    unreadable = [student for student in demo.students() if not demo.submitted(student)]
    assert len(unreadable) == 2
    for student in unreadable:
        assert demo.results(student)["run"]["ending"] == "unreadable"
        assert demo.results(student)["attention"]
        assert demo.results(student)["score"] == 0


def test_what_crashes_or_loops_in_the_demo_costs_its_own_cell_alone(demo):
    odd = {"os._exit(1)": "crashed", "ctypes.string_at(0)": "crashed", "input('What": "completed"}
    for code, ending in odd.items():
        (student,) = [student for student in demo.students() if code in demo.submitted(student)]
        assert demo.results(student)["run"]["ending"] == ending
        assert demo.lost(student) == 0
    (always,) = [student for student in demo.students() if "def __eq__" in demo.submitted(student)]
    assert demo.lost(always) > 0


def test_a_blank_notebook_of_the_demo_earns_nothing(demo):
    released = json.loads((demo.folder / "release" / "softmax" / "softmax.ipynb").read_text())
    code = "\n\n".join("".join(cell["source"]) for cell in released["cells"] if cell["cell_type"] == "code")
    (blank,) = [student for student in demo.students() if demo.submitted(student) == code]
    assert demo.results(blank)["score"] == 0
