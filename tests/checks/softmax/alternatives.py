"""Right answers to `softmax`, written differently."""

from autograder.checks import alternative

# ---------------------------------------------------------------------------------------------------- softmax


@alternative("softmax")
class ExponentialOfLogSumExp:
    """SciPy's logarithm of a sum of exponentials."""

    def softmax(x, axis=-1):
        from scipy.special import logsumexp

        return np.exp(x - logsumexp(x, axis=axis, keepdims=True))


@alternative("softmax")
class LoopOverRows:
    """Python's own `math.exp`, one row at a time."""

    def softmax(x, axis=-1):
        import math

        rows = np.moveaxis(x, axis, -1)
        out = np.empty(rows.shape)
        for where in np.ndindex(rows.shape[:-1]):
            row = rows[where].tolist()
            top = max(row)
            e = [math.exp(value - top) for value in row]
            out[where] = [value / sum(e) for value in e]
        return np.moveaxis(out, -1, axis)


@alternative("softmax")
class SinglePrecisionInTorch:
    """Tensors in float32, converted back."""

    def softmax(x, axis=-1):
        z = torch.tensor(np.ascontiguousarray(x), dtype=torch.float32)
        e = torch.exp(z - z.amax(dim=axis, keepdim=True))
        return (e / e.sum(dim=axis, keepdim=True)).double().numpy()


@alternative("softmax")
class SinglePrecisionLogSumExp:
    """Tensors in float32 and torch's logarithm of a sum of exponentials."""

    def softmax(x, axis=-1):
        z = torch.tensor(np.ascontiguousarray(x), dtype=torch.float32)
        return torch.exp(z - torch.logsumexp(z, dim=axis, keepdim=True)).numpy().astype(np.float64)


@alternative("softmax")
class SumByEinsum:
    """The classes moved to the front, and summed by `einsum`."""

    def softmax(x, axis=-1):
        z = np.moveaxis(x, axis, 0)
        e = np.exp(z - z.max(axis=0))
        return np.moveaxis(e / np.einsum("k...->...", e), 0, axis)


@alternative("softmax")
class DifferencesOfAllPairs:
    """One over the sum of the exponentials of all differences to the others."""

    def softmax(x, axis=-1):
        z = np.moveaxis(x, axis, -1)
        with np.errstate(over="ignore"):
            p = 1 / np.exp(z[..., None, :] - z[..., :, None]).sum(axis=-1)
        return np.moveaxis(p, -1, axis)


@alternative("softmax")
class AlongAxisByNumpy:
    """A function of one row, applied along the axis."""

    def _row(row):
        e = np.exp(row - np.max(row))
        return e / np.sum(e)

    def softmax(x, axis=-1):
        return np.apply_along_axis(_row, axis, x)


# ------------------------------------------------------------------------------------------------ log_softmax


@alternative("log_softmax")
class ByScipy:
    """SciPy's logarithm of a sum of exponentials."""

    def log_softmax(x, axis=-1):
        from scipy.special import logsumexp

        return x - logsumexp(x, axis=axis, keepdims=True)


@alternative("log_softmax")
class ByLogaddexp:
    """NumPy's `logaddexp`, reduced along the axis."""

    def log_softmax(x, axis=-1):
        return x - np.logaddexp.reduce(x, axis=axis, keepdims=True)


@alternative("log_softmax")
class BySinglePrecisionTorch:
    """Tensors in float32."""

    def log_softmax(x, axis=-1):
        z = torch.tensor(np.ascontiguousarray(x), dtype=torch.float32)
        return (z - torch.logsumexp(z, dim=axis, keepdim=True)).double().numpy()


@alternative("log_softmax")
class BySinglePrecisionNumpy:
    """NumPy in float32."""

    def log_softmax(x, axis=-1):
        z = x.astype(np.float32)
        z = z - z.max(axis=axis, keepdims=True)
        return (z - np.log(np.exp(z).sum(axis=axis, keepdims=True))).astype(x.dtype)


