"""Right answers to the questions of `rnn`, written differently: they must lose nothing anywhere."""

from autograder.checks import alternative

# --------------------------------------------------------------------------------------------------- rnn_step


@alternative("rnn_step")
class WeightsJoined:
    """One product of joined inputs and joined weights."""

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(np.concatenate([x, h], axis=1) @ np.concatenate([w_x, w_h], axis=0) + b)


@alternative("rnn_step")
class StepByEinsum:
    """Both products by einsum, the bias written out."""

    def rnn_step(x, h, w_x, w_h, b):
        a = np.einsum("nd,dh->nh", x, w_x) + np.einsum("ng,gh->nh", h, w_h)
        return np.tanh(a + np.broadcast_to(b, a.shape))


@alternative("rnn_step")
class StepByLoops:
    """Every number of its own, with `math.tanh`."""

    def rnn_step(x, h, w_x, w_h, b):
        import math

        result = np.zeros((len(x), len(b)))
        for n in range(len(x)):
            for k in range(len(b)):
                a = float(b[k])
                for d in range(len(w_x)):
                    a += float(x[n, d]) * float(w_x[d, k])
                for j in range(len(w_h)):
                    a += float(h[n, j]) * float(w_h[j, k])
                result[n, k] = math.tanh(a)
        return result


@alternative("rnn_step")
class StepInSinglePrecision:
    """Arithmetic in float32 by torch, the result in float64."""

    def rnn_step(x, h, w_x, w_h, b):
        x, h, w_x, w_h, b = (torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (x, h, w_x, w_h, b))
        return torch.tanh(torch.addmm(b, x, w_x) + h @ w_h).double().numpy()


@alternative("rnn_step")
class TanhByTheLogisticFunction:
    """tanh(a) = 2 sigma(2a) - 1, with one exponential that may overflow to infinity and is right there."""

    def rnn_step(x, h, w_x, w_h, b):
        with np.errstate(over="ignore"):
            return 2.0 / (1.0 + np.exp(-2.0 * (x @ w_x + h @ w_h + b))) - 1.0


@alternative("rnn_step")
class RowsOneByOne:
    """A list of rows, made one array at the end."""

    def rnn_step(x, h, w_x, w_h, b):
        return np.array([np.tanh(w_x.T @ one + w_h.T @ state + b) for one, state in zip(x, h, strict=True)])


# ------------------------------------------------------------------------------------------------ rnn_forward


@alternative("rnn_forward")
class PreallocatedStatesAndADictionary:
    """Fills an array of states; the cache is a dictionary; the gradients are collected step by step."""

    def rnn_forward(x, h0, w_x, w_h, b):
        n, steps, _ = x.shape
        h = np.empty((n, steps, h0.shape[1]), dtype=x.dtype)
        previous = h0
        for t in range(steps):
            h[:, t, :] = np.tanh(x[:, t, :] @ w_x + previous @ w_h + b)
            previous = h[:, t, :]
        return h, {"x": x, "h0": h0, "w_x": w_x, "w_h": w_h, "h": h}

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = (cache[name] for name in ("x", "h0", "w_x", "w_h", "h"))
        total = {name: np.zeros_like(cache[name]) for name in ("x", "w_x", "w_h")}
        db, after = 0.0, 0.0
        for t in range(x.shape[1] - 1, -1, -1):
            da = (dh[:, t] + after) * (1.0 - np.square(h[:, t]))
            total["x"][:, t] = da @ w_x.T
            total["w_x"] += x[:, t].T @ da
            total["w_h"] += (h[:, t - 1] if t else h0).T @ da
            db = db + da.sum(0)
            after = da @ w_h.T
        return total["x"], after, total["w_x"], total["w_h"], db


