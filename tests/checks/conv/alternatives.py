"""Right answers of `conv`, written differently."""

from autograder.checks import alternative

# --- output_size


@alternative("output_size")
class PlacesCounted:
    """Walks along the side and counts."""

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        places, start = 0, 0
        while start + dilation * (kernel - 1) < size + 2 * padding:
            places += 1
            start += stride
        return places


@alternative("output_size")
class FlooredDivision:
    """Divides as floats and rounds down."""

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        effective = kernel + (kernel - 1) * (dilation - 1)
        return int(np.floor((size + 2 * padding - effective) / stride + 1))


@alternative("output_size")
class NumPyInteger:
    """Returns NumPy's kind of integer."""

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        return np.int64((size + 2 * padding - dilation * (kernel - 1) - 1 + stride) // stride)


@alternative("output_size")
class LengthOfASlice:
    """Lets NumPy cut the steps out."""

    def output_size(size, kernel, stride=1, padding=0, dilation=1):
        starts = np.arange(size + 2 * padding)[: size + 2 * padding - dilation * (kernel - 1)]
        return starts[::stride].size


# --- conv2d_forward


@alternative("conv2d_forward")
class SevenLoops:
    """Takes the formula at its word, and keeps a dictionary."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        (n_images, channels, height, width), (filters, _, kh, kw) = x.shape, w.shape
        oh, ow = output_size(height, kh, stride, padding), output_size(width, kw, stride, padding)
        out = np.zeros((n_images, filters, oh, ow))
        for n in range(n_images):
            for f in range(filters):
                for i in range(oh):
                    for j in range(ow):
                        total = b[f]
                        for c in range(channels):
                            for u in range(kh):
                                for v in range(kw):
                                    row, column = stride * i + u - padding, stride * j + v - padding
                                    if 0 <= row < height and 0 <= column < width:
                                        total += w[f, c, u, v] * x[n, c, row, column]
                        out[n, f, i, j] = total
        return out, {"x": x, "w": w, "stride": stride, "padding": padding}

    def conv2d_backward(dout, cache):
        x, w, stride, padding = cache["x"], cache["w"], cache["stride"], cache["padding"]
        (n_images, channels, height, width), (filters, _, kh, kw) = x.shape, w.shape
        dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(filters)
        for n in range(n_images):
            for f in range(filters):
                for i in range(dout.shape[2]):
                    for j in range(dout.shape[3]):
                        db[f] += dout[n, f, i, j]
                        for c in range(channels):
                            for u in range(kh):
                                for v in range(kw):
                                    row, column = stride * i + u - padding, stride * j + v - padding
                                    if 0 <= row < height and 0 <= column < width:
                                        dw[f, c, u, v] += dout[n, f, i, j] * x[n, c, row, column]
                                        dx[n, c, row, column] += dout[n, f, i, j] * w[f, c, u, v]
        return dx, dw, db


@alternative("conv2d_forward")
class WindowsContracted:
    """Contracts a view of all windows, and keeps an object."""

    class Memory:
        """What the backward pass needs."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        memory = Memory()
        memory.shape, memory.w, memory.stride, memory.padding = x.shape, w, stride, padding
        x_pad = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))
        memory.windows = windows[:, :, ::stride, ::stride]
        out = np.einsum("ncijuv,fcuv->nfij", memory.windows, w, optimize=True)
        return out + b.reshape(1, -1, 1, 1), memory

    def conv2d_backward(dout, cache):
        n, c, height, width = cache.shape
        stride, padding, (_, _, kh, kw) = cache.stride, cache.padding, cache.w.shape
        dx = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, stride * i : stride * i + kh, stride * j : stride * j + kw]
                dx[place] += np.tensordot(dout[:, :, i, j], cache.w, axes=1)
        dw = np.einsum("nfij,ncijuv->fcuv", dout, cache.windows, optimize=True)
        return dx[:, :, padding : padding + height, padding : padding + width], dw, np.einsum("nfij->f", dout)