@alternative("log_softmax")
class ByLoops:
    """Python's own `math`, one row at a time."""

    def log_softmax(x, axis=-1):
        import math

        rows = np.moveaxis(np.array(x, dtype=float), axis, -1)
        for where in np.ndindex(rows.shape[:-1]):
            row = list(rows[where])
            top = max(row)
            total = top + math.log(math.fsum(math.exp(value - top) for value in row))
            for k in range(len(row)):
                rows[where][k] = row[k] - total
        return np.moveaxis(rows, -1, axis)


@alternative("log_softmax")
class ByLog1p:
    """The largest entry's 1 left out of the sum, and put back by `log1p`."""

    def log_softmax(x, axis=-1):
        z = np.moveaxis(x, axis, -1)
        top = z.argmax(axis=-1)[..., None]
        z = z - np.take_along_axis(z, top, -1)
        e = np.exp(z)
        np.put_along_axis(e, top, 0.0, -1)
        return np.moveaxis(z - np.log1p(e.sum(axis=-1, keepdims=True)), -1, axis)


# ---------------------------------------------------------------------------------------------- cross_entropy


@alternative("cross_entropy")
class OneHotProduct:
    """One-hot labels, and a product with all log-probabilities."""

    def cross_entropy(logits, labels):
        one_hot = np.eye(logits.shape[1])[labels]
        return -np.sum(one_hot * log_softmax(logits)) / logits.shape[0]


@alternative("cross_entropy")
class LogSumExpMinusLogit:
    """The formula written out, without a log-softmax."""

    def cross_entropy(logits, labels):
        top = logits.max(axis=1)
        log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        return np.mean(log_sum - logits[range(len(labels)), labels])


@alternative("cross_entropy")
class LoopOverSamples:
    """One sample after the other."""

    def cross_entropy(logits, labels):
        total = 0.0
        for row, label in zip(logits, labels, strict=True):
            total -= log_softmax(row)[label]
        return total / len(labels)


@alternative("cross_entropy")
class SinglePrecisionGather:
    """Tensors in float32, and `gather`."""

    def cross_entropy(logits, labels):
        z = torch.tensor(np.ascontiguousarray(logits), dtype=torch.float32)
        y = torch.tensor(labels.astype(np.int64))
        loss = torch.logsumexp(z, dim=1) - z.gather(1, y[:, None])[:, 0]
        return loss.mean().item()


@alternative("cross_entropy")
class ZeroDimensionalArray:
    """A 0-d array for a result."""

    def cross_entropy(logits, labels):
        picked = np.take_along_axis(log_softmax(logits), labels[:, None].astype(int), axis=1)
        return np.asarray(-picked.mean())


@alternative("cross_entropy")
class MaskedBySelection:
    """A boolean mask of the labels' places."""

    def cross_entropy(logits, labels):
        mask = np.arange(logits.shape[1]) == labels[:, None]
        return -log_softmax(logits)[mask].mean()


# ------------------------------------------------------------------------------- softmax_regression_gradients


@alternative("softmax_regression_gradients")
class LoopOverTheBatch:
    """Outer products, added up sample by sample."""

    def softmax_regression_gradients(x, w, b, labels):
        dw, db = np.zeros(w.shape), np.zeros(b.shape)
        for sample, label in zip(x, labels, strict=True):
            g = softmax(sample @ w + b)
            g[label] -= 1
            dw += np.outer(sample, g) / len(x)
            db += g / len(x)
        return dw, db


@alternative("softmax_regression_gradients")
class ByEinsum:
    """One-hot labels and `einsum`."""

    def softmax_regression_gradients(x, w, b, labels):
        logits = np.einsum("nd,dk->nk", x, w) + b
        g = np.exp(log_softmax(logits)) - np.eye(len(b))[labels]
        return np.einsum("nd,nk->dk", x, g) / len(x), np.einsum("nk->k", g) / len(x)


@alternative("softmax_regression_gradients")
class BiasAsAWeight:
    """A column of ones beside the features, and one product for both."""

    def softmax_regression_gradients(x, w, b, labels):
        ones = np.hstack([x, np.ones((x.shape[0], 1))])
        p = softmax(ones @ np.vstack([w, b]))
        p[np.arange(len(p)), labels] -= 1
        both = ones.T @ p / len(p)
        return both[:-1], both[-1]