@alternative("rnn_forward")
class TimeFirstInside:
    """Works with time as the first axis and h0 as state number zero; everything over time at once where possible."""

    def rnn_forward(x, h0, w_x, w_h, b):
        inputs = np.swapaxes(x, 0, 1) @ w_x + b
        states = np.zeros((len(inputs) + 1, *h0.shape))
        states[0] = h0
        for t, one in enumerate(inputs):
            states[t + 1] = np.tanh(one + states[t] @ w_h)
        return np.swapaxes(states[1:], 0, 1), (np.swapaxes(x, 0, 1), states, w_x, w_h)

    def rnn_backward(dh, cache):
        x, states, w_x, w_h = cache
        slopes, dh = 1 - states[1:] ** 2, np.swapaxes(dh, 0, 1)
        deltas = np.zeros_like(slopes)
        carry = np.zeros_like(states[0])
        for t in range(len(x))[::-1]:
            deltas[t] = (dh[t] + carry) * slopes[t]
            carry = deltas[t] @ w_h.T
        dw_x = np.tensordot(x, deltas, axes=([0, 1], [0, 1]))
        dw_h = np.tensordot(states[:-1], deltas, axes=([0, 1], [0, 1]))
        return np.swapaxes(deltas @ w_x.T, 0, 1), carry, dw_x, dw_h, deltas.sum(axis=(0, 1))


@alternative("rnn_forward")
class CacheIsAnObject:
    """The cache is an instance of a class, which goes back itself; the states are a view of a longer array."""

    class Unrolled:
        """One reading of a batch, which can be walked back."""

        def __init__(self, x, h0, w_x, w_h, b):
            self.x, self.w_x, self.w_h = x, w_x, w_h
            self.h = np.concatenate([h0[:, None], np.zeros((*x.shape[:2], len(b)))], axis=1)
            for t in range(x.shape[1]):
                self.h[:, t + 1] = np.tanh(x[:, t] @ w_x + self.h[:, t] @ w_h + b)

        def back(self, dh):
            """The five gradients."""
            da = np.zeros_like(self.h)
            for t in range(self.x.shape[1], 0, -1):
                later = da[:, t + 1] @ self.w_h.T if t < self.x.shape[1] else 0.0
                da[:, t] = (dh[:, t - 1] + later) * (1 - self.h[:, t] ** 2)
            da = da[:, 1:]
            dw_x, dw_h = np.einsum("ntd,nth->dh", self.x, da), np.einsum("ntg,nth->gh", self.h[:, :-1], da)
            return da @ self.w_x.T, da[:, 0] @ self.w_h.T, dw_x, dw_h, da.sum((0, 1))

    def rnn_forward(x, h0, w_x, w_h, b):
        reading = Unrolled(x, h0, w_x, w_h, b)
        return reading.h[:, 1:].copy(), reading

    def rnn_backward(dh, cache):
        return cache.back(dh)


@alternative("rnn_forward")
class CacheIsAFunction:
    """The cache is a closure that knows the way back, and walks it by recursion."""

    def rnn_forward(x, h0, w_x, w_h, b):
        states = [h0]
        while len(states) <= x.shape[1]:
            states += [rnn_step(x[:, len(states) - 1], states[-1], w_x, w_h, b)]

        def back(dh):
            def walk(t, dstate, dw_x, dw_h, db):
                if t == 0:
                    return [], dstate, dw_x, dw_h, db
                da = (dstate + dh[:, t - 1]) * (1 - states[t] ** 2)
                dx, *others = walk(
                    t - 1, da @ w_h.T, dw_x + x[:, t - 1].T @ da, dw_h + states[t - 1].T @ da, db + da.sum(axis=0)
                )
                return [*dx, da @ w_x.T], *others

            start = np.zeros_like(h0), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(b)
            dx, *others = walk(x.shape[1], *start)
            return np.stack(dx, axis=1), *others

        return np.stack(states[1:], axis=1), back

    def rnn_backward(dh, cache):
        return cache(dh)


@alternative("rnn_forward")
class SinglePrecisionTensors:
    """float32 tensors inside; the cache is a list of tensors."""

    def rnn_forward(x, h0, w_x, w_h, b):
        x, state, w_x, w_h, b = (
            torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32)) for a in (x, h0, w_x, w_h, b)
        )
        states = [state]
        for t in range(x.shape[1]):
            states.append(torch.tanh(x[:, t] @ w_x + states[-1] @ w_h + b))
        return torch.stack(states[1:], dim=1).numpy().astype(np.float64), [x, states, w_x, w_h]

    def rnn_backward(dh, cache):
        x, states, w_x, w_h = cache
        dh = torch.from_numpy(np.ascontiguousarray(dh, dtype=np.float32))
        dx, dw_x, dw_h, db = torch.zeros_like(x), torch.zeros_like(w_x), torch.zeros_like(w_h), torch.zeros(len(w_h))
        carry = torch.zeros_like(states[0])
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - states[t + 1] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += states[t].T @ da
            db += da.sum(0)
            carry = da @ w_h.T
        return tuple(gradient.double().numpy() for gradient in (dx, carry, dw_x, dw_h, db))


