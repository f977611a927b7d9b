"""`%load_ext autograder` in a notebook: the visible checks, from within.

`%%check` on top of a cell, or `%check` anywhere, runs the visible checks of all questions, `%%check softmax` those of
the named ones. While a notebook is graded nothing is checked here: the cell runs as if its first line were not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def register(shell: Any) -> None:
    """Give an IPython shell the magics."""
    graded = type(shell).__name__ == "StudentShell"

    def check(line: str, cell: str | None = None) -> None:
        if cell is not None and not shell.run_cell(cell).success:
            return
        if not graded:
            print(_checked(shell, line.split(), cell or ""))

    shell.register_magic_function(check, "line_cell", "check")


def _checked(shell: Any, questions: list[str], cell: str) -> str:
    """What the visible checks say of the functions that the notebook has defined so far."""
    from autograder.checks.desk import InProcess
    from autograder.records import AutograderError
    from autograder.validate import check_namespace, in_words, read_examples

    try:
        examples = read_examples(Path.cwd())
    except AutograderError as error:
        return str(error)
    known = dict.fromkeys(example["question"] for example in examples["checks"])
    unknown = [name for name in questions if name not in known]
    if unknown:
        return f"no visible check is of '{unknown[0]}' (there are checks of: {', '.join(known)})"
    ran = [{"cell_type": "code", "source": source} for source in (*shell.user_ns.get("In", ()), cell)]
    return in_words(list(check_namespace(examples, InProcess(shell.user_ns), {"cells": ran}, questions)))
