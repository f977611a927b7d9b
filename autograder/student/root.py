"""The private root: a file system in which the course, homes and the machine's files do not exist.

A tmpfs becomes the root of the zygote's mount namespace. In it, at their usual paths and read-only, is what Python and
an honest notebook need: the system's programs and libraries, this Python, the installed packages, a little of /etc,
five devices. Where there is no mount namespace, the same list becomes Landlock's allow-list.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.student import linux

DEVICES = ("null", "zero", "full", "random", "urandom")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
# Of /etc what programs and libraries read to work at all: no host names, keys or accounts.
_ETC = (
    "alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias", "localtime", "mime.types",
    "os-release", "protocols", "services", "ssl/certs", "ssl/openssl.cnf", "texmf", "timezone",
)  # fmt: skip
_SYS = ("/sys/devices/system/cpu", "/sys/devices/system/node")  # how many processors there are
PROC_FILES = ("cpuinfo", "meminfo", "stat")
ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/nsswitch.conf")  # a private root has its own
_OLD = "/.old"
# Writable for everybody as a rule: links into the scratch place. What is to be seen beneath them is kept aside, and
# put there for each submission anew.
_LINKS = {"/tmp": "tmp", "/var/tmp": "tmp", "/dev/shm": "shm"}
_ASIDE = "/.shown"


@dataclass(frozen=True)
class Root:
    """A private root. `aside` is what each scratch place needs: where it is kept, and its path below `home`."""

    home: str
    fresh_proc: bool  # /proc shows the present PID namespace and nothing else; otherwise it is the machine's
    aside: tuple[tuple[str, str], ...]


def exposed(readable: Iterable[Path]) -> list[str]:
    """The absolute paths that a student process may read and run, `readable` and this package among them."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    library = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    environment = [str(Path(sys.prefix, name)) for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    if sys.prefix == sys.base_prefix:
        environment = []
    base = [] if sys.base_prefix == "/" else [sys.base_prefix]
    paths = [*_SYSTEM, *base, *environment, *packages, *library, *_SYS, *(f"/etc/{name}" for name in _ETC)]
    here = Path(__file__).resolve().parent
    extra = [str(Path(path).absolute()) for path in (*readable, here, here.parent / "__init__.py")]
    return [path for path in (*paths, *extra) if os.path.exists(path)]


def home(paths: Sequence[str]) -> str:
    """Where the scratch place is to be mounted: a constant, unless something to be seen lies beneath it."""
    choices = ("/home/student", "/home/submission", "/submission")
    return next(home for home in choices if not any(f"{path}/".startswith(f"{home}/") for path in paths))


