"""The jail of a student's process, layer by layer.

`enclose` puts the zygote, before it imports anything large, into namespaces and a private root of its own and
prepares what each submission will need. `fork` starts a submission's process in a PID namespace of its own; there
`confine` puts on the rest before any of the student's code runs. Each layer is tried on its own and reported as
"on", with a detail, or "off: reason": what is not permitted here leaves the others as they are. A layer that was on
when the zygote was enclosed and fails for one submission raises: no submission runs in less than was promised.

This module is imported in the process that is jailed. It imports the standard library alone and holds no secret.
docs/threat-model.md says what each layer is for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.student import cgroup, limits, linux, namespaces, policy, root, sockets, watch
from autograder.student.layering import ON, Layers, attempt, in_child, is_on
from autograder.student.limits import Confinement

if TYPE_CHECKING:
    from autograder.student.survey import Layer

__all__ = [
    "Confinement",
    "Layers",
    "confine",
    "die_with_parent",
    "enclose",
    "fork",
    "hide",
    "kill_tree",
    "scratch_folder",
    "survey",
    "usage",
]

# What a zygote that is root keeps: to make namespaces and mounts, to lower, watch and end what it forks.
_ZYGOTE_CAPABILITIES = (
    linux.CAP_SYS_ADMIN, linux.CAP_SETUID, linux.CAP_SETGID, linux.CAP_KILL, linux.CAP_SYS_PTRACE,
    linux.CAP_SYS_RESOURCE, linux.CAP_DAC_OVERRIDE, linux.CAP_DAC_READ_SEARCH, linux.CAP_FOWNER, linux.CAP_CHOWN,
)  # fmt: skip


@dataclass(frozen=True)
class _Enclosure:
    layers: Layers
    home: str  # where the scratch place is
    uid: int  # of students, as seen inside
    gid: int
    lowered: bool  # students have another uid than the zygote
    hidden: bool  # students' processes are not dumpable, and the zygote may look into them all the same
    root: root.Root | None  # the private one
    pid_namespace: int | None  # file descriptor of the zygote's own, if each submission can have one
    landlock_abi: int
    rules: tuple[tuple[int, int], ...]  # Landlock's: path as a file descriptor, rights
    programs: dict[bool, bytes] = field(repr=False)  # seccomp's, by whether memfd_create is allowed
    group: cgroup.Group | None
    needed: tuple[str, ...]  # paths that student processes must be able to read
    sees_all: int | None = None  # the capability by which they read what others have no permission for
    began: list[int] = field(default_factory=lambda: [time.time_ns()])  # the last submission, by the clock


_enclosure: _Enclosure | None = None


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)


def hide() -> None:
    """Keep other processes of this user out of this one's memory, environment and open files (not dumpable)."""
    linux.prctl(linux.PR_SET_DUMPABLE, 0)


