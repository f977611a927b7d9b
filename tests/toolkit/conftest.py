"""A course of one small assignment, built afresh for each test in its own folder."""

from __future__ import annotations

import copy
import functools
import json
import os
from pathlib import Path
from typing import Any

import hypothesis
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course import Assignment, Course, load_assignment, load_course
from autograder.submissions import Submission, read_submission
from tests.toolkit.classroom import Classroom
from tests.toolkit.reported import reported_class

# Some hundreds of examples, the same on every run; thousands of new ones with HYPOTHESIS_PROFILE=nightly. No deadline:
# a busy machine is not a failure.
_COMMON = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("daily", max_examples=200, derandomize=True, database=None, **_COMMON)
hypothesis.settings.register_profile("nightly", max_examples=5000, **_COMMON)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "daily"))

ANSWER = "def double(x):\n    return x + x"
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def nbgrader_metadata(grade_id: str, kind: str = "code", **flags: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell: `grade`, `solution`, `locked`, `task` and `points` as given."""
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": grade_id, "schema_version": 3, "cell_type": kind, **flags}}


def source_notebook() -> nbformat.NotebookNode:
    """Imports, one function with its test, one question in words, one task."""
    solution = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    test = "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n### END HIDDEN TESTS"
    scheme = "\n=== BEGIN MARK SCHEME ===\nOne point for the word.\n=== END MARK SCHEME ==="
    return new_notebook(
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}},
        cells=[
            new_markdown_cell("# Doubling", id="title"),
            new_code_cell("import math", id="imports", metadata=nbgrader_metadata("imports", locked=True)),
            new_code_cell(solution, id="answer", metadata=nbgrader_metadata("double_answer", solution=True)),
            new_code_cell(test, id="test", metadata=nbgrader_metadata("double", grade=True, locked=True, points=3)),
            new_markdown_cell(
                "Because of addition." + scheme,
                id="why",
                metadata=nbgrader_metadata("why", "markdown", grade=True, solution=True, points=2),
            ),
            new_markdown_cell(
                "Draw it." + scheme,
                id="draw",
                metadata=nbgrader_metadata("draw", "markdown", task=True, locked=True, points=1),
            ),
        ],
    )


class SmallCourse:
    """A course in a folder: its source can be changed before, and submissions added after, it is first looked at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source = source_notebook()
        self.config("c.CourseDirectory.course_id = 'demo'")

    def config(self, *lines: str) -> None:
        (self.root / "course_config.py").write_text("c = get_config()\n" + "\n".join(lines) + "\n")

    def write_source(self, name: str = "small", folder: str = "source/small") -> Path:
        place = self.root / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.ipynb").write_text(nbformat.writes(self.source) + "\n")
        return place

    @functools.cached_property
    def course(self) -> Course:
        if not (self.root / "source").exists():
            self.write_source()
        return load_course(self.root)

    @functools.cached_property
    def assignment(self) -> Assignment:
        return load_assignment(self.course, "small")

    def released(self) -> dict[str, Any]:
        """The notebook that students get, to be changed at will."""
        return copy.deepcopy(json.loads(self.assignment.notebooks[0].released))

    def answered(self) -> dict[str, Any]:
        """The notebook as a student who answered all of it hands it in."""
        notebook = self.released()
        for cell in notebook["cells"]:
            cell["source"] = {"answer": ANSWER, "why": "It is *x* and *x*."}.get(cell["id"], cell["source"])
        return notebook

    def folder(self, student: str = "ada") -> Path:
        folder = self.root / "submitted" / student / "small"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def submit(self, content: object, student: str = "ada", name: str = "small.ipynb") -> Submission:
        """Hands in a notebook (a dictionary) or the bytes or text of a file, and reads what was handed in."""
        data = content if isinstance(content, bytes) else content if isinstance(content, str) else json.dumps(content)
        (self.folder(student) / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.read(student)

    def read(self, student: str = "ada") -> Submission:
        return read_submission(self.course, self.assignment, student)


@pytest.fixture
def small(tmp_path: Path) -> SmallCourse:
    return SmallCourse(tmp_path)


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A graded class with all its pages; to be looked at, not changed."""
    return reported_class(tmp_path_factory.mktemp("reported"))
