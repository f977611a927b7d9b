# wire: a flood of callbacks that nobody asked for: wrong numbers, wrong arguments, functions never lent
# place: spread
import gc
import sys

from autograder.student import wire


def spread(x):
    channel = next(each for each in gc.get_objects() if type(each) is wire.Channel and each.sock.fileno() > 0)
    frame = sys._getframe()
    while frame is not None and "request" not in frame.f_locals:
        frame = frame.f_back
    if frame.f_locals["request"]["op"] != "call":
        return x.sum(axis=1)  # in the notebook's own run nothing is to be had
    number = frame.f_locals["request"]["id"]
    for function in [0, 0, 0, 1, -1, True, None, "shares", 2**70, [0]]:
        for args in (["l", [["h", 1, "x", []]]], ["l", []], ["d", []], None, ["l", [wire.encode(x)] * 50]):
            frame = {"id": number, "status": "callback", "function": function, "args": args, "kwargs": ["d", []]}
            try:
                channel.send(frame)
            except (OSError, wire.ProtocolError, OverflowError):
                pass
    return x.sum(axis=1)