@alternative("conv2d_forward")
class ProductOfMatrices:
    """Gathers the windows in columns, multiplies matrices, and scatters by index."""

    def indices(shape, kh, kw, stride, padding):
        _, c, height, width = shape
        oh, ow = (height + 2 * padding - kh) // stride + 1, (width + 2 * padding - kw) // stride + 1
        channel = np.repeat(np.arange(c), kh * kw)[:, None]
        row = np.tile(np.repeat(np.arange(kh), kw), c)[:, None] + stride * np.repeat(np.arange(oh), ow)
        column = np.tile(np.arange(kw), kh * c)[:, None] + stride * np.tile(np.arange(ow), oh)
        return channel, row, column, oh, ow

    def conv2d_forward(x, w, b, stride=1, padding=0):
        f, _, kh, kw = w.shape
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        channel, row, column, oh, ow = indices(x.shape, kh, kw, stride, padding)
        columns = x_pad[:, channel, row, column]  # (N, C KH KW, OH OW)
        out = w.reshape(f, -1) @ columns + b[:, None]
        return out.reshape(len(x), f, oh, ow), [x.shape, w, stride, padding, columns]

    def conv2d_backward(dout, cache):
        (n, c, height, width), w, stride, padding, columns = cache
        f, _, kh, kw = w.shape
        flat = dout.reshape(n, f, -1)
        dw = (flat @ columns.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
        dcolumns = w.reshape(f, -1).T @ flat
        dx = np.zeros((n, c, height + 2 * padding, width + 2 * padding))
        channel, row, column, _, _ = indices((n, c, height, width), kh, kw, stride, padding)
        np.add.at(dx, (slice(None), channel, row, column), dcolumns)
        return dx[:, :, padding : padding + height, padding : padding + width], dw, flat.sum(axis=(0, 2))


@alternative("conv2d_forward")
class SinglePrecisionInside:
    """Computes with torch in float32."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x, w, b = (torch.tensor(array, dtype=torch.float32) for array in (x, w, b))
        x_pad = torch.nn.functional.pad(x, (padding, padding, padding, padding))
        windows = x_pad.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
        out = torch.einsum("ncijuv,fcuv->nfij", windows, w) + b[:, None, None]
        return out.double().numpy(), (x.shape[2:], windows, w, stride, padding)

    def conv2d_backward(dout, cache):
        (height, width), windows, w, stride, padding = cache
        d = torch.tensor(dout, dtype=torch.float32)
        n, c, oh, ow, kh, kw = windows.shape
        dwindows = torch.einsum("nfij,fcuv->ncuvij", d, w)
        covered = (stride * (oh - 1) + kh, stride * (ow - 1) + kw)
        patches = dwindows.reshape(n, c * kh * kw, oh * ow)
        met = torch.nn.functional.fold(patches, covered, (kh, kw), stride=stride)
        dx = torch.zeros(n, c, height + 2 * padding, width + 2 * padding)
        dx[:, :, : covered[0], : covered[1]] = met
        dx = dx[:, :, padding : padding + height, padding : padding + width]
        dw = torch.einsum("nfij,ncijuv->fcuv", d, windows)
        return dx.double().numpy(), dw.double().numpy(), d.sum(dim=(0, 2, 3)).double().numpy()


@alternative("conv2d_forward")
class FrequencyDomain:
    """Multiplies Fourier transforms, and keeps a function."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        kh, kw = w.shape[2:]
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).astype(float)
        height, width = x_pad.shape[2:]
        spectrum = np.fft.rfft2(x_pad)[:, None] * np.conj(np.fft.rfft2(w, (height, width)))  # (N, F, C, ...)
        everywhere = np.fft.irfft2(spectrum.sum(axis=2), (height, width))
        out = everywhere[:, :, : height - kh + 1, : width - kw + 1][:, :, ::stride, ::stride]

        def backward(dout):
            spread = np.zeros((*dout.shape[:2], height, width))
            spread[:, :, : stride * dout.shape[2] : stride, : stride * dout.shape[3] : stride] = dout
            spread = np.fft.rfft2(spread)
            dx = np.fft.irfft2(np.einsum("nfij,fcij->ncij", spread, np.fft.rfft2(w, (height, width))), (height, width))
            dw = np.fft.irfft2(np.einsum("nfij,ncij->fcij", np.conj(spread), np.fft.rfft2(x_pad)), (height, width))
            dx = dx[:, :, padding : height - padding, padding : width - padding]
            return dx, dw[:, :, :kh, :kw], dout.sum(axis=(0, 2, 3))

        return out + b[:, None, None], backward

    def conv2d_backward(dout, cache):
        return cache(dout)


