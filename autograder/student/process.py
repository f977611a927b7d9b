"""The examiner's hold on a submission's process: run its cells, fork it, speak with it, end it.

Nothing here trusts the other side. Every exchange has a deadline and a size limit, and the only things believed are
those the kernel says (a process ended, a deadline passed) or the zygote, which runs no student code.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from autograder.harmless import harmless_data, harmless_metadata
from autograder.records import Crashed, OutOfMemory, ProcessLost, SandboxError, StudentFault, TimedOut
from autograder.student import wire
from autograder.student.patience import SECONDS_BETWEEN_LOOKS, exchange, own_code

if TYPE_CHECKING:
    from autograder.student.warm import Zygote

# How much longer than its limit the examiner waits for a process that should have stopped by itself.
GRACE = 2.0
# A cell that runs out of time halves the limit of those after it, so often and to no less than so many seconds.
_HALVINGS = 3
_LEAST_CELL_SECONDS = 2.0
_PIECE = 2**24
# How many cells of a notebook may have as much output as one may.
_CELLS_OF_OUTPUT = 20

CallBack = Callable[[int, Any, Any], Any]


class Transport(Protocol):
    """The seam: how a request reaches the student's code. Jailed in grading, in-process at an instructor's desk."""

    def request(self, message: dict[str, Any], seconds: float, call_back: CallBack | None = None) -> dict[str, Any]:
        """The agent's reply. Raises `TimedOut`, `OutOfMemory` or `Crashed` when there is none."""
        ...


@dataclass(frozen=True)
class CellRun:
    """What running one cell gave: its outputs (nbformat's, rebuilt and bounded), whether it ran to its end."""

    outputs: list[dict[str, Any]]
    ok: bool
    count: int | None


@dataclass(frozen=True)
class Usage:
    """What a submission's processes used, as the kernel counted it."""

    cpu_seconds: float
    peak_memory_mb: float
    code: int | None


class _Line:
    """Requests and replies over one channel of a student process."""

    def __init__(self, process: StudentProcess, channel: wire.Channel) -> None:
        self.out_of_memory = False
        self._process = process
        self.channel = channel
        # Whatever the examiner waits for, the memory of the whole sandbox is watched meanwhile.
        channel.watch(process.watch_limits, SECONDS_BETWEEN_LOOKS)
        self._numbers = itertools.count(1)

    def request(
        self,
        message: dict[str, Any],
        seconds: float,
        call_back: CallBack | None = None,
        fds: tuple[int, ...] = (),
    ) -> dict[str, Any]:
        number = next(self._numbers)
        deadline = time.monotonic() + min(seconds + GRACE, self._process.seconds_left())
        with self._faults(seconds):
            self.channel.send({"id": number, **message}, deadline=deadline, fds=fds)
            while True:
                reply = self._receive(number, deadline)
                if reply.get("status") != "callback":
                    return reply
                self._answer(number, reply, call_back, deadline)

    def _receive(self, number: int, deadline: float) -> dict[str, Any]:
        limit = self._process.zygote.limits.value_bytes + 2**20
        reply = self.channel.receive(deadline=deadline, max_bytes=limit)
        if not isinstance(reply, dict) or reply.get("id") != number:
            raise wire.ProtocolError("an answer to another question")
        return reply

    @contextlib.contextmanager
    def _faults(self, seconds: float) -> Iterator[None]:
        """What may go wrong in an exchange, as the fault that it is."""
        try:
            with exchange():
                yield
        except wire.Late:
            raise TimedOut(f"no answer within {seconds:g} seconds") from None
        except wire.ProtocolError as error:
            if not self._process.zygote.alive:
                raise ProcessLost("the zygote has ended, and took the process along") from error
            if self.out_of_memory or self._process.out_of_memory:
                raise OutOfMemory("more memory than the limit") from None
            if self._process.overfilled:
                raise OutOfMemory("more files than the limit") from None
            if isinstance(error, wire.Closed):
                self._process.zygote.note_crash()
            raise Crashed(f"the process ended ({error})") from error

    def step(self, message: dict[str, Any], seconds: float, number: int = 0) -> tuple[int, dict[str, Any]]:
        """Send a request, or with its `number` the answer to what came back for it; its number and what comes next.

        That is the reply, or a call of a function that was lent (of the status "callback"), which wants an answer.
        """
        body = {"op": "answer", **message} if number else message
        number = number or next(self._numbers)
        deadline = time.monotonic() + min(seconds + GRACE, self._process.seconds_left())
        with self._faults(seconds):
            self.channel.send({"id": number, **body}, deadline=deadline)
            return number, self._receive(number, deadline)

    def _answer(self, number: int, reply: dict[str, Any], call_back: CallBack | None, deadline: float) -> None:
        answer: dict[str, Any] = {"id": number, "op": "answer"}
        function = reply.get("function")
        if call_back is None or type(function) is not int:
            raise wire.ProtocolError("a call of a function that was never given")
        try:
            with own_code(deadline):
                answer["value"] = call_back(function, reply.get("args"), reply.get("kwargs"))
        except (wire.ProtocolError, TimedOut, OutOfMemory, Crashed):
            raise
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        self.channel.send(answer, deadline=deadline)

    def close(self) -> None:
        self.channel.close()


