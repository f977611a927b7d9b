# processes: daemons that forked twice, left the session and the group, ignore every signal and outlive their parents
# place: last
import os
import signal
import time

for _ in range(4):
    if os.fork() == 0:
        for leave in (os.setsid, lambda: os.setpgid(0, 0)):
            try:
                leave()
            except OSError:
                pass
        if os.fork() == 0:
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            os.closerange(0, 256)
            time.sleep(120)
        os._exit(0)
