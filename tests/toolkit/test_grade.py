"""What `autograder grade` makes of answers: one class is handed in and graded by the real command, then looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, checks, questions, read_class, scores

CLASS = read_class(Path(__file__).with_name("answers.txt").read_text())
FULL = {"shares": 6.0, "spread": 4.0, "why": None}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """The class, handed in and graded by one command, whose outcome is `room.done`."""
    room = Classroom(tmp_path_factory.mktemp("course"))
    for student, parts in CLASS.items():
        room.hand_in(student, parts)
    room.done = room.autograder("grade", "tiny")
    return room


def one_cell_failed(room: Classroom, student: str) -> dict[str, Any]:
    """The outputs' error of the only cell that failed; everything else has its full score."""
    results = room.results(student)
    assert scores(results) == FULL
    (failed,) = results["notebooks"][0]["cells_failed"]
    (error,) = room.graded_notebook(student)["cells"][failed]["outputs"]
    assert error["output_type"] == "error"
    return dict(error)


# results.json


def test_results_have_the_fields_that_others_rely_on(room):
    results = room.results("model")
    promised = "schema course assignment student score max_score needs_manual_grade notebooks questions run sandbox"
    assert set(results) >= {*promised.split(), "attention", "grader"}
    assert (results["schema"], results["course"], results["assignment"]) == (1, "little", "tiny")
    assert (results["student"], results["score"], results["max_score"]) == ("model", 10.0, 12.0)
    assert results["needs_manual_grade"] == ["why"]
    (notebook,) = results["notebooks"]
    assert notebook["path"] == "tiny.ipynb"
    assert len(notebook["sha256"]) == 64
    assert (notebook["cells"], notebook["cells_failed"]) == (7, [])
    assert [question["id"] for question in results["questions"]] == ["shares", "spread", "why"]
    assert [question["graded_by"] for question in results["questions"]] == ["checks", "checks", "hand"]
    keys = {"id", "title", "verdict", "points", "max_points", "message", "hint", "misconception", "seconds"}
    for check in checks(results).values():
        assert keys <= set(check)
    assert results["run"].keys() == {"ending", "seconds", "cpu_seconds", "peak_memory_mb", "seed"}
    assert results["run"]["ending"] == "completed"
    assert results["sandbox"]["rlimits"].startswith("on")
    assert results["attention"] == []
    assert results["grader"].startswith("dl-autograder ")


def test_every_submission_has_results_and_a_notebook_that_nbformat_accepts(room):
    import nbformat

    for student in CLASS:
        results = room.results(student)
        assert results["max_score"] == 12.0
        assert results["score"] == sum(question["score"] or 0 for question in results["questions"])
        for question in results["questions"]:
            assert sum(check["max_points"] for check in question["checks"]) in (question["max_score"], 0)
        notebook = nbformat.read(room.root / "autograded" / student / "tiny" / "tiny.ipynb", as_version=4)
        nbformat.validate(notebook)


def test_right_answers_lose_nothing(room):
    for student in ("model", "other-style"):
        results = room.results(student)
        assert scores(results) == FULL
        assert {check["verdict"] for check in checks(results).values()} == {"pass"}
        assert not any(check["message"] or check["hint"] for check in checks(results).values())


def test_a_blank_notebook_earns_nothing(room):
    results = room.results("blank")
    assert results["score"] == 0
    assert {check["verdict"] for check in checks(results).values()} == {"missing"}


def test_titles_and_hints_come_from_the_checks(room):
    check = checks(room.results("wrong"))["each_row_is_divided_by_its_sum"]
    assert check["title"] == "Each entry is divided by the sum of its row."
    assert check["hint"].startswith("`keepdims=True` keeps")
    assert checks(room.results("model"))["the_spread_of_each_row[5]"]["title"] == "The spread of each row. (5)"


def test_points_are_shared_by_weight(room):
    found = checks(room.results("in-place"), "shares")
    assert {name: check["max_points"] for name, check in found.items()} == {
        "each_row_is_divided_by_its_sum": 2.0,
        "a_single_column_gives_ones": 1.0,
        "a_tall_table": 1.0,
        "the_input_stays_as_it_is": 1.0,
        "an_example": 1.0,
    }
    assert [name for name, check in found.items() if check["verdict"] != "pass"] == ["the_input_stays_as_it_is"]
    assert scores(room.results("in-place"))["shares"] == 5.0


# Verdicts


@pytest.mark.parametrize(
    ("student", "verdict", "message"),
    [
        ("wrong", "fail", ""),
        ("raises", "error", "raised ValueError at line 3 of cell 3"),
        ("raises-own", "error", "raised Odd at line 2 of cell 4"),
        ("hungry", "memory", "more memory than the limit"),
        ("dies", "crash", "the process ended"),
        ("no-function", "missing", "there is no `shares` after the notebook has run"),
        ("lists", "fail", "returned a list, an array was asked for"),
        ("always-equal", "fail", "returned an Always, an array was asked for"),
    ],
)
def test_each_verdict_is_told_in_words(room, student, verdict, message):
    check = checks(room.results(student))["each_row_is_divided_by_its_sum"]
    assert (check["verdict"], check["points"]) == (verdict, 0.0)
    assert check["message"].startswith(message)
    assert check["hint"] or verdict == "pass"


def test_a_fault_costs_its_question_and_no_other(room):
    for student in ("wrong", "raises", "hungry", "dies", "lists"):
        assert scores(room.results(student))["shares"] < 6
        # its checks are marked `follow_through`, so what `shares` lacks costs nothing here, but for equal entries
        assert scores(room.results(student))["spread"] >= 2


@pytest.mark.parametrize(("student", "verdict"), [("hangs-once", "timeout"), ("dies-once", "crash")])
def test_a_check_that_hangs_or_dies_costs_only_itself(room, student, verdict):
    found = checks(room.results(student))
    assert found["a_tall_table"]["verdict"] == verdict
    assert {name for name, check in found.items() if check["verdict"] != "pass"} == {"a_tall_table"}
    assert scores(room.results(student)) == {**FULL, "shares": 5.0}
    assert room.results(student)["run"]["ending"] == "completed"


def test_a_function_that_always_hangs_does_not_use_up_the_time_of_others(room):
    found = checks(room.results("hangs"), "shares")
    assert {check["verdict"] for check in found.values()} == {"timeout"}
    assert sum("not tried" in check["message"] for check in found.values()) == 3
    assert "no answer within 3 seconds" in found["each_row_is_divided_by_its_sum"]["message"]
    spread = checks(room.results("hangs"), "spread")
    assert {check["verdict"] for check in spread.values()} >= {"pass"}
    # Once it is known that only what is lent makes it pass, nobody waits for what hangs.
    followed = [check for check in spread.values() if "reference's `shares`" in check["message"]]
    assert [check["seconds"] >= 3 for check in followed] == [True, False]


def test_what_a_hidden_check_sent_is_told_nowhere(room):
    """The student's exception says what the input was; of hidden checks, neither results nor pages repeat it."""
    found = checks(room.results("raises"))
    assert found["an_example"]["message"] == "raised ValueError at line 3 of cell 3: the input was [[1.0, 3.0]]"
    assert room.autograder("feedback", "tiny").status == 0
    page = (room.root / "feedback" / "raises" / "tiny" / "tiny.html").read_text()
    results = json.dumps(room.results("raises"))
    for text in (results, page, json.dumps(room.graded_notebook("raises"))):
        told = set(re.findall(r"the input was (\[\[[-0-9., ]+)", text))
        assert told <= {"[[1.0, 3.0", "[[1.0, 1.0"}  # of the visible check and of the visible test in the notebook
    assert "1.0, 3.0" in results
    assert not re.search(r"expected [-0-9]", json.dumps(checks(room.results("wrong"))["a_tall_table"]))
    assert "expected 0.75" in checks(room.results("wrong"))["an_example"]["message"]


# State


def test_each_question_starts_from_what_the_notebook_left(room):
    assert scores(room.results("remembers")) == FULL
    assert scores(room.results("breaks-everything")) == FULL


def test_a_submission_sees_nothing_of_the_one_before(room):
    """Everybody is graded by two warm processes; nobody's names or changes reach the next."""
    assert all(check["verdict"] == "pass" for check in checks(room.results("model")).values())
    assert checks(room.results("no-function"))["an_example"]["verdict"] == "missing"


# Diagnosis


def test_the_one_mistake_that_fits_is_named(room):
    found = checks(room.results("columns"), "shares")
    assert {check["misconception"] for check in found.values() if check["verdict"] == "fail"} == {"columns instead"}
    assert all(check["misconception"] is None for check in found.values() if check["verdict"] == "pass")


