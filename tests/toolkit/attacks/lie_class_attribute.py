# forge: returns an object whose __class__ says ndarray, with an interface that gives other numbers each time
# place: shares
import numpy as np


class Pretender:
    count = 0

    @property
    def __class__(self):
        return np.ndarray

    @property
    def __array_interface__(self):
        Pretender.count += 1
        self.kept = np.full((3, 4), float(Pretender.count))
        return self.kept.__array_interface__

    def __array__(self, *_, **__):
        return np.ones((3, 4))

    dtype = np.dtype(float)
    shape = (3, 4)
    ndim = 2
    nbytes = size = 0

    def tobytes(self, *_, **__):
        return b""


def shares(x):
    return Pretender()
