"""Wrong answers, one mistake each."""

# ruff: noqa: D106 - a module in a misconception is explained once, as its functions are

import torch

from autograder.checks import misconception

# reparameterize


@misconception("reparameterize")
class VarianceForDeviation:
    """Multiplies the noise by the variance.

    What it does: computes `mu + exp(logvar) * eps`.
    Why it is wrong: noise times `s` has the variance `s**2`, so it is the standard deviation, `exp(0.5 * logvar)`, that
        belongs here.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.log([[4.0]]), np.ones((1, 1)))
        array([[4.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + np.exp(logvar) * eps


@misconception("reparameterize")
class LogvarForDeviation:
    """Multiplies the noise by the logarithm itself.

    What it does: computes `mu + logvar * eps`.
    Why it is wrong: the standard normal has `logvar = 0`, and would get no noise at all.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
        array([[0.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + logvar * eps


@misconception("reparameterize")
class RootOfLogvar:
    """Takes the root of the logarithm.

    What it does: computes `mu + sqrt(logvar) * eps`.
    Why it is wrong: the root of the variance is `exp(0.5 * logvar)`; a logarithm is often negative and has no root.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.log([[0.25]]), np.ones((1, 1)))
        array([[nan]])
    """

    def reparameterize(mu, logvar, eps):
        with np.errstate(invalid="ignore"):
            return mu + np.sqrt(logvar) * eps


@misconception("reparameterize")
class NoNoise:
    """Leaves the noise out.

    What it does: returns `mu`.
    Why it is wrong: every image would get a point and not a cloud, which is an ordinary autoencoder.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
        array([[0.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + 0 * eps


@misconception("reparameterize")
class OwnNoise:
    """Draws noise of its own.

    What it does: ignores `eps` and asks a random number generator.
    Why it is wrong: the trick is that the randomness comes from outside; the noise was handed in.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)))
        array([[0.12573022]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + np.exp(0.5 * logvar) * np.random.default_rng(0).normal(size=mu.shape)


@misconception("reparameterize")
class NoiseNotScaled:
    """Adds the noise as it is.

    What it does: computes `mu + eps`.
    Why it is wrong: all clouds would have the variance 1, whatever the encoder says.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.log([[4.0]]), np.ones((1, 1)))
        array([[1.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + eps


@misconception("reparameterize")
class NoiseSubtracted:
    """Subtracts the noise.

    What it does: computes `mu - sigma * eps`.
    Why it is wrong: the distribution would be the same, but not the sample that this very noise stands for.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
        array([[-1.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu - np.exp(0.5 * logvar) * eps


@misconception("reparameterize")
class MeanScaledToo:
    """Scales the mean along with the noise.

    What it does: computes `(mu + eps) * sigma`.
    Why it is wrong: the mean of the result would be `mu * sigma`. First scale, then shift.
    Example:
        >>> reparameterize(np.ones((1, 1)), np.log([[4.0]]), np.zeros((1, 1)))
        array([[2.]])
    """

    def reparameterize(mu, logvar, eps):
        return (mu + eps) * np.exp(0.5 * logvar)


@misconception("reparameterize")
class RolesSwapped:
    """Scales the mean by the noise.

    What it does: computes `sigma + mu * eps`.
    Why it is wrong: the mean shifts and the deviation scales.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros((1, 1)))
        array([[1.]])
    """

    def reparameterize(mu, logvar, eps):
        return np.exp(0.5 * logvar) + mu * eps


@misconception("reparameterize")
class PrecisionForVariance:
    """Takes `logvar` for the logarithm of the inverse variance.

    What it does: computes `mu + exp(-0.5 * logvar) * eps`.
    Why it is wrong: wide distributions become narrow and narrow ones wide.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.log([[4.0]]), np.ones((1, 1)))
        array([[0.5]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + np.exp(-0.5 * logvar) * eps


@misconception("reparameterize")
class NoiseOfTheFirstImage:
    """Uses the first row of the noise for every image.

    What it does: computes `mu + sigma * eps[0]`.
    Why it is wrong: the samples of a batch would move together; each has noise of its own.
    Example:
        >>> reparameterize(np.zeros((2, 1)), np.zeros((2, 1)), np.array([[1.0], [3.0]]))
        array([[1.], [1.]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + np.exp(0.5 * logvar) * eps[0]


@misconception("reparameterize")
class LogvarClampedInSample:
    """Clamps the logarithm of the variance.

    What it does: clips `logvar` to [-10, 10] before using it.
    Why it is wrong: the prompt says that it is used as it comes; beyond the clamp the sample is another.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.full((1, 1), 24.0), np.ones((1, 1)))  # exp(12) is 162754.8
        array([[148.4131591]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + np.exp(0.5 * np.clip(logvar, -10, 10)) * eps


@misconception("reparameterize")
class SmallNumberOnDeviation:
    """Adds a small number to the standard deviation.

    What it does: computes `mu + (sigma + 1e-6) * eps`.
    Why it is wrong: nothing is divided by sigma here, so nothing needs protection, and narrow distributions get wider.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.full((1, 1), -60.0), np.ones((1, 1)))  # exp(-30) is 9.4e-14
        array([[1.e-06]])
    """

    def reparameterize(mu, logvar, eps):
        return mu + (np.exp(0.5 * logvar) + 1e-6) * eps


@misconception("reparameterize")
class NoiseChangedInPlace:
    """Scales the caller's noise in place.

    What it does: `eps *= sigma` and `eps += mu`, then returns `eps`.
    Why it is wrong: the values are right, but the caller's array has been overwritten.
    Example:
        >>> eps = np.ones((1, 1)); reparameterize(np.zeros((1, 1)), np.log([[4.0]]), eps); eps
        array([[2.]])
    """

    def reparameterize(mu, logvar, eps):
        eps *= np.exp(0.5 * logvar)
        eps += mu
        return eps


@misconception("reparameterize")
class SinglePrecisionSample:
    """Returns float32.

    What it does: converts the result to float32.
    Why it is wrong: the prompt asks for float64; seven digits are left of sixteen.
    Example:
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1))).dtype
        dtype('float32')
    """

    def reparameterize(mu, logvar, eps):
        return (mu + np.exp(0.5 * logvar) * eps).astype(np.float32)


@misconception("reparameterize")
class AxesSqueezed:
    """Drops axes of length one.

    What it does: returns `np.squeeze(z)`.
    Why it is wrong: one image, or one latent dimension, is still an array of the shape (N, Z).
    Example:
        >>> reparameterize(np.zeros((1, 3)), np.zeros((1, 3)), np.ones((1, 3))).shape
        (3,)
    """

    def reparameterize(mu, logvar, eps):
        return np.squeeze(mu + np.exp(0.5 * logvar) * eps)


@misconception("reparameterize")
class OneArrayForAllResults:
    """Returns the same array at every call.

    What it does: keeps an array for the result and writes every sample into it.
    Why it is wrong: the next call overwrites what the caller still holds.
    Example:
        >>> z = reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
        >>> reparameterize(np.zeros((1, 1)), np.zeros((1, 1)), np.full((1, 1), 7.0)); z
        array([[7.]])
    """

    kept = {}

    def reparameterize(mu, logvar, eps):
        z = kept.setdefault(mu.shape, np.empty(mu.shape))
        z[:] = mu + np.exp(0.5 * logvar) * eps
        return z


# kl_divergence


@misconception("kl_divergence")
class SignTurnedRound:
    """Returns the divergence with its sign turned round.

    What it does: computes `0.5 * sum(1 + logvar - mu**2 - exp(logvar))`, without the minus in front.
    Why it is wrong: a divergence is never negative; minimising this one would push the codes away from the prior.
    Example:
        >>> kl_divergence(np.ones((1, 1)), np.zeros((1, 1)))
        -0.5
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum(axis=1).mean())


@misconception("kl_divergence")
class HalfForgotten:
    """Leaves the factor one half out.

    What it does: sums `exp(logvar) + mu**2 - 1 - logvar`.
    Why it is wrong: every term of the logarithm of a normal density carries one half.
    Example:
        >>> kl_divergence(np.ones((1, 1)), np.zeros((1, 1)))
        1.0
    """

    def kl_divergence(mu, logvar):
        return float((np.exp(logvar) + mu**2 - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class MeanOverTheCode:
    """Averages over the latent dimensions.

    What it does: takes the mean over all entries of the (N, Z) array.
    Why it is wrong: the dimensions are independent, so their divergences add up; the mean is too small by the factor Z.
    Example:
        >>> kl_divergence(np.ones((1, 2)), np.zeros((1, 2)))
        0.5
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).mean())


@misconception("kl_divergence")
class SummedOverTheBatch:
    """Sums over the batch as well.

    What it does: takes the sum over all entries of the (N, Z) array.
    Why it is wrong: the loss would grow with the size of the batch; over the images it is averaged.
    Example:
        >>> kl_divergence(np.ones((2, 1)), np.zeros((2, 1)))
        1.0
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum())


@misconception("kl_divergence")
class AxesExchanged:
    """Sums over the batch and averages over the code.

    What it does: `sum(axis=0).mean()` in place of `sum(axis=1).mean()`.
    Why it is wrong: images are rows. The dimensions of the code, which are summed, are the columns.
    Example:
        >>> kl_divergence(np.ones((1, 2)), np.zeros((1, 2)))
        0.5
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum(axis=0).mean())


@misconception("kl_divergence")
class DeviationInTheSum:
    """Adds the standard deviation where the variance belongs.

    What it does: uses `exp(0.5 * logvar)` for the variance.
    Why it is wrong: the expected square of `z` is the variance plus the squared mean.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[4.0]]))  # 0.8069
        -0.1931471805599453
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(0.5 * logvar) + mu**2 - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class LogvarTakenForLogDeviation:
    """Takes `logvar` for the logarithm of the standard deviation.

    What it does: uses `exp(2 * logvar)` for the variance and `2 * logvar` for its logarithm.
    Why it is wrong: `logvar` is the logarithm of the variance.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[2.0]]))  # 0.1534
        0.8068528194400547
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(2 * logvar) + mu**2 - 1 - 2 * logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class MeanNotSquared:
    """Adds the mean and not its square.

    What it does: computes `exp(logvar) + mu - 1 - logvar`.
    Why it is wrong: a shift to the left would lower the divergence.
    Example:
        >>> kl_divergence(-np.ones((1, 1)), np.zeros((1, 1)))
        -0.5
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class AbsoluteMean:
    """Adds the absolute value of the mean and not its square.

    What it does: computes `exp(logvar) + abs(mu) - 1 - logvar`.
    Why it is wrong: the exponent of a normal density is a square.
    Example:
        >>> kl_divergence(2 * np.ones((1, 1)), np.zeros((1, 1)))
        1.0
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + np.abs(mu) - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class OneForgotten:
    """Leaves the constant out.

    What it does: computes `exp(logvar) + mu**2 - logvar`.
    Why it is wrong: the standard normal would be half a nat per dimension away from itself.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.zeros((1, 1)))
        0.5
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class LogarithmAdded:
    """Adds the logarithm of the variance in place of subtracting it.

    What it does: computes `exp(logvar) + mu**2 - 1 + logvar`.
    Why it is wrong: the narrower the cloud, the lower this gets, down to minus infinity.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[0.25]]))  # 0.3181
        -1.0681471805599454
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - 1 + logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class LogarithmForgotten:
    """Leaves the logarithm of the variance out.

    What it does: computes `exp(logvar) + mu**2 - 1`.
    Why it is wrong: nothing keeps the clouds from shrinking to points.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[0.25]]))  # 0.3181
        -0.375
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (np.exp(logvar) + mu**2 - 1).sum(axis=1).mean())


