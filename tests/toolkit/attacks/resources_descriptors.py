# resources: descriptors, watches, locks, timers and epolls until there are no more
# place: last
import ctypes
import os
import select

libc = ctypes.CDLL(None)
held = []
for make in (
    lambda: os.open("/dev/null", os.O_RDONLY),
    os.pipe,
    select.epoll,
    lambda: libc.inotify_init(),
    lambda: libc.eventfd(0, 0),
    lambda: libc.timerfd_create(1, 0),
    lambda: os.pidfd_open(os.getpid()),
):
    try:
        for _ in range(2000):
            held.append(make())
    except OSError as error:
        print(type(error).__name__)
watcher = libc.inotify_init()
for folder, _, _ in os.walk("/usr/lib"):
    if libc.inotify_add_watch(watcher, folder.encode(), 0xFFF) < 0:
        break