@alternative("softmax_regression_gradients")
class TensorsInSinglePrecision:
    """Tensors in float32, without automatic differentiation."""

    def softmax_regression_gradients(x, w, b, labels):
        x, w, b = (torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (x, w, b))
        y = torch.nn.functional.one_hot(torch.tensor(labels.astype(np.int64)), len(b))
        z = x @ w + b
        e = torch.exp(z - z.max(dim=1, keepdim=True).values)
        g = (e / e.sum(dim=1, keepdim=True) - y) / len(x)
        return (x.T @ g).double().numpy(), g.sum(dim=0).double().numpy()


@alternative("softmax_regression_gradients")
class ClassByClass:
    """One column of the weights at a time."""

    def softmax_regression_gradients(x, w, b, labels):
        p = softmax(np.dot(x, w) + b)
        dw, db = np.empty_like(w), np.empty_like(b)
        for k in range(w.shape[1]):
            error = p[:, k] - (labels == k)
            dw[:, k] = (x * error[:, None]).mean(axis=0)
            db[k] = error.mean()
        return dw, db


# ------------------------------------------------------------------------------------------------------ train


@alternative("train")
class ArraySplit:
    """The permutation cut up by `np.split`, updates in place."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        w, b = np.zeros((x.shape[1], num_classes)), np.zeros((num_classes,))
        for _ in range(epochs):
            order = rng.permutation(x.shape[0])
            for batch in np.split(order, np.arange(batch_size, len(order), batch_size)):
                dw, db = softmax_regression_gradients(x[batch], w, b, labels[batch])
                w -= lr * dw
                b -= lr * db
        return w, b


@alternative("train")
class ShuffledCopies:
    """Shuffled copies of both arrays for each epoch, and a loop with `while`."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        n = len(labels)
        w, b = np.zeros([x.shape[1], num_classes]), np.zeros(num_classes)
        for _ in range(epochs):
            order = rng.permutation(n)
            xs, ys = x[order], labels[order]
            while len(xs):
                dw, db = softmax_regression_gradients(xs[:batch_size], w, b, ys[:batch_size])
                w, b = w - lr * dw, b - lr * db
                xs, ys = xs[batch_size:], ys[batch_size:]
        return w, b


@alternative("train")
class AutomaticDifferentiation:
    """torch's gradient of a loss written out."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        xs, ys = torch.tensor(np.ascontiguousarray(x)).double(), torch.tensor(labels.astype(np.int64))
        w = torch.zeros(x.shape[1], num_classes, dtype=torch.float64, requires_grad=True)
        b = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
        for _ in range(epochs):
            for batch in torch.split(torch.as_tensor(rng.permutation(len(ys))), batch_size):
                z = xs[batch] @ w + b
                loss = (torch.logsumexp(z, 1) - z[torch.arange(len(batch)), ys[batch]]).mean()
                loss.backward()
                for weights in (w, b):
                    weights.data -= lr * weights.grad
                    weights.grad = None
        return w.detach().numpy(), b.detach().numpy()


@alternative("train")
class InSinglePrecision:
    """NumPy in float32, with a gradient of its own."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        xs = x.astype(np.float32)
        w = np.zeros((x.shape[1], num_classes), np.float32)
        b = np.zeros(num_classes, np.float32)
        for _ in range(epochs):
            order = rng.permutation(len(xs))
            for start in range(0, len(xs), batch_size):
                batch = order[start : start + batch_size]
                z = xs[batch] @ w + b
                p = np.exp(z - z.max(axis=1, keepdims=True))
                p /= p.sum(axis=1, keepdims=True)
                p[np.arange(len(batch)), labels[batch]] -= 1
                p /= np.float32(len(batch))
                w -= np.float32(lr) * (xs[batch].T @ p)
                b -= np.float32(lr) * p.sum(axis=0)
        return w.astype(np.float64), b.astype(np.float64)


