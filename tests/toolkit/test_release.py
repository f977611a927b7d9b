"""A release is what nbgrader makes of the source, goes out only when it proves itself, and is refused in words."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder.course import Assignment
from autograder.records import (
    CheckResult,
    CourseError,
    Grade,
    NotebookResult,
    QuestionResult,
    ReleaseError,
    Run,
    Verdict,
)
from autograder.release import build, prove, release
from autograder.restore import restore


def grade(assignment: Assignment, notebooks: dict[str, str]) -> Grade:
    """Grades by whether `double` doubles once the restored notebook has run."""
    namespace: dict[str, Any] = {}
    failed = []
    restored = restore(assignment.notebooks[0], notebooks["small"].encode(), hidden_tests=True)
    for index, cell in enumerate(json.loads(restored.notebook)["cells"]):
        if cell["cell_type"] == "code":
            try:
                exec(cell["source"], namespace)
            except Exception:
                failed.append(index)
    score = 0.0
    with contextlib.suppress(Exception):
        score = 3.0 if namespace["double"](21) == 42 else 0.0
    check = CheckResult("test_doubles", "Doubles.", Verdict.PASS if score else Verdict.FAIL, score, 3.0, "42 expected")
    questions = (
        QuestionResult("double", score, 3.0, "checks", (check,)),
        QuestionResult("why", 0.0 if "why" in restored.unanswered else None, 2.0, "hand"),
        QuestionResult("draw", None, 1.0, "hand"),
    )
    found = (NotebookResult("small.ipynb", "", 6, tuple(failed)),)
    return Grade("demo", "small", "", score, 6.0, (), found, questions, Run("completed"))


def refused(small: Any) -> str:
    """The reasons why the release is refused, and that nothing has been written."""
    with pytest.raises(ReleaseError, match="the release is refused") as caught:
        release(small.course, "small", grade)
    assert not (small.root / "release").exists()
    assert not (small.root / "gradebook.db").exists()
    return str(caught.value)


def source_cell(small: Any, name: str) -> Any:
    return next(cell for cell in small.source.cells if cell["id"] == name)


def files_of(small: Any) -> dict[str, bytes]:
    folder = small.root / "release" / "small"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_release_is_what_students_need_and_no_more(small):
    folder = release(small.course, "small", grade)
    assert folder == small.root / "release" / "small"
    notebook = nbformat.read(folder / "small.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [
        "# Doubling",
        "import math",
        "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
        "assert double(2) == 4",
        "YOUR ANSWER HERE",
        "Draw it.",
    ]
    assert (folder / "small.ipynb").read_text().rstrip("\n") == small.assignment.notebooks[0].released.rstrip("\n")


def test_building_again_changes_no_byte_and_touches_no_file(small):
    folder = release(small.course, "small", grade)
    before, when = files_of(small), (folder / "small.ipynb").stat().st_mtime_ns
    assert release(small.course, "small", grade) == folder
    assert files_of(small) == before == build(small.course, "small")
    assert (folder / "small.ipynb").stat().st_mtime_ns == when


def test_files_beside_the_notebook_go_out_with_it_and_stale_ones_go(small):
    (small.write_source() / "rows.csv").write_text("1,2\n")
    release(small.course, "small", grade)
    (small.root / "release" / "small" / "stale.csv").write_text("")
    release(small.course, "small", grade)
    assert set(files_of(small)) == {"small.ipynb", "rows.csv"}
    assert [path.name for path in (small.root / "release").iterdir()] == ["small"]


def test_the_gradebook_knows_a_released_assignment(small):
    from nbgrader.api import Gradebook

    release(small.course, "small", grade)
    with Gradebook(f"sqlite:///{small.root}/gradebook.db", "demo") as gradebook:
        cells = gradebook.find_notebook("small", "small").source_cells
        assert {cell.name for cell in cells} == {"imports", "double_answer", "double", "why", "draw"}
        assert "HIDDEN" in next(cell.source for cell in cells if cell.name == "double")


def test_a_model_answer_that_loses_points_is_refused_with_the_check(small):
    cell = source_cell(small, "answer")
    cell.source = cell.source.replace("2 * x", "x * x")
    reasons = refused(small)
    assert "the model answer earns 0 of 3 points on 'double' (test_doubles: fail, 42 expected)" in reasons
    assert "the model answer: cell 3 of small.ipynb fails" in reasons


def test_a_release_that_earns_points_without_an_answer_is_refused(small):
    cell = source_cell(small, "title")
    small.source.cells.append(new_code_cell("double = lambda x: x + x", id="given"))
    cell.source = "# Twice"
    assert "the released notebook earns 3 points on 'double' without an answer (test_doubles)" in refused(small)


def test_what_a_check_that_is_broken_says_is_a_reason(small):
    def broken(assignment: Assignment, notebooks: dict[str, str]) -> Grade:
        return Grade(**{**vars(grade(assignment, notebooks)), "attention": ("the check test_doubles is broken: oh",)})

    with pytest.raises(ReleaseError, match="the model answer: the check test_doubles is broken: oh"):
        release(small.course, "small", broken)


STAMP = """
import random
from nbgrader.preprocessors import NbGraderPreprocessor

