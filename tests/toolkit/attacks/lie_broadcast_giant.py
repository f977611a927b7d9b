# resources: returns an array that is small to send and enormous once it is subtracted from another
# place: noise
import numpy as np


def noise(n):
    return np.full((500_000, 1), 5.0)
