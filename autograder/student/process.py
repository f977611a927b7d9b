"""The examiner's hold on student processes: start a zygote, spawn a submission's process, speak with it, end it.

Nothing here trusts the other side. Every exchange has a deadline and a size limit, and the only things believed are
those the kernel says (a process ended, a deadline passed) or the zygote, which runs no student code.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from autograder.harmless import harmless_data, harmless_metadata
from autograder.records import Crashed, Limits, OutOfMemory, SandboxError, TimedOut
from autograder.student import survey, wire
from autograder.student.patience import SECONDS_BETWEEN_LOOKS, exchange, own_code

# How much longer than its limit the examiner waits for a process that should have stopped by itself.
GRACE = 2.0
_START_SECONDS = 120
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


class Zygote:
    """A warm process that forks student processes. One at a time; use one zygote per worker."""

    def __init__(
        self,
        imports: Sequence[str] = (),
        limits: Limits | None = None,
        forbidden: Sequence[str] = (),
        *,
        optimizers: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self.imports = tuple(imports)
        ours, theirs = socket.socketpair()
        with theirs:
            # -s -P: what is imported is the installation's, not the user's nor the current folder's. Not -I, which
            # would ignore the environment that is made for this process here.
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-X", "utf8", "-m", "autograder.student.zygote", str(theirs.fileno())],
                env=_environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE if os.environ.get("AUTOGRADER_DEBUG") is None else None,
                cwd="/",
            )
        self._channel = wire.Channel(ours)
        self._scratch = tempfile.TemporaryDirectory(prefix="autograder-")
        try:
            reply = self._ask(
                {
                    "imports": list(self.imports),
                    "forbidden": list(forbidden),
                    "optimizers": optimizers,
                    "readable": [str(Path(__file__).resolve().parent)],
                    "scratch": self._scratch.name,
                    "output_bytes": self.limits.output_bytes,
                },
                seconds=_START_SECONDS,
            )
        except (wire.ProtocolError, SandboxError) as error:
            self.close()
            raise SandboxError(f"the zygote did not start: {error}") from error
        self.layers: dict[str, str] = reply["layers"]
        self.missing: list[str] = reply["missing"]
        self._baseline = int(reply["baseline"])

    def _ask(self, message: dict[str, Any], *, seconds: float = 30, fds: tuple[int, ...] = ()) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        with exchange():
            self._channel.send(message, deadline=deadline, fds=fds)
            reply: dict[str, Any] = self._channel.receive(deadline=deadline)
        if reply.get("status") != "ok":
            raise SandboxError(str(reply.get("message")))
        return reply

    def spawn(
        self, files: Sequence[tuple[str, bytes]] = (), seed: int = 0, deadline: float | None = None
    ) -> StudentProcess:
        """A jailed student process with these files in its scratch folder, to be used until `deadline`."""
        ours, theirs = socket.socketpair()
        with theirs:
            reply = self._ask(
                {
                    "op": "spawn",
                    "seed": seed % 2**32,
                    "value_bytes": self.limits.value_bytes,
                    "confinement": {
                        "address_space": self._baseline + self.limits.memory_mb * 2**20,
                        "processes": self.limits.processes,
                        "scratch_mb": self.limits.files_mb,
                        "memfd": False,
                    },
                },
                fds=(theirs.fileno(),),
            )
        return StudentProcess(self, int(reply["pid"]), wire.Channel(ours), deadline, files)

    def kill(self, pid: int) -> None:
        """End a student process and all its descendants."""
        self._ask({"op": "kill", "pid": pid})

    def wait(self, pid: int, seconds: float) -> Usage | None:
        """What a student process used, once it has ended; None when it has not after `seconds`."""
        reply = self._ask({"op": "wait", "pid": pid, "seconds": seconds}, seconds=seconds + 30)
        if not reply["ended"]:
            return None
        return Usage(float(reply["cpu"]), float(reply["peak"]) / 2**20, reply["code"])

    def usage(self, pid: int) -> tuple[int, int]:
        """Number of processes and bytes of memory in the sandbox of `pid`, now."""
        reply = self._ask({"op": "usage", "pid": pid})
        return int(reply["processes"]), int(reply["memory"])

    @property
    def pid(self) -> int:
        """Its process id, as the examiner sees it."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the zygote can still spawn."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the zygote and every student process it has."""
        self._channel.close()
        # Asked first: where there are no namespaces, it is the zygote that takes its student processes along.
        for signal_number in (0, signal.SIGTERM, signal.SIGKILL):
            self._process.send_signal(signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
                break
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._scratch.cleanup()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """The environment a student's code sees: nothing of the examiner's but where the programs are."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        # Memory in large pages: a fork copies a five hundredth of the page tables, and takes a third of the time.
        "PYTHONMALLOC": "malloc",
        "MALLOC_ARENA_MAX": "2",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        # There is no network to install from: say so at once instead of trying again and again.
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def prove_jail(zygote: Zygote, secrets: Sequence[Path], minimum: Sequence[str]) -> None:
    """Try to break out of a student process of this zygote. Raises `SandboxError` when something succeeds.

    `secrets` are files and folders that no student may read. `minimum` are the layers or tiers without which the course
    does not want to grade; without any, namespaces or Landlock must be there; ``["none"]`` accepts whatever there is.
    """
    process = zygote.spawn()
    try:
        if list(minimum) == ["none"]:
            return
        try:
            lacking = survey.lacking(process.layers, minimum)
        except ValueError as error:
            raise SandboxError(f"c.Autograder.minimum_sandbox: {error}") from None
        if not minimum and survey.tier(process.layers) == "none":
            lacking = ["namespaces or landlock"]
        if lacking:
            raise SandboxError(
                f"this machine does not give the protection that is asked for: {', '.join(lacking)}. "
                "`autograder doctor` says why; c.Autograder.minimum_sandbox in course_config.py says what must be there"
            )
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
            abstract.bind("")
            abstract.listen(1)
            reply = process.request(
                {
                    "op": "canary",
                    "secrets": [str(path) for path in secrets if path.exists()],
                    "addresses": [
                        f"tcp:127.0.0.1:{server.getsockname()[1]}",
                        f"abstract:{abstract.getsockname()[1:].decode()}",
                    ],
                    "pids": [os.getpid(), zygote.pid],
                },
                30,
            )
        if reply.get("status") != "ok":
            raise SandboxError(f"the jail could not be tried out: {reply.get('message')}")
        if reply["found"]:
            raise SandboxError("the jail does not hold here. " + " ".join(str(found) for found in reply["found"]))
    finally:
        process.end()


