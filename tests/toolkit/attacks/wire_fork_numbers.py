# wire: says other numbers than its own children's when it is asked to fork
# place: last
import itertools
import os

from autograder.student import wire

send = wire.Channel.send
numbers = itertools.cycle([os.getpid(), 1, 2, 0, -1, os.getppid(), 2**31, 3, 4])


def forged(self, message, **options):
    if "pid" in message:
        message = {**message, "pid": next(numbers)}
    send(self, message, **options)


wire.Channel.send = forged