class StudentProcess:
    """One submission's process: runs the notebook, then serves as the checkpoint that questions fork from."""

    def __init__(
        self,
        zygote: Zygote,
        pid: int,
        channel: wire.Channel,
        deadline: float | None,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        self.hung = 0
        self.zygote = zygote
        self.pid = pid
        self.out_of_memory = False
        self.overfilled = False
        self._given_bytes: int | None = None
        self._forks: list[Fork] = []
        self._ending_forks = False
        self._room = _CELLS_OF_OUTPUT * zygote.limits.output_bytes
        self._ends = deadline or time.monotonic() + zygote.limits.submission_seconds
        self._line = _Line(self, channel)
        self._usage: Usage | None = None
        try:
            with contextlib.suppress(wire.Closed):  # it says why
                _send_files(channel, files)
            greeting = channel.receive(deadline=time.monotonic() + 30, max_bytes=2**16)
            if greeting.get("status") == "failed":
                raise (wire.Closed if greeting.get("full") else wire.ProtocolError)(str(greeting.get("message")))
            self.layers = {**zygote.layers, **greeting["layers"]}
            self._given_bytes = zygote.written()
        except (wire.ProtocolError, KeyError, TypeError) as error:
            self.end()
            lost = isinstance(error, wire.Closed) or zygote.disk_was_full()
            raise (ProcessLost if lost else SandboxError)(f"the student process did not start: {error}") from error

    @property
    def alive(self) -> bool:
        """Whether the process is there, while nothing is asked of it."""
        return wire.is_open(self._line.channel.sock)

    def seconds_left(self) -> float:
        """Seconds until the submission's own limit."""
        return max(0.0, self._ends - time.monotonic())

    @contextlib.contextmanager
    def cell_limit(self) -> Iterator[float]:
        """Within it a cell runs, or a test cell on what it left, for at most these seconds.

        They are fewer after cells that ran out of time: a function that hangs must not use up the time of all others.
        """
        limit = self.zygote.limits.cell_seconds
        limit = max(limit / 2 ** min(self.hung, _HALVINGS), min(limit, _LEAST_CELL_SECONDS))
        # The cell is told to stop before the submission's time is up, so that what ran before it is kept.
        seconds = min(limit, max(0.1, self.seconds_left() - GRACE))
        start = time.monotonic()
        try:
            yield seconds
        finally:
            self.hung += time.monotonic() - start >= seconds

    def extend(self, deadline: float) -> None:
        """Let the process be used until `deadline`."""
        self._ends = deadline

    def meanwhile(self, look: Callable[[], None]) -> None:
        """Have `look` called as well, several times a second, while an answer of the checkpoint is waited for."""

        def both() -> None:
            self.watch_limits()
            look()

        self._line.channel.watch(both, SECONDS_BETWEEN_LOOKS)

    def watch_limits(self) -> None:
        """End the forks when the whole sandbox takes more than the limit, and then all of it if it still does.

        At once, when it has written more than it may on a disk that is others', too.
        """
        if self._ending_forks or self.overfilled:
            return
        if self._has_written_too_much():
            self.overfilled = True
            self.zygote.kill(self.pid)
            return
        self.zygote.disk_was_full()  # it remembers
        if not self._takes_too_much():
            return
        self._ending_forks = True
        for fork in [*self._forks]:
            fork.out_of_memory = True
            with contextlib.suppress(StudentFault):
                fork.end(seconds=1)  # not longer: it may be the checkpoint that takes too much
        self._ending_forks = False
        if self._takes_too_much():
            self.out_of_memory = True
            self.zygote.kill(self.pid)

    def _has_written_too_much(self) -> bool:
        if self._given_bytes is None:
            return False
        most = self._given_bytes + self.zygote.limits.files_mb * 2**20
        return self.zygote.written(most) > most

    def _takes_too_much(self) -> bool:
        limit = self.zygote.limits.memory_mb * 2**20
        return self.zygote.usage(self.pid, limit)[1] > limit

    def run_cell(self, index: int, source: str) -> CellRun:
        """Run one code cell of the notebook. Raises `TimedOut`, `OutOfMemory`, `Crashed` when the process is lost."""
        limits = self.zygote.limits
        with self.cell_limit() as seconds:
            reply = self._line.request({"op": "run", "cell": index, "source": source, "seconds": seconds}, seconds)
        if reply.get("status") == "memory":
            return CellRun([], False, None)
        if reply.get("status") != "ok":
            raise Crashed("the process no longer runs cells")
        count = reply.get("count")
        # As JSON: escapes, names of keys and a traceback's colours come on top of what was printed.
        outputs, size = clean_outputs(reply.get("outputs"), min(4 * limits.output_bytes + 1_000_000, self._room))
        self._room -= size
        return CellRun(outputs, reply.get("ok") is True, count if type(count) is int and 0 <= count < 2**31 else None)

    def fork(self) -> Fork:
        """A fork of the checkpoint, with the state that the notebook left."""
        ours, theirs = socket.socketpair()
        with theirs:
            reply = self._line.request({"op": "fork"}, 10, fds=(theirs.fileno(),))
        pid = reply.get("pid")
        if type(pid) is not int or pid <= 1:
            if not self.zygote.has_room():  # it may say so itself, and not be believed
                self.zygote.note_crash(full=True)
            raise Crashed("the process no longer forks")
        fork = Fork(self, pid, wire.Channel(ours))
        self._forks.append(fork)
        return fork

    def reap(self, fork: Fork, seconds: float) -> None:
        """Have the checkpoint end a fork and wait for it, which it may only once."""
        if fork in self._forks:
            self._forks.remove(fork)
            self._line.request({"op": "kill", "pid": fork.pid}, seconds - GRACE)

    def request(self, message: dict[str, Any], seconds: float, call_back: CallBack | None = None) -> dict[str, Any]:
        """A request to the checkpoint itself."""
        return self._line.request(message, seconds, call_back)

    def end(self) -> Usage:
        """End the process with all its descendants; what they used."""
        if self._usage is None:
            self._line.close()
            self.zygote.kill(self.pid)
            self._usage = self.zygote.wait(self.pid, 10) or Usage(0.0, 0.0, None)
        return self._usage

    def bury(self) -> None:
        """Take leave of a process that has ended by itself. `end` would end what else is in its sandbox."""
        self._line.close()
        self.zygote.wait(self.pid, 1)


def _send_files(channel: wire.Channel, files: Sequence[tuple[str, bytes]]) -> None:
    """Give a student process its files. Not by way of the zygote, in whose memory the next one would find them."""
    for name, content in files:
        for place in range(0, max(1, len(content)), _PIECE):
            piece = {"file": name, "data": content[place : place + _PIECE]}
            channel.send(piece, deadline=time.monotonic() + 30)
    channel.send({"file": None}, deadline=time.monotonic() + 30)


class Fork(_Line):
    """A fork of the checkpoint, for the checks of one question."""

    def __init__(self, process: StudentProcess, pid: int, channel: wire.Channel) -> None:
        super().__init__(process, channel)
        self.pid = pid

    def end(self, seconds: float = 5) -> None:
        """End the fork. The checkpoint reaps it; a checkpoint that does not answer is ended with the submission."""
        self.close()
        self._process.reap(self, seconds)


_OUTPUT_KEYS: dict[str, dict[str, type]] = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict, "metadata": dict},
    "execute_result": {"data": dict, "metadata": dict, "execution_count": int},
    "error": {"ename": str, "evalue": str, "traceback": list},
}
_JSON = re.compile(r"application/(.*\+)?json")
_MIME = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,100}", re.ASCII)
_MOST_OUTPUTS = 1000
_CUT = {"output_type": "stream", "name": "stderr", "text": "[output cut: the notebook's outputs are too large]\n"}
_DEEPEST_OUTPUT = 40