@alternative("conv2d_forward")
class LibraryCorrelation:
    """Correlates each channel with SciPy, and keeps the arguments."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        from scipy.signal import correlate2d

        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        out = [
            [sum(correlate2d(plane, kernel, "valid") for plane, kernel in zip(image, bank, strict=True)) for bank in w]
            for image in x_pad
        ]
        return np.array(out)[:, :, ::stride, ::stride] + b[:, None, None], (x_pad, w, stride, padding)


# --- conv2d_backward: `cache` is the model answer's (x_pad, w, stride, padding)


@alternative("conv2d_backward")
class TransposedConvolution:
    """Spreads the upstream gradient by the stride, and slides the flipped filter over it."""

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (n, _, height, width), (f, _, kh, kw) = x_pad.shape, w.shape
        spread = np.zeros((n, f, height - kh + 1, width - kw + 1))
        spread[:, :, : stride * dout.shape[2] : stride, : stride * dout.shape[3] : stride] = dout
        framed = np.pad(spread, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
        windows = np.lib.stride_tricks.sliding_window_view(framed, (kh, kw), axis=(2, 3))
        dx = np.einsum("nfijuv,fcuv->ncij", windows, w[:, :, ::-1, ::-1])
        seen = np.lib.stride_tricks.sliding_window_view(x_pad, spread.shape[2:], axis=(2, 3))
        dw = np.einsum("ncuvij,nfij->fcuv", seen, spread)
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@alternative("conv2d_backward")
class MatrixOfTheLayer:
    """Writes the layer as one matrix for each channel and filter, and multiplies by its transpose."""

    def conv2d_backward(dout, cache):
        x_pad, w, stride, padding = cache
        (_, _, height, width), (_, _, kh, kw), (_, _, oh, ow) = x_pad.shape, w.shape, dout.shape
        down, right = np.zeros((kh, oh, height)), np.zeros((kw, ow, width))
        for u in range(kh):
            down[u, np.arange(oh), u + stride * np.arange(oh)] = 1.0
        for v in range(kw):
            right[v, np.arange(ow), v + stride * np.arange(ow)] = 1.0
        gathered = np.tensordot(np.tensordot(x_pad, down, (2, 2)), right, (2, 2))  # (n, c, u, i, v, j)
        dw = np.tensordot(dout, gathered, axes=((0, 2, 3), (0, 3, 5)))
        shares = np.tensordot(dout, w, axes=(1, 0))  # (n, i, j, c, u, v)
        dx = np.tensordot(np.tensordot(shares, down, ((1, 4), (1, 0))), right, ((1, 3), (1, 0)))
        return dx[:, :, padding : height - padding, padding : width - padding], dw, dout.sum(axis=(0, 2, 3))


@alternative("conv2d_backward")
class ImageByImage:
    """Goes through images and places, and keeps nothing but a function in the cache."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        (_, _, height, width), (_, _, kh, kw) = x.shape, w.shape
        x_pad = np.zeros((*x.shape[:2], height + 2 * padding, width + 2 * padding))
        x_pad[:, :, padding : padding + height, padding : padding + width] = x
        starts = [
            (row, column)
            for row in range(0, x_pad.shape[2] - kh + 1, stride)
            for column in range(0, x_pad.shape[3] - kw + 1, stride)
        ]
        oh, ow = output_size(height, kh, stride, padding), output_size(width, kw, stride, padding)
        matrix = w.reshape(len(w), -1).T
        places = [x_pad[:, :, r : r + kh, s : s + kw].reshape(len(x), -1) @ matrix + b for r, s in starts]

        def gradients(dout):
            dx, dw, db = np.zeros_like(x_pad), np.zeros(w.shape), np.zeros(len(w))
            for image, padded, gradient in zip(dout, x_pad, dx, strict=True):
                for (r, s), values in zip(starts, image.reshape(len(w), -1).T, strict=True):
                    for f, value in enumerate(values):
                        gradient[:, r : r + kh, s : s + kw] += value * w[f]
                        dw[f] += value * padded[:, r : r + kh, s : s + kw]
                        db[f] += value
            return dx[:, :, padding : padding + height, padding : padding + width], dw, db

        return np.stack(places, axis=2).reshape(len(x), len(w), oh, ow), gradients

    def conv2d_backward(dout, cache):
        return cache(dout)


