# write: names in shared memory and queues that another submission or the examiner would find
# place: last
import ctypes
import os
from multiprocessing import shared_memory

for name in ("attack-was-here", "torch_1", "psm_1", "sem.mp-1"):
    try:
        block = shared_memory.SharedMemory(name, create=True, size=4096)
        block.buf[:4] = b"evil"
        block.close()
    except (OSError, ValueError):
        pass
for folder in ("/dev/shm", "/dev/mqueue", "/run/lock", "/run/shm"):
    try:
        open(f"{folder}/attack-was-here", "w").write("x" * 100)
    except OSError:
        pass
libc = ctypes.CDLL(None)
for key in range(1, 10):
    if libc.shmget(key, 4096, 0o1666) >= 0 or libc.msgget(key, 0o1666) >= 0 or libc.semget(key, 1, 0o1666) >= 0:
        print("System V object", key, os.getpid())