def clean_outputs(claimed: Any, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The outputs that a student process claims a cell had, rebuilt: nbformat's four types; and their size as JSON.

    What has no room in `limit` characters, is nested too deeply or is none of nbformat's is left out.
    """
    if not isinstance(claimed, list):
        return [], 0
    left = limit
    outputs: list[dict[str, Any]] = []
    for item in claimed[:_MOST_OUTPUTS]:
        output = _clean_output(item)
        if output is None:
            continue
        try:
            size = len(json.dumps(output, allow_nan=False, ensure_ascii=False))
        except (TypeError, ValueError, RecursionError):
            continue
        if size <= left:
            left -= size
            outputs.append(output)
        elif not outputs or outputs[-1] is not _CUT:
            outputs.append(_CUT)
    if len(claimed) > _MOST_OUTPUTS and outputs and outputs[-1] is not _CUT:
        outputs.append(_CUT)
    return outputs, limit - left


def _clean_output(item: Any) -> dict[str, Any] | None:
    kind = item.get("output_type") if isinstance(item, dict) else None
    keys = _OUTPUT_KEYS.get(kind) if isinstance(kind, str) else None
    if keys is None or not all(type(item.get(key)) is kind for key, kind in keys.items()):
        return None
    output: dict[str, Any] = {"output_type": item["output_type"], **{key: item[key] for key in keys}}
    if output.get("name", "stdout") not in ("stdout", "stderr"):
        return None
    if not 0 <= output.get("execution_count", 0) < 2**31:
        return None
    if "traceback" in keys:
        output["traceback"] = [line for line in output["traceback"] if isinstance(line, str)]
    if "data" in keys:
        output["data"] = {
            mime: value
            for mime, value in output["data"].items()
            if isinstance(mime, str) and _MIME.fullmatch(mime) and (isinstance(value, str) or _JSON.fullmatch(mime))
        }
        if not _is_shallow(output["data"]):
            return None
        output["data"], output["metadata"] = harmless_data(output["data"]), harmless_metadata(output["metadata"])
    return output


def _is_shallow(value: Any, depth: int = 0) -> bool:
    """Whether a value can be written as JSON within others, wherever Python's own stack stands."""
    if depth > _DEEPEST_OUTPUT:
        return False
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_is_shallow(each, depth + 1) for each in inner)
