"""Whole messages over a socket: msgpack in frames, with a limit of size and a deadline in both directions.

What arrives is plain data of msgpack's and a claim; wire.py says which values it may stand for.
"""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgpack

MAX_FRAME = 80 * 2**20
MAX_NODES = 4_000_000
"""Values in one frame, containers and scalars: an empty list takes one byte there and eighty here."""

_HEADER = struct.Struct("<I")
# As plain numbers: putting two names of flags together takes as long as sending.
_FLAGS, _AT_ONCE = int(socket.MSG_NOSIGNAL), int(socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
_READ, _WRITE = int(select.POLLIN), int(select.POLLOUT)
_AHEAD = 2**14


class ProtocolError(Exception):
    """What arrived is not of this language."""


class Closed(ProtocolError):
    """The other side is gone."""


class Late(ProtocolError):
    """The other side did not answer, or did not read, in time."""


def is_open(sock: socket.socket) -> bool:
    """Whether the other end is there, on a socket on which nothing comes unasked."""
    try:
        return sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


class TooLarge(ValueError):
    """A value of more bytes than may cross."""


class Channel:
    """One end of the socket: whole frames in and out, each with a size limit and a deadline.

    `deadline` is a value of `time.monotonic`, or None to wait for ever (the student's side waits; the examiner never
    does). Raises `Closed`, `Late`, or `ProtocolError` for a frame that is too long or is not msgpack.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._poll = select.poll()
        self._ahead = bytearray()  # what came behind the last frame
        self._watch: Callable[[], None] = lambda: None
        self._seconds_between = math.inf
        self._watched = time.monotonic()

    def watch(self, watch: Callable[[], None], seconds: float) -> None:
        """Call `watch` every `seconds` while this end waits or is kept busy by the other."""
        self._watch, self._seconds_between = watch, seconds

    def _look(self) -> None:
        if time.monotonic() - self._watched >= self._seconds_between:
            self._watch()
            self._watched = time.monotonic()

    def close(self) -> None:
        """Close this end."""
        self.sock.close()

    def _wait(self, event: int, deadline: float | None) -> None:
        while True:
            try:
                self._poll.register(self.sock, event)
            except ValueError as error:  # a look has closed it
                raise Closed("this side is closed") from error
            left = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
            pause = min(left, self._seconds_between)
            if self._poll.poll(None if pause == math.inf else math.ceil(pause * 1000)):
                return
            if left <= 0.0:
                raise Late("no answer in time")
            self._look()

    def send(self, message: Any, *, deadline: float | None = None, fds: tuple[int, ...] = ()) -> None:
        """Send one message, with open files to go along."""
        body = msgpack.packb(message, use_bin_type=True, unicode_errors="replace")
        if len(body) > MAX_FRAME:
            raise TooLarge("the message is too large")
        data = memoryview(_HEADER.pack(len(body)) + body)
        flags = _FLAGS if deadline is None else _AT_ONCE
        try:
            while data:
                try:
                    if fds:
                        sent = socket.send_fds(self.sock, [data], list(fds), flags)
                        fds = ()
                    else:
                        sent = self.sock.send(data, flags)
                except BlockingIOError:
                    assert deadline is not None
                    self._wait(_WRITE, deadline)
                    continue
                data = data[sent:]
        except OSError as error:
            raise Closed("the other side is gone") from error

    def receive(self, *, deadline: float | None = None, max_bytes: int = MAX_FRAME) -> Any:
        """Receive one message."""
        return self.receive_with_fds(deadline=deadline, max_bytes=max_bytes, max_fds=0)[0]

    def receive_with_fds(
        self, *, deadline: float | None = None, max_bytes: int = MAX_FRAME, max_fds: int = 1
    ) -> tuple[Any, list[int]]:
        """Receive one message and the open files that came along."""
        self._look()
        header, fds = self._read(_HEADER.size, deadline, max_fds)
        (length,) = _HEADER.unpack(header)
        if length > max_bytes:
            raise ProtocolError("a frame over the size limit")
        body, _ = self._read(length, deadline, 0)
        left = [MAX_NODES]

        def count(container: Any) -> Any:
            left[0] -= 1 + len(container)
            if left[0] < 0:
                raise ProtocolError("a frame of too many parts")
            return container

        try:
            message = msgpack.unpackb(
                body,
                raw=False,
                strict_map_key=True,
                use_list=True,
                list_hook=count,
                object_hook=count,
                max_array_len=MAX_NODES,
                max_map_len=MAX_NODES,
                max_ext_len=0,
            )
        except Exception as error:
            raise ProtocolError("a frame that is not msgpack") from error
        return message, fds

    def _read(self, length: int, deadline: float | None, max_fds: int) -> tuple[bytearray, list[int]]:
        # One buffer: a sender of single bytes must not cost a chunk for each.
        data, fds = self._ahead, []
        while len(data) < length:
            if deadline is not None:
                self._look()
                self._wait(_READ, deadline)
            # A little more than is wanted: most frames then come at once.
            size = min(max(length - len(data), _AHEAD), 2**20)
            try:
                if max_fds:
                    chunk, received, _, _ = socket.recv_fds(self.sock, size, max_fds)
                    fds += received
                else:
                    # Without room for them, the kernel drops any open files that a hostile sender attached.
                    chunk = self.sock.recv(size)
            except OSError as error:
                raise Closed("the other side is gone") from error
            if not chunk:
                raise Closed("the other side is gone")
            data += chunk
            if deadline is not None and time.monotonic() > deadline:
                raise Late("no whole answer in time")
        self._ahead = data[length:]
        del data[length:]
        return data, fds
