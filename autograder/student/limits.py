"""What one submission may use, and the limits of each of its processes."""

from __future__ import annotations

import contextlib
import os
import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Confinement:
    """What one submission may use.

    `address_space` is in bytes and for each process, `scratch_mb` in MiB for all files together. With `memfd` code may
    make anonymous files (memfd_create), which are limited in size but not in number. `cpus` are the processors it may
    run on; all that the zygote has if empty.
    """

    address_space: int
    processes: int = 128
    scratch_mb: int = 256
    cpu_seconds: int = 3600
    open_files: int = 512
    memfd: bool = True
    cpus: tuple[int, ...] = ()


def apply(confinement: Confinement, others: int) -> None:
    """Put the limits on this process and those it will start.

    The kernel counts all processes and threads of a user, in a user namespace if it has one: the `others` that are
    there already come on top.
    """
    with contextlib.suppress(OSError):
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        os.write(score, b"1000")
        os.close(score)
    if confinement.cpus:
        os.sched_setaffinity(0, confinement.cpus)
    for what, most in (
        (resource.RLIMIT_AS, confinement.address_space),
        (resource.RLIMIT_NPROC, confinement.processes + others),
        (resource.RLIMIT_NOFILE, confinement.open_files),
        (resource.RLIMIT_FSIZE, confinement.scratch_mb * 2**20),
        (resource.RLIMIT_CPU, confinement.cpu_seconds),
        (resource.RLIMIT_CORE, 1),  # 0 would still start a core_pattern's program
        (resource.RLIMIT_MEMLOCK, 64 * 1024),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
        (resource.RLIMIT_RTPRIO, 0),
    ):
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, most))


def address_space() -> int:
    """Bytes of address space that this process takes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
