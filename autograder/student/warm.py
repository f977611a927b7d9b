"""The examiner's hold on warm processes: an incubator, the zygotes it forks, and the proof that their jail holds.

An incubator imports once what notebooks import. A zygote is a fork of it in a jail of its own, and forks a student
process for each submission. None of them runs student code, so what they say is believed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder.records import Limits, NoRoom, ProcessLost, SandboxError, StudentFault
from autograder.student import cgroup, survey, wire
from autograder.student.clean import bring_fonts, make_folder, start_clean
from autograder.student.layering import is_on
from autograder.student.patience import exchange
from autograder.student.process import StudentProcess, Usage

_START_SECONDS = 120
_END_SECONDS = 5

# A disk with less is full. What filled it may be a submission's, and removed in a moment.
_LEAST_ROOM = 16 * 2**20
_ROOM_SECONDS = 2
_PAGE = 4096
# What an honest notebook and its questions need, where a container has few processes.
_LEAST_PROCESSES = 24
_TOO_MUCH = 2**63


class Incubator:
    """A warm process that zygotes are forked from. It starts at once and gets ready meanwhile.

    Forks of the process that made it may ask it for zygotes as well. With `here` it is a fork of this process, which
    has imported much of what it wants, has one thread, and holds nothing that a student may not see.
    """

    def __init__(
        self,
        imports: Sequence[str] = (),
        limits: Limits | None = None,
        *,
        here: bool = False,
        above: str | None = None,
    ) -> None:
        self.limit(limits or Limits())
        self._imports = list(imports)
        self._owner = os.getpid()
        self._folder = make_folder(above)
        bring_fonts(self._folder)
        wishes = {"imports": self._imports, "folder": self._folder}
        # Whole messages: several processes may ask at once.
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        with theirs:
            if here:
                from autograder.student.zygote import fork_incubator

                self._pid = fork_incubator(theirs, wishes)
            else:
                quiet = os.environ.get("AUTOGRADER_DEBUG") is None
                self._process = start_clean("autograder.student.zygote", theirs, json.dumps(wishes), quiet=quiet)

    def limit(self, limits: Limits) -> None:
        """Give the zygotes to come these limits."""
        self.limits = _with_its_share(limits)

    def zygote(self, forbidden: Sequence[str] = ()) -> Zygote:
        """A new zygote, in which using one of the `forbidden` names is noticed. `SandboxError` when there is none.

        `ProcessLost` when it, or what it comes from, was there and has died.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._requests, [b"z"], [theirs.fileno()], socket.MSG_NOSIGNAL)
            except OSError as error:
                ours.close()
                raise ProcessLost("the process that zygotes come from has ended") from error
        return Zygote(wire.Channel(ours), self.limits, self._folder, forbidden, another=self.zygote)

    @property
    def alive(self) -> bool:
        """Whether it can still give zygotes."""
        return wire.is_open(self._requests)

    def replaced(self) -> Incubator:
        """Another one for this one, which has died. Who takes away the folder above this one's takes its, too."""
        self.close()
        another = Incubator(self._imports, self.limits, above=os.path.dirname(self._folder))
        another.limits = self.limits  # whatever is left just now
        return another

    def close(self) -> None:
        """End it with all its zygotes; in a fork of the process that made it, only let go of it."""
        self._requests.close()
        if os.getpid() == self._owner:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            elif self._pid:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                self._pid = 0
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Incubator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Zygote:
    """A warm process in a jail that forks student processes. One at a time; use one zygote per worker.

    `crashes` is how many processes of the sandbox have ended while something was asked of them. That may have been the
    student's doing, or a signal from outside. `lacked_processes` says that one could not fork, as all there may
    be were there.
    """

    def __init__(
        self,
        channel: wire.Channel,
        limits: Limits,
        folder: str,
        forbidden: Sequence[str],
        *,
        another: Callable[[], Zygote],
    ) -> None:
        self.limits = limits
        self.crashes = 0
        self.lacked_processes = False
        self._was_full = False
        self._another = another
        self._beside: list[StudentProcess] = []
        self._above: Zygote | None = None
        self._channel = channel
        self._handle: int | None = None
        self._scratch = tempfile.mkdtemp(dir=folder)
        try:
            deadline = time.monotonic() + _START_SECONDS
            with exchange():
                greeting = self._receive(deadline)
                self.pid: int = greeting["pid"]
                self.incubator: int = greeting["incubator"]
                with contextlib.suppress(OSError):  # a kernel that does not know how
                    self._handle = os.pidfd_open(self.pid)
            reply = self._ask(
                {
                    "forbidden": list(forbidden),
                    "readable": [str(Path(__file__).resolve().parent)],
                    "scratch": self._scratch,
                    "cores": sorted(os.sched_getaffinity(0)),  # where its examiner is
                },
                seconds=_START_SECONDS,
            )
        except (wire.ProtocolError, SandboxError) as error:
            self.close()
            if isinstance(error, NoRoom):
                raise
            lost = isinstance(error, (wire.ProtocolError, ProcessLost))
            raise (ProcessLost if lost else SandboxError)(f"the zygote did not start: {error}") from error
        self.layers: dict[str, str] = reply["layers"]
        self.missing: list[str] = reply["missing"]
        self._baseline = int(reply["baseline"])

    def _receive(self, deadline: float) -> dict[str, Any]:
        reply: dict[str, Any] = self._channel.receive(deadline=deadline)
        if reply.get("status") == "failed":
            if reply.get("full"):
                raise NoRoom
            raise SandboxError(str(reply.get("message")))
        return reply

    def _ask(self, message: dict[str, Any], *, seconds: float = 30, fds: tuple[int, ...] = ()) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        try:
            with exchange():
                self._channel.send(message, deadline=deadline, fds=fds)
                return self._receive(deadline)
        except wire.ProtocolError as error:
            raise ProcessLost(f"the zygote does not answer ({error})") from error

    def spawn(
        self, files: Sequence[tuple[str, bytes]] = (), seed: int = 0, deadline: float | None = None
    ) -> StudentProcess:
        """A jailed student process with these files in its scratch folder, to be used until `deadline`."""
        ends = time.monotonic() + _ROOM_SECONDS
        while self._disk_is_full() and time.monotonic() < ends:
            time.sleep(0.05)
        self._was_full = False
        self.need_room()
        ours, theirs = socket.socketpair()
        with theirs:
            reply = self._ask(
                {
                    "op": "spawn",
                    "seed": seed % 2**32,
                    "value_bytes": self.limits.value_bytes,
                    "output_bytes": self.limits.output_bytes,
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

    def spawn_beside(self, files: Sequence[tuple[str, bytes]] = (), deadline: float | None = None) -> StudentProcess:
        """A process of its own, as `spawn` gives it, that may stay while others come and go.

        Without namespaces those of one zygote share a scratch folder and end together: it has another zygote there,
        which ends with this one.
        """
        for dead in [each for each in self._beside if not each.alive]:
            self._beside.remove(dead)
            dead.zygote.close()
        if is_on(self.layers["private root"]) and is_on(self.layers["pid namespace"]):
            return self.spawn(files, deadline=deadline)
        zygote = self._another()
        zygote._above = self
        try:
            self._beside.append(zygote.spawn(files, deadline=deadline))
        except BaseException:
            zygote.close()
            raise
        return self._beside[-1]

    def note_crash(self, *, full: bool = False) -> None:
        """Count a process that has ended while something was asked of it, or could not be forked as all was `full`."""
        self.crashes += 1
        self.lacked_processes = self.lacked_processes or full
        if self._above is not None:
            self._above.note_crash(full=full)

    def has_room(self) -> bool:
        """Whether there may be one more process on this machine, or in this container."""
        return bool(self._ask({"op": "room"})["room"])

    def kill(self, pid: int) -> None:
        """End a student process and all its descendants."""
        self._ask({"op": "kill", "pid": pid})

    def interrupt(self, pid: int) -> None:
        """Raise `KeyboardInterrupt` in the cell that a student process runs."""
        self._ask({"op": "interrupt", "pid": pid})

    def wait(self, pid: int, seconds: float) -> Usage | None:
        """What a student process used, once it has ended; None when it has not after `seconds`."""
        reply = self._ask({"op": "wait", "pid": pid, "seconds": seconds}, seconds=seconds + 30)
        if not reply["ended"]:
            return None
        return Usage(float(reply["cpu"]), float(reply["peak"]) / 2**20, reply["code"])

    def usage(self, pid: int, enough: int = 0) -> tuple[int, int]:
        """Number of processes and bytes of memory in the sandbox of `pid`, now; roughly, if not more than `enough`."""
        reply = self._ask({"op": "usage", "pid": pid, "enough": enough})
        return int(reply["processes"]), int(reply["memory"])

    def need_room(self) -> None:
        """Raise `ProcessLost` if student processes write on a disk that is full, or was: what fails may be for that."""
        if self.disk_was_full():
            where = os.path.dirname(os.path.dirname(self._scratch))
            raise ProcessLost(
                f"the disk that submissions write on is full, in {where}: make room there, or set TMPDIR to a folder "
                "on another disk"
            )

    def disk_was_full(self) -> bool:
        """Whether the disk that student processes write on is full, or was when this was asked since the last spawn."""
        self._was_full = self._was_full or self._disk_is_full()
        return self._was_full

    def written(self, enough: int = _TOO_MUCH) -> int:
        """Bytes that the student process has on a disk, or some number over `enough`: none in a tmpfs of its own."""
        return 0 if is_on(self.layers["private root"]) else _size(self._scratch, enough)

    def _disk_is_full(self) -> bool:
        if is_on(self.layers["private root"]):
            return False
        with contextlib.suppress(OSError):
            disk = os.statvfs(self._scratch)
            # Some file systems do not say how much there is.
            little = disk.f_blocks > 0 and disk.f_bavail * disk.f_frsize < _LEAST_ROOM
            return little or disk.f_favail < disk.f_files // 1000
        return False

    @property
    def alive(self) -> bool:
        """Whether the zygote can still spawn."""
        return wire.is_open(self._channel.sock)

    def close(self) -> None:
        """End the zygote and every student process it has."""
        while self._beside:
            self._beside.pop().zygote.close()
        # Asked first: where there are no namespaces, it is the zygote that takes its student processes along.
        self._channel.close()
        if self._handle is not None:
            for number in (0, signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, number)
                if select.select([self._handle], [], [], _END_SECONDS)[0]:
                    break
            os.close(self._handle)
            self._handle = None
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _with_its_share(limits: Limits) -> Limits:
    """The limits with no more processes than leave those of the others theirs, if one submission takes all it may."""
    share = max(cgroup.processes() // (2 * cgroup.cores()), _LEAST_PROCESSES)
    return dataclasses.replace(limits, processes=min(limits.processes, share))


def _size(folder: str, enough: int) -> int:
    """Bytes that what is below `folder` takes on its disk, or some number over `enough`; too many, if it hides any."""
    size = 0
    try:
        # By descriptors: whose folder it is may put a link in the place of another.
        for _, folders, files, here in os.fwalk(folder, onerror=_unless_gone):
            for name in (*folders, *files):
                with contextlib.suppress(FileNotFoundError):
                    size += max(os.stat(name, dir_fd=here, follow_symlinks=False).st_blocks * 512, _PAGE)
                if size > enough:
                    return size
    except FileNotFoundError:
        return size
    except (OSError, RecursionError):
        return _TOO_MUCH
    return size


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


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
                    "pids": [os.getpid(), zygote.pid, zygote.incubator],
                },
                30,
            )
        if reply.get("status") != "ok":
            raise SandboxError(f"the jail could not be tried out: {reply.get('message')}")
        if reply["found"]:
            raise SandboxError("the jail does not hold here. " + " ".join(str(found) for found in reply["found"]))
    except StudentFault as fault:  # there was no student's code in it yet
        raise ProcessLost(f"the process in which the jail was tried has died: {fault}") from fault
    finally:
        process.end()
