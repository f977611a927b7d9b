"""Wrong answers of `conv`, one mistake each."""

from autograder.checks import misconception

# --- output_size


@misconception("output_size")
class RoundedUp:
    """Counts a last place that does not fit any more.

    What it does: divides by the stride and rounds up.
    Why it is wrong: what is left over at the end is too small for the kernel, and there is nothing to put in its place.
    Example:
        >>> output_size(8, 3, 2)
        4
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1


@misconception("output_size")
class RoundedToTheNearest:
    """Rounds the number of places to the nearest integer.

    What it does: divides by the stride and calls `round`.
    Why it is wrong: from half a stride on, a place is counted that does not fit any more.
    Example:
        >>> output_size(10, 3, 4)
        3
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return round((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@misconception("output_size")
class FirstPlaceForgotten:
    """Counts the steps between the places instead of the places.

    What it does: divides the way from the first place to the last by the stride.
    Why it is wrong: there is one place more than there are steps, as with fence posts.
    Example:
        >>> output_size(5, 3)
        2
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride


@misconception("output_size")
class PaddedAtOneEnd:
    """Adds the padding once.

    What it does: counts `size + padding` pixels.
    Why it is wrong: `padding` pixels are added at each of the two ends.
    Example:
        >>> output_size(5, 3, padding=1)
        4
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


@misconception("output_size")
class PaddingAddedToThePlaces:
    """Adds the padding after dividing by the stride.

    What it does: counts the places without padding, and adds twice the padding to the result.
    Why it is wrong: padding adds pixels; only with stride 1 does each pixel give one more place.
    Example:
        >>> output_size(7, 3, stride=2, padding=1)
        5
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size - dilation * (kernel - 1) - 1) // stride + 1 + 2 * padding


@misconception("output_size")
class DilationIgnored:
    """Takes a spread kernel for a compact one.

    What it does: leaves `dilation` out of the formula.
    Why it is wrong: a kernel of K entries that are D pixels apart reaches over D (K - 1) + 1 pixels.
    Example:
        >>> output_size(7, 3, dilation=2)
        5
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + 2 * padding - kernel) // stride + 1


@misconception("output_size")
class ReachIsDilationTimesKernel:
    """Spreads the kernel beyond its last entry.

    What it does: takes the kernel's reach for `dilation * kernel`.
    Why it is wrong: K entries have only K - 1 steps between them; after the last entry nothing follows.
    Example:
        >>> output_size(7, 3, dilation=2)
        2
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + 2 * padding - dilation * kernel) // stride + 1


@misconception("output_size")
class DilationCountsTheGaps:
    """Puts `dilation` unused pixels between two entries of the kernel.

    What it does: takes the kernel's reach for `kernel + (kernel - 1) * dilation`.
    Why it is wrong: `dilation` is the distance from one entry to the next, so 1 means no gap.
    Example:
        >>> output_size(7, 3)
        3
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + 2 * padding - kernel - (kernel - 1) * dilation) // stride + 1


