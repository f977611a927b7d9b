# processes: system calls of 32 bits and x32 from machine code of its own, and clones that share what they should not
# place: last
import ctypes
import errno
import mmap

libc = ctypes.CDLL(None, use_errno=True)
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
for number in (26, 21, 120):  # ptrace, mount, clone, as a processor of 32 bits has them
    page.seek(0)
    page.write(b"\xb8" + number.to_bytes(4, "little") + b"\xcd\x80\xc3")
    print(number, ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
for number, flag in ((0x40000000 + 101, 16), (0x40000000 + 39, 0), (272, 0x10000000), (435, 0), (425, 4), (323, 0)):
    print(number, libc.syscall(number, flag, 0, 0, 0), errno.errorcode.get(ctypes.get_errno()))
for flags in (0x8000 | 17, 0x20000000, 0x10000000, 0x20000, 0x40000000, 0x2000 | 17):
    pid = libc.syscall(56, flags, 0, 0, 0, 0)
    if pid == 0:
        libc._exit(0)
    print(hex(flags), pid)
