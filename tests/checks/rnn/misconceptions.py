"""Wrong answers to the questions of `rnn`, one mistake each.

In the examples `np.eye(1)` is the one number 1 as a matrix: one sequence, one feature, one unit, all weights 1.
"""

from autograder.checks import misconception

# --------------------------------------------------------------------------------------------------- rnn_step


@misconception("rnn_step")
class NoBias:
    """Leaves the bias out.

    What it does: adds the products of input and state, and not `b`.
    Why it is wrong: a unit cannot shift the point at which it switches; with zero input and state it stays at 0.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[0.96402758]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h @ w_h)


@misconception("rnn_step")
class SigmoidInsteadOfTanh:
    """Squashes with the logistic function.

    What it does: states lie between 0 and 1.
    Why it is wrong: the cell asked for uses tanh; its states have both signs, and its slope at zero is 1, not 1/4.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[0.95257413]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return 0.5 * (1 + np.tanh(0.5 * (x @ w_x + h @ w_h + b)))


@misconception("rnn_step")
class ReluInsteadOfTanh:
    """Squashes with a rectifier.

    What it does: cuts negative sums off at zero and lets positive ones grow.
    Why it is wrong: the cell asked for uses tanh; with a rectifier the state may grow without bound from step to step.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[3.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.maximum(0.0, x @ w_x + h @ w_h + b)


@misconception("rnn_step")
class NoSquashing:
    """Returns the sum without tanh.

    What it does: the step is linear.
    Why it is wrong: linear steps in a row are one linear step, and states grow or die like powers of the weights.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[3.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return x @ w_x + h @ w_h + b


@misconception("rnn_step")
class HardTanh:
    """Clips the sum to [-1, 1] instead of taking its tanh.

    What it does: keeps the sum where it is small and cuts it off at one.
    Why it is wrong: tanh bends smoothly; at a sum of 1 it is 0.76, and its slope never jumps.
    Example:
        >>> rnn_step(np.eye(1), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))  # right: array([[0.76159416]])
        array([[1.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.clip(x @ w_x + h @ w_h + b, -1.0, 1.0)


@misconception("rnn_step")
class RecurrentWeightsTransposed:
    """Multiplies the state by the transpose of `w_h`.

    What it does: computes `h @ w_h.T`.
    Why it is wrong: `w_h[j, k]` leads from old unit j to new unit k; transposed, every connection runs the other way.
    Example:
        >>> x, h, w_h = np.zeros((1, 2)), np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> rnn_step(x, h, np.eye(2), w_h, np.zeros(2))  # right: array([[0. , 0.76159416]])
        array([[0., 0.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h @ w_h.T + b)


@misconception("rnn_step")
class OldStateIgnored:
    """Leaves the old state out.

    What it does: computes the new state from the input alone.
    Why it is wrong: nothing is carried from step to step, so the network has no memory.
    Example:
        >>> rnn_step(np.zeros((1, 1)), np.eye(1), np.eye(1), np.eye(1), np.zeros(1))  # right: array([[0.76159416]])
        array([[0.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + b)


@misconception("rnn_step")
class OldStateAdded:
    """Adds the new state to the old one.

    What it does: computes `h + tanh(...)`, a shortcut around the cell.
    Why it is wrong: the cell asked for replaces the state; added up, states leave [-1, 1].
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[1.99505475]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return h + np.tanh(x @ w_x + h @ w_h + b)


@misconception("rnn_step")
class BiasOutsideTheTanh:
    """Adds the bias after the tanh.

    What it does: computes `tanh(x W_x + h W_h) + b`.
    Why it is wrong: the bias belongs to the sum; outside it shifts the state beyond 1.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.ones(1))  # right: array([[0.99505475]])
        array([[1.96402758]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h @ w_h) + b


@misconception("rnn_step")
class TanhOfEachPart:
    """Takes the tanh of the two products one by one.

    What it does: computes `tanh(x W_x) + tanh(h W_h + b)`.
    Why it is wrong: tanh of a sum is not the sum of the tanhs; the result can be as large as 2.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.zeros(1))  # right: array([[0.96402758]])
        array([[1.52318831]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x) + np.tanh(h @ w_h + b)


@misconception("rnn_step")
class EachUnitHearsItselfAlone:
    """Multiplies each unit of the state by one weight, its own.

    What it does: computes `h * diag(w_h)` instead of `h @ w_h`.
    Why it is wrong: every old unit feeds every new one; the weights off the diagonal have no say here.
    Example:
        >>> x, h, w_h = np.zeros((1, 2)), np.ones((1, 2)), np.ones((2, 2))
        >>> rnn_step(x, h, np.eye(2), w_h, np.zeros(2))  # right: array([[0.96402758, 0.96402758]])
        array([[0.76159416, 0.76159416]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h * np.diag(w_h) + b)


@misconception("rnn_step")
class BiasTwice:
    """Adds the bias to both products.

    What it does: computes `tanh((x W_x + b) + (h W_h + b))`.
    Why it is wrong: PyTorch's cell has two biases to add; this one has a single `b`, which counts once.
    Example:
        >>> zero, one = np.zeros((1, 1)), np.eye(1)
        >>> rnn_step(zero, zero, one, one, np.ones(1))  # right: array([[0.76159416]])
        array([[0.96402758]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh((x @ w_x + b) + (h @ w_h + b))


@misconception("rnn_step")
class TanhThatOverflows:
    """Builds the tanh from exponentials.

    What it does: computes `(exp(a) - exp(-a)) / (exp(a) + exp(-a))`.
    Why it is wrong: `exp` overflows above 709, and infinity divided by infinity is not a number. `np.tanh` saturates.
    Example:
        >>> rnn_step(1000 * np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.zeros(1))  # right: array([[1.]])
        array([[nan]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        a = x @ w_x + h @ w_h + b
        return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


@misconception("rnn_step")
class WritesIntoTheOldState:
    """Stores the new state in the array of the old one.

    What it does: the numbers are right, but the caller's `h` is changed as well.
    Why it is wrong: whoever keeps the old state (the backward pass needs it) finds the new one in its place.
    Example:
        >>> h, one = np.zeros((1, 1)), np.eye(1)
        >>> _ = rnn_step(one, h, one, one, np.zeros(1)); h  # right: array([[0.]])
        array([[0.76159416]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        h[:] = np.tanh(x @ w_x + h @ w_h + b)
        return h


@misconception("rnn_step")
class OneStateForTheWholeBatch:
    """Uses the first sequence's state for every sequence.

    What it does: computes `h[0] @ w_h` once and adds it to every row.
    Why it is wrong: each row is a sequence with a state of its own. For a batch of one it is right.
    Example:
        >>> x, h, one = np.zeros((2, 1)), np.array([[0.0], [1.0]]), np.eye(1)
        >>> rnn_step(x, h, one, one, np.zeros(1))  # right: array([[0. ], [0.76159416]])
        array([[0.], [0.]])
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h[0] @ w_h + b)


@misconception("rnn_step")
class AxesOfLengthOneDropped:
    """Drops axes of length one from the result.

    What it does: squeezes the states, so that one sequence comes back as (H,) and one unit as (N,).
    Why it is wrong: the shape asked for is (N, H), always; whoever indexes `h[0, 0]` fails on a batch of one.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.zeros(1)).shape  # right: (1, 1)
        ()
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.squeeze(np.tanh(x @ w_x + h @ w_h + b))


@misconception("rnn_step")
class SinglePrecision:
    """Returns float32 for float64.

    What it does: computes in single precision and leaves the result so.
    Why it is wrong: float64 in, float64 out was asked for; every later step would go on with seven digits.
    Example:
        >>> rnn_step(np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.zeros(1)).dtype  # right: dtype('float64')
        dtype('float32')
    """

    def rnn_step(x, h, w_x, w_h, b):
        return np.tanh(x @ w_x + h @ w_h + b).astype(np.float32)


# ------------------------------------------------------------------------------------------------ rnn_forward


@misconception("rnn_forward")
class StartsFromZero:
    """Ignores h0 and starts from zeros.

    What it does: the first step sees an empty state, whatever was passed in.
    Why it is wrong: h0 may be where the last piece of a long text ended; that memory is lost.
    Example:
        >>> x, one = np.zeros((1, 1, 1)), np.eye(1)
        >>> rnn_forward(x, one, one, one, np.zeros(1))[0]  # right: array([[[0.76159416]]])
        array([[[0.]]])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = np.zeros_like(h0)
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class EveryStepStartsFromH0:
    """Gives h0 to every step.

    What it does: never hands the new state on to the next step.
    Why it is wrong: each step must see the state that the step before it left, else nothing is remembered.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0.76159416, 0.76159416])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.tanh(x @ w_x + (h0 @ w_h)[:, None] + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class LastStateAlone:
    """Returns the last state and not all of them.

    What it does: the result has the shape (N, H).
    Why it is wrong: all states were asked for, (N, T, H); a loss may look at each of them.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].shape  # right: (1, 2, 1)
        (1, 1)
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h0
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return state, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class TimeFirst:
    """Stacks the states along the first axis.

    What it does: the result has the shape (T, N, H).
    Why it is wrong: the batch comes first here, (N, T, H); `h[0]` would be all sequences at the first step.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].shape  # right: (1, 2, 1)
        (2, 1, 1)
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ w_x + states[-1] @ w_h + b))
        h = np.stack(states[1:])
        return h, (x, h0, w_x, w_h, h.transpose(1, 0, 2))


@misconception("rnn_forward")
class ReshapedInsteadOfTransposed:
    """Brings (T, N, H) into the shape (N, T, H) by a reshape.

    What it does: the shape is right, the numbers stand in the wrong places.
    Why it is wrong: a reshape deals the states out to other sequences, in memory's order; swap the axes instead.
    Example:
        >>> x, h0, one, b = np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), np.zeros((2, 1)), np.eye(1), np.zeros(1)
        >>> np.round(rnn_forward(x, h0, one, 0 * one, b)[0].ravel(), 2)  # right: array([0.76, 0.96, 1. , 1. ])
        array([0.76, 1. , 0.96, 1. ])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ w_x + states[-1] @ w_h + b))
        h = np.stack(states[1:]).reshape(*x.shape[:2], -1)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class H0AmongTheStates:
    """Returns h0 as the first of T + 1 states.

    What it does: the result has the shape (N, T + 1, H).
    Why it is wrong: `h[:, t]` is the state after reading `x[:, t]`; with h0 in front every index is off by one.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].shape  # right: (1, 2, 1)
        (1, 3, 1)
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ w_x + states[-1] @ w_h + b))
        h = np.stack(states, axis=1)
        return h, (x, h0, w_x, w_h, h[:, 1:])


