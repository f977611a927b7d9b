"""Mistakes that can be made in answers to questions of `conv`."""

from tests.toolkit.mistakes.answers import Answer, Mistake

ANSWERS = (
    Answer(
        "conv",
        "conv2d_forward",
        """
def conv2d_forward(x, w, b, stride=1, padding=0):
    n, _, height, width = x.shape
    f, _, kh, kw = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (height + 2 * padding - kh) // stride + 1
    ow = (width + 2 * padding - kw) // stride + 1
    out = np.zeros((n, f, oh, ow))
    for i in range(oh):
        for j in range(ow):
            patch = x_pad[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = np.einsum("ncuv,fcuv->nf", patch, w) + b
    return out, (x_pad, w, stride, padding)
""",
        (
            Mistake("(padding, padding)))", "(padding, padding)), mode='edge')", "padded with the edge"),
            Mistake("(padding, padding)))", "(padding, padding)), constant_values=1.0)"),
            Mistake("patch, w)", "patch, w[:, :, ::-1, ::-1])", "kernel flipped"),
            Mistake("patch, w)", "patch, w[:, :, ::-1])"),
            Mistake("patch, w) + b", "patch, w)", "bias forgotten"),
            Mistake("patch, w) + b", "patch, w) - b"),
            Mistake("patch, w) + b", "np.abs(patch), w) + b"),
            Mistake("+ b\n", "/ (kh * kw) + b\n"),
            Mistake("ncuv,fcuv->nf", "ncuv,fduv->nf"),
            Mistake("out, (x_pad", "np.maximum(out, 0), (x_pad"),
            Mistake("out, (x_pad", "out.swapaxes(2, 3), (x_pad"),
        ),
    ),
    Answer(
        "conv",
        "conv2d_backward",
        """
def conv2d_forward(x, w, b, stride=1, padding=0):
    n, _, height, width = x.shape
    f, _, kh, kw = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    oh = (height + 2 * padding - kh) // stride + 1
    ow = (width + 2 * padding - kw) // stride + 1
    out = np.zeros((n, f, oh, ow))
    for i in range(oh):
        for j in range(ow):
            met = x_pad[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = np.einsum("ncuv,fcuv->nf", met, w) + b
    return out, (x_pad, w, stride, padding)


def conv2d_backward(dout, cache):
    x_pad, w, stride, padding = cache
    kh, kw = w.shape[2:]
    dx_pad, dw, db = np.zeros(x_pad.shape), np.zeros(w.shape), dout.sum(axis=(0, 2, 3))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            rows, columns = slice(i * stride, i * stride + kh), slice(j * stride, j * stride + kw)
            dw += np.einsum("nf,ncuv->fcuv", dout[:, :, i, j], x_pad[:, :, rows, columns])
            dx_pad[:, :, rows, columns] += np.einsum("nf,fcuv->ncuv", dout[:, :, i, j], w)
    height, width = x_pad.shape[2:]
    return dx_pad[:, :, padding : height - padding, padding : width - padding], dw, db
""",
        (
            Mistake("dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))"),
            Mistake("dout.sum(axis=(0, 2, 3))", "dout[0].sum(axis=(1, 2))"),
            Mistake("dw += np", "dw = np"),
            Mistake("dw += np", "dw -= np"),
            Mistake("columns] += np", "columns] = np", "overlaps overwritten"),
            Mistake("dout[:, :, i, j], w)", "dout[:, :, i, j], w[:, :, ::-1, ::-1])", "filter flipped in the images"),
            Mistake("dout[:, :, i, j], w)", "dout[:, :, i, j], np.abs(w))"),
            Mistake("padding], dw, db", "padding], dw / len(dout), db", "filter gradient averaged"),
            Mistake("padding], dw, db", "padding], dw, db / len(dout)", "bias gradient averaged"),
            Mistake("x_pad[:, :, rows, columns])", "np.abs(x_pad[:, :, rows, columns]))"),
        ),
    ),
    Answer(
        "conv",
        "output_size",
        """
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    reach = dilation * (kernel - 1) + 1
    return (size + 2 * padding - reach) // stride + 1
""",
        (
            Mistake("2 * padding", "padding", "padded at one end"),
            Mistake("2 * padding", "3 * padding"),
            Mistake("dilation * (kernel - 1) + 1", "kernel", "dilation ignored"),
            Mistake("dilation * (kernel - 1) + 1", "dilation * kernel", "reach is dilation times kernel"),
            Mistake("dilation * (kernel - 1) + 1", "dilation + kernel - 1"),
            Mistake("dilation * (kernel - 1) + 1", "kernel ** dilation"),
            Mistake("- reach", "- reach + 1"),
            Mistake("// stride + 1", "// stride", "first place forgotten"),
            Mistake("// stride + 1", "// (stride + 1) + 1"),
            Mistake("// stride + 1", "// stride + 2"),
            Mistake("return (", "return max(0, stride) * ("),
        ),
    ),
    Answer(
        "conv",
        "max_pool_forward",
        """
def max_pool_forward(x, size, stride):
    n, c, height, width = x.shape
    oh, ow = (height - size) // stride + 1, (width - size) // stride + 1
    out = np.zeros((n, c, oh, ow))
    for i in range(oh):
        for j in range(ow):
            window = x[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out, (x, size, stride)
""",
        (
            Mistake("window.max(", "window.min(", "smallest entry"),
            Mistake("window.max(", "window.sum("),
            Mistake("window.max(", "window.var("),
            Mistake("window.max(axis=(2, 3))", "np.median(window, axis=(2, 3))"),
            Mistake("window.max(axis=(2, 3))", "window[:, :, 0].max(axis=2)"),
            Mistake("return out,", "return np.maximum(out, 0),", "search starts at zero"),
            Mistake("return out,", "return -out,"),
            Mistake("return out,", "return np.round(out, 1),"),
            Mistake("return out,", "return out[:, ::-1],"),
            Mistake("j * stride : j * stride + size", "j * stride + 1 : j * stride + size + 1"),
        ),
    ),
)