@misconception("output_size")
class KernelIgnored:
    """Divides the padded size by the stride.

    What it does: counts a place for every `stride` pixels.
    Why it is wrong: towards the end there are starts from which the kernel would reach over the edge.
    Example:
        >>> output_size(5, 3)
        5
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return (size + 2 * padding - 1) // stride + 1


@misconception("output_size")
class NotAnInteger:
    """Returns a float.

    What it does: rounds down with `np.floor`, which gives a float.
    Why it is wrong: a number of places is used for shapes and ranges, and those want integers.
    Example:
        >>> output_size(7, 3, 2)
        3.0
    """

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return float(np.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1)


# --- conv2d_forward


@misconception("conv2d_forward")
class KernelFlipped:
    """Turns every kernel by 180 degrees.

    What it does: computes the convolution of mathematics and signal processing.
    Why it is wrong: the layer is defined as a cross-correlation, which lays the kernel on the image as it is.
    Example:
        >>> conv2d_forward(np.array([[[[1.0, 2.0]]]]), np.array([[[[1.0, 0.0]]]]), np.zeros(1))[0]
        array([[[[2.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w[:, :, ::-1, ::-1]) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class KernelTransposed:
    """Takes the rows of a kernel for its columns.

    What it does: reads the filters as (F, C, KW, KH).
    Why it is wrong: the third axis of `w` runs down the image, the fourth to the right. Square kernels hide the mistake
    in the shape, not in the numbers.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 4, 6)), np.ones((1, 1, 3, 1)), np.zeros(1))[0].shape
        (1, 1, 4, 4)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        turned = w.swapaxes(2, 3)
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, turned.shape[2:], axis=(2, 3))
        out = np.einsum("ncijuv,fcuv->nfij", windows[:, :, ::stride, ::stride], turned) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class SquareKernelsOnly:
    """Takes the kernel's height for its width.

    What it does: runs over KH rows and KH columns of the kernel.
    Why it is wrong: kernels need not be square; columns beyond KH are left out, or looked for in vain.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 1, 3)), np.ones((1, 1, 1, 3)), np.zeros(1))[0]
        array([[[[1.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        n, _, height, width = x.shape
        f, _, kernel, kw = w.shape
        oh, ow = (height + 2 * padding - kernel) // stride + 1, (width + 2 * padding - kw) // stride + 1
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        out = np.zeros((n, f, oh, ow)) + b[:, None, None]
        for u in range(kernel):
            for v in range(kernel):
                met = x_pad[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                out += np.einsum("ncij,fc->nfij", met, w[:, :, u, v])
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class BiasForgotten:
    """Leaves the bias out.

    What it does: returns the cross-correlation alone.
    Why it is wrong: each filter has a bias, which is added at each place.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 1, 1)), np.zeros((1, 1, 1, 1)), np.array([5.0]))[0]
        array([[[[0.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncijuv,fcuv->nfij", windows, w), (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class BiasForEveryChannel:
    """Adds the bias once for every input channel.

    What it does: adds it inside the loop over the channels.
    Why it is wrong: a filter has one bias, however many channels it sees.
    Example:
        >>> conv2d_forward(np.zeros((1, 3, 1, 1)), np.zeros((1, 3, 1, 1)), np.array([5.0]))[0]
        array([[[[15.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = 0.0
        for c in range(x.shape[1]):
            out = out + np.einsum("nijuv,fuv->nfij", windows[:, c], w[:, c]) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class FirstChannelOnly:
    """Looks at the first channel alone.

    What it does: correlates channel 0 of the image with channel 0 of each filter.
    Why it is wrong: a filter has a kernel for each channel, and adds up over all of them.
    Example:
        >>> conv2d_forward(np.ones((1, 3, 1, 1)), np.ones((1, 3, 1, 1)), np.zeros(1))[0]
        array([[[[1.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("nijuv,fuv->nfij", windows[:, 0], w[:, 0]) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class ChannelsAveraged:
    """Averages over the channels.

    What it does: takes the mean of what the channels give.
    Why it is wrong: a filter adds up over its channels; the weights already say how much each of them counts.
    Example:
        >>> conv2d_forward(np.ones((1, 3, 1, 1)), np.ones((1, 3, 1, 1)), np.zeros(1))[0]
        array([[[[1.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) / x.shape[1] + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class WindowAveraged:
    """Averages over the window.

    What it does: divides the sum by the number of entries of the filter.
    Why it is wrong: a filter is a weighted sum, and its weights need not be a mean's.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), np.zeros(1))[0]
        array([[[[1.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) / w[0].size + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class StrideIgnored:
    """Moves on by one pixel, whatever the stride.

    What it does: computes all places.
    Why it is wrong: with stride S only every S-th place is asked for, downwards and to the right.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 5, 5)), np.zeros((1, 1, 1, 1)), np.zeros(1), stride=2)[0].shape
        (1, 1, 5, 5)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class StrideChangesOnlyTheShape:
    """Counts the places with the stride, but takes neighbouring ones.

    What it does: the place (i, j) starts at row i and column j.
    Why it is wrong: it starts at row `stride * i` and column `stride * j`.
    Example:
        >>> conv2d_forward(np.array([[[[1.0, 2.0, 3.0]]]]), np.ones((1, 1, 1, 1)), np.zeros(1), stride=2)[0]
        array([[[[1., 2.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        n, _, height, width = x.shape
        f, _, kh, kw = w.shape
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        oh, ow = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
        out = np.zeros((n, f, oh, ow))
        for i in range(oh):
            for j in range(ow):
                out[:, :, i, j] = np.tensordot(x_pad[:, :, i : i + kh, j : j + kw], w, ([1, 2, 3], [1, 2, 3])) + b
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class StrideOnlyDownwards:
    """Applies the stride to the rows alone.

    What it does: skips rows, but no columns.
    Why it is wrong: the stride holds for both directions.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 5, 5)), np.zeros((1, 1, 1, 1)), np.zeros(1), stride=2)[0].shape
        (1, 1, 3, 5)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class LeftOverFilledWithZeros:
    """Uses the rows and columns that are left over, filled up with zeros.

    What it does: rounds the number of places up, and pads the lower and right end until the last ones fit.
    Why it is wrong: what is left over is not used; the number of places is rounded down.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 1, 4)), np.ones((1, 1, 1, 3)), np.zeros(1), stride=2)[0]
        array([[[[3., 2.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        kh, kw = w.shape[2:]
        down = -(x.shape[2] + 2 * padding - kh) % stride
        right = -(x.shape[3] + 2 * padding - kw) % stride
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding + down), (padding, padding + right)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class PaddingIgnored:
    """Does not pad.

    What it does: works on the images as they are.
    Why it is wrong: `padding` rows and columns of zeros belong on all four sides.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.zeros(1), padding=1)[0].shape
        (1, 1, 1, 1)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x, w, stride, 0)


@misconception("conv2d_forward")
class PaddedAtTheEndOnly:
    """Pads below and to the right alone.

    What it does: puts all of the zeros after the last row and the last column.
    Why it is wrong: they belong on all four sides, so that the first places reach over the upper and left edge.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 1, 1)), np.arange(9.0).reshape(1, 1, 3, 3), np.zeros(1), padding=1)[0]
        array([[[[0.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class PaddedWithTheEdge:
    """Repeats the pixels at the edge instead of adding zeros.

    What it does: pads in NumPy's mode "edge".
    Why it is wrong: the layer is defined with zeros around the image.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 1, 1)), np.ones((1, 1, 3, 3)), np.zeros(1), padding=1)[0]
        array([[[[9.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class ReshapedInsteadOfTransposed:
    """Gives the product of matrices the right shape with the wrong numbers in it.

    What it does: multiplies windows (N OH OW, C KH KW) by filters, and reshapes the result to (N, F, OH, OW).
    Why it is wrong: its last axis is F, so it has to become (N, OH, OW, F) first and then be transposed.
    Example:
        >>> conv2d_forward(np.ones((1, 1, 1, 2)), np.array([1.0, 5.0]).reshape(2, 1, 1, 1), np.zeros(2))[0].ravel()
        array([1., 5., 1., 5.])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        f, _, kh, kw = w.shape
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
        n, c, oh, ow = windows.shape[:4]
        rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * kh * kw)
        out = (rows @ w.reshape(f, -1).T + b).reshape(n, f, oh, ow)
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class ChannelsLast:
    """Returns the output with its channels last.

    What it does: returns (N, OH, OW, F).
    Why it is wrong: the layout here is NCHW, for the output as for the input.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 4, 5)), np.zeros((3, 1, 1, 1)), np.zeros(3))[0].shape
        (1, 4, 5, 3)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        return np.einsum("ncijuv,fcuv->nijf", windows, w) + b, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class AxesOfLengthOneDropped:
    """Drops axes of length one from the output.

    What it does: calls `squeeze`.
    Why it is wrong: the next layer expects (N, F, OH, OW), also for a single image, filter or place.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 4, 5)), np.zeros((3, 1, 1, 1)), np.zeros(3))[0].shape
        (3, 4, 5)
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out.squeeze(), (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class EightBytesAssumed:
    """Takes every number for eight bytes long.

    What it does: computes the strides of the windows with 8 bytes for an entry.
    Why it is wrong: an entry of a float32 array has 4 bytes. `x.strides` and `x.itemsize` know it.
    Example:
        >>> conv2d_forward(np.float32([[[[1, 2], [3, 4]]]]), np.ones((1, 1, 1, 1)), np.zeros(1))[0]  # and memory beyond
        array([[[[1., 3.], [0., 0.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        kh, kw = w.shape[2:]
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        n, c, height, width = x_pad.shape
        # What `as_strided` would read, with zeros for the memory beyond the array.
        memory = np.concatenate([x_pad.ravel(), np.zeros(x_pad.size, x_pad.dtype)])
        x_pad = memory[:: 8 // x_pad.itemsize][: x_pad.size].reshape(n, c, height, width)
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class MemoryOrderAssumed:
    """Takes the images for laid out in memory row by row.

    What it does: reads the array's memory from front to end, whatever its order.
    Why it is wrong: a Fortran-ordered array has the same shape and the same entries, but in another order in memory.
    Example:
        >>> conv2d_forward(np.asfortranarray([[[[1.0, 2], [3, 4]]]]), np.ones((1, 1, 1, 1)), np.zeros(1))[0]
        array([[[[1., 3.], [2., 4.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        x_pad = x_pad.ravel(order="K").reshape(x_pad.shape)
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out, (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class SinglePrecisionReturned:
    """Returns float32.

    What it does: allocates the output as float32.
    Why it is wrong: for float64 input float64 is asked for.
    Example:
        >>> conv2d_forward(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 1, 1)), np.zeros(1))[0].dtype
        dtype('float32')
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out.astype(np.float32), (x_pad, w, stride, padding)


@misconception("conv2d_forward")
class FiltersFlippedInPlace:
    """Turns the caller's filters.

    What it does: turns `w` by 180 degrees in place, for a convolution in the mathematician's sense that turns it back.
    Why it is wrong: the result is right, but the caller's filters are not the same afterwards.
    Example:
        >>> w = np.array([[[[1.0, 2.0]]]]); _ = conv2d_forward(np.ones((1, 1, 3, 3)), w, np.zeros(1)); w
        array([[[[2., 1.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        kept = w.copy()
        w[:] = kept[:, :, ::-1, ::-1]
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", windows, w[:, :, ::-1, ::-1]) + b[:, None, None]
        return out, (x_pad, kept, stride, padding)


@misconception("conv2d_forward")
class OutputReused:
    """Writes the output of every call into the same array.

    What it does: keeps an array for each shape, and returns it again and again.
    Why it is wrong: the result of an earlier call changes under its owner's hands.
    Example:
        >>> first, _ = conv2d_forward(a, w, b); second, _ = conv2d_forward(c, w, b); first is second
        True
    """

    kept = {}

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        result = np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        out = kept.setdefault(result.shape, np.zeros(result.shape))
        out[:] = result
        return out, (x_pad, w, stride, padding)


# --- conv2d_backward: `cache` is the model answer's (x_pad, w, stride, padding)


@misconception("conv2d_backward")
class BiasGradientAveraged:
    """Averages the gradient of the bias over the images.

    What it does: divides `db` by N.
    Why it is wrong: the loss has already been averaged, if it was, before it reached `dout`. The derivative is a sum.
    Example:
        >>> conv2d_backward(np.ones((2, 1, 1, 1)), cache)[2]
        array([1.])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (n, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        dx = dx[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, dout.sum(axis=(0, 2, 3)) / n


@misconception("conv2d_backward")
class BiasGradientKeepsItsAxes:
    """Returns the gradient of the bias with four axes.

    What it does: sums with `keepdims=True`.
    Why it is wrong: `db` belongs to `b` and has its shape, (F,).
    Example:
        >>> conv2d_backward(np.ones((2, 3, 4, 4)), cache)[2].shape
        (1, 3, 1, 1)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        dx = dx[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, dout.sum(axis=(0, 2, 3), keepdims=True)


@misconception("conv2d_backward")
class BiasGradientOfOneImage:
    """Takes the gradient of the bias from the last image alone.

    What it does: overwrites `db` for every image instead of adding to it.
    Why it is wrong: the bias is shared by all images, and each of them reports back to it.
    Example:
        >>> conv2d_backward(np.ones((2, 1, 1, 1)), cache)[2]
        array([1.])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        dx = dx[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, dout[-1].sum(axis=(1, 2))


@misconception("conv2d_backward")
class FilterGradientAveraged:
    """Averages the gradient of the filters over the images.

    What it does: divides `dw` by N.
    Why it is wrong: the loss has already been averaged, if it was, before it reached `dout`. The derivative is a sum.
    Example:
        >>> conv2d_backward(np.ones((2, 1, 1, 1)), cache)[1]  # x and w were ones
        array([[[[1.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (n, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met]) / n
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class EveryGradientAveraged:
    """Averages all gradients over the images.

    What it does: divides `dx`, `dw` and `db` by N.
    Why it is wrong: the loss has already been averaged, if it was, before it reached `dout`. An image's own gradient
    has no sum over the images at all.
    Example:
        >>> conv2d_backward(np.ones((2, 1, 1, 1)), cache)[0].ravel()  # x and w were ones
        array([0.5, 0.5])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (n, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met]) / n
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v]) / n
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3)) / n


@misconception("conv2d_backward")
class FilterGradientOfOneImage:
    """Takes the gradient of the filters from the last image alone.

    What it does: overwrites `dw` for every image instead of adding to it.
    Why it is wrong: the filters are shared by all images, and each of them reports back to them.
    Example:
        >>> conv2d_backward(np.ones((2, 1, 1, 1)), cache)[1]  # x and w were ones
        array([[[[1.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("fij,cij->fc", dout[-1], x_pad[met][-1])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class FilterGradientFlipped:
    """Turns the gradient of the filters by 180 degrees.

    What it does: returns `dw` with rows and columns reversed.
    Why it is wrong: the forward pass does not flip the filter, so neither does its derivative.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 1, 1)), cache)[1]  # x was [[[[1.0, 2.0]]]]
        array([[[[2., 1.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, kh - 1 - u, kw - 1 - v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class FilterFlippedInTheImages:
    """Sends the gradient back through the filter turned by 180 degrees.

    What it does: adds `dout` times the flipped filter to each window.
    Why it is wrong: each pixel gets back the weight that it met. (The flip belongs to another formula, in which the
    filter slides over `dout`.)
    Example:
        >>> conv2d_backward(np.ones((1, 1, 1, 1)), cache)[0]  # w was [[[[1.0, 2.0]]]]
        array([[[[2., 1.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, kh - 1 - u, kw - 1 - v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class OverlapsOverwritten:
    """Overwrites what other windows have sent to a pixel.

    What it does: assigns to `dx` where it should add.
    Why it is wrong: a pixel is seen by several windows, and its derivative is the sum of what they send back.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 1, 2)), cache)[0]  # three pixels; w was [[[[1.0, 2.0]]]]
        array([[[[1., 1., 2.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for i in range(oh):
            for j in range(ow):
                met = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                dw += np.einsum("nf,ncuv->fcuv", dout[:, :, i, j], x_pad[met])
                dx[met] = np.einsum("nf,fcuv->ncuv", dout[:, :, i, j], w)
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class StrideForgotten:
    """Sends gradients back as if the stride were 1.

    What it does: takes the window of the place (i, j) to start at row i and column j.
    Why it is wrong: in the forward pass it started at row `stride * i` and column `stride * j`.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 1, 2)), cache)[0]  # three pixels, kernel of one, stride 2
        array([[[[1., 1., 0.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, _, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + oh, v : v + ow]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class LeftOverCutOff:
    """Leaves out the rows and columns that no window looked at.

    What it does: returns `dx` for the part of the image that the windows cover.
    Why it is wrong: `dx` has the shape of `x`, with zeros for what was not looked at.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 1, 1)), cache)[0].shape  # x was (1, 1, 1, 4), w (1, 1, 1, 3), stride 2
        (1, 1, 1, 3)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (n, _, oh, ow), c = w.shape, dout.shape, x_pad.shape[1]
        height, width = stride * (oh - 1) + kh, stride * (ow - 1) + kw
        dx, dw = np.zeros((n, c, height, width)), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class PaddingNotRemoved:
    """Returns the gradient of the padded images.

    What it does: returns `dx` of shape (N, C, H + 2P, W + 2P).
    Why it is wrong: `dx` belongs to `x`, which has no padding.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 3, 3)), cache)[0].shape  # x was (1, 1, 3, 3), with a padding of 1
        (1, 1, 5, 5)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, _ = cache
        (_, _, kh, kw), (_, _, oh, ow) = w.shape, dout.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx, dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class PaddingRemovedAtTheEnd:
    """Cuts the padding off below and to the right alone.

    What it does: keeps the first H rows and W columns of the padded gradient.
    Why it is wrong: the image starts `padding` rows and columns further in.
    Example:
        >>> conv2d_backward(np.arange(9.0).reshape(1, 1, 3, 3), cache)[0]  # one pixel, w was [[[[1.0]]]], padding 1
        array([[[[0.]]]])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, : height - 2 * padding, : width - 2 * padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class EmptyWithoutPadding:
    """Returns nothing where there is no padding.

    What it does: cuts off the padding with `dx[:, :, padding:-padding, padding:-padding]`.
    Why it is wrong: for a padding of 0 that is `dx[:, :, 0:0, 0:0]`, which is empty. `-0` is 0.
    Example:
        >>> conv2d_backward(np.ones((1, 1, 3, 3)), cache)[0].shape
        (1, 1, 0, 0)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow) = w.shape, dout.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding:-padding, padding:-padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class UpstreamIgnored:
    """Returns the derivative of the sum of the output.

    What it does: computes as if `dout` were all ones.
    Why it is wrong: the loss depends on each entry of the output in its own way; `dout` says how.
    Example:
        >>> conv2d_backward(np.full((1, 1, 1, 1), 7.0), cache)[2]
        array([1.])
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw, ones = np.zeros(x_pad.shape), np.zeros(w.shape), np.ones(dout.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", ones, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", ones, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, ones.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class AnotherOrder:
    """Returns the gradients in another order.

    What it does: returns (dw, db, dx).
    Why it is wrong: they are asked for in the order of the forward pass's arguments, (dx, dw, db).
    Example:
        >>> [gradient.ndim for gradient in conv2d_backward(dout, cache)]
        [4, 1, 4]
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dw, dout.sum(axis=(0, 2, 3)), dx[:, :, padding : height - padding, padding : width - padding]


@misconception("conv2d_backward")
class GradientsInSinglePrecision:
    """Returns float32.

    What it does: turns the gradients into float32.
    Why it is wrong: for float64 input float64 is asked for.
    Example:
        >>> conv2d_backward(dout, cache)[0].dtype
        dtype('float32')
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape, np.float32), np.zeros(w.shape, np.float32)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        dx = dx[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, dout.sum(axis=(0, 2, 3)).astype(np.float32)


@misconception("conv2d_backward")
class GradientsWithoutAxesOfLengthOne:
    """Drops axes of length one from the gradients.

    What it does: calls `squeeze`.
    Why it is wrong: each gradient has the shape of the array that it belongs to.
    Example:
        >>> conv2d_backward(np.ones((1, 3, 4, 4)), cache)[0].shape  # x was (1, 2, 4, 4)
        (2, 4, 4)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        dx = dx[:, :, padding : height - padding, padding : width - padding]
        return dx.squeeze(), dw.squeeze(), dout.sum(axis=(0, 2, 3)).squeeze()


@misconception("conv2d_backward")
class UpstreamMemoryOrderAssumed:
    """Takes the upstream gradient for laid out in memory row by row.

    What it does: reads the memory of `dout` from front to end, whatever its order.
    Why it is wrong: a transposed array has the same entries, but in another order in memory.
    Example:
        >>> conv2d_backward(np.asfortranarray(dout), cache)  # differs from conv2d_backward(dout, cache)
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        dout = dout.ravel(order="K").reshape(dout.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class UpstreamChanged:
    """Overwrites the upstream gradient.

    What it does: works in the caller's `dout`.
    Why it is wrong: the array belongs to the caller, who may still need it.
    Example:
        >>> dout = np.ones((1, 1, 3, 3)); _ = conv2d_backward(dout, cache); dout.sum()
        0.0
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw, db = np.zeros(x_pad.shape), np.zeros(w.shape), dout.sum(axis=(0, 2, 3))
        for i in range(oh):
            for j in range(ow):
                met = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                dw += np.einsum("nf,ncuv->fcuv", dout[:, :, i, j], x_pad[met])
                dx[met] += np.einsum("nf,fcuv->ncuv", dout[:, :, i, j], w)
                dout[:, :, i, j] = 0  # done with this place
        return dx[:, :, padding : height - padding, padding : width - padding], dw, db


@misconception("conv2d_backward")
class CacheUsedUp:
    """Overwrites the images in the cache.

    What it does: turns the padded images in the cache into their gradient, to save memory.
    Why it is wrong: a cache may be used again, and then the images are gone.
    Example:
        >>> first, second = conv2d_backward(dout, cache), conv2d_backward(dout, cache)
        >>> np.allclose(first[1], second[1])
        False
    """

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dw = np.zeros(w.shape)
        meetings = [
            (u, v, np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride])
            for u in range(kh)
            for v in range(kw)
        ]
        for u, v, met in meetings:
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
        x_pad[:] = 0
        for u, v, met in meetings:
            x_pad[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return x_pad[:, :, padding : height - padding, padding : width - padding].copy(), dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class LastForwardPassOnly:
    """Uses the arguments of the last forward pass, whatever cache it is given.

    What it does: keeps the images in a variable outside.
    Why it is wrong: a network has many layers; each backward pass has to use the cache of its own forward pass.
    Example:
        >>> _, one = conv2d_forward(x, w, b); _, two = conv2d_forward(y, w, b)
        >>> conv2d_backward(dout, one)  # the gradient at y
    """

    last = []

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        last[:] = x_pad, w, stride, padding
        return np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None], {}

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = last
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@misconception("conv2d_backward")
class FilterGradientGathered:
    """Adds the gradient of the filters up from call to call.

    What it does: adds to an array in the cache.
    Why it is wrong: a cache may be used again; each call returns the gradient for its own `dout`.
    Example:
        >>> first, second = conv2d_backward(dout, cache), conv2d_backward(dout, cache)
        >>> second[1] / first[1]
        array([[[[2.]]]])
    """

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        cache = (x_pad, w, stride, padding, np.zeros(w.shape))
        return np.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None], cache

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding, dw = cache
        (_, _, kh, kw), (_, _, oh, ow), (_, _, height, width) = w.shape, dout.shape, x_pad.shape
        dx = np.zeros(x_pad.shape)
        for u in range(kh):
            for v in range(kw):
                met = np.s_[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                dw[:, :, u, v] += np.einsum("nfij,ncij->fc", dout, x_pad[met])
                dx[met] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
        return dx[:, :, padding : height - padding, padding : width - padding], dw.copy(), dout.sum(axis=(0, 2, 3))


# --- max_pool_forward


@misconception("max_pool_forward")
class MeanOfTheWindow:
    """Averages each window.

    What it does: computes average-pooling.
    Why it is wrong: max-pooling keeps the largest entry.
    Example:
        >>> max_pool_forward(np.array([[[[1.0, 2], [3, 8]]]]), 2, 2)[0]
        array([[[[3.5]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.mean(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class SmallestEntry:
    """Keeps the smallest entry of each window.

    What it does: computes the minimum.
    Why it is wrong: max-pooling keeps the largest entry.
    Example:
        >>> max_pool_forward(np.array([[[[1.0, 2], [3, 8]]]]), 2, 2)[0]
        array([[[[1.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.min(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class LargestMagnitude:
    """Keeps the largest absolute value.

    What it does: takes the maximum of `abs(x)`.
    Why it is wrong: a strongly negative entry is a small one.
    Example:
        >>> max_pool_forward(np.array([[[[1.0, 2], [3, -8]]]]), 2, 2)[0]
        array([[[[8.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return np.abs(windows).max(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class SearchStartsAtZero:
    """Finds no maximum below zero.

    What it does: starts the search for the largest entry from zero.
    Why it is wrong: in a window of negative entries nothing is larger than zero. Start from the first entry, or from
    minus infinity.
    Example:
        >>> max_pool_forward(-np.ones((1, 1, 2, 2)), 2, 2)[0]
        array([[[[0.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5), initial=0.0), (x, size, stride)


@misconception("max_pool_forward")
class SearchStartsTooHigh:
    """Finds no maximum below a number that was thought low enough.

    What it does: starts the search for the largest entry from -1000.
    Why it is wrong: entries can be any finite numbers. Start from the first entry, or from minus infinity.
    Example:
        >>> max_pool_forward(np.full((1, 1, 2, 2), -5000.0), 2, 2)[0]
        array([[[[-1000.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5), initial=-1000.0), (x, size, stride)


@misconception("max_pool_forward")
class StrideIsTheSize:
    """Puts the windows side by side, whatever the stride.

    What it does: moves on by `size` pixels.
    Why it is wrong: `stride` says how far it is to the next window; windows may overlap or have gaps.
    Example:
        >>> max_pool_forward(np.zeros((1, 1, 5, 5)), 3, 2)[0].shape
        (1, 1, 1, 1)
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::size, ::size]
        return windows.max(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class SizeAndStrideSwapped:
    """Takes the size for the stride and the stride for the size.

    What it does: pools windows of side `stride`, `size` pixels apart.
    Why it is wrong: `size` comes first and is the side of the window.
    Example:
        >>> max_pool_forward(np.array([[[[1.0, 2, 3]]]]).repeat(3, axis=2), 3, 1)[0]
        array([[[[1.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (stride, stride), axis=(2, 3))[:, :, ::size, ::size]
        return windows.max(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class NeighbouringWindowsTaken:
    """Counts the windows with the stride, but takes neighbouring ones.

    What it does: the window (i, j) starts at row i and column j.
    Why it is wrong: it starts at row `stride * i` and column `stride * j`.
    Example:
        >>> max_pool_forward(np.arange(4.0).repeat(2).reshape(1, 1, 4, 2).swapaxes(2, 3), 2, 2)[0]
        array([[[[1., 2.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
        oh, ow = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
        return windows[:, :, :oh, :ow].max(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class PartialWindowsKept:
    """Pools what is left over in smaller windows.

    What it does: rounds the number of windows up.
    Why it is wrong: a window that does not fit is none; the number of places is rounded down.
    Example:
        >>> max_pool_forward(np.zeros((1, 1, 5, 4)), 2, 2)[0].shape
        (1, 1, 3, 2)
    """

    def max_pool_forward(x, size, stride):
        n, c, height, width = x.shape
        oh, ow = -(-(height - size) // stride) + 1, -(-(width - size) // stride) + 1
        out = np.zeros((n, c, oh, ow))
        for i in range(oh):
            for j in range(ow):
                window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                out[:, :, i, j] = window.max(axis=(2, 3)) if window.size else 0.0
        return out, (x, size, stride)


@misconception("max_pool_forward")
class LeftOverAtTheStart:
    """Leaves out rows and columns at the start instead of the end.

    What it does: places the windows such that the last one ends with the image.
    Why it is wrong: the first window starts in the upper left corner; what is left over is at the other end.
    Example:
        >>> max_pool_forward(np.array([[[[9.0, 1, 2], [9, 1, 2]]]]), 2, 2)[0]
        array([[[[2.]]]])
    """

    def max_pool_forward(x, size, stride):
        down, right = (x.shape[2] - size) % stride, (x.shape[3] - size) % stride
        windows = np.lib.stride_tricks.sliding_window_view(x[:, :, down:, right:], (size, size), axis=(2, 3))
        return windows[:, :, ::stride, ::stride].max(axis=(4, 5)), (x, size, stride)


@misconception("max_pool_forward")
class ChannelsMixed:
    """Takes the largest entry over all channels.

    What it does: pools over the channels too, and repeats the result for each of them.
    Why it is wrong: each channel is pooled by itself.
    Example:
        >>> max_pool_forward(np.array([1.0, 5.0]).reshape(1, 2, 1, 1), 1, 1)[0].ravel()
        array([5., 5.])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        out = windows.max(axis=(1, 4, 5), keepdims=True)[..., 0, 0]
        return np.repeat(out, x.shape[1], axis=1), (x, size, stride)


@misconception("max_pool_forward")
class PlacesInsteadOfValues:
    """Returns where the largest entry is.

    What it does: returns the result of `argmax`, as floats.
    Why it is wrong: the next layer wants the entry itself. Its place is something for the cache.
    Example:
        >>> max_pool_forward(np.array([[[[1.0, 2], [3, 8]]]]), 2, 2)[0]
        array([[[[3.]]]])
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.reshape(*windows.shape[:4], -1).argmax(axis=-1).astype(float), (x, size, stride)


@misconception("max_pool_forward")
class PooledAxesDropped:
    """Drops axes of length one from the output.

    What it does: calls `squeeze`.
    Why it is wrong: the next layer expects (N, C, OH, OW), also for a single image, channel or window.
    Example:
        >>> max_pool_forward(np.zeros((1, 3, 4, 4)), 2, 2)[0].shape
        (3, 2, 2)
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5)).squeeze(), (x, size, stride)


@misconception("max_pool_forward")
class PooledMemoryOrderAssumed:
    """Takes the images for laid out in memory row by row.

    What it does: reads the array's memory from front to end, whatever its order.
    Why it is wrong: a Fortran-ordered array has the same shape and the same entries, but in another order in memory.
    Example:
        >>> max_pool_forward(np.asfortranarray([[[[1.0, 2], [3, 4]]]]), 1, 1)[0]
        array([[[[1., 3.], [2., 4.]]]])
    """

    def max_pool_forward(x, size, stride):
        plain = x.ravel(order="K").reshape(x.shape)
        windows = np.lib.stride_tricks.sliding_window_view(plain, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5)), (plain, size, stride)


@misconception("max_pool_forward")
class PooledInSinglePrecision:
    """Returns float32.

    What it does: allocates the output as float32.
    Why it is wrong: for float64 input float64 is asked for.
    Example:
        >>> max_pool_forward(np.zeros((1, 1, 2, 2)), 2, 2)[0].dtype
        dtype('float32')
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5)).astype(np.float32), (x, size, stride)


@misconception("max_pool_forward")
class WinnersErased:
    """Overwrites entries of the caller's images.

    What it does: sorts each window in place to find its last entry.
    Why it is wrong: it is the caller's array that has changed afterwards.
    Example:
        >>> x = np.array([[[[5.0, 1], [2, 3]]]]); _ = max_pool_forward(x, 2, 2); x
        array([[[[1., 2.], [3., 5.]]]])
    """

    def max_pool_forward(x, size, stride):
        kept = x.copy()
        n, c, height, width = x.shape
        oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
        out = np.zeros((n, c, oh, ow))
        for i in range(oh):
            for j in range(ow):
                place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                x[place] = np.sort(kept[place].reshape(n, c, -1), axis=-1).reshape(n, c, size, size)
                out[:, :, i, j] = x[place][:, :, -1, -1]
        return out, (kept, size, stride)


@misconception("max_pool_forward")
class PooledOutputReused:
    """Writes the output of every call into the same array.

    What it does: keeps an array for each shape, and returns it again and again.
    Why it is wrong: the result of an earlier call changes under its owner's hands.
    Example:
        >>> first, _ = max_pool_forward(a, 2, 2); second, _ = max_pool_forward(b, 2, 2); first is second
        True
    """

    kept = {}

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        result = windows.max(axis=(4, 5))
        out = kept.setdefault(result.shape, np.zeros(result.shape))
        out[:] = result
        return out, (x, size, stride)


# --- max_pool_backward: `cache` is the model answer's (x, size, stride)


@misconception("max_pool_backward")
class TiesShared:
    """Divides a tie's gradient among the equal entries.

    What it does: gives each of them the same share.
    Why it is wrong: the agreement here is that the first in row order receives all of it.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was np.zeros((1, 1, 2, 2))
        array([[[[0.25, 0.25], [0.25, 0.25]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros(x.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                won = x[place] == x[place].max(axis=(2, 3), keepdims=True)
                dx[place] += won / won.sum(axis=(2, 3), keepdims=True) * dout[:, :, i, j, None, None]
        return dx


@misconception("max_pool_backward")
class TiesAllWin:
    """Gives a tie's gradient to all of the equal entries.

    What it does: sends `dout` to each entry that equals the maximum.
    Why it is wrong: together they receive more than was sent. The first in row order receives it alone.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was np.zeros((1, 1, 2, 2))
        array([[[[1., 1.], [1., 1.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros(x.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                won = x[place] == x[place].max(axis=(2, 3), keepdims=True)
                dx[place] += won * dout[:, :, i, j, None, None]
        return dx


@misconception("max_pool_backward")
class LastOfATieWins:
    """Gives a tie's gradient to the last of the equal entries.

    What it does: replaces the winner by a later entry that is as large (`>=` instead of `>`).
    Why it is wrong: the agreement here is that the first in row order receives the gradient.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was np.zeros((1, 1, 2, 2))
        array([[[[0., 0.], [0., 1.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = size * size - 1 - windows.reshape(*dout.shape, -1)[..., ::-1].argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return dx


@misconception("max_pool_backward")
class FirstInColumnOrderWins:
    """Gives a tie's gradient to the first entry in column order.

    What it does: goes down the first column before the second.
    Why it is wrong: row order goes along the first row before the second.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was [[[[3, 8], [8, 8]]]]
        array([[[[0., 0.], [1., 0.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.swapaxes(4, 5).reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner % size, ow * stride + winner // size), dout)
        return dx


@misconception("max_pool_backward")
class WinnersOverwritten:
    """Overwrites what other windows have sent to an entry.

    What it does: assigns to `dx`, or adds with index arrays, which keeps one contribution for each entry.
    Why it is wrong: an entry that wins in several windows receives the sum. `np.add.at` adds as often as it should.
    Example:
        >>> max_pool_backward(np.array([[[[10.0, 1]]]]), cache)  # x was [[[[1, 7, 2], [4, 3, 6]]]], size 2, stride 1
        array([[[[0., 1., 0.], [0., 0., 0.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        dx[n, c, oh * stride + winner // size, ow * stride + winner % size] += dout
        return dx


@misconception("max_pool_backward")
class SpreadOverTheWindow:
    """Spreads the gradient evenly over the window.

    What it does: computes the backward pass of average-pooling.
    Why it is wrong: only the largest entry moves the output.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was [[[[1, 2], [3, 8]]]]
        array([[[[0.25, 0.25], [0.25, 0.25]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros(x.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                dx[place] += dout[:, :, i, j, None, None] / size**2
        return dx


@misconception("max_pool_backward")
class WholeWindowReceives:
    """Sends the whole gradient to every entry of the window.

    What it does: repeats `dout` over the window.
    Why it is wrong: only the largest entry moves the output; the others receive nothing.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was [[[[1, 2], [3, 8]]]]
        array([[[[1., 1.], [1., 1.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros(x.shape)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
                dx[place] += dout[:, :, i, j, None, None]
        return dx


@misconception("max_pool_backward")
class WinnersMarkedWithOnes:
    """Marks the winners with ones.

    What it does: computes as if `dout` were all ones.
    Why it is wrong: each window sends its own `dout` to its winner.
    Example:
        >>> max_pool_backward(np.full((1, 1, 1, 1), 7.0), cache).max()
        1.0
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), 1.0)
        return dx


@misconception("max_pool_backward")
class TimesTheMaximum:
    """Multiplies the gradient by the largest entry.

    What it does: sends `dout * out` to the winner.
    Why it is wrong: the output follows the winner one to one, so the derivative is 1, whatever its value.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache).max()  # x was [[[[1, 2], [3, 8]]]]
        8.0
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        place = (n, c, oh * stride + winner // size, ow * stride + winner % size)
        np.add.at(dx, place, dout * x[place])
        return dx


@misconception("max_pool_backward")
class StrideTakenForTheSize:
    """Finds the winner in the right window, and puts the gradient into another.

    What it does: takes the window (i, j) to start at row `size * i` and column `size * j`.
    Why it is wrong: it starts at row `stride * i` and column `stride * j`.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 2)), cache)  # x was [[[[1, 2, 3, 4]]]], size 1, stride 2
        array([[[[1., 1., 0., 0.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        row = np.minimum(oh * size + winner // size, x.shape[2] - 1)
        column = np.minimum(ow * size + winner % size, x.shape[3] - 1)
        np.add.at(dx, (n, c, row, column), dout)
        return dx


@misconception("max_pool_backward")
class RowAndColumnSwapped:
    """Takes the winner's column for its row.

    What it does: divides the winner's place by the side of the window to get its column.
    Why it is wrong: in row order the quotient is the row and the rest the column.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was [[[[1, 8], [3, 2]]]]
        array([[[[0., 0.], [1., 0.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner % size, ow * stride + winner // size), dout)
        return dx


@misconception("max_pool_backward")
class LeftOverMissing:
    """Leaves out the rows and columns that no window looked at.

    What it does: returns `dx` for the part of the image that the windows cover.
    Why it is wrong: `dx` has the shape of `x`, with zeros for what was not looked at.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 2, 2)), cache).shape  # x was (1, 1, 5, 5)
        (1, 1, 4, 4)
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        height, width = (side * stride - stride + size for side in dout.shape[2:])
        dx = np.zeros((*x.shape[:2], height, width))
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return dx


@misconception("max_pool_backward")
class NoWinnerBelowZero:
    """Sends nothing to a window without positive entries.

    What it does: starts the search for the winner from zero.
    Why it is wrong: a window of negative entries has a largest one, too, and one of zeros has a first.
    Example:
        >>> max_pool_backward(np.ones((1, 1, 1, 1)), cache)  # x was [[[[-1, -2], [-3, -4]]]]
        array([[[[0., 0.], [0., 0.]]]])
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        flat = windows.reshape(*dout.shape, -1)
        winner = flat.argmax(axis=-1)
        dx = np.zeros(x.shape)
        place = (n, c, oh * stride + winner // size, ow * stride + winner % size)
        np.add.at(dx, place, dout * (flat.max(axis=-1) > 0))
        return dx


@misconception("max_pool_backward")
class GradientAxesDropped:
    """Drops axes of length one from the gradient.

    What it does: calls `squeeze`.
    Why it is wrong: `dx` has the shape of `x`.
    Example:
        >>> max_pool_backward(np.ones((1, 3, 2, 2)), cache).shape  # x was (1, 3, 4, 4)
        (3, 4, 4)
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return dx.squeeze()


@misconception("max_pool_backward")
class GradientMemoryOrderAssumed:
    """Takes the upstream gradient for laid out in memory row by row.

    What it does: reads the memory of `dout` from front to end, whatever its order.
    Why it is wrong: a transposed array has the same entries, but in another order in memory.
    Example:
        >>> max_pool_backward(np.asfortranarray(dout), cache)  # differs from max_pool_backward(dout, cache)
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        place = (n, c, oh * stride + winner // size, ow * stride + winner % size)
        np.add.at(dx, place, dout.ravel(order="K").reshape(dout.shape))
        return dx


@misconception("max_pool_backward")
class GradientInSinglePrecision:
    """Returns float32.

    What it does: turns the gradient into float32.
    Why it is wrong: for float64 input float64 is asked for.
    Example:
        >>> max_pool_backward(dout, cache).dtype
        dtype('float32')
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return dx.astype(np.float32)


@misconception("max_pool_backward")
class UpstreamErased:
    """Overwrites the upstream gradient.

    What it does: sets entries of the caller's `dout` to zero once they are done with.
    Why it is wrong: the array belongs to the caller, who may still need it.
    Example:
        >>> dout = np.ones((1, 1, 2, 2)); _ = max_pool_backward(dout, cache); dout.sum()
        0.0
    """

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        dout[:] = 0.0
        return dx


@misconception("max_pool_backward")
class LastPoolOnly:
    """Uses the images of the last forward pass, whatever cache it is given.

    What it does: keeps them in a variable outside.
    Why it is wrong: a network has many layers; each backward pass has to use the cache of its own forward pass.
    Example:
        >>> _, one = max_pool_forward(x, 2, 2); _, two = max_pool_forward(y, 2, 2)
        >>> max_pool_backward(dout, one)  # the gradient at y
    """

    last = []

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        last[:] = x, size, stride
        return windows.max(axis=(4, 5)), {}

    def max_pool_backward(dout, cache):
        x, size, stride = last
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        dx = np.zeros(x.shape)
        np.add.at(dx, (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return dx


@misconception("max_pool_backward")
class GradientGathered:
    """Adds gradients up from call to call.

    What it does: adds to an array in the cache.
    Why it is wrong: a cache may be used again; each call returns the gradient for its own `dout`.
    Example:
        >>> first = max_pool_backward(dout, cache); second = max_pool_backward(dout, cache); second.sum() / first.sum()
        2.0
    """

    def max_pool_forward(x, size, stride):
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        return windows.max(axis=(4, 5)), {"x": x, "size": size, "stride": stride, "dx": np.zeros(x.shape)}

    def max_pool_backward(dout, cache):
        x, size, stride = cache["x"], cache["size"], cache["stride"]
        n, c, oh, ow = np.indices(dout.shape, sparse=True)
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        np.add.at(cache["dx"], (n, c, oh * stride + winner // size, ow * stride + winner % size), dout)
        return cache["dx"].copy()


# --- count_parameters


@misconception("count_parameters")
class NoBiasCounted:
    """Counts no biases.

    What it does: counts the entries of the filters alone.
    Why it is wrong: unless `bias=False` is said, each filter has a bias.
    Example:
        >>> count_parameters(1, 2, 3)
        18
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return in_channels * out_channels * kernel**2


@misconception("count_parameters")
class BiasAlways:
    """Counts the biases of a layer that has none.

    What it does: ignores `bias=False`.
    Why it is wrong: without biases the layer has `out_channels` parameters fewer.
    Example:
        >>> count_parameters(1, 2, 3, bias=False)
        20
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return out_channels * (in_channels * kernel**2 + 1)


@misconception("count_parameters")
class OneBiasForTheLayer:
    """Counts one bias for the whole layer.

    What it does: adds 1 to the number of weights.
    Why it is wrong: each filter has a bias of its own.
    Example:
        >>> count_parameters(1, 2, 3)
        19
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return in_channels * out_channels * kernel**2 + (1 if bias else 0)


@misconception("count_parameters")
class BiasForEveryInputChannel:
    """Counts a bias for every input channel.

    What it does: adds `in_channels` to the number of weights.
    Why it is wrong: a filter adds up over the channels first, and then adds one bias.
    Example:
        >>> count_parameters(3, 2, 1)
        9
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return in_channels * out_channels * kernel**2 + (in_channels if bias else 0)


@misconception("count_parameters")
class BiasForEveryKernel:
    """Counts a bias for each pair of input channel and filter.

    What it does: adds 1 to each of the `in_channels * out_channels` kernels.
    Why it is wrong: a filter consists of `in_channels` kernels, and has one bias.
    Example:
        >>> count_parameters(3, 2, 1)
        12
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return in_channels * out_channels * (kernel**2 + (1 if bias else 0))


@misconception("count_parameters")
class KernelOfOneRow:
    """Counts one row of the kernels.

    What it does: multiplies by `kernel` once.
    Why it is wrong: a square kernel of side K has K * K entries.
    Example:
        >>> count_parameters(1, 1, 3)
        4
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return out_channels * (in_channels * kernel + (1 if bias else 0))


@misconception("count_parameters")
class InputChannelsForgotten:
    """Counts one kernel for each filter.

    What it does: leaves `in_channels` out.
    Why it is wrong: a filter has a kernel for each input channel.
    Example:
        >>> count_parameters(3, 1, 1)
        2
    """

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return out_channels * (kernel**2 + (1 if bias else 0))


# --- conv_experiment


@misconception("conv_experiment")
class AlwaysTheSameLabel:
    """Gives every image the same label.

    What it does: returns zeros.
    Why it is wrong: a tenth of the digits are zeros.
    Example:
        >>> f"{np.mean(classify(x_train) == y_train):.0%}"
        '11%'
    """

    def classify(images):
        return np.zeros(len(images), dtype=int)


@misconception("conv_experiment")
class InkCounted:
    """Tells digits apart by how much ink they have.

    What it does: compares an image's mean with the mean of the training images of each digit.
    Why it is wrong: where the ink is says more than how much there is; a network that sees it does far better.
    Example:
        >>> f"{np.mean(classify(x_train) == y_train):.0%}"
        '13%'
    """

    def classify(images):
        known, labels = load_images()
        ink = np.array([known[labels == digit].mean() for digit in range(10)])
        return np.abs(images.mean(axis=(1, 2, 3))[:, None] - ink).argmin(axis=1)


@misconception("conv_experiment")
class ScoresInsteadOfLabels:
    """Returns ten numbers for each image instead of its label.

    What it does: leaves out the last step, the search for the class with the largest score.
    Why it is wrong: one label for each image is asked for, as an integer.
    Example:
        >>> classify(x_train).shape
        (1438, 10)
    """

    def classify(images):
        known, labels = load_images()
        means = np.stack([known[labels == digit].mean(axis=0) for digit in range(10)])  # (10, 1, 8, 8)
        return -((images[:, None] - means) ** 2).sum(axis=(2, 3, 4))


@misconception("conv_experiment")
class FiltersNotTrained:
    """Returns filters that are all alike.

    What it does: returns an array of zeros.
    Why it is wrong: the filters that the network has learned are asked for.
    Example:
        >>> float(np.ptp(first_filters()))
        0.0
    """

    def first_filters():
        return np.zeros((8, 1, 3, 3))
