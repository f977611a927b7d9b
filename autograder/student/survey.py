"""Which layers of the jail this machine and this user have: for `autograder doctor`, and for a course's minimum."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.student import jail
from autograder.student.layering import Layers, in_child, is_on


@dataclass(frozen=True)
class Layer:
    """One row of the doctor's table. `state` is "on" or "off"; `why` says what is on, or what stands against it."""

    name: str
    state: str
    why: str
    leaves_open: str


# What is open without each layer, all others being on. docs/threat-model.md has the whole of it.
LAYERS = {
    "private root": "Landlock alone decides which files are read; names and sizes of all files can be seen",
    "private tmpfs": "files of all submissions together can fill the disk; each is limited in size",
    "mount namespace": "no private root and no private tmpfs",
    "pid namespace": "processes are ended by their group and by search, which seccomp must keep from being left",
    "network namespace": "seccomp alone keeps student code from the network",
    "ipc namespace": "seccomp alone keeps System V memory and queues from being shared between submissions",
    "uts namespace": "student code sees the name of this machine",
    "cgroup namespace": "student code sees the name of its control group",
    "user namespace": "as an ordinary user: none of the namespaces above",
    "unix sockets": "student code can speak to services of this machine",
    "landlock": "the private root alone decides which files are read",
    "seccomp": "all of the kernel's system calls can be attacked, and sockets made",
    "separate uid": "processes are kept apart by namespaces and Landlock, not by their user as well",
    "capabilities": "student code may hold privileges",
    "no new privileges": "setuid programs give student code their owner's rights",
    "not dumpable": "what may be traced is up to namespaces, Landlock and seccomp",
    "parent-death signal": "a student process may outlive a grader that was killed",
    "rlimits": "no limit of memory, processes, files or processor time of each process",
    "session keyring": "student code may use this user's kernel keys, if seccomp lets it",
    "cgroup": "memory of a sandbox as a whole is watched four times a second, not held by the kernel",
}
_TIERS = {
    "namespaces": ("private root", "private tmpfs", "pid namespace", "network namespace"),
    "landlock": ("landlock",),
    "namespaces+landlock": ("private root", "private tmpfs", "pid namespace", "network namespace", "landlock"),
}
_NOT_NEEDED = "not needed"


def survey() -> tuple[Layer, ...]:
    """The layers that a student process would have here, found out by confining one that does nothing."""

    def probe(_: int) -> Layers:
        return jail.enclose([], Path(scratch))

    with tempfile.TemporaryDirectory(prefix="autograder-doctor-") as scratch:
        os.chmod(scratch, 0o711)
        try:
            layers = in_child(probe)
        except OSError as error:
            return (Layer("student process", "off", str(error), "nothing can be graded here"),)
    return tuple(_row(name, layers.get(name, "off: not known here")) for name in LAYERS)


def _row(name: str, state: str) -> Layer:
    word, _, why = state.partition(" ")
    why = why.strip("()")
    on = is_on(state)
    return Layer(name, word.rstrip(":"), why, "" if on or why.startswith(_NOT_NEEDED) else LAYERS[name])


def tier(layers: Mapping[str, str]) -> str:
    """The best of "namespaces+landlock", "namespaces", "landlock" whose layers are all on; "none" if not even one."""
    for name in ("namespaces+landlock", "namespaces", "landlock"):
        if not lacking(layers, [name]):
            return name
    return "none"


def lacking(layers: Mapping[str, str], minimum: Iterable[str]) -> list[str]:
    """Those of `minimum` (names of layers or tiers) that are not on, each with its state. ValueError: no such name."""
    wanted: dict[str, None] = {}
    for name in minimum:
        if name not in LAYERS and name not in _TIERS:
            raise ValueError(f"{name!r} is no layer of the sandbox; there are {', '.join((*_TIERS, *LAYERS))}")
        wanted |= dict.fromkeys(_TIERS.get(name, (name,)))
    states = {name: layers.get(name, "off: not known here") for name in wanted}
    return [f"{name} ({state})" for name, state in states.items() if not is_on(state)]
