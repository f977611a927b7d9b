# resources: crashes that would leave a core, start a program of the kernel's, or take the examiner along
# place: shares
import ctypes
import resource
import sys


def shares(x):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        pass
    sys.setrecursionlimit(10**6)
    ctypes.string_at(0)
