# resources: arrays that hold nothing, over which a sum is gigabytes, and columns that make a table with a row
# place: noise
import itertools

import numpy as np

shapes = itertools.cycle([(2**28, 0), (0, 2**31, 1000), (2**24, 0, 1000), (1000, 0, 2**20)])


def noise(n):
    return np.zeros(next(shapes))