# ----------------------------------------------------------------------------------------------- rnn_backward


@alternative("rnn_backward")
class GradientsByEinsumAtTheEnd:
    """Collects the gradients by the sums before the tanh, then multiplies over all steps at once."""

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        before = np.concatenate([h0[:, np.newaxis], h[:, :-1]], axis=1)
        deltas, back = [], np.zeros_like(h0)
        for grad, state in zip(np.moveaxis(dh, 1, 0)[::-1], np.moveaxis(h, 1, 0)[::-1], strict=True):
            deltas.insert(0, (grad + back) * (1 - state) * (1 + state))
            back = np.einsum("nh,gh->ng", deltas[0], w_h)
        da = np.stack(deltas, axis=1)
        dx = np.einsum("nth,dh->ntd", da, w_x)
        return dx, back, np.einsum("ntd,nth->dh", x, da), np.einsum("ntg,nth->gh", before, da), np.einsum("nth->h", da)


@alternative("rnn_backward")
class SequencesOneByOne:
    """One sequence after the other, with outer products of vectors."""

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dh0 = np.zeros(x.shape), np.zeros(h0.shape)
        dw_x, dw_h, db = np.zeros(w_x.shape), np.zeros(w_h.shape), np.zeros(w_h.shape[0])
        for n in range(x.shape[0]):
            carry = np.zeros(h0.shape[1])
            for t in range(x.shape[1] - 1, -1, -1):
                before = h0[n] if t == 0 else h[n, t - 1]
                da = (dh[n, t] + carry) * (1 - h[n, t] * h[n, t])
                dx[n, t] = w_x.dot(da)
                dw_x += np.outer(x[n, t], da)
                dw_h += np.outer(before, da)
                db += da
                carry = w_h.dot(da)
            dh0[n] = carry
        return dx, dh0, dw_x, dw_h, db


@alternative("rnn_backward")
class CopyOfDhFilledBackwards:
    """Adds what comes back into a copy of dh."""

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        total = np.concatenate([np.zeros_like(h0)[:, None], dh], axis=1)
        states = np.concatenate([h0[:, None], h], axis=1)
        dx, dw_x, dw_h, db = np.empty_like(x), 0.0, 0.0, 0.0
        for t in range(x.shape[1], 0, -1):
            da = total[:, t] * (1 - states[:, t] ** 2)
            total[:, t - 1] += da @ w_h.T
            dx[:, t - 1] = da @ w_x.T
            dw_x, dw_h, db = dw_x + x[:, t - 1].T @ da, dw_h + states[:, t - 1].T @ da, db + da.sum(axis=0)
        return dx, total[:, 0].copy(), dw_x, dw_h, db


@alternative("rnn_backward")
class StatesComputedAgain:
    """Keeps only the arguments; the states are computed again on the way back, and joined weights used."""

    def rnn_forward(x, h0, w_x, w_h, b):
        h, state = [], h0
        for t in range(x.shape[1]):
            state = rnn_step(x[:, t], state, w_x, w_h, b)
            h.append(state)
        return np.stack(h, 1), (x, h0, w_x, w_h, b)

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, _ = cache
        d = x.shape[2]
        h, _ = rnn_forward(*cache)
        w = np.vstack([w_x, w_h])
        before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
        joined = np.concatenate([x, before], axis=2)
        dw, db, dx, carry = np.zeros_like(w), np.zeros_like(w[0]), [], np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - np.power(h[:, t], 2))
            both = da @ w.T
            dx.append(both[:, :d])
            carry = both[:, d:]
            dw += joined[:, t].T @ da
            db += np.ones(len(x)) @ da
        return np.stack(dx[::-1], axis=1), carry, dw[:d], dw[d:], db


@alternative("rnn_backward")
class GradientsInSinglePrecision:
    """The way back in float32, the results in float64."""

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = (array.astype(np.float32) for array in cache)
        dh = dh.astype(np.float32)
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += (h[:, t - 1] if t else h0).T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return tuple(gradient.astype(np.float64) for gradient in (dx, carry, dw_x, dw_h, db))


