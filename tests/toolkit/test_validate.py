"""`autograder validate` and `%%check`: what a student can try at home says what the feedback page would say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mistune
import nbformat
import pytest
from nbclient import NotebookClient

from autograder import cli
from autograder.checks.forbidden import forbidden_calls, read_code
from autograder.course import load_assignment, load_course
from autograder.release import build
from autograder.validate import in_markdown, validate
from autograder.visible import visible_checks
from tests.toolkit.classroom import Classroom, cell, checks, extra_cell, scores
from tests.toolkit.tiny import SHARES, SPREAD

EXAMPLE = "One and three are a quarter and three quarters."
COLUMNS = "def shares(x):\n    return x / x.sum(axis=0, keepdims=True)\n"
# Wrong answers, each wrong in another way that a check can notice.
WRONG = {
    "columns": COLUMNS,
    "list": "def shares(x):\n    return (x / x.sum(axis=1, keepdims=True)).tolist()\n",
    "shape": "def shares(x):\n    return (x / x.sum(axis=1, keepdims=True)).ravel()\n",
    "raises": "def shares(x):\n    return x / len(nothing)\n",
    "missing": "def share(x):\n    return x\n",
    "none": "def shares(x):\n    pass\n",
}

MORE = '''\
"""More visible checks, some of which cannot be said as data."""
import numpy as np

from autograder.checks import close, fetch, hold, question, unchanged, visible
from solutions import tiny as reference

pytestmark = [question("spread"), visible]


def test_what_comes_of_one_function_goes_into_another(student, rng):
    """The spread of shares is that of the table."""
    x = rng.uniform(1, 9, size=(3, 4))
    p = student.shares(x)
    assert close(student.spread(p), reference.spread(x))
    assert close(student.spread(p), student.spread(x))


def test_nothing_changes(student):
    """Nothing changes."""
    assert unchanged(student.spread, x=np.array([[1.0, 2.0]]))
    assert close(fetch(hold(student.spread, np.array([[1.0, 1.0]]))), np.zeros(1))


def test_of_its_own_kind(student):
    """Greater than zero."""
    assert (student.spread(np.array([[1.0, 2.0]])) > 0).all()


def test_computed(student):
    """The square of the spread."""
    assert close(student.spread(np.array([[1.0, 2.0]])) ** 2, np.array([1 / 36]))


def test_with_a_function(student):
    """A function is passed."""
    assert close(student.spread(np.ones((1, 2)), lambda x: x), np.zeros(1))


def test_by_more(student):
    """By more than what is compared."""
    p = student.spread(np.array([[1.0, 3.0, 5.0]]))
    assert p[0] < 0.2
    assert close(student.spread(np.ones((1, 2))), np.zeros(1))
'''


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Classroom:
    """The course whose release students take home."""
    room = Classroom(tmp_path_factory.mktemp("course"))
    for path, data in build(room.course, "tiny").items():
        room.write(f"release/tiny/{path}", data)
    return room


@pytest.fixture(scope="module")
def graded(room) -> Classroom:
    """The course when wrong answers have been graded, and a right one that uses the magic."""
    for name, code in WRONG.items():
        room.submit(name, room.answered(code))
    notebook = room.answered()
    cell(notebook, "shares_answer")["source"] = f"%%check shares\n{SHARES}"
    notebook["cells"].insert(0, extra_cell("%load_ext autograder\nbehind = 1"))
    notebook["cells"].append(extra_cell("%check\nassert behind == 1"))
    room.submit("magician", notebook)
    assert room.autograder("grade", "tiny").status == 0
    return room


@pytest.fixture
def home(room, tmp_path) -> Path:
    """What a student has: the released folder, away from the course."""
    return Path(shutil.copytree(room.root / "release" / "tiny", tmp_path / "tiny"))


def answered(home: Path, room: Classroom, shares: str, *extra: str) -> Path:
    (home / "tiny.ipynb").write_text(json.dumps(room.answered(shares, SPREAD, "", *extra)))
    return home / "tiny.ipynb"


# What is released


def released(room: Classroom) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((room.root / "release/tiny/checks.json").read_text())
    return content


def test_visible_checks_are_released_as_data_and_nothing_of_hidden_ones_is(room):
    content = released(room)
    assert [(check["question"], check["title"]) for check in content["checks"]] == [("shares", EXAMPLE)]
    assert set(content) == {"schema", "assignment", "checks", "not_here", "forbidden"}
    assert set(content["checks"][0]) == {"id", "question", "title", "hint", "steps"}
    assert [step["do"] for step in content["checks"][0]["steps"]] == ["call", "close"]
    text = (room.root / "release/tiny/checks.json").read_text()
    course = [*(room.root / "tests/checks/tiny").glob("*.py"), room.root / "solutions/tiny.py"]
    lines = {line.strip() for path in course for line in path.read_text().splitlines() if len(line.strip()) > 12}
    allowed = {f'"""{EXAMPLE}"""', "def test_an_example(student):"}
    assert [line for line in lines - allowed if line.strip("\"'") in text] == []


def test_two_builds_are_the_same_and_so_are_those_of_a_course_with_another_secret(room, tmp_path):
    other = Classroom(tmp_path, "c.Autograder.secret = 'quite another secret'")
    assert build(other.course, "tiny") == build(room.course, "tiny") == build(room.course, "tiny")


def test_a_check_that_data_cannot_say_is_left_out_and_the_others_decide_as_they_do(tmp_path):
    room = Classroom(tmp_path)
    room.write_checks("tiny", more=MORE)
    found = visible_checks(load_assignment(load_course(room.root), "tiny"))
    assert [check["title"] for check in found.checks] == [
        EXAMPLE,
        "The spread of shares is that of the table.",
        "Nothing changes.",
    ]
    assert found.left_out == (
        ("Greater than zero.", "compares nothing"),
        ("The square of the spread.", "compares what it computed from the results"),
        ("A function is passed.", "passes function"),
        ("By more than what is compared.", "decides on SampleSpread by more than what is compared"),
    )
    second = found.checks[1]["steps"]
    assert [step["do"] for step in second] == ["call", "call", "close", "call", "call", "close"]
    # What one function returned goes into the other by reference: the numbers are the student's own.
    assert second[1]["args"] == {"list": [{"from": [0]}]}
    assert (second[5]["actual"], second[5]["expected"]) == ({"from": [2]}, {"from": [3]})


def test_a_file_of_the_course_s_with_that_name_is_refused(small):
    from autograder.records import ReleaseError

    (small.write_source() / "checks.json").write_text("{}")
    with pytest.raises(ReleaseError, match="the name of the file of visible checks"):
        build(small.course, "small")


# The command


@pytest.mark.parametrize("name", WRONG)
def test_the_words_are_those_of_the_feedback(graded, home, name):
    there = checks(graded.results(name))["an_example"]
    (result,), _ = validate(answered(home, graded, WRONG[name]))
    words = ("title", "verdict", "message", "hint")
    assert [result[key] for key in words] == [there[key] for key in words]
    assert result["verdict"] != "pass"


def test_a_right_notebook_passes_and_a_wrong_one_says_why(room, home, capsys):
    assert cli.main(["validate", str(answered(home, room, SHARES, "print('loud')"))]) == 0
    assert capsys.readouterr().out == (
        f"shares: 1 of 1 visible checks\n  ✓ {EXAMPLE}\nHidden checks are run when it is graded.\n"
    )
    assert cli.main(["validate", str(answered(home, room, COLUMNS, "1 / 0", "input('?')"))]) == 1
    said = capsys.readouterr().out
    assert f"shares: 0 of 1 visible checks\n  ✗ {EXAMPLE}\n      tolerance 1e-05" in said
    assert "cell 8 fails: ZeroDivisionError: division by zero\n" in said
    assert "cell 9 fails: RuntimeError: input() was called" in said


def test_helper_modules_and_data_beside_the_notebook_are_found(room, home):
    (home / "helper.py").write_text("from pathlib import Path\ntext = Path('data.txt').read_text()\n")
    (home / "data.txt").write_text("here")
    notebook = answered(home, room, SHARES, "import helper\nassert helper.text == 'here'")
    assert validate(notebook)[1] == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tiny.ipynb", "not json", "is no notebook"),
        ("tiny.ipynb", "[]", "is no notebook"),
        ("other.ipynb", None, "is no notebook"),
        ("checks.json", None, "comes with the assignment, beside the notebook"),
        ("checks.json", "{}", "cannot be read"),
        ("checks.json", '{"schema": 2}', "of a newer version"),
    ],
)
def test_what_cannot_be_done_is_said(home, capsys, name, content, said):
    if content is not None:
        (home / name).write_text(content)
    elif name == "checks.json":
        (home / name).unlink()
    notebook = home / (name if name.endswith("ipynb") else "tiny.ipynb")
    assert cli.main(["validate", str(notebook)]) == 2
    assert said in capsys.readouterr().err


def test_a_notebook_that_ends_its_process_is_said_to(room, home, capsys):
    assert cli.main(["validate", str(answered(home, room, SHARES, "import os\nos._exit(3)"))]) == 2
    assert "the process that ran it ended (3)" in capsys.readouterr().err


def test_a_forbidden_call_is_found_at_home(tmp_path):
    room = Classroom(tmp_path)
    room.write_checks(
        "tiny",
        forbidding=MORE.replace("[question", "[forbids('numpy.sqrt'), question").replace(
            "import close,", "import close, forbids,"
        ),
    )
    for path, data in build(room.course, "tiny").items():
        room.write(f"home/{path}", data)
    results, _ = validate(answered(tmp_path / "home", room, SHARES))
    assert {result["message"] for result in results if result["question"] == "spread"} == {
        "uses `numpy.sqrt`, which this question forbids"
    }


def test_the_summary_is_appended_and_shows_a_student_s_text_as_text(room, home, tmp_path):
    raising = 'def shares(x):\n    raise ValueError("<img src=x> | [a](javascript:b) **c**\\n\\n# d")\n'
    (tmp_path / "summary.md").write_text("before\n\n")
    assert cli.main(["validate", str(answered(home, room, raising)), "--summary", str(tmp_path / "summary.md")]) == 1
    text = (tmp_path / "summary.md").read_text()
    assert text.startswith("before\n\n### tiny")
    page = mistune.create_markdown(plugins=["table"], escape=False)(text)
    assert (page.count("<tr>"), page.count("<h3>"), page.count("<h1>")) == (2, 1, 0)
    assert "<img" not in page
    assert "href" not in page
    assert "<strong>" not in page
    assert "&lt;img src=x&gt; | [a](javascript:b) **c** # d" in page
    assert in_markdown("n", [], ["cell 1 fails: *x*"]).count("*") == 0


# In the notebook


def test_a_cell_that_begins_with_check_is_run_and_checked(home, room):
    cells = [
        "import numpy as np\n%load_ext autograder",
        f"%%check shares\n{COLUMNS}",
        f"%%check\n{SHARES}",
        "%check",
        "%%check shares\n1 / 0",
        "%check nothing",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    resources = {"metadata": {"path": str(home)}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources, allow_errors=True).execute()
    said = ["".join(output.get("text", output.get("ename", "")) for output in each.outputs) for each in notebook.cells]
    assert said[0] == ""
    assert said[1].startswith(f"shares: 0 of 1 visible checks\n  ✗ {EXAMPLE}\n      tolerance 1e-05")
    assert said[2] == said[3] == f"shares: 1 of 1 visible checks\n  ✓ {EXAMPLE}\n"
    assert "ZeroDivisionError" in said[4]
    assert "visible checks" not in said[4]
    assert said[5] == "no visible check is of 'nothing' (there are checks of: shares)\n"


def test_the_magic_costs_nothing_when_the_notebook_is_graded(graded):
    results = graded.results("magician")
    assert scores(results) == {"shares": 6, "spread": 4, "why": None}
    assert results["notebooks"][0]["cells_failed"] == []


@pytest.mark.parametrize("magic", ["%%check f", "%%time", "%%capture out"])
def test_a_forbidden_call_beneath_a_magic_is_read(magic):
    source = f"{magic}\ndef f(x):\n    return torch.softmax(x)\n"
    reading = read_code({"cells": [extra_cell("import torch"), extra_cell(source)]})
    assert [use.name for use in forbidden_calls(reading, ["torch.softmax"], ["f"])] == ["torch.softmax"]
