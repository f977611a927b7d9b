# wire: frames that say they are of four gigabytes, and of more than the limit
# place: last
import gc
import struct

from autograder.student import wire

channel = next(each for each in gc.get_objects() if type(each) is wire.Channel and each.sock.fileno() > 0)
channel.sock.send(struct.pack("<I", 2**32 - 1))
channel.sock.send(b"x" * 10**5)