# --------------------------------------------------------------------------------------------- gradient_norms


@alternative("gradient_norms")
class NormOfFlattenedGradients:
    """`np.linalg.norm` of each step's gradient, step by step."""

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dh = np.concatenate([np.zeros_like(h[:, :-1]), np.ones_like(h[:, -1:])], axis=1)
        dx, *_ = rnn_backward(dh, cache)
        return np.array([np.linalg.norm(dx[:, t]) for t in range(x.shape[1])])


@alternative("gradient_norms")
class BackByHand:
    """Walks back with the last states' gradient alone, without `rnn_backward`."""

    def gradient_norms(x, h0, w_x, w_h, b):
        h, _ = rnn_forward(x, h0, w_x, w_h, b)
        norms, g = [], np.ones_like(h[:, -1])
        for t in reversed(range(x.shape[1])):
            g = g * (1 - h[:, t] ** 2)
            norms.append(np.sqrt(np.sum((g @ w_x.T) ** 2)))
            g = g @ w_h.T
        return np.array(norms[::-1])


@alternative("gradient_norms")
class ByJacobians:
    """One Jacobian of the last state for each sequence and step."""

    def gradient_norms(x, h0, w_x, w_h, b):
        h, _ = rnn_forward(x, h0, w_x, w_h, b)
        squares = np.zeros(x.shape[1])
        for n in range(len(x)):
            jacobian = np.eye(h.shape[2])
            for t in reversed(range(x.shape[1])):
                jacobian = np.diag(1 - h[n, t] ** 2) @ jacobian
                squares[t] += np.sum((w_x @ jacobian @ np.ones(h.shape[2])) ** 2)
                jacobian = w_h @ jacobian
        return np.sqrt(squares)


# --------------------------------------------------------------------------------------------- clip_gradients


@alternative("clip_gradients")
class JoinedVector:
    """The norm of one joined vector."""

    def clip_gradients(grads, max_norm):
        norm = np.linalg.norm(np.concatenate([np.ravel(grad) for grad in grads]))
        if norm <= max_norm:
            return [grad.copy() for grad in grads], norm
        return [grad / norm * max_norm for grad in grads], norm


@alternative("clip_gradients")
class WithPyTorchsEpsilon:
    """PyTorch's factor, min(1, max_norm / (norm + 1e-6)), always applied; a Python float."""

    def clip_gradients(grads, max_norm):
        norm = float(np.sqrt(sum(float(np.sum(np.square(grad))) for grad in grads)))
        factor = min(1.0, max_norm / (norm + 1e-6))
        return [factor * grad for grad in grads], norm


@alternative("clip_gradients")
class NormOfTheNorms:
    """The norm of the arrays' norms; the list itself comes back when nothing is to be done."""

    def clip_gradients(grads, max_norm):
        norm = np.linalg.norm([np.linalg.norm(grad) for grad in grads])
        if not norm > max_norm:
            return grads, norm
        result = []
        for grad in grads:
            new = np.array(grad)
            new *= max_norm / norm
            result.append(new)
        return result, norm


@alternative("clip_gradients")
class SumOverEveryNumber:
    """Adds up every single square with `math.fsum`."""

    def clip_gradients(grads, max_norm):
        import math

        norm = math.sqrt(math.fsum(float(g) ** 2 for grad in grads for g in grad.flat))
        factor = 1.0 if norm == 0 else min(1.0, max_norm / norm)
        return list(map(lambda grad: grad * factor, grads)), norm  # noqa: C417 - as a student might


@alternative("clip_gradients")
class ClippedInSinglePrecision:
    """float32 inside, the norm as a 0-d array."""

    def clip_gradients(grads, max_norm):
        single = [torch.tensor(np.ascontiguousarray(grad), dtype=torch.float32) for grad in grads]
        norm = torch.sqrt(sum((grad**2).sum() for grad in single))
        factor = torch.clamp(max_norm / torch.clamp(norm, min=1e-30), max=1.0)
        return [(grad * factor).double().numpy() for grad in single], norm.double().numpy()


@alternative("clip_gradients")
class VdotAndMaximum:
    """Divides by max(1, norm / max_norm)."""

    def clip_gradients(grads, max_norm):
        norm = sum(np.vdot(grad, grad) for grad in grads) ** 0.5
        return [grad / np.maximum(1.0, norm / max_norm) for grad in grads], norm


