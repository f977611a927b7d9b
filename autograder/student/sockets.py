"""Unix sockets that student code could reach where it has no root of its own.

No filter sees the address of a socket. So where the files of others exist, student code may have Unix sockets (which
multiprocessing and torch's data loaders use among themselves) only when there is none that it could connect to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence

# Where services keep theirs; what listens in this network namespace is known without a search.
_FOLDERS = ("/run", "/var/run", "/tmp", "/var/tmp", "/dev")
_MOST_ENTRIES = 20_000
_OUT_OF_REACH = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


def candidates(*, search: bool) -> list[str]:
    """Addresses of Unix sockets on this machine, as far as this process sees; abstract ones begin with a zero byte.

    Without a `search` of the folders where services keep theirs, only what the kernel lists: a private root has none of
    these folders, and they may hold tens of thousands of files.
    """
    found = dict.fromkeys([*_listed(), *_mounted(), *(_searched() if search else ())])
    return [address for address in found if 0 < len(os.fsencode(address)) < 108]


def reachable(addresses: Sequence[str]) -> str | None:
    """The first of `addresses` that this process may connect to, or None. Nothing is sent to any of them."""
    for address in addresses:
        try:
            # A stream socket refuses the kind, but only to those who may connect.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
                probe.setblocking(False)
                probe.connect(address)
        except OSError as error:
            if error.errno in _OUT_OF_REACH:
                continue
        return address
    return None


def _listed() -> Iterator[str]:
    with contextlib.suppress(OSError), open("/proc/net/unix", errors="surrogateescape") as table:
        for line in table.readlines()[1:]:
            fields = line.rstrip("\n").split(maxsplit=7)
            if len(fields) == 8:
                yield "\0" + fields[7][1:] if fields[7].startswith("@") else fields[7]


def _mounted() -> Iterator[str]:
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", errors="surrogateescape") as table:
        for line in table:
            place = line.split()[4]
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.stat(place).st_mode):
                    yield place


def _searched() -> Iterator[str]:
    left = _MOST_ENTRIES
    folders = list(_FOLDERS)
    while folders and left > 0:
        with contextlib.suppress(OSError):
            for entry in os.scandir(folders.pop()):
                left -= 1
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                        yield entry.path
