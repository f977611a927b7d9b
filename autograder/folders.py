"""Reading a stranger's folder: regular files only, nothing through a link, nothing without a limit.

Links, pipes, devices and sockets are looked at and never opened; a folder is walked by its descriptor, so that
nothing can be put in its place meanwhile.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

MAX_FILES = 1000
MAX_DEPTH = 16

GRADERS_FILES = ("conftest.py", "results.json", "gradebook.db*", "course_config.py", "nbgrader_config.py")
GRADERS_MODULES = ("autograder", "autograder.py", "sitecustomize.py", "usercustomize.py")
BROUGHT_ALONG = (".*", "*.ipynb", "timestamp.txt", "submission_secret.txt", "__MACOSX", "Thumbs.db", "desktop.ini")

FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC

KINDS = {
    stat.S_IFLNK: "it is a link",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
    stat.S_IFDIR: "it is a folder",
    stat.S_IFREG: "it is a file, not a folder",
}


class Refused(Exception):
    """Something that is not read; says why, as the end of a sentence about it."""


@dataclass
class Tree:
    """The files of a folder by their relative path, and what was left out, by reason. `limits` are reasons of size."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    limits: set[str] = field(default_factory=set)
    size: int = 0


def open_folder(folder: Path) -> int:
    """A descriptor of `folder`, of whose path the last two parts (student and assignment) must not be links.

    Raises Refused for what is not a folder, OSError for what cannot be opened.
    """
    at = os.open(folder.parent.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in folder.parts[-2:]:
        above = at
        try:
            mode = os.stat(part, dir_fd=above, follow_symlinks=False).st_mode
            if not stat.S_ISDIR(mode):
                raise Refused(KINDS.get(stat.S_IFMT(mode), "it is not a folder"))
            at = os.open(part, FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return at


def read_file(folder: int | None, name: str, limit: int) -> bytes:
    """The bytes of the regular file `name` in `folder`. Raises Refused for anything else or larger, and OSError."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(mode.st_mode):
        raise Refused(KINDS.get(stat.S_IFMT(mode.st_mode), "it is not a file"))
    if mode.st_size > limit:
        raise Refused(f"it is too large, over {limit / 1e6:.0f} MB")
    with os.fdopen(os.open(name, FILE, dir_fd=folder), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused("it changed while it was read")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused("it grew while it was read")
    return data


def read_tree(folder: int, ignore: list[str], limit: int) -> Tree:
    """The files in `folder` and below that a submission may bring, at most `limit` bytes of them together."""
    tree = Tree()
    _walk(folder, "", 0, (*ignore, *BROUGHT_ALONG), limit, tree)
    return tree


def _walk(folder: int, above: str, depth: int, ignore: tuple[str, ...], limit: int, tree: Tree) -> None:
    for name in sorted(os.listdir(folder)):
        path = above + name
        if any(fnmatch.fnmatch(name.lower(), pattern.lower()) for pattern in ignore):
            continue
        try:
            if any(fnmatch.fnmatch(name.lower(), pattern) for pattern in GRADERS_FILES):
                raise Refused("the name is one of the grader's own")
            if not above and name.lower() in GRADERS_MODULES:
                raise Refused("the name is one of the grader's own")
            if shown(name) != name:
                raise Refused("the name has characters that cannot be used")
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                if depth == MAX_DEPTH:
                    raise Refused("it is too deep in folders")
                below = os.open(name, FOLDER, dir_fd=folder)
                try:
                    _walk(below, f"{path}/", depth + 1, ignore, limit, tree)
                finally:
                    os.close(below)
                continue
            if len(tree.files) == MAX_FILES:
                raise _limited(tree, f"a submission brings at most {MAX_FILES} files")
            if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size > limit - tree.size:
                raise _limited(tree, f"a submission brings at most {limit / 2**20:.0f} MiB of files")
            data = read_file(folder, name, limit - tree.size)
        except (Refused, OSError) as error:
            tree.left_out.setdefault(reason_for(error), []).append(path)
        else:
            tree.files.append((path, data))
            tree.size += len(data)


def _limited(tree: Tree, reason: str) -> Refused:
    tree.limits.add(reason)
    return Refused(reason)


def reason_for(error: Exception) -> str:
    """Why something was not read, as the end of a sentence."""
    if not isinstance(error, OSError):
        return str(error)
    words = {
        errno.EACCES: "it may not be read (permission denied)",
        errno.EPERM: "it may not be read (permission denied)",
        errno.ENOENT: "it is not there",
        errno.ELOOP: "it is a link",
        errno.ENAMETOOLONG: "its name is too long",
    }
    return words.get(error.errno or 0, f"it could not be read ({error.strerror})")


def shown(name: str) -> str:
    """A file's name as it can be shown and stored: itself, or with escapes for what is not text."""
    return name if name.isprintable() else ascii(name)[1:-1]