@alternative("train")
class OneMatrixForBoth:
    """Weights and biases in one matrix."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        y = np.eye(num_classes)[labels]
        both = np.zeros((ones.shape[1], num_classes))
        for _ in range(epochs):
            order = rng.permutation(len(x))
            steps = int(np.ceil(len(x) / batch_size))
            for i in range(steps):
                rows = order[i * batch_size : min((i + 1) * batch_size, len(x))]
                both = both - lr * ones[rows].T @ (softmax(ones[rows] @ both) - y[rows]) / len(rows)
        return both[:-1], both[-1]


# --------------------------------------------------------------------------------------------------- accuracy


@alternative("accuracy")
class LoopOverPredictions:
    """One sample after the other."""

    def accuracy(w, b, x, labels):
        right = 0
        for sample, label in zip(x, labels, strict=True):
            right += int(np.argmax(sample @ w + b)) == label
        return right / len(labels)


@alternative("accuracy")
class FromProbabilities:
    """The largest probability instead of the largest logit."""

    def accuracy(w, b, x, labels):
        return np.mean(softmax(x @ w + b).argmax(axis=-1) == labels)


@alternative("accuracy")
class InTorch:
    """Tensors in float32."""

    def accuracy(w, b, x, labels):
        w, b, x = (torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (w, b, x))
        return ((x @ w + b).argmax(1) == torch.tensor(labels.astype(np.int64))).float().mean().item()


@alternative("accuracy")
class ByScikitLearn:
    """scikit-learn's metric."""

    def accuracy(w, b, x, labels):
        from sklearn.metrics import accuracy_score

        return accuracy_score(labels, np.argmax(x @ w + b, axis=1))


@alternative("accuracy")
class ByCounting:
    """The number of right answers, counted and divided."""

    def accuracy(w, b, x, labels):
        ranked = np.argsort(x @ w + b, axis=1)[:, -1]
        return np.asarray(np.count_nonzero(ranked == labels) / labels.size)


# ----------------------------------------------------------------------------------------- softmax_experiment


@alternative("softmax_experiment")
class SmallerSteps:
    """A smaller learning rate and smaller batches."""

    def fit_digits(x, labels, rng):
        return train(x, labels, 10, lr=0.3, epochs=15, batch_size=32, rng=rng)


@alternative("softmax_experiment")
class LargerSteps:
    """A larger learning rate and larger batches."""

    def fit_digits(x, labels, rng):
        w, b = train(x=x, labels=labels, num_classes=10, lr=2.0, epochs=30, batch_size=128, rng=rng)
        return w, b


# ------------------------------------------------------------------------------------------------------ more
@alternative("train")
class LayerAndOptimiser:
    """torch's linear layer, loss and optimiser, which are forbidden in other questions."""

    def train(x, labels, num_classes, lr, epochs, batch_size, rng):
        layer = torch.nn.Linear(x.shape[1], num_classes, dtype=torch.float64)
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
        xs, ys = torch.tensor(np.array(x, dtype=np.float64)), torch.tensor(labels.astype(np.int64))
        for _ in range(epochs):
            for batch in torch.from_numpy(rng.permutation(len(xs))).split(batch_size):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(layer(xs[batch]), ys[batch]).backward()
                optimizer.step()
        return layer.weight.detach().numpy().T, layer.bias.detach().numpy()


@alternative("softmax_regression_gradients")
class HalvesOfTheBatch:
    """The mean of the gradients of two halves, each by recursion; a named tuple."""

    from collections import namedtuple

    Gradients = namedtuple("Gradients", "dw db")

    def softmax_regression_gradients(x, w, b, labels):
        n = len(labels)
        if n == 1:
            g = softmax(x @ w + b)[0]
            g[labels[0]] -= 1
            return Gradients(np.outer(x[0], g), g)
        half = n // 2
        one = softmax_regression_gradients(x[:half], w, b, labels[:half])
        other = softmax_regression_gradients(x[half:], w, b, labels[half:])
        return Gradients(*((half * g + (n - half) * h) / n for g, h in zip(one, other, strict=True)))


@alternative("cross_entropy")
class DifferencesToTheLabel:
    """The logarithm of a sum of exponentials of the differences to the label's logit."""

    def cross_entropy(logits, labels):
        loss = 0.0
        for row, label in zip(logits, labels, strict=True):
            loss += np.logaddexp.reduce(row - row[label])
        return loss / logits.shape[0]
