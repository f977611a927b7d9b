"""Courses that know nothing of us: nbgrader's own, graded by nbgrader and by us; and what we do otherwise, and why."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbgrader
import pytest

from autograder.examiner import Examiner
from autograder.grade import grade_submission
from autograder.submissions import read_submission
from tests.toolkit.classroom import Classroom, Done, Notebook, cell
from tests.toolkit.stock import Scores, gradebook_scores, stock_scores
from tests.toolkit.tiny import answer_cell, given_cell, source_notebook, test_cell, words_cell

NBGRADER = Path(nbgrader.__file__).parent
GUIDE = NBGRADER / "docs/source/user_guide"
FILES = NBGRADER / "tests/apps/files"
OTHERS = NBGRADER / "tests/preprocessors/files"
DOCS = Path(__file__).parents[2] / "docs"

# Its older notebooks test with nose, which is gone: the two functions of it that they use.
NOSE = """\
def assert_equal(first, second):
    assert first == second, f"{first!r} != {second!r}"


def assert_raises(error, function, *args):
    try:
        function(*args)
    except error:
        return
    raise AssertionError("nothing was raised")
"""


class Plain(Classroom):
    """A course with nothing but `nbgrader_config.py` and `source/`."""

    def __init__(self, root: Path, *config: str) -> None:
        self.root = root
        self.done = Done(0, "", "")
        self.write(
            "nbgrader_config.py", "\n".join(["c = get_config()", 'c.CourseDirectory.course_id = "any"', *config])
        )

    def take(self, assignment: str, notebook: Path, name: str = "p1") -> None:
        """A notebook of somebody else's as a source."""
        self.write(f"source/{assignment}/{name}.ipynb", notebook.read_bytes())

    def grades(self, *assignments: str) -> Scores:
        """What we give."""
        for assignment in assignments:
            self.done = self.autograder("grade", assignment, "--workers=1")
            assert self.done.status in (0, 1), self.done.err
        return gradebook_scores(self.course.db_url, self.course.name)

    def stock(self, *assignments: str) -> Scores:
        """What nbgrader gives, on a copy of the course."""
        copy = self.root.parent / f"{self.root.name}-stock"
        shutil.copytree(self.root, copy, ignore=shutil.ignore_patterns("autograded", "gradebook.db"))
        return stock_scores(copy, *assignments)


def nbgraders_own(root: Path) -> Plain:
    """nbgrader's notebooks, as sources: those of its guide, and those of its tests that it autogrades."""
    course = Plain(root)
    for name in ("ps1", "ps1_autotest"):
        shutil.copytree(GUIDE / "source" / name, root / "source" / name)
    for name in ("simple", "hashed", "multi", "hidden"):
        course.take(f"autotest-{name}", FILES / f"autotest-{name}.ipynb")
    course.write("autotests.yml", (FILES / "autotests.yml").read_bytes())
    course.take("basic", FILES / "submitted-unchanged.ipynb")
    course.take("hidden", FILES / "test-hidden-tests.ipynb")
    course.take("side-effects", FILES / "side-effects.ipynb")
    course.take("file", FILES / "open_relative_file.ipynb")
    course.write("source/file/data.txt", "a\nb\nc\nd")
    course.take("task", OTHERS / "test_taskcell.ipynb")
    course.take("manual", OTHERS / "manually-graded-code-cell.ipynb")
    for name in ("hidden", "task"):
        course.write(f"source/{name}/nose/tools.py", NOSE)
    return course


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    course = nbgraders_own(tmp_path_factory.mktemp("own") / "course")
    for student in ("bitdiddle", "hacker"):
        shutil.copytree(GUIDE / "submitted" / student / "ps1", course.folder(student, "ps1"), dirs_exist_ok=True)
    for notebook in (GUIDE / "source/ps1").glob("*.ipynb"):
        course.submit("model", notebook.read_bytes(), "ps1", notebook.name)
    for student in ("changed", "cheat-attempt", "cheat-attempt-alternative"):
        course.submit(student, (FILES / f"submitted-{student}.ipynb").read_bytes(), "basic", "p1.ipynb")
    for student in ("right", "wrong"):
        name = f"autotest-hidden-changed-{student}.ipynb"
        course.submit(student, (FILES / name).read_bytes(), "autotest-hidden", "p1.ipynb")
    return course


