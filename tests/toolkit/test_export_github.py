"""The repository for GitHub Classroom: its workflow is one, and what it runs writes the job's summary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from autograder import cli
from autograder.release import build
from tests.toolkit.classroom import Classroom


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Classroom:
    room = Classroom(tmp_path_factory.mktemp("github"))
    for path, data in build(room.course, "tiny").items():
        room.write(f"release/tiny/{path}", data)
    return room


@pytest.fixture(scope="module")
def repository(room) -> Path:
    folder = room.root / "template"
    assert cli.main(["--course", str(room.root), "export", "github", "tiny", "--to", str(folder)]) == 0
    return folder


def test_the_workflow_is_one_by_the_schema_of_github_workflows(repository):
    workflow = str(repository / ".github/workflows/classroom.yml")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_the_workflow_runs_shows_the_checks_in_the_summary(repository, tmp_path):
    workflow = yaml.safe_load((repository / ".github/workflows/classroom.yml").read_text())
    # YAML 1.1 reads `on` as true.
    assert workflow[True] == ["push", "workflow_dispatch"]
    assert workflow["permissions"] == {"contents": "read"}
    step = workflow["jobs"]["checks"]["steps"][-1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), **step["env"]}
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=repository, env=environment, check=False)
    assert done.returncode == 1
    summary = (tmp_path / "summary").read_text()
    assert summary.startswith("### tiny.ipynb: 0 of 1 visible checks pass")
    assert "| ❌ | shares | One and three are a quarter and three quarters. | raised NotImplementedError" in summary


def test_what_the_workflow_installs_is_there_and_nothing_of_the_course_s_own(room, repository):
    files = {str(path.relative_to(repository)) for path in repository.rglob("*") if path.is_file()}
    (wheel,) = [name for name in files if name.endswith(".whl")]
    assert files == {
        ".github/workflows/classroom.yml",
        ".github/autograder/requirements.txt",
        wheel,
        "checks.json",
        "tiny.ipynb",
    }
    assert Path(wheel).parent == Path(".github/autograder")
    pins = (repository / ".github/autograder/requirements.txt").read_text().splitlines()
    assert all(pin.count("==") == 1 for pin in pins)
    assert pins[0].startswith("torch==")


def test_an_assignment_that_is_not_released_is_refused(tmp_path, capsys):
    room = Classroom(tmp_path)
    assert cli.main(["--course", str(room.root), "export", "github", "tiny"]) == 2
    assert "`autograder release tiny` makes it" in capsys.readouterr().err
