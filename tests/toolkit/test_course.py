"""A course as it is read, and what is said, in words, about one that is wrong."""

from __future__ import annotations

import json
import pickle
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.course import Limits, Question, load_assignment, load_course
from autograder.records import CourseError
from autograder.restore import restore

ROOT = Path(__file__).parents[2]


def wrong(small: Any) -> str:
    """What is said about the course or its assignment."""
    with pytest.raises(CourseError) as caught:
        assert small.assignment
    return str(caught.value)


# What is read


def test_questions_points_and_kinds_come_from_the_source(small):
    assert small.assignment.questions == (
        Question("double", 3.0, "auto", "small", 3, "double"),
        Question("why", 2.0, "hand", "small", 4, "why"),
        Question("draw", 1.0, "hand", "small", 5, "draw"),
    )
    assert (small.assignment.course, small.assignment.id, small.assignment.root) == ("demo", "small", small.root)
    assert small.assignment.checks is None
    assert small.assignment.files == ()


def test_the_three_states_of_a_notebook(small):
    source = small.assignment.notebooks[0]
    texts = {
        state: ["".join(cell["source"]) for cell in json.loads(getattr(source, state))["cells"]]
        for state in ("source", "recorded", "released")
    }
    assert "return 2 * x" in texts["source"][2]
    assert "return 2 * x" not in texts["recorded"][2]
    assert "HIDDEN TESTS" in texts["recorded"][3]
    assert "MARK SCHEME" in texts["recorded"][5]
    assert texts["released"][3:] == ["assert double(2) == 4", "YOUR ANSWER HERE", "Draw it."]


def test_an_assignment_travels_as_a_value(small):
    assert pickle.loads(pickle.dumps(small.assignment)) == small.assignment
    assert hash(small.assignment) == hash(load_assignment(small.course, "small"))


