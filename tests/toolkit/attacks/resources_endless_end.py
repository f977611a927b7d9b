# resources: finalizers, exit functions, signal handlers and a repr that never end
# place: last
import atexit
import signal
import threading
import time


class Endless:
    def __del__(self):
        while True:
            time.sleep(1)

    def __repr__(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue


atexit.register(time.sleep, 1000)
threading.Thread(target=lambda: time.sleep(1000)).start()
signal.signal(signal.SIGTERM, lambda *_: time.sleep(1000))
Endless()
