"""Wrong answers, one mistake each. The body of a class is what a student would have written."""

from autograder.checks import misconception


@misconception("standardize")
class RowsInsteadOfColumns:
    """Standardizes the rows.

    What it does: takes means and deviations over axis 1.
    Why it is wrong: axis 0 runs along the rows of a table, so that is the axis to sum over to get one number a column.
    Example:
        >>> standardize(np.array([[1.0, 3.0], [5.0, 7.0]]))
        array([[-1.,  1.],
               [-1.,  1.]])
    """

    def standardize(x):
        deviation = x.std(axis=1, keepdims=True)
        return (x - x.mean(axis=1, keepdims=True)) / np.where(deviation == 0, 1, deviation)


@misconception("standardize")
class WholeTable:
    """Takes one mean and one deviation for the whole table.

    What it does: leaves `axis` out.
    Why it is wrong: large columns then drown small ones, which is what standardizing is there to prevent.
    Example:
        >>> standardize(np.array([[1.0, 100.0], [3.0, 300.0]])).std(axis=0)
        array([0.00818114, 0.81811357])
    """

    def standardize(x):
        deviation = x.std()
        return (x - x.mean()) / (deviation if deviation else 1)


@misconception("standardize")
class SampleDeviation:
    """Divides by the sample's deviation.

    What it does: takes the deviation with `ddof=1`, as if the table were a sample of a larger one.
    Why it is wrong: the deviation of what comes out, `z.std(axis=0)`, is then below 1.
    Example:
        >>> standardize(np.array([[1.0], [3.0]])).std()
        0.7071067811865475
    """

    def standardize(x):
        n = len(x)
        deviation = x.std(axis=0) * np.sqrt(n / max(n - 1, 1))
        return (x - x.mean(axis=0)) / np.where(deviation == 0, 1, deviation)


@misconception("standardize")
class VarianceInsteadOfDeviation:
    """Divides by the variance.

    What it does: forgets the square root.
    Why it is wrong: the result still has the unit of one over the column; only the deviation cancels it.
    Example:
        >>> standardize(np.array([[1.0], [5.0]])).std()
        0.5
    """

    def standardize(x):
        variance = x.var(axis=0)
        return (x - x.mean(axis=0)) / np.where(variance == 0, 1, variance)


@misconception("standardize")
class ZeroOverZero:
    """Divides by zero where all entries are equal.

    What it does: divides by the deviation, whatever it is.
    Why it is wrong: a column of equal entries has the deviation 0, and 0 over 0 is not a number.
    Example:
        >>> standardize(np.array([[7.0], [7.0]]))
        array([[nan],
               [nan]])
    """

    def standardize(x):
        return (x - x.mean(axis=0)) / x.std(axis=0)


@misconception("standardize")
class ChangesItsArgument:
    """Works in the table that it was given.

    What it does: subtracts and divides with `-=` and `/=`.
    Why it is wrong: these change the caller's array, which may be needed as it was.
    Example:
        >>> table = np.array([[1.0], [3.0]])
        >>> result = standardize(table)
        >>> table
        array([[-1.],
               [ 1.]])
    """

    def standardize(x):
        x -= x.mean(axis=0)
        deviation = x.std(axis=0)
        x /= np.where(deviation == 0, 1, deviation)
        return x
