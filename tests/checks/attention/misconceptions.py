"""Wrong answers, one mistake each."""

from autograder.checks import misconception

# scaled_dot_product_attention


@misconception("scaled_dot_product_attention")
class NotScaled:
    """Leaves the scores as they are.

    What it does: takes the softmax of the plain dot products.
    Why it is wrong: dot products of D terms grow like the root of D, and the softmax saturates; divide by that root.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[4], [0]], np.eye(2))[1].round(3)
        array([[0.982, 0.018]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class ScaledByTheWidth:
    """Divides by D, not by its root.

    What it does: divides the scores by `q.shape[-1]`.
    Why it is wrong: the *variance* of a dot product is D, so its size is the root of D. Dividing by D is too much.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[4], [0]], np.eye(2))[1].round(3)
        array([[0.731, 0.269]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / q.shape[-1]
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MultipliedByTheRoot:
    """Multiplies by the root of D.

    What it does: makes the scores larger by the root of D, where they should become smaller.
    Why it is wrong: the scale is there to undo the growth of the dot product with D.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[1], [0]], np.eye(2))[1].round(3)
        array([[0.881, 0.119]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) * np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class ScaledByTheValues:
    """Divides by the root of the width of the values.

    What it does: takes E, the last dimension of `v`, for D.
    Why it is wrong: the dot product runs over the D entries of query and key. E may be another number.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[4], [0]], np.ones((2, 9)))[1].round(3)
        array([[0.791, 0.209]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(v.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class ScaledByTheNumberOfKeys:
    """Divides by the root of the number of keys.

    What it does: takes S, the number of keys, for D.
    Why it is wrong: how large a dot product gets depends on the number of its terms, D, not on how many keys there are.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[4], [0]], np.eye(2))[1].round(3)
        array([[0.944, 0.056]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(k.shape[-2])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class SoftmaxOverQueries:
    """Lets the weights of each key sum to one.

    What it does: takes the softmax along axis -2, over the queries.
    Why it is wrong: each query averages over the keys, so its row of weights must sum to one: axis -1.
    Example:
        >>> scaled_dot_product_attention(np.zeros((3, 4)), np.ones((2, 4)), np.eye(2))[1].sum(axis=-1).round(3)
        array([0.667, 0.667, 0.667])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        top = scores.max(axis=-2, keepdims=True)
        e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
        total = e.sum(axis=-2, keepdims=True)
        weights = e / np.where(total > 0, total, 1.0)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class SoftmaxOverEverything:
    """Lets all weights together sum to one.

    What it does: divides by the sum over queries and keys.
    Why it is wrong: every query has a softmax of its own, and a row of weights that sums to one.
    Example:
        >>> scaled_dot_product_attention(np.zeros((2, 4)), np.ones((2, 4)), np.eye(2))[1].sum(axis=-1)
        array([0.5, 0.5])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        top = scores.max(axis=(-2, -1), keepdims=True)
        e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
        total = e.sum(axis=(-2, -1), keepdims=True)
        weights = e / np.where(total > 0, total, 1.0)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class NoMaximumSubtracted:
    """Exponentiates the scores as they are.

    What it does: computes `exp(scores) / sum(exp(scores))` as the formula stands.
    Why it is wrong: `exp` overflows above 709, and infinity divided by infinity is not a number.
    Example:
        >>> scaled_dot_product_attention(np.array([[2000.0]]), np.array([[1.0], [0.0]]), np.eye(2))[1]
        array([[nan,  0.]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        with np.errstate(over="ignore", invalid="ignore"):
            e = np.exp(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
            if mask is not None:
                e = np.where(mask, e, 0.0)
            total = e.sum(axis=-1, keepdims=True)
            weights = np.where(total == 0, 0.0, e / np.where(total == 0, 1.0, total))
            return weights @ v, weights


@misconception("scaled_dot_product_attention")
class OneMaximumForAllRows:
    """Subtracts the largest score of all from every row.

    What it does: computes `exp(scores - scores.max())`, with one maximum for the whole array.
    Why it is wrong: in a row far below that maximum every exponential becomes zero, and its weights are lost.
    Example:
        >>> scaled_dot_product_attention(np.array([[0.0], [2000.0]]), np.array([[1.0], [0.0]]), np.eye(2))[1]
        array([[0., 0.],
               [1., 0.]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        top = scores.max()
        e = np.exp(scores - (top if np.isfinite(top) else 0.0))
        total = e.sum(axis=-1, keepdims=True)
        weights = e / np.where(total > 0, total, 1.0)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MaskTheOtherWayRound:
    """Hides what may be seen, and shows what may not.

    What it does: treats True as "hide this key".
    Why it is wrong: True means "may attend" here. (Some libraries use the other meaning for some of their masks.)
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[True, False]]))[1]
        array([[0., 1.]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(~mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MaskNotUsed:
    """Attends to everything.

    What it does: takes the argument `mask`, and does nothing with it.
    Why it is wrong: hidden keys must have no weight.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[True, False]]))[1]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class HiddenScoresSetToZero:
    """Gives hidden keys the score zero.

    What it does: multiplies the scores with the mask before the softmax.
    Why it is wrong: a score of zero is a score like any other, and has the weight e⁰ = 1 before the division.
    Example:
        >>> scaled_dot_product_attention(np.zeros((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[True, False]]))[1]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores * mask
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MaskAddedAsNumbers:
    """Adds the mask to the scores.

    What it does: True counts as 1 and False as 0 in `scores + mask`.
    Why it is wrong: hidden keys lose a factor of e, no more. Masks that are *added* hold 0 and minus infinity.
    Example:
        >>> k, mask = np.ones((2, 4)), np.array([[True, False]])
        >>> scaled_dot_product_attention(np.zeros((1, 4)), k, np.eye(2), mask)[1].round(3)
        array([[0.731, 0.269]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores + mask
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MaskedAfterTheSoftmax:
    """Wipes out weights when they have been shared already.

    What it does: multiplies the finished weights with the mask.
    Why it is wrong: what the hidden keys had taken is missing, so the weights no longer sum to one.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[True, False]]))[1]
        array([[0.5, 0. ]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        if mask is not None:
            weights = weights * mask
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class HiddenKeysCountBeforeTheyAreHidden:
    """Hides keys only after exponentiating.

    What it does: wipes out the weights of hidden keys after the softmax, and shares what is left.
    Why it is wrong: a hidden key with a large score has taken everything; the other weights have been rounded to zero.
    Example:
        >>> k, mask = np.array([[9000.0], [0.0]]), np.array([[False, True]])
        >>> scaled_dot_product_attention(np.ones((1, 1)), k, np.eye(2), mask)[1]
        array([[0., 0.]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        if mask is not None:
            weights = weights * mask
            total = weights.sum(axis=-1, keepdims=True)
            weights = weights / np.where(total > 0, total, 1.0)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class HiddenByTooSmallANumber:
    """Hides keys by a score of -10⁴.

    What it does: `np.where(mask, scores, -1e4)`.
    Why it is wrong: visible scores may be as low as that, and then hidden keys get as much weight as they.
    Example:
        >>> k, mask = np.array([[-1e4], [0.0]]), np.array([[True, False]])
        >>> scaled_dot_product_attention(np.ones((1, 1)), k, np.eye(2), mask)[1]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -1e4)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        if mask is not None:
            weights = weights * np.any(mask, axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class NothingToSeeIsNotANumber:
    """Divides zero by zero where a query may attend to nothing.

    What it does: gives hidden keys a score of minus infinity, and takes the softmax as always.
    Why it is wrong: if all keys are hidden, the largest score is minus infinity: infinity less infinity is no number.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[False, False]]))[1]
        array([[nan, nan]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        with np.errstate(invalid="ignore"):
            e = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights = e / e.sum(axis=-1, keepdims=True)
            return weights @ v, weights


@misconception("scaled_dot_product_attention")
class NothingToSeeIsEverything:
    """Averages all values where a query may attend to none.

    What it does: gives hidden keys a score of -10⁹, and takes the softmax as always.
    Why it is wrong: if all keys are hidden, their scores are equal, so each of them gets the same weight, not zero.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[False, False]]))[1]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class NothingToSeeIsUnmasked:
    """Forgets the mask where a query may attend to nothing.

    What it does: adds -10⁹ to the scores of hidden keys, and takes the softmax as always.
    Why it is wrong: if all keys are hidden, all scores are lowered alike, and a softmax does not notice that.
    Example:
        >>> k = np.eye(4)[:2] * [[4], [0]]
        >>> scaled_dot_product_attention(np.ones((1, 4)), k, np.eye(2), np.array([[False, False]]))[1].round(3)
        array([[0.881, 0.119]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores + np.where(mask, 0.0, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class NothingToSeeOnlyInTheWeights:
    """Returns zero weights but another output where a query may attend to nothing.

    What it does: sets the weights to zero after the output has been computed from uniform ones.
    Why it is wrong: the output of such a query is zero as well: a sum over no keys.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), np.array([[False, False]]))[0]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = e / e.sum(axis=-1, keepdims=True)
        out = weights @ v
        if mask is not None:
            weights = np.where(mask, weights, 0.0)
        return out, weights


