"""Right answers, written differently."""

from autograder.checks import alternative

# batchnorm_forward


@alternative("batchnorm_forward")
class PythonLoops:
    """One number at a time."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        n, d = x.shape
        x_hat, out = np.zeros((n, d)), np.zeros((n, d))
        new_mean, new_var, std = np.zeros(d), np.zeros(d), np.zeros(d)
        for j in range(d):
            if training:
                mean = sum(float(x[i, j]) for i in range(n)) / n
                squares = sum((float(x[i, j]) - mean) ** 2 for i in range(n))
                var = squares / n
                new_mean[j] = running_mean[j] + momentum * (mean - running_mean[j])
                new_var[j] = running_var[j] + momentum * (squares / (n - 1) - running_var[j])
            else:
                mean, var = new_mean[j], new_var[j] = running_mean[j], running_var[j]
            std[j] = (var + eps) ** 0.5
            for i in range(n):
                x_hat[i, j] = (x[i, j] - mean) / std[j]
                out[i, j] = gamma[j] * x_hat[i, j] + beta[j]
        return out, new_mean, new_var, (x_hat, gamma, std, training)


@alternative("batchnorm_forward")
class SinglePrecisionInside:
    """Computes in float32 and returns float64; the cache is a list."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        x, gamma, beta, mean, var = (a.astype(np.float32) for a in (x, gamma, beta, running_mean, running_var))
        if training:
            mean, var = np.mean(x, axis=0), np.var(x, axis=0)
            running_mean = (1 - momentum) * running_mean + momentum * mean.astype(np.float64)
            running_var = (1 - momentum) * running_var + momentum * np.var(x, axis=0, ddof=1).astype(np.float64)
        x_hat = (x - mean) / np.sqrt(var + np.float32(eps))
        out = (gamma * x_hat + beta).astype(np.float64)
        return out, running_mean, running_var, [x_hat, gamma, np.sqrt(var + np.float32(eps)), training]

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        dout = dout.astype(np.float32)
        dx_hat = dout * gamma
        if training:
            dx_hat = dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)
        gradients = dx_hat / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
        return tuple(g.astype(np.float64) for g in gradients)


@alternative("batchnorm_forward")
class TorchTensorsInside:
    """Works with torch in float32, with a dict of tensors as the cache."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        x, gamma, beta, mean, var = (
            torch.tensor(np.array(a), dtype=torch.float32) for a in (x, gamma, beta, running_mean, running_var)
        )
        new_mean, new_var = mean, var
        if training:
            new_mean = torch.lerp(mean, x.mean(dim=0), momentum)
            new_var = torch.lerp(var, x.var(dim=0), momentum)
            mean, var = x.mean(dim=0), x.var(dim=0, unbiased=False)
        cache = {"x_hat": (x - mean) * torch.rsqrt(var + eps), "gamma": gamma, "scale": torch.rsqrt(var + eps)}
        out = torch.addcmul(beta, cache["x_hat"], gamma)
        cache["training"] = training
        return *(t.double().numpy() for t in (out, new_mean, new_var)), cache

    def batchnorm_backward(dout, cache):
        g, x_hat = torch.tensor(np.array(dout), dtype=torch.float32), cache["x_hat"]
        h = g * cache["gamma"]
        if cache["training"]:
            h = h - h.mean(dim=0) - x_hat * (h * x_hat).mean(dim=0)
        return tuple(t.double().numpy() for t in (h * cache["scale"], (g * x_hat).sum(dim=0), g.sum(dim=0)))


@alternative("batchnorm_forward")
class OnePassOfWelford:
    """Takes the rows one by one and keeps mean and squares up to date."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        mean, var = np.array(running_mean), np.array(running_var)
        if training:
            mean, squares = np.zeros_like(x[0]), np.zeros_like(x[0])
            for count, row in enumerate(x, 1):
                step = row - mean
                mean = mean + step / count
                squares = squares + step * (row - mean)
            var = squares / len(x)
            running_mean = running_mean - momentum * (running_mean - mean)
            running_var = running_var - momentum * (running_var - squares / (len(x) - 1))
        std = (var + eps) ** 0.5
        x_hat = (x - mean) / std
        return x_hat * gamma + beta, running_mean, running_var, (x_hat, gamma, std, training)


