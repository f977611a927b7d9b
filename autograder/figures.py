"""Evidence of a visible check -> tables of small arrays, maps of the difference of larger ones, as plain HTML."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Collection, Iterator
from typing import Any

from markupsafe import Markup

from autograder.safe import clean

# Two colours that are told apart with any kind of colour vision, and a third for what is no number.
_MORE, _LESS, _ODD = (213, 94, 0), (0, 114, 178), (204, 60, 160)
_PIXELS = 8
_ARGUMENTS = 4


def evidence_figure(evidence: dict[str, Any]) -> Markup:
    """What a visible check saw (as in `results.json`): the call, its arguments, what was expected, what came."""
    call, given = evidence["call"], evidence["arguments"]
    parts = []
    if call:
        names = ", ".join(_named(argument) for argument in given)
        parts.append(Markup('<p class="call small">The check called <code>{}({})</code></p>').format(call, names))
    tables = [
        _value(argument, argument["name"] or f"Argument {place}")
        for place, argument in enumerate(given, 1)
        if argument["numbers"]
    ][:_ARGUMENTS]
    if tables:
        parts.append(Markup('<div class="pair given">{}</div>').format(Markup("").join(tables)))
    if evidence["difference"]:
        parts.append(_heat(evidence["difference"], str(evidence["expected"]["text"])))
    else:
        pair = _value(evidence["expected"], "Expected") + _value(evidence["actual"], "Yours", set(evidence["wrong"]))
        parts.append(Markup('<div class="pair">{}</div>').format(pair))
    return Markup('<div class="evidence">{}</div>').format(Markup("").join(parts))


def _named(argument: dict[str, Any]) -> str:
    """An argument as in a call: a small array stands below, by its number."""
    text = str(argument["text"]).replace(" of ", " ", 1) if argument["shape"] else str(argument["text"])
    return clean(f"{argument['name']}={text}" if argument["name"] else text)


def _value(value: dict[str, Any], caption: str, wrong: Collection[int] = ()) -> Markup:
    """A value with its caption: a table for a small array, else its description."""
    if not value["numbers"]:
        off = Markup(' class="off"') if wrong else ""
        cell = Markup("<td{}>{}</td>").format(off, clean(str(value["text"])))
        return _figure(caption, Markup("<table><tr>{}</tr></table>").format(cell))
    shape, numbers = value["shape"], value["numbers"]
    columns = shape[-1]
    rows = []
    for row, index in enumerate(_indices(shape[:-1])):
        cells = Markup("").join(
            Markup('<td class="off">{}<span class="unseen"> differs</span></td>').format(number)
            if place in wrong
            else Markup("<td>{}</td>").format(number)
            for place, number in enumerate(numbers[row * columns : (row + 1) * columns], row * columns)
        )
        head = Markup('<th scope="row">{}</th>').format(f"[{', '.join(map(str, index))}]") if index else ""
        rows.append(Markup("<tr>{}{}</tr>").format(head, cells))
    return _figure(f"{caption}: {value['text']}", Markup("<table>{}</table>").format(Markup("").join(rows)))


def _figure(caption: str, content: Markup) -> Markup:
    grid = Markup('<div class="grid" role="group" aria-label="{}" tabindex="0">{}</div>').format(
        clean(caption), content
    )
    return Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(clean(caption), grid)


def _indices(shape: Collection[int]) -> Iterator[tuple[int, ...]]:
    """The indices of an array of this shape, in order."""
    for number in range(math.prod(shape)):
        index: list[int] = []
        for size in reversed(list(shape)):
            number, place = divmod(number, size)
            index.insert(0, place)
        yield tuple(index)


def _heat(heat: dict[str, Any], what: str) -> Markup:
    """The map of a difference as a picture, with its meaning in words; `what` is compared."""
    rows, columns = heat["rows"], heat["columns"]
    said = f"{heat['wrong']:,} of {heat['size']:,} values differ, by up to {heat['largest']}"
    block = (
        "" if heat["high"] == heat["wide"] == 1 else f" A square stands for {heat['high']} × {heat['wide']} of them."
    )
    picture = base64.b64encode(_png(rows, columns, heat["shades"])).decode()
    pixels = max(2, min(_PIXELS, 640 // columns))
    return Markup(
        '<figure class="heat"><figcaption>Yours minus expected, {}: {}. Orange is too much, blue too '
        'little, pink no finite number.{}</figcaption><img alt="Map of the difference, {} by {}: {}" width="{}" '
        'height="{}" src="data:image/png;base64,{}"></figure>'
    ).format(clean(what), said, block, rows, columns, said, columns * pixels, rows * pixels, picture)


def _png(rows: int, columns: int, shades: list[int | None]) -> bytes:
    """A picture of one pixel a shade, the stronger the more opaque."""
    lines = bytearray()
    for row in range(rows):
        lines.append(0)
        for shade in shades[row * columns : (row + 1) * columns]:
            if shade is None:
                lines += bytes((*_ODD, 255))
            elif shade == 0:
                lines += bytes(4)
            else:
                lines += bytes((*(_MORE if shade > 0 else _LESS), 55 + min(200, 2 * abs(shade))))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