@pytest.mark.parametrize("student", ["wrong", "columns-and-more", "two-fit", "raises", "lists", "hangs", "model"])
def test_nothing_is_guessed_when_no_mistake_fits_or_several_do(room, student):
    assert {check["misconception"] for check in checks(room.results(student)).values()} == {None}


def test_the_page_explains_the_mistake(room):
    assert room.autograder("feedback", "tiny").status == 0
    page = (room.root / "feedback" / "columns" / "tiny" / "tiny.html").read_text()
    assert "It looks like: columns instead" in page
    assert "the entries of a row no longer add up to one" in page


# Follow-through


def test_an_answer_that_builds_on_a_wrong_one_is_not_punished_twice(room):
    found = checks(room.results("wrong"), "spread")
    assert found["the_spread_of_each_row[5]"]["verdict"] == "pass"
    assert "passed with the reference's `shares` in place of yours" in found["the_spread_of_each_row[5]"]["message"]
    assert checks(room.results("wrong-both"), "spread")["the_spread_of_each_row[5]"]["verdict"] == "fail"


# Forbidden calls


@pytest.mark.parametrize("student", ["forbidden", "forbidden-alias", "forbidden-hidden"])
def test_a_forbidden_call_costs_the_question(room, student):
    results = room.results(student)
    assert scores(results) == {**FULL, "spread": 0.0}
    messages = {check["message"] for check in checks(results, "spread").values()}
    assert all("`numpy.std`, which this question forbids" in message for message in messages)


def test_a_forbidden_call_outside_the_answer_costs_nothing(room):
    assert scores(room.results("forbidden-elsewhere")) == FULL


# Cells


@pytest.mark.parametrize(
    ("student", "name"),
    [
        ("cell-raises", "ZeroDivisionError"),
        ("cell-syntax", "SyntaxError"),
        ("cell-missing-package", "ModuleNotFoundError"),
        ("cell-loops", "TimeLimit"),
        ("cell-asks", "RuntimeError"),
    ],
)
def test_a_cell_that_fails_costs_what_depends_on_it(room, student, name):
    assert one_cell_failed(room, student)["ename"] == name
    assert room.results(student)["run"]["ending"] == "completed"
    assert room.results(student)["attention"] == []


@pytest.mark.parametrize(
    ("student", "ending"),
    [
        ("cell-ends-process", "crashed"),
        ("cell-segfaults", "crashed"),
        ("cell-loops-stubbornly", "timeout"),
    ],
)
def test_a_cell_that_takes_the_process_along_is_left_out(room, student, ending):
    assert "the rest of the notebook was run without this cell" in one_cell_failed(room, student)["traceback"][0]
    assert room.results(student)["run"]["ending"] == ending


def test_a_cell_that_wants_too_much_memory_fails(room):
    assert one_cell_failed(room, "cell-hungry")["ename"] in ("MemoryError", "OutOfMemory")


def test_exit_ends_the_cell_and_not_the_notebook(room):
    results = room.results("cell-exits")
    assert scores(results) == FULL
    assert results["notebooks"][0]["cells_failed"] == [0, 8]


def test_input_is_answered_with_a_sentence(room):
    assert "nobody is there to answer" in one_cell_failed(room, "cell-asks")["evalue"]


def test_a_cell_that_fails_before_it_defines_an_answer_costs_the_answer(room):
    results = room.results("answer-raises")
    assert scores(results)["shares"] == 0
    assert {check["verdict"] for check in checks(results, "shares").values()} == {"missing"}
    assert checks(results, "spread")["the_spread_of_each_row[5]"]["verdict"] == "pass"


def test_an_answer_that_kills_the_process_is_lost_and_the_rest_counts(room):
    results = room.results("answer-ends-process")
    assert scores(results)["shares"] == 0
    assert checks(results, "spread")["the_spread_of_each_row[5]"]["verdict"] == "pass"
    assert results["run"]["ending"] == "crashed"


# Order


def test_the_definition_that_ran_last_counts(room):
    assert scores(room.results("right-then-wrong"))["shares"] < 6
    assert scores(room.results("wrong-then-right")) == FULL


def test_answers_in_extra_cells_count(room):
    assert scores(room.results("answers-at-the-end")) == FULL


# Outputs


