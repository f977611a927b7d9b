# resources: returns arrays without memory of their own (stride 0, negative strides, overlapping) of enormous shapes
# place: shares
import numpy as np


def shares(x):
    if len(x) == 1:
        return np.lib.stride_tricks.as_strided(np.ones(4), shape=(2**20, 2**20), strides=(0, 0))
    return np.broadcast_to(np.float64(1), (10**6, 10**6))[::-1]
