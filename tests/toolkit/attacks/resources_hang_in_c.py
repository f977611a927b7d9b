# resources: hangs in one long call into C that no signal interrupts
# place: shares
import re


def shares(x):
    return re.match(r"(a+)+$", "a" * 27 + "b")