def test_the_graded_notebook_reads_like_a_run_one(room):
    cell = room.graded_notebook("prints")["cells"][-1]
    text = "".join("".join(output.get("text", "")) for output in cell["outputs"])
    assert "to be seen" in text
    assert "loop" in text
    assert "from the shell" in text
    assert cell["outputs"][-1]["data"]["text/plain"] == "array([0, 1, 2])"
    assert cell["execution_count"] is not None


# Files


def test_a_helper_module_beside_the_notebook_is_there_when_it_runs(room):
    assert scores(room.results("helper")) == FULL
    assert (room.root / "autograded" / "helper" / "tiny" / "my_helper.py").is_file()


def test_files_beside_the_notebook_shadow_nothing_of_the_grader_s(room):
    results = room.results("shadows")
    assert scores(results) == FULL
    assert any("conftest.py" in note and "autograder.py" in note for note in results["notes"])
    assert not (room.root / "autograded" / "shadows" / "tiny" / "conftest.py").exists()


# The command


def test_the_class_is_told_as_a_table(room):
    assert f"{len(CLASS)} graded in " in room.done.out
    row = next(line for line in room.done.out.splitlines() if "columns " in line)
    assert "5 / 12" in row
    assert "“columns instead”" in row


def test_a_class_in_which_nobody_needs_a_person_has_status_0(room):
    assert [student for student in CLASS if room.results(student)["attention"]] == []
    assert room.done.status == 0
    assert all(re.match(r"\d+ of \d+ submissions\b", line) for line in room.done.err.splitlines())


def test_what_has_not_changed_is_not_graded_again(room):
    before = room.root / "autograded" / "model" / "tiny" / "results.json"
    stamp = before.stat().st_mtime_ns
    again = room.autograder("grade", "tiny")
    assert f"0 graded; {len(CLASS)} unchanged since they were graded" in again.out
    assert before.stat().st_mtime_ns == stamp


def test_who_was_graded_by_other_checks_is_counted(room):
    checks = room.root / "tests" / "checks" / "tiny" / "test_shares.py"
    text = checks.read_text()
    checks.write_text(text.replace("np.array([[1.0, 3.0]])", "np.array([[1.0, 4.0]])"))
    (room.root / "solutions" / "another.py").write_text("# of another assignment\n")
    before = room.results("model")
    changed = room.autograder("grade", "tiny")
    checks.write_text(text)
    taken_back = room.autograder("grade", "tiny")
    said = f"{len(CLASS)} unchanged since they were graded"
    assert f"0 graded; {said} ({len(CLASS)} before the assignment or its checks changed: --force" in changed.out
    assert f"0 graded; {said};" in taken_back.out
    assert room.results("model") == before


def test_two_runs_differ_in_run_and_seconds_alone(room):
    names = ["model", "wrong", "raises", "columns", "throws-dice", "cell-ends-process", "helper", "forbidden-hidden"]
    before = {name: comparable(room, name) for name in names}
    again = room.autograder("grade", "tiny", "--force", *(f"--student={name}" for name in names))
    assert f"{len(names)} graded in " in again.out
    assert {name: comparable(room, name) for name in names} == before


def comparable(room: Classroom, student: str) -> tuple[Any, Any]:
    """Results without what may differ, and the graded notebook."""
    results = room.results(student)
    seed = results.pop("run")["seed"]
    for check in checks(results).values():
        del check["seconds"]
    return (seed, results), room.graded_notebook(student)


def test_what_changed_is_graded_again_and_nothing_else(room):
    room.submit("blank", room.answered())
    again = room.autograder("grade", "tiny")
    assert "1 graded in " in again.out
    assert f"{len(CLASS) - 1} unchanged" in again.out
    assert scores(room.results("blank")) == FULL
    assert questions(room.results("blank"))["why"]["score"] is None


def test_a_question_does_not_pay_for_what_another_one_s_checks_left(tmp_path):
    room = Classroom(tmp_path)
    answer = "calls = []\n\ndef shares(x):\n    calls.append(x)\n    return x / x.sum(axis=1, keepdims=True)"
    spread = """count = len(calls)
def spread(x):
    assert len(calls) == count
    p = x / x.sum(axis=1, keepdims=True)
    return ((p - p.mean(axis=1, keepdims=True)) ** 2).mean(axis=1) ** 0.5"""
    room.hand_in("ada", {"shares": answer, "spread": spread})
    room.hand_in("bob", {"shares": answer, "spread": spread.replace("** 0.5", "** 0.4")})
    room.autograder("grade", "tiny")
    assert scores(room.results("ada")) == FULL
    assert room.results("ada")["run"]["ending"] == "completed"
    assert scores(room.results("bob")) == {**FULL, "spread": 2.0}  # equal entries have no spread, to whatever power
    assert "fail" in {check["verdict"] for check in checks(room.results("bob"), "spread").values()}


