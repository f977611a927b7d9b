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
def source(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.toolkit.conftest import SmallCourse

    return SmallCourse(tmp_path_factory.mktemp("course")).assignment.notebooks[0]


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


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(notebook=NOTEBOOKS)
def test_any_json_is_restored_or_refused(source, notebook):
    check(source, json.dumps(notebook).encode())


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_to_the_file_is_repaired_or_refused(source, data):
    text = bytearray(source.released.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 3, 40, 1000]))
        text[start : start + length] = data.draw(st.binary(max_size=4) | st.just(b'"') | st.just(b"\\ud800"))
    check(source, bytes(text))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=60))
def test_any_bytes_are_refused_in_words(source, data):
    check(source, data)
