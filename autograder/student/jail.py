"""The jail of a student's process, layer by layer.

`enclose` puts the zygote, before it imports anything large, into namespaces and a private root of its own and
prepares what each submission will need. `fork` starts a submission's process in a PID namespace of its own; there
`confine` puts on the rest before any of the student's code runs. Each layer is tried on its own and reported as
"on", with a detail, or "off: reason": what is not permitted here leaves the others as they are.

This module is imported in the process that is jailed. It imports the standard library alone and holds no secret.
docs/threat-model.md says what each layer is for.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from autograder.student import linux, policy, root, watch

Layers = dict[str, str]
ON = "on"

_NAMESPACES = {
    "user namespace": linux.CLONE_NEWUSER,
    "network namespace": linux.CLONE_NEWNET,
    "ipc namespace": linux.CLONE_NEWIPC,
    "uts namespace": linux.CLONE_NEWUTS,
    "cgroup namespace": linux.CLONE_NEWCGROUP,
    "pid namespace": linux.CLONE_NEWPID,
}
_READ = linux.READ_FILE | linux.READ_DIR
_USE = _READ | linux.EXECUTE
_DEVICE = linux.READ_FILE | linux.WRITE_FILE
_SCRATCH = (
    _USE | linux.WRITE_FILE | linux.TRUNCATE | linux.REFER | linux.REMOVE_DIR | linux.REMOVE_FILE
    | linux.MAKE_DIR | linux.MAKE_REG | linux.MAKE_SYM | linux.MAKE_SOCK | linux.MAKE_FIFO
)  # fmt: skip
# Without READ_DIR: whoever does not know the name of a file there does not find it.
_SHARED_MEMORY = _DEVICE | linux.TRUNCATE | linux.REMOVE_FILE | linux.MAKE_REG


@dataclass(frozen=True)
class Confinement:
    """What one submission may use. `address_space` in bytes, for each process; `scratch_mb` MiB of files."""

    address_space: int
    processes: int = 128
    scratch_mb: int = 256
    cpu_seconds: int = 3600
    open_files: int = 512
    memfd: bool = True


@dataclass(frozen=True)
class _Enclosure:
    layers: Layers
    home: str  # where the scratch place is
    uid: int  # of students, as seen inside
    gid: int
    lowered: bool  # students have another uid than the zygote
    private_root: bool
    pid_namespace: int | None  # file descriptor of the zygote's own, if each submission can have one
    landlock_abi: int
    rules: tuple[tuple[int, int], ...]  # Landlock's (path as a file descriptor, rights)
    programs: dict[bool, bytes] = field(repr=False)  # seccomp's, by whether memfd_create is allowed


_enclosure: _Enclosure | None = None


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)


def enclose(readable: Sequence[Path], scratch: Path, *, uid: int | None = None) -> Layers:
    """Jail the zygote, as far as it can be and still start student processes; returns the state of each layer.

    To be called once, by a process with one thread. `readable` are further files and folders to be seen inside, at
    the same paths. `scratch` is an empty folder, used where there can be no private root. `uid` is what student
    processes are lowered to when this is root (one that nobody else has is chosen if None).

    The caller may find itself in a child: what called then waits outside, passes on how the child ended, and takes it
    along when it is killed.
    """
    global _enclosure
    layers, rehearsed = {}, _rehearse(readable)
    who, group = _student_ids(uid)
    lowered = who is not None
    layers["separate uid"] = f"on ({who})" if lowered else "off: " + _why_not_lowered(uid)
    inside = who if who is not None else os.getuid() or 1000
    paths = root.exposed(_with_package(readable))
    home = _home(paths)
    with _attempt(layers, "session keyring"):
        linux.new_session_keyring()
    if not lowered:
        layers["user namespace"] = rehearsed["user namespace"]
        if layers["user namespace"] == ON:
            _own_user_namespace(inside, group)
    else:
        layers["user namespace"] = "off: not needed, the user id is lowered"
    for name, flag in _NAMESPACES.items():
        if name != "user namespace":
            layers[name] = rehearsed[name]
            if rehearsed[name] == ON:
                linux.unshare(flag)
    if layers["uts namespace"] == ON:
        linux.call("sethostname", b"student", 7)
    own_pids = layers["pid namespace"] == ON
    if own_pids:
        _continue_in_child()
    layers["mount namespace"] = layers["private root"] = rehearsed["private root"]
    private_root = layers["private root"] == ON
    if private_root:
        linux.unshare(linux.CLONE_NEWNS)
        root.build(paths, home, uid=inside, gid=group, own_pids=own_pids)
        root.scratch(home, uid=0 if lowered else inside, gid=0 if lowered else group, megabytes=256)
    else:
        home = str(scratch.resolve())
        if lowered:
            os.chown(home, inside, group)
    root.folders(home)
    _live_in(home)
    if lowered and not private_root:
        for name in ("work", "tmp", "shm"):
            os.chown(f"{home}/{name}", inside, group)
    with _attempt(layers, "no new privileges"):
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    if not own_pids:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    with _attempt(layers, "capabilities"):
        if lowered or layers["user namespace"] == ON:
            linux.drop_bounding_set()
    abi = 0
    with _attempt(layers, "landlock"):
        abi = linux.landlock_abi()
        layers["landlock"] = f"on (ABI {abi})"
    rules = tuple(_rules([path for path in paths if os.path.exists(path)], home, private_root, own_pids)) if abi else ()
    programs = {
        memfd: policy.program(
            private_root=private_root, own_pids=own_pids, own_uid=lowered, scoped_signals=abi >= 6, memfd=memfd
        )
        for memfd in (True, False)
    }
    pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if own_pids else None
    _enclosure = _Enclosure(layers, home, inside, group, lowered, private_root, pid_namespace, abi, rules, programs)
    return dict(layers)


def scratch_folder() -> Path:
    """Home and current folder of a student process, empty at its start and the same for every submission."""
    assert _enclosure is not None
    return Path(_enclosure.home, "work")


def fork() -> int:
    """`os.fork()`, into a new PID namespace where that is possible: the child is then its process 1."""
    assert _enclosure is not None
    own = _enclosure.pid_namespace
    if own is None:
        return os.fork()
    linux.unshare(linux.CLONE_NEWPID)
    try:
        pid = os.fork()
    except BaseException:
        linux.setns(own, linux.CLONE_NEWPID)
        raise
    if pid:
        linux.setns(own, linux.CLONE_NEWPID)
    return pid


def confine(confinement: Confinement, *, keep: int) -> Layers:
    """In the fork, before any student code: put on all that is left. Returns the state of each layer.

    Of the open files 0, 1, 2 and `keep` stay. The current folder, HOME and TMPDIR are the submission's own.
    """
    assert _enclosure is not None
    own = _enclosure
    layers = dict(own.layers)
    layers["private tmpfs"] = "off: no mount namespace"
    os.setsid()
    if own.private_root:
        with _attempt(layers, "mount namespace"):
            linux.unshare(linux.CLONE_NEWNS)
        with _attempt(layers, "private tmpfs", f"on ({confinement.scratch_mb} MiB)"):
            root.scratch(own.home, uid=own.uid, gid=own.gid, megabytes=confinement.scratch_mb)
        if own.pid_namespace is not None:
            with contextlib.suppress(OSError):
                flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
                linux.mount("proc", "/proc", "proc", flags)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    os.nice(5)
    with _attempt(layers, "rlimits"):
        _limit(confinement, own)
    if own.lowered:
        with _attempt(layers, "separate uid", own.layers["separate uid"]):
            os.setgroups([])
            os.setresgid(own.gid, own.gid, own.gid)
            os.setresuid(own.uid, own.uid, own.uid)
    with _attempt(layers, "capabilities", "on (none)"):
        linux.drop_capabilities()
    with _attempt(layers, "not dumpable"):
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
    with _attempt(layers, "parent-death signal"):
        die_with_parent()
    root.folders(own.home)
    _live_in(own.home)
    ruleset = -1
    if own.landlock_abi:
        with _attempt(layers, "landlock", own.layers["landlock"]):
            ruleset = linux.landlock_ruleset(own.landlock_abi, [*own.rules, *_own_rules(own)])
            linux.landlock_restrict(ruleset)
    _close_all_but({0, 1, 2, keep})
    with _attempt(layers, "seccomp"):
        linux.seccomp_install(own.programs[confinement.memfd])
    return layers


@contextlib.contextmanager
def _attempt(layers: Layers, name: str, state: str = ON) -> Iterator[None]:
    """Record what became of a layer."""
    try:
        layers[name] = state
        yield
    except OSError as error:
        layers[name] = f"off: {error.strerror or error}"


def _rehearse(readable: Sequence[Path]) -> Layers:
    """Which namespaces can be had, found out in a child that is thrown away: half of one cannot be undone."""

    def rehearse() -> Layers:
        layers = dict.fromkeys([*_NAMESPACES, "private root"], "off: needs a user namespace")
        if _student_ids(None)[0] is None:
            with _attempt(layers, "user namespace"):
                _own_user_namespace(os.getuid() or 1000, os.getgid() or 1000)
            if layers["user namespace"] != ON:
                return layers
        for name, flag in _NAMESPACES.items():
            if name != "user namespace":
                with _attempt(layers, name):
                    linux.unshare(flag)
        own_pids = layers["pid namespace"] == ON

        def build() -> Layers:
            with _attempt(layers, "private root"):
                linux.unshare(linux.CLONE_NEWNS)
                paths = root.exposed(_with_package(readable))
                root.build(paths, _home(paths), uid=1, gid=1, own_pids=own_pids)
            if own_pids:
                with _attempt(layers, "pid namespace"):
                    fd = os.open("/proc/self/ns/pid", os.O_RDONLY)
                    linux.unshare(linux.CLONE_NEWPID)
                    linux.setns(fd, linux.CLONE_NEWPID)
            return layers

        return in_child(build)

    return in_child(rehearse)


def in_child(function: Callable[[], Layers]) -> Layers:
    """What `function` returns in a forked child, whose end is waited for. OSError when the child failed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reader)
            os.write(writer, json.dumps(function()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader, "rb") as stream:
        text = stream.read()
    os.waitpid(pid, 0)
    if not text:
        raise OSError("a probe of the sandbox failed")
    result: Layers = json.loads(text)
    return result


def _own_user_namespace(uid: int, gid: int) -> None:
    """Enter a new user namespace in which this user is `uid`, with all capabilities there and none outside."""
    outside, outside_group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outside_group} 1")


