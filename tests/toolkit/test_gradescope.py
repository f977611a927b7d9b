"""The zip for Gradescope, in a tree laid out as `/autograder`: as root, without a network, whatever is handed in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder.export.gradescope_run import main, notebook_folder, results_of, seconds_late
from autograder.records import Grade, QuestionResult, Run
from tests.toolkit.classroom import Classroom, Notebook, extra_cell

METADATA = {
    "id": 123456,
    "created_at": "2026-07-01T14:22:32.365935-07:00",
    "assignment": {"due_date": "2026-07-01T14:00:00.000000-07:00", "id": 25828, "course_id": 1234, "group_size": 2},
    "submission_method": "upload",
    "users": [{"email": "ada@example.com", "id": 1, "name": "Ada"}, {"email": "abe@example.com", "id": 2}],
    "previous_submissions": [],
}
WRONG = "def shares(x):\n    return x / x.sum()"
NOSY = """\
import os, pathlib, socket
found = [os.getuid() == 0]
for place in ("{tree}/source/course/.secret", "{tree}/submission_metadata.json", "{tree}/results/results.json"):
    try:
        found.append(pathlib.Path(place).read_text())
    except OSError:
        pass
    try:
        found.append(pathlib.Path(place).write_text('{{"score": 100}}'))
    except OSError:
        pass
