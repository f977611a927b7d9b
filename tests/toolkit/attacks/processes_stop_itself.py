# processes: stops itself and its children (SIGSTOP, SIGTSTP), so that nobody answers and nobody ends
# place: shares
import os
import signal


def shares(x):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
    return 2 * x
