# resources: two hundred megabytes of output, by print, by descriptor, by display and by a shell command
# place: last
import os
import subprocess

line = "attack " * 1000 + "\n"
for _ in range(10_000):
    print(line, end="")
try:
    for _ in range(100):
        os.write(1, b"x" * 2**20)
        os.write(2, b"y" * 2**20)
except OSError:
    pass
subprocess.run("yes | head -c 30000000", shell=True)
display(*({"text/plain": "z" * 10**6, "text/html": "z" * 10**6} for _ in range(5)), raw=True)
