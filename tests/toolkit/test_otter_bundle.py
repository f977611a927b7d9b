"""An autograder of otter's grades in our jail as it does in otter: the same scores, and what otter does not survive."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.otter_bundle import find_submissions, read_bundle, read_otter_submission
from autograder.records import CourseError, Limits
from tests.toolkit.classroom import LIMITS, Done
from tests.toolkit.test_interrupted import safely

pytest.importorskip("otter", reason="otter-grader is not installed")

SQUARE = """\
OK_FORMAT = True

test = {
    "name": "square",
    "points": 4,
    "suites": [{"type": "doctest", "cases": [
        {"code": ">>> square(3)\\n9", "hidden": False},
        {"code": ">>> for n in (1, 2):\\n...     print(square(n))\\n1\\n4", "hidden": True, "points": 3,
         "failure_message": "Try the small ones."},
    ]}],
}
"""
STATE = """\
OK_FORMAT = True

test = {"name": "state", "points": None, "suites": [{"type": "doctest", "cases": [
    {"code": ">>> x\\n4", "hidden": False},
    {"code": ">>> y = x + 1\\n>>> y\\n5", "hidden": True},
    {"code": ">>> square('a')\\nTraceback (most recent call last):\\nTypeError: no number", "hidden": True},
]}]}
"""
TABLE = """\
from otter.test_files import test_case

OK_FORMAT = False

name = "table"
points = 2
all_or_nothing = True

@test_case(hidden=False, success_message="Well counted.")
def test_rows(rows):
    assert rows == 3, "there are three lines"

@test_case(hidden=True)
def test_random(env, draw):
    assert env["rows"] == len(env["lines"])
    assert draw == 51
"""
LATER = """\
from otter.test_files import test_case

OK_FORMAT = False

name = "later"
points = [1, 2]

@test_case()
def test_first(square, np):
    assert np.isclose(square(0.5), 0.25)

@test_case(hidden=True)
def test_second(square):
    assert square(-2) == 4
"""
DATA = "1\n2\n3\n"
RIGHT = [
    "import numpy as np\nimport otter\ngrader = otter.Notebook('hw.ipynb')",
    "def square(n):\n    if isinstance(n, str):\n        raise TypeError('no number')\n    return n * n",
    'grader.check("square")',
    "x = 4",
    'grader.check("state")',
    "x = 5",
    "lines = open('data.txt').readlines()\nrows = len(lines)\ndraw = np.random.randint(100)",
    'grader.check("table")',
    "grader.check_all()\ngrader.export(pdf=False)",
]
FULL = {"later": 3, "square": 4, "state": 1, "table": 2}


def notebook(*cells: str, **metadata: Any) -> dict[str, Any]:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel, **metadata})
    loaded: dict[str, Any] = json.loads(json.dumps(made))
    return loaded


def changed(**cells: str) -> dict[str, Any]:
    """The right notebook with other code in the cells that are named by their number, as `cell1`."""
    return notebook(*(cells.get(f"cell{number}", cell) for number, cell in enumerate(RIGHT)))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `otter generate` makes."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "tests").mkdir()
    for name, text in {"square": SQUARE, "state": STATE, "table": TABLE, "later": LATER}.items():
        (folder / "tests" / f"{name}.py").write_text(text)
    (folder / "data.txt").write_text(DATA)
    (folder / "otter_config.json").write_text('{"seed": 42}')
    program = [sys.executable, "-m", "otter", "generate", "--no-environment", "--no-requirements", "data.txt"]
    subprocess.run(program, cwd=folder, check=True, capture_output=True)
    return folder / "autograder.zip"


def in_metadata() -> dict[str, Any]:
    """The right notebook with a test asked for in a cell's metadata, and a cell to be ignored."""
    made = notebook(*RIGHT[:4], "square = None", *RIGHT[5:])
    made["cells"][3]["metadata"] = {"otter": {"tests": ["state"]}}
    made["cells"][4]["metadata"] = {"tags": ["otter_ignore"]}
    return made


def odd() -> dict[str, Any]:
    """The right notebook with metadata that otter does not survive."""
    made = notebook(*RIGHT)
    for cell, meta in zip(
        made["cells"], ({"otter": 3}, {"otter": {"tests": 4}, "tags": 5}, {"tags": [{}]}), strict=False
    ):
        cell["metadata"] = meta
    return made