@alternative("batchnorm_forward")
class ScaleAndShift:
    """Folds everything into one factor and one summand for each feature."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        mean, var = (x.mean(0), np.square(x - x.mean(0)).mean(0)) if training else (running_mean, running_var)
        scale = gamma / np.sqrt(var + eps)
        out = x * scale + (beta - mean * scale)
        if training:
            running_mean = momentum * mean + (1.0 - momentum) * running_mean
            running_var = momentum * np.var(x, axis=0, ddof=1) + (1.0 - momentum) * running_var
        std = np.sqrt(var + eps)
        return out, running_mean, running_var, ((x - mean) / std, gamma, std, training)


@alternative("batchnorm_forward")
class EinsteinSums:
    """Writes each mean as a sum over the index n; returns copies in evaluation."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        n, _ = x.shape
        mean, var = running_mean.copy(), running_var.copy()
        new_mean, new_var = running_mean.copy(), running_var.copy()
        if training:
            mean = np.einsum("nd->d", x) / n
            centred = x - mean[None, :]
            scatter = np.einsum("nd,nd->d", centred, centred)
            var = scatter / n
            new_mean += momentum * (mean - new_mean)
            new_var += momentum * (scatter / (n - 1) - new_var)
        std = np.sqrt(var + eps)
        x_hat = np.divide(x - mean, std)
        return np.einsum("d,nd->nd", gamma, x_hat) + beta, new_mean, new_var, (x_hat, gamma, std, training)


# batchnorm_backward