# -------------------------------------------------------------------------------------------------- lstm_step


@alternative("lstm_step")
class GatesBySlices:
    """Slices of H columns, and the logistic function as 1 / (1 + exp(-a)), which is right at any size."""

    def lstm_step(x, h, c, w_x, w_h, b):
        m = h.shape[1]
        a = x @ w_x + h @ w_h + b
        with np.errstate(over="ignore"):
            s = 1 / (1 + np.exp(-a))
        i, f, o = s[:, :m], s[:, m : 2 * m], s[:, 3 * m :]
        c_new = f * c + i * np.tanh(a[:, 2 * m : 3 * m])
        return o * np.tanh(c_new), c_new


@alternative("lstm_step")
class EachGateByItself:
    """Weights taken apart, one product for each gate."""

    def lstm_step(x, h, c, w_x, w_h, b):
        def gate(k, squash):
            part = slice(k * h.shape[1], (k + 1) * h.shape[1])
            return squash(np.dot(x, w_x[:, part]) + np.dot(h, w_h[:, part]) + b[part])

        def logistic(a):
            small = np.exp(-np.abs(a))
            return np.where(a >= 0, 1 / (1 + small), small / (1 + small))

        i, f, g, o = gate(0, logistic), gate(1, logistic), gate(2, np.tanh), gate(3, logistic)
        c = np.add(np.multiply(f, c), np.multiply(i, g))
        return np.multiply(o, np.tanh(c)), c


@alternative("lstm_step")
class GatesOnAnAxis:
    """The four gates on an axis of their own, after joining inputs and weights."""

    def lstm_step(x, h, c, w_x, w_h, b):
        a = (np.hstack([x, h]) @ np.vstack([w_x, w_h]) + b).reshape(len(x), 4, -1)
        i, f, o = (sigmoid(a[:, k]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(a[:, 2])
        return o * np.tanh(c), c


@alternative("lstm_step")
class CellsOneByOne:
    """Loops over sequences and units, with `math`."""

    def lstm_step(x, h, c, w_x, w_h, b):
        import math

        def logistic(a):
            return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))

        a = x.dot(w_x) + h.dot(w_h) + b
        n_units = c.shape[1]
        h_new, c_new = np.zeros(c.shape), np.zeros(c.shape)
        for n in range(len(x)):
            for k in range(n_units):
                i, f, o = (logistic(a[n, k + gate * n_units]) for gate in (0, 1, 3))
                c_new[n, k] = f * c[n, k] + i * math.tanh(a[n, k + 2 * n_units])
                h_new[n, k] = o * math.tanh(c_new[n, k])
        return h_new, c_new


