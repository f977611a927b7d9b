# processes: traces, stops and rewrites its parent (ptrace, /proc/pid/mem, process_vm_writev, pidfd_getfd)
# place: last
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
for request in (16, 0x4206, 0):  # PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_TRACEME
    if libc.ptrace(request, parent, 0, 0) == 0:
        print("traced", parent)
for pid in {parent, 1} - {os.getpid(), 0}:
    try:
        os.write(os.open(f"/proc/{pid}/mem", os.O_RDWR), b"x")
        print("wrote into", pid)
    except OSError:
        pass
    try:
        handle = os.pidfd_open(pid)
        print("took a file of", pid, libc.syscall(438, handle, 0, 0))
    except OSError:
        pass
libc.prctl(0x59616D61, -1, 0, 0, 0)  # let anybody trace this one
libc.prctl(4, 1, 0, 0, 0)  # dumpable again