class _Line:
    """Requests and replies over one channel of a student process."""

    def __init__(self, process: StudentProcess, channel: wire.Channel) -> None:
        self._process = process
        self._channel = channel
        # Whatever the examiner waits for, the memory of the whole sandbox is watched meanwhile.
        channel.watch(process.watch_memory, SECONDS_BETWEEN_LOOKS)
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
        limit = self._process.zygote.limits.value_bytes + 2**20
        try:
            with exchange():
                self._channel.send({"id": number, **message}, deadline=deadline, fds=fds)
                while True:
                    reply = self._channel.receive(deadline=deadline, max_bytes=limit)
                    if not isinstance(reply, dict) or reply.get("id") != number:
                        raise wire.ProtocolError("an answer to another question")
                    if reply.get("status") != "callback":
                        return reply
                    self._answer(number, reply, call_back, deadline)
        except wire.Late:
            raise TimedOut(f"no answer within {seconds:g} seconds") from None
        except wire.ProtocolError as error:
            if self._process.out_of_memory:
                raise OutOfMemory("more memory than the limit") from None
            raise Crashed(f"the process ended ({error})") from error

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
        self._channel.send(answer, deadline=deadline)

    def close(self) -> None:
        self._channel.close()


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
        self.zygote = zygote
        self.pid = pid
        self.out_of_memory = False
        self._room = _CELLS_OF_OUTPUT * zygote.limits.output_bytes
        self._ends = deadline or time.monotonic() + zygote.limits.submission_seconds
        self._line = _Line(self, channel)
        self._usage: Usage | None = None
        try:
            with contextlib.suppress(wire.Closed):  # it says why
                _send_files(channel, files)
            greeting = channel.receive(deadline=time.monotonic() + 30, max_bytes=2**16)
            if greeting.get("status") == "failed":
                raise wire.ProtocolError(str(greeting.get("message")))
            self.layers = {**zygote.layers, **greeting["layers"]}
        except (wire.ProtocolError, KeyError, TypeError) as error:
            self.end()
            raise SandboxError(f"the student process did not start: {error}") from error

    def seconds_left(self) -> float:
        """Seconds until the submission's own limit."""
        return max(0.0, self._ends - time.monotonic())

    def extend(self, deadline: float) -> None:
        """Let the process be used until `deadline`."""
        self._ends = deadline

    def watch_memory(self) -> None:
        """Kill the sandbox when all its processes together take more than the limit."""
        _, memory = self.zygote.usage(self.pid)
        if memory > self.zygote.limits.memory_mb * 2**20:
            self.out_of_memory = True
            self.zygote.kill(self.pid)

    def run_cell(self, index: int, source: str) -> CellRun:
        """Run one code cell of the notebook. Raises `TimedOut`, `OutOfMemory`, `Crashed` when the process is lost."""
        limits = self.zygote.limits
        # The cell is told to stop before the submission's time is up, so that what ran before it is kept.
        seconds = min(limits.cell_seconds, max(0.1, self.seconds_left() - GRACE))
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
            raise Crashed("the process no longer forks")
        return Fork(self, pid, wire.Channel(ours))

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

    def end(self) -> None:
        """End the fork. The checkpoint reaps it; a checkpoint that does not answer is ended with the submission."""
        self.close()
        self._process.request({"op": "kill", "pid": self.pid}, 5)


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
