"""The zygote's namespaces: which can be had, entering them, and whom student processes run as."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from autograder.student import linux, root
from autograder.student.layering import ON, Layers, attempt, in_child

KINDS = {
    "network namespace": linux.CLONE_NEWNET,
    "ipc namespace": linux.CLONE_NEWIPC,
    "uts namespace": linux.CLONE_NEWUTS,
    "cgroup namespace": linux.CLONE_NEWCGROUP,
    "pid namespace": linux.CLONE_NEWPID,
}


def rehearse(readable: Sequence[Path], *, own_user: bool) -> Layers:
    """Which namespaces can be had, found out in a child that is thrown away: half of one cannot be undone."""
    names = ("user namespace", *KINDS, "private root")

    def attempt_all(_: int) -> Layers:
        layers = dict.fromkeys(names, "off: needs a user namespace")
        if not own_user:
            layers["user namespace"] = "off: not needed, the user id is lowered"
        else:
            with attempt(layers, "user namespace"):
                enter_user_namespace(os.getuid() or 1000, os.getgid() or 1000)
            if layers["user namespace"] != ON:
                return layers
        for name, flag in KINDS.items():
            with attempt(layers, name):
                linux.unshare(flag)
        own_pids = layers["pid namespace"] == ON

        def build(_: int) -> Layers:
            if own_pids:
                with attempt(layers, "pid namespace"):  # one for each submission needs the way back
                    fd = os.open("/proc/self/ns/pid", os.O_RDONLY)
                    linux.unshare(linux.CLONE_NEWPID)
                    linux.setns(fd, linux.CLONE_NEWPID)
            with attempt(layers, "private root"):
                linux.unshare(linux.CLONE_NEWNS)
                paths = root.exposed(readable)
                root.build(paths, root.home(paths), uid=1, gid=1, own_pids=own_pids)
            return layers

        return in_child(build)

    try:
        return in_child(attempt_all)
    except BlockingIOError:
        raise
    except OSError as error:
        return dict.fromkeys(names, f"off: {error}")


def enter_user_namespace(uid: int, gid: int) -> None:
    """Enter a new user namespace in which this user is `uid`, with all capabilities there and none outside."""
    outside, outside_group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outside_group} 1")


def student_ids(uid: int | None) -> tuple[int, int] | None:
    """User and group id for student processes, or None where they cannot be other than this process's own."""
    if os.geteuid() != 0:
        return None
    spans = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    first, length = max(((int(a), int(n)) for a, _, n in spans), key=lambda span: span[1])
    if uid is None and length >= 2**31:
        uid = 0x70000000 + os.getpid()  # above what distributions and containers give out
    elif uid is None and first + length > 60000:
        uid = 52000 + os.getpid() % 8000  # between people and the system's own
    return None if uid is None else (uid, uid)


def why_not_lowered() -> str:
    """Why `student_ids` is None."""
    return "no other user id here" if os.geteuid() == 0 else "not root"


def continue_in_child() -> None:
    """Fork; the child returns from here as process 1 of its PID namespace, the parent waits for it and ends like it."""
    pid = os.fork()
    if pid == 0:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    _stand_by(pid)


def _stand_by(pid: int) -> NoReturn:
    linux.close_from(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal it is meant for the grader, which ends us all
    while True:
        with contextlib.suppress(InterruptedError):
            _, status = os.waitpid(pid, 0)
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
