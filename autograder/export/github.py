"""`autograder export github ID`: a repository for students, in which every push shows the visible checks.

Made to be the template repository of an assignment in GitHub Classroom. A student can read and change everything in
their repository, its workflow and what the workflow can reach included: so nothing in it is hidden, and hidden checks
are run where the course is.
"""

from __future__ import annotations

import json
from pathlib import Path

from autograder.batch import write_whole
from autograder.course import Assignment, Course
from autograder.export.package import pins, python_version, write_wheel
from autograder.records import AutograderError
from autograder.sources import notebook_imports
from autograder.validate import FILE

WORKFLOW = ".github/workflows/classroom.yml"
_TOOLS = ".github/autograder"

_HEAD = """\
# Runs the visible checks when something is pushed, and shows them in the job's summary.
name: {name}
on: [push, workflow_dispatch]
permissions:
  contents: read
jobs:
  checks:
    name: Visible checks
    runs-on: ubuntu-latest
    timeout-minutes: 30
    env:
      OMP_NUM_THREADS: "1"
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
          cache: pip
          cache-dependency-path: {tools}/requirements.txt
      - name: Install
        run: |
          pip install --extra-index-url https://download.pytorch.org/whl/cpu -r {tools}/requirements.txt
          pip install --no-deps {tools}/*.whl
"""

_STEP = """\
      - name: {name}
        if: ${{{{ !cancelled() }}}}
        env:
          NOTEBOOK: {name}
        run: autograder validate "$NOTEBOOK" --summary "$GITHUB_STEP_SUMMARY"
"""


def write_github(course: Course, assignment: Assignment, folder: Path) -> list[Path]:
    """Write the repository's files to `folder`: the release, a workflow, and what it installs.

    Raises AutograderError when the assignment is not released, or has no visible checks.
    """
    released = course.path("release", assignment.id)
    files = sorted(path for path in released.rglob("*") if path.is_file())
    if not files:
        raise AutograderError(f"{released} is not there; `autograder release {assignment.id}` makes it")
    if not (released / FILE).is_file():
        raise AutograderError(f"{assignment.id} has no visible checks that could be run there")
    for path in files:
        write_whole(folder / path.relative_to(released), path.read_bytes())
    pinned = pins(notebook_imports(notebook.source for notebook in assignment.notebooks))
    write_whole(folder / _TOOLS / "requirements.txt", "".join(f"{pin}\n" for pin in pinned).encode())
    write_wheel(folder / _TOOLS)
    major, minor, _ = python_version(pinned)
    # A JSON string is one of YAML's as well, whatever is in it.
    text = _HEAD.format(name=json.dumps(assignment.id), python=f"{major}.{minor}", tools=_TOOLS)
    for notebook in assignment.notebooks:
        text += _STEP.format(name=json.dumps(f"{notebook.name}.ipynb"))
    write_whole(folder / WORKFLOW, text.encode())
    return [folder / WORKFLOW, *(folder / path.relative_to(released) for path in files)]
