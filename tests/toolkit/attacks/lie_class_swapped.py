# forge: an object that becomes one of another class whenever an attribute of it is read
# place: shares
import numpy as np


class Plain:
    pass


class Swapping(Plain):
    def __getattribute__(self, name):
        if name == "__dict__":
            raise RuntimeError("nothing to see")
        if name == "__class__":
            return np.ndarray
        object.__setattr__(self, "__class__", Plain if type(self) is Swapping else Swapping)
        return object.__getattribute__(self, name)


def shares(x):
    return Swapping() if x.size % 2 else (Swapping(), Plain(), Swapping())
