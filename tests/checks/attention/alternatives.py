"""Right answers, written differently."""

from autograder.checks import alternative

# scaled_dot_product_attention


@alternative("scaled_dot_product_attention")
class OneQueryAtATime:
    """Loops over everything, and leaves hidden keys out."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        leading, (length, size), keys = q.shape[:-2], q.shape[-2:], k.shape[-2]
        out = np.zeros((*leading, length, v.shape[-1]))
        weights = np.zeros((*leading, length, keys))
        full = np.ones((*leading, length, keys), dtype=bool) if mask is None else np.broadcast_to(mask, weights.shape)
        for place in np.ndindex(*leading):
            for i in range(length):
                visible = [j for j in range(keys) if full[(*place, i, j)]]
                if not visible:
                    continue
                scores = [float(q[(*place, i)] @ k[(*place, j)]) / size**0.5 for j in visible]
                shares = [np.exp(score - max(scores)) for score in scores]
                for j, share in zip(visible, shares, strict=True):
                    weights[(*place, i, j)] = share / sum(shares)
                    out[(*place, i)] += weights[(*place, i, j)] * v[(*place, j)]
        return out, weights


@alternative("scaled_dot_product_attention")
class Einsum:
    """Writes the sums with einsum, and turns what is not a number into zero."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = np.einsum("...ld,...sd->...ls", q, k) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        with np.errstate(invalid="ignore"):
            e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
            weights = np.nan_to_num(e / np.sum(e, axis=-1, keepdims=True))
        return np.einsum("...ls,...se->...le", weights, v), weights


@alternative("scaled_dot_product_attention")
class MinusABillion:
    """Hides keys by a very low score, and sets rows that see nothing to zero afterwards."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5
        if mask is not None:
            scores = scores + np.where(mask, 0.0, -1e9)
        e = np.exp(scores - scores.max(-1, keepdims=True))
        weights = e / (e.sum(-1, keepdims=True) + 1e-9)
        if mask is not None:
            weights = weights * mask
        return np.matmul(weights, v), weights


@alternative("scaled_dot_product_attention")
class ScipySoftmax:
    """Takes the softmax from SciPy, and replaces the rows that see nothing."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        from scipy.special import softmax

        scores = np.matmul(q, np.moveaxis(k, -1, -2)) * (1 / np.sqrt(k.shape[-1]))
        if mask is None:
            weights = softmax(scores, axis=-1)
            return weights @ v, weights
        mask = np.broadcast_to(mask, scores.shape)
        some = mask.any(axis=-1, keepdims=True)
        weights = np.where(some, softmax(np.where(mask | ~some, scores, -np.inf), axis=-1), 0.0)
        return weights @ v, weights


@alternative("scaled_dot_product_attention")
class TorchSinglePrecision:
    """Computes with torch in float32, and returns arrays of the dtype that was given."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        tq, tk, tv = (torch.tensor(np.ascontiguousarray(x), dtype=torch.float32) for x in (q, k, v))
        scores = tq @ tk.transpose(-2, -1) / tq.shape[-1] ** 0.5
        if mask is not None:
            hidden = ~torch.tensor(np.ascontiguousarray(mask))
            scores = scores.masked_fill(hidden, float("-inf"))
        weights = torch.nan_to_num(torch.softmax(scores, dim=-1), nan=0.0)
        return (weights @ tv).numpy().astype(v.dtype), weights.numpy().astype(q.dtype)


@alternative("scaled_dot_product_attention")
class LogarithmsInSinglePrecision:
    """Subtracts the logarithm of the sum of exponentials, in float32, and scales queries and keys alike."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        from scipy.special import logsumexp

        root = q.shape[-1] ** 0.25
        scores = (q / root).astype(np.float32) @ np.swapaxes((k / root).astype(np.float32), -1, -2)
        if mask is not None:
            scores = np.where(mask, scores, np.float32(-np.inf))
        total = logsumexp(scores, axis=-1, keepdims=True)
        weights = np.exp(scores - np.where(np.isfinite(total), total, np.float32(0))).astype(np.float64)
        return weights @ v, weights