def _student_ids(uid: int | None) -> tuple[int | None, int]:
    """User and group id for student processes: None and the present group where they cannot be changed."""
    if os.geteuid() != 0:
        return None, os.getgid()
    if uid is None:
        spans = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
        first, length = max(((int(a), int(n)) for a, _, n in spans), key=lambda span: span[1])
        if length >= 2**31:
            uid = 0x70000000 + os.getpid()  # above what distributions and containers give out
        elif first + length > 60000:
            uid = 52000 + os.getpid() % 8000
        else:
            return None, os.getgid()
    return uid, uid


def _why_not_lowered(uid: int | None) -> str:
    return "not root" if os.geteuid() != 0 else "no other user id here"


def _home(paths: Sequence[str]) -> str:
    """Where the scratch place is to be mounted: a constant, unless something to be seen lies beneath it."""
    choices = ("/home/student", "/home/submission", "/submission")
    return next(home for home in choices if not any(path.startswith(home) for path in paths))


def _with_package(readable: Sequence[Path]) -> list[Path]:
    """`readable`, and the modules of this package."""
    here = Path(__file__).resolve().parent
    return [*readable, here, here.parent / "__init__.py"]


def _continue_in_child() -> None:
    """Fork; the child returns from here as process 1 of its PID namespace, the parent waits for it and ends like it."""
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        return
    _stand_by(pid)


