"""Mistakes that can be made in answers to questions of `softmax`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "softmax",
        "softmax",
        """
def softmax(x, axis=-1):
    top = x.max(axis=axis, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(axis=axis, keepdims=True)
    return e / total
""",
        (
            Mistake("x - top", "x", "no maximum subtracted"),
            Mistake("np.exp(", "np.exp2(", "powers of two"),
            Mistake("e / total", "e / total**2"),
            Mistake("e / total", "e / (total + 0.01)"),
            Mistake("x - top", "0.9 * (x - top)"),
            Mistake("x - top", "x - np.median(x, axis=axis, keepdims=True)"),
            Mistake("x - top", "x - np.maximum(top, 0)"),
            Mistake("x - top", "x - np.sqrt(np.abs(top))"),
            Mistake("x - top", "x / top"),
            Mistake("axis=-1", "axis=0", "first axis by default"),
            Mistake("e.sum(axis=axis", "e.sum(axis=-1"),
            Mistake("x - top", "np.abs(x - top)", "sign reversed"),
            Mistake("x - top", "x + top"),
            Mistake("x - top", "np.clip(x, -600, 600)", "logits clipped"),
            Mistake("e / total", "np.where(e / total < 1e-3, 0, e / total)"),
        ),
    ),
    Answer(
        "softmax",
        "log_softmax",
        """
def log_softmax(x, axis=-1):
    top = x.max(axis=axis, keepdims=True)
    shifted = x - top
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
""",
        (
            Mistake("x - top", "x", "no maximum pulled out"),
            Mistake("x - top", "x + top"),
            Mistake("x - top", "x / 2"),
            Mistake("x - top", "np.minimum(x, 709)"),
            Mistake("x - top", "x - np.minimum(top, 0)"),
            Mistake("np.log(", "np.log2(", "only the sum in base two"),
            Mistake(".sum(axis", ".mean(axis"),
            Mistake("np.exp(shifted)", "np.exp(-shifted)"),
            Mistake("shifted - np.log", "shifted + np.log"),
            Mistake("shifted - np.log", "x - np.log", "maximum not put back"),
            Mistake("shifted - np.log", "-np.log"),
            Mistake("axis=-1", "axis=0"),
            Mistake("x - top", "np.clip(x, -700, 700)"),
        ),
    ),
    Answer(
        "softmax",
        "cross_entropy",
        """
def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])
""",
        (
            Mistake("-np.mean(", "-np.sum(", "sum over the batch"),
            Mistake("-np.mean(", "np.mean(", "sign forgotten"),
            Mistake("-np.mean(", "-np.median("),
            Mistake("logits - logits.max(", "logits + logits.max("),
            Mistake("logits - logits.max(", "logits - logits.min("),
            Mistake("logits - logits.max(axis=1, keepdims=True)", "logits - 100"),
            Mistake("-np.mean(", "-np.max("),
            Mistake("labels])", "labels - 1])"),
            Mistake("np.log(", "np.log2("),
            Mistake("axis=1, keepdims=True))", "axis=0, keepdims=True))"),
            Mistake("log_p[np.arange(len(labels)), labels]", "log_p[:, labels]", "every label for every row"),
            Mistake("log_p[np.arange(len(labels)), labels]", "log_p.max(axis=1)"),
            Mistake("log_p[np.arange(len(labels)), labels]", "np.maximum(log_p[np.arange(len(labels)), labels], -50)"),
            Mistake("np.mean(log_p", "np.mean(np.exp(log_p)"),
        ),
    ),
    Answer(
        "softmax",
        "softmax_regression_gradients",
        """
def softmax_regression_gradients(x, w, b, labels):
    logits = x @ w + b
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    g = e / e.sum(axis=1, keepdims=True)
    g[np.arange(len(labels)), labels] -= 1
    g = g / len(labels)
    return x.T @ g, g.sum(axis=0)
""",
        (
            Mistake("x @ w + b", "x @ w", "bias left out of the logits"),
            Mistake("g / len(labels)", "2 * g / len(labels)"),
            Mistake("g / len(labels)", "g / w.shape[1]"),
            Mistake("g / len(labels)", "g / x.size"),
            Mistake("-= 1", "-= 0.9"),
            Mistake("-= 1", "+= 1"),
            Mistake("g.sum(axis=0)", "g.mean(axis=0)", "bias gradient divided twice"),
            Mistake("g.sum(axis=0)", "g[0]"),
            Mistake("x.T @ g", "x.T @ g + 0.01 * w", "penalty added"),
            Mistake("x.T @ g", "-x.T @ g"),
            Mistake("x.T @ g", "x.T @ np.abs(g)"),
        ),
    ),
    Answer(
        "softmax",
        "accuracy",
        """
def accuracy(w, b, x, labels):
    return float(np.mean((x @ w + b).argmax(axis=1) == labels))
""",
        (
            Mistake("argmax", "argmin", "smallest logit"),
            Mistake("x @ w + b", "x @ w", "biases left out"),
            Mistake("x @ w + b", "x @ w - b"),
            Mistake("x @ w + b", "x @ w + np.clip(b, -30, 30)"),
            Mistake("x @ w + b", "np.abs(x @ w + b)"),
            Mistake("x @ w + b", "x @ w + 2 * b"),
            Mistake("==", "!=", "error rate"),
            Mistake("==", "<="),
            Mistake("== labels", "+ 1 == labels"),
            Mistake("== labels", "== np.sort(labels)"),
            Mistake("np.mean", "np.sum", "number of right answers"),
        ),
    ),
)
