"""Restoring does what nbgrader's own preprocessors do, on what they can do it to, and never fails on anything else."""

from __future__ import annotations

import copy
import json
import logging
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.gradebook import ensure_assignment
from autograder.repair import UnreadableError
from autograder.restore import restore
from tests.toolkit.conftest import SmallCourse


def by_nbgrader(small: Any, notebook: dict[str, Any]) -> Any:
    """The notebook after the preprocessors with which nbgrader's autograde begins."""
    from nbgrader import preprocessors

    resources = {"nbgrader": {"notebook": "small", "assignment": "small", "db_url": small.course.db_url}}
    node = nbformat.reads(json.dumps(notebook), as_version=4)
    # Not CheckCellMetadata, which would stop at the very cells that DeduplicateIds has just made free.
    for name in ("ClearOutput", "DeduplicateIds", "OverwriteKernelspec", "OverwriteCells"):
        preprocessor = getattr(preprocessors, name)(config=small.course.config)
        preprocessor.log = logging.getLogger("quiet")
        preprocessor.log.disabled = True
        node, _ = preprocessor.preprocess(node, resources)
    return node


def essence(notebook: Any) -> list[tuple[Any, ...]]:
    """Of each cell what nbgrader goes by: type, text, roles, id, points and checksum."""
    from nbgrader.utils import is_grade, is_locked, is_solution, is_task

    cells = []
    for cell in nbformat.from_dict(notebook)["cells"]:
        meta = cell.metadata.get("nbgrader", {})
        roles = tuple(bool(role(cell)) for role in (is_grade, is_solution, is_locked, is_task) if meta)
        cells.append((cell.cell_type, cell.source, roles, *map(meta.get, ("grade_id", "points", "checksum"))))
    return cells


def set_of(name: str, **values: Any) -> Any:
    def change(notebook: dict[str, Any]) -> None:
        for cell in notebook["cells"]:
            if cell["id"] == name:
                cell.update(values)

    return change


def metadata_of(name: str, **values: Any) -> Any:
    def change(notebook: dict[str, Any]) -> None:
        for cell in notebook["cells"]:
            if cell["id"] == name:
                cell["metadata"]["nbgrader"].update(values)

    return change


def doubled(name: str, at: int) -> Any:
    def change(notebook: dict[str, Any]) -> None:
        again = next(copy.deepcopy(cell) for cell in notebook["cells"] if cell["id"] == name)
        notebook["cells"].insert(at, {**again, "id": "again"})

    return change


def kernel(notebook: dict[str, Any]) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


