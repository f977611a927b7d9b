"""Hidden checks of `standardize`."""

import numpy as np

from autograder.checks import close, forbids, question, unchanged, visible, weight
from solutions import ASSIGNMENT_MODULE as reference

pytestmark = [
    question("standardize"),
    forbids("sklearn.preprocessing.scale", "sklearn.preprocessing.StandardScaler", "scipy.stats.zscore"),
]


@visible
def test_every_column(student, rng):
    """Every column gets mean 0 and standard deviation 1.

    Hint: print the shapes of the means and of the deviations: there is one of each per column.
    """
    for shape in [(4, 3), (9, 2), (5, 5)]:
        x = rng.normal(size=shape)
        assert close(student.standardize(x), reference.standardize(x), condition=4)


@weight(2)
def test_columns_of_other_sizes(student, rng):
    """Columns far from zero, and of very different sizes, are standardized one by one.

    Hint: nothing of one column may get into another.
    """
    x = rng.integers(-8, 9, size=(12, 3)) * np.array([0.125, 1.0, 64.0]) + np.array([32.0, 0.0, -256.0])
    assert close(student.standardize(x), reference.standardize(x), condition=64)


def test_equal_entries_become_zeros(student, rng):
    """A column whose entries are all equal becomes zeros, and so does a table of a single row.

    Hint: what is the standard deviation there, and what happens when something is divided by it?
    """
    x = rng.integers(1, 9, size=(6, 3)).astype(float)
    x[:, 1] = 7.0
    assert close(student.standardize(x), reference.standardize(x), condition=4)
    assert close(student.standardize(x[:1]), np.zeros((1, 3)))


def test_the_table_stays_as_it_is(student, rng):
    """The table that was given stays as it is."""
    x = rng.normal(size=(5, 2))
    assert unchanged(student.standardize, x)
    assert close(student.standardize(x), reference.standardize(x), condition=4)
