# resources: a thousand threads that wait and spin
# place: last
import threading
import time

end = time.monotonic() + 3
started = []
for number in range(1000):
    thread = threading.Thread(target=lambda: time.sleep(max(0, end - time.monotonic())), daemon=True)
    try:
        thread.start()
    except RuntimeError:
        break
    started.append(thread)
print(len(started))