@misconception("kl_divergence")
class VarianceForgotten:
    """Leaves the variance out.

    What it does: computes `mu**2 - 1 - logvar`.
    Why it is wrong: nothing keeps the clouds from growing.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[4.0]]))  # 0.8069
        -1.1931471805599454
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (mu**2 - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class OtherWayRound:
    """Measures the prior from the encoder's distribution.

    What it does: computes KL(p || q), `0.5 * (logvar + (1 + mu**2) / exp(logvar) - 1)`.
    Why it is wrong: the divergence is not symmetric, and the bound contains KL(q || p).
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.log([[4.0]]))  # 0.8069
        0.3181471805599453
    """

    def kl_divergence(mu, logvar):
        return float(0.5 * (logvar + (1 + mu**2) * np.exp(-logvar) - 1).sum(axis=1).mean())


@misconception("kl_divergence")
class OneNumberPerImage:
    """Returns a divergence for every image.

    What it does: returns the (N,) array of the sums, without the average.
    Why it is wrong: one number is asked for, the average over the batch.
    Example:
        >>> kl_divergence(np.ones((2, 1)), np.zeros((2, 1)))
        array([0.5, 0.5])
    """

    def kl_divergence(mu, logvar):
        return 0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum(axis=1)


@misconception("kl_divergence")
class LogvarClampedInDivergence:
    """Clamps the logarithm of the variance.

    What it does: clips `logvar` to [-10, 10] before using it.
    Why it is wrong: the prompt says that it is used as it comes; beyond the clamp the divergence is another.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.full((1, 1), -60.0))  # 29.5
        4.500022699964881
    """

    def kl_divergence(mu, logvar):
        v = np.clip(logvar, -10, 10)
        return float(0.5 * (np.exp(v) + mu**2 - 1 - v).sum(axis=1).mean())


@misconception("kl_divergence")
class SmallNumberInTheLogarithm:
    """Goes back to the variance and adds a small number to it.

    What it does: takes `log(exp(logvar) + 1e-8)` where `logvar` stood.
    Why it is wrong: the logarithm is already there; the small number puts a floor under it.
    Example:
        >>> kl_divergence(np.zeros((1, 1)), np.full((1, 1), -60.0))  # 29.5
        8.710340371976182
    """

    def kl_divergence(mu, logvar):
        var = np.exp(logvar)
        return float(0.5 * (var + mu**2 - 1 - np.log(var + 1e-8)).sum(axis=1).mean())


@misconception("kl_divergence")
class MeanSquaredInPlace:
    """Squares the caller's means in place.

    What it does: `mu **= 2` on the argument.
    Why it is wrong: the number is right, but the caller's array has been overwritten.
    Example:
        >>> mu = np.full((1, 1), 3.0); kl_divergence(mu, np.zeros((1, 1))); mu
        array([[9.]])
    """

    def kl_divergence(mu, logvar):
        mu **= 2
        return float(0.5 * (np.exp(logvar) + mu - 1 - logvar).sum(axis=1).mean())


@misconception("kl_divergence")
class CodeSqueezed:
    """Drops axes of length one before it sums.

    What it does: sums over the last axis of `np.squeeze(mu)` and `np.squeeze(logvar)`.
    Why it is wrong: with one latent dimension the last axis is then the batch, which is averaged and not summed.
    Example:
        >>> kl_divergence(np.ones((2, 1)), np.zeros((2, 1)))  # 0.5
        1.0
    """

    def kl_divergence(mu, logvar):
        mu, logvar = np.squeeze(mu), np.squeeze(logvar)
        return float(0.5 * np.mean(np.sum(np.exp(logvar) + mu**2 - 1 - logvar, axis=-1)))


# reconstruction_loss


@misconception("reconstruction_loss")
class MeanOverThePixels:
    """Averages over the pixels.

    What it does: takes the mean over all entries of the (N, D) array.
    Why it is wrong: the bound adds up log-probabilities. With the mean the loss is too small by the factor D, and the
        divergence drowns it.
    Example:
        >>> reconstruction_loss(np.ones((1, 2)), np.full((1, 2), 0.5))  # 1.3863
        0.6931471805599453
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return float(-(x * ink + (1 - x) * paper).mean())