print("found", found)
"""
# Key: type, of results.json and of its tests; those without which Gradescope refuses are in every one of ours.
TOP = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": str,
    "test_output_format": str,
    "test_name_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "name_format": str,
    "number": str,
    "output": str,
    "output_format": str,
    "tags": list,
    "visibility": str,
    "extra_data": dict,
}


def without_network() -> list[str]:
    """What is put before a command to run it as root without a network."""
    if os.geteuid() != 0:
        pytest.skip("grading as root needs root")
    alone = ["unshare", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a network cannot be taken away here")
    return alone


class Tree:
    """What Gradescope makes of the zip: `source`, `run_autograder`, and an environment as `setup.sh` leaves it."""

    def __init__(self, exported: Path, root: Path) -> None:
        self.root = root
        with zipfile.ZipFile(exported) as archive:
            archive.extractall(root / "source")
        shutil.copy(root / "source" / "run_autograder", root)
        (root / "run_autograder").chmod(0o755)
        (root / "submission_metadata.json").write_text(json.dumps(METADATA))

    def install(self) -> None:
        """The toolkit from the zip, and all else from this environment, which `setup.sh` would download."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.root / "venv")], check=True)
        (packages,) = (self.root / "venv" / "lib").glob("python*/site-packages")
        (wheel,) = (self.root / "source").glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(packages)
        (here,) = {path for path in sys.path if path.endswith("site-packages")}
        (packages / "others.pth").write_text(f"{here}\n")

    def grade(self, *prefix: str, **files: Notebook | str) -> dict[str, Any]:
        """What is in results.json after these files have been handed in; a double underscore is a dot."""
        for folder in ("submission", "results"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
            (self.root / folder).mkdir()
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (self.root / "submission" / name.replace("__", ".")).write_text(text)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        done = subprocess.run([*prefix, "./run_autograder"], cwd=self.root, env=environment, capture_output=True)
        self.said = (done.stdout + done.stderr).decode()
        results: dict[str, Any] = json.loads((self.root / "results" / "results.json").read_text())
        assert set(results) <= set(TOP)
        assert all(isinstance(value, TOP[key]) for key, value in results.items())
        for test in results["tests"]:
            assert set(test) <= set(TEST)
            assert all(isinstance(value, TEST[key]) for key, value in test.items())
        return results


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    # Limits of another assignment are of no use where that assignment is not, and refused.
    room = Classroom(tmp_path_factory.mktemp("course"), "c.Autograder.assignments = {'tiny': {'call_seconds': 5}}")
    assert room.autograder("release", "tiny").status == 0
    return room


@pytest.fixture(scope="module")
def exported(room: Classroom) -> Path:
    done = room.run("autograder.cli", "export", "gradescope", "tiny")
    assert done.status == 0, done.err
    assert done.out == f"{room.root}/exports/tiny/gradescope/autograder.zip\n"
    return Path(done.out.strip())


@pytest.fixture(scope="module")
def tree(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = Tree(exported, tmp_path_factory.mktemp("gradescope") / "autograder")
    tree.install()
    return tree


@pytest.fixture(scope="module")
def wrong(room: Classroom, tree: Tree) -> dict[str, Any]:
    """The results of a submission with a mistake."""
    return tree.grade(*without_network(), tiny__ipynb=room.answered(WRONG))


def test_a_submission_is_graded_as_at_home(wrong, room):
    room.submit("ada", room.answered(WRONG))
    assert room.autograder("grade", "tiny").status == 0
    at_home, results = room.results("ada"), wrong
    assert results["score"] == at_home["score"] == 6
    checks = [check for question in at_home["questions"] for check in question["checks"]]
    tests = [test for test in results["tests"] if "manual" not in test["tags"]]
    assert [(test["name"], test["score"], test["max_score"]) for test in tests] == [
        (check["title"], check["points"], check["max_points"]) for check in checks
    ]
    assert [test["number"] for test in tests][:6] == ["1.1", "1.2", "1.3", "1.4", "1.5", "2.1"]
    assert results["tests"][-1]["tags"] == ["why", "manual"]
    assert "score" not in results["tests"][-1]
    assert results["extra_data"]["student"] == "abe@example.com+ada@example.com"
    assert results["extra_data"]["seconds_late"] == pytest.approx(22 * 60 + 32.365935)
    assert results["extra_data"]["sandbox"]["separate uid"] == "on"
    assert results["leaderboard"][0] == {"name": "Score", "value": results["score"], "order": "desc"}


def test_of_a_hidden_check_a_student_gets_title_verdict_and_hint(wrong):
    hidden, shown = wrong["tests"][0], wrong["tests"][4]
    assert (hidden["name"], hidden["tags"]) == ("Each entry is divided by the sum of its row.", ["shares", "hidden"])
    assert hidden["output"].splitlines() == [
        "failed",
        "This looks like “whole table”.",
        "Hint: `keepdims=True` keeps the column that the rows are divided by.",
    ]
    assert shown["tags"] == ["shares", "visible"]
    assert shown["status"] == "passed"
    assert wrong["stdout_visibility"] == "hidden"


def test_a_notebook_finds_nothing_of_the_grader_s_and_its_own_score_is_not_believed(tree, room):
    nosy = room.answered()
    nosy["cells"].insert(0, extra_cell(NOSY.format(tree=tree.root)))
    nosy["cells"].append(extra_cell("assert found == [False], found"))
    results = tree.grade(*without_network(), tiny__ipynb=nosy)
    assert results["score"] == 10
    assert results["extra_data"]["notebooks"][0]["cells_failed"] == []


def test_what_is_no_notebook_gets_a_sentence(tree):
    results = tree.grade(essay__txt="I did it on paper.")
    assert results["score"] == 0
    assert results["output"] == "The submission cannot be graded: there is no notebook in it."
    assert {test["extra_data"]["verdict"] for test in results["tests"][:5]} == {"missing"}


def test_a_zip_with_one_folder_in_it_is_that_folder(tmp_path):
    folder = tmp_path / "my homework"
    folder.mkdir()
    assert notebook_folder(tmp_path) == folder
    (tmp_path / "__MACOSX").mkdir()
    assert notebook_folder(tmp_path) == folder
    (tmp_path / "tiny.ipynb").touch()
    assert notebook_folder(tmp_path) == tmp_path
    (tmp_path / "tiny.ipynb").unlink()
    folder.rename(tmp_path.parent / "elsewhere")
    folder.symlink_to(tmp_path.parent / "elsewhere")
    assert notebook_folder(tmp_path) == tmp_path


def test_a_fault_of_ours_is_said_to_be_ours(tree, tmp_path, capsys):
    shutil.copytree(tree.root / "source", tmp_path / "source")
    (tmp_path / "submission").mkdir()
    (tmp_path / "source" / "course" / "tests" / "checks" / "tiny" / "test_shares.py").write_text("import nowhere")
    assert main(tmp_path) == 1
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    assert results["output"].startswith("The autograder failed, which is no fault of yours.")
    assert "nowhere" in capsys.readouterr().err


def test_there_are_results_even_when_set_up_has_failed(room, exported, tmp_path):
    tree = Tree(exported, tmp_path / "autograder")
    results = tree.grade(tiny__ipynb=room.answered())
    assert results["output"].startswith("The autograder did not start, which is no fault of yours.")


def test_a_question_that_its_grade_cell_tests_is_one_entry():
    asked = (QuestionResult("sums", 1.5, 2.0, "cell", isolated=True), QuestionResult("odd", None, 2.0, "cell"))
    grade = Grade("c", "hw", "ada", 1.5, 4.0, ("odd",), (), asked, Run("completed"))
    sums, odd = results_of(grade)["tests"]
    assert (sums["name"], sums["score"], sums["max_score"]) == ("sums", 1.5, 2.0)
    assert (odd["output"], odd["tags"], "score" in odd) == ("graded by hand", ["odd", "manual"], False)


def test_late_is_after_the_latest_date_that_somebody_has():
    due = {"assignment": {"due_date": "2026-07-02T00:00:00-07:00"}}
    assert seconds_late(METADATA) == pytest.approx(22 * 60 + 32.365935)
    assert seconds_late({**METADATA, "users": [{"email": "ada@example.com", **due}]}) == 0
    assert seconds_late({}) is None


def test_the_zip_holds_one_assignment_and_is_the_same_twice(room, exported, tmp_path):
    room.write("source/other/notes.txt", "of another assignment")
    assert room.run("autograder.cli", "export", "gradescope", "tiny", "--to", str(tmp_path)).status == 0
    assert (tmp_path / "autograder.zip").read_bytes() == exported.read_bytes()
    with zipfile.ZipFile(exported) as archive:
        names = archive.namelist()
        pinned = archive.read("requirements.txt").decode().split()
        assert archive.getinfo("run_autograder").external_attr >> 16 == 0o100755
    assert "course/.secret" in names
    assert not [name for name in names if "other" in name]
    assert pinned[0].startswith("torch==")
    assert all(pin.count("==") == 1 and "+" not in pin for pin in pinned)
    assert not [pin for pin in pinned if pin.startswith(("nvidia", "pytest-timeout", "dl-autograder"))]


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "nightly", reason="setup.sh takes minutes and a package index: nightly"
)
def test_set_up_makes_an_environment_of_its_own(room, exported, tmp_path):
    tree = Tree(exported, tmp_path / "autograder")
    # The CPU's torch has an index of its own, which not every machine can reach.
    environment = {**os.environ, "TORCH_INDEX": os.environ.get("TORCH_INDEX", "https://pypi.org/simple")}
    subprocess.run(["bash", "source/setup.sh"], cwd=tree.root, env=environment, check=True)
    assert tree.grade(*without_network(), tiny__ipynb=room.answered())["score"] == 10
