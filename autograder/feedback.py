"""Grades -> the students' pages, one self-contained HTML file where nbgrader puts its own.

`feedback/<student>/<assignment>/<notebook>.html`: the score by question, each check as a sentence, the hint and the
named misconception, the graders' comments, the notebook beneath. Nothing about a hidden check but its title, verdict
and hint. Whatever a notebook holds is a stranger's text: it is sanitised, bounded, and never runs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.batch import graded_before, read_results, write_whole
from autograder.checks.diagnosis import load_variants
from autograder.checks.vocabulary import Variant
from autograder.course import Assignment, Course
from autograder.figures import evidence_figure
from autograder.gradebook import hand_grades, late_penalties
from autograder.safe import clean, environment, highlighted, markdown

MAX_OUTPUTS = 50
"""Outputs of one cell that a page shows."""

MAX_IMAGE = 300_000
MAX_IMAGES = 700_000
MAX_EVIDENCE = 100_000
MAX_NOTEBOOK = 750_000
"""Bytes of one picture that a page shows, of all together, of what visible checks saw, and of the whole notebook: a
page stays under a megabyte."""

# What the page adds around a cell, in bytes.
_FRAME = 300

_SYMBOLS = {"pass": "✓", "broken": "?", "skipped": "–"}
_WORDS = {
    "error": "raised an exception",
    "timeout": "out of time",
    "memory": "out of memory",
    "crash": "process died",
    "missing": "not found",
    "broken": "our fault",
    "skipped": "skipped",
}
_CELL = re.compile(r"\bcell (\d+)")


@dataclass
class _Room:
    """Bytes that a part of the page still has room for."""

    images: int = MAX_IMAGES
    notebook: int = MAX_NOTEBOOK

    def take(self, html: Markup, more: int = 0) -> bool:
        """Whether there is room for `html` and `more`, which then is taken."""
        size = len(html.encode("utf-8", "replace")) + more
        if size > self.notebook:
            return False
        self.notebook -= size
        return True


@dataclass(frozen=True)
class Cell:
    """A cell as the page shows it. `html` is safe. `question` is the one it grades, `answers` the one it answers."""

    number: int
    kind: str
    html: Markup
    outputs: tuple[Markup, ...] = ()
    question: str = ""
    comment: str = ""
    answers: str = ""


def write_feedback(course: Course, assignment: Assignment) -> list[Path]:
    """Write the page of every graded submission; the paths, in the order of the students."""
    texts = (
        {variant.words: variant for variant in load_variants(assignment.checks, "misconception")}
        if assignment.checks is not None
        else {}
    )
    by_hand = hand_grades(course, assignment)
    penalties = late_penalties(course, assignment)
    pages = []
    for student in graded_before(course, assignment).skipped:
        results = read_results(course, assignment, student)
        if results is None:
            continue
        for notebook in assignment.notebooks:
            graded = course.path("autograded", assignment.id, student) / f"{notebook.name}.ipynb"
            cells = json.loads(graded.read_text())["cells"] if graded.is_file() else []
            page = course.path("feedback", assignment.id, student) / f"{notebook.name}.html"
            names = {question.id for question in assignment.questions if question.notebook == notebook.name}
            html = render(results, cells, names, texts, by_hand.get(student, {}), penalties.get(student, 0.0))
            write_whole(page, html.encode("utf-8", "replace"))
            pages.append(page)
    return pages


def render(
    results: dict[str, Any],
    cells: list[dict[str, Any]],
    questions: set[str],
    texts: dict[str, Variant],
    by_hand: dict[str, tuple[float | None, str]],
    penalty: float = 0.0,
) -> str:
    """The page, as HTML. `by_hand` are the graders' scores and comments, by grade_id; `penalty` points for lateness."""
    shown = _cells(cells, questions, by_hand)
    answers = {cell.answers: cell.number for cell in reversed(shown) if cell.answers}
    asked = []
    evidence_room = _Room(notebook=MAX_EVIDENCE)
    for question in results["questions"]:
        if question["id"] in questions:
            given = by_hand.get(question["id"], (None, ""))
            asked.append(_question(question, given, answers.get(question["id"], 0), len(shown), evidence_room))
    # What a broken check says may hold hidden values; beside the check stands a sentence for students.
    every = [check for question in results["questions"] for check in question["checks"]]
    broken = {check["id"] for check in every if check["verdict"] == "broken"}
    attention = [said for said in results["attention"] if not any(f"check {id_} is broken" in said for id_ in broken)]
    template = environment().get_template("feedback.html")
    return template.render(
        results={**results, "attention": attention},
        questions=asked,
        penalty=penalty,
        total=max(0.0, sum(question["score"] or 0 for question in asked) - penalty),
        maximum=sum(question["max_score"] for question in asked),
        waiting=[question["id"] for question in asked if question["score"] is None],
        texts=texts,
        symbols=_SYMBOLS,
        words=_WORDS,
        cells=shown,
        linked={cell.question for cell in shown},
    )


def _question(
    question: dict[str, Any], given: tuple[float | None, str], cell: int, cells: int, room: _Room
) -> dict[str, Any]:
    """A question as the page shows it; what was lost stands first. `cell` is the number of its answer's cell, or 0."""
    checks = [_check(check, cells, room) for check in question["checks"]]
    checks.sort(key=lambda check: check["kind"] == "pass")
    passed = sum(check["kind"] == "pass" for check in checks)
    score, comment = given
    return {
        **question,
        "score": question["score"] if score is None else score,
        "comment": comment,
        "checks": checks,
        "named": list(dict.fromkeys(check["misconception"] for check in checks if check["misconception"])),
        "lost": sum(check["kind"] == "lost" for check in checks),
        "cell": cell,
        "tally": f"{passed} of {len(checks)} checks passed" if checks else "",
    }


