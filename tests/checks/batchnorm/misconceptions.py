"""Wrong answers, one mistake each."""

from autograder.checks import misconception

# batchnorm_forward


@misconception("batchnorm_forward")
class EpsOutsideTheRoot:
    """Adds eps after taking the root.

    What it does: divides by `sqrt(var) + eps`.
    Why it is wrong: eps is added to the variance. Otherwise a constant feature is divided by 1e-5, not by 0.003.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), eps=3.0)[0].T
        array([[-0.5,  0.5]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var) + eps
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class NoEps:
    """Leaves eps out.

    What it does: divides by `sqrt(var)`.
    Why it is wrong: a feature that is the same in all examples has variance 0, and 0 / 0 is not a number.
    Example:
        >>> batchnorm_forward(np.array([[2.0], [2.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[0., 0.]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class EpsAsAFloor:
    """Takes the larger of variance and eps.

    What it does: divides by `sqrt(max(var, eps))`.
    Why it is wrong: eps is added to every variance, not put in place of the small ones.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), eps=3.0)[0].T
        array([[-0.5,  0.5]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(np.maximum(var, eps))
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class EpsHardCoded:
    """Always adds 1e-5.

    What it does: ignores the argument `eps`.
    Why it is wrong: 1e-5 is only what eps is when nothing else is asked for.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), eps=3.0)[0].T
        array([[-0.5,  0.5]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + 1e-5)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class DividedByTheVariance:
    """Forgets the root.

    What it does: divides by `var + eps`.
    Why it is wrong: the variance has the square of the feature's unit. Only its root brings the spread to 1.
    Example:
        >>> batchnorm_forward(np.array([[0.0], [8.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[-0.99999969,  0.99999969]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = var + eps
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class UnbiasedInTheBatch:
    """Normalises by the unbiased variance.

    What it does: divides the squares by N - 1, for the output too.
    Why it is wrong: the batch is normalised by its own, biased variance; N - 1 is for the running estimate alone.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[-0.999995,  0.999995]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0, ddof=1)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class BiasedRunningVariance:
    """Keeps the biased variance for evaluation.

    What it does: moves the running variance towards the one that is divided by N.
    Why it is wrong: as an estimate for data to come that is too small; the running variance takes the unbiased one.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[2]
        array([1.1])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class RunningDeviation:
    """Averages standard deviations.

    What it does: moves the root of the running variance towards the batch's standard deviation, and squares the result.
    Why it is wrong: the rule moves the *variance*; the square of a mean is not the mean of squares.
    Example:
        >>> batchnorm_forward(np.array([[0.0], [8.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[2]
        array([4.1])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = ((1 - momentum) * np.sqrt(running_var) + momentum * x.std(axis=0, ddof=1)) ** 2
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class EpsInTheRunningVariance:
    """Lets eps into the running variance.

    What it does: adds eps to the batch's variance before the running variance moves towards it.
    Why it is wrong: eps is there for the division. It is added again in evaluation, and would count twice.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), eps=5.0)[2]
        array([1.1])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * (x.var(axis=0, ddof=1) + eps)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class MomentumTheOtherWay:
    """Swaps the shares of old and new.

    What it does: computes `momentum * running + (1 - momentum) * batch`.
    Why it is wrong: here momentum is the share of the *new* value, as in torch. (Some libraries mean the old one's.)
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[1]
        array([0.2])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = momentum * running_mean + (1 - momentum) * mean
            running_var = momentum * running_var + (1 - momentum) * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class MomentumHardCoded:
    """Always moves a tenth of the way.

    What it does: ignores the argument `momentum`.
    Why it is wrong: 0.1 is only what momentum is when nothing else is asked for.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), momentum=1)[1]
        array([2.])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = 0.9 * running_mean + 0.1 * mean
            running_var = 0.9 * running_var + 0.1 * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class RunningStatisticsInTraining:
    """Normalises by the running statistics while training.

    What it does: updates the running mean and variance, then uses those for the output.
    Why it is wrong: in training it is the batch's own statistics that give each feature mean 0 and variance 1.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[-0.999995,  0.999995]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            running_mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
        std = np.sqrt(running_var + eps)
        x_hat = (x - running_mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class BatchStatisticsInEvaluation:
    """Normalises by the batch in evaluation, too.

    What it does: computes mean and variance of whatever batch comes, and only leaves the running statistics alone.
    Why it is wrong: an example's output would depend on its neighbours, and a batch of one would always give beta.
    Example:
        >>> batchnorm_forward(np.array([[7.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), training=False)[0]
        array([[6.999965]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        mean, var = x.mean(axis=0), x.var(axis=0)
        if training:
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class EvaluationMovesTheStatistics:
    """Updates the running statistics in evaluation.

    What it does: normalises by the running statistics as it should, but moves them towards the batch in both modes.
    Why it is wrong: in evaluation nothing is learned: test data leave no trace, and come out the same the next time.
    Example:
        >>> x = np.array([[1.0], [3.0]])
        >>> batchnorm_forward(x, np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), training=False)[1]
        array([0.])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        mean, var = (x.mean(axis=0), x.var(axis=0)) if training else (running_mean, running_var)
        running_mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
        running_var = (1 - momentum) * running_var + momentum * x.var(axis=0) * len(x) / max(len(x) - 1, 1)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class OneMeanForAllFeatures:
    """Takes one mean and one variance of the whole batch.

    What it does: calls `x.mean()` and `x.var()` without an axis.
    Why it is wrong: every feature has a mean and a variance of its own, `axis=0`.
    Example:
        >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
        >>> batchnorm_forward(x, np.ones(2), np.zeros(2), np.zeros(2), np.ones(2))[0].round(2)
        array([[-1., -1.],
               [ 1.,  1.]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(), x.var()
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class RowsInsteadOfColumns:
    """Normalises every example.

    What it does: takes mean and variance over the features of each example, `axis=1`.
    Why it is wrong: that is layer normalisation. Here each feature is normalised over the examples, `axis=0`.
    Example:
        >>> x = np.array([[1.0, 10.0], [3.0, 10.0]])
        >>> batchnorm_forward(x, np.ones(2), np.zeros(2), np.zeros(2), np.ones(2))[0].round(2)
        array([[-1.,  0.],
               [ 1.,  0.]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
            running_mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0) * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class MeanOfSquaresMinusSquareOfMean:
    """Rearranges the variance.

    What it does: computes the variance as `(x**2).mean() - x.mean()**2`.
    Why it is wrong: equal on paper. In floating point the variance was in the last digits, and those are rounded away.
    Example:
        >>> x = 1e8 + np.array([[1.0], [2.0], [3.0]])
        >>> batchnorm_forward(x, np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[-1.22473569,  0.        ,  1.22473569]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean = x.mean(axis=0)
            var = (x**2).mean(axis=0) - mean**2
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class GammaAndBetaSwapped:
    """Scales by beta and shifts by gamma.

    What it does: computes `beta * x_hat + gamma`.
    Why it is wrong: gamma is the new spread, beta the new centre.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.full(1, 2.0), np.zeros(1), np.zeros(1), np.ones(1))[0].T
        array([[-1.99999,  1.99999]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return beta * x_hat + gamma, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class GammaAndBetaForgotten:
    """Stops at x_hat.

    What it does: returns the normalised features, without scale and shift.
    Why it is wrong: gamma and beta are learned, so that the network may choose another scale and another centre.
    Example:
        >>> batchnorm_forward(np.array([[1.0], [3.0]]), np.full(1, 2.0), np.ones(1), np.zeros(1), np.ones(1))[0].T
        array([[-0.99999,  2.99999]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            n = len(x)
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return x_hat, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class UpdatesInPlace:
    """Changes the running statistics of the caller.

    What it does: uses `*=` and `+=` on `running_mean` and `running_var`.
    Why it is wrong: those arrays belong to the caller. The new statistics are returned, the old ones stay.
    Example:
        >>> mean = np.zeros(1)
        >>> _ = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), mean, np.ones(1)); mean
        array([0.])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean *= 1 - momentum
            running_mean += momentum * mean
            running_var *= 1 - momentum
            running_var += momentum * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


@misconception("batchnorm_forward")
class RemembersTheStatistics:
    """Keeps the running statistics in a variable of its own.

    What it does: starts from the statistics that the call before has left, not from those that are handed in.
    Why it is wrong: every layer has its own; the caller keeps them and hands them in each time.
    Example:
        >>> x = np.array([[1.0], [3.0]])
        >>> [batchnorm_forward(x, np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[1].item() for _ in range(2)]
        [0.2, 0.2]
    """

    kept = None

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        global kept
        if kept is not None and len(kept[0]) == x.shape[1]:
            running_mean, running_var = kept
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
            kept = running_mean, running_var
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, std, training)


# batchnorm_backward


@misconception("batchnorm_backward")
class StatisticsAsConstants:
    """Takes mean and variance for constants, in training too.

    What it does: computes `dx = dout * gamma / std` in both modes.
    Why it is wrong: in training mean and variance are functions of x, and two of the three paths lead through them.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.ones((2, 1)), cache)[0].T
        array([[0., 0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, _ = cache
        return dout * gamma / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class PathThroughTheMeanForgotten:
    """Goes back through the standard deviation, but not through the mean.

    What it does: leaves the mean of `dout * gamma` out of dx.
    Why it is wrong: shifting all inputs changes nothing, so dx must sum to 0 over the batch.
    Example:
        >>> rest = np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), *rest, eps=3.0)[3]
        >>> batchnorm_backward(np.ones((2, 1)), cache)[0].T
        array([[0., 0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class PathThroughTheSpreadForgotten:
    """Goes back through the mean, but not through the standard deviation.

    What it does: computes `dx = (h - h.mean()) / std`.
    Why it is wrong: the batch's standard deviation moves with every x as well; the third term is missing.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.array([[0.0], [2.0]]), cache)[0].T.round(3)
        array([[-0.,  0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class SignOfTheSpread:
    """Adds the path through the standard deviation.

    What it does: computes `h - h.mean() + x_hat * (h * x_hat).mean()`.
    Why it is wrong: a larger standard deviation makes x_hat smaller, so this path takes away.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.array([[0.0], [2.0]]), cache)[0].T.round(3)
        array([[-0.,  0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) + x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class SumsInPlaceOfMeans:
    """Forgets the 1/N of mean and variance.

    What it does: subtracts sums over the batch where means belong.
    Why it is wrong: one x moves the mean of N numbers by 1/N only, and the standard deviation by x_hat / N.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.ones((2, 1)), cache)[0].T.round(3)
        array([[0., 0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.sum(axis=0) - x_hat * (h * x_hat).sum(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class UnbiasedOnTheWayBack:
    """Divides by N - 1 in the path through the variance.

    What it does: differentiates the unbiased variance.
    Why it is wrong: the output was normalised by the biased one; the unbiased one went to the running statistics only.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.array([[0.0], [2.0]]), cache)[0].T.round(3)
        array([[-0.,  0.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).sum(axis=0) / (len(h) - 1)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class GammaForgotten:
    """Leaves gamma out of dx.

    What it does: starts from `dout` where `dout * gamma` belongs.
    Why it is wrong: out = gamma * x_hat + beta, so the slope with respect to x_hat is gamma times that of out.
    Example:
        >>> rest = np.full(1, 5.0), np.zeros(1), np.zeros(1), np.ones(1)
        >>> cache = batchnorm_forward(np.eye(1), *rest, training=False)[3]
        >>> batchnorm_backward(np.ones((1, 1)), cache)[0].round(3)
        array([[5.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, _, std, training = cache
        h = dout
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class NotDividedByTheRoot:
    """Forgets the factor 1 / std of dx.

    What it does: returns the slope with respect to the centred and projected x_hat.
    Why it is wrong: x_hat is x divided by the root, so every path carries one over the root.
    Example:
        >>> rest = np.ones(1), np.zeros(1), np.zeros(1), np.full(1, 4.0)
        >>> cache = batchnorm_forward(np.eye(1), *rest, training=False)[3]
        >>> batchnorm_backward(np.ones((1, 1)), cache)[0].round(3)
        array([[0.5]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, _, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class EvaluationAsInTraining:
    """Goes back through mean and variance in evaluation, too.

    What it does: subtracts the two means over the batch in both modes.
    Why it is wrong: in evaluation mean and variance came from outside. Only the direct path is left.
    Example:
        >>> rest = np.ones(1), np.zeros(1), np.zeros(1), np.full(1, 4.0)
        >>> cache = batchnorm_forward(np.eye(1), *rest, training=False)[3]
        >>> batchnorm_backward(np.ones((1, 1)), cache)[0].round(3)
        array([[0.5]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, _ = cache
        h = dout * gamma
        h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class EvaluationBlocksTheGradient:
    """Gives gamma and beta no slope in evaluation.

    What it does: returns zeros for dgamma and dbeta after a forward pass in evaluation.
    Why it is wrong: out = gamma * x_hat + beta holds in both modes; it is the running statistics that have no slope.
    Example:
        >>> rest = np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)
        >>> cache = batchnorm_forward(np.eye(1), *rest, training=False)[3]
        >>> batchnorm_backward(np.ones((1, 1)), cache)[2]
        array([1.])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if not training:
            return h / std, np.zeros_like(gamma), np.zeros_like(gamma)
        h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class EpsForgottenOnTheWayBack:
    """Divides by the root of the variance without eps.

    What it does: keeps the variance in the cache, and forgets eps.
    Why it is wrong: the forward pass has divided by sqrt(var + eps); its derivative divides by the same.
    Example:
        >>> x = np.array([[2.0], [2.0]])
        >>> batchnorm_backward(x, batchnorm_forward(x, np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3])[0].T
        array([[0., 0.]])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        x_hat = (x - mean) / np.sqrt(var + eps)
        return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, np.sqrt(var), training)

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class DgammaFromX:
    """Multiplies dout by x for dgamma.

    What it does: computes `dgamma = (dout * x).sum()`.
    Why it is wrong: gamma multiplies the normalised x_hat, not x.
    Example:
        >>> x = np.array([[1.0], [3.0]])
        >>> batchnorm_backward(x, batchnorm_forward(x, np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3])[1]
        array([1.99999])
    """

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, running_mean, running_var, (x, x_hat, gamma, std, training)

    def batchnorm_backward(dout, cache):
        x, x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class GammaInDgamma:
    """Multiplies dgamma by gamma.

    What it does: computes `(dout * gamma * x_hat).sum()`.
    Why it is wrong: the derivative of gamma * x_hat with respect to gamma is x_hat. The factor gamma belongs to dx.
    Example:
        >>> rest = np.full(1, 5.0), np.zeros(1), np.zeros(1), np.ones(1)
        >>> cache = batchnorm_forward(np.eye(1), *rest, training=False)[3]
        >>> batchnorm_backward(np.ones((1, 1)), cache)[1].round(3)
        array([1.])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        dgamma = (h * x_hat).sum(axis=0)
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, dgamma, dout.sum(axis=0)


@misconception("batchnorm_backward")
class MeansForGammaAndBeta:
    """Averages dgamma and dbeta over the batch.

    What it does: takes the mean where the sum belongs.
    Why it is wrong: all N outputs use the same gamma and beta, and each adds its slope. A mean is the loss's business.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.ones((2, 1)), cache)[2]
        array([2.])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).mean(axis=0), dout.mean(axis=0)


@misconception("batchnorm_backward")
class DgammaAndDbetaSwapped:
    """Returns dgamma and dbeta in the wrong order.

    What it does: returns `dx, dbeta, dgamma`.
    Why it is wrong: the order is that of the arguments: x, gamma, beta.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> batchnorm_backward(np.ones((2, 1)), cache)[1]
        array([0.])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, dout.sum(axis=0), (dout * x_hat).sum(axis=0)


@misconception("batchnorm_backward")
class RemembersTheLastPass:
    """Keeps what it needs in a variable outside the cache.

    What it does: the forward pass overwrites one variable, and the way back reads it.
    Why it is wrong: a network runs forward through all its layers before it goes back; one variable cannot serve all.
    Example:
        >>> rest = np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)
        >>> first = batchnorm_forward(np.array([[1.0], [3.0]]), *rest)[3]
        >>> _ = batchnorm_forward(np.zeros((2, 1)), *rest)
        >>> batchnorm_backward(np.array([[0.0], [2.0]]), first)[1]
        array([1.99999])
    """

    last = None

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        global last
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
        else:
            mean, var = running_mean, running_var
        std = np.sqrt(var + eps)
        last = (x - mean) / std, gamma, std, training
        return gamma * (x - mean) / std + beta, running_mean, running_var, last

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = last
        h = dout * gamma
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("batchnorm_backward")
class UsesTheCacheUp:
    """Changes x_hat in the cache.

    What it does: works in place on what the cache holds.
    Why it is wrong: a cache may be used again, with another `dout`; the second answer would be another function's.
    Example:
        >>> cache = batchnorm_forward(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1))[3]
        >>> [batchnorm_backward(np.array([[0.0], [2.0]]), cache)[1].item() for _ in range(2)]
        [1.9999900000749995, 1.9999900000749995]
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        dgamma = (dout * x_hat).sum(axis=0)
        h = dout * gamma
        if training:
            x_hat *= (h * x_hat).mean(axis=0)
            h = h - h.mean(axis=0) - x_hat
        return h / std, dgamma, dout.sum(axis=0)


@misconception("batchnorm_backward")
class ScalesDoutInPlace:
    """Changes dout.

    What it does: multiplies the caller's array by gamma, `dout *= gamma`, after dgamma and dbeta are done.
    Why it is wrong: `dout` belongs to the caller, who may need it again.
    Example:
        >>> dout = np.ones((1, 1))
        >>> cache = batchnorm_forward(dout, np.full(1, 5.0), np.zeros(1), np.zeros(1), np.ones(1), training=False)[3]
        >>> _ = batchnorm_backward(dout, cache); dout
        array([[1.]])
    """

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
        dout *= gamma
        h = dout
        if training:
            h = h - h.mean(axis=0) - x_hat * (h * x_hat).mean(axis=0)
        return h / std, dgamma, dbeta


# layernorm_forward


@misconception("layernorm_forward")
class NormalisedOverTheBatch:
    """Normalises every feature over the batch.

    What it does: takes mean and variance over the first axis.
    Why it is wrong: that is batch normalisation. Here every example is normalised by its own features, the last axis.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[0]
        array([[-0.999995,  0.999995]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean, var = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class SecondAxisInsteadOfLast:
    """Normalises along axis 1.

    What it does: takes mean and variance over the second axis, which is the last one of a matrix only.
    Why it is wrong: with more axes in front the features are still the last axis: -1.
    Example:
        >>> layernorm_forward(np.array([[[1.0, 3.0]]]), np.ones(2), np.zeros(2))[0]
        array([[[-0.999995,  0.999995]]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class AllAxesButTheFirst:
    """Normalises over everything that belongs to an example.

    What it does: takes one mean and one variance over all axes but the first.
    Why it is wrong: every position is normalised by itself: mean and variance run over the last axis alone.
    Example:
        >>> layernorm_forward(np.array([[[1.0, 3.0], [10.0, 30.0]]]), np.ones(2), np.zeros(2))[0].round(2)
        array([[[-1.,  1.],
                [-1.,  1.]]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        axes = tuple(range(1, x.ndim)) or (0,)
        mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class OneMeanForAllRows:
    """Takes one mean and one variance of the whole array.

    What it does: calls `x.mean()` and `x.var()` without an axis.
    Why it is wrong: every example has a mean and a variance of its own.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0], [10.0, 30.0]]), np.ones(2), np.zeros(2))[0].round(2)
        array([[-1.,  1.],
               [-1.,  1.]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = np.sqrt(x.var() + eps)
        x_hat = (x - x.mean()) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class UnbiasedVarianceOfTheRow:
    """Divides the squares by D - 1.

    What it does: normalises by the unbiased variance (`ddof=1`, or torch's default).
    Why it is wrong: layer normalisation divides by D. With a single feature, D - 1 is even 0.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[0]
        array([[-0.999995,  0.999995]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = np.sqrt(x.var(axis=-1, ddof=1, keepdims=True) + eps)
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class EpsAddedToTheDeviation:
    """Adds eps after taking the root.

    What it does: divides by `sqrt(var) + eps`.
    Why it is wrong: eps belongs to the variance, inside the root.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)[0]
        array([[-0.5,  0.5]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = x.std(axis=-1, keepdims=True) + eps
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class EpsLeftOut:
    """Leaves eps out.

    What it does: divides by `sqrt(var)`.
    Why it is wrong: a row of equal features has variance 0, and 0 / 0 is not a number.
    Example:
        >>> layernorm_forward(np.array([[2.0, 2.0]]), np.ones(2), np.zeros(2))[0]
        array([[0., 0.]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = x.std(axis=-1, keepdims=True)
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class EpsIgnored:
    """Always adds 1e-5.

    What it does: ignores the argument `eps`.
    Why it is wrong: 1e-5 is only what eps is when nothing else is asked for.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)[0]
        array([[-0.5,  0.5]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class RootForgotten:
    """Divides by the variance.

    What it does: divides by `var + eps`.
    Why it is wrong: only the root of the variance has the unit of the features, and brings their spread to 1.
    Example:
        >>> layernorm_forward(np.array([[0.0, 8.0]]), np.ones(2), np.zeros(2))[0]
        array([[-0.99999969,  0.99999969]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = x.var(axis=-1, keepdims=True) + eps
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class NotCentred:
    """Scales without centring.

    What it does: divides x by the root of its mean square, and subtracts no mean.
    Why it is wrong: that is RMS normalisation, a relative. Layer normalisation makes the mean of each row 0 first.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[0]
        array([[-0.999995,  0.999995]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
        x_hat = x / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class DifferenceOfLargeNumbers:
    """Rearranges the variance.

    What it does: computes the variance as `(x**2).mean() - x.mean()**2`.
    Why it is wrong: equal on paper. In floating point the variance was in the last digits, and those are rounded away.
    Example:
        >>> layernorm_forward(1e8 + np.array([[1.0, 2.0, 3.0]]), np.ones(3), np.zeros(3))[0]
        array([[-1.22473569,  0.        ,  1.22473569]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean = x.mean(axis=-1, keepdims=True)
        std = np.sqrt((x**2).mean(axis=-1, keepdims=True) - mean**2 + eps)
        x_hat = (x - mean) / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


@misconception("layernorm_forward")
class ShiftAndScaleSwapped:
    """Scales by beta and shifts by gamma.

    What it does: computes `beta * x_hat + gamma`.
    Why it is wrong: gamma is the new spread, beta the new centre.
    Example:
        >>> layernorm_forward(np.array([[1.0, 3.0]]), np.full(2, 5.0), np.zeros(2))[0]
        array([[-4.999975,  4.999975]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        std = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
        x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
        return beta * x_hat + gamma, (x_hat, gamma, std)


@misconception("layernorm_forward")
class CentresInPlace:
    """Changes x.

    What it does: subtracts the mean from the caller's array, `x -= mean`.
    Why it is wrong: x belongs to the caller; in a residual block it is even used again right afterwards.
    Example:
        >>> x = np.array([[1.0, 3.0]]); _ = layernorm_forward(x, np.ones(2), np.zeros(2)); x
        array([[1., 3.]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        x -= x.mean(axis=-1, keepdims=True)
        std = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
        x_hat = x / std
        return gamma * x_hat + beta, (x_hat, gamma, std)


# layernorm_backward


@misconception("layernorm_backward")
class MeanAndSpreadAsConstants:
    """Takes mean and variance for constants.

    What it does: computes `dx = dout * gamma / std`.
    Why it is wrong: both are functions of the row, and two of the three paths lead through them.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((1, 2)), cache)[0]
        array([[0., 0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = len(gamma)
        return dout * gamma / std, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class MeanForgotten:
    """Goes back through the standard deviation, but not through the mean.

    What it does: leaves the mean of `dout * gamma` out of dx.
    Why it is wrong: shifting a whole row changes nothing, so dx must sum to 0 along it. Without this path it does not.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((1, 2)), cache)[0]
        array([[0., 0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class SpreadForgotten:
    """Goes back through the mean, but not through the standard deviation.

    What it does: computes `dx = (h - h.mean()) / std`.
    Why it is wrong: the standard deviation of the row moves with every x as well; the third term is missing.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0].round(3)
        array([[-0.,  0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class GammaAfterTheMeans:
    """Multiplies by gamma at the end.

    What it does: pulls gamma out of the means, as batch normalisation may.
    Why it is wrong: here gamma differs along the axis of the means. It has to be multiplied in before they are taken.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.array([1.0, 5.0]), np.zeros(2), eps=3.0)[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0].round(3)
        array([[-1.875,  1.875]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = len(gamma)
        dx = dout - dout.mean(axis=-1, keepdims=True) - x_hat * (dout * x_hat).mean(axis=-1, keepdims=True)
        return gamma * dx / std, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class GammaMissing:
    """Leaves gamma out of dx.

    What it does: starts from `dout` where `dout * gamma` belongs.
    Why it is wrong: out = gamma * x_hat + beta, so the slope with respect to x_hat is gamma times that of out.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.full(2, 5.0), np.zeros(2), eps=3.0)[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0]
        array([[-1.875,  1.875]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = len(gamma)
        dx = dout - dout.mean(axis=-1, keepdims=True) - x_hat * (dout * x_hat).mean(axis=-1, keepdims=True)
        return dx / std, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class MeansOverTheBatch:
    """Takes the means of dx over the examples.

    What it does: goes back as batch normalisation does, along the first axis.
    Why it is wrong: the forward pass took mean and variance along the last axis, so the way back runs along it, too.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0].round(3)
        array([[-0.,  0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - h.mean(axis=0, keepdims=True) - x_hat * (h * x_hat).mean(axis=0, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class DividedByTheBatch:
    """Divides the sums along the row by N.

    What it does: takes `len(dout)` for the number of terms in the means.
    Why it is wrong: they run over the D features of a row; the number of examples has nothing to do with it.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((1, 2)), cache)[0].round(3)
        array([[0., 0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, n, h = len(gamma), len(dout), dout * gamma
        dx = (h - h.sum(axis=-1, keepdims=True) / n - x_hat * (h * x_hat).sum(axis=-1, keepdims=True) / n) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class SumsForMeans:
    """Forgets the 1/D of mean and variance.

    What it does: subtracts sums along the row where means belong.
    Why it is wrong: one x moves the mean of D numbers by 1/D only, and the standard deviation by x_hat / D.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((1, 2)), cache)[0].round(3)
        array([[0., 0.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - h.sum(axis=-1, keepdims=True) - x_hat * (h * x_hat).sum(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class RootMissing:
    """Forgets the factor 1 / std of dx.

    What it does: returns the slope with respect to the centred and projected x_hat.
    Why it is wrong: x_hat is x divided by the root, so every path carries one over the root.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0]
        array([[-0.375,  0.375]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, _ = cache
        d, h = len(gamma), dout * gamma
        dx = h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class EpsNotInTheSlope:
    """Divides by the root of the variance without eps.

    What it does: keeps the standard deviation without eps in the cache.
    Why it is wrong: the forward pass has divided by sqrt(var + eps); its derivative divides by the same.
    Example:
        >>> cache = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=3.0)[1]
        >>> layernorm_backward(np.array([[0.0, 2.0]]), cache)[0]
        array([[-0.375,  0.375]])
    """

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
        x_hat = (x - mean) / np.sqrt(var + eps)
        return gamma * x_hat + beta, (x_hat, gamma, np.sqrt(var))

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class FirstAxisOnly:
    """Sums dgamma and dbeta over the first axis alone.

    What it does: takes `sum(axis=0)`, whatever the number of axes.
    Why it is wrong: gamma and beta serve every position of every example: sum over all axes but the last.
    Example:
        >>> cache = layernorm_forward(np.ones((4, 3, 2)), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((4, 3, 2)), cache)[2].shape
        (2,)
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        h = dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


@misconception("layernorm_backward")
class SummedAlongTheRow:
    """Sums dgamma and dbeta over the features.

    What it does: takes `sum(axis=-1)`, the axis that was normalised.
    Why it is wrong: gamma and beta have one entry per feature; it is the examples that are summed over.
    Example:
        >>> cache = layernorm_forward(np.ones((4, 2)), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((4, 2)), cache)[2].shape
        (2,)
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        h = dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).sum(axis=-1), dout.sum(axis=-1)


@misconception("layernorm_backward")
class AveragedOverTheExamples:
    """Averages dgamma and dbeta.

    What it does: takes the mean over the examples where the sum belongs.
    Why it is wrong: all outputs use the same gamma and beta, and each adds its slope.
    Example:
        >>> cache = layernorm_forward(np.ones((4, 2)), np.ones(2), np.zeros(2))[1]
        >>> layernorm_backward(np.ones((4, 2)), cache)[2]
        array([4., 4.])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d, h = len(gamma), dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).mean(axis=0), dout.reshape(-1, d).mean(axis=0)


@misconception("layernorm_backward")
class LastPassOnly:
    """Keeps what it needs in a variable outside the cache.

    What it does: the forward pass overwrites one variable, and the way back reads it.
    Why it is wrong: a network has many layers, and runs forward through all of them before it goes back.
    Example:
        >>> first = layernorm_forward(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2))[1]
        >>> _ = layernorm_forward(np.zeros((1, 2)), np.ones(2), np.zeros(2))
        >>> layernorm_backward(np.ones((1, 2)), first)[1]
        array([-0.999995,  0.999995])
    """

    last = None

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        global last
        std = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
        last = (x - x.mean(axis=-1, keepdims=True)) / std, gamma, std
        return gamma * last[0] + beta, last

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = last
        d, h = len(gamma), dout * gamma
        dx = (h - h.mean(axis=-1, keepdims=True) - x_hat * (h * x_hat).mean(axis=-1, keepdims=True)) / std
        return dx, (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)


@misconception("layernorm_backward")
class MultipliesDoutInPlace:
    """Changes dout.

    What it does: multiplies the caller's array by gamma, `dout *= gamma`, after dgamma and dbeta are done.
    Why it is wrong: `dout` belongs to the caller, who may need it again.
    Example:
        >>> dout, cache = np.ones((1, 2)), layernorm_forward(np.array([[1.0, 3.0]]), np.full(2, 5.0), np.zeros(2))[1]
        >>> _ = layernorm_backward(dout, cache); dout
        array([[1., 1.]])
    """

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = len(gamma)
        dgamma, dbeta = (dout * x_hat).reshape(-1, d).sum(axis=0), dout.reshape(-1, d).sum(axis=0)
        dout *= gamma
        through = dout.mean(axis=-1, keepdims=True) + x_hat * (dout * x_hat).mean(axis=-1, keepdims=True)
        return (dout - through) / std, dgamma, dbeta