@alternative("lstm_step")
class CellInSinglePrecision:
    """float32 tensors inside, with `torch.chunk` and `torch.sigmoid`."""

    def lstm_step(x, h, c, w_x, w_h, b):
        x, h, c, w_x, w_h, b = (
            torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (x, h, c, w_x, w_h, b)
        )
        i, f, g, o = torch.chunk(x @ w_x + h @ w_h + b, 4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return (torch.sigmoid(o) * torch.tanh(c)).double().numpy(), c.double().numpy()


# --------------------------------------------------------------------------------------------------- gru_step


@alternative("gru_step")
class BlocksBySlices:
    """Slices of H columns; the mixture as n + z (h - n)."""

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        m = h.shape[1]
        gx, gh = x @ w_x + b_x, h @ w_h + b_h
        with np.errstate(over="ignore"):
            rz = 1 / (1 + np.exp(-(gx[:, : 2 * m] + gh[:, : 2 * m])))
        n = np.tanh(gx[:, 2 * m :] + rz[:, :m] * gh[:, 2 * m :])
        return n + rz[:, m:] * (h - n)


@alternative("gru_step")
class EachBlockByItself:
    """Weights taken apart, products by einsum."""

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        wx_r, wx_z, wx_n = np.hsplit(w_x, 3)
        wh_r, wh_z, wh_n = np.hsplit(w_h, 3)
        (bx_r, bx_z, bx_n), (bh_r, bh_z, bh_n) = b_x.reshape(3, -1), b_h.reshape(3, -1)

        def product(a, w):
            return np.einsum("ni,ih->nh", a, w)

        r = sigmoid(product(x, wx_r) + bx_r + product(h, wh_r) + bh_r)
        z = sigmoid(product(x, wx_z) + bx_z + product(h, wh_z) + bh_z)
        n = np.tanh(product(x, wx_n) + bx_n + r * (product(h, wh_n) + bh_n))
        return (1 - z) * n + z * h


@alternative("gru_step")
class UnitsOneByOne:
    """Loops over sequences and units, with `math`."""

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        import math

        def logistic(a):
            return 0.5 + 0.5 * math.tanh(a / 2)

        count = h.shape[1]
        result = np.empty((len(x), count))
        for s, (one, state) in enumerate(zip(x, h, strict=True)):
            gx, gh = one @ w_x + b_x, state @ w_h + b_h
            for k in range(count):
                r, z = logistic(gx[k] + gh[k]), logistic(gx[count + k] + gh[count + k])
                n = math.tanh(gx[2 * count + k] + r * gh[2 * count + k])
                result[s, k] = (1 - z) * n + z * state[k]
        return result


@alternative("gru_step")
class UnitInSinglePrecision:
    """float32 tensors inside, with `torch.chunk` and `torch.lerp`."""

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x, h, w_x, w_h, b_x, b_h = (
            torch.tensor(np.ascontiguousarray(a), dtype=torch.float32) for a in (x, h, w_x, w_h, b_x, b_h)
        )
        x_r, x_z, x_n = torch.chunk(x @ w_x + b_x, 3, dim=1)
        h_r, h_z, h_n = torch.chunk(h @ w_h + b_h, 3, dim=1)
        n = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
        return torch.lerp(n, h, torch.sigmoid(x_z + h_z)).double().numpy()


@alternative("gru_step")
class ResetProductLast:
    """The blocks on an axis of their own; the bias joined to the weights as one more row."""

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        ones = np.ones((len(x), 1))
        gx = (np.hstack([x, ones]) @ np.vstack([w_x, b_x])).reshape(len(x), 3, -1)
        gh = (np.hstack([h, ones]) @ np.vstack([w_h, b_h])).reshape(len(x), 3, -1)
        r, z = np.moveaxis(sigmoid(gx[:, :2] + gh[:, :2]), 1, 0)
        return (1 - z) * np.tanh(gx[:, 2] + r * gh[:, 2]) + z * h


# --------------------------------------------------------------------------------------------- rnn_experiment


@alternative("rnn_experiment")
class WithMomentum:
    """More units, orthogonal recurrent weights, and momentum."""

    def train_reader(images, labels, rng):
        d, hidden, k = images.shape[2], 28, 10
        rotation = np.linalg.qr(rng.normal(size=(hidden, hidden)))[0]
        weights = [rng.normal(size=(d, hidden)) * d**-0.5, rotation, np.zeros(hidden)]
        weights += [0.1 * rng.normal(size=(hidden, k)), np.zeros(k)]
        speed, losses, epochs = [np.zeros_like(w) for w in weights], [], 5
        for epoch in range(epochs):
            for batch in np.array_split(rng.permutation(len(images)), len(images) // 16):
                h, cache = rnn_forward(images[batch], np.zeros((len(batch), hidden)), *weights[:3])
                loss, dscores = softmax_loss(h[:, -1] @ weights[3] + weights[4], labels[batch])
                dh = np.zeros_like(h)
                dh[:, -1] = dscores @ weights[3].T
                grads = [*rnn_backward(dh, cache)[2:], h[:, -1].T @ dscores, dscores.sum(axis=0)]
                speed = [0.5 * v + g for v, g in zip(speed, clip_gradients(grads, 1.0)[0], strict=True)]
                weights = [w - 0.2 * (1 - epoch / epochs) * v for w, v in zip(weights, speed, strict=True)]
                losses.append(float(loss))
        return tuple(weights), losses

    def predict(images, weights):
        w_x, w_h, b, w_y, b_y = weights
        h, _ = rnn_forward(images, np.zeros((len(images), len(b))), w_x, w_h, b)
        return np.argmax(h[:, -1] @ w_y + b_y, axis=-1).astype(np.int32)

    if "load_images" in globals():  # in the notebook, not where this class is read
        weights, _ = train_reader(*load_images(), np.random.default_rng(3))


@alternative("rnn_experiment")
class ColumnByColumn:
    """Reads the pictures column by column; the weights are a list."""

    def train_reader(images, labels, rng):
        images = images.transpose(0, 2, 1)
        _, _, d = images.shape
        hidden = 24
        weights = [rng.normal(size=(d, hidden)) / d**0.5, rng.normal(size=(hidden, hidden)) / hidden**0.5]
        weights += [np.zeros(hidden), np.zeros((hidden, 10)), np.zeros(10)]
        losses, epochs = [], 5
        for epoch in range(epochs):
            order = rng.permutation(len(images))
            for start in range(0, len(order), 16):
                batch = order[start : start + 16]
                h, cache = rnn_forward(images[batch], np.zeros((len(batch), hidden)), *weights[:3])
                loss, dscores = softmax_loss(h[:, -1] @ weights[3] + weights[4], labels[batch])
                dh = np.zeros_like(h)
                dh[:, -1] = dscores @ weights[3].T
                grads = [*rnn_backward(dh, cache)[2:], h[:, -1].T @ dscores, dscores.sum(axis=0)]
                grads, _ = clip_gradients(grads, 1.0)
                for w, g in zip(weights, grads, strict=True):
                    w -= 0.4 * (1 - epoch / epochs) * g
                losses.append(loss)
        return tuple(weights), losses

    def predict(images, weights):
        w_x, w_h, b, w_y, b_y = weights
        h, _ = rnn_forward(images.transpose(0, 2, 1), np.zeros((len(images), len(b))), w_x, w_h, b)
        return (h[:, -1] @ w_y + b_y).argmax(axis=1)

    if "load_images" in globals():  # in the notebook, not where this class is read
        weights, _ = train_reader(*load_images(), np.random.default_rng(3))


@alternative("rnn_backward")
class FirstStepAndTheRest:
    """The first step, then the rest by recursion, forward and back; a named tuple."""

    from collections import namedtuple

    Gradients = namedtuple("Gradients", "dx dh0 dw_x dw_h db")

    def rnn_forward(x, h0, w_x, w_h, b):
        if x.shape[1] == 1:
            h = rnn_step(x[:, 0], h0, w_x, w_h, b)

            def back(dh):
                da = dh[:, 0] * (1 + h) * (1 - h)
                return Gradients((da @ w_x.T)[:, None], da @ w_h.T, x[:, 0].T @ da, h0.T @ da, da.sum(axis=0))

            return h[:, None], back
        first, first_back = rnn_forward(x[:, :1], h0, w_x, w_h, b)
        rest, rest_back = rnn_forward(x[:, 1:], first[:, 0], w_x, w_h, b)

        def both_back(dh):
            later = rest_back(dh[:, 1:])
            dx, dh0, *weights = first_back(dh[:, :1] + later.dh0[:, None])
            sums = (one + other for one, other in zip(weights, later[2:], strict=True))
            return Gradients(np.concatenate([dx, later.dx], axis=1), dh0, *sums)

        return np.concatenate([first, rest], axis=1), both_back

    def rnn_backward(dh, cache):
        return cache(dh)


@alternative("lstm_step")
class ReadOnlyViewsOfOneArray:
    """Both states in one read-only array, the gates by SciPy's logistic function."""

    def lstm_step(x, h, c, w_x, w_h, b):
        from scipy.special import expit

        n, units = h.shape
        a = (x @ w_x + h @ w_h + b).reshape(n, 4, units).swapaxes(0, 1)
        i, f, o = expit(a[[0, 1, 3]])
        c = f * c + i * np.tanh(a[2])
        both = np.stack([o * np.tanh(c), c])
        both.flags.writeable = False
        return both[0], both[1]


@alternative("clip_gradients")
class OneLongVectorCutUpAgain:
    """A callable object; one long vector is scaled and cut up again; the results are a named tuple."""

    from collections import namedtuple

    Clipped = namedtuple("Clipped", "grads norm")

    class Clip:
        """Clips when it is called."""

        def __call__(self, grads, max_norm):
            flat = np.hstack([grad.reshape(-1) for grad in grads])
            norm = np.sqrt(flat @ flat)
            flat = flat * (max_norm / norm) if norm > max_norm else flat
            parts = np.split(flat, np.cumsum([grad.size for grad in grads])[:-1])
            return Clipped([part.reshape(grad.shape) for part, grad in zip(parts, grads, strict=True)], norm)

    clip_gradients = Clip()
