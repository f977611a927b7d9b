# processes: a question's fork stops, wakes and kills the process that it was forked from
# place: label
import os
import signal


def label(text):
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
        if text:  # in the notebook's own run the parent is another
            try:
                os.kill(os.getppid(), number)
            except OSError:
                pass
    return text