def enclose(readable: Sequence[Path], scratch: Path, *, uid: int | None = None) -> Layers:
    """Jail the zygote, as far as it can be and still start student processes; returns the state of every layer.

    To be called once, by a process with one thread. `readable` are further files and folders to be seen inside, at
    the same paths. `scratch` is an empty folder, used where there can be no private root. `uid` is what student
    processes are lowered to when this is root (one that nobody else has is chosen if None).

    The caller may find itself in a child: what called then waits outside, passes on how the child ended, and takes it
    along when it is killed. Raises OSError where not even a process could be confined.
    """
    global _enclosure
    student = namespaces.student_ids(uid)
    lowered = student is not None
    layers = namespaces.rehearse(readable, own_user=not lowered)
    inside, gid = student or (os.getuid() or 1000, os.getgid() or 1000)
    layers["separate uid"] = ON if lowered else f"off: {namespaces.why_not_lowered()}"
    paths = root.exposed(readable)
    home = root.home(paths)
    group, layers["cgroup"] = cgroup.create()
    with attempt(layers, "session keyring"):
        linux.new_session_keyring()
    if layers["user namespace"] == ON:
        namespaces.enter_user_namespace(inside, gid)
    for name, flag in namespaces.KINDS.items():
        if layers[name] == ON:
            linux.unshare(flag)
    if layers["uts namespace"] == ON:
        linux.call("sethostname", b"student", 7)
    own_pids = layers["pid namespace"] == ON
    if own_pids:
        namespaces.continue_in_child()
    with contextlib.suppress(OSError):
        os.setsid()  # away from the terminal, and one share of the processors for all that is in here
    os.nice(2)
    if not own_pids:
        # No kernel ends the descendants of a student process that loses its zygote: the zygote has to be told.
        signal.signal(signal.SIGTERM, _end_all)
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
    built, known = None, sockets.candidates(search=layers["private root"] != ON)
    if layers["private root"] == ON:
        linux.unshare(linux.CLONE_NEWNS)
        built = root.build(paths, home, uid=inside, gid=gid, own_pids=own_pids)
        root.scratch(built, uid=0 if lowered else inside, gid=0 if lowered else gid, megabytes=256)
    else:
        home = str(scratch.resolve())
        closed = (each for each in scratch.resolve().parents if not each.stat().st_mode & 0o001)
        if lowered and (wall := next(closed, None)):
            raise OSError(
                f"student processes (user {inside}) may not enter {wall}: set TMPDIR to a folder that they may"
            )
        os.chown(home, inside, gid)
        root.folders(home, (inside, gid))
    _live_in(home)
    abi = 0
    with contextlib.suppress(OSError):
        abi = linux.landlock_abi()
    hidden = _shed(lowered=lowered, own_pids=own_pids, abi=abi)
    rules = tuple(policy.rules(paths, home, built)) if abi else ()
    if abi and built is None:  # with a private root, each submission has mounts to make, which Landlock forbids
        with contextlib.suppress(OSError):
            everywhere = [policy.rule("/proc", policy.READ | linux.WRITE_FILE), policy.rule("/dev/shm", policy.SCRATCH)]
            linux.landlock_restrict(linux.landlock_ruleset(abi, [*rules, *everywhere]))
    programs = functools.partial(
        _programs, private_root=built is not None, own_pids=own_pids, own_uid=lowered, scoped_signals=abi >= 6
    )
    pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if own_pids else None
    _enclosure = _Enclosure(
        layers=layers,
        home=home,
        uid=inside,
        gid=gid,
        lowered=lowered,
        hidden=hidden,
        root=built,
        pid_namespace=pid_namespace,
        landlock_abi=abi,
        rules=rules,
        programs=programs(unix_sockets=True),
        group=group,
        needed=(os.__file__, *(path for path in paths if path.endswith("-packages")), *map(str, readable)),
    )
    first = _rehearse_confinement(known)
    if "unreadable" in first and lowered and is_on(first["landlock"]) and is_on(first["seccomp"]):
        # Python belongs to root alone. Reading it is left to Landlock's allow-list then.
        able = (linux.CAP_DAC_READ_SEARCH, linux.CAP_DAC_OVERRIDE)
        capability = next((each for each in able if linux.has_capability(each)), None)
        _enclosure = dataclasses.replace(_enclosure, sees_all=capability)
        first = _rehearse_confinement(known)
    if "reachable" in first:
        _enclosure = dataclasses.replace(_enclosure, programs=programs(unix_sockets=False))
    first["unix sockets"] = "on (denied)" if first.pop("reachable", None) else "on (none in reach)"
    if "unreadable" in first:
        raise OSError(f"student processes (user {inside}) may not read {first['unreadable']}: give others permission")
    layers |= first
    return dict(layers)


def scratch_folder() -> Path:
    """Home and current folder of a student process, empty at its start and the same for every submission."""
    assert _enclosure is not None
    return Path(_enclosure.home, "work")


def fork() -> int:
    """`os.fork()`, into a new PID namespace where that is possible: the child is then its process 1.

    Where submissions have no tmpfs of their own, what the last one left in the scratch place is removed before.
    """
    own = _enclosure
    assert own is not None
    _clean(own)
    if own.pid_namespace is None:
        return os.fork()
    linux.unshare(linux.CLONE_NEWPID)
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid:
            linux.setns(own.pid_namespace, linux.CLONE_NEWPID)
    return pid


