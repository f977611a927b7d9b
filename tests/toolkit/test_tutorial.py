"""docs/tutorial.md, from its first line to its last, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"

# A console block, or a file's name and then its content.
STEP = re.compile(r"^```console\n(?P<typed>.*?)^```$|^`(?P<path>[^`]+)`:\n\n```\w+\n(?P<content>.*?)^```$", re.M | re.S)


def commands(typed: str) -> list[tuple[str, list[str]]]:
    """Each command of a console block, and the lines that it prints."""
    found: list[tuple[str, list[str]]] = []
    for line in typed.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def agrees(shown: list[str], printed: str) -> bool:
    """Whether lines were printed; a line of `…` stands for any number of others, within a line for the rest of it."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "…" else ".*".join(re.escape(part) for part in line.rstrip().split("…")) + "\n"
        for line in shown
    )
    printed = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, printed) is not None


def test_the_tutorial_does_what_it_says(tmp_path):
    folder = tmp_path
    home = {name: str(tmp_path / ".home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**inherited, **home, "PATH": path, "COLUMNS": "100", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
    seen = 0
    for step in STEP.finditer(PAGE.read_text()):
        if step["path"]:
            (folder / step["path"]).write_text(step["content"])
            continue
        for command, shown in commands(step["typed"]):
            seen += 1
            if command.startswith("cd "):
                folder = folder / command[3:]
                continue
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            status = 1 if shown[-1:] == ["(exit status 1)"] else 0
            shown = shown[: len(shown) - status]
            assert done.returncode == status, f"{command}\n{done.stdout}{done.stderr}"
            assert agrees(shown, done.stdout), f"{command}\n{done.stdout}"
    assert seen == PAGE.read_text().count("\n$ ") > 10


def test_a_line_that_is_not_printed_is_noticed():
    assert agrees(["one", "…", "four …"], "one\ntwo\nthree\nfour five  \n")
    assert not agrees(["one", "four"], "one\ntwo\nfour\n")
    assert not agrees(["one"], "one\ntwo\n")
    assert not agrees([], "something\n")