def _check(check: dict[str, Any], cells: int, room: _Room) -> dict[str, Any]:
    """A check as the page shows it. Of a hidden one nothing but title, verdict, form and hint is there to be shown."""
    verdict = check["verdict"]
    place = _CELL.search(check["message"])
    evidence = check.get("evidence") if check.get("visible") and verdict == "fail" else None
    figure = evidence_figure(evidence) if evidence else Markup("")
    return {
        **{key: check[key] for key in ("title", "verdict", "points", "max_points", "message", "hint", "misconception")},
        "kind": "pass" if verdict == "pass" else "none" if verdict in ("broken", "skipped") else "lost",
        "cell": int(place[1]) if place and 0 < int(place[1]) <= cells else 0,
        "figure": figure if room.take(figure) else "",
    }


def _cells(
    cells: list[dict[str, Any]], questions: set[str], by_hand: dict[str, tuple[float | None, str]]
) -> list[Cell]:
    """The notebook's cells, as many as the page has room for."""
    shown: list[Cell] = []
    room = _Room()
    seen = {""}
    answering = answered(cells, questions)
    for number, cell in enumerate(cells, 1):
        id_, _ = _named(cell)
        # A second cell of the same id is the student's own.
        comment = by_hand.get(id_, (None, ""))[1] if id_ not in seen else ""
        question = id_ if id_ in questions - seen else ""
        seen.add(id_)
        html = _source(cell["cell_type"], clean("".join(cell["source"])))
        if not room.take(html, len(comment) + _FRAME):
            shown.append(Cell(number, "cut", Markup("<p class='cut'>[the page has no room for the rest]</p>")))
            break
        outputs = _outputs(cell.get("outputs", []), room) if cell["cell_type"] == "code" else ()
        answers = answering.get(number, "")
        shown.append(Cell(number, cell["cell_type"], html, outputs, question, comment, answers))
    return shown


def _named(cell: dict[str, Any]) -> tuple[str, bool]:
    """The cell's grade_id, and whether it is there to be answered in."""
    meta = cell.get("metadata", {}).get("nbgrader")
    return (str(meta.get("grade_id", "")), meta.get("solution") is True) if isinstance(meta, dict) else ("", False)


def answered(cells: list[dict[str, Any]], questions: set[str]) -> dict[int, str]:
    """The questions that cells answer, by number: answers stand before the cell that grades them, or are that cell."""
    found: dict[int, str] = {}
    waiting: list[int] = []
    seen: set[str] = set()
    for number, cell in enumerate(cells, 1):
        id_, solution = _named(cell)
        if not id_ or id_ in seen:
            continue
        seen.add(id_)
        if solution:
            waiting.append(number)
        if id_ in questions:
            found.update(dict.fromkeys(waiting, id_))
            waiting = []
    return found


def _source(kind: str, source: str) -> Markup:
    if kind == "markdown":
        return markdown(source)
    return highlighted(source) if kind == "code" else Markup("<pre>{}</pre>").format(source)


def _outputs(outputs: list[dict[str, Any]], room: _Room) -> tuple[Markup, ...]:
    shown = []
    for output in outputs[:MAX_OUTPUTS]:
        html = _output(output, room)
        shown.append(html if room.take(html) else Markup("<p class='cut'>[the page has no room for this output]</p>"))
    if len(outputs) > MAX_OUTPUTS:
        shown.append(Markup("<p class='cut'>[{:,} more outputs]</p>").format(len(outputs) - MAX_OUTPUTS))
    return tuple(shown)


def _output(output: dict[str, Any], room: _Room) -> Markup:
    """One output as safe HTML: text as text, pictures that are pictures; HTML and scripts are shown as their text."""
    kind = output.get("output_type")
    if kind == "stream":
        return Markup('<pre class="{}">{}</pre>').format(
            "stderr" if output.get("name") == "stderr" else "stdout", clean("".join(output.get("text", "")))
        )
    if kind == "error":
        trace = "\n".join(str(line) for line in output.get("traceback", [])) or f"{output.get('ename')}"
        return Markup('<pre class="error">{}</pre>').format(clean(trace))
    data = output.get("data", {})
    for mime, magic in (("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff")):
        picture = data.get(mime)
        if isinstance(picture, (str, list)):
            text = "".join(picture)
            try:
                raw = base64.b64decode(text, validate=False)
            except (binascii.Error, ValueError):
                continue
            if not raw.startswith(magic):
                continue
            if len(raw) > MAX_IMAGE or len(raw) * 4 // 3 > room.images:
                return Markup("<p class='cut'>[a picture of {} kB is left out]</p>").format(len(raw) // 1000)
            room.images -= len(raw) * 4 // 3
            encoded = base64.b64encode(raw).decode()
            alt = clean("".join(data.get("text/plain", "a picture")))[:200]
            return Markup('<img alt="{}" src="data:{};base64,{}">').format(alt, mime, encoded)
    text = data.get("text/plain", "")
    return Markup('<pre class="result">{}</pre>').format(clean("".join(text) if isinstance(text, (str, list)) else ""))