@alternative("conv2d_backward")
class DifferenceQuotients:
    """Differentiates numerically: the layer is linear in each of its arguments, so a step of any length is exact."""

    def conv2d_forward(x, w, b, stride=1, padding=0):
        x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        out = np.tensordot(windows, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
        return out + b[:, None, None], ([x, w, b], (stride, padding))

    def conv2d_backward(dout, cache):
        (x, w, b), options = [array.astype(np.float64) for array in cache[0]], cache[1]
        before, _ = conv2d_forward(x, w, b, *options)
        # One entry of every image at a time, one copy of the batch after the other; then one entry of every filter.
        moved = x + np.eye(x[0].size).reshape(-1, 1, *x.shape[1:])
        after, _ = conv2d_forward(moved.reshape(-1, *x.shape[1:]), w, b, *options)
        dx = ((after.reshape(-1, *dout.shape) - before) * dout).sum(axis=(2, 3, 4)).T
        moved = w + np.eye(w[0].size).reshape(-1, 1, *w.shape[1:])
        after, _ = conv2d_forward(x, moved.reshape(-1, *w.shape[1:]), np.tile(b, len(moved)), *options)
        after = after.reshape(len(x), len(moved), *dout.shape[1:])
        dw = ((after - before[:, None]) * dout[:, None]).sum(axis=(0, 3, 4)).T
        db = ((conv2d_forward(x, w, b + 1.0, *options)[0] - before) * dout).sum(axis=(0, 2, 3))
        return dx.reshape(x.shape), dw.reshape(w.shape), db


# --- max_pool_forward


@alternative("max_pool_forward")
class EntryByEntry:
    """Loops over everything, and keeps a dictionary of winners."""

    def max_pool_forward(x, size, stride):
        n_images, channels, height, width = x.shape
        oh, ow = output_size(height, size, stride), output_size(width, size, stride)
        out, winners = np.zeros((n_images, channels, oh, ow)), {}
        for n in range(n_images):
            for c in range(channels):
                for i in range(oh):
                    for j in range(ow):
                        best = -np.inf
                        for row in range(stride * i, stride * i + size):
                            for column in range(stride * j, stride * j + size):
                                if x[n, c, row, column] > best:
                                    best = x[n, c, row, column]
                                    winners[n, c, i, j] = n, c, row, column
                        out[n, c, i, j] = best
        return out, {"shape": x.shape, "winners": winners}

    def max_pool_backward(dout, cache):
        dx = np.zeros(cache["shape"])
        for place, winner in cache["winners"].items():
            dx[winner] += dout[place]
        return dx


@alternative("max_pool_forward")
class ShiftedImagesCompared:
    """Compares the image with itself, shifted by each of the window's entries."""

    def max_pool_forward(x, size, stride):
        oh, ow = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
        out, winner = None, None
        for u in range(size):
            for v in range(size):
                entry = x[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride]
                if out is None:
                    out, winner = entry.copy(), np.zeros(entry.shape, dtype=int)
                else:
                    larger = entry > out
                    out[larger], winner[larger] = entry[larger], u * size + v
        return out, [winner, x.shape, size, stride]

    def max_pool_backward(dout, cache):
        winner, shape, size, stride = cache
        dx = np.zeros(shape)
        oh, ow = dout.shape[2:]
        for u in range(size):
            for v in range(size):
                dx[:, :, u : u + stride * oh : stride, v : v + stride * ow : stride] += dout * (winner == u * size + v)
        return dx


@alternative("max_pool_forward")
class WindowsUnfoldedByTorch:
    """Takes the maximum of torch's view of the windows, in float32, and keeps an object."""

    def max_pool_forward(x, size, stride):
        windows = torch.tensor(x, dtype=torch.float32).unfold(2, size, stride).unfold(3, size, stride)
        return windows.amax(dim=(4, 5)).double().numpy(), (x, size, stride)


@alternative("max_pool_forward")
class RowsFirst:
    """Takes the maximum along the rows, then along the columns."""

    def max_pool_forward(x, size, stride):
        width = range(0, x.shape[3] - size + 1, stride)
        height = range(0, x.shape[2] - size + 1, stride)
        rows = np.stack([x[..., j : j + size].max(axis=3) for j in width], axis=3)  # (N, C, H, OW)
        return np.stack([rows[:, :, i : i + size].max(axis=2) for i in height], axis=2), (x, size, stride)


@alternative("max_pool_forward")
class SortedWindows:
    """Sorts each window, in the precision of the images."""

    def max_pool_forward(x, size, stride):
        oh, ow = output_size(x.shape[2], size, stride), output_size(x.shape[3], size, stride)
        out = np.empty((*x.shape[:2], oh, ow), dtype=x.dtype)
        for place in np.ndindex(out.shape):
            n, c, i, j = place
            window = x[n, c, stride * i : stride * i + size, stride * j : stride * j + size]
            out[place] = sorted(window.ravel())[-1]
        return out, (x, size, stride)


# --- max_pool_backward: `cache` is the model answer's (x, size, stride)


@alternative("max_pool_backward")
class WindowByWindow:
    """Asks each window for its winner."""

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            window = x[n, c, stride * i : stride * i + size, stride * j : stride * j + size]
            row, column = np.unravel_index(window.argmax(), window.shape)
            dx[n, c, stride * i + row, stride * j + column] += dout[n, c, i, j]
        return dx


@alternative("max_pool_backward")
class FirstOfTheMask:
    """Marks all that equal the maximum, and keeps the first."""

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        dx = np.zeros_like(x, dtype=np.float64)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = np.s_[:, :, stride * i : stride * i + size, stride * j : stride * j + size]
                window = x[place].reshape(*x.shape[:2], -1)
                mask = window == window.max(axis=2, keepdims=True)
                mask &= mask.cumsum(axis=2) == 1
                dx[place] += (mask * dout[:, :, i, j, None]).reshape(x[place].shape)
        return dx


@alternative("max_pool_backward")
class CountedIntoBins:
    """Adds up by weighted counting over a flat index."""

    def max_pool_backward(dout, cache):
        x, size, stride = cache
        flat = np.arange(x.size).reshape(x.shape)
        view = np.lib.stride_tricks.sliding_window_view
        windows = view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride].reshape(*dout.shape, -1)
        places = view(flat, (size, size), axis=(2, 3))[:, :, ::stride, ::stride].reshape(*dout.shape, -1)
        winner = np.take_along_axis(places, windows.argmax(axis=-1)[..., None], axis=-1)
        return np.bincount(winner.ravel(), weights=dout.ravel(), minlength=x.size).reshape(x.shape)