SUBMISSIONS: dict[str, Any] = {
    "right": notebook(*RIGHT),
    "wrong": changed(cell1="def square(n):\n    return n * n if n > 2 else n", cell3="x = 3"),
    "metadata": in_metadata(),
    "odd": odd(),
    "deleted": notebook(*(cell for cell in RIGHT if "check(" not in cell)),
    "killer": changed(cell5="import os\nos._exit(0)"),
    "hanging": changed(cell1="def square(n):\n    while n == 3:\n        pass\n    return n * n"),
    "forger": changed(
        cell1="class Always(int):\n    def __eq__(self, other):\n        return True\n    def __repr__(self):\n"
        "        return '?'\n    def __array__(self, *_, **__):\n        return np.array(0.25)\n\n"
        "def square(n):\n    return Always()"
    ),
    "writer": changed(cell8='import otter\nopen("results.json", "w").write(\'{"score": 10}\')\nraise SystemExit'),
}


@pytest.fixture(scope="module")
def graded(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """The folder in which these submissions, a zip, a script and an essay were graded by the command."""
    root = tmp_path_factory.mktemp("graded")
    (root / "course_config.py").write_text(f"c = get_config()\n{LIMITS}\n")
    folder = root / "submissions"
    folder.mkdir()
    for name, content in SUBMISSIONS.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(content))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hw.ipynb", json.dumps(notebook("import helper", *RIGHT, "assert helper.ONE == 1")))
        archive.writestr("helper.py", "ONE = 1")
        archive.writestr("data.txt", "not the course's\n")
        archive.writestr("../outside.txt", "elsewhere")
    (folder / "zipped.zip").write_bytes(packed.getvalue())
    (folder / "script.py").write_text("\n".join(RIGHT))
    (folder / "essay.ipynb").write_text("I did it on paper.")
    program = [sys.executable, "-m", "autograder.cli", "grade", "--otter", str(bundle), "submissions"]
    done = subprocess.run(program, cwd=root, capture_output=True, text=True, check=False)
    return root, Done(done.returncode, done.stdout, done.stderr)