def _stand_by(pid: int) -> NoReturn:
    linux.close_from(0)
    while True:
        with contextlib.suppress(InterruptedError):
            _, status = os.waitpid(pid, 0)
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _live_in(home: str) -> None:
    os.chdir(f"{home}/work")
    os.environ["HOME"] = f"{home}/work"
    os.environ["TMPDIR"] = f"{home}/tmp"
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        vars(tempfile)["tempdir"] = None  # it asks TMPDIR again


def _rules(paths: Sequence[str], home: str, private_root: bool, own_pids: bool) -> Iterator[tuple[int, int]]:
    """Landlock's rules that are the same for every submission."""
    yield from (_rule(path, _USE) for path in paths)
    if private_root:
        yield _rule("/etc", _READ)
        yield from (_rule(f"/dev/{name}", _DEVICE) for name in root.DEVICES)
        if not own_pids:
            yield _rule("/proc", _READ)
        return
    files = ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat"]
    yield from (_rule(path, linux.READ_FILE) for path in files if os.path.exists(path))
    yield from (_rule(f"/dev/{name}", _DEVICE) for name in root.DEVICES if os.path.exists(f"/dev/{name}"))
    yield _rule(home, _SCRATCH)
    if os.path.isdir("/dev/shm"):
        yield _rule("/dev/shm", _SHARED_MEMORY)