@alternative("scaled_dot_product_attention")
class OneBatchOfMatrices:
    """Flattens the leading dimensions into one, and takes the maximum over visible keys."""

    def scaled_dot_product_attention(q, k, v, mask=None):
        leading = q.shape[:-2]
        shape = (*leading, q.shape[-2], k.shape[-2])
        visible = np.broadcast_to(True if mask is None else mask, shape).reshape(-1, *shape[-2:])
        q3, k3, v3 = (x.reshape(-1, *x.shape[-2:]) for x in (q, k, v))
        scores = np.matmul(q3, k3.transpose(0, 2, 1)) / np.sqrt(q.shape[-1])
        top = np.max(scores, axis=2, keepdims=True, where=visible, initial=-1e30)
        e = np.zeros_like(scores)
        np.exp(scores - top, out=e, where=visible)
        total = e.sum(axis=2, keepdims=True)
        weights = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
        out = np.matmul(weights, v3)
        return out.reshape(*leading, *out.shape[-2:]), weights.reshape(shape)


# causal_mask


@alternative("causal_mask")
class ComparedNumbers:
    """Compares the numbers of rows and columns."""

    def causal_mask(length):
        i = np.arange(length)
        return i[:, None] >= i[None, :]


@alternative("causal_mask")
class NotAboveTheDiagonal:
    """Takes what is not strictly above the diagonal."""

    def causal_mask(length):
        return ~np.triu(np.ones((length, length)), k=1).astype(bool)


@alternative("causal_mask")
class RowByRow:
    """Fills the rows one after another."""

    def causal_mask(length):
        mask = np.full((length, length), False)
        for i in range(length):
            mask[i, : i + 1] = True
        return mask


@alternative("causal_mask")
class FromLists:
    """Makes an array of a list of lists of Python's booleans."""

    def causal_mask(length):
        return np.array([[j <= i for j in range(length)] for i in range(length)])


@alternative("causal_mask")
class FromTorch:
    """Lets torch make the triangle."""

    def causal_mask(length):
        return torch.tril(torch.ones(length, length, dtype=torch.bool)).numpy()


# argmax_attention


@alternative("argmax_attention")
class OneQueryAfterAnother:
    """Loops over queries and keys."""

    def argmax_attention(q, k, v):
        out = np.empty((*q.shape[:-1], v.shape[-1]), dtype=v.dtype)
        for place in np.ndindex(*q.shape[:-1]):
            best, largest = 0, -np.inf
            for j in range(k.shape[-2]):
                score = np.sum(q[place] * k[(*place[:-1], j)])
                if score > largest:
                    best, largest = j, score
            out[place] = v[(*place[:-1], best)]
        return out


@alternative("argmax_attention")
class OneHot:
    """Multiplies the values with weights of one and zero."""

    def argmax_attention(q, k, v):
        scores = np.einsum("...ld,...sd->...ls", q, k)
        return np.eye(k.shape[-2])[scores.argmax(-1)] @ v


@alternative("argmax_attention")
class EqualToTheMaximum:
    """Compares the scaled scores with their maximum."""

    def argmax_attention(q, k, v):
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        weights = (scores == scores.max(axis=-1, keepdims=True)).astype(float)
        return weights @ v


@alternative("argmax_attention")
class TorchGather:
    """Picks with torch, in float32."""

    def argmax_attention(q, k, v):
        tq, tk, tv = (torch.tensor(np.ascontiguousarray(x), dtype=torch.float32) for x in (q, k, v))
        best = (tq @ tk.mT).argmax(dim=-1, keepdim=True)
        return torch.gather(tv, -2, best.expand(*best.shape[:-1], tv.shape[-1])).numpy().astype(v.dtype)


@alternative("argmax_attention")
class SortedScores:
    """Sorts the keys by their scores, one look-up of the batch after another."""

    def argmax_attention(q, k, v):
        k2, v2 = k.reshape(-1, *k.shape[-2:]), v.reshape(-1, *v.shape[-2:])
        q2 = q.reshape(-1, *q.shape[-2:])
        out = [
            values[np.argsort(queries @ keys.T, axis=1)[:, -1]]
            for queries, keys, values in zip(q2, k2, v2, strict=True)
        ]
        return np.stack(out).reshape(*q.shape[:-1], v.shape[-1])


# multi_head_attention


