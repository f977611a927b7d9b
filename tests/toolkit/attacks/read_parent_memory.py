# read: the memory of its parent and of everybody else, by /proc and by system call
# place: last
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(4096)


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


for pid in {1, 2, os.getppid(), *range(max(1, os.getpid() - 20), os.getpid())}:
    for name in ("mem", "maps", "smaps", "stack", "syscall", "pagemap", "fd", "map_files", "environ"):
        try:
            print(pid, name, os.open(f"/proc/{pid}/{name}", os.O_RDONLY) if pid != os.getpid() else "")
        except OSError:
            pass
    local, remote = Vector(ctypes.addressof(buffer), 4096), Vector(0x400000, 4096)
    read = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    if read > 0 and pid != os.getpid():
        print("read the memory of", pid, buffer.raw[:100])
