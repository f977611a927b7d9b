# processes: an orphan that waits until this submission is graded, and acts during the next ones
# place: last
import os
import time

if os.fork() == 0:
    if os.fork() == 0:
        for _ in range(300):
            time.sleep(0.2)
            for folder in (os.getcwd(), "/tmp", "/dev/shm", "{root}/autograded"):
                try:
                    open(f"{folder}/attack-was-here", "a").write("x")
                except OSError:
                    pass
    os._exit(0)
