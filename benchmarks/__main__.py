"""All that is measured, in one run: `python -m benchmarks`, or `make benchmarks`.

Runs each benchmark in a process of its own, keeps what it found in `benchmarks/measured.json`, and writes tables and a
plot from that into `docs/performance.md`. An hour on two cores; `--only NAME` runs one of them and leaves what is known
of the others, `--page` none. `real`, which takes more than an hour by itself, is run only when it is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MEASURED = HERE / "measured.json"
PAGE = HERE.parent / "docs" / "performance.md"
PLOT = PAGE.with_suffix(".svg")

PARTS: dict[str, list[str]] = {
    "throughput": ["throughput.py", "--submissions", "100"],
    "single": ["single.py"],
    "stages": ["stages.py", "--submissions", "60"],
    "cluster": ["cluster.py", "--submissions", "100"],
    "graded": ["growth.py", "--submissions", "1000", "--every", "100"],
    "class": ["growth.py", "--submissions", "10000", "--assignments", "softmax", "--prepared"],
    "course": ["growth.py", "--submissions", "10002", "--prepared"],
    "real": ["growth.py", "--submissions", "10000", "--every", "1000"],
}
LONG = {"real"}


def main() -> None:
    """Measure what was asked for, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="run this one (repeatable)")
    parser.add_argument("--page", action="store_true", help="only write the page from what is known")
    options = parser.parse_args()
    measured: dict[str, Any] = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for name in [] if options.page else options.only or [name for name in PARTS if name not in LONG]:
        program, *arguments = PARTS[name]
        print(f"{name}: {program} {' '.join(arguments)}", flush=True)
        done = subprocess.run(
            [sys.executable, str(HERE / program), *arguments], stdout=subprocess.PIPE, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        *table, last = done.stdout.splitlines()
        print("\n".join(table), flush=True)
        measured[name] = json.loads(last) | {"machine": machine()}
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
    write_page(measured)


def machine() -> str:
    """This machine, in a few words."""
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{os.cpu_count()} cores{f' of {model[1].strip()}' if model else ''}, Python {platform.python_version()}"


def write_page(measured: dict[str, Any]) -> None:
    """Put tables and figures into the page, between the comments that name them, and draw the plot."""
    text = PAGE.read_text()
    for name, write in WRITERS.items():
        if name in measured:
            found = f"<!-- {name} -->\n{write(measured[name])}\n<!-- end -->"
            text = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, found=found: found, text, flags=re.DOTALL)
    PAGE.write_text(text)
    draw(measured)


def table(head: str, rows: list[list[str]]) -> str:
    """A table in Markdown; the first column is of words."""
    columns = [column.strip() for column in head.split("|")]
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def throughput(found: dict[str, Any]) -> str:
    """Ways of grading a hundred submissions, against nbgrader and against the floor."""
    ways = {name: way for name, way in found.items() if isinstance(way, dict)}
    each = {name: (way["seconds"] / way["count"], way["cpu"] / way["count"]) for name, way in ways.items()}
    (first, _), (_, floor) = each["nbgrader autograde"], each["floor"]
    rows = [
        [name, f"{1 / seconds:.2f}", f"{first / seconds:.1f}", f"{cpu:.3f}", f"{cpu / floor:.2f}"]
        for name, (seconds, cpu) in each.items()
    ]
    head = "| submissions/s | ratio | CPU s each | ratio to the floor"
    most = max(way["count"] for way in ways.values())
    fewer = "".join(f"; of {name} {way['count']}" for name, way in ways.items() if way["count"] < most)
    return table(head, rows) + f"\n\n{most} submissions{fewer}; {found['machine']}."


def single(found: dict[str, Any]) -> str:
    """Seconds of one submission."""
    rows = [[name, f"{seconds:.2f}"] for name, seconds in found.items() if name != "machine"]
    return table("| seconds", rows) + f"\n\n{found['machine']}."


def stages(found: dict[str, Any]) -> str:
    """Milliseconds of each stage."""
    rows = [[name, f"{cpu:.1f}", f"{wall:.1f}"] for name, (cpu, wall) in found["stages"].items()]
    sums = [sum(pair[place] for pair in found["stages"].values()) for place in (0, 1)]
    rows.append(["together", *(f"{one:.1f}" for one in sums)])
    rows.append(["CPU in the student's processes", f"{found['student_cpu_ms']:.1f}", ""])
    return table("stage | CPU ms | wall ms", rows) + f"\n\n{found['submissions']} submissions; {found['machine']}."


def cluster(found: dict[str, Any]) -> str:
    """The local pool beside Dask's workers."""
    count, (local, dask) = found["submissions"], found["seconds"]
    rows = [["local pool", f"{count / local:.2f}"], ["as many workers of Dask", f"{count / dask:.2f}"]]
    return (
        table("| submissions/s", rows)
        + f"\n\n{count} submissions, both with their start; of Dask's the command itself took "
        + f"{1000 * found['command_cpu'] / count:.0f} ms of CPU each. {found['machine']}."
    )


def growth(found: dict[str, Any]) -> str:
    """How time and memory went with the number of submissions."""
    rows, last = [], {}
    for row in found["rows"]:
        each = {key: 1000 * (value - last.get(key, 0)) / (row["submissions"] - last.get("submissions", 0))
                for key, value in row.items()}  # fmt: skip
        rows.append(
            [
                f"{row['submissions']:.0f}", f"{each['seconds']:.1f}", f"{each['cpu']:.1f}",
                f"{each['read_submission']:.1f}", f"{each['_write_files'] + each['write_whole']:.1f}",
                f"{each['record']:.1f}", f"{row['command_mb']:.0f}", f"{row['others_mb']:.0f}",
            ]
        )  # fmt: skip
        last = row
    pages = ", ".join(f"{page} {seconds} s" for page, seconds in found["formgrader"].items() if "/" in page)
    return (
        table("submissions | ms each | CPU ms | reading | files | gradebook | MB | MB of the others", rows)
        + f"\n\nThe gradebook is then {found['gradebook_mb']} MB, and nbgrader's formgrader answers: {pages}. "
        + f"{found['machine']}."
    )


WRITERS = {
    "throughput": throughput,
    "single": single,
    "stages": stages,
    "cluster": cluster,
    "graded": growth,
    "class": growth,
    "course": growth,
    "real": growth,
}


def draw(measured: dict[str, Any]) -> None:
    """Time for each submission and memory, as the class grows; and the stages of one."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "autograder", "font.size": 9})
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    if "stages" in measured:
        spent = measured["stages"]["stages"]
        left.barh([*spent][::-1], [wall for _, wall in spent.values()][::-1], color="#4477aa")
        left.set_xlabel("ms of the wall, each")
        left.set_title("One submission")
    for name, label in (("class", "one assignment"), ("course", "six assignments")):
        if name in measured:
            rows = [{"submissions": 0, "seconds": 0}, *measured[name]["rows"]]
            counts = [row["submissions"] for row in rows]
            middle.plot(counts, [row["seconds"] for row in rows], marker=".", label=label)
            right.plot(counts[1:], [row["command_mb"] for row in rows[1:]], marker=".", label=label)
    middle.set(xlabel="submissions", title="Seconds to read, write, record")
    right.set(xlabel="submissions", title="Memory of the command, MB", ylim=(0, None))
    for axes, place in ((middle, "upper left"), (right, "lower right")):
        if axes.lines:
            axes.legend(frameon=False, loc=place)
    figure.savefig(PLOT, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
