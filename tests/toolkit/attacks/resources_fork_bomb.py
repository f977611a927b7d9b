# resources: a fork bomb (of a thousand, that end by themselves)
# place: last
import os
import time

end = time.monotonic() + 3
started = 0
while time.monotonic() < end and started < 1000:
    try:
        if os.fork() == 0:
            while time.monotonic() < end:
                try:
                    os.fork()
                except OSError:
                    time.sleep(0.05)
            os._exit(0)
        started += 1
    except OSError:
        time.sleep(0.01)
