# network: hands open files of its own to the examiner with a message, hundreds of them
# place: last
import gc
import os
import socket

from autograder.student import wire

channel = next(each for each in gc.get_objects() if type(each) is wire.Channel and each.sock.fileno() > 0)
files = [os.open("/dev/zero", os.O_RDONLY) for _ in range(200)]
try:
    socket.send_fds(channel.sock, [b"\x00\x00\x00\x00"], files)
except OSError as error:
    print(type(error).__name__)
