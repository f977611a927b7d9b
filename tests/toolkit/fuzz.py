"""Coverage-guided fuzzing of what reads a stranger's bytes: the wire's decoder and the notebook reader.

Run as ``python tests/toolkit/fuzz.py wire|notebook SECONDS`` where atheris is installed; ends with 0 when nothing was
found, and leaves what was found in a file of the current folder otherwise. Beside Hypothesis, which knows the language
and makes frames and notebooks that are nearly right, this one sees which lines a change of bytes reaches.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

with atheris.instrument_imports(include=["autograder"], enable_loader_override=False):
    import msgpack
    import numpy as np

    from autograder import repair, restore  # noqa: F401 - to be instrumented
    from autograder.student import wire
    from tests.toolkit.conftest import SmallCourse
    from tests.toolkit.test_restore import check

# What a value may be is taken from what honest ones are.
VALUES = [
    None, True, -1, 2**80, 0.5, 1 + 2j, "text", b"bytes", [1, [2, (3, "x")]], {"a": 1, (1, "b"): None}, slice(1, None),
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.ones((2, 2), np.float32)), np.ones((2, 4), bool)[:, ::2],
    np.float64(1), np.int8(3), np.dtype("f4"), np.random.default_rng(1), np.random.Generator(np.random.MT19937(1)),
]  # fmt: skip


def wire_target(data: bytes) -> None:
    """A frame with this body is data, or a `ProtocolError`; and data can be sent again."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack("<I", len(data)) + data)
        try:
            value = wire.decode(wire.Channel(ours).receive(max_bytes=2**16), other=tuple, writeable=False)
            wire.encode(value)
        except (wire.ProtocolError, wire.NotData, wire.TooLarge):
            return


def notebook_target(folder: Path) -> tuple[Callable[[bytes], None], bytes]:
    """What a file with these bytes must be read as, and a notebook to begin with."""
    source = SmallCourse(folder).assignment.notebooks[0]
    return lambda data: check(source, data), source.released.encode()


def main() -> None:
    """Fuzz until the time is up or something is found."""
    which, seconds = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as name:
        corpus, course = Path(name, "corpus"), Path(name, "course")
        corpus.mkdir()
        course.mkdir()
        if which == "wire":
            target, seeds = wire_target, [msgpack.packb(wire.encode(value)) for value in VALUES]
        else:
            target, whole = notebook_target(course)
            notebook = json.loads(whole)
            seeds = [whole]
            for cell in notebook["cells"]:
                seeds.append(json.dumps({**notebook, "cells": [cell]}).encode())
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000"]
        atheris.Setup([sys.argv[0], str(corpus), *limits], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
