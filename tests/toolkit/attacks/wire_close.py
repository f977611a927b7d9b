# wire: closes the socket, reopens others in its place, and shuts one direction of it
# place: last
import os
import socket

for number in range(3, 100):
    try:
        peer = socket.socket(fileno=os.dup(number))
        peer.shutdown(socket.SHUT_WR)
        left, right = socket.socketpair()
        os.dup2(left.detach(), number)
    except OSError:
        pass