@misconception("reconstruction_loss")
class PixelsOfTheWholeBatchSummed:
    """Sums over the batch as well.

    What it does: takes the sum over all entries of the (N, D) array.
    Why it is wrong: the loss would grow with the size of the batch; over the images it is averaged.
    Example:
        >>> reconstruction_loss(np.ones((2, 1)), np.full((2, 1), 0.5))  # 0.6931
        1.3862943611198906
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return float(-(x * ink + (1 - x) * paper).sum())


@misconception("reconstruction_loss")
class MinusForgotten:
    """Returns the log-likelihood, a negative number.

    What it does: leaves the minus sign out.
    Why it is wrong: minimising it would make the images as improbable as possible.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 0.5))
        -0.6931471805599453
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return float((x * ink + (1 - x) * paper).sum(axis=1).mean())


@misconception("reconstruction_loss")
class PaperForgotten:
    """Counts the inked pixels alone.

    What it does: sums `-x * log(x_hat)`.
    Why it is wrong: that is the cross-entropy of one choice among many. Each pixel is a choice of its own between ink
        and paper, and a black picture would cost nothing.
    Example:
        >>> reconstruction_loss(np.zeros((1, 1)), np.full((1, 1), 0.9))  # 2.3026
        0.0
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            return float(-(x * np.maximum(np.log(x_hat), -100)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class InkForgotten:
    """Counts the blank pixels alone.

    What it does: sums `-(1 - x) * log(1 - x_hat)`.
    Why it is wrong: half of the formula is missing, and a blank picture would cost nothing.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 0.1))  # 2.3026
        0.0
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            return float(-((1 - x) * np.maximum(np.log(1 - x_hat), -100)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class ArgumentsExchanged:
    """Takes the logarithm of the image and weighs it by the prediction.

    What it does: exchanges `x` and `x_hat` in the formula.
    Why it is wrong: the cross-entropy is not symmetric: the truth weighs the logarithms of the prediction.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 0.9))  # 0.1054
        10.0
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x), -100), np.maximum(np.log(1 - x), -100)
        return float(-(x_hat * ink + (1 - x_hat) * paper).sum(axis=1).mean())


@misconception("reconstruction_loss")
class SquaredError:
    """Uses the squared error.

    What it does: sums `(x - x_hat)**2`.
    Why it is wrong: that is the log-likelihood of pixels with normal noise. The decoder gives probabilities.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 0.5))  # 0.6931
        0.25
    """

    def reconstruction_loss(x, x_hat):
        return float(((x - x_hat) ** 2).sum(axis=1).mean())


@misconception("reconstruction_loss")
class PixelsRounded:
    """Turns grey pixels into black or white ones.

    What it does: uses `x > 0.5` in place of `x`.
    Why it is wrong: grey counts in proportion, as the prompt says.
    Example:
        >>> reconstruction_loss(np.full((1, 1), 0.75), np.full((1, 1), 0.9))  # 0.6547
        0.10536051565782628
    """

    def reconstruction_loss(x, x_hat):
        x = (x > 0.5).astype(float)
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return float(-(x * ink + (1 - x) * paper).sum(axis=1).mean())


@misconception("reconstruction_loss")
class ProbabilitiesClipped:
    """Clips the probabilities in place of clamping the logarithms.

    What it does: clips `x_hat` to [1e-7, 1 - 1e-7].
    Why it is wrong: a certain and wrong pixel then costs 16.1 and not 100.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.zeros((1, 1)))
        16.11809565095832
    """

    def reconstruction_loss(x, x_hat):
        p = np.clip(x_hat, 1e-7, 1 - 1e-7)
        return float(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class SmallNumberAdded:
    """Adds a small number to the probabilities in place of clamping the logarithms.

    What it does: takes `log(x_hat + 1e-8)` and `log(1 - x_hat + 1e-8)`.
    Why it is wrong: a certain and wrong pixel then costs 18.4 and not 100.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.zeros((1, 1)))
        18.420680743952367
    """

    def reconstruction_loss(x, x_hat):
        return float(-(x * np.log(x_hat + 1e-8) + (1 - x) * np.log(1 - x_hat + 1e-8)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class NoClamp:
    """Takes the logarithm of zero.

    What it does: computes the formula as it stands.
    Why it is wrong: `log(0)` is minus infinity, and zero times that is not a number.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.ones((1, 1)))
        nan
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(-(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class InkClampedAlone:
    """Clamps the logarithm of `x_hat` and forgets that of `1 - x_hat`.

    What it does: clamps one of the two logarithms.
    Why it is wrong: `x_hat = 1` makes the other one infinite.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.ones((1, 1)))
        nan
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore", invalid="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.log(1 - x_hat)
            return float(-(x * ink + (1 - x) * paper).sum(axis=1).mean())


@misconception("reconstruction_loss")
class ProductClamped:
    """Clamps a pixel's cost and not the logarithms.

    What it does: limits `-(x * log(x_hat) + (1 - x) * log(1 - x_hat))` to 100, and takes what is not a number for 0.
    Why it is wrong: a grey pixel that is half ink and was called blank with certainty costs half of 100.
    Example:
        >>> reconstruction_loss(np.full((1, 1), 0.5), np.zeros((1, 1)))  # 50
        100.0
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = -(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat))
        return float(np.minimum(np.nan_to_num(cost, nan=0.0), 100).sum(axis=1).mean())


@misconception("reconstruction_loss")
class ZeroAloneReplaced:
    """Replaces the logarithm of exactly zero and leaves those beside it below the clamp.

    What it does: takes -100 where a probability is exactly 0, and the logarithm elsewhere.
    Why it is wrong: `log(1e-60)` is -138, which the clamp raises to -100 too.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 1e-60))  # 100
        138.15510557964274
    """

    def reconstruction_loss(x, x_hat):
        def log(p):
            return np.log(np.where(p == 0, np.exp(-100), p))

        return float(-(x * log(x_hat) + (1 - x) * log(1 - x_hat)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class SigmoidAgain:
    """Applies a sigmoid to what are already probabilities.

    What it does: treats `x_hat` as logits.
    Why it is wrong: all probabilities end up between 0.5 and 0.73.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.ones((1, 1)))  # 0
        0.31326168751822286
    """

    def reconstruction_loss(x, x_hat):
        p = 1 / (1 + np.exp(-x_hat))
        return float(-(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class InBits:
    """Measures in bits.

    What it does: takes logarithms to the base 2.
    Why it is wrong: the divergence is in nats, with natural logarithms, and the two are added.
    Example:
        >>> reconstruction_loss(np.ones((1, 1)), np.full((1, 1), 0.5))  # 0.6931
        1.0
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log2(x_hat), -100), np.maximum(np.log2(1 - x_hat), -100)
        return float(-(x * ink + (1 - x) * paper).sum(axis=1).mean())


@misconception("reconstruction_loss")
class FloorSubtracted:
    """Subtracts what a perfect reproduction costs.

    What it does: returns the divergence of `x_hat` from `x`, which is zero when they are equal.
    Why it is wrong: the cross-entropy of a grey pixel has a floor above zero, as the prompt says.
    Example:
        >>> reconstruction_loss(np.full((1, 1), 0.5), np.full((1, 1), 0.5))  # 0.6931
        0.0
    """

    def reconstruction_loss(x, x_hat):
        def cost(p):
            with np.errstate(divide="ignore"):
                ink, paper = np.maximum(np.log(p), -100), np.maximum(np.log(1 - p), -100)
            return -(x * ink + (1 - x) * paper)

        return float((cost(x_hat) - cost(x)).sum(axis=1).mean())


@misconception("reconstruction_loss")
class OneLossPerImage:
    """Returns a loss for every image.

    What it does: returns the (N,) array of the sums, without the average.
    Why it is wrong: one number is asked for, the average over the batch.
    Example:
        >>> reconstruction_loss(np.ones((2, 1)), np.full((2, 1), 0.5))
        array([0.69314718, 0.69314718])
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return -(x * ink + (1 - x) * paper).sum(axis=1)


@misconception("reconstruction_loss")
class PredictionsChangedInPlace:
    """Takes the logarithm of the caller's probabilities in place.

    What it does: `np.log(x_hat, out=x_hat)` on the argument.
    Why it is wrong: the number is right, but the caller's array has been overwritten.
    Example:
        >>> x_hat = np.full((1, 1), 0.5); reconstruction_loss(np.ones((1, 1)), x_hat); x_hat
        array([[-0.69314718]])
    """

    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            paper = np.maximum(np.log(1 - x_hat), -100)
            ink = np.log(x_hat, out=x_hat)
            np.maximum(ink, -100, out=ink)
        return float(-(x * ink + (1 - x) * paper).sum(axis=1).mean())


# vae_loss


@misconception("vae_loss")
class BetaOnTheReconstruction:
    """Weighs the reconstruction with beta.

    What it does: computes `beta * reconstruction + kl`.
    Why it is wrong: beta is the price of the divergence; here a larger beta gives sharper pictures.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros((1, 1)), np.zeros((1, 1)), beta=2.0)  # 0.6931
        1.3862943611198906
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return beta * reconstruction_loss(x, x_hat) + kl_divergence(mu, logvar)


@misconception("vae_loss")
class BetaOnBoth:
    """Weighs the whole loss with beta.

    What it does: computes `beta * (reconstruction + kl)`.
    Why it is wrong: scaling both terms changes nothing about their balance.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros((1, 1)), np.zeros((1, 1)), beta=2.0)  # 0.6931
        1.3862943611198906
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return beta * (reconstruction_loss(x, x_hat) + kl_divergence(mu, logvar))


@misconception("vae_loss")
class BetaIgnored:
    """Leaves beta out.

    What it does: computes `reconstruction + kl` for every beta.
    Why it is wrong: the knob turns and nothing happens.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), beta=2.0)  # 1.0
        0.5
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + kl_divergence(mu, logvar)


@misconception("vae_loss")
class DivergenceSubtracted:
    """Subtracts the divergence.

    What it does: computes `reconstruction - beta * kl`.
    Why it is wrong: the bound subtracts the divergence from the log-likelihood; in the loss, its negative, both are
        added.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))  # 0.5
        -0.5
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) - beta * kl_divergence(mu, logvar)


@misconception("vae_loss")
class BoundReturned:
    """Returns the bound and not the loss.

    What it does: computes `-reconstruction - beta * kl`.
    Why it is wrong: the bound is maximised; a loss is minimised.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))  # 0.5
        -0.5
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return -reconstruction_loss(x, x_hat) - beta * kl_divergence(mu, logvar)


@misconception("vae_loss")
class ZeroBetaTakenForNone:
    """Takes a beta of zero for no beta.

    What it does: uses `beta or 1.0`.
    Why it is wrong: zero is a number like any other, and switches the divergence off.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), beta=0.0)  # 0.0
        0.5
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + (beta or 1.0) * kl_divergence(mu, logvar)


