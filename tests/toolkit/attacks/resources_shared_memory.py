# resources: memory that no process has: memfd, tmpfs, shared mappings, pipes and sockets full of bytes
# place: last
import mmap
import os
import socket
import time

held = []
try:
    for _ in range(20):
        held.append(os.memfd_create("x"))
        os.write(held[-1], b"x" * (50 * 2**20))
except OSError as error:
    print(type(error).__name__)
try:
    for _ in range(20):
        held.append(mmap.mmap(-1, 50 * 2**20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
        held[-1].write(b"x" * (50 * 2**20))
except (OSError, ValueError) as error:
    print(type(error).__name__)
try:
    for _ in range(200):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        os.write(writer, b"x" * 2**16)
        pair = socket.socketpair()
        pair[0].setblocking(False)
        pair[0].send(b"x" * 2**18)
        held.append((pair, reader, writer))
except OSError as error:
    print(type(error).__name__)
time.sleep(1)