def results(graded: tuple[Path, Done], student: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((graded[0] / f"autograded/{student}/autograder/results.json").read_text())
    return read


def scores(graded: tuple[Path, Done], student: str) -> dict[str, float]:
    return {question["id"]: question["score"] for question in results(graded, student)["questions"]}


@pytest.mark.parametrize("student", ["metadata", "wrong"])
def test_otter_gives_the_same_scores(bundle, graded, student, tmp_path):
    (tmp_path / "hw.ipynb").write_text(json.dumps(SUBMISSIONS[student]))
    program = [sys.executable, "-m", "otter", "run", "--no-logo", "-a", str(bundle), "hw.ipynb"]
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(program, cwd=tmp_path, env=alone, capture_output=True, check=True)
    tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    theirs = {test["name"]: test["score"] for test in tests if "score" in test}
    assert scores(graded, student) == pytest.approx(theirs)


@pytest.mark.parametrize("victim", ["zygote", "student"])
def test_a_process_that_is_killed_costs_nobody_anything(bundle, tmp_path, victim):
    (tmp_path / "submissions").mkdir()
    slow = changed(cell1=f"import time\ntime.sleep(3)\n{RIGHT[1]}")
    (tmp_path / "submissions" / "slow.ipynb").write_text(json.dumps(slow))
    program = [sys.executable, "-m", "autograder.cli", "grade", "--otter", str(bundle), "submissions"]
    command = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first_seen: dict[int, float] = {}
    killed = False
    while command.poll() is None and not killed:
        found = safely(command.pid)
        now = time.monotonic()
        # One that lives for so long is no trial of the jail.
        students = [pid for pid, kind in found if kind == "student" and now - first_seen.setdefault(pid, now) > 1.5]
        if students:
            pid = students[0] if victim == "student" else next((pid for pid, kind in found if kind == "zygote"), 0)
            if pid:
                os.kill(pid, signal.SIGKILL)
                killed = True
        time.sleep(0.05)
    out, err = command.communicate(timeout=120)
    assert killed
    assert command.returncode == 0, err + out
    assert scores((tmp_path, Done(0, out, err)), "slow") == FULL


def test_tests_are_made_where_the_notebook_asks_for_them(graded):
    assert scores(graded, "right") == FULL
    assert scores(graded, "wrong") == pytest.approx({"later": 0, "square": 1, "state": 0, "table": 2})
    assert scores(graded, "metadata") == scores(graded, "odd") == FULL
    # Without the cells that ask, at the end, where x is 5.
    assert scores(graded, "deleted") == pytest.approx({**FULL, "state": 1 / 3})


def test_cases_are_checks_and_only_visible_ones_tell(graded):
    wrong = {question["id"]: question for question in results(graded, "wrong")["questions"]}
    visible, hidden = wrong["square"]["checks"]
    assert (visible["title"], visible["verdict"], visible["points"], visible["max_points"]) == (
        "square - 1",
        "pass",
        1,
        1,
    )
    assert (hidden["verdict"], hidden["message"], hidden["hint"]) == ("fail", "", "Try the small ones.")
    assert [check["verdict"] for check in wrong["state"]["checks"]] == ["fail", "fail", "fail"]
    assert "Expected:\n    4\nGot:\n    3" in wrong["state"]["checks"][0]["message"]
    assert wrong["table"]["checks"][0]["message"] == "Well counted."
    assert {question["graded_by"] for question in wrong.values()} == {"cell"}


def test_results_say_where_tests_ran(graded):
    told = {
        question["id"]: (question["isolated"], question["note"]) for question in results(graded, "right")["questions"]
    }
    assert told == dict.fromkeys(FULL, (True, ""))
    forged = {question["id"]: question for question in results(graded, "forger")["questions"]}
    # An object that says that it equals everything passes where it is asked, and nowhere else.
    assert forged["later"]["isolated"] is False
    assert forged["later"]["note"].startswith("cases passed beside the student's code: the answer gives a Always")
    assert forged["square"]["isolated"] is True
    assert forged["square"]["score"] == 0


def test_what_a_notebook_breaks_costs_what_depends_on_it(graded):
    assert results(graded, "killer")["run"]["ending"] == "crashed"
    assert scores(graded, "killer") == FULL
    hanging = {question["id"]: question for question in results(graded, "hanging")["questions"]}
    assert [check["verdict"] for check in hanging["square"]["checks"]] == ["timeout", "pass"]
    assert scores(graded, "hanging")["later"] == 3
    assert scores(graded, "writer") == FULL


def test_zips_and_scripts_are_submissions_and_essays_are_told(graded):
    root, done = graded
    assert scores(graded, "zipped") == FULL
    assert results(graded, "zipped")["notebooks"][0]["cells_failed"] == []
    assert scores(graded, "script") == FULL
    essay = results(graded, "essay")
    assert (essay["score"], essay["max_score"], essay["run"]["ending"]) == (0, 10, "unreadable")
    assert done.status == 1
    assert done.err.splitlines()[-1].startswith("essay: essay.ipynb cannot be graded: ")
    assert "│ zipped " in done.out
    table = (root / "autograded" / "autograder.csv").read_text(encoding="utf-8-sig").splitlines()
    assert table[0] == "student,later,square,state,table,score,max_score"
    assert "right,3,4,1,2,10,10" in table


def test_a_notebook_with_tests_in_its_metadata_is_an_autograder(tmp_path):
    names: dict[str, Any] = {}
    exec(SQUARE, names)
    path = tmp_path / "hw.ipynb"
    path.write_text(json.dumps(notebook(*RIGHT, otter={"OK_FORMAT": True, "tests": {"square": names["test"]}})))
    (test,) = read_bundle(path).tests
    assert (test.name, test.points, [case.hidden for case in test.cases]) == ("square", 4, [False, True])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "there are no tests in it"),
        ({"tests/q.py": "test = {}"}, "tests/q.py: RuntimeError: Malformed test file"),
        ({"otter_config.json": '{"lang": "r"}'}, "no R"),
    ],
)
def test_a_wrong_autograder_is_refused_with_the_place(tmp_path, files, message):
    with zipfile.ZipFile(tmp_path / "autograder.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with pytest.raises(CourseError, match=message):
        read_bundle(tmp_path / "autograder.zip")


def test_the_configuration_s_total_and_assignment_count(bundle, tmp_path):
    with zipfile.ZipFile(bundle) as theirs, zipfile.ZipFile(tmp_path / "autograder.zip", "w") as ours:
        for name in theirs.namelist():
            config = json.dumps({"assignment_name": "hw01", "plugins": [{"otter.plugins.builtin.RateLimiting": {}}]})
            ours.writestr(name, config if name == "otter_config.json" else theirs.read(name))
    read = read_bundle(tmp_path / "autograder.zip")
    assert read.name == "hw01"
    assert read.left_out == ("plugins are not run: otter.plugins.builtin.RateLimiting",)
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "ada.ipynb").write_text(json.dumps(notebook(*RIGHT, otter={"assignment_name": "hw02"})))
    (folder / "bob.ipynb").write_text(json.dumps(notebook(*RIGHT, otter={"assignment_name": "hw01"})))
    ada, bob = (read_otter_submission(path, read, Limits()) for path in find_submissions(folder))
    assert ada.unreadable == (
        "ada.ipynb cannot be graded: it is a notebook of the assignment 'hw02', and this is 'hw01'."
    )
    assert not bob.unreadable