@misconception("vae_loss")
class AnotherDefault:
    """Has another default than 1.

    What it does: `beta=4.0` in the signature.
    Why it is wrong: without beta the loss is the negative bound, with one times the divergence.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))  # 0.5
        2.0
    """

    def vae_loss(x, x_hat, mu, logvar, beta=4.0):
        return reconstruction_loss(x, x_hat) + beta * kl_divergence(mu, logvar)


@misconception("vae_loss")
class WeightedAverage:
    """Takes a weighted average of the two terms.

    What it does: computes `(1 - beta) * reconstruction + beta * kl`.
    Why it is wrong: with `beta = 1` nothing would be left of the reconstruction.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros((1, 1)), np.zeros((1, 1)))  # 0.6931
        0.0
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return (1 - beta) * reconstruction_loss(x, x_hat) + beta * kl_divergence(mu, logvar)


@misconception("vae_loss")
class DivergencePerPixel:
    """Divides the divergence by the number of pixels.

    What it does: computes `reconstruction + beta * kl / D`.
    Why it is wrong: both terms are sums, as in the bound; this is another beta in disguise.
    Example:
        >>> vae_loss(np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 1)), np.zeros((1, 1)))  # 0.5
        0.25
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + beta * kl_divergence(mu, logvar) / x.shape[1]