def test_reading_a_course_needs_no_torch_and_a_worker_no_nbgrader():
    code = """
import sys
import autograder.course, autograder.submissions, autograder.gradebook, autograder.release
assert "nbgrader" not in sys.modules and "torch" not in sys.modules
autograder.course.load_course(".")
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_checks_and_files_belong_to_the_assignment(small):
    (small.root / "tests/checks/small").mkdir(parents=True)
    folder = small.write_source()
    (folder / "rows.csv").write_text("1,2\n")
    for ignored in (".ipynb_checkpoints", "__pycache__"):
        (folder / ignored).mkdir()
        (folder / ignored / "x.pyc").write_text("")
    assert small.assignment.checks == small.root / "tests/checks/small"
    assert small.assignment.files == (("rows.csv", b"1,2\n"),)


def test_the_folders_are_nbgrader_s(small):
    assert small.course.path("submitted", "small", "ada") == small.root / "submitted/ada/small"
    assert small.course.path("source", "small") == small.root / "source/small"
    assert small.course.path("release", "small") == small.root / "release/small"
    assert small.course.db_url == f"sqlite:///{small.root}/gradebook.db"


def test_only_folders_with_a_notebook_are_assignments(small):
    small.write_source()
    (small.root / "source/empty").mkdir()
    (small.root / "source/readme.txt").write_text("")
    assert small.course.assignments == ("small",)


def test_this_repository_is_a_course():
    course = load_course(ROOT)
    assert course.name == "deep-learning"
    assert set(course.assignments) == {path.parent.name for path in ROOT.glob("source/*/*.ipynb")}


@pytest.mark.parametrize("name", load_course(ROOT).assignments)
def test_each_assignment_of_this_repository_reads_and_its_model_answer_restores(name):
    assignment = load_assignment(load_course(ROOT), name)
    assert sum(question.points for question in assignment.questions) > 0
    for source in assignment.notebooks:
        assert restore(source, source.source.encode()).notes == ()


# Configuration


def test_limits_are_the_design_s_unless_the_course_says_otherwise(small):
    assert small.course.limits == Limits(60.0, 10.0, 300.0, 2048, 128, 256, 1_000_000, 64 * 2**20)
    assert small.assignment.limits == small.course.limits


def test_limits_for_the_course_and_for_one_assignment(small):
    small.config(
        "c.Autograder.cell_seconds = 30",
        "c.Autograder.memory_mb = 512",
        "c.Autograder.assignments = {'small': {'cell_seconds': 2.5, 'processes': 4}}",
        "c.Autograder.minimum_sandbox = ['landlock', 'seccomp']",
    )
    assert small.course.limits == Limits(cell_seconds=30, memory_mb=512)
    assert small.assignment.limits == Limits(cell_seconds=2.5, memory_mb=512, processes=4)
    assert small.course.minimum_sandbox == ("landlock", "seccomp")


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["c.Execute.timeout = 20"], (20.0, 300.0)),
        (["c.ExecutePreprocessor.timeout = 600"], (600.0, 1200.0)),
        (["c.ExecutePreprocessor.timeout = 600", "c.Execute.timeout = 40"], (40.0, 300.0)),
        (["c.Execute.timeout = None", "c.Autograder.submission_seconds = 100"], (100.0, 100.0)),
        (["c.Execute.timeout = 20", "c.Autograder.cell_seconds = 5"], (5.0, 300.0)),
    ],
)
def test_a_timeout_in_nbgrader_s_words_counts_where_there_is_none_in_ours(small, lines, seconds):
    small.config(*lines)
    assert (small.course.limits.cell_seconds, small.course.limits.submission_seconds) == seconds


def test_a_notebook_in_another_language_is_refused_in_words(small):
    small.source.metadata = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    assert "it is in R; only notebooks in Python are graded here" in wrong(small)


def test_a_course_that_only_nbgrader_knew_works(small):
    (small.root / "course_config.py").unlink()
    (small.root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'older'\n")
    assert small.course.name == "older"


def test_both_files_count_and_each_is_run_once(small):
    counted = "with open('{}', 'a') as file: file.write('x')".format(small.root / "count")
    small.config(counted, "c.CourseDirectory.ignore.append('*.bak')", "c.CourseDirectory.course_id = 'demo'")
    (small.root / "nbgrader_config.py").write_text(
        "c = get_config()\nload_subconfig('course_config.py')\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    assert small.course.name == "demo"
    assert small.course.config.LateSubmissionPlugin.penalty_method == "zero"
    assert small.course.directory.ignore.count("*.bak") == 1
    assert (small.root / "count").read_text() == "x"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.Autograder.cell_second = 5", "course_config.py: c.Autograder.cell_second is not an option; there are"),
        ("c.Autograder.cell_seconds = 'long'", "course_config.py: c.Autograder: The 'cell_seconds' trait"),
        ("c.Autograder.cell_seconds = 0", "c.Autograder: cell_seconds must be a number above zero, not 0"),
        ("c.Autograder.cell_seconds = float('inf')", "cell_seconds must be a number above zero, not inf"),
        ("c.Autograder.memory_mb = 1.5", "course_config.py: c.Autograder: The 'memory_mb' trait"),
        ("c.Autograder.memory_mb = -1", "memory_mb must be a whole number above zero, not -1"),
        ("c.Autograder.processes = True", "processes must be a whole number above zero, not True"),
        ("c.Autograder.assignments = {'small': {'cells': 5}}", "assignments['small']: 'cells' is not a limit"),
        ("c.Autograder.assignments = {'small': 5}", "assignments['small'] must be a dictionary of limits, not 5"),
        ("c.Autograder.assignments = {'smal': {}}", "assignments names 'smal', which is not an assignment"),
        ("c.Autograder.assignments = {'small': {'memory_mb': '2'}}", "memory_mb must be a whole number"),
        ("c.Autograder.minimum_sandbox = 5", "The 'minimum_sandbox' trait"),
        ("c.CourseDirectory.course_id = 5", "The 'course_id' trait"),
        ("import no_such_module_at_all", "course_config.py: line 2: ModuleNotFoundError"),
        ("c.A = (", "course_config.py: line 2: SyntaxError"),
    ],
)
def test_a_wrong_configuration_is_named_with_its_file_and_key(small, line, words):
    small.config(line)
    assert words in wrong(small)


def test_a_folder_without_a_course_is_told(tmp_path):
    with pytest.raises(CourseError, match=r"no course here, neither course_config\.py nor nbgrader_config\.py"):
        load_course(tmp_path)
    with pytest.raises(CourseError, match="there is no such folder"):
        load_course(tmp_path / "nowhere")


def test_an_unknown_assignment_is_told_with_those_there_are(small):
    with pytest.raises(CourseError, match=r"no assignment 'large' with a notebook in it \(it has: small\)"):
        load_assignment(small.course, "large")
    with pytest.raises(CourseError, match="no assignment"):
        load_assignment(small.course, "../source/small")


# The secret


def test_the_secret_is_made_once_for_its_owner_alone(small):
    secret = small.course.secret
    assert len(secret) == 64
    assert stat.S_IMODE((small.root / ".secret").stat().st_mode) == 0o600
    assert load_course(small.root).secret == secret
    assert sorted(path.name for path in small.root.iterdir()) == [".secret", "course_config.py", "source"]


def test_the_secret_can_be_configured(small):
    small.config("c.Autograder.secret = 'correct horse battery staple'")
    assert small.course.secret == b"correct horse battery staple"
    assert not (small.root / ".secret").exists()


def test_no_secret_is_made_before_one_is_wanted(small):
    assert small.assignment
    assert not (small.root / ".secret").exists()


def test_an_empty_secret_is_refused(small):
    (small.root / ".secret").write_text("\n")
    with pytest.raises(CourseError, match=r"\.secret: a secret has at least 16 characters"):
        assert small.course.secret


# Source notebooks that are wrong


def test_a_doubled_grade_id_is_named_with_both_cells(small):
    small.source.cells[4].metadata.nbgrader.grade_id = "double"
    assert "small.ipynb, cell 4: the grade_id 'double' is also that of cell 3" in wrong(small)


def test_a_question_doubled_in_another_notebook_has_its_notebook_in_its_name(small):
    small.write_source("other")
    small.write_source()
    ids = ["other/double", "other/why", "other/draw", "small/double", "small/why", "small/draw"]
    assert [question.id for question in small.assignment.questions] == ids


def test_a_question_doubled_in_another_notebook_is_wrong_where_checks_name_it(small):
    small.write_source("other")
    small.write_source()
    (small.root / "tests" / "checks" / "small").mkdir(parents=True)
    assert "small.ipynb, cell 3: the grade_id 'double' is also that of cell 3 of other.ipynb" in wrong(small)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grade_id": ""}, "nbgrader's metadata are wrong: grade_id is empty"),
        ({"grade_id": "with space"}, "nbgrader's metadata are wrong: 'with space' does not match"),
        ({"grade_id": None}, "nbgrader's metadata are wrong"),
        ({"points": -1}, "nbgrader's metadata are wrong: -1 is less than the minimum"),
        ({"points": "many"}, "nbgrader's metadata are wrong: 'many' is not of type 'number'"),
        ({"schema_version": 1}, "Outdated schema version: 1 (expected 3); `nbgrader update` brings it up to date"),
        ({"schema_version": 4}, "Schema version is too new: 4 (expected 3); this nbgrader is too old for it"),
        ({"grade": "yes"}, "nbgrader's metadata are wrong"),
        ({"colour": "red"}, "nbgrader's metadata are wrong"),
    ],
)
def test_wrong_metadata_are_named_with_the_cell(small, change, words):
    small.source.cells[3].metadata.nbgrader.update(change)
    assert "small.ipynb, cell 3: " + words in wrong(small)


def test_a_question_without_points_is_named(small):
    del small.source.cells[3].metadata.nbgrader["points"]
    assert "cell 3" in wrong(small)
    assert "points" in wrong(small)


def test_a_solution_outside_an_answer_cell_is_named(small):
    small.source.cells.append(new_code_cell("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", id="stray"))
    assert "small.ipynb: nbgrader cannot make a release of it: Solution region detected" in wrong(small)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a notebook"),
        ("{", "not a notebook"),
        ("[]", "not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"id": "a"}]}', "small.ipynb"),
    ],
)
def test_a_source_that_is_no_notebook_is_named(small, text, words):
    (small.write_source() / "small.ipynb").write_text(text)
    assert words in wrong(small)


def test_cells_without_ids_or_with_doubled_ones_are_named(small):
    place = small.write_source() / "small.ipynb"
    notebook = json.loads(place.read_text())
    notebook["cells"][2]["id"] = "imports"
    place.write_text(json.dumps(notebook))
    assert "small.ipynb, cell 2: its id is doubled" in wrong(small)
    del notebook["cells"][2]["id"]
    place.write_text(json.dumps(notebook))
    assert "small.ipynb, cell 2: its id is missing" in wrong(small)


def test_an_older_notebook_is_read(small):
    small.source.nbformat_minor = 2
    for cell in small.source.cells:
        del cell["id"]
    assert len(small.assignment.questions) == 3


def test_header_and_footer_are_part_of_what_is_released(small):
    header = nbformat.v4.new_notebook(cells=[new_markdown_cell("Your name:", id="name")])
    (small.root / "header.ipynb").write_text(nbformat.writes(header))
    small.config("c.IncludeHeaderFooter.header = 'header.ipynb'")
    assert json.loads(small.assignment.notebooks[0].released)["cells"][0]["source"] == ["Your name:"]