def test_nbgraders_own_course_and_notebooks_get_nbgraders_scores(own):
    assignments = ("ps1", "basic", "autotest-hidden")
    stock = own.stock(*assignments)
    assert own.grades(*assignments) == stock
    assert {score for score, _ in stock.values()} >= {None, 0.0, 0.5, 1.0}
    assert stock["autotest-hidden right p1 test_hidden"] == (1.0, False)
    assert stock["autotest-hidden wrong p1 test_hidden"] == (0.0, False)


def test_grade_cells_whose_points_the_model_answer_earns_run_apart_as_often_as_the_docs_say(own):
    # In a process of its own: nbgrader leaves the sockets of the kernels open that fill its templates of tests in.
    done = own.run("tests.toolkit.counting", str(own.root), PYTHONPATH=str(DOCS.parent))
    assert done.status == 0, done.err
    apart, earned = map(int, done.out.split())
    said = re.search(r"<!-- apart -->(\d+) of (\d+)<!-- -->", (DOCS / "nbgrader.md").read_text())
    assert said is not None
    assert (apart, earned) == (int(said[1]), int(said[2])), done.err


# What is done otherwise

QUIRKS = source_notebook(
    given_cell("import sys\nimport numpy as np\n\nexpected = [2, 4, 6]", "imports"),
    answer_cell("def double(x):\n    return 2 * x", "double"),
    test_cell(
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert [double(n) for n in (1, 2, 3)] == expected\n"
        "np.testing.assert_allclose(double(np.ones(2)), [2, 2])\n### END HIDDEN TESTS",
        "double",
        3,
    ),
    answer_cell("def points():\n    return 2", "points"),
    test_cell("points()", "points", 2),
    answer_cell("def is_even(n):\n    return n % 2 == 0", "is_even"),
    test_cell("is_even(2)", "is_even", 1),
    answer_cell("size = (2, 3)", "size"),
    test_cell("assert len(size) == 2\nsize", "size", 1),
    answer_cell(
        "class Money:\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __add__(self, other):\n        return Money(self.n + other.n)\n\n"
        "    def __eq__(self, other):\n        return self.n == other.n",
        "money",
    ),
    test_cell("assert Money(1) + Money(2) == Money(3)\nassert not Money(1) == Money(2)", "money", 2),
    words_cell("Because.", "why", 1),
)

EQUAL = (
    "class Equal:\n    def __eq__(self, other):\n        return True\n\n"
    "def double(x):\n"
    "    return 2 * x if isinstance(x, np.ndarray) else Equal()"
)
PATCHED = "def double(x):\n    return 4\n\nexpected = [4, 4, 4]\nnp.testing.assert_allclose = lambda *_, **__: None"
REWRITTEN = "get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])"
NUMBER = (
    "class Number:\n    def __init__(self, n):\n        self.n = n\n\n"
    "    def __eq__(self, other):\n        return self.n == other\n\n"
    "def double(x):\n    return 2 * x if isinstance(x, np.ndarray) else Number(2 * x)"
)
LOUD = "def double(x):\n    print('a warning', file=sys.stderr)\n    print(3.0)\n    return 2 * x"
IN_PLACE = "def double(x):\n    if isinstance(x, np.ndarray):\n        x *= 2\n        return x\n    return x + x"


def answers(notebook: Notebook, **given: str) -> Notebook:
    for name, text in given.items():
        cell(notebook, f"{name}_answer")["source"] = text
    return notebook