def build(paths: Sequence[str], home: str, *, uid: int, gid: int, own_pids: bool) -> Root:
    """Make the private root and move into it. Needs a mount namespace of one's own; the mounts last as long as it.

    `home` will be the place of the scratch tmpfs of each submission. OSError when something is not permitted; the
    caller is then in no defined root (and had better be a rehearsal).
    """
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    base = "/tmp"
    linux.mount("tmpfs", base, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=8m,mode=755")
    os.mkdir(base + _OLD)
    _move_in(base)
    bound: list[str] = []
    aside: list[tuple[str, str]] = []
    for path in sorted(paths, key=lambda path: path.count("/")):
        _show(path, bound, aside)
    _etc(uid, gid, home)
    _dev()
    fresh_proc = _proc(own_pids)
    os.makedirs(home)
    for link, folder in _LINKS.items():
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(f"{home}/{folder}", link)
    linux.unmount(_OLD)
    os.rmdir(_OLD)
    flags = linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("none", "/", None, flags)
    return Root(home, fresh_proc, tuple(aside))


def _move_in(base: str) -> None:
    """Make the mount at `base` the root, and have the former one beneath it."""
    try:
        linux.pivot_root(base, base + _OLD)
        os.chdir("/")
    except PermissionError:  # Docker's profile has no pivot_root even for those who may mount
        linux.mount("/", base + _OLD, None, linux.MS_BIND | linux.MS_REC)
        os.chdir(base)
        linux.mount(".", "/", None, linux.MS_MOVE)
        os.chroot(".")
        os.chdir("/")
        linux.unmount(_OLD + base)


def scratch(root: Root, *, uid: int, gid: int, megabytes: int) -> None:
    """Mount an empty tmpfs of that size for `uid` at the root's home: the only place to write to."""
    options = f"size={megabytes}m,nr_inodes={megabytes * 256},mode=755,uid={uid},gid={gid}"
    linux.mount("tmpfs", root.home, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    folders(root.home, (uid, gid))
    for kept, place in root.aside:
        _point(kept, f"{root.home}/{place}")
        linux.mount(kept, f"{root.home}/{place}", None, linux.MS_BIND | linux.MS_REC)


def folders(home: str, owner: tuple[int, int]) -> None:
    """Make the folders of a scratch place: `work` (home and current), `tmp`, `shm`."""
    for name in ("work", "tmp", "shm"):
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{home}/{name}")
        os.chown(f"{home}/{name}", *owner)


def empty(folder: str) -> None:
    """Remove all that is in `folder`, however deep or locked; never follows a link.

    Folders are moved up into `folder` before they are removed: neither depth nor the length of a path matters.
    """
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    number = 0
    try:
        while names := os.listdir(top):
            for name in names:
                if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                    os.unlink(name, dir_fd=top)
                    continue
                os.chmod(name, 0o700, dir_fd=top)
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
                try:
                    for each in os.listdir(inner):
                        if stat.S_ISDIR(os.stat(each, dir_fd=inner, follow_symlinks=False).st_mode):
                            os.chmod(each, 0o700, dir_fd=inner)
                            os.rename(each, f".{os.getpid()}-{number}", src_dir_fd=inner, dst_dir_fd=top)
                            number += 1
                        else:
                            os.unlink(each, dir_fd=inner)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def sweep(folder: str, uid: int, since: int) -> None:
    """Remove the files directly in `folder` that belong to `uid` and have changed `since` (nanoseconds)."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if status.st_uid == uid and status.st_ctime_ns >= since:
                    os.unlink(entry.path)


def _proc(own_pids: bool) -> bool:
    os.makedirs("/proc")
    if own_pids:
        # Not to be had in a user namespace where parts of /proc are covered, as containers have it.
        with contextlib.suppress(OSError):
            linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
            return True
    linux.mount(f"{_OLD}/proc", "/proc", None, linux.MS_BIND | linux.MS_REC)
    return False


def _show(path: str, bound: list[str], aside: list[tuple[str, str]]) -> None:
    """Bind `path` of the old root at the same place (or keep it aside), with the symbolic links that lead to it."""
    parts = [part for part in path.split("/") if part]
    where = ""
    for i, part in enumerate(parts):
        where += "/" + part
        if os.path.islink(_OLD + where):
            target = os.readlink(_OLD + where)
            if not _within(where, (*bound, *_LINKS)) and not os.path.lexists(where):
                os.makedirs(os.path.dirname(where), exist_ok=True)
                os.symlink(target, where)
            _show(os.path.normpath(os.path.join(os.path.dirname(where), target, *parts[i + 1 :])), bound, aside)
            return
    if _within(path, bound) or not os.path.exists(_OLD + path):
        return
    place = path
    for link, folder in _LINKS.items():
        if _within(path, (link,)):
            place = f"{_ASIDE}/{len(aside)}"
            aside.append((place, folder + path.removeprefix(link)))
    _point(_OLD + path, place)
    linux.bind(_OLD + path, place)
    bound.append(path)


def _point(source: str, place: str) -> None:
    """Make a mount point for `source`."""
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        Path(place).touch()


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _etc(uid: int, gid: int, home: str) -> None:
    os.makedirs("/etc", exist_ok=True)
    for name, text in {
        "passwd": f"root:x:0:0::/:/bin/false\nstudent:x:{uid}:{gid}::{home}/work:/bin/bash\n",
        "group": f"root:x:0:\nstudent:x:{gid}:\n",
        "hosts": "127.0.0.1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }.items():
        Path("/etc", name).write_text(text)
    os.symlink("/proc/self/mounts", "/etc/mtab")


def _dev() -> None:
    os.makedirs("/dev")
    for name in DEVICES:
        Path("/dev", name).touch()
        linux.bind(f"{_OLD}/dev/{name}", f"/dev/{name}", device=True)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