@alternative("max_pool_backward")
class ScatteredByTorch:
    """Scatters with torch in float32; the cache is a closure."""

    def max_pool_forward(x, size, stride):
        images = torch.tensor(x, dtype=torch.float32)
        windows = images.unfold(2, size, stride).unfold(3, size, stride)
        flat = windows.flatten(4)
        winner = (flat == flat.amax(dim=4, keepdim=True)).int().argmax(dim=4)
        height, width = x.shape[2:]
        row = torch.arange(windows.shape[2])[:, None] * stride + winner // size
        column = torch.arange(windows.shape[3]) * stride + winner % size
        place = (row * width + column).flatten(2)

        def backward(dout):
            dx = torch.zeros(*x.shape[:2], height * width)
            dx.scatter_add_(2, place, torch.tensor(dout, dtype=torch.float32).flatten(2))
            return dx.reshape(x.shape).double().numpy()

        return flat.amax(dim=4).double().numpy(), backward

    def max_pool_backward(dout, cache):
        return cache(dout)


# --- count_parameters


@alternative("count_parameters")
class ShapesMultiplied:
    """Multiplies the shapes of the arrays."""

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        shapes = [(out_channels, in_channels, kernel, kernel)] + [(out_channels,)] * bool(bias)
        return sum(int(np.prod(shape)) for shape in shapes)


@alternative("count_parameters")
class ArraysMade:
    """Makes the arrays, and asks for their size."""

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        count = np.zeros((out_channels, in_channels, kernel, kernel)).size
        if bias:
            count += np.zeros(out_channels).size
        return count


@alternative("count_parameters")
class NumPyCount:
    """Returns NumPy's kind of integer."""

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return np.int64(out_channels) * (kernel**2 * in_channels + int(bias))


@alternative("count_parameters")
class FiltersOneByOne:
    """Adds up over the filters and the channels."""

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        total = 0
        for _ in range(out_channels):
            for _ in range(in_channels):
                total += kernel * kernel
            if bias:
                total += 1
        return total


# --- conv_experiment