@misconception("vae_loss")
class DivergenceAveragedTwice:
    """Divides the divergence by the size of the batch once more.

    What it does: computes `reconstruction + beta * kl / N`.
    Why it is wrong: `kl_divergence` is an average over the batch already.
    Example:
        >>> vae_loss(np.ones((2, 1)), np.ones((2, 1)), np.ones((2, 1)), np.zeros((2, 1)))  # 0.5
        0.25
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + beta * kl_divergence(mu, logvar) / len(x)


@misconception("vae_loss")
class BetaSquared:
    """Weighs the divergence with the square of beta.

    What it does: computes `reconstruction + beta**2 * kl`.
    Why it is wrong: beta stands in the loss to the first power.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), beta=2.0)  # 1.0
        2.0
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + beta**2 * kl_divergence(mu, logvar)


@misconception("vae_loss")
class DividedByBeta:
    """Divides the divergence by beta.

    What it does: computes `reconstruction + kl / beta`.
    Why it is wrong: a large beta must make the divergence dear, not cheap.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), beta=2.0)  # 1.0
        0.25
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat) + kl_divergence(mu, logvar) / beta


@misconception("vae_loss")
class ImageAndPredictionExchanged:
    """Hands image and prediction over in the wrong order.

    What it does: calls `reconstruction_loss(x_hat, x)`.
    Why it is wrong: the cross-entropy is not symmetric.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.full((1, 1), 0.9), np.zeros((1, 1)), np.zeros((1, 1)))  # 0.1054
        10.0
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x_hat, x) + beta * kl_divergence(mu, logvar)


@misconception("vae_loss")
class TermsReturnedApart:
    """Returns the two terms and not their sum.

    What it does: returns `(reconstruction, beta * kl)`.
    Why it is wrong: one number is asked for.
    Example:
        >>> vae_loss(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))  # 0.5
        (0.0, 0.5)
    """

    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        return reconstruction_loss(x, x_hat), beta * kl_divergence(mu, logvar)


# vae_loss_gradients


