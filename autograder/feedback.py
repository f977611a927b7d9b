"""Grades -> the students' pages, one self-contained HTML file where nbgrader puts its own.

`feedback/<student>/<assignment>/<notebook>.html`: the score by question, each check as a sentence, the hint and the
named misconception, the graders' comments, the notebook beneath. Nothing about a hidden check but its title, verdict
and hint. Whatever a notebook holds is a stranger's text: it is sanitised, bounded, and never runs.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import nh3
from markupsafe import Markup, escape

from autograder.batch import graded_before, read_results, write_whole
from autograder.checks.diagnosis import load_variants
from autograder.checks.vocabulary import Variant
from autograder.course import Assignment, Course
from autograder.gradebook import hand_grades, late_penalties

MAX_TEXT = 20_000
"""Characters of one output that a page shows."""

MAX_OUTPUTS = 50
"""Outputs of one cell that a page shows."""

MAX_IMAGE = 300_000
MAX_IMAGES = 700_000
MAX_NOTEBOOK = 850_000
"""Bytes of one picture that a page shows, of all together, and of the whole notebook: a page stays under a megabyte."""

# What the page adds around a cell, in bytes.
_FRAME = 300

_SYMBOLS = {"pass": "✓", "broken": "?", "skipped": "–"}
_ANSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLACE = re.compile("(?:\x02|%02)(\\d+)(?:\x03|%03)")
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\w)", re.DOTALL)


@dataclass
class _Room:
    """Bytes that the page still has room for."""

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
    """A cell as the page shows it. `html` is safe."""

    number: int
    kind: str
    html: Markup
    outputs: tuple[Markup, ...] = ()
    question: str = ""
    comment: str = ""


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
    asked = []
    for question in results["questions"]:
        if question["id"] not in questions:
            continue
        score, comment = by_hand.get(question["id"], (None, ""))
        asked.append({**question, "score": question["score"] if score is None else score, "comment": comment})
    # What a broken check says may hold hidden values; beside the check stands a sentence for students.
    every = [check for question in results["questions"] for check in question["checks"]]
    broken = {check["id"] for check in every if check["verdict"] == "broken"}
    attention = [said for said in results["attention"] if not any(f"check {id_} is broken" in said for id_ in broken)]
    shown = _cells(cells, questions, by_hand)
    template = _environment().get_template("feedback.html")
    return template.render(
        results={**results, "attention": attention},
        questions=asked,
        penalty=penalty,
        total=max(0.0, sum(question["score"] or 0 for question in asked) - penalty),
        maximum=sum(question["max_score"] for question in asked),
        waiting=[question["id"] for question in asked if question["score"] is None],
        texts=texts,
        symbols=_SYMBOLS,
        cells=shown,
        linked={cell.question for cell in shown},
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("autograder"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Messages and names are a stranger's text, too.
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    environment.filters["points"] = lambda points: f"{points:.3g}"
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["prose"] = _prose
    return environment


def clean(text: str) -> str:
    """Text without what steers a terminal or the direction of writing or is no text, cut to what a page shows."""
    text = _CONTROL.sub("", _ANSI.sub("", text))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n[{len(text) - MAX_TEXT:,} more characters]"


def _cells(
    cells: list[dict[str, Any]], questions: set[str], by_hand: dict[str, tuple[float | None, str]]
) -> list[Cell]:
    """The notebook's cells, as many as the page has room for."""
    shown: list[Cell] = []
    room = _Room()
    seen = {""}
    for number, cell in enumerate(cells, 1):
        meta = cell.get("metadata", {}).get("nbgrader")
        id_ = str(meta.get("grade_id", "")) if isinstance(meta, dict) else ""
        # A second cell of the same id is the student's own.
        comment = by_hand.get(id_, (None, ""))[1] if id_ not in seen else ""
        question = id_ if id_ in questions - seen else ""
        seen.add(id_)
        html = _source(cell["cell_type"], clean("".join(cell["source"])))
        if not room.take(html, len(comment) + _FRAME):
            shown.append(Cell(number, "cut", Markup("<p class='cut'>[the page has no room for the rest]</p>")))
            break
        outputs = _outputs(cell.get("outputs", []), room) if cell["cell_type"] == "code" else ()
        shown.append(Cell(number, cell["cell_type"], html, outputs, question, comment))
    return shown


def _source(kind: str, source: str) -> Markup:
    if kind == "markdown":
        return _markdown(source)
    return _highlighted(source) if kind == "code" else Markup("<pre>{}</pre>").format(source)


def _outputs(outputs: list[dict[str, Any]], room: _Room) -> tuple[Markup, ...]:
    shown = []
    for output in outputs[:MAX_OUTPUTS]:
        html = _output(output, room)
        shown.append(html if room.take(html) else Markup("<p class='cut'>[the page has no room for this output]</p>"))
    if len(outputs) > MAX_OUTPUTS:
        shown.append(Markup("<p class='cut'>[{:,} more outputs]</p>").format(len(outputs) - MAX_OUTPUTS))
    return tuple(shown)


def _highlighted(source: str) -> Markup:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    # Pygments escapes what it colours.
    return Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=False, cssclass="code")))


def _markdown(source: str) -> Markup:
    """Markdown as safe HTML, its formulae as MathML, which browsers draw by themselves."""
    import mistune

    formulae: list[re.Match[str]] = []

    def keep(match: re.Match[str]) -> str:
        formulae.append(match)
        return f"\x02{len(formulae) - 1}\x03"

    def as_text(part: re.Match[str]) -> str:
        return _PLACE.sub(lambda place: str(escape(formulae[int(place[1])][0])), part[0])

    def as_mathml(place: re.Match[str]) -> str:
        match = formulae[int(place[1])]
        return _formula(match[1] or match[2], display=match[1] is not None)

    html = str(mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])(_MATH.sub(keep, source)))
    html = _PLACE.sub(as_mathml, re.sub(r"<code.*?</code>|<[^<>]*>", as_text, html, flags=re.DOTALL))
    # Last: whatever became of the parts when they were put together is made safe.
    return Markup(
        nh3.clean(
            html,
            tags=(nh3.ALLOWED_TAGS - {"img"}) | _MATHML,
            attributes={**nh3.ALLOWED_ATTRIBUTES, **dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES)},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )


@functools.lru_cache(maxsize=4096)
def _formula(latex: str, display: bool) -> str:
    """A formula as MathML, or as its text when it cannot be read."""
    from latex2mathml.converter import convert

    try:
        mathml = convert(latex, display="block" if display else "inline")
    except Exception:
        return f"<code>{escape(latex)}</code>"
    return nh3.clean(mathml, tags=_MATHML, attributes=dict.fromkeys(_MATHML, _MATHML_ATTRIBUTES), link_rel=None)


_MATHML = {
    "math", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt", "mroot",
    "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose",
    "mmultiscripts", "mprescripts", "none",
}  # fmt: skip
_MATHML_ATTRIBUTES = {
    "display", "displaystyle", "stretchy", "fence", "form", "separator", "accent", "accentunder", "mathvariant",
    "columnalign", "rowspacing", "columnspacing", "width", "height", "depth", "lspace", "rspace", "linethickness",
    "movablelimits", "minsize", "maxsize", "largeop", "scriptlevel", "xmlns",
}  # fmt: skip


def _prose(text: str) -> Markup:
    """Text of ours with `code` in it."""
    parts = re.split(r"`([^`]+)`", clean(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


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
