"""The canary: tries, from inside a jail, what no student may be able to do.

Runs in a confined process that is thrown away afterwards, which is told the secret paths over its own socket: the
zygote must not know them. Whatever it achieves is a hole in the jail, in words.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_SECONDS = 0.5


def canary(secrets: Sequence[str], addresses: Sequence[str] = (), pids: Sequence[int] = ()) -> list[str]:
    """A sentence for each attempt that succeeded; none from a sound jail.

    `secrets` are absolute paths of files and folders (a check, the gradebook, another submission). `addresses` are
    where the examiner listens: "tcp:127.0.0.1:1234", "unix:/path" or "abstract:name". `pids` are the examiner's and
    the zygote's, as numbered outside.
    """
    return [*_reading(secrets, pids), *_connecting(addresses), *_meddling(pids), *_writing(secrets)]


def _reading(secrets: Sequence[str], pids: Sequence[int]) -> Iterator[str]:
    doors = ["", "/proc/1/root", *(f"/proc/{pid}/root" for pid in (*pids, os.getppid()) if pid)]
    for secret in secrets:
        if any(_opens(f"{door}{secret}") for door in doors):
            yield f"Student code can read {secret}."


def _opens(path: str) -> bool:
    try:
        os.listdir(path) if os.path.isdir(path) else os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _connecting(addresses: Sequence[str]) -> Iterator[str]:
    for address in addresses:
        kind, _, rest = address.partition(":")
        with contextlib.suppress(OSError):
            if kind == "tcp":
                host, _, port = rest.rpartition(":")
                socket.create_connection((host, int(port)), timeout=_SECONDS).close()
            else:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(_SECONDS)
                    connection.connect(f"\0{rest}" if kind == "abstract" else rest)
            yield f"Student code can connect to {address}."


def _meddling(pids: Sequence[int]) -> Iterator[str]:
    if os.geteuid() == 0:
        yield "Student code runs as root."
    for pid in {*pids, os.getppid()} - {0, os.getpid()}:
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            yield f"Student code can signal process {pid}."
        for name in ("environ", "mem", "maps"):
            with contextlib.suppress(OSError):
                os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
                yield f"Student code can read {name} of process {pid}."


def _writing(secrets: Sequence[str]) -> Iterator[str]:
    folders = ["/", "/etc", "/usr", "/var", "/home", os.path.dirname(os.__file__), sys.prefix]
    folders += [os.path.dirname(secret) for secret in secrets]
    own = os.path.dirname(os.environ["HOME"])
    for folder in dict.fromkeys(folders):
        if os.path.realpath(folder).startswith(f"{own}/"):
            continue  # what looks like a folder beneath /tmp is one of the submission's own
        probe = Path(folder, f".canary-{os.getpid()}")
        with contextlib.suppress(OSError):
            os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            os.unlink(probe)
            yield f"Student code can write in {folder}."
    for path in (os.__file__, __file__, *secrets):
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
            yield f"Student code can write to {path}."
