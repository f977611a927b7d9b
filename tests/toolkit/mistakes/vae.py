"""Mistakes that can be made in answers to questions of `vae`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "vae",
        "kl_divergence",
        """
def kl_divergence(mu, logvar):
    terms = 0.5 * (mu**2 + np.exp(logvar) - logvar - 1)
    return float(terms.sum(axis=1).mean())
""",
        (
            Mistake("0.5 * (", "(", "half forgotten"),
            Mistake("0.5 * (", "0.25 * ("),
            Mistake("mu**2", "mu", "mean not squared"),
            Mistake("mu**2", "mu**3"),
            Mistake("np.exp(logvar)", "np.exp(2 * logvar)"),
            Mistake("np.exp(logvar)", "np.exp(0.5 * logvar)", "deviation in the sum"),
            Mistake("- logvar - 1", "- logvar", "one forgotten"),
            Mistake("- logvar - 1", "+ logvar - 1", "logarithm added"),
            Mistake(".sum(axis=1).mean()", ".mean()", "mean over the code"),
            Mistake(".sum(axis=1).mean()", ".sum()", "summed over the batch"),
            Mistake(".sum(axis=1).mean()", ".sum(axis=1).max()"),
        ),
    ),
    Answer(
        "vae",
        "reconstruction_loss",
        """
def reconstruction_loss(x, x_hat):
    with np.errstate(divide="ignore"):
        on, off = np.maximum(np.log(x_hat), -100), np.maximum(np.log1p(-x_hat), -100)
    return float(-(x * on + (1 - x) * off).sum(axis=1).mean())
""",
        (
            Mistake("x * on + (1 - x) * off", "x * on", "paper forgotten"),
            Mistake("x * on + (1 - x) * off", "(1 - x) * on + x * off"),
            Mistake("x * on + (1 - x) * off", "x * on - (1 - x) * off"),
            Mistake("np.maximum(np.log(x_hat), -100)", "np.log(x_hat + 1e-8)"),
            Mistake("np.maximum(np.log(x_hat), -100)", "np.maximum(np.log(x_hat), -50)"),
            Mistake("-(x * on", "(x * on", "minus forgotten"),
            Mistake(".sum(axis=1).mean()", ".mean()", "mean over the pixels"),
            Mistake(".sum(axis=1).mean()", ".sum()", "pixels of the whole batch summed"),
            Mistake(".sum(axis=1).mean()", ".sum(axis=0).mean()"),
            Mistake("np.log1p(-x_hat), -100)", "np.log1p(-x_hat), -10)"),
        ),
    ),
    Answer(
        "vae",
        "reparameterize",
        """
def reparameterize(mu, logvar, eps):
    return mu + np.exp(0.5 * logvar) * eps
""",
        (
            Mistake("0.5 * logvar", "logvar", "variance for deviation"),
            Mistake("0.5 * logvar", "-0.5 * logvar", "precision for variance"),
            Mistake("0.5 * logvar", "0.25 * logvar"),
            Mistake("np.exp(0.5", "np.exp2(0.5"),
            Mistake("* eps", "* eps**2"),
            Mistake("* eps", "* np.abs(eps)"),
            Mistake("* eps", "* eps[:1]", "noise of the first image"),
            Mistake("mu +", "mu -", "noise subtracted"),
            Mistake("mu +", ""),
            Mistake("mu +", "2 * mu +"),
            Mistake("mu +", "mu *"),
        ),
    ),
    Answer(
        "vae",
        "vae_loss_gradients",
        """
def vae_loss_gradients(mu, logvar, beta=1.0):
    n = len(mu)
    dmu = beta * mu / n
    dlogvar = beta * 0.5 * (np.exp(logvar) - 1) / n
    return dmu, dlogvar
""",
        (
            Mistake("beta * mu / n", "beta**2 * mu / n"),
            Mistake("beta * mu / n", "beta * mu"),
            Mistake("beta * mu / n", "beta * np.abs(mu) / n"),
            Mistake("beta * mu / n", "beta * 2 * mu / n", "mean doubled"),
            Mistake("beta * 0.5", "0.5", "beta on the mean alone"),
            Mistake("beta * 0.5", "beta", "half lost in dlogvar"),
            Mistake("np.exp(logvar) - 1", "np.exp(logvar)", "one lost in dlogvar"),
            Mistake("np.exp(logvar) - 1", "1 - np.exp(logvar)", "dlogvar turned round"),
            Mistake("np.exp(logvar) - 1", "np.exp(logvar) + 1"),
            Mistake("n = len(mu)", "n = mu.size", "averaged over the code"),
            Mistake("return dmu, dlogvar", "return dlogvar, dmu", "order exchanged"),
        ),
    ),
)
