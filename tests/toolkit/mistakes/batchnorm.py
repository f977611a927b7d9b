"""Mistakes that can be made in answers to questions of `batchnorm`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "batchnorm",
        "batchnorm_forward",
        """
def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
    if training:
        mean, var = x.mean(axis=0), x.var(axis=0)
        unbiased = x.var(axis=0, ddof=1)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * unbiased
    else:
        mean, var = running_mean, running_var
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    return gamma * x_hat + beta, running_mean, running_var, None
""",
        (
            Mistake("ddof=1", "ddof=0", "biased running variance"),
            Mistake("np.sqrt(var + eps)", "(var + eps)", "divided by the variance"),
            Mistake("np.sqrt(var + eps)", "np.sqrt(var) + eps", "eps outside the root"),
            Mistake("np.sqrt(var + eps)", "np.sqrt(var + 2 * eps)"),
            Mistake("gamma * x_hat + beta", "gamma * (x_hat + beta)"),
            Mistake("gamma * x_hat + beta", "gamma * x_hat - beta"),
            Mistake(
                "(1 - momentum) * running_mean + momentum * mean", "momentum * running_mean + (1 - momentum) * mean"
            ),
            Mistake("(1 - momentum) * running_mean + momentum", "running_mean + momentum"),
            Mistake("momentum * unbiased", "momentum * np.sqrt(unbiased)"),
            Mistake("(x - mean)", "x"),
            Mistake("    if training:", "    if True:"),
            Mistake("momentum=0.1", "momentum=0.9"),
        ),
    ),
    Answer(
        "batchnorm",
        "layernorm_forward",
        """
def layernorm_forward(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, None
""",
        (
            Mistake("x.mean(axis=-1", "x.max(axis=-1"),
            Mistake("x.mean(axis=-1", "np.median(x, axis=-1"),
            Mistake("x.var(axis=-1", "x.var(axis=0"),
            Mistake("keepdims=True)\n    x_hat", "keepdims=True, ddof=1)\n    x_hat", "unbiased variance of the row"),
            Mistake("np.sqrt(var + eps)", "(var + eps)", "root forgotten"),
            Mistake("np.sqrt(var + eps)", "(np.sqrt(var) + eps)", "eps added to the deviation"),
            Mistake("np.sqrt(var + eps)", "np.sqrt(np.maximum(var, eps))"),
            Mistake("gamma * x_hat + beta", "gamma * x_hat"),
            Mistake("gamma * x_hat + beta", "x_hat + beta"),
            Mistake("gamma * x_hat + beta", "(gamma + 1) * x_hat + beta"),
            Mistake("(x - mean)", "(x + mean)"),
        ),
    ),
    Answer(
        "batchnorm",
        "layernorm_backward",
        """
def layernorm_forward(x, gamma, beta, eps=1e-5):
    std = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=-1, keepdims=True)) / std
    return gamma * x_hat + beta, (x_hat, gamma, std)


def layernorm_backward(dout, cache):
    x_hat, gamma, std = cache
    axes = tuple(range(dout.ndim - 1))
    dgamma, dbeta = (dout * x_hat).sum(axis=axes), dout.sum(axis=axes)
    d = dout * gamma
    first = d.mean(axis=-1, keepdims=True)
    second = x_hat * (d * x_hat).mean(axis=-1, keepdims=True)
    dx = (d - first - second) / std
    return dx, dgamma, dbeta
""",
        (
            Mistake("dout * gamma", "dout", "gamma missing"),
            Mistake("d - first - second", "d - first", "spread forgotten"),
            Mistake("d - first - second", "d - second", "mean forgotten"),
            Mistake("d - first - second", "d - first + second"),
            Mistake("d - first - second) / std", "d - first - second) * std"),
            Mistake("(dout * x_hat).sum(", "(d * x_hat).sum("),
            Mistake("(dout * x_hat).sum(", "(dout * x_hat).mean("),
            Mistake("dout.sum(axis=axes)", "dout.max(axis=axes)"),
            Mistake("d.mean(", "d.sum("),
            Mistake("return dx, dgamma, dbeta", "return dx, dbeta, dgamma"),
            Mistake("range(dout.ndim - 1)", "range(1)", "first axis only"),
        ),
    ),
)