class Stamp(NbGraderPreprocessor):
    def preprocess(self, notebook, resources):
        notebook.metadata["stamp"] = random.random()
        return notebook, resources
"""


def test_a_build_that_differs_from_itself_is_refused(small, monkeypatch):
    (small.root / "stamp_of_this_course.py").write_text(STAMP)
    monkeypatch.syspath_prepend(small.root)
    small.config("c.NotebookExporter.preprocessors = ['stamp_of_this_course.Stamp']")
    assert "small.ipynb differs between two builds" in refused(small)


def test_an_older_notebook_without_ids_builds_the_same_each_time(small):
    small.source.nbformat_minor = 4
    for cell in small.source.cells:
        del cell["id"]
    release(small.course, "small", grade)
    assert files_of(small) == build(small.course, "small")


def test_a_file_that_no_build_makes_is_refused(small):
    with pytest.raises(ReleaseError, match=r"new\.txt differs between two builds"):
        prove(small.course, small.assignment, {**build(small.course, "small"), "new.txt": b""}, grade)


def test_an_answer_s_text_anywhere_else_is_a_leak(small):
    secret = "return 2 * x  # doubling is adding to itself"
    cell = source_cell(small, "answer")
    cell.source = cell.source.replace("return 2 * x", secret)
    source_cell(small, "title").metadata["old_source"] = f"def double(x):\n    {secret}"
    assert f"small.ipynb, cell 0 shows the answer of 'double_answer': {secret!r}" in refused(small)


def test_an_answer_pasted_whole_into_the_text_is_a_leak(small):
    cell = source_cell(small, "answer")
    cell.source = cell.source.replace("return 2 * x", "total = x + x\n    # twice the same\n    return total")
    source_cell(small, "title").source += "\n```\n    total = x + x\n    # twice the same\n    return total\n```"
    assert "small.ipynb, cell 0 shows the answer of 'double_answer', word for word" in refused(small)


def test_a_line_that_the_course_shows_anyway_is_no_leak(small):
    source_cell(small, "title").source = "Such as\n```\n    return 2 * x\n```"
    release(small.course, "small", grade)


def test_an_answer_in_a_file_beside_the_notebook_is_a_leak(small):
    cell = source_cell(small, "answer")
    cell.source = cell.source.replace("return 2 * x", "return 2 * x  # doubling is adding to itself")
    (small.write_source() / "helper.py").write_text("def f(x):\n    return 2 * x  # doubling is adding to itself\n")
    assert "helper.py shows the answer of 'double_answer'" in refused(small)


def test_a_hidden_test_in_a_file_beside_the_notebook_is_a_leak(small):
    source_cell(small, "test").source = source_cell(small, "test").source.replace(
        "double(3) == 6", "double(31) == 62, 1"
    )
    (small.write_source() / "notes.txt").write_text("we also test: assert double(31) == 62, 1\n")
    assert "notes.txt shows the hidden tests of 'double'" in refused(small)


def test_a_check_or_a_reference_among_the_files_is_a_leak(small):
    lines = [
        f"def test_{number}(student):\n    assert student.double({number}) == {2 * number}\n" for number in range(5)
    ]
    (small.root / "tests/checks/small").mkdir(parents=True)
    head = "from autograder.checks import question\npytestmark = question('double')\n"
    (small.root / "tests/checks/small/test_double.py").write_text(head + "\n".join(lines))
    (small.root / "solutions").mkdir()
    (small.root / "solutions/small.py").write_text("\n".join(lines).replace("student", "reference"))
    folder = small.write_source()
    (folder / "test_me.py").write_text("import math\n" + "\n".join(lines[1:4]))
    (folder / "twice.py").write_text("\n".join(lines[1:4]).replace("student", "reference"))
    reasons = refused(small)
    assert "test_me.py holds a piece of tests/checks/small/test_double.py" in reasons
    assert "twice.py holds a piece of solutions/small.py" in reasons


@pytest.mark.parametrize(
    "marker", ["### begin solution", "# BEGIN  HIDDEN TESTS", "=== End mark scheme ===", "// END_SOLUTION"]
)
def test_a_marker_that_nbgrader_did_not_know_is_a_leak(small, marker):
    source_cell(small, "title").source += f"\n{marker}\nthe answer\n"
    assert f"still has the line {marker!r}" in refused(small)


def test_a_picture_in_the_model_answer_is_a_leak(small):
    source_cell(small, "why")["attachments"] = {"a.png": {"image/png": "QUJD"}}
    assert "small.ipynb, cell 4 still has the pictures attached to the answer" in refused(small)


def test_outputs_of_the_source_do_not_go_out(small):
    source_cell(small, "answer").outputs = [new_output("stream", name="stdout", text="2 * x is the whole answer")]
    release(small.course, "small", grade)
    assert b"whole answer" not in files_of(small)["small.ipynb"]
    files = build(small.course, "small")
    notebook = json.loads(files["small.ipynb"])
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hello"}]
    with pytest.raises(ReleaseError, match="cell 1 has outputs"):
        prove(small.course, small.assignment, {**files, "small.ipynb": json.dumps(notebook).encode()}, grade)


def test_an_answer_cell_without_a_region_is_hidden_as_a_whole(small):
    text = "The derivative of a sum is the sum of the derivatives, so twice."
    small.source.cells.append(new_markdown_cell(f"Remember: {text}", id="hint"))
    source_cell(small, "why").source = text
    assert "small.ipynb, cell 6 shows the answer of 'why', word for word" in refused(small)


def test_delimiters_that_the_course_chose_are_known(small):
    small.config(
        "c.ClearSolutions.begin_solution_delimeter = 'SECRET'", "c.ClearSolutions.end_solution_delimeter = 'DONE'"
    )
    source_cell(
        small, "answer"
    ).source = "def double(x):\n    ## SECRET\n    return x + x  # the sum with itself\n    ## DONE"
    source_cell(small, "title").metadata["note"] = "return x + x  # the sum with itself"
    assert "shows the answer of 'double_answer'" in refused(small)


def test_a_refused_release_leaves_the_old_one_as_it_was(small):
    release(small.course, "small", grade)
    before = files_of(small)
    cell = source_cell(small, "answer")
    cell.source = cell.source.replace("2 * x", "3 * x")
    small.write_source()
    with pytest.raises(ReleaseError):
        release(small.course, "small", grade)
    assert files_of(small) == before


def test_an_unclosed_region_is_the_source_s_fault(small):
    source_cell(small, "answer").source = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x"
    with pytest.raises(CourseError, match=r"small\.ipynb: nbgrader cannot make a release of it: no end solution"):
        release(small.course, "small", grade)


def test_header_and_footer_go_where_nbgrader_puts_them(small):
    header = nbformat.v4.new_notebook(cells=[new_markdown_cell("Your name:", id="name")])
    (small.root / "header.ipynb").write_text(nbformat.writes(header))
    small.config("c.IncludeHeaderFooter.header = 'header.ipynb'")
    release(small.course, "small", grade)
    assert json.loads(files_of(small)["small.ipynb"])["cells"][0]["source"] == ["Your name:"]
