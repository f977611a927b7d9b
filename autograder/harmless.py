"""A stranger's notebook -> one that does nothing to who opens it.

nbgrader's formgrader and feedback, and nbconvert, put a notebook's HTML into their pages as it stands. So what the
graded notebook holds of it is made harmless here: what is markup stays markup where it can only be looked at, and is
text otherwise. Nothing here runs in the student's process.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import nh3

# Shown as text, and in an <img>, in which nothing runs.
_SHOWN = ("text/plain", "image/svg+xml")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "application/pdf")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_PICTURE_SOURCE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "*": {"class", "title", "align"}, "table": {"border", "align"}}

# In Markdown: whatever could be the beginning of a tag, and the tags and pictures that are let stand. A picture from
# elsewhere would tell that place who looks, and when.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_VALUE = r"""\s*=\s*("[\w\s.,#%:/?=+-]*"|'[\w\s.,#%:/?=+-]*'|[\w.%-]+)"""
_HERE = r"(attachment:|(?!//))[\w\s.%/-]*"  # a picture that came along
_SAFE_TAG = re.compile(
    r"</?(a|abbr|b|big|blockquote|br|center|code|dd|del|details|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p"
    r"|pre|q|s|samp|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var)"
    rf"(\s+(align|alt|border|class|color|colspan|height|href|open|rowspan|size|title|valign|width)({_VALUE})?"
    rf"""|\s+src\s*=\s*("{_HERE}"|'{_HERE}'))*\s*/?>""",
    re.IGNORECASE,
)
_FOREIGN_PICTURE = re.compile(rf"!(?=\[)(?!\[[^\]\n]{{0,300}}\]\({_HERE}\))")
_LINK = re.compile(r"<(https?://|mailto:)[^\s<>\"'`]*>", re.IGNORECASE)
# Addresses that run something, and what could spell one: MathJax's \href, and characters written as numbers.
_ACTIVE = re.compile(
    r"(?<=javascript)(?=\s*:)|(?<=vbscript)(?=\s*:)|(?<=data)(?=:text)|(?<=\\)(?=href|require|unicode|style|cssId|class)"
    r"|(?<=&)(?=#|(bsol|dollar|lpar|colon|Tab|NewLine)\b)",
    re.IGNORECASE,
)
_BREAK = "\u200b"  # no width: reads as before, and is no longer what it was


def harmless_cells(notebook: dict[str, Any], ours: frozenset[str]) -> dict[str, Any]:
    """The notebook with the sources of its cells of text made harmless, but for those in `ours`."""
    cells = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" and source not in ours:
            cell = {**cell, "source": harmless_text(source)}
        cells.append(cell)
    return {**notebook, "cells": cells}


def harmless_text(source: str) -> str:
    """The source of a cell that is not code. What could run, load or hide something when it is rendered reads the same
    and is text."""
    parts = []
    end = 0
    for match in _TAG.finditer(source):
        if not (_SAFE_TAG.match(source, match.start()) or _LINK.match(source, match.start())):
            parts += [source[end : match.end()], _BREAK]
            end = match.end()
    return _ACTIVE.sub(_BREAK, _FOREIGN_PICTURE.sub(f"!{_BREAK}", "".join(parts) + source[end:]))


def harmless_data(data: dict[str, Any]) -> dict[str, Any]:
    """The data of an output, by MIME type: text, pictures, HTML without what runs, and JSON, which nobody runs."""
    kept: dict[str, Any] = {}
    for mime, value in data.items():
        if not isinstance(value, str) or mime in _SHOWN or (mime in _PICTURES and _BASE64.fullmatch(value)):
            kept[mime] = value
        elif mime == "text/html":
            kept[mime] = _html(value)
        elif mime in ("text/markdown", "text/latex"):
            kept[mime] = harmless_text(value)
    if "text/html" in kept and not kept["text/html"].strip() and "text/plain" in kept:
        del kept["text/html"]  # nothing is left of it: let the text be seen
    return kept


def harmless_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an output: the sizes of pictures."""
    sizes = {
        mime: {
            name: size for name, size in values.items() if name in ("width", "height") and type(size) in (int, float)
        }
        for mime, values in metadata.items()
        if isinstance(values, dict)
    }
    return {mime: size for mime, size in sizes.items() if size}


@functools.lru_cache(maxsize=64)
def _html(text: str) -> str:
    return nh3.clean(
        text,
        tags=nh3.ALLOWED_TAGS | {"font"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """A picture comes along or is not shown."""
    if name == "src":
        return value if _PICTURE_SOURCE.fullmatch(value) else None
    if name in ("href", "cite") and value.strip().lower().startswith("data"):
        return None
    return value
