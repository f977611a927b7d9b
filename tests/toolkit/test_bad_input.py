"""What students hand in that is not as it should be, through the real command: repaired, restored, or refused."""

from __future__ import annotations

import csv
import functools
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, Notebook, cell, checks, extra_cell, scores
from tests.toolkit.tiny import SHARES, SPREAD

FULL = {"shares": 6.0, "spread": 4.0, "why": None}


def dumped(room: Classroom) -> bytes:
    return json.dumps(room.answered()).encode()


# What is put in the place of the notebook, and what the reason says


REFUSED: dict[str, tuple[Callable[[Classroom], bytes], str]] = {
    "truncated": (lambda room: dumped(room)[:900], "cut off"),
    "empty": (lambda room: b"", "it is empty"),
    "zip": (lambda room: b"PK\x03\x04" + bytes(40), "zip archive"),
    "html": (lambda room: b"<!DOCTYPE html>\n<title>Log in</title>", "web page"),
    "python": (lambda room: SHARES.encode(), "not JSON"),
    "json": (lambda room: b'{"hello": "world"}', "not a notebook"),
    "utf-16": (lambda room: dumped(room).decode().encode("utf-16"), "UTF-16"),
    "latin-1": (lambda room: dumped(room).replace(b"# Shares", b"# Caf\xe9"), "UTF-8"),
    "merge-conflict": (
        lambda room: dumped(room).replace(b"[{", b"[\n<<<<<<< HEAD\n{", 1) + b"\n=======\n>>>>>>> theirs\n",
        "merge conflict",
    ),
    "nbformat-3": (lambda room: b'{"nbformat": 3, "nbformat_minor": 0, "worksheets": []}', "nbformat 3"),
    "nbformat-5": (lambda room: b'{"nbformat": 5, "nbformat_minor": 0, "cells": []}', "nbformat 5"),
    "too-large": (
        lambda room: json.dumps(room.answered(SHARES + "# " + "x" * 21_000_000)).encode(),
        "too large",
    ),
}


def as_link(place: Path, room: Classroom) -> None:
    (room.root / "elsewhere.ipynb").write_bytes(dumped(room))
    place.symlink_to(room.root / "elsewhere.ipynb")


def as_link_to_source(place: Path, room: Classroom) -> None:
    place.symlink_to(room.root / "source" / "tiny" / "tiny.ipynb")


def as_pipe(place: Path, room: Classroom) -> None:
    os.mkfifo(place)


def as_folder(place: Path, room: Classroom) -> None:
    place.mkdir()


def as_socket(place: Path, room: Classroom) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        here = os.open(place.parent, os.O_RDONLY)  # a socket's path may not be long
        try:
            opened.bind(f"/proc/self/fd/{here}/{place.name}")
        finally:
            os.close(here)


def as_nothing(place: Path, room: Classroom) -> None:
    place.with_suffix(".txt").write_text("see my e-mail")


def as_two_others(place: Path, room: Classroom) -> None:
    for name in ("draft.ipynb", "final.ipynb"):
        place.with_name(name).write_bytes(dumped(room))


PLACES: dict[str, tuple[Callable[[Path, Classroom], None], str]] = {
    "link": (as_link, "it is a link"),
    "link-to-source": (as_link_to_source, "it is a link"),
    "pipe": (as_pipe, "it is a pipe"),
    "folder": (as_folder, "it is a folder"),
    "socket": (as_socket, "it is a socket"),
    "nothing": (as_nothing, "there is no notebook in it"),
    "two-others": (as_two_others, "2 notebooks and none is called tiny.ipynb"),
}


# What is done to a right notebook that still earns everything, and what a note says of it


def json_with(old: str, new: str) -> Callable[[Notebook], bytes]:
    return lambda notebook: json.dumps(notebook).replace(old, new, 1).encode()


def changed(change: Callable[[Notebook], Any]) -> Callable[[Notebook], bytes]:
    def bytes_of(notebook: Notebook) -> bytes:
        change(notebook)
        return json.dumps(notebook).encode()

    return bytes_of


def without_ids(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        del each["id"]


def same_ids(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        each["id"] = "same"


def broken_outputs(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        if each["cell_type"] == "code":
            each["outputs"] = [{"output_type": "nonsense"}]


def stored_outputs(notebook: Notebook) -> None:
    everywhere = {"output_type": "stream", "name": "stdout", "text": "shares: 6.0 of 6 points\n" * 10_000}
    for each in notebook["cells"]:
        if each["cell_type"] == "code":
            each["outputs"] = [everywhere] * 3


def deleted_tests(notebook: Notebook) -> None:
    notebook["cells"] = [each for each in notebook["cells"] if each["id"] not in ("shares", "spread", "imports")]


def edited_tests(notebook: Notebook) -> None:
    for name in ("shares", "spread"):
        cell(notebook, name)["source"] = "1000.0"
        cell(notebook, name)["metadata"]["nbgrader"].update(points=1000, locked=False)


def renamed_cells(notebook: Notebook) -> None:
    for name in ("shares", "spread", "shares_answer", "spread_answer"):
        cell(notebook, name)["metadata"]["nbgrader"]["grade_id"] = f"my_{name}"


def doubled_cells(notebook: Notebook) -> None:
    notebook["cells"] = [json.loads(json.dumps(each)) for each in notebook["cells"] for _ in range(2)]


def reversed_cells(notebook: Notebook) -> None:
    notebook["cells"].reverse()


def without_metadata(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        each["metadata"] = {}


def deleted_answers(notebook: Notebook) -> None:
    notebook["cells"] = [each for each in notebook["cells"] if not each["id"].endswith("_answer")]
    notebook["cells"].append(extra_cell(f"{SHARES}\n\n{SPREAD}"))


def foreign_kernel(notebook: Notebook) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


def widgets(notebook: Notebook) -> None:
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {}}}}


REPAIRED: dict[str, tuple[Callable[[Notebook], bytes], str]] = {
    "byte-order-mark": (lambda notebook: b"\xef\xbb\xbf" + json.dumps(notebook).encode(), "byte order mark"),
    "nan": (json_with('"language_info"', '"loss": NaN, "language_info"'), "NaN"),
    "no-ids": (changed(without_ids), "id"),
    "same-ids": (changed(same_ids), "id"),
    "nbformat-4.2": (changed(lambda notebook: notebook.update(nbformat_minor=2)), "4.2"),
    "nbformat-4.9": (changed(lambda notebook: notebook.update(nbformat_minor=9)), "4.9"),
    "broken-outputs": (changed(broken_outputs), "outputs"),
    "stored-outputs": (changed(stored_outputs), ""),
    "widgets": (changed(widgets), "widgets"),
    "no-kernel": (changed(lambda notebook: notebook.update(metadata={})), "kernel"),
    "foreign-kernel": (changed(foreign_kernel), "'ir'"),
    "deleted-tests": (changed(deleted_tests), "put back"),
    "edited-tests": (changed(edited_tests), "put back"),
    "renamed-cells": (changed(renamed_cells), "grade_id"),
    "doubled-cells": (changed(doubled_cells), "more than once"),
    "reversed-cells": (changed(reversed_cells), "moved up"),
    "no-metadata": (changed(without_metadata), ""),
    "deleted-answers": (changed(deleted_answers), "what other cells define counts"),
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """The class, handed in and graded by one command, whose outcome is `room.done`."""
    room = Classroom(tmp_path_factory.mktemp("course"))
    room.submit("model", room.answered())
    for student, (content, _) in REFUSED.items():
        room.submit(student, content(room))
    for student, (place, _) in PLACES.items():
        place(room.folder(student) / "tiny.ipynb", room)
    (room.root / "submitted" / "linked-folder").mkdir()
    (room.root / "submitted" / "linked-folder" / "tiny").symlink_to(room.folder("model"))
    for student, (change, _) in REPAIRED.items():
        room.submit(student, change(room.answered()))
    room.submit("another-name", room.answered(), name="Tiny (1).ipynb")
    room.submit("draft-too", room.answered())
    room.submit("draft-too", room.released(), name="draft.ipynb")
    room.submit("edited-only", room.released())
    notebook = room.released()
    edited_tests(notebook)
    room.submit("edited-only", notebook)
    room.done = room.autograder("grade", "tiny")
    return room


REASONS = {
    **{student: reason for student, (_, reason) in (*REFUSED.items(), *PLACES.items())},
    "linked-folder": "it is a link",
}


@pytest.mark.parametrize("student", REASONS)
def test_what_cannot_be_read_is_zero_with_the_reason_and_flagged(room, student):
    results = room.results(student)
    assert results["run"]["ending"] == "unreadable"
    assert scores(results) == {"shares": 0.0, "spread": 0.0, "why": 0.0}
    assert (results["score"], results["max_score"], results["needs_manual_grade"]) == (0.0, 12.0, [])
    assert REASONS[student] in results["attention"][0]
    assert f"{student}: {results['attention'][0]}" in room.done.err.splitlines()
    assert {check["verdict"] for check in checks(results).values()} == {"missing"}


@pytest.mark.parametrize("student", REASONS)
def test_what_cannot_be_read_still_has_a_notebook_and_a_page_with_the_reason(room, student):
    assert "cannot be graded" in room.graded_notebook(student)["cells"][0]["source"]
    page = (pages(room) / student / "tiny" / "tiny.html").read_text()
    assert "<strong>0</strong> of 12 points" in page
    assert "cannot be graded" in page


@functools.cache
def pages(room: Classroom) -> Path:
    """The folder of the feedback, written when it is first asked for."""
    assert room.autograder("feedback", "tiny").status == 0
    return room.root / "feedback"


def test_nothing_that_a_link_leads_to_is_told(room):
    for student in ("link", "link-to-source", "linked-folder"):
        assert room.results(student)["notebooks"][0]["sha256"] == ""
        assert "BEGIN SOLUTION" not in json.dumps(room.graded_notebook(student))
        assert "keepdims" not in json.dumps(room.graded_notebook(student))


@pytest.mark.parametrize("student", REPAIRED)
def test_what_can_be_repaired_is_graded_in_full_with_a_note(room, student):
    results = room.results(student)
    assert scores(results) == {**FULL, "why": results["questions"][2]["score"]}
    assert results["run"]["ending"] == "completed"
    assert results["attention"] == []
    assert REPAIRED[student][1] in " ".join(results["notes"])


def test_what_the_student_wrote_in_words_waits_for_a_person_whatever_became_of_its_cell(room):
    for student in REPAIRED:
        assert room.results(student)["needs_manual_grade"] == ["why"], student


def test_points_and_tests_are_the_course_s_whatever_the_submission_says(room):
    results = room.results("edited-only")
    assert results["score"] == 0
    assert results["max_score"] == 12.0
    assert "np.allclose" in json.dumps(room.graded_notebook("edited-only"))


def test_a_notebook_under_another_name_is_the_submission(room):
    results = room.results("another-name")
    assert scores(results) == FULL
    assert results["notebooks"][0]["path"] == "Tiny (1).ipynb"
    assert results["notes"] == ["The notebook was found as Tiny (1).ipynb and read as tiny.ipynb."]
    assert (room.root / "autograded" / "another-name" / "tiny" / "tiny.ipynb").is_file()


def test_of_several_notebooks_the_one_with_the_expected_name_counts(room):
    assert scores(room.results("draft-too")) == FULL
    assert "draft.ipynb" in room.results("draft-too")["notes"][0]


def test_the_status_says_that_some_need_a_person_and_who(room):
    assert room.done.status == 1
    named = [line for line in room.done.err.splitlines() if not re.match(r"\d+ of \d+ submissions", line)]
    assert sorted(line.partition(":")[0] for line in named) == sorted(REASONS)


def test_who_needs_a_person_is_named_again_when_nothing_is_graded_anew(room):
    again = room.autograder("grade", "tiny")
    assert "0 graded; " in again.out
    assert again.status == 1
    assert "zip: tiny.ipynb cannot be graded: it is a zip archive." in again.err.splitlines()


def test_the_gradebook_has_everybody(room):
    done = room.run("nbgrader", "export", "--to=all.csv")
    assert done.status == 0, done.err
    rows = {row["student_id"]: row for row in csv.DictReader((room.root / "all.csv").read_text().splitlines())}
    for student in [*REASONS, *REPAIRED, "model", "another-name"]:
        assert float(rows[student]["score"]) == room.results(student)["score"]
