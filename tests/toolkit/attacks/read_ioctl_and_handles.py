# read: files by handle, by device number, by block device and through the kernel's old doors
# place: last
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for name in ("sda", "vda", "vda1", "nvme0n1", "loop0", "mem", "kmem", "port", "kmsg", "fuse", "kvm", "tty", "console"):
    try:
        print(name, os.open(f"/dev/{name}", os.O_RDONLY))
    except OSError:
        pass
    try:
        os.mknod(name, 0o60666, os.makedev(8, 0))
        print("made", name)
    except OSError:
        pass
for number, arguments in (
    (304, (3, b"\0" * 128, 0)),
    (303, (-100, b"/", b"\0" * 128, b"\0" * 8, 0)),
    (161, (b"/proc",)),
):
    if libc.syscall(number, *arguments) >= 0:
        print("call", number, "succeeded")