@misconception("vae_loss_gradients")
class BatchForgotten:
    """Forgets the average over the batch.

    What it does: returns `beta * mu` and `beta * 0.5 * (exp(logvar) - 1)`.
    Why it is wrong: the divergence is a mean over N images, so each entry's gradient carries 1/N.
    Example:
        >>> vae_loss_gradients(np.ones((2, 1)), np.zeros((2, 1)))[0]  # 0.5 each
        array([[1.], [1.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu, beta * 0.5 * (np.exp(logvar) - 1)


@misconception("vae_loss_gradients")
class BetaForgotten:
    """Leaves beta out.

    What it does: returns the gradients of the divergence alone.
    Why it is wrong: the term in the loss is beta times the divergence.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)), beta=2.0)[0]  # 2
        array([[1.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return mu / len(mu), 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class BetaOnTheMeanAlone:
    """Multiplies one of the two gradients by beta.

    What it does: leaves beta out of `dlogvar`.
    Why it is wrong: beta multiplies the whole divergence, so both gradients.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[5.0]]), beta=2.0)[1]  # 4
        array([[2.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class BatchOnTheMeanAlone:
    """Divides one of the two gradients by the size of the batch.

    What it does: leaves 1/N out of `dlogvar`.
    Why it is wrong: the whole divergence is averaged over the batch.
    Example:
        >>> vae_loss_gradients(np.zeros((2, 1)), np.log([[5.0], [5.0]]))[1]  # 1 each
        array([[2.], [2.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * (np.exp(logvar) - 1)


@misconception("vae_loss_gradients")
class HalfLostInDlogvar:
    """Leaves one half out of `dlogvar`.

    What it does: returns `beta * (exp(logvar) - 1) / N`.
    Why it is wrong: the factor one half of the divergence cancels against the square of mu only.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[5.0]]))[1]  # 2
        array([[4.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class MeanDoubled:
    """Differentiates the square of mu and forgets the factor one half in front of it.

    What it does: returns `2 * mu` where `mu` belongs.
    Why it is wrong: the derivative of `0.5 * mu**2` is `mu`.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)))[0]  # 1
        array([[2.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return 2 * beta * mu / len(mu), beta * 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class MeanHalved:
    """Takes half of the gradient by mu.

    What it does: returns `0.5 * mu` where `mu` belongs.
    Why it is wrong: the derivative of `0.5 * mu**2` is `mu`: the two of the power cancels the half.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)))[0]  # 1
        array([[0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return 0.5 * beta * mu / len(mu), beta * 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class UphillAndDownhill:
    """Returns both gradients with their signs turned round.

    What it does: returns the direction of descent.
    Why it is wrong: a gradient points uphill; the optimiser takes care of the minus.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)))[0]  # 1
        array([[-1.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return -beta * mu / len(mu), -beta * 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class DlogvarTurnedRound:
    """Returns `dlogvar` with its sign turned round.

    What it does: returns `0.5 * (1 - exp(logvar))`.
    Why it is wrong: narrow clouds would be made narrower still.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[5.0]]))[1]  # 2
        array([[-2.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * (1 - np.exp(logvar)) / len(mu)


@misconception("vae_loss_gradients")
class AveragedOverTheCode:
    """Divides by the size of the code as well.

    What it does: divides by N times Z.
    Why it is wrong: over the latent dimensions the divergence is summed, not averaged.
    Example:
        >>> vae_loss_gradients(np.ones((1, 2)), np.zeros((1, 2)))[0]  # 1, 1
        array([[0.5, 0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / mu.size, beta * 0.5 * (np.exp(logvar) - 1) / mu.size


@misconception("vae_loss_gradients")
class DividedByTheCode:
    """Divides by the size of the code in place of the size of the batch.

    What it does: divides by `mu.shape[1]`.
    Why it is wrong: the average is over the rows, N of them.
    Example:
        >>> vae_loss_gradients(np.ones((1, 2)), np.zeros((1, 2)))[0]  # 1, 1
        array([[0.5, 0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / mu.shape[1], beta * 0.5 * (np.exp(logvar) - 1) / mu.shape[1]


@misconception("vae_loss_gradients")
class OrderExchanged:
    """Returns the two gradients in the wrong order.

    What it does: returns `(dlogvar, dmu)`.
    Why it is wrong: `dmu` is asked for first.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)))[0]  # 1
        array([[0.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * 0.5 * (np.exp(logvar) - 1) / len(mu), beta * mu / len(mu)


@misconception("vae_loss_gradients")
class ByTheVariance:
    """Differentiates by the variance in place of its logarithm.

    What it does: returns `0.5 * (1 - exp(-logvar))`.
    Why it is wrong: with `v = log(sigma**2)` the chain rule brings another factor, the variance itself.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[5.0]]))[1]  # 2
        array([[0.4]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * (1 - np.exp(-logvar)) / len(mu)


@misconception("vae_loss_gradients")
class ByTheDeviation:
    """Differentiates by the standard deviation in place of the logarithm of the variance.

    What it does: returns `sigma - 1 / sigma`.
    Why it is wrong: the encoder puts out `logvar`, and its gradient is the one that is asked for.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[9.0]]))[1]  # 4
        array([[2.66666667]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        sigma = np.exp(0.5 * logvar)
        return beta * mu / len(mu), beta * (sigma - 1 / sigma) / len(mu)


@misconception("vae_loss_gradients")
class DeviationInDlogvar:
    """Uses the standard deviation where the variance belongs.

    What it does: returns `0.5 * (exp(0.5 * logvar) - 1)`.
    Why it is wrong: the derivative of `exp(logvar)` is `exp(logvar)`, the variance.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.log([[4.0]]))[1]  # 1.5
        array([[0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * (np.exp(0.5 * logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class OneLostInDlogvar:
    """Forgets the derivative of the logarithm's own term.

    What it does: returns `0.5 * exp(logvar)`.
    Why it is wrong: the divergence also contains `-logvar`, whose derivative is -1. At the prior the force must vanish.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.zeros((1, 1)))[1]  # 0
        array([[0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * np.exp(logvar) / len(mu)


@misconception("vae_loss_gradients")
class GradientsSummedOverTheBatch:
    """Sums the gradients over the batch.

    What it does: returns one number per latent dimension.
    Why it is wrong: each image has a mu of its own, and so a gradient of its own.
    Example:
        >>> vae_loss_gradients(np.ones((2, 1)), np.zeros((2, 1)))[0].shape  # (2, 1)
        (1,)
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu.mean(axis=0), beta * 0.5 * (np.exp(logvar) - 1).mean(axis=0)


@misconception("vae_loss_gradients")
class ZeroBetaTakenForNoBeta:
    """Takes a beta of zero for no beta.

    What it does: uses `beta or 1.0`.
    Why it is wrong: zero is a number like any other, and switches the force off.
    Example:
        >>> vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)), beta=0.0)[0]  # 0
        array([[1.]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        beta = beta or 1.0
        return beta * mu / len(mu), beta * 0.5 * (np.exp(logvar) - 1) / len(mu)


@misconception("vae_loss_gradients")
class LogvarClampedInGradient:
    """Clamps the logarithm of the variance.

    What it does: clips `logvar` to [-10, 10] before using it.
    Why it is wrong: the prompt says that it is used as it comes.
    Example:
        >>> vae_loss_gradients(np.zeros((1, 1)), np.full((1, 1), 11.0))[1]  # 29936.6
        array([[11012.73]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return beta * mu / len(mu), beta * 0.5 * (np.exp(np.clip(logvar, -10, 10)) - 1) / len(mu)


@misconception("vae_loss_gradients")
class ArgumentsOverwritten:
    """Works on the caller's arrays.

    What it does: `mu *= beta / N` and the like, and returns the arguments.
    Why it is wrong: the values are right, but the caller's arrays have been overwritten.
    Example:
        >>> mu = np.ones((2, 1)); vae_loss_gradients(mu, np.zeros((2, 1))); mu
        array([[0.5], [0.5]])
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        n = len(mu)
        mu *= beta / n
        np.exp(logvar, out=logvar)
        logvar -= 1
        logvar *= 0.5 * beta / n
        return mu, logvar


@misconception("vae_loss_gradients")
class GradientsInAList:
    """Returns the two gradients as a list.

    What it does: returns `[dmu, dlogvar]`.
    Why it is wrong: several results are a tuple, by the conventions.
    Example:
        >>> type(vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1))))
        <class 'list'>
    """

    def vae_loss_gradients(mu, logvar, beta=1.0):
        return [beta * mu / len(mu), beta * 0.5 * (np.exp(logvar) - 1) / len(mu)]


@misconception("vae_loss_gradients")
class OneArrayForAllGradients:
    """Returns the same arrays at every call.

    What it does: keeps arrays for the results and writes every gradient into them.
    Why it is wrong: the next call overwrites what the caller still holds.
    Example:
        >>> dmu, _ = vae_loss_gradients(np.ones((1, 1)), np.zeros((1, 1)))
        >>> vae_loss_gradients(np.full((1, 1), 7.0), np.zeros((1, 1))); dmu
        array([[7.]])
    """

    arrays = {}

    def vae_loss_gradients(mu, logvar, beta=1.0):
        dmu, dlogvar = arrays.setdefault(mu.shape, (np.empty(mu.shape), np.empty(mu.shape)))
        dmu[:] = beta * mu / len(mu)
        dlogvar[:] = beta * 0.5 * (np.exp(logvar) - 1) / len(mu)
        return dmu, dlogvar


# VAE


@misconception("vae")
class LogitsDecoded:
    """Decodes to logits.

    What it does: leaves the sigmoid out of `decode`.
    Why it is wrong: a probability lies between 0 and 1, and the cross-entropy takes its logarithm.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.decode(100 * torch.randn(9, 3)) < 0).any())
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class SigmoidInForwardAlone:
    """Applies the sigmoid in `forward` and not in `decode`.

    What it does: `decode` gives logits, `forward` makes probabilities of them.
    Why it is wrong: `decode` itself is asked for probabilities: samples are made with it.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.decode(100 * torch.randn(9, 3)) < 0).any())
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return torch.sigmoid(self.decode(z)), mu, logvar


@misconception("vae")
class SigmoidTwice:
    """Applies the sigmoid twice.

    What it does: `decode` ends in a sigmoid, and `forward` applies another.
    Why it is wrong: the sigmoid of a probability lies between 0.5 and 0.73: no pixel could be blank.
    Example:
        >>> model = VAE(6, 5, 3); bool((model(torch.randn(9, 6))[0] < 0.5).any())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return torch.sigmoid(self.decode(z)), mu, logvar


@misconception("vae")
class TanhPixels:
    """Ends the decoder in a hyperbolic tangent.

    What it does: `decode` gives numbers between -1 and 1.
    Why it is wrong: a negative number is no probability.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.decode(torch.randn(99, 3)) < 0).any())
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Tanh(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class RectifiedPixels:
    """Ends the decoder in a ReLU.

    What it does: `decode` gives numbers from 0 upwards.
    Why it is wrong: a probability is at most 1, and the gradient of a blank pixel would be zero.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.decode(100 * torch.randn(99, 3)) > 1).any())
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.ReLU(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class PixelsInCompetition:
    """Ends the decoder in a softmax.

    What it does: the pixels of an image share a probability of 1.
    Why it is wrong: each pixel is a choice of its own between ink and paper.
    Example:
        >>> model = VAE(6, 5, 3); model.decode(torch.randn(1, 3)).sum()
        tensor(1.)
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Softmax(dim=1),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class PixelsDrawn:
    """Draws the pixels.

    What it does: `decode` returns zeros and ones, drawn with the probabilities.
    Why it is wrong: the loss needs the probabilities, and no gradient passes a draw.
    Example:
        >>> model = VAE(6, 5, 3); model.decode(torch.randn(1, 3)).unique()
        tensor([0., 1.])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return torch.bernoulli(self.decoder(z))

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class NoiseInEvaluation:
    """Adds noise in evaluation mode too.

    What it does: never looks at `self.training`.
    Why it is wrong: in evaluation mode the reconstruction is that of `mu` itself, the same at every call.
    Example:
        >>> model = VAE(6, 5, 3); _ = model.eval(); x = torch.rand(1, 6); torch.equal(model(x)[0], model(x)[0])
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class NoNoiseInTraining:
    """Decodes the mean in training mode too.

    What it does: draws no noise at all.
    Why it is wrong: without noise `logvar` has no effect on the reconstruction, and this is an ordinary autoencoder.
    Example:
        >>> model = VAE(6, 5, 3); x = torch.rand(1, 6); torch.equal(model(x)[0], model(x)[0])
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            return self.decode(mu), mu, logvar


@misconception("vae")
class ModesExchanged:
    """Adds noise in evaluation mode and none in training mode.

    What it does: asks `if not self.training`.
    Why it is wrong: noise belongs to training.
    Example:
        >>> model = VAE(6, 5, 3); x = torch.rand(1, 6); torch.equal(model(x)[0], model(x)[0])
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if not self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class NoiseTimesVariance:
    """Multiplies the noise by the variance.

    What it does: computes `mu + exp(logvar) * eps`.
    Why it is wrong: noise times the standard deviation has the variance that was asked for.
    Example:
        >>> logvar = torch.log(torch.tensor(4.0)); torch.exp(logvar)  # the standard deviation is 2
        tensor(4.)
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class NoiseTimesLogvar:
    """Multiplies the noise by the logarithm of the variance.

    What it does: computes `mu + logvar * eps`.
    Why it is wrong: a standard normal code has `logvar = 0`, and would get no noise.
    Example:
        >>> 0.0 * torch.randn(1)  # a standard deviation of 1 was meant
        tensor([0.])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + logvar * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class UnitNoise:
    """Adds standard normal noise as it is.

    What it does: computes `mu + eps`.
    Why it is wrong: `logvar` has no effect on the code.
    Example:
        >>> torch.exp(torch.tensor(0.5 * -4.0))  # the deviation for logvar = -4; here it is always 1
        tensor(0.1353)
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class UniformNoise:
    """Draws the noise from the uniform distribution.

    What it does: uses `torch.rand_like`, numbers between 0 and 1.
    Why it is wrong: the noise is standard normal: mean 0, variance 1.
    Example:
        >>> bool((torch.rand_like(torch.zeros(99)) < 0).any())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.rand_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class OneNoiseForTheBatch:
    """Uses the same noise for every image of a batch.

    What it does: draws noise of the shape (latent_dim,).
    Why it is wrong: the draws of different images have to be independent.
    Example:
        >>> model = VAE(6, 5, 3); x_hat, _, _ = model(torch.ones(2, 6)); torch.equal(x_hat[0], x_hat[1])
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn(mu.shape[1])
            return self.decode(z), mu, logvar


@misconception("vae")
class OneNoiseForTheCode:
    """Uses the same noise for every dimension of a code.

    What it does: draws noise of the shape (N, 1).
    Why it is wrong: the dimensions of the code are independent.
    Example:
        >>> torch.randn(4, 1).expand(4, 3)[0].unique().shape
        torch.Size([1])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn(len(mu), 1)
            return self.decode(z), mu, logvar


@misconception("vae")
class SameNoiseEveryTime:
    """Draws the same noise at every call.

    What it does: seeds the generator inside `forward`.
    Why it is wrong: training would see a single sample of every cloud, over and over.
    Example:
        >>> model = VAE(6, 5, 3); x = torch.rand(1, 6); torch.equal(model(x)[0], model(x)[0])
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                torch.manual_seed(0)
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class CodeDetached:
    """Cuts the gradient at the code.

    What it does: decodes `z.detach()`.
    Why it is wrong: the encoder would learn nothing from the reconstruction.
    Example:
        >>> (torch.ones(1, requires_grad=True) * 2).detach().requires_grad
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z.detach()), mu, logvar


@misconception("vae")
class DrawnWithoutGradient:
    """Draws the code in a way that has no gradient.

    What it does: uses `torch.normal(mu, sigma)`.
    Why it is wrong: this is what the reparameterisation trick is for: the encoder gets no gradient through the draw.
    Example:
        >>> mu = torch.zeros(1, requires_grad=True); torch.normal(mu, 1.0).backward(); mu.grad
        tensor([0.])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = torch.normal(mu, torch.exp(0.5 * logvar))
            return self.decode(z), mu, logvar


@misconception("vae")
class DeviationDetached:
    """Cuts the gradient at the standard deviation.

    What it does: computes `mu + sigma.detach() * eps`.
    Why it is wrong: `logvar` would feel the divergence and not the reconstruction, and the clouds would be too wide.
    Example:
        >>> torch.exp(torch.ones(1, requires_grad=True)).detach().requires_grad
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar).detach() * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class SampleReturned:
    """Returns the sample in place of its mean.

    What it does: `forward` returns `(x_hat, z, logvar)`.
    Why it is wrong: the divergence needs the mean of the distribution.
    Example:
        >>> model = VAE(6, 5, 3); x = torch.rand(1, 6); torch.equal(model(x)[1], model.encode(x)[0])
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), z, logvar


@misconception("vae")
class DeviationReturned:
    """Encodes to the standard deviation.

    What it does: the second output of `encode` is `sigma`, and `forward` uses it so.
    Why it is wrong: the second output is the logarithm of the variance: the loss takes `exp` of it.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.encode(torch.randn(99, 6))[1] < 0).any())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), torch.exp(0.5 * self.logvar(h))

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, sigma = self.encode(x)
            z = mu
            if self.training:
                z = mu + sigma * torch.randn_like(mu)
            return self.decode(z), mu, sigma


@misconception("vae")
class OneHeadForBoth:
    """Uses one layer for both outputs.

    What it does: `mu` and `logvar` are the same numbers.
    Why it is wrong: position and width of a cloud are two different things.
    Example:
        >>> model = VAE(6, 5, 3); torch.equal(*model.encode(torch.rand(1, 6)))
        True
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.mu(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class RectifiedMean:
    """Puts a ReLU after the layer for `mu`.

    What it does: `mu` is never negative.
    Why it is wrong: half of the latent space, or all but one quarter of a plane, would stay empty.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.encode(torch.randn(99, 6))[0] < 0).any())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return torch.relu(self.mu(h)), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class PositiveLogvar:
    """Makes the logarithm of the variance positive.

    What it does: puts a softplus after the layer for `logvar`.
    Why it is wrong: no cloud could be narrower than the prior.
    Example:
        >>> model = VAE(6, 5, 3); bool((model.encode(torch.randn(99, 6))[1] < 0).any())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), torch.nn.functional.softplus(self.logvar(h))

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class OutputsExchanged:
    """Encodes to `(logvar, mu)`.

    What it does: returns the two outputs in the wrong order, and uses them so.
    Why it is wrong: `mu` is asked for first: evaluation decodes it.
    Example:
        >>> mu, logvar = 1.0, 0.0; (logvar, mu)  # (1.0, 0.0) was asked for
        (0.0, 1.0)
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.logvar(h), self.mu(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            logvar, mu = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class ReconstructionAlone:
    """Returns the reconstruction alone.

    What it does: `forward` returns `x_hat`.
    Why it is wrong: the loss needs `mu` and `logvar` too.
    Example:
        >>> model = VAE(6, 5, 3); model(torch.rand(1, 6)).shape
        torch.Size([1, 6])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z)


@misconception("vae")
class LayersInAList:
    """Keeps layers in a plain Python list.

    What it does: the decoder's layers are items of a list.
    Why it is wrong: a module finds its parameters in attributes, not in lists: the optimiser would never see these.
        `torch.nn.ModuleList` is found.
    Example:
        >>> model = VAE(6, 5, 3); any('decoder' in name for name in model.state_dict())
        False
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = [
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            ]

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            for layer in self.decoder:
                z = layer(z)
            return z

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class HiddenSizeFixed:
    """Has hidden layers of a fixed size.

    What it does: uses 16 units whatever `hidden_dim` says.
    Why it is wrong: the size is an argument.
    Example:
        >>> sum(p.numel() for p in VAE(6, 5, 3).parameters())  # as many as for VAE(6, 50, 3)
        380
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            hidden_dim = 16
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class InputSizeFixed:
    """Accepts images of 64 pixels only.

    What it does: uses 64 whatever `input_dim` says.
    Why it is wrong: the size is an argument: with the MNIST files there are 784 pixels.
    Example:
        >>> VAE(6, 5, 3).decode(torch.rand(1, 3)).shape
        torch.Size([1, 64])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            input_dim = 64
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class LatentSizeFixed:
    """Has a code of two numbers only.

    What it does: uses 2 whatever `latent_dim` says.
    Why it is wrong: the size is an argument: part 8 compares several.
    Example:
        >>> VAE(6, 5, 3).encode(torch.rand(1, 6))[0].shape
        torch.Size([1, 2])
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            latent_dim = 2
            self.hidden = torch.nn.Sequential(torch.nn.Linear(input_dim, hidden_dim), torch.nn.ReLU())
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.ReLU(),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar


@misconception("vae")
class NothingBetweenTheLayers:
    """Has no nonlinearity.

    What it does: stacks linear layers without anything between them.
    Why it is wrong: two linear layers in a row are one linear layer: the hidden units are wasted.
    Example:
        >>> VAE(6, 5, 3).hidden(-torch.ones(1, 6)).min() < 0  # of 5 units, some
        tensor(True)
    """

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.hidden = torch.nn.Linear(input_dim, hidden_dim)
            self.mu = torch.nn.Linear(hidden_dim, latent_dim)
            self.logvar = torch.nn.Linear(hidden_dim, latent_dim)
            self.decoder = torch.nn.Sequential(
                torch.nn.Linear(latent_dim, hidden_dim),
                torch.nn.Linear(hidden_dim, input_dim),
                torch.nn.Sigmoid(),
            )

        def encode(self, x):
            h = self.hidden(x)
            return self.mu(h), self.logvar(h)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.decode(z), mu, logvar
