"""What a sandbox uses, as the kernel counts it, and the end of its processes. For the zygote, which started them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_KILL_SECONDS = 5.0


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


def usage(pids: Iterable[int]) -> tuple[int, int]:
    """The number of those processes and threads, and the bytes of memory they take together.

    Memory is what they have written, pages that several share counted once (PSS), where /proc may be read so far;
    else all that each has resident. Files of the scratch folder have a limit of their own and are not counted.
    """
    tasks = memory = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            tasks += len(os.listdir(f"/proc/{pid}/task"))
            memory += _memory(pid)
    return tasks, memory


def _memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
        return (int(resident) - int(shared)) * _PAGE
    sizes = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
    return sum(int(sizes[name].split()[0]) * 1024 for name in ("Pss_Anon", "Pss_Shmem") if name in sizes)


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
