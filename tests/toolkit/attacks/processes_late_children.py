# processes: children of one question's fork that go on spinning and writing while the next questions are asked
# place: shares
import os
import time


def shares(x):
    for _ in range(3):
        if os.fork() == 0:
            end = time.monotonic() + 5
            while time.monotonic() < end:
                try:
                    open("/tmp/attack-was-here", "a").write("x")
                except OSError:
                    pass
            os._exit(0)
    return 2 * x