@alternative("batchnorm_backward")
class StepByStep:
    """Goes back through mean, variance and root one by one; the cache holds the arguments."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        n = len(x)
        mean = x.mean(axis=0) if training else running_mean
        var = x.var(axis=0) if training else running_var
        out = gamma * (x - mean) / np.sqrt(var + eps) + beta
        if training:
            running_mean = (1 - momentum) * running_mean + momentum * mean
            running_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
        return (
            out,
            running_mean,
            running_var,
            {"x": x, "gamma": gamma, "mean": mean, "var": var, "eps": eps, "t": training},
        )

    def batchnorm_backward(dout, cache):
        x, gamma, mean, var, eps = (cache[key] for key in ("x", "gamma", "mean", "var", "eps"))
        n = len(x)
        inverse = (var + eps) ** -0.5
        dgamma = np.sum(dout * (x - mean) * inverse, axis=0)
        dx_hat = dout * gamma
        dx = dx_hat * inverse
        if cache["t"]:
            dvar = np.sum(dx_hat * (x - mean), axis=0) * -0.5 * (var + eps) ** -1.5
            dmean = -np.sum(dx_hat * inverse, axis=0) - dvar * 2 * np.mean(x - mean, axis=0)
            dx = dx + dvar * 2 * (x - mean) / n + dmean / n
        return dx, dgamma, np.sum(dout, axis=0)


@alternative("batchnorm_backward")
class FactorOfN:
    """The formula with N in front, and dgamma and dbeta inside."""

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        n = dout.shape[0]
        dgamma, dbeta = np.einsum("nd,nd->d", dout, x_hat), np.ones(n) @ dout
        if not training:
            return gamma / std * dout, dgamma, dbeta
        return gamma / (n * std) * (n * dout - dbeta - x_hat * dgamma), dgamma, dbeta


@alternative("batchnorm_backward")
class WholeJacobian:
    """Builds the N x N Jacobian of every feature."""

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        n = len(x_hat)
        jacobian = np.eye(n)[:, :, None] - (1 + x_hat[:, None] * x_hat[None]) / n if training else np.eye(n)[:, :, None]
        dx = np.einsum("nd,nid->id", dout * gamma, np.broadcast_to(jacobian / std, (n, n, len(gamma))))
        return dx, np.diag(dout.T @ x_hat).copy(), dout.T.sum(axis=1)


@alternative("batchnorm_backward")
class CacheIsAFunction:
    """The forward pass returns the way back as a closure."""

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        n = len(x)
        mean = x.mean(axis=0) if training else running_mean
        centred = x - mean
        var = (centred * centred).mean(axis=0) if training else running_var
        std = np.sqrt(var + eps)
        x_hat = centred / std

        def back(dout):
            h = gamma * dout
            if training:
                h = h - h.sum(axis=0) / n - x_hat * ((h * x_hat).sum(axis=0) / n)
            return h / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)

        if training:
            running_mean = running_mean * (1 - momentum) + mean * momentum
            running_var = running_var * (1 - momentum) + momentum * (centred * centred).sum(axis=0) / (n - 1)
        return gamma * x_hat + beta, running_mean, running_var, back

    def batchnorm_backward(dout, cache):
        return cache(dout)


@alternative("batchnorm_backward")
class CacheIsAnObject:
    """Keeps x in an instance, and projects the slopes onto what the normalisation leaves free."""

    class _Pass:
        def __init__(self, x, gamma, mean, std, training):
            self.x_hat, self.gamma, self.std, self.training = (x - mean) / std, gamma, std, training

        def project(self, h):
            if not self.training:
                return h
            h = h - h.mean(axis=0, keepdims=True)
            return h - self.x_hat * np.mean(h * self.x_hat, axis=0, keepdims=True)

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            unbiased = x.var(axis=0, ddof=1)
            new = (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * unbiased
        else:
            mean, var = new = running_mean, running_var
        cache = _Pass(x, gamma, mean, np.sqrt(var + eps), training)
        return gamma * cache.x_hat + beta, *new, cache

    def batchnorm_backward(dout, cache):
        return cache.project(dout * cache.gamma) / cache.std, (dout * cache.x_hat).sum(axis=0), dout.sum(axis=0)


@alternative("batchnorm_backward")
class LoopsBothWays:
    """Every path written out for one pair of examples at a time."""

    def batchnorm_backward(dout, cache):
        x_hat, gamma, std, training = cache
        n, d = dout.shape
        dx, dgamma, dbeta = np.zeros((n, d)), np.zeros(d), np.zeros(d)
        for j in range(d):
            h = [float(dout[i, j]) * float(gamma[j]) for i in range(n)]
            for i in range(n):
                dgamma[j] += dout[i, j] * x_hat[i, j]
                dbeta[j] += dout[i, j]
            through_mean = sum(h) / n if training else 0.0
            through_std = sum(a * float(b) for a, b in zip(h, x_hat[:, j], strict=True)) / n if training else 0.0
            for i in range(n):
                dx[i, j] = (h[i] - through_mean - x_hat[i, j] * through_std) / std[j]
        return dx, dgamma, dbeta


# layernorm_forward


@alternative("layernorm_forward")
class FlattenedRows:
    """Makes a matrix of all rows first, and the shape again at the end."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        rows = x.reshape(-1, x.shape[-1])
        centred = rows - np.average(rows, axis=1)[:, None]
        std = np.sqrt(np.square(centred).mean(axis=1) + eps)[:, None]
        x_hat = (centred / std).reshape(x.shape)
        return x_hat * gamma + beta, (x_hat, gamma, std.reshape(*x.shape[:-1], 1))


@alternative("layernorm_forward")
class OneRowAtATime:
    """Loops over all rows in plain Python."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        d = x.shape[-1]
        out, x_hat, std = np.zeros(x.shape), np.zeros(x.shape), np.zeros((*x.shape[:-1], 1))
        for place in np.ndindex(x.shape[:-1]):
            row = [float(v) for v in x[place]]
            mean = sum(row) / d
            std[place] = (sum((v - mean) ** 2 for v in row) / d + eps) ** 0.5
            for j in range(d):
                x_hat[(*place, j)] = (row[j] - mean) / std[place][0]
                out[(*place, j)] = gamma[j] * x_hat[(*place, j)] + beta[j]
        return out, (x_hat, gamma, std)


@alternative("layernorm_forward")
class TorchInSinglePrecision:
    """Works with torch in float32; the cache is a dict of tensors."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        x, gamma, beta = (torch.tensor(np.array(a), dtype=torch.float32) for a in (x, gamma, beta))
        var, mean = torch.var_mean(x, dim=-1, keepdim=True, unbiased=False)
        scale = torch.rsqrt(var + eps)
        x_hat = (x - mean) * scale
        return (gamma * x_hat + beta).double().numpy(), {"x_hat": x_hat, "gamma": gamma, "scale": scale}

    def layernorm_backward(dout, cache):
        g = torch.tensor(np.array(dout), dtype=torch.float32)
        x_hat, h = cache["x_hat"], g * cache["gamma"]
        dx = cache["scale"] * (h - h.mean(-1, keepdim=True) - x_hat * (h * x_hat).mean(-1, keepdim=True))
        d = g.shape[-1]
        sums = (g * x_hat).reshape(-1, d).sum(0), g.reshape(-1, d).sum(0)
        return tuple(t.double().numpy() for t in (dx, *sums))


