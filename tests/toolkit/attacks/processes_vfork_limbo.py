# processes: children that nobody waits for, in states that are hard to end: zombies, stopped, in vfork
# place: last
import ctypes
import os
import signal
import subprocess
import threading

for _ in range(10):
    if os.fork() == 0:
        os._exit(0)
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
subprocess.Popen(["sleep", "100"], start_new_session=True)
libc = ctypes.CDLL(None)
threading.Thread(target=lambda: os.posix_spawn("/bin/sleep", ["sleep", "100"], {}), daemon=True).start()
