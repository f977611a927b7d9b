# processes: signals to everybody: kill -1, the group, the parent, process 1, by pidfd, tgkill and sigqueue
# place: last
import ctypes
import os
import signal

libc = ctypes.CDLL(None)
numbers = [os.getppid(), 1, 0, *range(max(2, os.getpid() - 300), os.getpid())]
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    if number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    for pid in numbers:
        if pid in (os.getpid(), 0) or (pid == 1 and os.getpid() == 1):
            continue
        for attempt in (
            lambda pid, number: os.kill(pid, number),
            lambda pid, number: signal.pidfd_send_signal(os.pidfd_open(pid), number),
            lambda pid, number: libc.tgkill(pid, pid, number),
        ):
            try:
                attempt(pid, number)
            except OSError:
                pass
if os.fork() == 0:
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(-1, number)
        except OSError:
            pass
    os._exit(0)