@alternative("layernorm_forward")
class FeaturesInFront:
    """Moves the last axis to the front, where NumPy repeats by itself."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        front = np.moveaxis(x, -1, 0)
        mean = np.add.reduce(front, axis=0) / len(front)
        std = np.sqrt(np.add.reduce((front - mean) ** 2, axis=0) / len(front) + eps)
        x_hat = np.moveaxis((front - mean) / std, 0, -1)
        return x_hat * gamma + beta, (x_hat, gamma, std[..., None])


@alternative("layernorm_forward")
class CentringMatrix:
    """Centres by a matrix product, and multiplies by the inverse root."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        d = x.shape[-1]
        centred = x @ (np.eye(d) - np.ones((d, d)) / d)
        power = np.einsum("...d,...d->...", centred, centred)[..., np.newaxis] / d
        scale = 1 / np.sqrt(power + eps)
        x_hat = centred * scale
        return x_hat * gamma + beta, (x_hat, gamma, 1 / scale)


# layernorm_backward


@alternative("layernorm_backward")
class StepByStepAlongRows:
    """Goes back through mean, variance and root one by one, and sums over all axes but the last."""

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = dout.shape[-1]
        others = tuple(range(dout.ndim - 1))
        dx_hat = dout * gamma
        dstd = -(dx_hat * x_hat).sum(-1, keepdims=True) / std
        dvar = dstd / (2 * std)
        dcentred = dx_hat / std + dvar * 2 * x_hat * std / d
        dx = dcentred - dcentred.sum(-1, keepdims=True) / d
        return dx, np.sum(dout * x_hat, axis=others), np.sum(dout, axis=others)


