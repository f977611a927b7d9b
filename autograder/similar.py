"""Pairs of submissions that share what few others have.

Code is read as tokens in which all names of the student's own are one, comments and prose as words; what is compared
are runs of a few tokens ("shingles": Schleimer, Wilkerson and Aiken, "Winnowing", SIGMOD 2003). What the release holds
is left out, and so is what more than a few submissions share: there are only so many ways to write a softmax. The rest
is weighted by rarity and compared by scikit-learn's tf-idf.

scikit-learn, because rarity is the point. copydetect winnows as MOSS does, but its choice of hashes differs from one
process to the next; an edit distance, as in RapidFuzz, finds two right answers to a short question alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CODE, _WORDS = 9, 4
_MOST = 0.05
_MOST_AT_LEAST = 4
_FEWEST = 30
_ALIKE = 0.6
_PAIRS = 40
_MAX_CHARACTERS = 200_000


@dataclass(frozen=True)
class Pair:
    """Two submissions: how alike what is rare in them is, from 0 to 1, and how many runs of tokens they share."""

    one: str
    other: str
    likeness: float
    shared: int


def similar_pairs(notebooks: Mapping[str, list[dict[str, Any]]], released: list[dict[str, Any]]) -> tuple[Pair, ...]:
    """The most alike of a class, given as each student's cells; the most alike first. `released` are the course's."""
    given = set(_shingles(released, frozenset()))
    texts = frozenset(_source(cell) for cell in released)
    bags = {student: Counter(_shingles(cells, texts)) for student, cells in notebooks.items()}
    owners = Counter(shingle for bag in bags.values() for shingle in bag)
    most = max(_MOST_AT_LEAST, round(_MOST * len(bags)))
    rare = {
        student: [shingle for shingle in bag if shingle not in given and 1 < owners[shingle] <= most]
        for student, bag in bags.items()
    }
    # What nobody else has counts against a pair: only a small part of such a submission can be somebody else's.
    alone = {student: [shingle for shingle in bag if owners[shingle] == 1] for student, bag in bags.items()}
    students = [student for student, shingles in rare.items() if len(shingles) >= _FEWEST]
    if len(students) < 2:
        return ()
    return _alike(students, [rare[student] + alone[student] for student in students], rare)


def _alike(students: list[str], documents: list[list[str]], rare: dict[str, list[str]]) -> tuple[Pair, ...]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    matrix = TfidfVectorizer(analyzer=lambda document: document).fit_transform(documents)
    likeness = (matrix @ matrix.T).tocoo()
    pairs = [
        Pair(
            students[row],
            students[column],
            round(float(value), 3),
            len({*rare[students[row]]} & {*rare[students[column]]}),
        )
        for row, column, value in zip(likeness.row, likeness.col, likeness.data, strict=True)
        if row < column and value >= _ALIKE
    ]
    pairs = [pair for pair in pairs if pair.shared >= _FEWEST]
    return tuple(sorted(pairs, key=lambda pair: (-pair.likeness, -pair.shared, pair.one, pair.other))[:_PAIRS])


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _shingles(cells: list[dict[str, Any]], texts: frozenset[str]) -> Iterator[str]:
    """The runs of tokens in the cells, without those whose text is among `texts`."""
    for cell in cells:
        source = _source(cell)
        if source in texts or len(source) > _MAX_CHARACTERS:
            continue
        code, words = _tokens(source) if cell["cell_type"] == "code" else ([], _words(source))
        yield from _runs(code, _CODE, "code")
        yield from _runs(words, _WORDS, "words")


def _runs(tokens: list[str], size: int, kind: str) -> Iterator[str]:
    for start in range(len(tokens) - size + 1):
        yield f"{kind} {' '.join(tokens[start : start + size])}"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _tokens(source: str) -> tuple[list[str], list[str]]:
    """The tokens of code, all names of the student's own as one; and the words of its comments and strings."""
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Name, String, Whitespace

    code: list[str] = []
    words: list[str] = []
    for kind, text in PythonLexer().get_tokens(source):
        if kind in Comment or kind in String.Doc:
            words += _words(text)
        elif kind in String:
            # A string is several tokens to Pygments.
            if code[-1:] != ["'"]:
                code.append("'")
        elif kind in Whitespace or not text.strip():
            continue
        elif kind is Name and code[-1:] != ["."]:
            code.append("name")
        else:
            code.append(text)
    return code, words
