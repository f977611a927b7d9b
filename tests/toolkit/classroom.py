"""A tiny course with hidden checks, and classes that hand in and are graded by the real command.

The notebook of `tiny` needs nothing but NumPy, so that a class of many submissions is graded in seconds.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import cli
from autograder.course import Assignment, Course, load_assignment, load_course
from tests.toolkit.tiny import (
    ALTERNATIVES,
    CHECK_SHARES,
    CHECK_SPREAD,
    MISCONCEPTIONS,
    REFERENCE,
    SHARES,
    SPREAD,
    tiny_notebook,
)

Notebook = dict[str, Any]

# Short enough for a class with notebooks that hang, long enough for the others on a machine that is busy.
LIMITS = "c.Autograder.cell_seconds, c.Autograder.call_seconds, c.Autograder.memory_mb = 4, 3, 400"


@dataclass(frozen=True)
class Done:
    """What a command did: its exit status and what it printed."""

    status: int
    out: str
    err: str


class Classroom:
    """A course in the folder `root`, with `tiny` in it, and the commands that are run there."""

    def __init__(self, root: Path, *config: str) -> None:
        self.root = root
        self.done = Done(0, "", "")
        self.config(*config)
        self.write("solutions/__init__.py", "")
        self.write_assignment("tiny", tiny_notebook())
        self.write("solutions/tiny.py", REFERENCE)
        self.write_checks("tiny", shares=CHECK_SHARES, spread=CHECK_SPREAD)
        self.write("tests/checks/tiny/misconceptions.py", MISCONCEPTIONS)
        self.write("tests/checks/tiny/alternatives.py", ALTERNATIVES)

    def config(self, *lines: str) -> None:
        self.write("nbgrader_config.py", 'load_subconfig("course_config.py")\n')
        given = ["c = get_config()", 'c.CourseDirectory.course_id = "little"', LIMITS, *lines]
        self.write("course_config.py", "\n".join(given) + "\n")

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    def write_assignment(self, name: str, *notebooks: nbformat.NotebookNode, names: tuple[str, ...] = ()) -> None:
        for file, notebook in zip(names or (name,), notebooks, strict=True):
            self.write(f"source/{name}/{file}.ipynb", nbformat.writes(notebook) + "\n")

    def write_checks(self, assignment: str, **files: str) -> None:
        for name, text in files.items():
            self.write(f"tests/checks/{assignment}/test_{name}.py", text)

    @functools.cached_property
    def course(self) -> Course:
        return load_course(self.root)

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a course lives as long as the tests of a module
    def assignment(self, name: str = "tiny") -> Assignment:
        return load_assignment(self.course, name)

    # What students do

    def released(self, assignment: str = "tiny", number: int = 0) -> Notebook:
        """The notebook that students get, to be changed at will."""
        notebook: Notebook = json.loads(self.assignment(assignment).notebooks[number].released)
        return notebook

    def answered(
        self, shares: str = SHARES, spread: str = SPREAD, why: str = "Both are measured in it.", *extra: str
    ) -> Notebook:
        """`tiny` with these answers, and the code of `extra` in cells at the end."""
        notebook = self.released()
        for name, text in (("shares_answer", shares), ("spread_answer", spread), ("why", why)):
            cell(notebook, name)["source"] = text
        for text in extra:
            notebook["cells"].append(extra_cell(text))
        return notebook

    def folder(self, student: str, assignment: str = "tiny") -> Path:
        folder = self.root / "submitted" / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def submit(
        self,
        student: str,
        content: Notebook | bytes,
        assignment: str = "tiny",
        name: str = "",
        files: dict[str, bytes] | None = None,
    ) -> Path:
        """Hands in a notebook, or what takes its place, and files beside it; the folder."""
        folder = self.folder(student, assignment)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / (name or f"{assignment}.ipynb")).write_bytes(data)
        for path, content in (files or {}).items():
            (folder / path).write_bytes(content)
        return folder

    def hand_in(self, student: str, parts: dict[str, str]) -> None:
        """Hands in `tiny` with some parts changed, as `read_class` gives them."""
        notebook = self.answered()
        files = {}
        for part, code in parts.items():
            if part == "first":
                notebook = with_first(notebook, code)
            elif part == "last":
                notebook["cells"].append(extra_cell(code))
            elif "." in part:
                files[part] = code.encode()
            elif part != "unchanged":
                cell(notebook, f"{part}_answer")["source"] = code
        self.submit(student, notebook, files=files)

    # What the person who grades does

    def autograder(self, *arguments: str) -> Done:
        """Run the command: what grades in a process of its own, as every command is, what only reads in this one."""
        if arguments[0] not in ("feedback", "report"):
            return self.run("autograder.cli", *arguments)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.main(["--course", str(self.root), *arguments])
        return Done(status, out.getvalue(), err.getvalue())

    def run(self, module: str, *arguments: str, **environment: str) -> Done:
        """Run `python -m module` in the course's folder, with nothing of the user's own configuration."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env={**self.environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def environment(self) -> dict[str, str]:
        home = str(self.root / ".home")
        places = dict.fromkeys(("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), home)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST"))}
        # nbgrader calls alembic by name.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**inherited, **places, "PATH": path, "OMP_NUM_THREADS": "1"}

    def results(self, student: str, assignment: str = "tiny") -> dict[str, Any]:
        text = (self.root / "autograded" / student / assignment / "results.json").read_text()
        results: dict[str, Any] = json.loads(text)
        return results

    def graded_notebook(self, student: str, assignment: str = "tiny", name: str = "") -> Notebook:
        path = self.root / "autograded" / student / assignment / f"{name or assignment}.ipynb"
        notebook: Notebook = json.loads(path.read_text())
        return notebook


@contextlib.contextmanager
def disk_of(megabytes: int, place: Path) -> Iterator[Path]:
    """A disk of its own at `place`, on which everybody may write."""
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "none", str(place)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def cell(notebook: Notebook, name: str) -> dict[str, Any]:
    """The cell whose id is `name`."""
    found: dict[str, Any] = next(each for each in notebook["cells"] if each.get("id") == name)
    return found


def extra_cell(source: str, name: str = "") -> dict[str, Any]:
    """A code cell of the student's own."""
    name = name or f"extra-{abs(hash(source)) % 10**8}"
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def read_class(text: str) -> dict[str, dict[str, str]]:
    """The parts that each student of a text changes: blocks that begin with `== student: part ==`."""
    students: dict[str, dict[str, str]] = {}
    _, *blocks = re.split(r"^== (.+?): (.+?) ==\n", text, flags=re.MULTILINE)
    for student, part, code in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True):
        students.setdefault(student, {})[part] = code.rstrip("\n")
    return students


def with_first(notebook: Notebook, source: str) -> Notebook:
    """The notebook with a code cell of the student's own in front."""
    changed = copy.deepcopy(notebook)
    changed["cells"].insert(0, extra_cell(source))
    return changed


def questions(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The questions of a results.json by their id."""
    return {question["id"]: question for question in results["questions"]}


def scores(results: dict[str, Any]) -> dict[str, float | None]:
    return {question["id"]: question["score"] for question in results["questions"]}


def checks(results: dict[str, Any], question: str | None = None) -> dict[str, dict[str, Any]]:
    """The checks of a results.json by their test's name."""
    return {
        check["id"].partition("::test_")[2]: check
        for each in results["questions"]
        if question in (None, each["id"])
        for check in each["checks"]
    }