@misconception("scaled_dot_product_attention")
class OnlyTwoDimensions:
    """Transposes all axes of the keys.

    What it does: `q @ k.T`, which turns round the leading dimensions as well.
    Why it is wrong: with a batch, only the last two axes of the keys may be swapped.
    Example:
        >>> scaled_dot_product_attention(np.ones((3, 2, 4)), np.ones((3, 5, 4)), np.ones((3, 5, 6)))
        ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ k.T / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class FirstMaskForAll:
    """Uses one mask for the whole batch.

    What it does: takes the first (L, S) mask of a mask (…, L, S), and hides the same keys in every look-up.
    Why it is wrong: a mask with leading dimensions holds a mask for each entry of them.
    Example:
        >>> k, mask = np.ones((2, 2, 4)), np.array([[[True, False]], [[False, True]]])
        >>> scaled_dot_product_attention(np.ones((2, 1, 4)), k, np.ones((2, 2, 3)), mask)[1].tolist()
        [[[1.0, 0.0]], [[1.0, 0.0]]]
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask.reshape(-1, *mask.shape[-2:])[0], scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class WeightsFirst:
    """Returns the weights before the output.

    What it does: returns `(weights, out)`.
    Why it is wrong: the order asked for is `(out, weights)`.
    Example:
        >>> [a.shape for a in scaled_dot_product_attention(np.ones((2, 4)), np.ones((5, 4)), np.ones((5, 6)))]
        [(2, 5), (2, 6)]
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights, weights @ v


@misconception("scaled_dot_product_attention")
class ScoresForWeights:
    """Returns the scores in place of the weights.

    What it does: the output is right, but what comes with it has not been through the softmax.
    Why it is wrong: the second result is the weights: they are not negative, and each row sums to one.
    Example:
        >>> scaled_dot_product_attention(np.ones((1, 4)), np.eye(4)[:2] * [[4], [0]], np.eye(2))[1]
        array([[2., 0.]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, scores


@misconception("scaled_dot_product_attention")
class QueriesScaledInPlace:
    """Changes the caller's queries.

    What it does: `q /= np.sqrt(d)`, which writes into the array that was passed in.
    Why it is wrong: whoever uses `q` afterwards finds other numbers in it. `q = q / np.sqrt(d)` makes a new array.
    Example:
        >>> q = np.ones((1, 4)); _ = scaled_dot_product_attention(q, np.ones((2, 4)), np.eye(2)); q
        array([[0.5, 0.5, 0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        q /= np.sqrt(q.shape[-1])
        scores = q @ np.swapaxes(k, -1, -2)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class MaskFilledInPlace:
    """Changes the caller's mask.

    What it does: opens the empty rows of the mask, to avoid dividing by zero, in the array that was passed in.
    Why it is wrong: whoever uses the mask afterwards finds other entries in it. Work on a copy.
    Example:
        >>> mask = np.array([[False, False]])
        >>> _ = scaled_dot_product_attention(np.ones((1, 4)), np.ones((2, 4)), np.eye(2), mask); mask
        array([[ True,  True]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        some = np.ones((1, 1))
        if mask is not None:
            some = mask.any(axis=-1, keepdims=True)
            mask |= ~some
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = some * e / e.sum(axis=-1, keepdims=True)
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class Sigmoid:
    """Weighs every key by itself.

    What it does: puts each score through a sigmoid instead of a softmax.
    Why it is wrong: the weights of a query do not sum to one, so the output is no average.
    Example:
        >>> scaled_dot_product_attention(np.zeros((1, 4)), np.ones((3, 4)), np.ones((3, 1)))[0]
        array([[1.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
        weights = 0.5 * (1 + np.tanh(scores / 2))
        if mask is not None:
            weights = weights * mask
        return weights @ v, weights


@misconception("scaled_dot_product_attention")
class CosineScores:
    """Compares directions only.

    What it does: divides each score by the lengths of query and key, instead of by the root of D.
    Why it is wrong: the length of a query says how sharply it picks, and a cosine throws that away.
    Example:
        >>> scaled_dot_product_attention(np.full((1, 4), 9.0), np.eye(4)[:2] * [[4], [0.1]], np.eye(2))[1]
        array([[0.5, 0.5]])
    """

    def scaled_dot_product_attention(q, k, v, mask=None):
        q = q / np.linalg.norm(q, axis=-1, keepdims=True)
        k = k / np.linalg.norm(k, axis=-1, keepdims=True)
        scores = q @ np.swapaxes(k, -1, -2)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return weights @ v, weights


# causal_mask


@misconception("causal_mask")
class NotEvenItself:
    """Hides the diagonal, too.

    What it does: is True strictly below the diagonal.
    Why it is wrong: a position may attend to itself; otherwise the first one would see nothing at all.
    Example:
        >>> causal_mask(2).tolist()
        [[False, False], [True, False]]
    """

    def causal_mask(length):
        return np.tril(np.ones((length, length), dtype=bool), k=-1)


@misconception("causal_mask")
class SeesTheFuture:
    """Is True on and above the diagonal.

    What it does: lets each position see itself and what comes after.
    Why it is wrong: rows are queries and columns keys, so the past is on the left: below the diagonal.
    Example:
        >>> causal_mask(2).tolist()
        [[True, True], [False, True]]
    """

    def causal_mask(length):
        return np.triu(np.ones((length, length), dtype=bool))


@misconception("causal_mask")
class MarksTheHidden:
    """Is True where a key must be hidden.

    What it does: marks the future, strictly above the diagonal.
    Why it is wrong: True means "may attend" here.
    Example:
        >>> causal_mask(2).tolist()
        [[False, True], [False, False]]
    """

    def causal_mask(length):
        return np.triu(np.ones((length, length), dtype=bool), k=1)


@misconception("causal_mask")
class OneStepAhead:
    """Shows the next position as well.

    What it does: is True up to one column right of the diagonal.
    Why it is wrong: the next position is what has to be predicted.
    Example:
        >>> causal_mask(2).tolist()
        [[True, True], [True, True]]
    """

    def causal_mask(length):
        return np.tril(np.ones((length, length), dtype=bool), k=1)


@misconception("causal_mask")
class OnesAndZeros:
    """Returns numbers.

    What it does: returns an array of 1.0 and 0.0.
    Why it is wrong: a mask is boolean. With numbers `~mask` fails and `scores[mask]` means something else.
    Example:
        >>> causal_mask(2).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """

    def causal_mask(length):
        return np.tril(np.ones((length, length)))


@misconception("causal_mask")
class ReadyToBeAdded:
    """Returns zero and minus infinity.

    What it does: makes the kind of mask that is added to the scores.
    Why it is wrong: the mask asked for is boolean, True where a position may attend.
    Example:
        >>> causal_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
    """

    def causal_mask(length):
        return np.where(np.tril(np.ones((length, length), dtype=bool)), 0.0, -np.inf)


@misconception("causal_mask")
class HidesNothing:
    """Is True everywhere.

    What it does: returns a mask of the right size in which nothing is hidden.
    Why it is wrong: positions must not see what comes after them.
    Example:
        >>> causal_mask(2).tolist()
        [[True, True], [True, True]]
    """

    def causal_mask(length):
        return np.ones((length, length), dtype=bool)


# argmax_attention


@misconception("argmax_attention")
class WorstKey:
    """Takes the smallest score.

    What it does: uses `argmin` over the dot products.
    Why it is wrong: the better a key matches, the larger its dot product.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [2.0], [3.0]]), np.array([[10.0], [20.0], [30.0]]))
        array([[10.]])
    """

    def argmax_attention(q, k, v):
        best = np.argmin(q @ np.swapaxes(k, -1, -2), axis=-1)
        return np.take_along_axis(v, best[..., None], axis=-2)


@misconception("argmax_attention")
class NearestKey:
    """Takes the key that lies nearest to the query.

    What it does: picks the smallest Euclidean distance.
    Why it is wrong: a long key that points the query's way has a large dot product, however far away it lies.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [5.0]]), np.array([[10.0], [20.0]]))
        array([[10.]])
    """

    def argmax_attention(q, k, v):
        distance = ((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(axis=-1)
        best = np.argmin(distance, axis=-1)
        return np.take_along_axis(v, best[..., None], axis=-2)


@misconception("argmax_attention")
class BestAngle:
    """Takes the key with the largest cosine.

    What it does: divides the keys by their lengths before it compares.
    Why it is wrong: the score is the dot product itself, in which the length of a key counts.
    Example:
        >>> argmax_attention(np.array([[1.0, 0]]), np.array([[1.0, 0], [5, 5]]), np.array([[10.0], [20.0]]))
        array([[10.]])
    """

    def argmax_attention(q, k, v):
        k = k / np.linalg.norm(k, axis=-1, keepdims=True)
        best = np.argmax(q @ np.swapaxes(k, -1, -2), axis=-1)
        return np.take_along_axis(v, best[..., None], axis=-2)


@misconception("argmax_attention")
class StrongestKey:
    """Ignores the sign of the scores.

    What it does: picks the largest absolute value.
    Why it is wrong: a large negative score is the opposite of a match.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [-5.0]]), np.array([[10.0], [20.0]]))
        array([[20.]])
    """

    def argmax_attention(q, k, v):
        best = np.argmax(np.abs(q @ np.swapaxes(k, -1, -2)), axis=-1)
        return np.take_along_axis(v, best[..., None], axis=-2)


@misconception("argmax_attention")
class BestQueryForEachKey:
    """Looks along the wrong axis.

    What it does: finds for each key the query that suits it best, and takes the values of those numbers.
    Why it is wrong: each query looks for its best key: the last axis of the scores. There are L answers, not S.
    Example:
        >>> argmax_attention(np.ones((1, 4)), np.ones((3, 4)), np.ones((3, 2))).shape
        (3, 2)
    """

    def argmax_attention(q, k, v):
        best = np.argmax(q @ np.swapaxes(k, -1, -2), axis=-2)
        return np.take_along_axis(v, np.minimum(best, v.shape[-2] - 1)[..., None], axis=-2)


@misconception("argmax_attention")
class NumbersOfTheKeys:
    """Returns which key won, not its value.

    What it does: returns the index of the best key.
    Why it is wrong: the output of attention is made of values: `v` of the winner, with shape (…, L, E).
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [5.0]]), np.array([[10.0], [20.0]]))
        array([1])
    """

    def argmax_attention(q, k, v):
        return np.argmax(q @ np.swapaxes(k, -1, -2), axis=-1)


@misconception("argmax_attention")
class ValuesOfTheFirstLookUp:
    """Picks from the first values of the batch.

    What it does: finds the right winners, and indexes the first (S, E) values with all of them.
    Why it is wrong: each entry of the leading dimensions has values of its own. See `np.take_along_axis`.
    Example:
        >>> v = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
        >>> argmax_attention(np.ones((2, 1, 4)), np.ones((2, 2, 4)), v).ravel()
        array([1., 1.])
    """

    def argmax_attention(q, k, v):
        best = np.argmax(q @ np.swapaxes(k, -1, -2), axis=-1)
        return v.reshape(-1, *v.shape[-2:])[0][best]


@misconception("argmax_attention")
class StillSoft:
    """Averages after all.

    What it does: returns the softmax average of the values.
    Why it is wrong: the value of the best key alone was asked for.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [1.5]]), np.array([[10.0], [20.0]])).round(2)
        array([[16.22]])
    """

    def argmax_attention(q, k, v):
        return scaled_dot_product_attention(q, k, v)[0]


@misconception("argmax_attention")
class WinnerTimesItsWeight:
    """Multiplies the winner's value with its softmax weight.

    What it does: sets all weights but the largest to zero, and keeps that one as it was.
    Why it is wrong: the winner takes all: its weight is one.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[1.0], [1.5]]), np.array([[10.0], [20.0]])).round(2)
        array([[12.45]])
    """

    def argmax_attention(q, k, v):
        _, weights = scaled_dot_product_attention(q, k, v)
        weights = np.where(weights == weights.max(axis=-1, keepdims=True), weights, 0.0)
        return weights @ v


@misconception("argmax_attention")
class ExponentiatedFirst:
    """Overflows on large scores.

    What it does: compares `exp(scores)` instead of the scores.
    Why it is wrong: above 709 all exponentials are infinite and below -745 all are zero, so the first one wins.
    Example:
        >>> argmax_attention(np.ones((1, 1)), np.array([[800.0], [900.0]]), np.array([[10.0], [20.0]]))
        array([[10.]])
    """

    def argmax_attention(q, k, v):
        with np.errstate(over="ignore"):
            best = np.argmax(np.exp(q @ np.swapaxes(k, -1, -2)), axis=-1)
        return np.take_along_axis(v, best[..., None], axis=-2)


# multi_head_attention


@misconception("multi_head_attention")
class HeadsInterleaved:
    """Deals the columns out to the heads like cards.

    What it does: head 0 gets the columns 0, h, 2h and so on: `reshape(N, L, D / heads, heads)`.
    Why it is wrong: a head is a block of neighbouring columns: `reshape(N, L, heads, D / heads)`.
    Example:
        >>> np.arange(6).reshape(3, 2)[:, 0]  # the columns of head 0 of 2
        array([0, 2, 4])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, dim // num_heads, num_heads).transpose(0, 3, 1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.transpose(0, 2, 3, 1).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class ScaledByTheFullWidth:
    """Divides by the root of D in every head.

    What it does: takes the width of `x` for the width of a head.
    Why it is wrong: a head's dot product has D / heads terms, so that number belongs under the root.
    Example:
        >>> np.sqrt(64) / np.sqrt(64 / 16)  # D = 64, 16 heads: scores are too small by this factor
        np.float64(4.0)
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
        scores = q @ k.swapaxes(2, 3) / np.sqrt(dim)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return (weights @ v).swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class ScoresNotScaled:
    """Leaves out the root altogether.

    What it does: takes the softmax of the plain dot products of each head.
    Why it is wrong: they grow with the width of a head, D / heads, and must be divided by its root.
    Example:
        >>> np.sqrt(64 / 16)  # D = 64, 16 heads: scores are too large by this factor
        np.float64(2.0)
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
        scores = q @ k.swapaxes(2, 3)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        e = np.exp(scores - np.maximum(scores.max(axis=-1, keepdims=True), -1e300))
        weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
        return (weights @ v).swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class HeadsNotMixed:
    """Forgets the output projection.

    What it does: returns the joined heads without multiplying by `w_o`.
    Why it is wrong: without the last projection no head's output ever meets another's.
    Example:
        >>> multi_head_attention(np.ones((1, 1, 2)), np.eye(2), np.eye(2), np.eye(2), 5 * np.eye(2), 1)
        array([[[1., 1.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim)


@misconception("multi_head_attention")
class ProjectionsTransposed:
    """Multiplies with the transposed weights.

    What it does: `x @ w.T` for every projection, as torch's linear layers do.
    Why it is wrong: a projection is `x @ w` here.
    Example:
        >>> w = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> multi_head_attention(np.array([[[1.0, 2.0]]]), w, w, w, np.eye(2), 1)
        array([[[2., 0.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q.T), split(x @ w_k.T), split(x @ w_v.T), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o.T


@misconception("multi_head_attention")
class OutputProjectionTransposed:
    """Multiplies with the transposed output weights.

    What it does: `joined @ w_o.T`; the other three projections are right.
    Why it is wrong: all four projections are `x @ w`.
    Example:
        >>> w = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> multi_head_attention(np.array([[[1.0, 2.0]]]), np.eye(2), np.eye(2), np.eye(2), w, 1)
        array([[[2., 0.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o.T


@misconception("multi_head_attention")
class OneHeadOnly:
    """Does not split the columns.

    What it does: attends once with all D columns, whatever `num_heads` is.
    Why it is wrong: each head has weights of its own, from its own block of columns.
    Example:
        >>> x = np.array([[[2.0, 0.0], [0.0, 0.0]]])
        >>> multi_head_attention(x, *[np.eye(2)] * 4, num_heads=2)[0, 0].round(3)
        array([1.888, 0.   ])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        out, _ = scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v, mask)
        return out @ w_o


@misconception("multi_head_attention")
class PositionsSplitForColumns:
    """Cuts the sequence into pieces where the columns should be cut.

    What it does: `reshape(N, heads, L, D / heads)` at once, without a transpose.
    Why it is wrong: a reshape keeps the order in memory, so a head gets a stretch of positions with all their columns.
    Example:
        >>> np.arange(8).reshape(1, 2, 4).reshape(1, 2, 2, 2)[0, 0].tolist()  # L = 2, D = 4: head 0 is position 0
        [[0, 1], [2, 3]]
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, num_heads, length, dim // num_heads)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class JoinedWithoutTransposing:
    """Puts the heads' outputs together in the wrong order.

    What it does: reshapes (N, heads, L, D / heads) to (N, L, D) without moving the heads back behind the positions.
    Why it is wrong: a row then holds one head's outputs of several positions, not all heads' outputs of one.
    Example:
        >>> np.array([["a1", "a2"], ["b1", "b2"]]).reshape(2, 2).tolist()  # heads a and b, positions 1 and 2
        [['a1', 'a2'], ['b1', 'b2']]
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class JoinedColumnByColumn:
    """Interleaves the heads when it joins them.

    What it does: puts the first column of every head first, then the second of every head, and so on.
    Why it is wrong: the joined columns lie as they did before the split: head 0's block, then head 1's.
    Example:
        >>> np.array([["a1", "a2"], ["b1", "b2"]]).T.reshape(-1).tolist()  # heads a and b, columns 1 and 2
        ['a1', 'b1', 'a2', 'b2']
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.transpose(0, 2, 3, 1).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class MaskNotHandedOn:
    """Attends to everything.

    What it does: does not give the mask to the attention of the heads.
    Why it is wrong: hidden positions must have no weight, in any head.
    Example:
        >>> x, mask = np.array([[[1.0], [3.0]]]), np.array([[True, False], [True, True]])
        >>> multi_head_attention(x, *[np.eye(1)] * 4, 1, mask)[0, 0].round(2)
        array([2.76])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), None)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class MaskHandedOnInverted:
    """Hides what may be seen.

    What it does: turns the mask round before the heads get it.
    Why it is wrong: True means "may attend" here, for one head as for several.
    Example:
        >>> x, mask = np.array([[[1.0], [3.0]]]), np.array([[True, False], [True, True]])
        >>> multi_head_attention(x, *[np.eye(1)] * 4, 1, mask)[0, 0]
        array([3.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape
        if mask is not None:
            mask = ~mask

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class MaskTransposed:
    """Takes rows for keys.

    What it does: uses the mask with its axes swapped.
    Why it is wrong: rows of the mask are queries, columns are keys. A causal mask shows the future this way.
    Example:
        >>> x, mask = np.array([[[1.0], [3.0]]]), np.array([[True, False], [True, True]])
        >>> multi_head_attention(x, *[np.eye(1)] * 4, 1, mask)[0, 1]
        array([3.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape
        if mask is not None:
            mask = mask.T

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class NeverAhead:
    """Hides the future, asked or not.

    What it does: applies a causal mask even if no mask is given.
    Why it is wrong: without a mask every position attends to every other.
    Example:
        >>> multi_head_attention(np.array([[[0.0, 1], [0, 3]]]), *[np.diag([0.0, 1])] * 4, 2)[0, 0]
        array([0., 1.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape
        causal = np.tril(np.ones((length, length), dtype=bool))
        mask = causal if mask is None else mask & causal

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class QueriesAndKeysSwapped:
    """Makes queries with `w_k` and keys with `w_q`.

    What it does: position i attends to j as much as j should attend to i.
    Why it is wrong: who asks and who answers are different roles: the scores are transposed.
    Example:
        >>> x, w = np.array([[[1.0, 2.0], [3.0, 0.0]]]), np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> multi_head_attention(x, w, np.eye(2), np.eye(2), np.eye(2), 1)[0, 0].round(2)
        array([2.89, 0.11])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_k), split(x @ w_q), split(x @ w_v), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class KeysForValues:
    """Averages the keys.

    What it does: uses `x @ w_k` as values, too.
    Why it is wrong: values have a projection of their own, `x @ w_v`.
    Example:
        >>> multi_head_attention(np.ones((1, 1, 1)), np.eye(1), np.eye(1), 7 * np.eye(1), np.eye(1), 1)
        array([[[1.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_k), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class ValuesNotProjected:
    """Averages the inputs themselves.

    What it does: uses `x` as values, without `w_v`.
    Why it is wrong: values are `x @ w_v`.
    Example:
        >>> multi_head_attention(np.ones((1, 1, 1)), np.eye(1), np.eye(1), 7 * np.eye(1), np.eye(1), 1)
        array([[[1.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x), mask)
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class InputAdded:
    """Adds a residual connection.

    What it does: returns `x` plus the attention's output.
    Why it is wrong: the residual connection belongs to the layer around this function.
    Example:
        >>> multi_head_attention(np.ones((1, 1, 1)), np.eye(1), np.eye(1), np.eye(1), np.eye(1), 1)
        array([[[2.]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return x + out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class AttendsAlongTheBatch:
    """Takes the batch for the sequence.

    What it does: lets the N sequences attend to each other at each position, as if `x` were (L, N, D).
    Why it is wrong: `x` is (N, L, D), and sequences of a batch have nothing to do with each other.
    Example:
        >>> x = np.array([[[1.0]], [[3.0]]])  # two sequences of one position
        >>> multi_head_attention(x, 0 * np.eye(1), np.eye(1), np.eye(1), np.eye(1), 1).ravel()
        array([2., 2.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        length, n, dim = x.shape
        x = x.swapaxes(0, 1)

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
        return (out.swapaxes(1, 2).reshape(n, length, dim) @ w_o).swapaxes(0, 1)


@misconception("multi_head_attention")
class OnlyTheFirstSequence:
    """Answers for the first sequence of the batch alone.

    What it does: leaves out the batch, and copies one answer to all.
    Why it is wrong: each sequence of the batch has an output of its own.
    Example:
        >>> multi_head_attention(np.array([[[1.0]], [[3.0]]]), *[np.eye(1)] * 4, 1).ravel()
        array([1., 1.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(1, length, num_heads, dim // num_heads).swapaxes(1, 2)

        out, _ = scaled_dot_product_attention(split(x[:1] @ w_q), split(x[:1] @ w_k), split(x[:1] @ w_v), mask)
        return np.repeat(out.swapaxes(1, 2).reshape(1, length, dim) @ w_o, n, axis=0)


@misconception("multi_head_attention")
class NothingToSeeAverages:
    """Gives a position that sees nothing the average of all.

    What it does: has an attention of its own, in which hidden keys have a score of -10⁹ and nothing more is done.
    Why it is wrong: if every key is hidden, all scores are equal, and so are the weights. They should be zero.
    Example:
        >>> x, mask = np.array([[[1.0], [3.0]]]), np.array([[False, False], [True, True]])
        >>> multi_head_attention(x, *[np.eye(1)] * 4, 1, mask)[0, 0]
        array([2.])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
        scores = q @ k.swapaxes(2, 3) / np.sqrt(dim // num_heads)
        if mask is not None:
            scores = np.where(mask, scores, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        out = e / e.sum(axis=-1, keepdims=True) @ v
        return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class LargeScoresOverflow:
    """Exponentiates the scores as they are.

    What it does: has an attention of its own, with `exp(scores) / sum(exp(scores))` as the formula stands.
    Why it is wrong: `exp` overflows above 709, and infinity divided by infinity is not a number.
    Example:
        >>> multi_head_attention(np.array([[[30.0]]]), *[np.eye(1)] * 4, 1)
        array([[[nan]]])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
        with np.errstate(over="ignore", invalid="ignore"):
            e = np.exp(q @ k.swapaxes(2, 3) / np.sqrt(dim // num_heads))
            if mask is not None:
                e = e * mask
            weights = e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300)
            return (weights @ v).swapaxes(1, 2).reshape(n, length, dim) @ w_o


@misconception("multi_head_attention")
class NothingToSeeSpreads:
    """Divides zero by zero for a position that sees nothing.

    What it does: has an attention of its own, in which hidden keys have a score of minus infinity.
    Why it is wrong: if every key is hidden, the largest score is minus infinity, and the output is not a number.
    Example:
        >>> x, mask = np.array([[[1.0], [3.0]]]), np.array([[False, False], [True, True]])
        >>> multi_head_attention(x, *[np.eye(1)] * 4, 1, mask)[0, 0]
        array([nan])
    """

    def multi_head_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
        n, length, dim = x.shape

        def split(y):
            return y.reshape(n, length, num_heads, dim // num_heads).swapaxes(1, 2)

        q, k, v = split(x @ w_q), split(x @ w_k), split(x @ w_v)
        scores = q @ k.swapaxes(2, 3) / np.sqrt(dim // num_heads)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        with np.errstate(invalid="ignore"):
            e = np.exp(scores - scores.max(axis=-1, keepdims=True))
            out = e / e.sum(axis=-1, keepdims=True) @ v
            return out.swapaxes(1, 2).reshape(n, length, dim) @ w_o


# positional_encoding


@misconception("positional_encoding")
class CosineFirst:
    """Swaps sine and cosine.

    What it does: puts cosines into the even columns and sines into the odd ones.
    Why it is wrong: the even columns are the sines; position 0 is (0, 1, 0, 1, …).
    Example:
        >>> positional_encoding(1, 4)
        array([[1., 0., 1., 0.]])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class SinesThenCosines:
    """Puts all sines before all cosines.

    What it does: joins the two halves instead of interleaving them.
    Why it is wrong: sine and cosine of one frequency stand side by side, in columns 2i and 2i + 1.
    Example:
        >>> positional_encoding(1, 4)
        array([[0., 0., 1., 1.]])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


@misconception("positional_encoding")
class CountsFromOne:
    """Starts at position 1.

    What it does: gives the first position the signature of the second.
    Why it is wrong: positions count from 0, where every sine is 0 and every cosine is 1.
    Example:
        >>> positional_encoding(1, 2).round(2)
        array([[0.84, 0.54]])
    """

    def positional_encoding(length, dim):
        angle = np.arange(1, length + 1)[:, None] * 10000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class OtherBase:
    """Uses 1000 as base.

    What it does: the slow clocks turn too fast.
    Why it is wrong: the base is 10000.
    Example:
        >>> positional_encoding(2, 4)[1].round(3)
        array([0.841, 0.54 , 0.032, 1.   ])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 1000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class FrequencyForEachColumn:
    """Gives every column a frequency of its own.

    What it does: column j turns with frequency 10000^(-j/D), for sines and cosines alike.
    Why it is wrong: the columns 2i and 2i + 1 share a frequency; only then are they the hand of one clock.
    Example:
        >>> positional_encoding(2, 2)[1].round(3)
        array([0.841, 1.   ])
    """

    def positional_encoding(length, dim):
        column = np.arange(dim)
        angle = np.arange(length)[:, None] * 10000.0 ** (-column / dim)
        return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


@misconception("positional_encoding")
class TwiceTheExponent:
    """Doubles the exponent once too often.

    What it does: counts i = 0, 2, 4, … and still takes 2i / D as exponent.
    Why it is wrong: the exponents are 0, 2/D, 4/D and so on: 2i for i = 0, 1, 2, …
    Example:
        >>> positional_encoding(2, 4)[1].round(4)
        array([8.415e-01, 5.403e-01, 1.000e-04, 1.000e+00])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-2 * np.arange(0, dim, 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class HalfTheExponent:
    """Leaves out the 2 in the exponent.

    What it does: takes i / D for i = 0, 1, 2, … as exponent.
    Why it is wrong: the exponent is 2i / D, so that the frequencies run down to nearly 1/10000.
    Example:
        >>> positional_encoding(2, 4)[1].round(4)
        array([0.8415, 0.5403, 0.0998, 0.995 ])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(dim // 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class FasterAndFaster:
    """Forgets the minus sign of the exponent.

    What it does: multiplies the position by 10000^(2i/D) instead of dividing.
    Why it is wrong: the clocks should turn more and more slowly.
    Example:
        >>> positional_encoding(2, 4)[1].round(3)
        array([ 0.841,  0.54 , -0.506,  0.862])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (np.arange(0, dim, 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class SlowestClockAtTheBase:
    """Spreads the frequencies from 1 to exactly 1/10000.

    What it does: divides by the number of clocks less one, as some libraries do.
    Why it is wrong: the exponent is 2i / D, which never reaches 1.
    Example:
        >>> positional_encoding(2, 4)[1].round(4)
        array([8.415e-01, 5.403e-01, 1.000e-04, 1.000e+00])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(dim // 2) / max(dim // 2 - 1, 1))
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)


@misconception("positional_encoding")
class ColumnsForPositions:
    """Returns the array on its side.

    What it does: has one column per position and one row per feature.
    Why it is wrong: the shape is (length, dim): one row per position.
    Example:
        >>> positional_encoding(3, 4).shape
        (4, 3)
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim).T


@misconception("positional_encoding")
class SineOnly:
    """Uses the sine in every column.

    What it does: fills the odd columns with sines, too.
    Why it is wrong: a sine alone does not tell where a clock's hand points; turning it needs the cosine as well.
    Example:
        >>> positional_encoding(1, 4)
        array([[0., 0., 0., 0.]])
    """

    def positional_encoding(length, dim):
        angle = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, dim, 2) / dim)
        return np.repeat(np.sin(angle), 2, axis=1)


# attention_experiment


@misconception("attention_experiment")
class ReadsTheAverage:
    """Classifies the average of all images.

    What it does: mixes the images with equal weights, wherever the mark is.
    Why it is wrong: the average tells which digits lie there, but not where.
    Example:
        >>> np.full(8, 1 / 8)  # the weights of the eight images
        array([0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125])
    """

    def recall(rows, marks):
        images, labels = load_images()
        w = np.linalg.lstsq(np.c_[images, np.ones(len(images))], np.eye(10)[labels], rcond=None)[0]
        return np.argmax(rows.mean(axis=1) @ w[:-1] + w[-1], axis=-1)


@misconception("attention_experiment")
class ReadsTheMarkedImage:
    """Names the digit at the mark.

    What it does: attends to the marked position itself.
    Why it is wrong: the question is which digit stands directly *before* the mark.
    Example:
        >>> np.array([7, 1, 4, 4, 9, 0, 1, 3])[4]  # the mark is at position 4, the answer is 4
        np.int64(9)
    """

    def recall(rows, marks):
        images, labels = load_images()
        w = np.linalg.lstsq(np.c_[images, np.ones(len(images))], np.eye(10)[labels], rcond=None)[0]
        return np.argmax(rows[np.arange(len(rows)), marks] @ w[:-1] + w[-1], axis=-1)


@misconception("attention_experiment")
class ReadsTheNextImage:
    """Names the digit after the mark.

    What it does: attends one step ahead instead of one step back.
    Why it is wrong: the question is which digit stands directly *before* the mark.
    Example:
        >>> np.array([7, 1, 4, 4, 9, 0, 1, 3])[4 + 1]  # the mark is at position 4, the answer is 4
        np.int64(0)
    """

    def recall(rows, marks):
        images, labels = load_images()
        w = np.linalg.lstsq(np.c_[images, np.ones(len(images))], np.eye(10)[labels], rcond=None)[0]
        return np.argmax(rows[np.arange(len(rows)), (marks + 1) % 8] @ w[:-1] + w[-1], axis=-1)
