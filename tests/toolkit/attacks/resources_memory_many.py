# resources: memory in many processes, each of them within the limit
# place: last
import os
import time

for _ in range(4):
    if os.fork() == 0:
        block = bytearray(os.urandom(1)) * (250 * 2**20)
        time.sleep(6)
        os._exit(len(block) % 2)
time.sleep(5)
print("held", "it all")