def confine(confinement: Confinement, *, keep: int) -> Layers:
    """In the fork, before any student code: put on all that is left. Returns the state of each layer.

    Of the open files 0, 1, 2 and `keep` stay. The current folder, HOME and TMPDIR are the submission's own. Raises
    OSError when a layer fails that was on before.
    """
    own = _enclosure
    assert own is not None
    layers = dict(own.layers)
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if own.group is not None:
        with attempt(layers, "cgroup", own.layers["cgroup"]):
            budget = confinement.address_space - limits.address_space()
            own.group.join(memory=budget + confinement.scratch_mb * 2**20, processes=confinement.processes)
    if own.root is not None:
        with attempt(layers, "mount namespace"):
            linux.unshare(linux.CLONE_NEWNS)
        with attempt(layers, "private tmpfs", f"on ({confinement.scratch_mb} MiB)"):
            root.scratch(own.root, uid=own.uid, gid=own.gid, megabytes=confinement.scratch_mb)
    else:
        layers["mount namespace"] = layers["private root"]
        layers["private tmpfs"] = "off: no mount namespace"
    if own.root is not None and own.root.fresh_proc:
        with attempt(layers, "pid namespace"):
            linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    with attempt(layers, "rlimits"):
        # In its user namespace there are the zygote and the process that stands by it.
        others = 0 if own.lowered else 2 if layers["user namespace"] == ON else watch.tasks_of(os.getuid())
        limits.apply(confinement, others)
    if own.lowered:
        with attempt(layers, "separate uid", own.layers["separate uid"]):
            os.setgroups([])
            os.setresgid(own.gid, own.gid, own.gid)
            os.setresuid(own.uid, own.uid, own.uid)
    if own.sees_all is not None:
        with attempt(layers, "capabilities", "on (none but to read what it is shown)"):
            linux.keep_capabilities(own.sees_all, inheritable=True)
            linux.make_ambient(own.sees_all)
    else:
        with attempt(layers, "capabilities", "on (none)"):
            linux.keep_capabilities()
    with attempt(layers, "no new privileges"):
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    layers["not dumpable"] = ON if own.hidden else "off: not needed, others do not see it, and the zygote has to"
    linux.prctl(linux.PR_SET_DUMPABLE, 0 if own.hidden else 1)
    with attempt(layers, "parent-death signal"):
        die_with_parent()
    _live_in(own.home)
    if own.landlock_abi:
        with attempt(layers, "landlock", f"on (ABI {own.landlock_abi})"):
            linux.landlock_restrict(linux.landlock_ruleset(own.landlock_abi, [*own.rules, *policy.own_rules(own.root)]))
    else:
        layers["landlock"] = "off: this kernel has none, or has it switched off"
    close_all_but({0, 1, 2, keep})
    with attempt(layers, "seccomp"):
        policy.install(own.programs[confinement.memfd])
    if lost := [name for name, state in own.layers.items() if is_on(state) and not is_on(layers[name])]:
        raise OSError(f"the sandbox lost its {lost[0]} ({layers[lost[0]]})")
    return layers


def usage(pid: int, enough: int = 0) -> tuple[int, int]:
    """How many processes and threads the sandbox of the student process `pid` has, and how many bytes they take.

    For the zygote. What they still have in common with the zygote is not counted, nor are files in the scratch place,
    unless it is not more than `enough` bytes, with all that they share.
    """
    own = _enclosure
    assert own is not None
    if own.lowered and not own.hidden:
        linux.act_as(own.uid, own.gid)
    try:
        return watch.usage(lambda: _sandbox(pid), enough)
    finally:
        if own.lowered and not own.hidden:
            linux.act_as(0, 0)
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)  # the kernel forgets it when the id changes