def test_a_function_may_pass_its_own_checks_and_be_the_reason_why_another_fails(tmp_path):
    room = Classroom(tmp_path)
    # the checks of `shares` know no row of nine; those of `spread` do
    shares = "def shares(x):\n    return x / x.sum(axis=1, keepdims=True) * (1 + (x.shape[1] == 9))"
    check = '''import numpy as np
from autograder.checks import close, follow_through, question
from solutions import tiny as reference


@question("shares")
def test_shares(student, rng):
    """Shares."""
    x = rng.uniform(1, 2, size=(3, 4))
    assert close(student.shares(x), reference.shares(x))


@question("spread")
@follow_through(shares=reference.shares)
def test_nine(student, rng):
    """Nine entries."""
    x = rng.uniform(1, 2, size=(3, 9))
    assert close(student.spread(x), reference.spread(x))
'''
    room.write_checks("tiny", shares=check)
    room.hand_in("ada", {"shares": shares})
    room.hand_in("bob", {"shares": shares, "spread": "def spread(x):\n    return shares(x).mean(axis=1)"})
    slow = "import time\n" + shares.replace("    return", "    time.sleep(9 * (x.shape[1] == 9))\n    return")
    room.hand_in("cyd", {"shares": slow})
    room.autograder("grade", "tiny")
    for student in ("ada", "cyd"):
        assert scores(room.results(student)) == FULL
        message = checks(room.results(student), "spread")["nine"]["message"]
        assert message == "passed with the reference's `shares` in place of yours"
    assert checks(room.results("bob"), "spread")["nine"]["verdict"] == "fail"


def test_a_question_has_all_the_memory_whatever_another_one_keeps(tmp_path):
    """The visible check of `spread` comes before the hidden ones of `shares`, and fails."""
    room = Classroom(tmp_path)
    check = '''import numpy as np
from autograder.checks import question, visible


@visible
@question("spread")
def test_example(student):
    """Example."""
    assert student.spread(np.eye(2))[0] > 0
'''
    room.write_checks("tiny", example=check)
    takes = "np.ones(2**17 * 260)"  # 260 MB of 400
    keeps = f"""import os
kept, home = [], os.getpid()
def spread(x):
    if os.getpid() != home and not kept:
        kept.append({takes})
    return np.zeros(len(x))"""
    room.hand_in(
        "ada", {"shares": f"def shares(x):\n    {takes}\n    return x / x.sum(axis=1, keepdims=True)", "spread": keeps}
    )
    room.autograder("grade", "tiny")
    results = room.results("ada")
    assert scores(results)["shares"] == 6.0
    assert checks(results, "spread")["example"]["verdict"] == "fail"


def test_a_function_of_the_reference_that_was_lent_to_one_question_is_none_of_the_next(tmp_path):
    """`shares` fails and is tried again with the reference's `spread`, which it keeps for the question `spread`."""
    room = Classroom(tmp_path)
    lent = "@question('shares')\n@follow_through(spread=reference.spread)\n"
    check = f'''import numpy as np
from autograder.checks import close, follow_through, question
from solutions import tiny as reference

{lent}def test_shares(student, rng):
    """Shares."""
    x = rng.uniform(1, 2, size=(3, 4))
    assert close(student.shares(x), reference.shares(x))
'''
    room.write_checks("tiny", shares=check)
    shares = """kept = []
def shares(x):
    try:
        spread(x)
    except NameError:
        return x
    kept.append(spread)
    return x / x.sum(axis=1, keepdims=True)
first = lambda x: missing
spread = first"""
    room.hand_in("eve", {"shares": shares, "spread": "def spread(x):\n    return kept[0](x) if kept else missing"})
    room.autograder("grade", "tiny")
    results = room.results("eve")
    assert scores(results) == {**FULL, "spread": 0.0}
    assert checks(results)["shares"]["message"]
