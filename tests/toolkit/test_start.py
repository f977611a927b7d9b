"""`init` and `new`: a course to start from, which touches nothing that is there. That it works: test_tutorial.py."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from autograder import cli
from autograder.course import load_assignment, load_course
from autograder.start import new_assignment, start_course


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def course(tmp_path):
    start_course(tmp_path / "deep learning 2026")
    return load_course(tmp_path / "deep learning 2026")


def test_a_new_course_is_named_after_its_folder(course):
    assert (course.name, course.assignments) == ("deep-learning-2026", ("warm-up",))


def test_no_placeholder_is_left(course):
    new_assignment(course, "week_2")
    for path, text in files(course.root).items():
        assert not any(word in path + text for word in ("ASSIGNMENT_", "COURSE_ID")), path


def test_a_new_assignment_asks_the_same_under_its_own_name(course):
    new_assignment(course, "week-2")
    one, two = (load_assignment(load_course(course.root), name) for name in ("warm-up", "week-2"))
    assert [notebook.name for notebook in two.notebooks] == ["week-2"]
    assert [(each.id, each.points) for each in two.questions] == [(each.id, each.points) for each in one.questions]
    assert "from solutions import week_2 as reference" in (two.checks / "test_standardize.py").read_text()
    notebook = nbformat.read(course.root / "source/week-2/week-2.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# Week 2\n")


@pytest.mark.parametrize("name", ["", "2nd", "week 2", "a/b", "../x", "naïve+", "class", ".hidden", "-x", "a.b"])
def test_a_name_that_no_assignment_can_have_is_refused(course, name):
    before = files(course.root)
    assert cli.main(["--course", str(course.root), "new", "--", name]) == 2
    assert files(course.root) == before


@pytest.mark.parametrize("name", ["warm-up", "warm_up"])
def test_an_assignment_that_is_there_is_not_written_over(course, name, capsys):
    (course.root / "source/warm-up/warm-up.ipynb").write_text(json.dumps({"cells": []}))
    before = files(course.root)
    assert cli.main(["--course", str(course.root), "new", name]) == 2
    assert "has the assignment 'warm-up' already" in capsys.readouterr().err
    assert files(course.root) == before


def test_a_course_that_is_there_is_not_written_over(course, capsys):
    before = files(course.root)
    assert cli.main(["init", str(course.root)]) == 2
    assert "is a course already" in capsys.readouterr().err
    assert files(course.root) == before


def test_other_files_in_the_folder_stay_and_one_of_the_same_name_stops_it(tmp_path, capsys):
    (tmp_path / "README.md").write_text("mine")
    assert cli.main(["init", str(tmp_path)]) == 2
    assert "has README.md already; nothing was written" in capsys.readouterr().err
    assert files(tmp_path) == {"README.md": "mine"}
    (tmp_path / "README.md").rename(tmp_path / "notes.md")
    assert cli.main(["init", str(tmp_path)]) == 0
    assert files(tmp_path)["notes.md"] == "mine"
