"""Programs of this package that start with nothing of whoever starts them, and their homes.

Small, as a command waits for it before anything else is under way.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def make_folder(above: str | None = None) -> str:
    """A new folder for this package's processes. Those of students, who may be another user, may pass through it."""
    folder = tempfile.mkdtemp(prefix="autograder-", dir=above)
    os.chmod(folder, 0o711)
    return folder


def bring_fonts(home: str) -> None:
    """Let matplotlib, where `home` is home, know the fonts that it knows for this user.

    Otherwise it looks through all of the machine's, more than a millisecond each, for every command anew.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    place = os.environ.get("MPLCONFIGDIR") or os.path.join(caches, "matplotlib")

    def is_there(font: dict[str, Any]) -> bool:
        name = font["fname"]  # a relative one is matplotlib's own
        return not os.path.isabs(name) or (name.startswith("/usr/") and os.path.exists(name))

    lists: list[Path] = []
    with contextlib.suppress(OSError):  # who grades may have a home that is somebody else's
        lists += Path(place).glob("fontlist-*.json")
    for path in lists:
        # What it cannot read, it makes anew.
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            known = json.loads(path.read_text("utf-8"))
            for kind in ("afmlist", "ttflist"):
                known[kind] = [font for font in known[kind] if is_there(font)]
            copy = Path(home, ".cache", "matplotlib", path.name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(json.dumps(known), "utf-8")


def start_clean(
    module: str, end: socket.socket, *arguments: str, quiet: bool = True, folder: str | None = None
) -> subprocess.Popen[bytes]:
    """Run a module as a program that holds nothing of this process but `end`, the number of which it is given first.

    `folder` is its home. If it is not `quiet`, what it prints goes to standard error: this process's output is its own.
    """
    # -s -P: what is imported is the installation's, not the user's nor the current folder's. Not -I, which would
    # ignore the environment that is made for it here.
    return subprocess.Popen(
        [sys.executable, "-s", "-P", "-X", "utf8", "-m", module, str(end.fileno()), *arguments],
        env={**_environment(), **({"HOME": folder, "TMPDIR": folder} if folder else {})},
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else 2,
        stderr=subprocess.DEVNULL if quiet else None,
        cwd="/",
    )


def _environment() -> dict[str, str]:
    """The environment a student's code sees: nothing of the examiner's but where the programs are."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        "NBGRADER_EXECUTION": "autograde",
        # Memory in large pages: a fork copies a five hundredth of the page tables, and takes a third of the time.
        "MALLOC_ARENA_MAX": "2",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        # There is no network to install from: say so at once instead of trying again and again.
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