CHANGES = {
    "nothing": lambda notebook: None,
    "a test changed": set_of("test", source="assert True"),
    "imports changed": set_of("imports", source="print(1)"),
    "an answer in words": set_of("why", source="Because."),
    "points changed": metadata_of("test", points=100),
    "an answer locked": metadata_of("answer", locked=True),
    "a test unlocked": metadata_of("test", locked=False),
    "an answer turned to markdown": set_of("answer", cell_type="markdown"),
    "a test turned to raw": set_of("test", cell_type="raw"),
    "an answer doubled": doubled("answer", 6),
    "a test doubled": doubled("test", 4),
    "words doubled": doubled("why", 0),
    "the kernel": kernel,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_notebook_is_restored_as_nbgrader_does(small, name):
    ensure_assignment(small.course, small.assignment)
    notebook = small.answered()
    CHANGES[name](notebook)
    text = json.dumps(notebook)
    theirs = by_nbgrader(small, json.loads(text))
    ours = json.loads(restore(small.assignment.notebooks[0], text.encode(), hidden_tests=True).notebook)
    assert essence(ours) == essence(theirs)
    assert ours["metadata"]["kernelspec"] == theirs.metadata.kernelspec
    nbformat.validate(ours)


def test_what_is_restored_is_restored_already(small):
    source = small.assignment.notebooks[0]
    notebook = small.answered()
    notebook["cells"].reverse()
    once = restore(source, json.dumps(notebook).encode()).notebook
    assert restore(source, once.encode()).notebook == once
    assert restore(source, once.encode()).notes == ()


# Anything at all

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = ("cell_type", "source", "metadata", "outputs", "id", "attachments", "execution_count")
GRADE_IDS = ("imports", "double_answer", "double", "why", "draw", "unknown", "")
METADATA = st.fixed_dictionaries(
    {}, optional={"nbgrader": JSON_VALUES | st.fixed_dictionaries({"grade_id": st.sampled_from(GRADE_IDS)})}
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(KEYS, JSON_VALUES),
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | JSON_VALUES,
        "source": st.text(max_size=20) | st.lists(st.text(max_size=9), max_size=3) | JSON_VALUES,
        "metadata": METADATA | JSON_VALUES,
        "id": st.sampled_from(["answer", "test", "why", "cell-0", "cell-1"]) | JSON_VALUES,
    },
)
NOTEBOOKS = st.fixed_dictionaries(
    {"cells": st.lists(CELLS | JSON_VALUES, max_size=6)},
    optional={"nbformat": st.just(4) | JSON_VALUES, "nbformat_minor": JSON_VALUES, "metadata": METADATA | JSON_VALUES},
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> SmallCourse:
    return SmallCourse(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def source(course: SmallCourse) -> Any:
    return course.assignment.notebooks[0]


def check(source: Any, data: bytes) -> None:
    try:
        restored = restore(source, data)
    except UnreadableError:
        return
    notebook = json.loads(restored.notebook)
    nbformat.validate(notebook)
    grade_ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"] if cell["metadata"]]
    assert len(grade_ids) == len(set(grade_ids))
    assert set(grade_ids) >= {"imports", "double", "why", "draw"}
    test = next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double")
    assert test["source"].endswith("assert double(2) == 4")
    assert test["cell_type"] == "code"
    restored.notebook.encode()
    assert "\n" not in "".join(restored.notes)


@settings(suppress_health_check=list(HealthCheck))
@given(notebook=NOTEBOOKS)
def test_any_json_is_restored_or_refused(source, notebook):
    check(source, json.dumps(notebook).encode())


@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_to_the_file_is_repaired_or_refused(source, data):
    text = bytearray(source.released.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 3, 40, 1000]))
        text[start : start + length] = data.draw(st.binary(max_size=4) | st.just(b'"') | st.just(b"\\ud800"))
    check(source, bytes(text))


@settings(suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=60))
def test_any_bytes_are_refused_in_words(source, data):
    check(source, data)


# A notebook, and what may become of any part of it

ODD = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        10**400,
        1e308,
        float("nan"),
        "",
        "\ud800",
        "\0",
        "\u202e",
        "x" * 5000,
        [],
        {},
        [[]],
        [None],
        {"": []},
    ]
)
DEEDS = ("replace", "delete", "repeat", "wrap", "nest", "rename", "swap", "as text")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every part of a JSON value but the whole."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((*path, key), *places(value[key], (*path, key)))]


def change(data: st.DataObject, notebook: dict[str, Any]) -> None:
    """Does one thing to one part of a notebook."""
    path = data.draw(st.sampled_from(places(notebook)))
    parent: Any = notebook
    for key in path[:-1]:
        parent = parent[key]
    last = path[-1]
    match data.draw(st.sampled_from(DEEDS)):
        case "replace":
            parent[last] = copy.deepcopy(data.draw(ODD | JSON_VALUES))  # what is drawn is not ours to change
        case "delete":
            del parent[last]
        case "repeat" if isinstance(parent, list):
            parent[last:last] = [copy.deepcopy(parent[last])] * data.draw(st.integers(1, 3))
        case "wrap":
            parent[last] = [parent[last]]
        case "nest":
            parent[last] = {data.draw(st.sampled_from(KEYS)): parent[last]}
        case "rename" if isinstance(parent, dict):
            parent[data.draw(st.sampled_from([*KEYS, "nbgrader", "grade_id", "cells", ""]))] = parent.pop(last)
        case "swap":
            other = data.draw(st.sampled_from(list(parent) if isinstance(parent, dict) else range(len(parent))))
            parent[last], parent[other] = parent[other], parent[last]
        case "as text":
            parent[last] = json.dumps(parent[last])


@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_change_of_a_notebook_leaves_one_that_can_be_graded_or_a_reason(course, data):
    notebook = course.answered()
    for _ in range(data.draw(st.integers(1, 6))):
        if places(notebook):
            change(data, notebook)
    content = json.dumps(notebook).encode()
    check(course.assignment.notebooks[0], content)
    submission = course.submit(content)
    (read,) = submission.notebooks
    nbformat.validate(json.loads(read.notebook))
    assert submission.unreadable == "" or "cannot be graded: it" in submission.unreadable
