# forge: records, masked arrays, memory maps, matrices, named tuples, generators and containers that hold themselves
# place: shares
import collections
import itertools

import numpy as np

Pair = collections.namedtuple("Pair", "x y")
endless = []
endless.append(endless)
kinds = itertools.cycle(
    [
        lambda x: np.rec.array(np.zeros(x.shape, [("a", "f8")])),
        lambda x: np.ma.masked_all(x.shape),
        lambda x: np.memmap("map", float, "w+", shape=x.shape),
        lambda x: np.matrix(x),
        lambda x: np.zeros(x.shape, "V8"),
        lambda x: Pair(x, x),
        lambda x: (row for row in x),
        lambda x: memoryview(x),
        lambda x: ((endless,), endless),
        lambda x: range(10**12),
    ]
)


def shares(x):
    return next(kinds)(x)
