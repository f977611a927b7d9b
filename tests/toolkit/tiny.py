"""The assignment `tiny`: two functions of NumPy alone and an answer in words, with its checks and its mistakes."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SHARES = """\
def shares(x):
    return x / x.sum(axis=1, keepdims=True)
"""

SPREAD = """\
def spread(x):
    p = shares(x)
    return np.sqrt(((p - p.mean(axis=1, keepdims=True)) ** 2).mean(axis=1))
"""

REFERENCE = '''\
"""Shares of a row and how far they are spread, entry by entry."""

import numpy as np


def shares(x):
    return np.array([[float(value) / float(sum(row)) for value in row] for row in x])


def spread(x):
    return np.std(shares(x), axis=1)
'''

CHECK_SHARES = '''\
"""Hidden checks of `shares`: six points."""
import numpy as np

from autograder.checks import close, question, unchanged, visible, weight
from solutions import tiny as reference

pytestmark = question("shares")


@weight(2)
def test_each_row_is_divided_by_its_sum(student, rng):
    """Each entry is divided by the sum of its row.

    Hint: `keepdims=True` keeps the column that the rows are divided by.
    """
    x = rng.uniform(1, 2, size=(3, 4))
    assert close(student.shares(x), reference.shares(x))


def test_a_single_column_gives_ones(student, rng):
    """A single column gives ones."""
    x = rng.uniform(1, 2, size=(5, 1))
    assert close(student.shares(x), reference.shares(x))


def test_a_tall_table(student, rng):
    """A tall table."""
    x = rng.uniform(1, 2, size=(50, 3))
    assert close(student.shares(x), reference.shares(x))


def test_the_input_stays_as_it_is(student, rng):
    """The input stays as it is."""
    assert unchanged(student.shares, rng.uniform(1, 2, size=(2, 3)))


@visible
def test_an_example(student):
    """One and three are a quarter and three quarters."""
    x = np.array([[1.0, 3.0]])
    assert close(student.shares(x), reference.shares(x))
'''

CHECK_SPREAD = '''\
"""Hidden checks of `spread`: four points."""
import numpy as np
import pytest

from autograder.checks import close, follow_through, forbids, question, weight
from solutions import tiny as reference

pytestmark = [question("spread"), forbids("numpy.std", "numpy.var")]


@pytest.mark.parametrize("columns", [2, 5])
@follow_through(shares=reference.shares)
def test_the_spread_of_each_row(student, rng, columns):
    """The spread of each row."""
    x = rng.uniform(1, 9, size=(3, columns))
    assert close(student.spread(x), reference.spread(x))


@weight(2)
def test_equal_entries_have_no_spread(student):
    """Equal entries have no spread."""
    assert close(student.spread(np.full((2, 4), 7.0)), np.zeros(2))
'''

MISCONCEPTIONS = '''\
"""Wrong answers, one mistake each."""
from autograder.checks import misconception


@misconception("shares")
class ColumnsInstead:
    """Divides by the sums of columns.

    What it does: sums over axis 0.
    Why it is wrong: the entries of a row no longer add up to one.
    Example:
        >>> shares(np.array([[1.0, 3.0]]))
        array([[1., 1.]])
    """

    def shares(x):
        return x / x.sum(axis=0, keepdims=True)


@misconception("shares")
class WholeTable:
    """Divides by the sum of the whole table.

    What it does: sums over both axes.
    Why it is wrong: every row has a share of its own.
    Example:
        >>> shares(np.ones((2, 1)))
        array([[0.5], [0.5]])
    """

    def shares(x):
        return x / x.sum()


@misconception("spread")
class SampleSpread:
    """Divides by one less than the number of entries."""

    def spread(x):
        p = shares(x)
        return np.sqrt(((p - p.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / (p.shape[1] - 1))


@misconception("spread")
class OneEntryTooFew:
    """Divides by one less than the number of entries, found in another way: no diagnosis can tell it apart."""

    def spread(x):
        p = shares(x)
        return np.sqrt(((p - p.mean(axis=1, keepdims=True)) ** 2).mean(axis=1) * p.shape[1] / (p.shape[1] - 1))
'''

ALTERNATIVES = '''\
"""Right answers, written differently."""
from autograder.checks import alternative


@alternative("shares")
class RowByRow:
    """Goes through the rows."""

    def shares(x):
        return np.stack([row / row.sum() for row in x])
'''


def _meta(grade_id: str, kind: str = "code", **flags: Any) -> dict[str, Any]:
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": grade_id, "schema_version": 3, "cell_type": kind, **flags}}


def text_cell(source: str, name: str) -> Any:
    return new_markdown_cell(source, id=name)


def given_cell(source: str, name: str) -> Any:
    """A locked cell of the course's."""
    return new_code_cell(source, id=name, metadata=_meta(name, locked=True))


def answer_cell(source: str, name: str) -> Any:
    """The instructor's answer, a function; `name` is the question's."""
    head, _, body = source.strip().partition("\n")
    solution = f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
    return new_code_cell(solution, id=f"{name}_answer", metadata=_meta(f"{name}_answer", solution=True))


def test_cell(source: str, name: str, points: float) -> Any:
    return new_code_cell(source, id=name, metadata=_meta(name, grade=True, locked=True, points=points))


def words_cell(source: str, name: str, points: float) -> Any:
    """A question that is answered in words and graded by hand."""
    scheme = f"{source}\n=== BEGIN MARK SCHEME ===\nA point for each reason.\n=== END MARK SCHEME ==="
    meta = _meta(name, "markdown", grade=True, solution=True, points=points)
    return new_markdown_cell(scheme, id=name, metadata=meta)


test_cell.__test__ = False  # type: ignore[attr-defined] # no test, whatever its name


def source_notebook(*cells: Any) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(cells=list(cells), metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def tiny_notebook() -> nbformat.NotebookNode:
    return source_notebook(
        text_cell("# Shares", "title"),
        given_cell("import numpy as np", "imports"),
        answer_cell(SHARES, "shares"),
        test_cell("assert np.allclose(shares(np.ones((1, 2))), 0.5)", "shares", 6),
        answer_cell(SPREAD, "spread"),
        test_cell("assert spread(np.ones((1, 2))).shape == (1,)", "spread", 4),
        words_cell("Shares do not depend on the unit.", "why", 2),
    )
