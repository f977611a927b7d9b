"""Honest oddities through the real `grade`: answers and notebooks that are unusual and right, and lose nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.classroom import Classroom, Notebook, cell, extra_cell, read_class, scores

CLASS = read_class(Path(__file__).with_name("oddities.txt").read_text())


def colab(notebook: Notebook) -> None:
    for number, each in enumerate(notebook["cells"]):
        each["metadata"] |= {"id": f"aB{number}_-x", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "x"}
        each["metadata"]["executionInfo"] = {"status": "ok", "elapsed": 3, "user": {"displayName": "A"}}
        del each["id"]
    spec = {"name": "python3", "display_name": "Python 3"}
    notebook["metadata"] = {
        "colab": {"provenance": []},
        "kernelspec": spec,
        "accelerator": "GPU",
        "gpuClass": "standard",
    }
    notebook["nbformat_minor"] = 0


def vscode(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        each["metadata"]["vscode"] = {"languageId": "python"}
    spec = {"display_name": "Python 3.8.10 ('base')", "language": "python", "name": "python38"}
    notebook["metadata"] = {"interpreter": {"hash": "ab"}, "kernelspec": spec, "orig_nbformat": 4}
    notebook["nbformat_minor"] = 2


def kaggle(notebook: Notebook) -> None:
    for each in notebook["cells"]:
        each["metadata"] |= {"_uuid": "x", "_cell_guid": "y", "execution": {"iopub.execute_input": "2024"}}
    notebook["metadata"] |= {"kaggle": {"dataSources": []}, "papermill": {"duration": 3.1, "exception": None}}
    notebook["nbformat_minor"] = 4


def jupyterlite(notebook: Notebook) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}


def each_source(change: Callable[[str], Any]) -> Callable[[Notebook], None]:
    def changed(notebook: Notebook) -> None:
        for each in notebook["cells"]:
            each["source"] = change("".join(each["source"]))

    return changed


def each_output(*outputs: dict[str, Any]) -> Callable[[Notebook], None]:
    def changed(notebook: Notebook) -> None:
        for each in notebook["cells"]:
            if each["cell_type"] == "code":
                each["outputs"] = list(outputs)

    return changed


def saved_widgets(notebook: Notebook) -> None:
    state = {
        f"{number:032x}": {"model_module": "@jupyter-widgets/base", "state": {"x": [1] * 50}} for number in range(99)
    }
    notebook["metadata"]["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"version_major": 2, "state": state}
    }
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    each_output({"output_type": "display_data", "data": view, "metadata": {}})(notebook)


def answer_in_the_test_cell(notebook: Notebook) -> None:
    test, answer = cell(notebook, "shares"), cell(notebook, "shares_answer")
    test["source"] = "".join(answer["source"]) + "\n\n" + "".join(test["source"])
    answer["source"] = "# see below"


def answers_at_the_top(notebook: Notebook) -> None:
    answers = [cell(notebook, "shares_answer"), cell(notebook, "spread_answer")]
    rest = [each for each in notebook["cells"] if each not in answers]
    answers[0]["source"] = "import numpy as np\n" + "".join(answers[0]["source"])
    notebook["cells"] = [*answers, *rest]


def an_answer_in_two_cells(notebook: Notebook) -> None:
    place = notebook["cells"].index(cell(notebook, "shares_answer"))
    notebook["cells"].insert(place, extra_cell("def total(x):\n    return x.sum(axis=1, keepdims=True)"))
    cell(notebook, "shares_answer")["source"] = "def shares(x):\n    return x / total(x)"


def an_older_answer_above(notebook: Notebook) -> None:
    place = notebook["cells"].index(cell(notebook, "shares_answer"))
    older = copy.deepcopy(notebook["cells"][place])
    notebook["cells"].insert(
        place, {**older, "id": "older", "source": "def shares(x):\n    raise NotImplementedError()"}
    )


def many_cells(notebook: Notebook) -> None:
    notebook["cells"] += [
        extra_cell(f"v{number} = {number}" if number % 2 else "", f"v{number}") for number in range(400)
    ]


NOTEBOOKS: dict[str, Callable[[Notebook], None]] = {
    "colab": colab,
    "vscode": vscode,
    "kaggle": kaggle,
    "jupyterlite": jupyterlite,
    "source-in-lines": each_source(lambda text: text.splitlines(keepends=True)),
    "source-in-one-line": each_source(lambda text: [text]),
    "windows-lines": each_source(lambda text: text.replace("\n", "\r\n")),
    "old-mac-lines": each_source(lambda text: text.replace("\n", "\r")),
    "emoji": each_source(lambda text: f"{text}\n\n# 🎓 é ∑" if "def" in text else text),
    "outputs-of-nbformat-3": each_output({"output_type": "pyout", "prompt_number": 3, "text": "3"}),
    "outputs-of-megabytes": each_output(
        {"output_type": "display_data", "data": {"image/png": "iVBORw0K" * 300_000}, "metadata": {}}
    ),
    "saved-widgets": saved_widgets,
    "answer-in-the-test-cell": answer_in_the_test_cell,
    "answers-at-the-top": answers_at_the_top,
    "an-answer-in-two-cells": an_answer_in_two_cells,
    "an-older-answer-above": an_older_answer_above,
    "many-cells": many_cells,
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """The class, handed in and graded by one command."""
    limits = "c.Autograder.cell_seconds, c.Autograder.call_seconds, c.Autograder.memory_mb = 20, 20, 600"
    room = Classroom(tmp_path_factory.mktemp("course"), limits)
    for student, parts in CLASS.items():
        room.hand_in(student, parts)
    for student, change in NOTEBOOKS.items():
        notebook = copy.deepcopy(room.answered())
        change(notebook)
        room.submit(student, json.dumps(notebook).encode())
    room.done = room.autograder("grade", "tiny")
    return room


@pytest.mark.parametrize("student", [*CLASS, *NOTEBOOKS])
def test_who_is_right_in_an_unusual_way_loses_nothing(room, student):
    results = room.results(student)
    assert scores(results) == {"shares": 6.0, "spread": 4.0, "why": None}
    assert results["attention"] == []


def test_nobody_needs_a_person(room):
    assert room.done.status == 0, room.done.err
