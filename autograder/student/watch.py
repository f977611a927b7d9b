"""What a sandbox uses, as the kernel counts it, and the end of its processes. For the zygote, which started them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_KILL_SECONDS = 5.0
# A sandbox of many processes with many mappings is not looked at closely for longer.
_LOOK_SECONDS = 1.0
_LOOKS = 3
# What the kernel may hold for an open socket or pipe that nobody reads from; it counts for no process.
_SOCKET_BYTES, _PIPE_BYTES = 208 * 1024, 64 * 1024


def processes() -> list[int]:
    """The process ids in /proc."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(ancestor: int) -> list[int]:
    """All processes that descend from `ancestor`, by /proc."""
    children: dict[int, list[int]] = {}
    for pid in processes():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(pid)
    found, unseen = [], [ancestor]
    while unseen:
        born = children.pop(unseen.pop(), [])
        found += born
        unseen += born
    return found


def tasks_of(uid: int) -> int:
    """How many processes and threads a user has, as far as /proc shows."""
    count = 0
    for pid in processes():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == uid:
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count


@dataclass(frozen=True)
class _Anonymous:
    """Bytes of a process's anonymous memory: what it alone has, its part of what it has in common, all that it has.

    `rough` says that only the last is known.
    """

    private: int
    shared: int
    resident: int
    rough: bool = False


def usage(pids: Callable[[], list[int]], enough: int = 0) -> tuple[int, int]:
    """The number of threads of the processes that `pids` lists, and the bytes of memory they take together.

    They descend from the calling process, and what they still have in common with it is not counted. Memory is what
    they have written, pages that several share counted once (PSS), anonymous files, and what the kernel may hold for
    sockets and pipes; where /proc may not be read so far, or that takes too long, all that each has resident. Files of
    the scratch place have a limit of their own and are not counted. Where no more than `enough` bytes are resident,
    that is the answer: it takes a tenth of the time.
    """
    deadline = 0.0 if enough else time.thread_time() + _LOOK_SECONDS  # of work, not of waiting for a busy machine
    for _ in range(_LOOKS):
        tasks = 0
        memory: dict[int, _Anonymous] = {}
        files: dict[tuple[int, int], int] = {}
        for pid in pids():
            with contextlib.suppress(OSError, IndexError, ValueError):
                tasks += len(os.listdir(f"/proc/{pid}/task"))
                if (written := _written(pid, closely=time.thread_time() < deadline)).resident:
                    memory[pid] = written
                _open_files(pid, files)
        # When one ends meanwhile, its share of what they had in common has been counted again for another.
        if all(_has_memory(pid) for pid in memory):
            break
    resident = sum(each.resident for each in memory.values()) + sum(files.values())
    if resident <= enough:
        return tasks, resident
    if enough:
        return usage(pids)
    private = sum(each.private for each in memory.values())
    shared = sum(each.shared for each in memory.values())
    return tasks, private + max(0, shared - _inherited(list(memory.values()))) + sum(files.values())


def _inherited(memory: list[_Anonymous]) -> int:
    """How much of what processes share they share with this one, from which they were forked.

    Of a page that it shares with others this one has the part that each of them has: at most its own parts as often as
    there are processes, and all of its memory at most, whoever else was forked from it or is its ancestor.
    """
    own = _written("self", closely=True)
    if own.rough or any(each.rough for each in memory):
        return own.resident
    return min(len(memory) * own.shared, own.resident)


def _has_memory(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/statm").read_text().startswith("0 ")
    except OSError:
        return False


def _written(pid: int | str, *, closely: bool) -> _Anonymous:
    try:
        if not closely:
            raise PermissionError
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
        part, files = sizes["Pss_Anon"], sizes["Pss_Shmem"]
    except (OSError, KeyError):  # not allowed, too long, or a kernel that does not tell them apart
        found = re.findall(r"^Rss(?:Anon|Shmem):\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        size = sum(map(int, found)) * 1024
        return _Anonymous(0, size, size, rough=True)
    private = min(part, max(0, sizes["Private_Dirty"] - files))
    return _Anonymous(private + files, part - private, sizes["Anonymous"] + files)


def _open_files(pid: int, files: dict[tuple[int, int], int]) -> None:
    """Add to `files` (by device and inode) what the open files of a process hold in memory."""
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            link = f"/proc/{pid}/fd/{name}"
            with contextlib.suppress(OSError):
                kind = os.readlink(link).partition(":")[0]
                if kind in ("socket", "pipe", "/memfd"):
                    file = os.stat(link)
                    size = {"socket": _SOCKET_BYTES, "pipe": _PIPE_BYTES}.get(kind, file.st_blocks * 512)
                    files[file.st_dev, file.st_ino] = size


def await_end(pid: int) -> None:
    """Return when the child `pid` has ended; it remains to be waited for. OSError when that takes too long."""
    deadline = time.monotonic() + _KILL_SECONDS
    with contextlib.suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                raise OSError(f"process {pid} does not end")
            time.sleep(0.0005)


def kill_all(alive: Callable[[], list[int]]) -> None:
    """Kill what `alive` lists until it lists nothing, reaping what is ours. OSError when that takes too long."""
    deadline = time.monotonic() + _KILL_SECONDS
    while pids := alive():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            raise OSError(f"processes {pids[:5]} do not end")
        time.sleep(0.001)