@alternative("multi_head_attention")
class HeadByHead:
    """Slices the columns of one head after another, and joins the results."""

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        width = x.shape[-1] // num_heads
        heads = []
        for h in range(num_heads):
            block = slice(h * width, (h + 1) * width)
            out, _ = scaled_dot_product_attention(x @ w_q[:, block], x @ w_k[:, block], x @ w_v[:, block], mask)
            heads.append(out)
        return np.concatenate(heads, axis=-1) @ w_o


@alternative("multi_head_attention")
class SumOverHeads:
    """Mixes each head's output with its rows of `w_o`, and adds them up."""

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        blocks = np.split(np.arange(x.shape[-1]), num_heads)
        total = 0.0
        for block in blocks:
            q, k, v = x @ w_q[:, block], x @ w_k[:, block], x @ w_v[:, block]
            total = total + scaled_dot_product_attention(q, k, v, mask)[0] @ w_o[block]
        return total


@alternative("multi_head_attention")
class EinsumThroughout:
    """Keeps the heads as an axis of the weights, and attends without a helper."""

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        dim = x.shape[-1]
        by_head = [w.reshape(dim, num_heads, -1) for w in (w_q, w_k, w_v)]
        q, k, v = (np.einsum("nld,dhe->nhle", x, w) for w in by_head)
        scores = np.einsum("nhle,nhse->nhls", q, k) / np.sqrt(dim / num_heads)
        if mask is not None:
            scores = np.where(mask[None, None], scores, -np.inf)
        top = np.maximum(scores.max(axis=-1, keepdims=True), -1e300)
        e = np.exp(scores - top)
        total = e.sum(axis=-1, keepdims=True)
        weights = e / np.where(total == 0, 1, total)
        return np.einsum("nhls,nhse,hed->nld", weights, v, w_o.reshape(num_heads, -1, dim))


