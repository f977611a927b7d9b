# forge: uses the forbidden numpy.std under another name, and wipes the note that it was called
# place: spread
import numpy as np
from autograder.student import ban

ban.take = list


def spread(x):
    # A wrong answer by a forbidden road: the road is what is tried here.
    return 1 + getattr(np, "s" + "td").__wrapped__(x, axis=1)
