"""Runs code in the jail and says what it saw: the other half of test_jail.py, a program of its own.

As ``python -I inmate.py SPEC`` (JSON) it becomes whom SPEC asks for, gives up what SPEC says this machine should not
have, encloses itself as a zygote does, forks, confines and runs SPEC's code in the fork, where `say` reports. The last
line of its output is a JSON object. Where SPEC has a program, it becomes that instead.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ORDINARY = 12345
_CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_CHECKOUT))

from autograder.student import jail, linux  # noqa: E402 - the path comes first
from autograder.student.policy import EPERM  # noqa: E402

# What a container with Docker's default profile refuses, and what root has in it.
_NAMESPACE_CALLS = ("unshare", "setns", "mount", "umount2", "pivot_root", "mount_setattr")
_DOCKER_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
_LANDLOCK_CALLS = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")


def main() -> None:
    spec = json.loads(sys.argv[1])
    if spec["ordinary"] and os.geteuid() == 0:
        if "proc" in spec["without"]:
            cover_proc()
        become_ordinary()
        os.execv(sys.executable, [sys.executable, "-I", __file__, sys.argv[1]])
    scratch = Path(spec["scratch"])
    signal.alarm(spec["seconds"])
    give_up(spec["without"])
    if "program" in spec:
        os.execv(spec["program"][0], spec["program"])
    enclosed = jail.enclose([Path(path) for path in spec["readable"]], scratch)
    if spec["lost_later"]:
        give_up(spec["lost_later"])
    for name in spec["imports"]:
        importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    report = {"enclosed": enclosed, "runs": [run(spec, code) for code in spec["codes"]]}
    print("\n" + json.dumps(report))


def run(spec: dict[str, Any], code: str) -> dict[str, Any]:
    """One submission: the layers, what the code said, how it ended, what `usage` saw while it slept."""
    reader, writer = os.pipe()
    pid = jail.fork()
    if pid == 0:
        try:
            confine_and_run(spec, code, writer)
        finally:
            os._exit(77)
    os.close(writer)
    seen = [0, 0]
    with open(reader) as stream:
        os.set_blocking(reader, False)
        said, deadline = "", time.monotonic() + spec["seconds"] / 2
        while time.monotonic() < deadline:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
                break
            if spec["watch"]:
                seen = [max(pair) for pair in zip(seen, jail.usage(pid), strict=True)]
            time.sleep(0.01)
        started = time.monotonic()
        jail.kill_tree(pid)
        took = time.monotonic() - started
        _, status = os.waitpid(pid, 0)
        said = stream.read() or ""
    left = jail._sandbox(pid)
    lines = [json.loads(line) for line in said.splitlines()]
    return {
        "layers": lines[0] if lines else {},
        "said": lines[1:],
        "code": os.waitstatus_to_exitcode(status),
        "usage": seen,
        "kill_seconds": took,
        "left": left,
    }


def confine_and_run(spec: dict[str, Any], code: str, writer: int) -> None:
    """In the fork."""

    def say(value: object) -> None:
        os.write(writer, (json.dumps(value, default=str) + "\n").encode())

    statm = Path("/proc/self/statm").read_text().split()
    limits = {"memory_mb": 1024, **spec["limits"]}
    budget = limits.pop("memory_mb") * 2**20
    confinement = jail.Confinement(int(statm[0]) * os.sysconf("SC_PAGE_SIZE") + budget, **limits)
    say(jail.confine(confinement, keep=writer))
    try:
        exec(code, {"say": say, "attempt": attempt, "os": os, "sys": sys})
    except BaseException:
        say(traceback.format_exc())
    sys.stdout.flush()
    os._exit(0)


def attempt(function: Callable[..., object], *arguments: object, **options: object) -> str:
    """What came of a call: "done: ..." or the name of its error."""
    try:
        return f"done: {function(*arguments, **options)}"
    except BaseException as error:
        return type(error).__name__


def give_up(what: list[str]) -> None:
    """Make this machine one without `what`: "namespaces" as in Docker, "landlock", "seccomp"."""
    denied: dict[str, int | linux.When] = {}
    if "namespaces" in what:
        denied |= dict.fromkeys(_NAMESPACE_CALLS, EPERM)
        if os.geteuid() == 0:
            linux.drop_bounding_set(*_DOCKER_CAPABILITIES)
            linux.keep_capabilities(*_DOCKER_CAPABILITIES)
    if "landlock" in what:
        denied |= dict.fromkeys(_LANDLOCK_CALLS, linux.deny(38))
    if "pivot_root" in what:
        denied |= {"pivot_root": EPERM}
    if "seccomp" in what:
        denied |= {"seccomp": EPERM}
    if denied:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        linux.seccomp_install(linux.seccomp_program(denied, unknown_from=1000))


def cover_proc() -> None:
    """Hide a part of /proc, as containers do; the kernel then mounts none in a user namespace."""
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", "/proc/fs", "tmpfs", linux.MS_RDONLY)


def become_ordinary() -> None:
    """Go on as a user who is nobody here, in a mount namespace where that user can reach this Python."""
    needed: dict[Path, list[Path]] = {}
    wanted = {Path(sys.base_prefix), Path(sys.prefix), _CHECKOUT}
    for path in (each for each in wanted if wanted.isdisjoint(each.parents)):
        closed = [parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001]
        if closed:
            needed.setdefault(closed[0], []).append(path)
    if needed:
        try:
            linux.unshare(linux.CLONE_NEWNS)
            linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
        except OSError as error:
            sys.exit(f"SKIP: an ordinary user cannot reach {next(iter(needed))}: {error}")
    shown = {folder: [(path, os.open(path, os.O_PATH)) for path in paths] for folder, paths in needed.items()}
    for closed_folder, paths in shown.items():
        linux.mount("tmpfs", str(closed_folder), "tmpfs", 0, "mode=755")
        for path, fd in paths:
            path.mkdir(parents=True)
            linux.mount(f"/proc/self/fd/{fd}", str(path), None, linux.MS_BIND | linux.MS_REC)
            os.close(fd)
    os.setgroups([])
    os.setresgid(ORDINARY, ORDINARY, ORDINARY)
    os.setresuid(ORDINARY, ORDINARY, ORDINARY)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