@alternative("multi_head_attention")
class AllInTorch:
    """Computes with torch in float32, and returns the dtype that was given."""

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape
        t, tq, tk, tv, to = (
            torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (x, w_q, w_k, w_v, w_o)
        )
        q, k, v = ((t @ w).view(n, length, num_heads, -1).transpose(1, 2) for w in (tq, tk, tv))
        scores = q @ k.transpose(-1, -2) / (dim // num_heads) ** 0.5
        if mask is not None:
            scores = scores.masked_fill(torch.tensor(~np.asarray(mask)), -torch.inf)
        weights = torch.softmax(scores, dim=-1).nan_to_num()
        out = (weights @ v).transpose(1, 2).reshape(n, length, dim) @ to
        return out.numpy().astype(x.dtype)


@alternative("multi_head_attention")
class SequenceBySequence:
    """Loops over the batch, and hands the mask on in the full shape."""

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        length, dim = x.shape[1:]
        full = None if mask is None else np.stack([mask] * num_heads)
        outs = []
        for sequence in x:
            q, k, v = (np.stack(np.split(sequence @ w, num_heads, axis=1)) for w in (w_q, w_k, w_v))
            out = scaled_dot_product_attention(q, k, v, mask=full)[0]
            outs.append(out.transpose(1, 0, 2).reshape(length, dim) @ w_o)
        return np.array(outs)


# positional_encoding


@alternative("positional_encoding")
class EntryByEntry:
    """Computes one entry after another."""

    def positional_encoding(length, dim):
        out = np.zeros((length, dim))
        for t in range(length):
            for i in range(dim // 2):
                angle = t / 10000 ** (2 * i / dim)
                out[t, 2 * i] = np.sin(angle)
                out[t, 2 * i + 1] = np.cos(angle)
        return out


@alternative("positional_encoding")
class TorchTutorial:
    """Takes frequencies as exponentials of logarithms, in torch's single precision."""

    def positional_encoding(length, dim):
        position = torch.arange(length).unsqueeze(1)
        frequency = torch.exp(torch.arange(0, dim, 2) * (-np.log(10000.0) / dim))
        encoding = torch.zeros(length, dim)
        encoding[:, 0::2] = torch.sin(position * frequency)
        encoding[:, 1::2] = torch.cos(position * frequency)
        return encoding.numpy().astype(np.float64)


@alternative("positional_encoding")
class ComplexNumbers:
    """Reads sine and cosine off a complex exponential."""

    def positional_encoding(length, dim):
        frequency = np.power(10000.0, -2.0 * np.arange(dim // 2) / dim)
        hand = np.exp(1j * np.outer(np.arange(length), frequency))
        return np.stack([hand.imag, hand.real], axis=2).reshape(length, dim)


@alternative("positional_encoding")
class ShiftedSines:
    """Uses that a cosine is a sine, a quarter turn ahead."""

    def positional_encoding(length, dim):
        column = np.arange(dim)
        angle = np.arange(length)[:, None] / 10000.0 ** (2 * (column // 2) / dim)
        return np.sin(angle + np.pi / 2 * (column % 2))


@alternative("positional_encoding")
class StepByStep:
    """Turns every clock by its angle from one position to the next."""

    def positional_encoding(length, dim):
        omega = 10000.0 ** (-np.arange(0, dim, 2) / dim)
        sine, cosine, rows = np.zeros(dim // 2), np.ones(dim // 2), []
        for _ in range(length):
            rows.append(np.column_stack([sine, cosine]).ravel())
            sine, cosine = (
                sine * np.cos(omega) + cosine * np.sin(omega),
                cosine * np.cos(omega) - sine * np.sin(omega),
            )
        return np.array(rows)


# attention_experiment


@alternative("attention_experiment")
class LeastSquares:
    """Reads the image before the mark by sharp scores of one-hot signatures, and classifies it by least squares."""

    def recall(rows, marks):
        images, labels = load_images()
        w = np.linalg.lstsq(np.c_[images, np.ones(len(images))], np.eye(10)[labels], rcond=None)[0]
        keys, queries = np.eye(8), np.roll(np.eye(8), 1, axis=0)[marks] * 100  # row m of `roll` is one-hot at m - 1
        seen = np.einsum("nt,ntp->np", scaled_dot_product_attention(queries, keys, keys)[1], rows)
        return np.argmax(seen @ w[:-1] + w[-1], axis=-1)


@alternative("attention_experiment")
class NearestImage:
    """Compares the image before the mark with all training images."""

    def recall(rows, marks):
        images, labels = load_images()
        seen = np.array([row[mark - 1] for row, mark in zip(rows, marks, strict=True)])
        distance = (seen**2).sum(1)[:, None] - 2 * seen @ images.T + (images**2).sum(1)
        return labels[distance.argmin(axis=1)].astype(np.int32)


@alternative("scaled_dot_product_attention")
class OneKeyAfterAnother:
    """Maximum, total and output are kept up to date from key to key; a named tuple."""

    from collections import namedtuple

    Result = namedtuple("Result", "out weights")

    def scaled_dot_product_attention(q, k, v, mask=None):
        top = np.full(q.shape[:-1], -np.inf)
        total, out, scores = np.zeros(top.shape), np.zeros((*top.shape, v.shape[-1])), []
        for j in range(k.shape[-2]):
            score = (q * k[..., j : j + 1, :]).sum(axis=-1) / np.sqrt(q.shape[-1])
            score = score if mask is None else np.where(mask[..., j], score, -np.inf)
            new = np.maximum(top, score)
            finite = np.where(np.isinf(new), 0.0, new)
            shrink, e = np.exp(top - finite), np.exp(score - finite)
            total, out = total * shrink + e, out * shrink[..., None] + e[..., None] * v[..., j : j + 1, :]
            top = new
            scores.append(score)
        finite, total = np.where(np.isinf(top), 0.0, top)[..., None], np.where(total == 0, 1.0, total)[..., None]
        return Result(out / total, np.exp(np.stack(scores, axis=-1) - finite) / total)


@alternative("argmax_attention")
class WeightsOfOneInAnEinsum:
    """One for the largest score and zero for the others, summed by einsum."""

    def argmax_attention(q, k, v):
        scores = np.einsum("...ld,...sd->...ls", q, k)
        best = (scores == scores.max(axis=-1, keepdims=True)).astype(v.dtype)
        return np.einsum("...ls,...se->...le", best, v)


@alternative("positional_encoding")
class ViewOfAKeptTable:
    """Slices of a table that is made once for each width."""

    _tables = {}

    def positional_encoding(length, dim):
        if dim not in _tables or len(_tables[dim]) < length:
            angle = np.outer(np.arange(max(length, 64)), np.exp(-np.log(10000) * np.arange(0, dim, 2) / dim))
            _tables[dim] = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(len(angle), dim)
        return _tables[dim][:length]
