# resources: a loop that swallows every exception, alarm and signal that would end it
# place: last
import signal
import sys
import time

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.setitimer = signal.alarm = lambda *_: (0.0, 0.0)
sys.setswitchinterval(1000)
end = time.monotonic() + 9
while time.monotonic() < end:
    try:
        while time.monotonic() < end:
            pass
    except BaseException:
        continue