@misconception("rnn_forward")
class StatesBeforeTheirStep:
    """Stores the state before each step instead of the one after it.

    What it does: `h[:, 0]` is h0, and the last state is missing.
    Why it is wrong: `h[:, t]` is the state after reading `x[:, t]`; here it has not seen that input yet.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0. , 0.76159416])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ w_x + states[-1] @ w_h + b))
        return np.stack(states[:-1], axis=1), (x, h0, w_x, w_h, np.stack(states[1:], axis=1))


@misconception("rnn_forward")
class ReadsBackwards:
    """Reads the sequence from its last step to its first.

    What it does: the state at the first step has seen the whole sequence, the one at the last only its own input.
    Why it is wrong: time runs from first to last. Reading backwards is the other half of a bidirectional network.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0.94268079, 0.76159416])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h0
        for t in reversed(range(x.shape[1])):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class LastStepForgotten:
    """Stops one step early.

    What it does: loops over `range(T - 1)` and leaves the last state zero.
    Why it is wrong: there are T inputs, so T states; the last one is the one that classifiers use.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0.76159416, 0. ])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h0
        for t in range(x.shape[1] - 1):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class OneArrayForAllSteps:
    """Collects the same array T times.

    What it does: writes each new state into one array and appends that array, so all states are the last one.
    Why it is wrong: a list holds references; what is appended must not be written to again.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0.94268079, 0.94268079])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        state, states = h0.copy(), []
        for t in range(x.shape[1]):
            state[:] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
            states.append(state)
        h = np.stack(states, axis=1)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class WritesIntoH0:
    """Uses the array h0 as the running state.

    What it does: the states are right, but the caller's h0 is the last state afterwards.
    Why it is wrong: the next call with the same h0 starts from somewhere else, and so does the backward pass.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> _ = rnn_forward(x, h0, one, one, b); h0  # right: array([[0.]])
        array([[0.94268079]])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        start = h0.copy()
        for t in range(x.shape[1]):
            h0[:] = h[:, t] = np.tanh(x[:, t] @ w_x + h0 @ w_h + b)
        return h, (x, start, w_x, w_h, h)


@misconception("rnn_forward")
class GoesOnFromTheLastCall:
    """Keeps the state from one call to the next.

    What it does: from the second call on, h0 is replaced by the state in which the last call ended.
    Why it is wrong: a call starts from the h0 it is given; here unrelated sequences get mixed up.
    Example:
        >>> x, h0, one, b = np.ones((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> [round(rnn_forward(x, h0, one, one, b)[0].item(), 3) for _ in range(2)]  # right: [0.762, 0.762]
        [0.762, 0.943]
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        last = getattr(rnn_forward, "last", h0)
        start = state = last if last.shape == h0.shape else h0
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        rnn_forward.last = state.copy()
        return h, (x, start, w_x, w_h, h)


@misconception("rnn_forward")
class InputOneStepLate:
    """Reads at each step the input of the step before.

    What it does: step t uses `x[:, t - 1]`, and step 0 the last input of all, for that is what index -1 means.
    Why it is wrong: `h[:, t]` is the state after reading `x[:, t]`.
    Example:
        >>> x, one, b = np.array([[[1.0], [0.0]]]), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, 0 * one, one, 0 * one, b)[0].ravel()  # right: array([0.76159416, 0. ])
        array([0. , 0.76159416])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h0
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t - 1] @ w_x + state @ w_h + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class FirstStepWithoutInput:
    """Takes h0 for the state after the first step.

    What it does: `h[:, 0]` is h0, and reading starts at the second input.
    Why it is wrong: h0 is the state before anything was read; the first input is lost.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].ravel()  # right: array([0.76159416, 0.94268079])
        array([0. , 0.76159416])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h[:, 0] = h0
        for t in range(1, x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return h, (x, h0, w_x, w_h, h)


@misconception("rnn_forward")
class BatchOfOneDropped:
    """Drops axes of length one from the states.

    What it does: squeezes the result, so that one sequence comes back as (T, H).
    Why it is wrong: the shape asked for is (N, T, H), always.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> rnn_forward(x, h0, one, one, b)[0].shape  # right: (1, 2, 1)
        (2,)
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]))
        state = h0
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        return h.squeeze(), (x, h0, w_x, w_h, h)


# ----------------------------------------------------------------------------------------------- rnn_backward


@misconception("rnn_backward")
class LastGradientAlone:
    """Uses the gradient of the last step and ignores the others.

    What it does: starts from `dh[:, -1]` and never adds `dh[:, t]` at the steps before.
    Why it is wrong: the loss may look at every state; what `dh` says about the earlier ones is lost.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.04676537, 0.11135293])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = dh[:, -1]
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = carry * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class NothingFromLaterSteps:
    """Leaves out what the next step hands back.

    What it does: treats every step as a network of its own; each sees its own `dh[:, t]` alone.
    Why it is wrong: a state also makes all later ones; without their gradient nothing is learned about the past.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.41997434, 0.11135293])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
        da = dh * (1 - h**2)
        dw_x, dw_h = np.einsum("ntd,nth->dh", x, da), np.einsum("ntg,nth->gh", before, da)
        return da @ w_x.T, da[:, 0] @ w_h.T, dw_x, dw_h, da.sum(axis=(0, 1))


@misconception("rnn_backward")
class RecurrentWeightsNotTransposed:
    """Carries the gradient back through `w_h` instead of its transpose.

    What it does: computes `da @ w_h` where `da @ w_h.T` belongs.
    Why it is wrong: going back, every connection is travelled the other way. For a symmetric `w_h` one does not notice.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 2)), np.ones((1, 2)), np.eye(2, k=1), np.zeros(2))
        >>> rnn_backward(np.ones((1, 2, 2)), cache)[1]  # right: array([[0.41997434, 0. ]])
        array([[0. , 0.41997434]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class SlopeOfTanhForgotten:
    """Leaves out the slope of tanh.

    What it does: takes the gradient by the state for the gradient by the sum before the tanh.
    Why it is wrong: the chain rule has a factor 1 - h² here; without it saturated units seem to learn.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([2., 1.])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = dh[:, t] + carry
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class SlopeWithoutTheSquare:
    """Takes 1 - h for the slope of tanh.

    What it does: forgets the square in 1 - h².
    Why it is wrong: the slope is the same on both sides of zero; 1 - h is 2 at a state of -1, where it must be 0.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.25207108, 0.05731921])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t])
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class TanhTakenTwice:
    """Takes the tanh of the state once more before squaring.

    What it does: computes the slope as 1 - tanh(h)².
    Why it is wrong: h is a tanh already; the slope is 1 - h².
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.85682472, 0.45763917])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - np.tanh(h[:, t]) ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class SlopeForOwnGradientAlone:
    """Multiplies the loss's own gradient by the slope, and not what comes from the next step.

    What it does: computes `dh[:, t] * (1 - h²) + carry`.
    Why it is wrong: both gradients arrive at the state, and both must pass the tanh on their way further back.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.53132727, 0.11135293])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = dh[:, t] * (1 - h[:, t] ** 2) + carry
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class StateAfterInsteadOfBefore:
    """Pairs each step's gradient with the state after it.

    What it does: adds `h[:, t].T @ da` to the gradient of `w_h`.
    Why it is wrong: what `w_h` multiplied at step t was the state before it, `h[:, t - 1]`, and h0 at the first step.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[3]  # right: array([[0.08480574]])
        array([[0.46043651]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += h[:, t].T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class H0LeftOutOfTheWeights:
    """Skips the first step in the gradient of `w_h`.

    What it does: adds `h[:, t - 1].T @ da` for t > 0 and nothing for the first step.
    Why it is wrong: the first step multiplied h0 by `w_h`. With h0 = 0 that adds nothing, with any other it does.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 1, 1)), np.eye(1), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 1, 1)), cache)[3]  # right: array([[0.07065082]])
        array([[0.]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            if t > 0:
                dw_h += h[:, t - 1].T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class LastStateBeforeTheFirst:
    """Pairs the first step's gradient with the last state.

    What it does: uses `h[:, t - 1]` at t = 0 too, and index -1 is the last state.
    Why it is wrong: before the first step there was h0.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[3]  # right: array([[0.08480574]])
        array([[0.5247923]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += h[:, t - 1].T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class H0GradientZero:
    """Returns zeros for the gradient of h0.

    What it does: takes h0 for a constant.
    Why it is wrong: the first state depends on h0 through `w_h`; what made h0 (an encoder, say) waits for it.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 1, 1)), cache)[1]  # right: array([[0.41997434]])
        array([[0.]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, np.zeros_like(h0), dw_x, dw_h, db


@misconception("rnn_backward")
class H0GradientStopsAtTheSum:
    """Returns the gradient by the first sum as the gradient of h0.

    What it does: does not multiply by the transpose of `w_h` at the very end.
    Why it is wrong: between h0 and the first sum stands `w_h`, like between any two steps.
    Example:
        >>> _, cache = rnn_forward(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.eye(1), 2 * np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 1, 1)), cache)[1]  # right: array([[2.]])
        array([[1.]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, da, dw_x, dw_h, db


@misconception("rnn_backward")
class WeightsOfOneStepAlone:
    """Overwrites the gradients of the weights at every step.

    What it does: writes `dw_x = …` where `dw_x += …` belongs, so that only the first step of the sequence counts.
    Why it is wrong: the same weights serve every step; their gradient is the sum over all of them.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[2]  # right: array([[0.57809264]])
        array([[0.46673972]])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, carry = np.zeros_like(x), np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x = x[:, t].T @ da
            dw_h = before.T @ da
            db = da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class AveragedOverTheBatch:
    """Divides the gradients of the weights by the number of sequences.

    What it does: averages over the batch.
    Why it is wrong: if the loss is an average, `dh` contains the 1/N already; here it comes in twice.
    Example:
        >>> _, cache = rnn_forward(np.zeros((2, 1, 1)), np.zeros((2, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((2, 1, 1)), cache)[4]  # right: array([2.])
        array([1.])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da / len(x)
            dw_h += before.T @ da / len(x)
            db += da.mean(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class AveragedOverTime:
    """Divides the gradients of the weights by the number of steps.

    What it does: averages over time.
    Why it is wrong: the weights are used at every step, and the contributions add up; nothing divides by T.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[4]  # right: array([0.57809264])
        array([0.28904632])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        steps = x.shape[1]
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(steps)):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da / steps
            dw_h += before.T @ da / steps
            db += da.sum(axis=0) / steps
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class WalksForwards:
    """Walks from the first step to the last.

    What it does: hands the gradient of each step on to the step after it.
    Why it is wrong: a state influences what comes later, so its gradient comes from there, against time.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 2, 1)), cache)[0].ravel()  # right: array([0.46673972, 0.11135293])
        array([0.41997434, 0.1581183 ])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in range(x.shape[1]):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class WritesIntoDh:
    """Adds what comes from later steps into the array passed in.

    What it does: the five gradients are right, but `dh` is changed.
    Why it is wrong: the array belongs to the caller; a second call with it gives other gradients.
    Example:
        >>> _, cache = rnn_forward(np.zeros((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> dh = np.ones((1, 2, 1)); _ = rnn_backward(dh, cache); dh.ravel()  # right: array([1., 1.])
        array([2., 1.])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = dh[:, t] * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            if t:
                dh[:, t - 1] += da @ w_h.T
        return dx, da @ w_h.T, dw_x, dw_h, db


@misconception("rnn_backward")
class CacheUsedUp:
    """Changes what is in the cache.

    What it does: computes the slopes in place; a second call with the cache finds slopes instead of states.
    Why it is wrong: a cache may be used more than once, for two losses over the same states, say.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> [round(rnn_backward(np.ones((1, 1, 1)), cache)[4].item(), 3) for _ in range(2)]  # right: [0.42, 0.42]
        [0.42, 0.824]
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
        h *= h
        np.subtract(1, h, out=h)
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            da = (dh[:, t] + carry) * h[:, t]
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before[:, t].T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class GradientsAddUpOverCalls:
    """Adds the gradients of each call to those of the calls before.

    What it does: keeps `dw_x`, `dw_h` and `db` from call to call, like PyTorch's `.grad`.
    Why it is wrong: a call returns the gradients of its own `dh` and cache, nothing else.
    Example:
        >>> _, cache = rnn_forward(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> [round(rnn_backward(np.ones((1, 1, 1)), cache)[4].item(), 3) for _ in range(2)]  # right: [1.0, 1.0]
        [1.0, 2.0]
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, carry = np.zeros_like(x), np.zeros_like(h0)
        nothing = np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        dw_x, dw_h, db = getattr(rnn_backward, "sums", nothing)
        if dw_x.shape != w_x.shape:
            dw_x, dw_h, db = nothing
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x = dw_x + x[:, t].T @ da
            dw_h = dw_h + before.T @ da
            db = db + da.sum(axis=0)
            carry = da @ w_h.T
        rnn_backward.sums = dw_x, dw_h, db
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class CacheOfTheLastForwardPass:
    """Goes back through whichever forward pass came last.

    What it does: keeps the states in a global variable and ignores the cache it is given.
    Why it is wrong: two forward passes may come before the first backward pass; each cache belongs to its own.
    Example:
        >>> one = rnn_forward(np.ones((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))[1]
        >>> _ = rnn_forward(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 1, 1)), one)[2]  # right: array([[0.41997434]])
        array([[0.]])
    """

    def rnn_forward(x, h0, w_x, w_h, b):
        h = np.zeros((*x.shape[:2], h0.shape[1]), x.dtype)
        state = h0
        for t in range(x.shape[1]):
            state = h[:, t] = np.tanh(x[:, t] @ w_x + state @ w_h + b)
        rnn_forward.last = (x, h0, w_x, w_h, h)
        return h, [h]

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = rnn_forward.last
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class WeightGradientsSwapped:
    """Returns the gradients of the two weight matrices in the other order.

    What it does: returns dx, dh0, dw_h, dw_x, db.
    Why it is wrong: the order asked for is that of the arguments of `rnn_forward`: x, h0, w_x, w_h, b.
    Example:
        >>> _, cache = rnn_forward(np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> np.ravel(rnn_backward(np.ones((1, 2, 1)), cache)[2:4])  # right: array([0.57809264, 0.08480574])
        array([0.08480574, 0.57809264])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_h, dw_x, db


@misconception("rnn_backward")
class CutOffAfterTenSteps:
    """Stops carrying the gradient back after ten steps.

    What it does: looks at the last ten steps only (truncated backpropagation through time).
    Why it is wrong: a useful saving in practice, but it is not the gradient: earlier inputs get none at all.
    Example:
        >>> _, cache = rnn_forward(np.zeros((1, 12, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.ones((1, 12, 1)), cache)[4]  # right: array([78.])
        array([55.])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(max(0, x.shape[1] - 10), x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, dw_x, dw_h, db


@misconception("rnn_backward")
class ClippedOnTheWayBack:
    """Clips the gradients of the weights to [-5, 5].

    What it does: cuts off large entries before it returns them.
    Why it is wrong: clipping is another function's work; here the gradient itself was asked for, however large.
    Example:
        >>> _, cache = rnn_forward(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.eye(1), np.eye(1), np.zeros(1))
        >>> rnn_backward(np.full((1, 1, 1), 30.0), cache)[4]  # right: array([30.])
        array([5.])
    """

    def rnn_backward(dh, cache):
        x, h0, w_x, w_h, h = cache
        dx, dw_x, dw_h, db = np.zeros_like(x), np.zeros_like(w_x), np.zeros_like(w_h), np.zeros_like(w_h[0])
        carry = np.zeros_like(h0)
        for t in reversed(range(x.shape[1])):
            before = h[:, t - 1] if t else h0
            da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
            dx[:, t] = da @ w_x.T
            dw_x += x[:, t].T @ da
            dw_h += before.T @ da
            db += da.sum(axis=0)
            carry = da @ w_h.T
        return dx, carry, *(np.clip(grad, -5, 5) for grad in (dw_x, dw_h, db))


# --------------------------------------------------------------------------------------------- gradient_norms


@misconception("gradient_norms")
class SumOverAllStates:
    """Differentiates the sum of all states instead of the last ones.

    What it does: sets `dh` to one at every step.
    Why it is wrong: then each input also counts through the state of its own step, and nothing seems to vanish.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> gradient_norms(x, h0, one, one, b)  # right: array([0.04676537, 0.11135293])
        array([0.46673972, 0.11135293])
    """

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dx = rnn_backward(np.ones_like(h), cache)[0]
        return np.sqrt((dx**2).sum(axis=(0, 2)))


@misconception("gradient_norms")
class NoSquareRoot:
    """Returns the squares of the norms.

    What it does: adds up the squares and does not take the root.
    Why it is wrong: a norm is the root; the squares vanish twice as fast.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> gradient_norms(x, h0, one, one, b)  # right: array([0.04676537, 0.11135293])
        array([0.002187 , 0.01239947])
    """

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dh = np.zeros_like(h)
        dh[:, -1] = 1.0
        return (rnn_backward(dh, cache)[0] ** 2).sum(axis=(0, 2))


@misconception("gradient_norms")
class AveragedNorms:
    """Averages the squares over the batch before taking the root.

    What it does: computes the root of a mean over sequences instead of the root of a sum.
    Why it is wrong: the formula asked for adds over batch and features. With one sequence the two agree.
    Example:
        >>> x, h0, one, b = np.ones((2, 2, 1)), np.zeros((2, 1)), np.eye(1), np.zeros(1)
        >>> gradient_norms(x, h0, one, one, b)  # right: array([0.06613623, 0.15747682])
        array([0.04676537, 0.11135293])
    """

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dh = np.zeros_like(h)
        dh[:, -1] = 1.0
        return np.sqrt((rnn_backward(dh, cache)[0] ** 2).sum(axis=2).mean(axis=0))


@misconception("gradient_norms")
class LastStepFirst:
    """Returns the norms from the last step to the first.

    What it does: counts steps back from the end.
    Why it is wrong: the first entry asked for is that of the first step.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> gradient_norms(x, h0, one, one, b)  # right: array([0.04676537, 0.11135293])
        array([0.11135293, 0.04676537])
    """

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dh = np.zeros_like(h)
        dh[:, -1] = 1.0
        return np.sqrt((rnn_backward(dh, cache)[0] ** 2).sum(axis=(0, 2)))[::-1]


@misconception("gradient_norms")
class LastStatesAsGradient:
    """Takes the last states themselves for the gradient of their sum.

    What it does: sets `dh[:, -1]` to `h[:, -1]`.
    Why it is wrong: that belongs to half the sum of squares; the derivative of a plain sum by each entry is one.
    Example:
        >>> x, h0, one, b = np.ones((1, 2, 1)), np.zeros((1, 1)), np.eye(1), np.zeros(1)
        >>> gradient_norms(x, h0, one, one, b)  # right: array([0.04676537, 0.11135293])
        array([0.04408482, 0.10497027])
    """

    def gradient_norms(x, h0, w_x, w_h, b):
        h, cache = rnn_forward(x, h0, w_x, w_h, b)
        dh = np.zeros_like(h)
        dh[:, -1] = h[:, -1]
        return np.sqrt((rnn_backward(dh, cache)[0] ** 2).sum(axis=(0, 2)))


# --------------------------------------------------------------------------------------------- clip_gradients


@misconception("clip_gradients")
class EachArrayByItself:
    """Clips every array to its own norm.

    What it does: compares and scales array by array.
    Why it is wrong: the arrays are parts of one gradient; with a factor each, its direction changes.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 3.5)[0]  # right: [array([2.1]), array([2.8])]
        [array([3.]), array([3.5])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [grad * min(1.0, max_norm / max(np.sqrt((grad**2).sum()), 1e-12)) for grad in grads], norm


@misconception("clip_gradients")
class LongArraysAlone:
    """Scales only the arrays that are too long by themselves.

    What it does: applies the common factor to an array if its own norm exceeds max_norm, and leaves the others.
    Why it is wrong: the arrays are parts of one gradient; all of them are scaled or none.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 3.5)[0]  # right: [array([2.1]), array([2.8])]
        [array([3.]), array([2.8])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [grad * max_norm / norm if np.sqrt((grad**2).sum()) > max_norm else grad for grad in grads], norm


@misconception("clip_gradients")
class EveryEntryByItself:
    """Cuts off every entry at plus and minus max_norm.

    What it does: clips by value instead of by norm.
    Why it is wrong: large entries shrink and small ones stay, so the direction changes.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 3.5)[0]  # right: [array([2.1]), array([2.8])]
        [array([3.]), array([3.5])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [np.clip(grad, -max_norm, max_norm) for grad in grads], norm


@misconception("clip_gradients")
class NormAfterClipping:
    """Returns the norm that is left after clipping.

    What it does: measures the clipped gradients.
    Why it is wrong: the norm before was asked for; the one after says nothing about explosions.
    Example:
        >>> round(float(clip_gradients([np.array([3.0]), np.array([4.0])], 1.0)[1]), 3)  # right: 5.0
        1.0
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm * factor


@misconception("clip_gradients")
class AlwaysScaled:
    """Brings every gradient to the length max_norm, short ones too.

    What it does: scales by `max_norm / norm` without asking whether the norm is too large.
    Why it is wrong: near a minimum gradients are short, and must stay so; stretched, they never let training settle.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 10.0)[0]  # right: [array([3.]), array([4.])]
        [array([6.]), array([8.])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [grad * (max_norm / norm if norm > 0 else 1.0) for grad in grads], norm


@misconception("clip_gradients")
class SumOfTheNorms:
    """Adds the norms of the arrays up.

    What it does: takes 3 + 4 = 7 for the global norm of the gradients (3) and (4).
    Why it is wrong: lengths at right angles add by their squares: the root of 9 + 16 is 5.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 10.0)[1]  # right: np.float64(5.0)
        np.float64(7.0)
    """

    def clip_gradients(grads, max_norm):
        norm = sum(np.sqrt((grad**2).sum()) for grad in grads)
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class RootForgotten:
    """Takes the sum of squares for the norm.

    What it does: leaves the square root out.
    Why it is wrong: the norm is the root; a sum of squares is another number, larger or smaller.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 10.0)[1]  # right: np.float64(5.0)
        np.float64(25.0)
    """

    def clip_gradients(grads, max_norm):
        norm = sum((grad**2).sum() for grad in grads)
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class SumOfAbsoluteValues:
    """Adds absolute values up instead of squares.

    What it does: computes the 1-norm of each array and of all.
    Why it is wrong: the norm asked for is the Euclidean one, the root of the sum of squares.
    Example:
        >>> clip_gradients([np.array([3.0, 4.0])], 10.0)[1]  # right: np.float64(5.0)
        np.float64(7.0)
    """

    def clip_gradients(grads, max_norm):
        norm = sum(np.abs(grad).sum() for grad in grads)
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class LargestEntry:
    """Takes the largest entry for the norm.

    What it does: computes the maximum norm.
    Why it is wrong: the norm asked for is the Euclidean one; many entries below max_norm can be a long vector together.
    Example:
        >>> clip_gradients([np.array([3.0, 4.0])], 10.0)[1]  # right: np.float64(5.0)
        np.float64(4.0)
    """

    def clip_gradients(grads, max_norm):
        norm = max(np.abs(grad).max() for grad in grads)
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class LargestArray:
    """Takes the norm of the longest array for the global one.

    What it does: computes the norm of each array and keeps the largest.
    Why it is wrong: all entries of all arrays are one vector, which is longer than each of its parts.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 10.0)[1]  # right: np.float64(5.0)
        np.float64(4.0)
    """

    def clip_gradients(grads, max_norm):
        norm = max(np.sqrt((grad**2).sum()) for grad in grads)
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class RootOfTheMean:
    """Averages the squares instead of adding them.

    What it does: computes the root of the mean square of all entries.
    Why it is wrong: the norm is the root of the sum; the mean hides how many entries there are.
    Example:
        >>> clip_gradients([np.array([1.0, 7.0])], 10.0)[1]  # right: np.float64(7.0710678118654755)
        np.float64(5.0)
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads) / sum(grad.size for grad in grads))
        factor = max_norm / norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class FactorUpsideDown:
    """Scales by norm / max_norm.

    What it does: makes gradients that are too long longer still.
    Why it is wrong: the factor that brings the norm to max_norm is max_norm / norm.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 1.0)[0]  # right: [array([0.6]), array([0.8])]
        [array([15.]), array([20.])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        factor = norm / max_norm if norm > max_norm else 1.0
        return [grad * factor for grad in grads], norm


@misconception("clip_gradients")
class ScaledToLengthOne:
    """Brings gradients that are too long to the length one.

    What it does: divides by the norm and does not multiply by max_norm.
    Why it is wrong: their length after clipping must be max_norm; a gradient just above it would jump to one.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([4.0])], 2.0)[0]  # right: [array([1.2]), array([1.6])]
        [array([0.6]), array([0.8])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [grad / norm if norm > max_norm else grad for grad in grads], norm


@misconception("clip_gradients")
class DividesByANormOfZero:
    """Divides by the norm before asking whether there is anything to clip.

    What it does: computes `grad / norm * min(norm, max_norm)`.
    Why it is wrong: for a gradient of zero that is 0 / 0, not a number, and the next step makes all weights so.
    Example:
        >>> clip_gradients([np.array([0.0])], 1.0)[0]  # right: [array([0.])]
        [array([nan])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        return [grad / norm * min(norm, max_norm) for grad in grads], norm


@misconception("clip_gradients")
class ScalesInPlace:
    """Scales the caller's own arrays.

    What it does: the results are right, but `grad *= factor` changes what was passed in.
    Why it is wrong: the arrays belong to the caller; who compares before and after compares the same numbers.
    Example:
        >>> grads = [np.array([3.0]), np.array([4.0])]
        >>> _ = clip_gradients(grads, 1.0); grads  # right: [array([3.]), array([4.])]
        [array([0.6]), array([0.8])]
    """

    def clip_gradients(grads, max_norm):
        norm = np.sqrt(sum((grad**2).sum() for grad in grads))
        if norm > max_norm:
            for grad in grads:
                grad *= max_norm / norm
        return grads, norm


@misconception("clip_gradients")
class OneLongVector:
    """Returns one long vector instead of the list.

    What it does: joins all arrays, scales, and leaves them joined.
    Why it is wrong: the arrays were asked for in their order and shapes, to be subtracted from their weights.
    Example:
        >>> clip_gradients([np.array([3.0]), np.array([[4.0]])], 1.0)[0]  # right: [array([0.6]), array([[0.8]])]
        array([0.6, 0.8])
    """

    def clip_gradients(grads, max_norm):
        joined = np.concatenate([grad.ravel() for grad in grads])
        norm = np.sqrt((joined**2).sum())
        return joined * (max_norm / norm if norm > max_norm else 1.0), norm


# -------------------------------------------------------------------------------------------------- lstm_step


@misconception("lstm_step")
class OutputGateBeforeTheCandidate:
    """Takes the gates in the order i, f, o, g.

    What it does: reads the third block as output gate and the fourth as candidate.
    Why it is wrong: the order asked for, PyTorch's, is i, f, g, o. Other libraries differ, weights do not fit.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([0.0, 0.0, 2.0, -2.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.09 , 0.982])
        array([0.016, 0.018])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, o, g = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class ForgetGateFirst:
    """Takes the gates in the order f, i, g, o.

    What it does: reads the first block as forget gate and the second as input gate.
    Why it is wrong: the order asked for is i, f, g, o; here what should be let in is kept, and the other way round.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([2.0, -2.0, 0.0, 0.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.059, 0.119])
        array([0.353, 0.881])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        f, i, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class GatesTakenInTurn:
    """Takes every fourth column for a gate.

    What it does: reshapes the sums to (N, H, 4), so that the four gates of one unit are neighbours.
    Why it is wrong: the gates are four blocks of H columns each. With one unit the two agree.
    Example:
        >>> one, w_x, w_h, b = np.ones((1, 2)), np.zeros((2, 8)), np.zeros((2, 8)), np.arange(8) - 4.0
        >>> np.round(lstm_step(one, one, one, w_x, w_h, b)[1], 3)  # right: array([[0.119, 0.305]])
        array([[0.03 , 1.213]])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        a = (x @ w_x + h @ w_h + b).reshape(len(x), -1, 4)
        c = sigmoid(a[..., 1]) * c + sigmoid(a[..., 0]) * np.tanh(a[..., 2])
        return sigmoid(a[..., 3]) * np.tanh(c), c


@misconception("lstm_step")
class SigmoidForTheCandidate:
    """Squashes the candidate with the logistic function.

    What it does: treats all four blocks alike.
    Why it is wrong: gates lie between 0 and 1, but what is added to the memory must be able to lower it: tanh.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([0.0, 0.0, -2.0, 0.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.009, 0.018])
        array([0.254, 0.56 ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(sigmoid(x @ w_x + h @ w_h + b), 4, axis=1)
        c = f * c + i * g
        return o * np.tanh(c), c


@misconception("lstm_step")
class CellStateShownAsItIs:
    """Leaves out the tanh on the way out of the cell.

    What it does: computes `h = o * c`.
    Why it is wrong: the cell state has no bounds; what others see is its tanh, between -1 and 1.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.zeros(4)
        >>> np.round(lstm_step(one, one, 9 * one, w, w, b), 3).ravel()  # right: array([0.5, 4.5])
        array([2.25, 4.5 ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * c, c


@misconception("lstm_step")
class OldCellStateShown:
    """Shows the old cell state instead of the new one.

    What it does: computes h from the cell state before the step.
    Why it is wrong: what was just read could not be seen before the next step.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([9.0, 0.0, 9.0, 9.0])
        >>> np.round(lstm_step(one, one, 0 * one, w, w, b), 3).ravel()  # right: array([0.761, 1. ])
        array([0., 1.])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        return sigmoid(o) * np.tanh(c), sigmoid(f) * c + sigmoid(i) * np.tanh(g)


@misconception("lstm_step")
class StatesSwapped:
    """Returns c before h.

    What it does: both states are right, in the other order.
    Why it is wrong: `(h, c)` was asked for, as in PyTorch.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.zeros(4)
        >>> np.round(lstm_step(one, one, 9 * one, w, w, b), 3).ravel()  # right: array([0.5, 4.5])
        array([4.5, 0.5])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return c, sigmoid(o) * np.tanh(c)


@misconception("lstm_step")
class NothingForgotten:
    """Leaves the forget gate out.

    What it does: computes `c + i * g`, as the LSTM of 1997 did.
    Why it is wrong: the cell asked for multiplies the old memory by f first; without it old things never go.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.zeros(4)
        >>> np.round(lstm_step(one, one, 9 * one, w, w, b), 3).ravel()  # right: array([0.5, 4.5])
        array([0.5, 9. ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, _, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class CoupledGates:
    """Lets in exactly as much as is forgotten.

    What it does: uses 1 - f for the input gate, and ignores the first block.
    Why it is wrong: the LSTM asked for has two gates of their own; it may keep the old and let in the new at once.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([9.0, 9.0, 9.0, 9.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.964, 2. ])
        array([0.762, 1. ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        _, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + (1 - sigmoid(f)) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class WritesIntoTheOldCellState:
    """Updates the cell state in place.

    What it does: the numbers are right, but `c *= f` changes the caller's array.
    Why it is wrong: the old cell state is needed again in the backward pass, and by whoever passed it in.
    Example:
        >>> one, c, w, b = np.eye(1), np.full((1, 1), 9.0), np.zeros((1, 4)), np.zeros(4)
        >>> _ = lstm_step(one, one, c, w, w, b); c  # right: array([[9.]])
        array([[4.5]])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c *= sigmoid(f)
        c += sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class LogisticThatOverflows:
    """Computes the logistic function as exp(a) / (1 + exp(a)).

    What it does: right for negative and small a.
    Why it is wrong: `exp` overflows above 709, and infinity divided by infinity is not a number.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([1000.0, 0.0, 0.0, 0.0])
        >>> lstm_step(one, one, one, w, w, b)[1]  # right: array([[0.5]])
        array([[nan]])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = np.exp(f) / (1 + np.exp(f)) * c + np.exp(i) / (1 + np.exp(i)) * np.tanh(g)
        return np.exp(o) / (1 + np.exp(o)) * np.tanh(c), c


@misconception("lstm_step")
class ForgetBiasOfOne:
    """Adds one to the forget gate's bias.

    What it does: makes remembering the default, inside the step.
    Why it is wrong: a good choice of the initial bias, but it belongs into `b`; the step must use the bias it is given.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.zeros(4)
        >>> np.round(lstm_step(one, one, 9 * one, w, w, b), 3).ravel()  # right: array([0.5, 4.5])
        array([0.5 , 6.58])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class SquashedCellState:
    """Takes the tanh of the cell state before it is kept.

    What it does: returns `c = tanh(f * c + i * g)`.
    Why it is wrong: the memory is pushed through a tanh at every step again, the very thing the LSTM avoids.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.zeros(4)
        >>> np.round(lstm_step(one, one, 9 * one, w, w, b), 3).ravel()  # right: array([0.5, 4.5])
        array([0.5, 1. ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))
        return sigmoid(o) * c, c


@misconception("lstm_step")
class CandidateWithoutTanh:
    """Adds the candidate without squashing it.

    What it does: computes `f * c + i * a_g` with the bare sum a_g.
    Why it is wrong: one large input could overwrite the memory at a stroke; tanh limits what a step can add to one.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([0.0, 0.0, 6.0, 0.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.381, 1. ])
        array([0.499, 3.5 ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * g
        return sigmoid(o) * np.tanh(c), c


@misconception("lstm_step")
class GatesWithoutBias:
    """Leaves the bias out.

    What it does: adds the two products and not `b`.
    Why it is wrong: the bias decides where a gate stands by default, open or shut.
    Example:
        >>> one, w, b = np.eye(1), np.zeros((1, 4)), np.array([9.0, 9.0, 9.0, 9.0])
        >>> np.round(lstm_step(one, one, one, w, w, b), 3).ravel()  # right: array([0.964, 2. ])
        array([0.231, 0.5 ])
    """

    def lstm_step(x, h, c, w_x, w_h, b):
        i, f, g, o = np.split(x @ w_x + h @ w_h, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c


# --------------------------------------------------------------------------------------------------- gru_step


@misconception("gru_step")
class ResetBeforeTheProduct:
    """Multiplies the old state by the reset gate before the matrix product.

    What it does: computes `(r * h) @ W_hn + b_hn`, the rule of the first paper.
    Why it is wrong: PyTorch's rule multiplies the finished product: r * (h @ W_hn + b_hn).
    Example:
        >>> one, w, no, b_h = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, -9.0, 1.0])
        >>> np.round(gru_step(one, one, w, w, no, b_h), 3)  # right: array([[0.462]])
        array([[0.762]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        n_units = h.shape[1]
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, _ = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = np.tanh(x_n + (r * h) @ w_h[:, 2 * n_units :] + b_h[2 * n_units :])
        return (1 - z) * n + z * h


@misconception("gru_step")
class BiasNotReset:
    """Keeps the recurrent bias of the candidate out of the reset.

    What it does: computes `r * (h @ W_hn) + b_hn`.
    Why it is wrong: PyTorch's rule multiplies the bias too: r * (h @ W_hn + b_hn). That is why there are two biases.
    Example:
        >>> one, w, no, b_h = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, -9.0, 1.0])
        >>> np.round(gru_step(one, one, w, np.eye(1, 3, k=2), no, b_h), 3)  # right: array([[0.762]])
        array([[0.905]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h, 3, axis=1)
        b_r, b_z, b_n = np.split(b_h, 3)
        r, z = sigmoid(x_r + h_r + b_r), sigmoid(x_z + h_z + b_z)
        return (1 - z) * np.tanh(x_n + r * h_n + b_n) + z * h


@misconception("gru_step")
class UpdateGateTheOtherWay:
    """Lets z choose the new and 1 - z the old.

    What it does: computes `z * n + (1 - z) * h`, as some papers do.
    Why it is wrong: in PyTorch's rule z keeps: (1 - z) * n + z * h.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, 9.0, 9.0])
        >>> np.round(gru_step(one, 0 * one, w, w, b_x, no), 3)  # right: array([[0.]])
        array([[1.]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return z * np.tanh(x_n + r * h_n) + (1 - z) * h


@misconception("gru_step")
class UpdateGateFirst:
    """Takes the gates in the order z, r, n.

    What it does: reads the first block as update gate and the second as reset gate.
    Why it is wrong: the order asked for, PyTorch's, is r, z, n. Keras has z first.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, 9.0, 9.0])
        >>> np.round(gru_step(one, 0 * one, w, w, b_x, no), 3)  # right: array([[0.]])
        array([[0.5]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_z, x_r, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_z, h_r, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + r * h_n) + z * h


@misconception("gru_step")
class NoResetGate:
    """Leaves the reset gate out.

    What it does: the candidate always sees the whole old state.
    Why it is wrong: r decides how much of the old state the candidate sees; without it nothing starts afresh.
    Example:
        >>> one, w, b_x, b_h = np.eye(1), np.zeros((1, 3)), np.array([-9.0, -9.0, 0.0]), np.array([0.0, 0.0, 9.0])
        >>> np.round(gru_step(one, one, w, w, b_x, b_h), 3)  # right: array([[0.001]])
        array([[1.]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        _, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        _, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        z = sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + h_n) + z * h


@misconception("gru_step")
class InputResetToo:
    """Multiplies the input's part of the candidate by the reset gate as well.

    What it does: computes `tanh(r * (x_n + h_n))`.
    Why it is wrong: r shuts out the old state, not the new input; shut, the cell could read nothing at all.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([-9.0, -9.0, 9.0])
        >>> np.round(gru_step(one, one, w, w, b_x, no), 3)  # right: array([[1.]])
        array([[0.001]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(r * (x_n + h_n)) + z * h


@misconception("gru_step")
class SigmoidCandidate:
    """Squashes the candidate with the logistic function.

    What it does: treats all three blocks alike.
    Why it is wrong: the candidate is a state, with both signs: tanh.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, -9.0, -9.0])
        >>> np.round(gru_step(one, one, w, w, b_x, no), 3)  # right: array([[-1.]])
        array([[0.]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * sigmoid(x_n + r * h_n) + z * h


@misconception("gru_step")
class RecurrentBiasIgnored:
    """Leaves `b_h` out.

    What it does: uses one bias, that of the input.
    Why it is wrong: in the candidate the two are not interchangeable, since r multiplies only the second.
    Example:
        >>> one, w, no, b_h = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([9.0, -9.0, 9.0])
        >>> np.round(gru_step(one, one, w, w, no, b_h), 3)  # right: array([[1.]])
        array([[0.5]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + r * h_n) + z * h


@misconception("gru_step")
class InputBiasIgnored:
    """Leaves `b_x` out.

    What it does: uses one bias, that of the state.
    Why it is wrong: in the candidate the two are not interchangeable, since r multiplies only `b_h`.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, -9.0, 9.0])
        >>> np.round(gru_step(one, 0 * one, w, w, b_x, no), 3)  # right: array([[1.]])
        array([[0.]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + r * h_n) + z * h


@misconception("gru_step")
class NothingLetGo:
    """Adds the whole candidate to what is kept.

    What it does: computes `n + z * h`.
    Why it is wrong: the new state is a mixture, (1 - z) of the one and z of the other; else it leaves [-1, 1].
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, 9.0, 9.0])
        >>> np.round(gru_step(one, one, w, w, b_x, no), 3)  # right: array([[1.]])
        array([[2.]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return np.tanh(x_n + r * h_n) + z * h


@misconception("gru_step")
class KeptStateResetToo:
    """Multiplies the state that is kept by the reset gate.

    What it does: computes `(1 - z) * n + z * (r * h)`.
    Why it is wrong: r acts inside the candidate alone; what z keeps, it keeps whole.
    Example:
        >>> one, w, b_x, no = np.eye(1), np.zeros((1, 3)), np.array([0.0, 9.0, 0.0]), np.zeros(3)
        >>> np.round(gru_step(one, one, w, w, b_x, no), 3)  # right: array([[1.]])
        array([[0.5]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + r * h_n) + z * r * h


@misconception("gru_step")
class WritesIntoThePreviousState:
    """Stores the new state in the array of the old one.

    What it does: the numbers are right, but the caller's `h` is changed as well.
    Why it is wrong: whoever keeps the old state (the backward pass needs it) finds the new one in its place.
    Example:
        >>> one, h, w, no = np.eye(1), np.eye(1), np.zeros((1, 3)), np.zeros(3)
        >>> _ = gru_step(one, h, w, w, no, no); h  # right: array([[1.]])
        array([[0.5]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        h *= z
        h += (1 - z) * np.tanh(x_n + r * h_n)
        return h


@misconception("gru_step")
class GateThatOverflows:
    """Computes the logistic function as exp(a) / (1 + exp(a)).

    What it does: right for negative and small a.
    Why it is wrong: `exp` overflows above 709, and infinity divided by infinity is not a number.
    Example:
        >>> one, w, no, b_x = np.eye(1), np.zeros((1, 3)), np.zeros(3), np.array([0.0, 1000.0, 0.0])
        >>> gru_step(one, one, w, w, b_x, no)  # right: array([[1.]])
        array([[nan]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.split(x @ w_x + b_x, 3, axis=1)
        h_r, h_z, h_n = np.split(h @ w_h + b_h, 3, axis=1)
        r = np.exp(x_r + h_r) / (1 + np.exp(x_r + h_r))
        z = np.exp(x_z + h_z) / (1 + np.exp(x_z + h_z))
        return (1 - z) * np.tanh(x_n + r * h_n) + z * h


@misconception("gru_step")
class ColumnsTakenInTurn:
    """Takes every third column for a gate.

    What it does: reshapes the sums to (N, H, 3), so that the three gates of one unit are neighbours.
    Why it is wrong: the gates are three blocks of H columns each. With one unit the two agree.
    Example:
        >>> one, w, b_x = np.ones((1, 2)), np.zeros((2, 6)), np.arange(6) - 3.0
        >>> np.round(gru_step(one, one, w, w, b_x, np.zeros(6)), 3)  # right: array([[0.826, 0.982]])
        array([[-0.552, 0.99 ]])
    """

    def gru_step(x, h, w_x, w_h, b_x, b_h):
        x_r, x_z, x_n = np.moveaxis((x @ w_x + b_x).reshape(len(x), -1, 3), 2, 0)
        h_r, h_z, h_n = np.moveaxis((h @ w_h + b_h).reshape(len(h), -1, 3), 2, 0)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        return (1 - z) * np.tanh(x_n + r * h_n) + z * h


# --------------------------------------------------------------------------------------------- rnn_experiment


@misconception("rnn_experiment")
class StepsUphill:
    """Adds the gradient to the weights.

    What it does: every step makes the loss larger.
    Why it is wrong: the gradient points to where the loss grows; a step goes the other way.
    Example:
        >>> w, lr, gradient = 1.0, 0.1, 2.0
        >>> w + lr * gradient  # right: w - lr * gradient = 0.8
        1.2
    """

    def train_reader(images, labels, rng):
        d, hidden, k = images.shape[2], 20, labels.max() + 1
        w_x, w_h = rng.normal(size=(d, hidden)) / np.sqrt(d), rng.normal(size=(hidden, hidden)) / np.sqrt(hidden)
        weights, losses = [w_x, w_h, np.zeros(hidden), np.zeros((hidden, k)), np.zeros(k)], []
        for batch in np.array_split(rng.permutation(len(images)), len(images) // 16):
            h, cache = rnn_forward(images[batch], np.zeros((len(batch), hidden)), *weights[:3])
            loss, dscores = softmax_loss(h[:, -1] @ weights[3] + weights[4], labels[batch])
            dh = np.zeros_like(h)
            dh[:, -1] = dscores @ weights[3].T
            grads = [*rnn_backward(dh, cache)[2:], h[:, -1].T @ dscores, dscores.sum(axis=0)]
            weights = [w + 0.3 * g for w, g in zip(weights, clip_gradients(grads, 1.0)[0], strict=True)]
            losses.append(loss)
        return tuple(weights), losses

    if "load_images" in globals():  # in the notebook, not where this class is read
        weights, _ = train_reader(*load_images(), np.random.default_rng(3))


@misconception("rnn_experiment")
class NeverTrained:
    """Returns the initial weights.

    What it does: computes losses and gradients, but never takes a step.
    Why it is wrong: at random one picture in ten is right.
    Example:
        >>> 1 / 10
        0.1
    """

    def train_reader(images, labels, rng):
        d, hidden, k = images.shape[2], 20, labels.max() + 1
        w_x, w_h = rng.normal(size=(d, hidden)) / np.sqrt(d), rng.normal(size=(hidden, hidden)) / np.sqrt(hidden)
        return (w_x, w_h, np.zeros(hidden), np.zeros((hidden, k)), np.zeros(k)), [np.log(10.0)]

    if "load_images" in globals():  # in the notebook, not where this class is read
        weights, _ = train_reader(*load_images(), np.random.default_rng(3))


@misconception("rnn_experiment")
class VerdictAfterTheFirstRow:
    """Names the digit from the first state.

    What it does: training and prediction use `h[:, 0]`, the state after one row.
    Why it is wrong: the network has read one row of eight; only the last state has seen the whole picture.
    Example:
        >>> h = np.array([[[0.1], [0.2], [0.3]]])
        >>> h[:, 0]  # right: h[:, -1] = array([[0.3]])
        array([[0.1]])
    """

    def train_reader(images, labels, rng):
        d, hidden, k = images.shape[2], 20, labels.max() + 1
        w_x, w_h = rng.normal(size=(d, hidden)) / np.sqrt(d), rng.normal(size=(hidden, hidden)) / np.sqrt(hidden)
        weights, losses = [w_x, w_h, np.zeros(hidden), np.zeros((hidden, k)), np.zeros(k)], []
        for batch in np.array_split(rng.permutation(len(images)), len(images) // 16):
            h, cache = rnn_forward(images[batch], np.zeros((len(batch), hidden)), *weights[:3])
            loss, dscores = softmax_loss(h[:, 0] @ weights[3] + weights[4], labels[batch])
            dh = np.zeros_like(h)
            dh[:, 0] = dscores @ weights[3].T
            grads = [*rnn_backward(dh, cache)[2:], h[:, 0].T @ dscores, dscores.sum(axis=0)]
            weights = [w - 0.3 * g for w, g in zip(weights, clip_gradients(grads, 1.0)[0], strict=True)]
            losses.append(loss)
        return tuple(weights), losses

    def predict(images, weights):
        w_x, w_h, b, w_y, b_y = weights
        h, _ = rnn_forward(images, np.zeros((len(images), len(b))), w_x, w_h, b)
        return (h[:, 0] @ w_y + b_y).argmax(axis=1)

    if "load_images" in globals():  # in the notebook, not where this class is read
        weights, _ = train_reader(*load_images(), np.random.default_rng(3))
