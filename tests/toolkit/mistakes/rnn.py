"""Mistakes that can be made in answers to questions of `rnn`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "rnn",
        "rnn_step",
        """
def rnn_step(x, h, w_x, w_h, b):
    return np.tanh(x @ w_x + h @ w_h + b)
""",
        (
            Mistake("np.tanh(", "np.sin("),
            Mistake("np.tanh(", "np.arctan("),
            Mistake("np.tanh(", "np.maximum(0, ", "relu instead of tanh"),
            Mistake("np.tanh(", "2 * np.tanh("),
            Mistake("+ b", "- b"),
            Mistake("+ b", "", "no bias"),
            Mistake("h @ w_h", "h @ w_h.T", "recurrent weights transposed"),
            Mistake("h @ w_h", "2 * h @ w_h"),
            Mistake("h @ w_h", "h"),
            Mistake("x @ w_x +", "x @ w_x -"),
            Mistake("x @ w_x +", "(x @ w_x) *"),
        ),
    ),
    Answer(
        "rnn",
        "lstm_step",
        """
def lstm_step(x, h, c, w_x, w_h, b):
    gates = x @ w_x + h @ w_h + b
    i, f, g, o = np.split(gates, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-np.clip(a, -500, 500))) for a in (i, f, o))
    g = np.tanh(g)
    c = f * c + i * g
    return o * np.tanh(c), c
""",
        (
            Mistake("i, f, g, o = np", "f, i, g, o = np", "forget gate first"),
            Mistake("i, f, g, o = np", "i, f, o, g = np", "output gate before the candidate"),
            Mistake("i, f, g, o = np", "o, g, f, i = np"),
            Mistake("g = np.tanh(g)", "g = 1 / (1 + np.exp(-np.clip(g, -500, 500)))", "sigmoid for the candidate"),
            Mistake("g = np.tanh(g)", "g = np.sin(g)"),
            Mistake("f * c + i * g", "f * c + (1 - f) * g", "coupled gates"),
            Mistake("f * c + i * g", "f * c * i * g"),
            Mistake("f * c + i * g", "c + i * g", "nothing forgotten"),
            Mistake("o * np.tanh(c), c", "o * c, c", "cell state shown as it is"),
            Mistake("o * np.tanh(c), c", "o + np.tanh(c), c"),
            Mistake("h @ w_h + b", "h @ w_h", "gates without bias"),
        ),
    ),
    Answer(
        "rnn",
        "gru_step",
        """
def gru_step(x, h, w_x, w_h, b_x, b_h):
    r_x, z_x, n_x = np.split(x @ w_x + b_x, 3, axis=1)
    r_h, z_h, n_h = np.split(h @ w_h + b_h, 3, axis=1)
    r, z = (1 / (1 + np.exp(-np.clip(a, -500, 500))) for a in (r_x + r_h, z_x + z_h))
    n = np.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h
""",
        (
            Mistake("(1 - z) * n + z * h", "z * n + (1 - z) * h", "update gate the other way"),
            Mistake("(1 - z) * n + z * h", "n + z * h", "nothing let go"),
            Mistake("(1 - z) * n + z * h", "(1 - z) * n * z * h"),
            Mistake("n_x + r * n_h", "n_x + n_h", "no reset gate"),
            Mistake("n_x + r * n_h", "r * (n_x + n_h)", "input reset too"),
            Mistake("n_x + r * n_h", "r * n_x + n_h"),
            Mistake("h @ w_h + b_h", "h @ w_h", "recurrent bias ignored"),
            Mistake("x @ w_x + b_x", "x @ w_x", "input bias ignored"),
            Mistake("r_x + r_h,", "r_x - r_h,"),
            Mistake("r, z = (1", "z, r = (1", "update gate first"),
            Mistake("np.tanh(", "np.sin("),
        ),
    ),
    Answer(
        "rnn",
        "clip_gradients",
        """
def clip_gradients(grads, max_norm):
    norm = float(np.sqrt(sum((g**2).sum() for g in grads)))
    if norm > max_norm:
        grads = [g * (max_norm / norm) for g in grads]
    return [np.array(g) for g in grads], norm
""",
        (
            Mistake("np.sqrt(sum((g**2).sum() for g in grads))", "sum((g**2).sum() for g in grads)", "root forgotten"),
            Mistake(
                "np.sqrt(sum((g**2).sum() for g in grads))",
                "sum(np.abs(g).sum() for g in grads)",
                "sum of absolute values",
            ),
            Mistake(
                "np.sqrt(sum((g**2).sum() for g in grads))",
                "np.sqrt(max((g**2).sum() for g in grads))",
                "largest array",
            ),
            Mistake("np.sqrt(sum((g**2).sum() for g in grads))", "np.sqrt(sum((g**2).mean() for g in grads))"),
            Mistake("max_norm / norm", "norm / max_norm", "factor upside down"),
            Mistake("max_norm / norm", "max_norm / norm**2"),
            Mistake("norm > max_norm", "norm < max_norm"),
            Mistake("norm > max_norm", "norm > 0", "always scaled"),
            Mistake("for g in grads], norm", "for g in grads], min(norm, max_norm)"),
            Mistake("for g in grads], norm", "for g in grads], norm / max_norm"),
            Mistake("np.array(g)", "np.array(g).ravel()"),
        ),
    ),
)