def kill_tree(pid: int) -> None:
    """End the student process `pid` and all that descends from it; none is left when this returns.

    `pid` itself remains to be waited for. Raises OSError when something does not end within seconds.
    """
    own = _enclosure
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    watch.await_end(pid)
    if own is None or own.pid_namespace is None:  # else the kernel has killed all with process 1, before its end
        watch.kill_all(lambda: [each for each in _sandbox(pid) if each != pid])
    if own is not None:
        if own.group is not None:
            own.group.kill()
        _clean(own)


def _clean(own: _Enclosure) -> None:
    """Remove what a submission left, where it had no tmpfs of its own."""
    if own.root is None:
        os.chdir(own.home)
        root.empty(own.home)
        root.folders(own.home, (own.uid, own.gid))
        root.sweep("/dev/shm", own.uid, since=0 if own.lowered else own.began[-1])
        own.began[:] = [time.time_ns()]


def survey() -> tuple[Layer, ...]:
    """The rows of `autograder doctor`; see survey.py."""
    from autograder.student.survey import survey

    return survey()


def _end_all(number: int, frame: object) -> None:
    for pid in watch.descendants(int(os.readlink("/proc/self"))):
        with contextlib.suppress(OSError):
            kill_tree(pid)
    os._exit(128 + number)


def _sandbox(pid: int) -> list[int]:
    """The processes of the sandbox, as /proc numbers them."""
    if _enclosure is not None and _enclosure.root is not None and _enclosure.root.fresh_proc:
        return [each for each in watch.processes() if each != os.getpid()]
    return watch.descendants(int(os.readlink("/proc/self")))


def _rehearse_confinement(addresses: Sequence[str]) -> Layers:
    """The layers of a first, empty submission.

    In it, "unreadable" is a path that it could not read but needs, and "reachable" one of the Unix sockets at
    `addresses` that it could connect to.
    """
    own = _enclosure
    assert own is not None

    def rehearse(writer: int) -> Layers:
        layers = confine(Confinement(address_space=2**40), keep=writer)
        for path in own.needed:
            try:
                os.listdir(path) if os.path.isdir(path) else os.close(os.open(path, os.O_RDONLY))
            except OSError:
                layers["unreadable"] = path
        if reached := sockets.reachable(addresses):
            layers["reachable"] = reached
        return layers

    return in_child(rehearse, fork)


def _programs(*, unix_sockets: bool, **has: bool) -> dict[bool, bytes]:
    """Seccomp's filters, by whether memfd_create is allowed."""
    return {memfd: policy.program(unix_sockets=unix_sockets, memfd=memfd, **has) for memfd in (True, False)}


def _shed(*, lowered: bool, own_pids: bool, abi: int) -> bool:
    """Give up what the zygote itself does not need. Returns whether students' processes can be made not dumpable.

    That hides them from others of the same user, and from the zygote, unless it may trace anybody. Where a PID
    namespace or Landlock hide them already, seeing what memory they take is worth more.
    """
    hidden = (not own_pids and not abi) or (lowered and linux.has_capability(linux.CAP_SYS_PTRACE))
    with contextlib.suppress(OSError):
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        bounded = linux.has_capability(linux.CAP_SETPCAP)
        if lowered:
            linux.keep_capabilities(*_ZYGOTE_CAPABILITIES, linux.CAP_SETPCAP, inheritable=True)
        if bounded:
            linux.drop_bounding_set()
            if lowered:
                linux.prctl(linux.PR_SET_SECUREBITS, linux.SECBIT_NO_SETUID_FIXUP)  # nothing is dropped unasked
        if lowered:
            linux.keep_capabilities(*_ZYGOTE_CAPABILITIES, inheritable=True)
        if not own_pids:
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
            hide()
    return hidden


def _live_in(home: str) -> None:
    os.chdir(f"{home}/work")
    os.environ["HOME"] = f"{home}/work"
    os.environ["TMPDIR"] = f"{home}/tmp"
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        vars(tempfile)["tempdir"] = None  # it asks TMPDIR again


def close_all_but(keep: set[int]) -> None:
    """Close this process's open files other than these."""
    following = 0
    for fd in sorted(keep):
        if fd > following:
            linux.close_from(following, fd - 1)
        following = fd + 1
    linux.close_from(following)
