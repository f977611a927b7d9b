"""nbgrader's own `autograde` on a course, in one process: scores to compare ours with.

``python -m tests.toolkit.stock COURSE ASSIGNMENT...`` prints, as JSON, what nbgrader's gradebook then holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

Scores = dict[str, tuple[float | None, bool]]
"""Automatic score and whether a person has to look, by "assignment student notebook grade_id"."""

_ROOT = Path(__file__).parents[2]


def stock_scores(root: Path, *assignments: str) -> Scores:
    """What nbgrader gives the submissions in the course at `root`, which it writes to."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.toolkit.stock", str(root), *assignments],
        env={**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1"},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return {name: (score, look) for name, (score, look) in json.loads(done.stdout.splitlines()[-1]).items()}


def gradebook_scores(db_url: str, course: str) -> Scores:
    """What a gradebook holds."""
    from nbgrader.api import Gradebook

    with Gradebook(db_url, course) as gradebook:
        return {
            f"{assignment.name} {submission.student.id} {notebook.name} {grade.name}": (
                grade.auto_score,
                bool(grade.needs_manual_grade),
            )
            for assignment in gradebook.assignments
            for submission in gradebook.assignment_submissions(assignment.name)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def _main(root: str, assignments: list[str]) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config.loader import PyFileConfigLoader

    os.chdir(root)  # nbgrader looks for headers and templates of tests there
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic by name
    config: Any = PyFileConfigLoader("nbgrader_config.py", path=root).load_config()
    directory = CourseDirectory(config=config, root=root)
    api = NbGraderAPI(directory, config=config)
    for assignment in assignments:
        made = api.generate_assignment(assignment, force=True)
        assert made["success"], made
        for student in sorted(api.get_submitted_students(assignment)):
            done = api.autograde(assignment, student, force=True)
            # A notebook that nbgrader cannot grade has no score: the comparison says so.
            print(student, done["success"], file=sys.stderr)
    print(json.dumps(gradebook_scores(directory.db_url, directory.course_id)))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
