# forge: returns objects with enormous, negative and impossible lengths and sizes
# place: shares
import sys


class Long(list):
    def __len__(self):
        return sys.maxsize

    def __iter__(self):
        while True:
            yield 1.0

    def __sizeof__(self):
        return -1

    __length_hint__ = __len__


def shares(x):
    return (Long(), Long(), Long())
