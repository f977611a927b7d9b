# processes: forks in the middle of a cell and of calls, so that two processes answer on one socket
# place: shares
import os

if os.fork() == 0:
    pass


def shares(x):
    os.fork()
    os.fork()
    return 2 * x
