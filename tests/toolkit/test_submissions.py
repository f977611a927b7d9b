"""What becomes of what students hand in: found, read, repaired, restored, or refused with the reason."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import pickle
import time
from typing import Any

import nbformat
import pytest

from autograder.course import Limits, load_assignment
from autograder.records import CourseError
from autograder.repair import MAX_CELLS
from autograder.submissions import Submission, find_students, read_notebook, read_submission


def notebook_of(submission: Submission) -> dict[str, Any]:
    """The restored notebook of a submission that can be graded, after nbformat has accepted it."""
    assert submission.unreadable == ""
    notebook = json.loads(submission.notebooks[0].notebook)
    nbformat.validate(notebook)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return notebook


def run(submission: Submission) -> dict[str, Any]:
    """What stands in the namespace after the code cells ran in their order, each whether or not one failed."""
    namespace: dict[str, Any] = {}
    for cell in notebook_of(submission)["cells"]:
        if cell["cell_type"] == "code":
            with contextlib.suppress(Exception):
                exec(cell["source"], namespace)
    return namespace


def assert_graded_in_full(submission: Submission) -> None:
    namespace = run(submission)
    assert namespace["double"](3) == 6
    assert namespace["math"].pi > 3
    by_id = cells_by_grade_id(submission)
    assert {"imports", "double", "why", "draw"} <= set(by_id)
    assert by_id["double"]["source"].endswith("assert double(3) == 6\n### END HIDDEN TESTS")
    assert by_id["double"]["metadata"]["nbgrader"]["points"] == 3
    assert submission.attention == ()


def cells_by_grade_id(submission: Submission) -> dict[str, dict[str, Any]]:
    found = {}
    for cell in notebook_of(submission)["cells"]:
        if meta := cell["metadata"].get("nbgrader"):
            assert meta["grade_id"] not in found
            found[meta["grade_id"]] = cell
    return found


def cell(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in notebook["cells"] if each["id"] == name)


# An ordinary submission


def test_an_ordinary_submission_needs_no_notes(small):
    submission = small.submit(small.answered())
    assert submission.notes == ()
    assert submission.attention == ()
    assert submission.notebooks[0].path == "small.ipynb"
    assert len(submission.notebooks[0].sha256) == 64
    assert submission.notebooks[0].unanswered == ()
    assert_graded_in_full(submission)


def test_the_released_notebook_is_a_submission_without_answers(small):
    submission = small.submit(small.released())
    assert submission.notebooks[0].unanswered == ("double_answer", "why")
    assert submission.notes == ()


def test_a_submission_travels_as_a_value(small):
    submission = small.submit(small.answered())
    assert pickle.loads(pickle.dumps(submission)) == submission


def test_the_fingerprint_changes_with_anything_that_was_read(small):
    seen = {small.submit(small.answered()).fingerprint, small.submit(small.released()).fingerprint}
    assert small.read().fingerprint in seen
    (small.folder() / "helper.py").write_text("a = 1\n")
    seen.add(small.read().fingerprint)
    (small.folder() / "helper.py").write_text("a = 2\n")
    seen.add(small.read().fingerprint)
    (small.folder() / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC\n")
    seen.add(small.read().fingerprint)
    seen.add(small.submit("broken").fingerprint)
    assert len(seen) == 6


def test_hidden_tests_stay_out_where_a_course_has_checks(small):
    (small.root / "tests/checks/small").mkdir(parents=True)
    by_id = cells_by_grade_id(small.submit(small.answered()))
    assert by_id["double"]["source"] == "assert double(2) == 4"
    assert by_id["draw"]["source"] == "Draw it."


def test_reading_a_typical_submission_takes_a_few_milliseconds(small):
    notebook = small.answered()
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 30_000}}
    for number in range(40):
        extra = {
            "cell_type": "code",
            "metadata": {},
            "execution_count": 1,
            "outputs": [picture],
            "source": "x = 1\n" * 30,
        }
        notebook["cells"].append({**extra, "id": f"extra-{number}"})
    small.submit(notebook)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        small.read()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02  # measured: 2 ms; the margin is for a machine that is busy


# Repaired


def changed(**values: Any) -> Any:
    return lambda notebook: notebook.update(values)


def each_cell(**values: Any) -> Any:
    return lambda notebook: [each.update(values) for each in notebook["cells"]]


def without(key: str) -> Any:
    return lambda notebook: [each.pop(key, None) for each in notebook["cells"]]


def without_ids(notebook: dict[str, Any]) -> None:
    without("id")(notebook)


def doubled_ids(notebook: dict[str, Any]) -> None:
    each_cell(id="same")(notebook)


def forbidden_ids(notebook: dict[str, Any]) -> None:
    for index, each in enumerate(notebook["cells"]):
        each["id"] = ["", "with space", "x" * 65, "ü", None, 7][index % 6]


def minor(number: object, ids: bool = True) -> Any:
    def change(notebook: dict[str, Any]) -> None:
        notebook["nbformat_minor"] = number
        if not ids:
            without_ids(notebook)

    return change


def broken_outputs(notebook: dict[str, Any]) -> None:
    junk: list[Any] = [
        None,
        [3],
        ["text"],
        {"a": 1},
        [{"output_type": "pyout"}],
        [{"output_type": "stream", "text": 5}],
    ]
    for index, each in enumerate(each for each in notebook["cells"] if each["cell_type"] == "code"):
        each["outputs"] = junk[index % len(junk)]
        each["execution_count"] = [10**50, "seven", -1, 2.5, True][index % 5]


def widgets(notebook: dict[str, Any]) -> None:
    state = {"version_major": 2, "version_minor": 0, "state": {"abc": {"model_name": "IntSliderModel", "state": {}}}}
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}


def colab(notebook: dict[str, Any]) -> None:
    notebook["nbformat_minor"] = 0
    notebook["metadata"] = {"colab": {"provenance": [], "toc_visible": True}, "kernelspec": {"name": "python3"}}
    for each in notebook["cells"]:
        each["metadata"].update(id=each.pop("id"), colab={"base_uri": "https://localhost:8080/"}, outputId="1-2-3")


def vs_code(notebook: dict[str, Any]) -> None:
    notebook["metadata"]["kernelspec"] = {"display_name": ".venv", "language": "python", "name": "python3"}
    notebook["metadata"]["vscode"] = {"interpreter": {"hash": "0" * 64}}
    notebook["nbformat_minor"] = 2
    for each in notebook["cells"]:
        del each["id"]
        each["metadata"]["vscode"] = {"languageId": "python"}


def lone_surrogates(notebook: dict[str, Any]) -> None:
    cell(notebook, "answer")["source"] += "  # \ud83d and \udc00"
    cell(notebook, "why")["source"] = "half \ud83d"


def cells_without_type(notebook: dict[str, Any]) -> None:
    for each in notebook["cells"]:
        del each["cell_type"]


def unknown_types(notebook: dict[str, Any]) -> None:
    kinds = iter(["heading", "CODE", "python", ["code"], {"code": 1}, 5])
    for each in notebook["cells"]:
        each["cell_type"] = next(kinds)


def metadata_of_wrong_type(notebook: dict[str, Any]) -> None:
    junk = iter([None, "text", [], 5, True, [[]]])
    for each in notebook["cells"]:
        each["metadata"] = next(junk)
    notebook["metadata"] = ["python"]


def nbgrader_metadata_of_wrong_type(notebook: dict[str, Any]) -> None:
    junk = iter(["text", None, [], {"grade_id": 5}, {"grade_id": ["why"], "points": "many"}, {"grade_id": None}])
    for each in notebook["cells"]:
        each["metadata"]["nbgrader"] = next(junk)


def junk_among_the_cells(notebook: dict[str, Any]) -> None:
    notebook["cells"][1:1] = [None, 5, "words", [], True, {}, [["deep"]]]


def sources_in_other_shapes(notebook: dict[str, Any]) -> None:
    shapes = iter([None, 5, {"text": "x"}, ["import math\n", 3, None], True])
    notebook["cells"] += [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": shape}
        for shape in shapes
    ]
    cell(notebook, "answer")["source"] = cell(notebook, "answer")["source"].splitlines(keepends=True)
    del notebook["cells"][0]["source"]


def attachments(notebook: dict[str, Any]) -> None:
    cell(notebook, "why")["attachments"] = {"a.png": {"image/png": ["QUJD", "REVG"]}, "b": 5, "c": {"text/plain": 7}}
    cell(notebook, "title")["attachments"] = "none"


REPAIRS: dict[str, tuple[Any, str]] = {
    "missing ids": (without_ids, "id"),
    "doubled ids": (doubled_ids, "id"),
    "forbidden ids": (forbidden_ids, "id"),
    "ids of no text": (each_cell(id=["a"]), "id"),
    **{f"nbformat 4.{n}": (minor(n, ids=False), f"4.{n}") for n in range(5)},
    "nbformat 4.4 with ids": (minor(4), "4.4"),
    "nbformat 4.9": (minor(9), "4.9"),
    **{f"minor {value!r}": (minor(value), "nbformat_minor") for value in (None, "5", -1, 10**40, 4.5, True, [5])},
    **{f"major {value!r}": (changed(nbformat=value), "nbformat 4") for value in (None, "4", 4.0)},
    "broken outputs": (broken_outputs, "outputs"),
    "no outputs": (without("outputs"), "outputs"),
    "widget state": (widgets, "widgets"),
    "no kernelspec": (changed(metadata={}), "kernel"),
    "kernelspec of wrong type": (changed(metadata={"kernelspec": "python"}), "kernel"),
    "foreign kernel": (changed(metadata={"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}), "'ir'"),
    "no metadata": (changed(metadata=None), "metadata"),
    "Colab": (colab, "4.0"),
    "VS Code": (vs_code, "4.2"),
    "lone surrogates": (lone_surrogates, "replaced"),
    "cells without type": (cells_without_type, "type"),
    "unknown types": (unknown_types, "type"),
    "metadata of wrong type": (metadata_of_wrong_type, "metadata"),
    "nbgrader metadata of wrong type": (nbgrader_metadata_of_wrong_type, "grade_id"),
    "junk among the cells": (junk_among_the_cells, "kept as text"),
    "sources in other shapes": (sources_in_other_shapes, "not text"),
    "broken attachments": (attachments, "attachments"),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_is_repaired_with_a_note_and_graded_in_full(small, name):
    change, word = REPAIRS[name]
    notebook = small.answered()
    change(notebook)
    submission = small.submit(json.dumps(notebook))
    assert_graded_in_full(submission)
    assert any(word in note for note in submission.notes), submission.notes
    assert small.read() == submission


def test_a_byte_order_mark_is_ignored(small):
    submission = small.submit(b"\xef\xbb\xbf" + json.dumps(small.answered()).encode())
    assert_graded_in_full(submission)
    assert "byte order mark" in submission.notes[0]


def test_numbers_that_json_does_not_have_are_ignored(small):
    notebook = small.answered()
    notebook["metadata"]["loss"] = [float("nan"), float("inf"), -float("inf")]
    submission = small.submit(json.dumps(notebook))
    assert_graded_in_full(submission)
    assert "-Infinity and Infinity and NaN" in submission.notes[0]


def test_integers_of_thousands_of_digits_do_no_harm(small):
    text = json.dumps(small.answered()).replace('"execution_count": null', f'"execution_count": {"9" * 100_000}')
    assert_graded_in_full(small.submit(text))


def test_metadata_nested_deeply_is_graded_or_refused_in_words(small):
    for depth in (100, 500, 900, 5000, 200_000):
        deep = "[" * depth + "]" * depth
        text = json.dumps(small.answered()).replace('"language_info"', f'"deep": {deep}, "language_info"', 1)
        submission = small.submit(text)
        if submission.unreadable:
            assert submission.unreadable == "small.ipynb cannot be graded: it is nested too deeply."
        else:
            assert_graded_in_full(submission)


def test_a_source_nested_deeply_is_graded_or_refused_in_words(small):
    for depth in (100, 960, 990):
        deep: Any = []
        text = json.dumps(small.answered())
        text = text.replace('"# Doubling"', "[" * depth + "]" * depth, 1)
        submission = small.submit(text)
        assert submission.unreadable in ("", "small.ipynb cannot be graded: it is nested too deeply."), deep


def test_a_byte_order_mark_inside_a_cell_is_ignored(small):
    notebook = small.answered()
    cell(notebook, "answer")["source"] = "\ufeff" + cell(notebook, "answer")["source"]
    assert_graded_in_full(small.submit(notebook))


def test_stored_outputs_are_dropped_however_large(small):
    notebook = small.answered()
    cell(notebook, "answer")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x, " * 9_000_000}]
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert submission.notes == ()
    assert len(submission.notebooks[0].notebook) < 10_000


def test_pictures_are_left_out_when_they_alone_make_it_too_large(small):
    notebook = small.answered()
    cell(notebook, "why")["attachments"] = {"a.png": {"image/png": "A" * 21_000_000}}
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert "pictures" in submission.notes[0]


def test_an_attached_picture_is_kept(small):
    notebook = small.answered()
    cell(notebook, "why")["attachments"] = {"a.png": {"image/png": "QUJD"}}
    assert cells_by_grade_id(small.submit(notebook))["why"]["attachments"] == {"a.png": {"image/png": "QUJD"}}


def test_raw_cells_are_kept_and_not_run(small):
    notebook = small.answered()
    notebook["cells"].append({"cell_type": "raw", "id": "raw", "metadata": {}, "source": "double = None"})
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert notebook_of(submission)["cells"][-1]["source"] == "double = None"


# Refused


REFUSALS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n\t\n", "it is empty"),
    "zip": (b"PK\x03\x04" + bytes(50), "zip"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "gzip"),
    "HTML": (b"\n<!DOCTYPE html><html></html>", "web page"),
    "PDF": (b"%PDF-1.4", "PDF"),
    "UTF-16": ('{"nbformat": 4, "cells": []}'.encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": ('{"nbformat": 4, "cells": []}'.encode("utf-16-le"), "UTF-16"),
    "UTF-32": ('{"nbformat": 4, "cells": []}'.encode("utf-32-be"), "UTF-32"),
    "latin-1": ('{"nbformat": 4, "cells": [], "metadata": {"n": "é"}}'.encode("latin-1"), "UTF-8 (byte"),
    "merge conflict": (b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}', "merge conflict"),
    "merge conflict at the top": (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", "merge conflict"),
    "truncated": (b'{"cells": [{"cell_type": "code", "sou', "cut off"),
    "truncated between": (b'{"cells": [{"cell_type": "code"},', "cut off"),
    "not JSON": (b"def double(x): return x", "not JSON"),
    "two in one": (b'{"nbformat": 4, "cells": []}{"nbformat": 4, "cells": []}', "not JSON (Extra data"),
    "list": (b"[]", "not a notebook"),
    "null": (b"null", "not a notebook"),
    "text": (b'"notebook"', "not a notebook"),
    "number": (b"4", "not a notebook"),
    "another object": (b'{"hello": 1}', "not a notebook"),
    "no cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "no list of cells"),
    "cells no list": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"0": {}}}', "no list of cells"),
    "cells null": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": null}', "no list of cells"),
    "nbformat 3": (b'{"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": []}]}', "nbformat 3"),
    "nbformat 5": (b'{"nbformat": 5, "nbformat_minor": 0, "cells": []}', "nbformat 5"),
    "nbformat true": (b'{"nbformat": true, "cells": []}', "says no nbformat"),
    "nbformat huge": (b'{"nbformat": ' + b"4" * 5000 + b', "cells": []}', "nbformat"),
    "nbformat infinite": (b'{"nbformat": 1e999, "cells": []}', "says no nbformat"),
    "too many cells": (b'{"nbformat": 4, "cells": [' + b"{}," * MAX_CELLS + b"{}]}", "10001 cells"),
    "a bomb of values": (b'{"nbformat": 4, "cells": [' + b"{}," * 3_000_000 + b"{}]}", "too many values"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused_with_the_reason(small, name):
    data, reason = REFUSALS[name]
    submission = small.submit(data)
    assert submission.unreadable.startswith("small.ipynb cannot be graded: ")
    assert reason in submission.unreadable
    assert len(submission.notebooks[0].sha256) == 64
    stand_in = json.loads(submission.notebooks[0].notebook)
    nbformat.validate(stand_in)
    assert "cannot be graded" in stand_in["cells"][0]["source"]
    assert small.read() == submission


def test_a_notebook_too_large_without_its_outputs_is_refused(small):
    notebook = small.answered()
    cell(notebook, "answer")["source"] += "\n# " + "x" * 21_000_000
    assert "too large: 21 MB without outputs" in small.submit(notebook).unreadable


def test_a_file_too_large_to_open_is_refused(small):
    (small.folder() / "small.ipynb").touch()
    os.truncate(small.folder() / "small.ipynb", 100_000_001)
    assert "too large, over 100 MB" in small.read().unreadable


def test_anything_but_a_regular_file_is_never_opened(small, tmp_path):
    place = small.folder() / "small.ipynb"
    secret = tmp_path / "secret.ipynb"
    secret.write_text(json.dumps(small.answered()))

    def link() -> None:
        place.symlink_to(secret)

    def dangling() -> None:
        place.symlink_to(tmp_path / "nowhere")

    def folder() -> None:
        place.mkdir()

    for make, reason in (
        (link, "a link"),
        (dangling, "a link"),
        (folder, "a folder"),
        (lambda: os.mkfifo(place), "a pipe"),
    ):
        make()
        submission = small.read()
        assert submission.unreadable == f"small.ipynb cannot be graded: it is {reason}."
        assert submission.notebooks[0].sha256 == ""
        place.rmdir() if make is folder else place.unlink()


@pytest.mark.skipif(os.getuid() != 0, reason="a device can be made by root alone")
def test_a_device_is_never_opened(small):
    try:
        os.mknod(small.folder() / "small.ipynb", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("not even by root here")
    assert "a device" in small.read().unreadable


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_refused(small):
    small.submit(small.answered())
    (small.folder() / "small.ipynb").chmod(0)
    assert "permission denied" in small.read().unreadable
    small.folder().chmod(0)
    assert "permission denied" in small.read().unreadable
    small.folder().chmod(0o700)


def test_a_submission_that_is_a_link_is_not_followed(small):
    small.submit(small.answered(), "ada")
    (small.root / "submitted/bob").mkdir()
    (small.root / "submitted/bob/small").symlink_to(small.folder("ada"))
    (small.root / "submitted/eve").symlink_to(small.root / "submitted/ada")
    (small.root / "submitted/dan").mkdir()
    (small.root / "submitted/dan/small").write_text("a file")
    assert find_students(small.course, small.assignment) == ["ada", "bob", "dan", "eve"]
    assert "it is a link" in small.read("bob").unreadable
    assert "it is a link" in small.read("eve").unreadable
    assert "it is a file" in small.read("dan").unreadable
    assert "not there" in small.read("nobody").unreadable


# Which notebook


def test_one_notebook_under_another_name_is_the_submission(small):
    submission = small.submit(small.answered(), name="my homework (2).ipynb")
    assert_graded_in_full(submission)
    assert submission.notes == ("The notebook was found as my homework (2).ipynb and read as small.ipynb.",)
    assert submission.notebooks[0].name == "small"


def test_upper_case_is_no_other_name(small):
    small.submit(json.dumps(small.released()), name="other.ipynb")
    assert_graded_in_full(small.submit(small.answered(), name="SMALL.IPYNB"))


def test_of_several_notebooks_the_one_with_the_expected_name_counts(small):
    small.submit(small.released(), name="copy.ipynb")
    submission = small.submit(small.answered())
    assert_graded_in_full(submission)
    assert submission.notes == ("Other notebooks were left aside: copy.ipynb.",)


def test_several_notebooks_none_of_the_expected_name_are_refused(small):
    small.submit(small.answered(), name="one.ipynb")
    submission = small.submit(small.answered(), name="two.ipynb")
    expected = "The submission cannot be graded: it has 2 notebooks and none is called small.ipynb."
    assert submission.unreadable == expected
    assert "none is called" in json.loads(submission.notebooks[0].notebook)["cells"][0]["source"]


def test_no_notebook_is_refused(small):
    (small.folder() / "small.py").write_text("x = 1")
    (small.folder() / ".ipynb_checkpoints").mkdir()
    (small.folder() / ".ipynb_checkpoints" / "small-checkpoint.ipynb").write_text(json.dumps(small.answered()))
    (small.folder() / "._small.ipynb").write_bytes(b"\0\5")
    assert small.read().unreadable == "The submission cannot be graded: there is no notebook in it."


def test_each_notebook_of_several_is_read_on_its_own(small):
    small.write_source()
    small.source.cells = small.source.cells[:1]
    small.write_source("part two")
    first, second = small.assignment.notebooks[1], small.assignment.notebooks[0]
    submission = small.submit(first.released)
    assert [notebook.name for notebook in submission.notebooks] == ["small"]
    assert submission.notes == ("There is no part two.ipynb in the submission.",)
    submission = small.submit("broken", name="part two.ipynb")
    assert [notebook.name for notebook in submission.notebooks] == ["part two", "small"]
    assert submission.unreadable == ""
    assert submission.attention[0].startswith("part two.ipynb cannot be graded: it is not JSON")
    submission = small.submit(second.released, name="part two.ipynb")
    assert submission.notes == submission.attention == ()
    small.submit("broken", name="part two.ipynb")
    assert small.submit("broken").unreadable.count("cannot be graded") == 2


# Restored


def test_a_changed_test_cell_is_put_back(small):
    notebook = small.answered()
    cell(notebook, "test")["source"] = "assert True"
    cell(notebook, "test")["metadata"]["nbgrader"].update(points=300, locked=False, solution=True)
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert [each["source"] for each in notebook_of(submission)["cells"] if each["source"] == "assert True"] == []
    assert submission.notes == ("Cells of the course that were changed, and were put back: 'double'.",)


def test_white_space_that_an_editor_changed_is_not_worth_a_note(small):
    notebook = small.answered()
    for each in notebook["cells"]:
        each["source"] = "".join(each["source"]).replace("\n", "\r\n") + "  \r\n"
    assert small.submit(notebook).notes == ()


def test_what_was_added_in_a_locked_cell_still_runs(small):
    notebook = small.answered()
    cell(notebook, "imports")["source"] = "import math\nimport json as extra"
    cell(notebook, "test")["source"] = ["def helper():\n", "    return 1"]
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert {"extra", "helper"} <= set(run(submission))
    assert "kept in a cell of its own: 'imports', 'double'" in submission.notes[1]


@pytest.mark.parametrize("lost", ["imports", "test", "why", "draw"])
def test_a_deleted_cell_is_put_back_in_its_place(small, lost):
    before = small.submit(small.answered())
    notebook = small.answered()
    notebook["cells"] = [each for each in notebook["cells"] if each["id"] != lost]
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert list(cells_by_grade_id(submission)) == list(cells_by_grade_id(before))
    assert "missing, and were put back" in submission.notes[0]
    assert submission.notebooks[0].unanswered == ()


def test_a_deleted_test_comes_back_behind_the_code_it_may_need(small):
    notebook = small.answered()
    answer = cell(notebook, "answer")
    helper = {**copy.deepcopy(answer), "id": "helper", "metadata": {}, "source": "def add(x):\n    return x + x"}
    words = {"cell_type": "markdown", "id": "words", "metadata": {}, "source": "Next."}
    answer["source"] = "def double(x):\n    return add(x)"
    notebook["cells"][3:4] = [helper, words]
    ids = [each["id"] for each in notebook_of(small.submit(notebook))["cells"]]
    assert ids == ["title", "imports", "answer", "helper", "test", "words", "why", "draw"]


def test_a_deleted_answer_is_not_put_back_over_one_given_elsewhere(small):
    notebook = small.answered()
    cell(notebook, "answer").update(metadata={}, id="elsewhere")
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert "what other cells define counts: 'double_answer'" in submission.notes[0]


def test_an_answer_without_its_metadata_is_known_by_its_id(small):
    notebook = small.answered()
    for each in notebook["cells"]:
        each["metadata"] = {}
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert list(cells_by_grade_id(submission)) == ["imports", "double_answer", "double", "why", "draw"]
    assert cells_by_grade_id(submission)["why"]["source"] == "It is *x* and *x*."
    assert submission.notes == ()


def test_without_metadata_and_ids_everything_still_runs(small):
    notebook = small.answered()
    for each in notebook["cells"]:
        each["metadata"] = {}
        del each["id"]
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert [each["source"] for each in notebook_of(submission)["cells"]].count("It is *x* and *x*.") == 1
    assert submission.notebooks[0].unanswered == ()


def test_a_renamed_answer_still_runs(small):
    notebook = small.answered()
    for each in notebook["cells"][1:]:
        each["metadata"]["nbgrader"]["grade_id"] += "_mine"
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert set(cells_by_grade_id(submission)) == {"imports", "double_answer", "double", "why", "draw"}


def test_of_a_doubled_cell_all_is_run_and_nothing_dropped(small):
    notebook = small.answered()
    again = copy.deepcopy(notebook["cells"])
    for each in again:
        each["id"] += "-2"
    notebook["cells"] += again
    cell(notebook, "answer-2")["source"] = "def double(x):\n    return [x, x]"
    submission = small.submit(notebook)
    assert run(submission)["double"](3) == [3, 3]
    assert len(notebook_of(submission)["cells"]) == 12
    assert "more than once" in submission.notes[0]


def test_of_a_doubled_answer_the_one_that_was_written_is_graded_by_hand(small):
    notebook = small.answered()
    notebook["cells"].append({**copy.deepcopy(cell(notebook, "why")), "id": "again", "source": "YOUR ANSWER HERE"})
    submission = small.submit(notebook)
    assert cells_by_grade_id(submission)["why"]["source"] == "It is *x* and *x*."
    assert submission.notebooks[0].unanswered == ()


def test_an_answer_under_the_id_of_a_test_still_runs(small):
    for answer_last in (False, True):
        notebook = small.answered()
        meta = copy.deepcopy(cell(notebook, "test")["metadata"])
        cell(notebook, "answer")["metadata"] = meta
        if answer_last:
            notebook["cells"].append(notebook["cells"].pop(2))
        assert_graded_in_full(small.submit(notebook))
        notebook["cells"] = [each for each in notebook["cells"] if each["id"] != "test"]
        assert_graded_in_full(small.submit(notebook))


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_cell_turned_into_text_is_turned_back(small, kind):
    notebook = small.answered()
    for name in ("answer", "test", "imports"):
        cell(notebook, name)["cell_type"] = kind
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert "have their type again: 'double_answer'" in submission.notes[1]


def test_an_answer_in_words_turned_into_code_is_turned_back(small):
    notebook = small.answered()
    cell(notebook, "why").update(cell_type="code", outputs=[], execution_count=None)
    assert cells_by_grade_id(small.submit(notebook))["why"]["cell_type"] == "markdown"


def test_code_under_the_id_of_an_answer_in_words_still_runs(small):
    notebook = small.answered()
    words, code = cell(notebook, "why"), cell(notebook, "answer")
    words["metadata"], code["metadata"] = code["metadata"], words["metadata"]
    words["id"], code["id"] = "one", "two"
    assert_graded_in_full(small.submit(notebook))


def test_reversed_cells_run_with_the_course_s_imports_first(small):
    notebook = small.answered()
    cell(notebook, "answer")["source"] = "ROOT = math.sqrt(4)\ndef double(x):\n    return x * ROOT"
    notebook["cells"].reverse()
    submission = small.submit(notebook)
    assert_graded_in_full(submission)
    assert "moved up: 'imports'" in submission.notes[0]


def test_a_notebook_with_no_cells_gets_all_that_is_asked(small):
    submission = small.submit({**small.answered(), "cells": []})
    assert list(cells_by_grade_id(submission)) == ["imports", "double", "why", "draw"]
    assert "double" not in run(submission)


def test_extra_cells_run_in_their_place(small):
    notebook = small.answered()
    extra = {"cell_type": "code", "metadata": {"tags": ["x"]}, "execution_count": None, "outputs": []}
    notebook["cells"].insert(2, {**extra, "id": "first", "source": "seen = []"})
    notebook["cells"].append({**extra, "id": "last", "source": "seen.append(double(1))"})
    assert run(small.submit(notebook))["seen"] == [2]


def test_an_older_release_s_cell_gets_the_course_s_present_text(small):
    notebook = small.answered()
    small.source.cells[3].source = "assert double(5) == 10"
    small.write_source()
    now = load_assignment(small.course, "small")
    small.submit(notebook)
    submission = read_submission(small.course, now, "ada")
    assert cells_by_grade_id(submission)["double"]["source"] == "assert double(5) == 10"


# Files beside it


def test_helpers_and_data_come_along(small):
    small.submit(small.answered())
    (small.folder() / "helper.py").write_text("VALUE = 1\n")
    (small.folder() / "data").mkdir()
    (small.folder() / "data" / "rows.csv").write_text("1,2\n")
    assert small.read().files == (("data/rows.csv", b"1,2\n"), ("helper.py", b"VALUE = 1\n"))
    assert small.read().notes == ()


def test_hidden_files_caches_and_the_grader_s_own_stay_out(small):
    small.submit(small.answered())
    names = ["conftest.py", "results.json", "gradebook.db", "Conftest.py", "sitecustomize.py", "autograder.py"]
    quiet = [".hidden", ".env", "x.pyc", "timestamp.txt", "notes.ipynb"]
    for name in names + quiet:
        (small.folder() / name).write_text("")
    for name in ("__pycache__", ".ipynb_checkpoints", "__MACOSX", "autograder"):
        (small.folder() / name).mkdir()
        (small.folder() / name / "x.py").write_text("")
    submission = small.read()
    assert submission.files == ()
    left_out = next(note for note in submission.notes if "grader's own" in note)
    assert "conftest.py" in left_out
    assert "and 2 more" in left_out


def test_links_pipes_and_bad_names_beside_it_are_left_out(small):
    small.submit(small.answered())
    (small.folder() / "link").symlink_to("/etc/passwd")
    (small.folder() / "folder").symlink_to("/etc")
    os.mkfifo(small.folder() / "pipe")
    (small.folder() / os.fsdecode(b"bad\xff.txt")).write_text("x")
    (small.folder() / "line\nbreak.txt").write_text("x")
    submission = small.read()
    assert submission.files == ()
    assert "Left out, because it is a link: folder, link." in submission.notes
    assert "Left out, because it is a pipe: pipe." in submission.notes
    assert any("bad\\udcff.txt" in note and "line\\nbreak.txt" in note for note in submission.notes)
    assert submission.unreadable == ""


def test_the_course_s_own_files_win(small):
    folder = small.write_source()
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("1,2\n")
    (folder / "helper.py").write_text("course\n")
    small.submit(small.answered())
    (small.folder() / "helper.py").write_text("mine\n")
    (small.folder() / "data").write_text("a file where the course has a folder")
    submission = small.read()
    assert submission.files == ()
    assert submission.notes == ("The course's own files were used in place of data, helper.py.",)
    assert dict(small.assignment.files) == {"data/rows.csv": b"1,2\n", "helper.py": b"course\n"}


def test_a_file_the_course_lets_students_change_is_theirs(small):
    small.config("c.Autograde.exclude_overwriting = {'small': ['helper.py']}")
    (small.write_source() / "helper.py").write_text("course\n")
    small.submit(small.answered())
    (small.folder() / "helper.py").write_text("mine\n")
    assert small.read().files == (("helper.py", b"mine\n"),)


def test_files_beyond_the_limit_are_left_out_and_a_person_told(small):
    small.config("c.Autograder.files_mb = 1")
    small.submit(small.answered())
    (small.folder() / "a.bin").write_bytes(bytes(900_000))
    (small.folder() / "b.bin").write_bytes(bytes(900_000))
    assert small.assignment.limits == Limits(files_mb=1)
    submission = small.read()
    assert [path for path, _ in submission.files] == ["a.bin"]
    assert submission.attention == ("Left out, because a submission brings at most 1 MiB of files: b.bin.",)


# When


def test_the_timestamp_is_read_as_nbgrader_wrote_it(small):
    small.submit(small.answered())
    (small.folder() / "timestamp.txt").write_text("2026-03-01 12:30:00.123456 UTC\n")
    assert small.read().timestamp == "2026-03-01 12:30:00.123456 UTC"


@pytest.mark.parametrize("text", [b"yesterday", b"\xff\xfe", b"9" * 500, b"x" * 5000, b"99999-01-01"])
def test_a_timestamp_that_is_no_date_is_told_to_a_person(small, text):
    small.submit(small.answered())
    (small.folder() / "timestamp.txt").write_bytes(text)
    submission = small.read()
    assert submission.timestamp is None
    assert "timestamp.txt was not read" in submission.attention[0]


def test_an_empty_timestamp_is_none(small):
    small.submit(small.answered())
    (small.folder() / "timestamp.txt").write_text("\n")
    assert small.read().timestamp is None
    assert small.read().attention == ()


# Who


def test_students_are_those_with_something_at_the_place(small):
    for student in ("zoe", "Ada Lovelace", "émile", ".hidden"):
        small.submit(small.answered(), student)
    (small.root / "submitted" / "none").mkdir()
    (small.root / "submitted" / "README.txt").write_text("")
    assert find_students(small.course, small.assignment) == ["Ada Lovelace", "zoe", "émile"]


def test_nobody_has_submitted(small):
    assert find_students(small.course, small.assignment) == []


def test_nbgrader_s_other_layouts_are_followed(small):
    small.config("c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}/s-{student_id}'")
    small.write_source(folder="source/small/s-.")
    place = small.root / "submitted" / "small" / "s-bob"
    place.mkdir(parents=True)
    (place / "small.ipynb").write_text(json.dumps(small.answered()))
    assert small.course.assignments == ("small",)
    assert find_students(small.course, small.assignment) == ["bob"]
    assert_graded_in_full(small.read("bob"))


def test_a_name_that_no_gradebook_could_hold_is_the_course_s_fault(small):
    (small.root / "submitted" / os.fsdecode(b"bad\xff") / "small").mkdir(parents=True)
    with pytest.raises(CourseError, match="bad"):
        find_students(small.course, small.assignment)


def test_any_file_can_be_read_as_a_submission(small, tmp_path):
    path = tmp_path / "anywhere.ipynb"
    path.write_text(json.dumps(small.answered()))
    assert_graded_in_full(read_notebook(small.assignment, path))
    assert "not there" in read_notebook(small.assignment, tmp_path / "nowhere.ipynb").unreadable