@alternative("conv_experiment")
class LargerFilters:
    """One layer of larger filters, with batch normalisation, trained when it is first asked."""

    made = []

    def trained():
        if made:
            return made[0]
        images, labels = load_images()
        x, y = torch.tensor(images, dtype=torch.float32), torch.tensor(labels)
        torch.manual_seed(1)
        network = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 5, padding=2, bias=False),
            torch.nn.BatchNorm2d(16),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(16 * 16, 10),
        )
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        for _ in range(8):
            for batch in torch.randperm(len(x)).split(64):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
                optimizer.step()
        made.append(network.eval())
        return network

    def classify(images):
        labels = np.zeros(len(images), dtype=np.int32)
        for start in range(0, len(images), 50):
            scores = trained()(torch.tensor(images[start : start + 50], dtype=torch.float32))
            labels[start : start + 50] = scores.argmax(dim=1)
        return labels

    def first_filters():
        return trained()[0].weight.detach().double().numpy()


@alternative("conv_experiment")
class OwnFunctions:
    """Filters drawn at random, in the notebook's own functions; only the last layer is fitted, by least squares."""

    made = []

    def first_filters():
        return np.random.default_rng(5).normal(size=(12, 1, 3, 3))

    def features(images):
        out, _ = conv2d_forward(images, first_filters(), np.zeros(12), padding=1)
        out, _ = max_pool_forward(np.maximum(out, 0), 2, 2)  # (N, 12, 4, 4)
        return np.concatenate([out.reshape(len(images), -1), np.ones((len(images), 1))], axis=1)

    def weights():
        if not made:
            images, labels = load_images()
            seen = features(images)
            made.append(np.linalg.solve(seen.T @ seen + 3.0 * np.eye(seen.shape[1]), seen.T @ np.eye(10)[labels]))
        return made[0]

    def classify(images):
        return (features(images) @ weights()).argmax(axis=1)


@alternative("conv2d_backward")
class UnfoldAndFold:
    """torch's columns of windows and their sums; the results are named tuples."""

    from collections import namedtuple

    Output, Gradients = namedtuple("Output", "out cache"), namedtuple("Gradients", "dx dw db")

    def conv2d_forward(x, w, b, stride=1, padding=0):
        images, filters, biases = (torch.tensor(np.array(a, dtype=np.float64)) for a in (x, w, b))
        columns = torch.nn.functional.unfold(images, filters.shape[2:], padding=padding, stride=stride)
        out = filters.flatten(1) @ columns + biases[:, None]
        height = output_size(x.shape[2], w.shape[2], stride, padding)
        return Output(out.unflatten(2, (height, -1)).numpy(), (columns, filters, x.shape[2:], stride, padding))

    def conv2d_backward(dout, cache):
        columns, filters, size, stride, padding = cache
        slopes = torch.tensor(np.array(dout, dtype=np.float64)).flatten(2)
        dw = torch.einsum("nfl,nkl->fk", slopes, columns).view(filters.shape)
        columns = filters.flatten(1).T @ slopes
        dx = torch.nn.functional.fold(columns, size, filters.shape[2:], padding=padding, stride=stride)
        return Gradients(dx.numpy(), dw.numpy(), slopes.sum((0, 2)).numpy())


@alternative("count_parameters")
class AskTheLayer:
    """Builds torch's layer, which is forbidden in another question, and counts."""

    def count_parameters(in_channels, out_channels, kernel, bias=True):
        return sum(p.numel() for p in torch.nn.Conv2d(in_channels, out_channels, kernel, bias=bias).parameters())


@alternative("max_pool_backward")
class RunningMaximum:
    """Keeps the largest so far while it goes through the window's entries."""

    def max_pool_forward(x, size, stride):
        height, width = (output_size(side, size, stride) for side in x.shape[2:])
        out = np.full((*x.shape[:2], height, width), -np.inf)
        winner = np.zeros(out.shape, dtype=int)
        for entry in range(size * size):
            u, v = divmod(entry, size)
            met = x[:, :, u : u + stride * height : stride, v : v + stride * width : stride]
            winner[met > out] = entry
            out = np.maximum(out, met)
        return out, {"winner": winner, "size": size, "stride": stride, "shape": x.shape}

    def max_pool_backward(dout, cache):
        size, stride, dx = cache["size"], cache["stride"], np.zeros(cache["shape"])
        height, width = dout.shape[2:]
        for entry in range(size * size):
            u, v = divmod(entry, size)
            sent = dout * (cache["winner"] == entry)
            dx[:, :, u : u + stride * height : stride, v : v + stride * width : stride] += sent
        return dx
