"""Control groups: one for a zygote's student processes, and what the one that this process is in leaves to it.

The first sets limits to memory and processes of the whole sandbox, by the kernel. Only cgroup v2, and only where this
user may make groups beside its own (root on a machine, a user of systemd with a delegated tree). Elsewhere the limits
are each process's, and the zygote's watch over all of them.
"""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

_MOUNT = Path("/sys/fs/cgroup")
_NEEDED = {"memory", "pids"}


def cores(mount: Path = _MOUNT, process: Path = Path("/proc/self/cgroup")) -> int:
    """How many processors there are for this process and its children, at least one.

    A container sees all of its machine's, and may have a share of them alone (``docker run --cpus``, the limits of a
    pod). With a process for each that it sees, all would be slow, and run out of time.
    """
    count = len(os.sched_getaffinity(0))
    with contextlib.suppress(OSError, ValueError):
        for line in process.read_text().splitlines():
            _, controllers, own = line.split(":", 2)
            if not controllers:
                count = min(count, _quota(mount, own, "cpu.max"))
            elif "cpu" in controllers.split(","):
                count = min(count, _quota(mount / controllers, own, "cpu.cfs_quota_us", "cpu.cfs_period_us"))
    return max(1, count)


def _quota(mount: Path, own: str, *names: str) -> int:
    """The processors that a group and those above it leave, a part of one counted as one.

    Within a container what is mounted may begin at its own group, of which it is told a longer path.
    """
    count = 2**31
    group = mount / own.lstrip("/")
    for folder in (group, *group.parents):
        with contextlib.suppress(OSError, ValueError):  # "max", or no such file
            quota, period = (int(word) for name in names for word in (folder / name).read_text().split())
            if quota > 0:
                count = min(count, math.ceil(quota / period))
        if folder == mount:
            break
    return count


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


def create(mount: Path = _MOUNT, process: Path = Path("/proc/self/cgroup")) -> tuple[Group | None, str]:
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
