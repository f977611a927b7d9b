"""Mistakes that can be made in answers to questions of `attention`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "attention",
        "scaled_dot_product_attention",
        """
def scaled_dot_product_attention(q, k, v, mask=None):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(k.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1.0, total)
    return weights @ v, weights
""",
        (
            Mistake("np.sqrt(k.shape[-1])", "k.shape[-1]", "scaled by the width"),
            Mistake("np.sqrt(k.shape[-1])", "np.sqrt(k.shape[-2])", "scaled by the number of keys"),
            Mistake("np.sqrt(k.shape[-1])", "1.0", "not scaled"),
            Mistake("np.sqrt(k.shape[-1])", "np.cbrt(k.shape[-1])"),
            Mistake("np.where(mask, scores", "np.where(~mask, scores", "mask the other way round"),
            Mistake("np.where(mask, scores, -np.inf)", "np.where(mask, scores, 0.0)", "hidden scores set to zero"),
            Mistake("np.where(mask, scores, -np.inf)", "np.where(mask, scores, -5.0)"),
            Mistake("np.exp(", "np.exp2("),
            Mistake("np.isfinite(top), top", "np.isfinite(top), 100.0"),
            Mistake("np.isfinite(top), top", "np.isfinite(top), np.minimum(top, 0)"),
            Mistake("weights @ v, weights", "weights @ v, scores", "scores for weights"),
            Mistake("weights @ v, weights", "weights**2 @ v, weights"),
            Mistake("q @ np", "-q @ np"),
        ),
    ),
    Answer(
        "attention",
        "multi_head_attention",
        """
def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
    n, length, d = x.shape

    def split(y):
        return y.reshape(n, length, num_heads, d // num_heads).swapaxes(1, 2)

    q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
    out, _ = scaled_dot_product_attention(q, k, v, mask)
    joined = out.swapaxes(1, 2).reshape(n, length, d)
    return joined @ w_o
""",
        (
            Mistake("joined @ w_o", "joined", "heads not mixed"),
            Mistake("joined @ w_o", "joined @ w_o + x", "input added"),
            Mistake("joined @ w_o", "joined @ w_o.T", "output projection transposed"),
            Mistake("(q, k, v, mask)", "(k, q, v, mask)", "queries and keys swapped"),
            Mistake("(q, k, v, mask)", "(q, k, v)", "mask not handed on"),
            Mistake("(q, k, v, mask)", "(q, k, v[:, ::-1], mask)"),
            Mistake("split(x @ w_v)", "split(x)", "values not projected"),
            Mistake("split(x @ w_v)", "split(x @ w_k)", "keys for values"),
            Mistake("split(x @ w_q)", "split(2 * x @ w_q)"),
            Mistake("out.swapaxes(1, 2).reshape", "out.reshape", "joined without transposing"),
        ),
    ),
    Answer(
        "attention",
        "positional_encoding",
        """
def positional_encoding(length, dim):
    position = np.arange(length)[:, None]
    pair = np.arange(0, dim, 2)
    angle = position / 10000.0 ** (pair / dim)
    out = np.zeros((length, dim))
    out[:, 0::2], out[:, 1::2] = np.sin(angle), np.cos(angle)
    return out
""",
        (
            Mistake("np.arange(length)", "np.arange(1, length + 1)", "counts from one"),
            Mistake("np.arange(length)", "(length - 1 - np.arange(length))"),
            Mistake("10000.0", "1000.0", "other base"),
            Mistake("10000.0", "np.e"),
            Mistake("pair / dim", "pair / (dim + 1)"),
            Mistake("pair / dim", "2 * pair / dim", "twice the exponent"),
            Mistake("np.sin(angle), np.cos(angle)", "np.cos(angle), np.sin(angle)", "cosine first"),
            Mistake("np.sin(angle), np.cos(angle)", "np.sin(angle), np.sin(angle) ** 2"),
            Mistake("np.cos(angle)\n", "np.cos(2 * angle)\n"),
            Mistake("return out", "return out / np.sqrt(dim)"),
            Mistake("return out", "return 0.5 * (out + 1)"),
        ),
    ),
    Answer(
        "attention",
        "causal_mask",
        """
def causal_mask(length):
    rows, columns = np.indices((length, length))
    return columns <= rows
""",
        (
            Mistake("columns <= rows", "columns < rows", "not even itself"),
            Mistake("columns <= rows", "columns >= rows", "sees the future"),
            Mistake("columns <= rows", "columns == rows"),
            Mistake("columns <= rows", "columns <= rows + 1", "one step ahead"),
            Mistake("columns <= rows", "columns <= 2 * rows"),
            Mistake("columns <= rows", "abs(columns - rows) <= 1"),
            Mistake("columns <= rows", "(columns <= rows) & (columns > 0)"),
            Mistake("columns <= rows", "(columns <= rows) & (columns >= rows - 2)"),
            Mistake("columns <= rows", "(columns + rows) % 2 == 0"),
            Mistake("columns <= rows", "columns <= length - 1 - rows"),
            Mistake("columns <= rows", "(columns <= rows).astype(float)", "ones and zeros"),
        ),
    ),
)