@pytest.fixture(scope="module")
def quirks(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    course = Plain(tmp_path_factory.mktemp("quirks") / "course")
    course.write_assignment("quirks", QUIRKS)
    source: dict[str, Any] = json.loads(json.dumps(QUIRKS))
    model = {
        each["id"].removesuffix("_answer"): "".join(each["source"])
        for each in source["cells"]
        if each["id"].endswith("_answer")
    }

    def right(**given: str) -> Notebook:
        return answers(course.released("quirks"), **{**model, **given})

    course.submit("model", right(), "quirks")
    course.submit("blank", course.released("quirks"), "quirks")
    course.submit(
        "negative", right(points="def points():\n    return -1", is_even="def is_even(n): return False"), "quirks"
    )
    course.submit("text", right(points="def points():\n    return 'all of them'", size="size = [1, 2]"), "quirks")
    course.submit("loud", right(double=LOUD), "quirks")
    course.submit("much", right(points="def points():\n    return 1000"), "quirks")
    course.submit("equal", right(double=EQUAL), "quirks")
    course.submit("patched", right(double=PATCHED), "quirks")
    course.submit("rewritten", right(double=REWRITTEN, points="", is_even="", size="", money=""), "quirks")
    course.submit("number", right(double=NUMBER), "quirks")
    course.submit("in-place", right(double=IN_PLACE), "quirks")
    course.submit("money", right(money=model["money"].replace("self.n + other.n", "self.n")), "quirks")
    course.done = course.autograder("grade", "quirks", "--workers=1")
    assert course.done.status == 1, course.done.err
    return course


def ours(quirks: Plain, student: str) -> dict[str, float | None]:
    return {each["id"]: each["score"] for each in quirks.results(student, "quirks")["questions"]}


def test_where_nbgrader_is_wrong_it_differs_as_the_docs_say(quirks):
    stock = quirks.stock("quirks")

    def nbgraders(student: str, question: str) -> float | None:
        return stock[f"quirks {student} quirks {question}"][0]

    same = {"double": 3.0, "points": 2.0, "is_even": 1.0, "size": 1.0, "money": 2.0}
    for student in ("model", "blank", "in-place", "money"):
        for question in same:
            assert ours(quirks, student)[question] == nbgraders(student, question), (student, question)
    assert {name: nbgraders("model", name) for name in same} == same
    for student, question, theirs, here in (
        ("negative", "points", 2.0, 0.0),
        ("negative", "is_even", 1.0, 0.0),
        ("text", "points", 2.0, 0.0),
        ("text", "size", 1.0, 1.0),
        ("loud", "double", 0.0, 3.0),
        ("much", "points", None, 2.0),
        ("much", "is_even", None, 1.0),
        ("equal", "double", 3.0, None),
        ("patched", "double", 3.0, 0.0),
        ("rewritten", "points", 2.0, 0.0),
    ):
        assert (nbgraders(student, question), ours(quirks, student)[question]) == (theirs, here), (student, question)


def test_every_question_says_where_its_test_ran(quirks):
    asked = [each for each in quirks.results("model", "quirks")["questions"] if each["graded_by"] == "cell"]
    assert {each["id"]: each["isolated"] for each in asked} == dict.fromkeys(
        ("double", "points", "is_even", "size", "money"), True
    )


def test_a_process_for_test_cells_that_is_lost_is_made_anew(quirks):
    assignment = quirks.assignment("quirks")
    submission = read_submission(quirks.course, assignment, "model")
    with Examiner.of(assignment, quirks.course.secret) as examiner:
        scores = []
        for _ in range(3):
            graded = grade_submission(examiner, submission).grade
            scores.append((graded.score, graded.attention))
            (room,) = examiner.rooms._rooms.values()
            room.zygote.kill(room.pid)
        assert examiner.zygote.crashes == 0
    assert scores[0][0] > 0
    assert scores == scores[:1] * 3


def test_a_test_that_passes_only_beside_forged_code_gives_nothing_and_is_flagged(quirks):
    for student in ("patched", "rewritten"):
        results = quirks.results(student, "quirks")
        assert ours(quirks, student)["double"] == 0
        assert any("'double' passes only where its test runs beside" in said for said in results["attention"])


def test_what_says_of_itself_that_it_is_right_waits_for_a_person(quirks):
    for student in ("equal", "number"):
        results = quirks.results(student, "quirks")
        assert ours(quirks, student)["double"] is None
        assert "double" in results["needs_manual_grade"]
        assert any("'double' passes beside" in said for said in results["attention"])


def test_objects_are_compared_by_their_own_methods_where_the_course_asks_for_such(quirks):
    assert ours(quirks, "model")["money"] == 2
    assert ours(quirks, "money")["money"] == 0
    assert quirks.results("money", "quirks")["attention"] == []


# Configuration and layout

DOUBLE = source_notebook(
    answer_cell("def double(x):\n    return 2 * x", "double"), test_cell("assert double(2) == NUMBER", "double", 1)
)


def test_an_nbgrader_config_alone_decides_where_everything_is(tmp_path):
    course = Plain(
        tmp_path / "course",
        'c.CourseDirectory.source_directory = "quellen"',
        'c.CourseDirectory.submitted_directory = "abgegeben"',
        'c.CourseDirectory.directory_structure = "{nbgrader_step}/{assignment_id}/{student_id}"',
        f'c.CourseDirectory.db_url = "sqlite:///{tmp_path}/elsewhere.db"',
        'c.IncludeHeaderFooter.header = "quellen/header.ipynb"',
    )
    header = source_notebook(given_cell("NUMBER = 4", "header"))
    for place, notebook in (("double/./first", DOUBLE), ("double/./second", DOUBLE), ("header", header)):
        course.write(f"quellen/{place}.ipynb", json.dumps(notebook))
    course.write("quellen/double/./helper.py", "")
    for name, answer in (("first", "def double(x): return 2 * x"), ("second", "def double(x): return x + 1")):
        number = [notebook.name for notebook in course.assignment("double").notebooks].index(name)
        notebook = answers(course.released("double", number), double=answer)
        course.write(f"abgegeben/double/ada/{name}.ipynb", json.dumps(notebook))
    stock = stock_scores(Path(shutil.copytree(course.root, tmp_path / "stock")), "double")
    (tmp_path / "elsewhere.db").unlink()
    scores = course.grades("double")
    assert scores == stock == {"double ada first double": (1.0, False), "double ada second double": (0.0, False)}
    results = json.loads((course.root / "autograded/double/ada/results.json").read_text())
    assert [each["id"] for each in results["questions"]] == ["first/double", "second/double"]


def test_what_zip_collect_collected_is_graded(tmp_path):
    name = r"^.*_(?P<student_id>\w+)_attempt_(?P<timestamp>[0-9\-]+)_(?P<file_id>.*)"
    course = Plain(tmp_path / "course", f"c.FileNameCollectorPlugin.named_regexp = {name!r}")
    source = source_notebook(*DOUBLE.cells)
    source.cells[-1].source = "assert double(2) == 4"
    course.write_assignment("double", source)
    downloaded = course.root / "downloaded/double/archive"
    downloaded.mkdir(parents=True)
    notebook = json.dumps(answers(course.released("double"), double="def double(x): return 2 * x"))
    with zipfile.ZipFile(downloaded / "all.zip", "w") as archive:
        archive.writestr("double_ada_attempt_2026-01-30-20-30-10_double.ipynb", notebook)
    done = course.run("nbgrader", "zip_collect", "double", "--force")
    assert done.status == 0, done.err
    assert course.grades("double") == {"double ada double double": (1.0, False)}


def test_what_came_through_the_exchange_is_graded(tmp_path):
    exchange, desk = tmp_path / "exchange", tmp_path / "desk"
    for folder in (exchange, desk):
        folder.mkdir()
        folder.chmod(0o777)
    course = Plain(tmp_path / "course", f"c.Exchange.root = {str(exchange)!r}")
    source = source_notebook(*DOUBLE.cells)
    source.cells[-1].source = "assert double(2) == 4"
    course.write_assignment("double", source)
    shutil.copy(course.root / "nbgrader_config.py", desk)

    def run(folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(
            command, cwd=folder, env=course.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    run(course.root, "generate_assignment", "double")
    run(course.root, "release_assignment", "double")
    run(desk, "fetch_assignment", "double")
    fetched = desk / "double" / "double.ipynb"
    fetched.write_text(json.dumps(answers(json.loads(fetched.read_text()), double="def double(x): return 2 * x")))
    run(desk, "submit", "double")
    run(course.root, "collect", "double")
    assert course.grades("double") == {f"double {getpass.getuser()} double double": (1.0, False)}
    assert (course.root / "autograded" / getpass.getuser() / "double" / "timestamp.txt").is_file()
