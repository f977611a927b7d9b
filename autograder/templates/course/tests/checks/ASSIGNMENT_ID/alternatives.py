"""Right answers, written differently: none of them may lose a point."""

from autograder.checks import alternative


@alternative("standardize")
class ColumnByColumn:
    """Goes through the columns."""

    def standardize(x):
        result = np.zeros_like(x)
        for j in range(x.shape[1]):
            column = x[:, j]
            if column.std() > 0:
                result[:, j] = (column - column.mean()) / column.std()
        return result


@alternative("standardize")
class ByHand:
    """Computes mean and deviation itself."""

    def standardize(x):
        centred = x - sum(x) / len(x)
        deviation = np.sqrt((centred * centred).sum(axis=0) / len(x))
        deviation[deviation == 0] = 1.0
        return centred / deviation