@alternative("layernorm_backward")
class JacobianOfEachRow:
    """Builds the D x D Jacobian of every row."""

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = cache
        d = dout.shape[-1]
        jacobian = (np.eye(d) - (1 + x_hat[..., :, None] * x_hat[..., None, :]) / d) / std[..., None]
        dx = np.einsum("...j,...ji->...i", dout * gamma, jacobian)
        return (
            dx,
            np.einsum("nd,nd->d", dout.reshape(-1, d), x_hat.reshape(-1, d)),
            dout.reshape(-1, d).T @ np.ones(dout.size // d),
        )


@alternative("layernorm_backward")
class RowsInALoop:
    """Takes one row after the other; the cache holds the arguments alone."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean = np.mean(x, axis=-1, keepdims=True)
        std = np.sqrt(np.var(x, axis=-1, keepdims=True) + eps)
        return gamma * ((x - mean) / std) + beta, [x, gamma, eps]

    def layernorm_backward(dout, cache):
        x, gamma, eps = cache
        dx, dgamma, dbeta = np.zeros(x.shape), np.zeros(gamma.shape), np.zeros(gamma.shape)
        for place in np.ndindex(*x.shape[:-1]):
            row, g = x[place], dout[place]
            s = np.sqrt(np.var(row) + eps)
            x_hat = (row - np.mean(row)) / s
            h = g * gamma
            dx[place] = (h - np.mean(h) - x_hat * np.mean(h * x_hat)) / s
            dgamma += g * x_hat
            dbeta += g
        return dx, dgamma, dbeta


@alternative("layernorm_backward")
class BatchnormTurned:
    """Uses batch normalisation on the transposed rows, and its way back."""

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        d = x.shape[-1]
        columns = x.reshape(-1, d).T
        n = columns.shape[1]
        if d == 1:
            x_hat, inner = np.zeros((n, 1)), None
        else:
            x_hat, _, _, inner = batchnorm_forward(
                columns, np.ones(n), np.zeros(n), np.zeros(n), np.ones(n), True, 0.1, eps
            )
            x_hat = x_hat.T
        return (gamma * x_hat + beta).reshape(x.shape), (x_hat, gamma, inner)

    def layernorm_backward(dout, cache):
        x_hat, gamma, inner = cache
        g = dout.reshape(-1, len(gamma))
        dx = np.zeros(g.shape) if inner is None else batchnorm_backward((g * gamma).T, inner)[0].T
        return dx.reshape(dout.shape), (g * x_hat).sum(axis=0), g.sum(axis=0)


@alternative("layernorm_backward")
class SinglePrecisionBack:
    """Computes the way back in float32 and returns float64, with sums that go axis by axis."""

    def layernorm_backward(dout, cache):
        x_hat, gamma, std = (a.astype(np.float32) for a in cache)
        g = dout.astype(np.float32)
        dgamma, dbeta = g * x_hat, g
        while dbeta.ndim > 1:
            dgamma, dbeta = dgamma.sum(axis=0), dbeta.sum(axis=0)
        h = g * gamma
        d = np.float32(len(gamma))
        dx = (d * h - h.sum(-1, keepdims=True) - x_hat * (h * x_hat).sum(-1, keepdims=True)) / (d * std)
        return dx.astype(np.float64), dgamma.astype(np.float64), dbeta.astype(np.float64)


@alternative("batchnorm_backward")
class ComplexSteps:
    """Differentiates by steps along the imaginary axis, which are exact; the results are named tuples."""

    from collections import namedtuple

    Slopes = namedtuple("Slopes", "dx dgamma dbeta")

    def batchnorm_forward(x, gamma, beta, running_mean, running_var, training=True, momentum=0.1, eps=1e-5):
        mean, var = (x.mean(axis=0), x.var(axis=0)) if training else (running_mean, running_var)
        cache = (x, gamma, beta), running_mean, running_var, training, eps
        if training:
            running_mean = running_mean + momentum * (mean - running_mean)
            running_var = running_var + momentum * (x.var(axis=0, ddof=1) - running_var)
        return gamma * ((x - mean) / (var + eps) ** 0.5) + beta, running_mean, running_var, cache

    def batchnorm_backward(dout, cache):
        arguments, mean, var, training, eps = cache

        def loss(x, gamma, beta):
            centred = x - (x.mean(axis=0) if training else mean)
            spread = (centred**2).mean(axis=0) if training else var
            return (dout * (gamma * centred / np.sqrt(spread + eps) + beta)).sum()

        moved = [a.astype(complex) for a in arguments]
        slopes = [np.zeros(a.shape) for a in arguments]
        for a, slope in zip(moved, slopes, strict=True):
            for place in np.ndindex(a.shape):
                a[place] += 1e-30j
                slope[place] = loss(*moved).imag / 1e-30
                a[place] = a[place].real
        return Slopes(*slopes)


@alternative("layernorm_backward")
class FunctionInTheCache:
    """The forward pass returns the way back, with copies of nothing; results are a named tuple."""

    from collections import namedtuple

    Slopes = namedtuple("Slopes", "dx dgamma dbeta")

    def layernorm_forward(x, gamma, beta, eps=1e-5):
        mean, std = x.mean(-1, keepdims=True), np.sqrt(x.var(-1, keepdims=True) + eps)

        def way_back(dout):
            x_hat, h, rows = (x - mean) / std, dout * gamma, tuple(range(dout.ndim - 1))
            dx = h - np.average(h, axis=-1)[..., None] - x_hat * np.average(h * x_hat, axis=-1)[..., None]
            return Slopes(dx / std, np.sum(dout * x_hat, axis=rows), np.sum(dout, axis=rows))

        return (x - mean) / std * gamma + beta, way_back

    def layernorm_backward(dout, cache):
        return cache(dout)
