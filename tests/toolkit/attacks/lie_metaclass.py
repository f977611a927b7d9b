# forge: a class whose metaclass lies about its name, its module and what it is an instance of
# place: shares
import numpy as np


class Meta(type):
    __name__ = "ndarray"
    __qualname__ = "ndarray"
    __module__ = "numpy"

    def __instancecheck__(cls, other):
        return True

    def __subclasscheck__(cls, other):
        return True

    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return hash(np.ndarray)


class Ndarray(metaclass=Meta):
    __qualname__ = "ndarray"
    __module__ = "numpy"


def shares(x):
    return Ndarray()
