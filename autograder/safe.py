"""Strangers' text -> HTML that does nothing: markdown, formulae, code, messages. And the templates that it goes into.

Everything here is either escaped or sanitised, and bounded.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import jinja2
import nh3
from markupsafe import Markup, escape

MAX_TEXT = 20_000
"""Characters of one output that a page shows."""

# Cells of a notebook are mostly the course's own: what is the same for a class is made once.
_KEPT = 256

_ANSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLACE = re.compile("(?:\x02|%02)(\\d+)(?:\x03|%03)")
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<!\s)\$(?!\w)", re.DOTALL)


@functools.cache
def environment() -> jinja2.Environment:
    """The templates, each compiled once. What is put into them is escaped and cleaned."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("autograder"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # Messages and names are a stranger's text, too.
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    environment.filters["points"] = lambda points: f"{round(points, 2):,g}"
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["prose"] = prose
    return environment


def clean(text: str) -> str:
    """Text without what steers a terminal or the direction of writing or is no text, cut to what a page shows."""
    text = _CONTROL.sub("", _ANSI.sub("", text))
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}\n[{len(text) - MAX_TEXT:,} more characters]"


@functools.cache
def _pygments() -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(), HtmlFormatter(nowrap=False, cssclass="code")


@functools.lru_cache(_KEPT)
def highlighted(source: str) -> Markup:
    """Python code in colours."""
    from pygments import highlight

    # Pygments escapes what it colours.
    return Markup(highlight(source, *_pygments()))


@functools.cache
def _parser() -> Any:
    import mistune

    return mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])


@functools.lru_cache(_KEPT)
def markdown(source: str) -> Markup:
    """Markdown as safe HTML, its formulae as MathML, which browsers draw by themselves."""
    formulae: list[re.Match[str]] = []

    def keep(match: re.Match[str]) -> str:
        formulae.append(match)
        return f"\x02{len(formulae) - 1}\x03"

    def as_text(part: re.Match[str]) -> str:
        return _PLACE.sub(lambda place: str(escape(formulae[int(place[1])][0])), part[0])

    def as_mathml(place: re.Match[str]) -> str:
        match = formulae[int(place[1])]
        return _formula(match[1] or match[2], display=match[1] is not None)

    html = str(_parser()(_MATH.sub(keep, source)))
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


def prose(text: str) -> Markup:
    """Text of ours with `code` in it."""
    parts = re.split(r"`([^`]+)`", clean(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )
