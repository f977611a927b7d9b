# wire: speaks to the zygote as the examiner does: spawn, kill, wait, usage
# place: last
import os
import socket

from autograder.student import wire

for number in range(3, 256):
    try:
        channel = wire.Channel(socket.socket(fileno=os.dup(number)))
        for request in ({"op": "kill", "pid": 1}, {"op": "usage", "pid": 1}, {"op": "spawn", "files": []}):
            channel.send(request)
    except (OSError, wire.ProtocolError):
        pass