def _own_rules(own: _Enclosure) -> Iterator[tuple[int, int]]:
    """Landlock's rules for what this submission alone has."""
    if own.private_root:
        yield _rule(own.home, _SCRATCH)
    if own.pid_namespace is not None and own.private_root:
        yield _rule("/proc", _READ)
    elif not own.private_root:
        yield _rule("/proc/self", _READ)


def _rule(path: str, rights: int) -> tuple[int, int]:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    return fd, rights if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & linux.FILE_RIGHTS


def _limit(confinement: Confinement, own: _Enclosure) -> None:
    """Set the limits of each process. That of processes counts all of the user's: those there already come on top."""
    others = 0 if own.lowered else 2 if own.layers["user namespace"] == ON else _tasks_of(os.getuid())
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


def _close_all_but(keep: set[int]) -> None:
    following = 0
    for fd in sorted(keep):
        if fd > following:
            linux.close_from(following, fd - 1)
        following = fd + 1
    linux.close_from(following)


def _tasks_of(uid: int) -> int:
    """How many processes and threads a user has: all of them count for the limit outside of a user namespace."""
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == uid:
                    count += len(os.listdir(f"/proc/{entry.name}/task"))
    return count


def usage(pid: int) -> tuple[int, int]:
    """How many processes the sandbox of the student process `pid` has, and how many bytes they take. For the zygote."""
    return watch.usage(_sandbox(pid))


def kill_tree(pid: int) -> None:
    """End the student process `pid` and all that descends from it; none is left when this returns.

    `pid` itself stays to be waited for.
    """
    own = _enclosure
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    if own is not None and own.pid_namespace is not None:
        return  # the kernel kills a PID namespace with its process 1, before that can be waited for
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    watch.kill_all(lambda: [each for each in _sandbox(pid) if each != pid])


def _sandbox(pid: int) -> list[int]:
    """The processes of the sandbox: in a PID namespace of the zygote's own all but itself, else its descendants."""
    if _enclosure is not None and _enclosure.pid_namespace is not None and _enclosure.private_root:
        return [each for each in watch.processes() if each != os.getpid()]
    return watch.descendants(os.getpid())
