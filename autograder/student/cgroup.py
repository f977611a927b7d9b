"""Control groups: one for a zygote's student processes, and what the one that this process is in leaves to it.

The first sets limits to memory and processes of the whole sandbox, by the kernel. Only cgroup v2, and only where this
user may make groups beside its own (root on a machine, a user of systemd with a delegated tree). Elsewhere the limits
are each process's, and the zygote's watch over all of them.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NEEDED = {"memory", "pids"}


def cores(mount: Path = _MOUNT, process: Path = _OWN) -> int:
    """How many processors there are for this process and its children, at least one.

    A container sees all of its machine's, and may have a share of them alone (``docker run --cpus``, the limits of a
    pod). With a process for each that it sees, all would be slow, and run out of time.
    """
    count = len(os.sched_getaffinity(0))
    for group in _groups("cpu", mount, process):
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
            with contextlib.suppress(OSError, ValueError):  # no such file, or no limit
                quota, period = _numbers(group, *names)
                count = min(count, math.ceil(quota / period)) if quota > 0 else count
    return max(1, count)


def memory(mount: Path = _MOUNT, process: Path = _OWN, machine: Path = Path("/proc/meminfo")) -> int:
    """How many bytes of memory there are left for this process and its children: the machine's, or a container's."""
    left = 2**63
    with contextlib.suppress(OSError):
        for line in machine.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                left = int(line.split()[1]) * 1024
    for group in _groups("memory", mount, process):
        for names in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            with contextlib.suppress(OSError, ValueError):
                most, used = _numbers(group, *names)
                left = min(left, most - used + _files_kept(group))
    return max(0, left)


def processes(mount: Path = _MOUNT, process: Path = _OWN) -> int:
    """How many more processes and threads there may be, as far as groups say: a container's ``--pids-limit``."""
    left = 2**31
    for group in _groups("pids", mount, process):
        with contextlib.suppress(OSError, ValueError):  # no such file, or no limit
            most, used = _numbers(group, "pids.max", "pids.current")
            left = min(left, most - used)
    return max(0, left)


def kills_for_memory() -> int:
    """How often this machine's kernel has ended a process for want of memory, its own or a container's."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _groups(controller: str, mount: Path, process: Path) -> Iterator[Path]:
    """The groups that decide about a controller, of both versions: this process's own and those above it.

    Within a container what is mounted may begin at its own group, of which it is told a longer path.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in process.read_text().splitlines():
            _, controllers, own = line.split(":", 2)
            if not controllers or controller in controllers.split(","):
                top = mount / (controller if controllers else "")
                group = top / own.lstrip("/")
                yield group
                for above in group.parents if group != top else ():
                    yield above
                    if above == top:
                        break


def _numbers(group: Path, *names: str) -> list[int]:
    return [int(word) for name in names for word in (group / name).read_text().split()]


def _files_kept(group: Path) -> int:
    """Bytes of files that a group has in memory for as long as nobody wants it for anything else."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        # The groups below it, too, as version 2 always counts.
        of_all = "total_" if "total_active_file" in counts else ""
        return int(counts[f"{of_all}active_file"]) + int(counts[f"{of_all}inactive_file"])
    return 0


@dataclass(frozen=True)
class Group:
    """A group, by file descriptors that were opened before anything was taken away."""

    files: dict[str, int]

    def join(self, *, memory: int, processes: int) -> None:
        """Set the limits (bytes, tasks) and move the calling process in; its children are born there."""
        for name, value in (("memory.max", memory), ("pids.max", processes), ("cgroup.procs", 0)):
            os.write(self.files[name], str(value).encode())

    def kill(self) -> None:
        """Kill whatever is still in the group."""
        with contextlib.suppress(OSError, KeyError):
            os.write(self.files["cgroup.kill"], b"1")


def create(mount: Path = _MOUNT, process: Path = _OWN) -> tuple[Group | None, str]:
    """A new group with limits for memory and processes, and its state as a layer; None and why where there is none.

    The kernel removes nothing by itself: the empty groups of zygotes that are no more are removed here.
    """
    try:
        lines = process.read_text().splitlines()
        own = next((line[3:] for line in lines if line.startswith("0::")), None)
        if own is None or not (mount / "cgroup.controllers").exists():
            return None, "off: not cgroup v2"
        parent = _delegated(mount, mount / own.lstrip("/"))
        if parent is None:
            return None, "off: no group with memory and pids is delegated to this user"
        for old in parent.glob("autograder-*"):
            with contextlib.suppress(OSError):
                old.rmdir()
        group = parent / f"autograder-{os.getpid()}"
        group.mkdir()
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):
                (group / name).write_text(value)
        files = {name: os.open(group / name, os.O_WRONLY | os.O_CLOEXEC) for name in _FILES}
        with contextlib.suppress(OSError):
            files["cgroup.kill"] = os.open(group / "cgroup.kill", os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        return None, f"off: {error.strerror or error}"
    return Group(files), "on (memory, processes)"


_FILES = ("memory.max", "pids.max", "cgroup.procs")


def _delegated(mount: Path, own: Path) -> Path | None:
    """The nearest group above `own` (or the root) in which a child would have the controllers and may be made."""
    for group in (own.parent, *own.parent.parents):
        if group != mount and mount not in group.parents:
            return None
        with contextlib.suppress(OSError):
            enabled = set((group / "cgroup.subtree_control").read_text().split())
            if enabled >= _NEEDED and os.access(group, os.W_OK) and os.access(group / "cgroup.procs", os.W_OK):
                return group
    return None
