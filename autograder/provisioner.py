"""A kernel provisioner: choosing the kernelspec `autograder` has Jupyter's own tools run a notebook in the jail.

Kernels are forked from a warm process that this one starts once, and end with it. A kernel sees copies of the files in
the notebook's folder, when whoever starts it says which that is, and of nothing else.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from traitlets import Bool, Integer

from autograder.records import Limits
from autograder.relay import Relay
from autograder.student.warm import Incubator, Zygote, prove_jail

NAME = "autograder"

_DAYS = 7 * 86400.0
_CONFIG = ("course_config.py", "nbgrader_config.py")
_OURS = ("conftest.py", "results.json")


class JailedProvisioner(LocalProvisioner):
    """Starts kernels in the jail. How long a cell may take, whoever runs it says; other limits are grading's."""

    memory_mb = Integer(Limits.memory_mb, help="MiB of memory above the warm process.").tag(config=True)
    files_mb = Integer(Limits.files_mb, help="MiB of files that the notebook may write.").tag(config=True)
    unprotected = Bool(False, help="Run notebooks even where no jail can be had.").tag(config=True)

    _relay: Relay | None = None
    _zygote: Zygote | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._relay is not None

    async def poll(self) -> int | None:
        """None while the kernel is there."""
        return None if self._relay is not None and self._relay.is_alive() else 0

    async def wait(self) -> int | None:
        """Wait for the end of the kernel."""
        while await self.poll() is None:
            await asyncio.sleep(0.02)
        self._let_go()
        return 0

    async def send_signal(self, signum: int) -> None:
        """An interrupt is passed on, other signals end the kernel."""
        if self._relay is None or signum == 0:
            return
        if signum == signal.SIGINT:
            self._relay.interrupt()
        else:
            self._relay.stop()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """End the kernel."""
        await self.send_signal(signal.SIGTERM)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a process in a jail that was tried, and serve it. Raises SandboxError when there is none to be had."""
        if "curve_publickey" in self.connection_info:
            raise RuntimeError("the jailed kernel has no encrypted transport; it listens on this machine alone")
        folder = Path(kwargs["cwd"]).resolve() if kwargs.get("cwd") else None
        limits = Limits(cell_seconds=_DAYS, submission_seconds=_DAYS, memory_mb=self.memory_mb, files_mb=self.files_mb)
        self._zygote = _zygote(limits)
        try:
            prove_jail(self._zygote, _secrets(folder), ["none"] if self.unprotected else [])
            files = files_in(folder, limits.files_mb * 2**20) if folder is not None else []
            process = self._zygote.spawn(files, deadline=time.monotonic() + _DAYS)
            self._relay = Relay(dict(self.connection_info), process)
        except BaseException:
            self._let_go()
            raise
        self._relay.start()
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the processes."""
        if self._relay is not None:
            self._relay.stop()
            while self._relay.is_alive():
                await asyncio.sleep(0.02)
        self._let_go()
        await super().cleanup(restart)

    def _let_go(self) -> None:
        self._relay = None
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            _idle.append(zygote)


# A zygote takes ten times as long to start as the process that is forked from it.
_idle: list[Zygote] = []


def _zygote(limits: Limits) -> Zygote:
    """A zygote that no kernel uses."""
    while _idle:
        zygote = _idle.pop()
        if zygote.alive and zygote.limits == limits:
            return zygote
        zygote.close()
    return _incubator(limits).zygote()


def end_idle() -> None:
    """End the warm processes that no kernel uses; the next kernel starts new ones."""
    while _idle:
        _idle.pop().close()
    _incubator.cache_clear()


@functools.lru_cache(maxsize=1)
def _incubator(limits: Limits) -> Incubator:
    """The warm process, one as long as kernels have the same limits."""
    incubator = Incubator(limits=limits)
    atexit.register(incubator.close)
    return incubator


def _secrets(folder: Path | None) -> list[Path]:
    """What the jail is tried on: where kernels' keys are, and the course that a notebook's folder is in."""
    above = (folder, *folder.parents) if folder is not None else ()
    course = next((place for place in above if any((place / name).is_file() for name in _CONFIG)), None)
    names = ("solutions", "source", "submitted", "tests", "gradebook.db", ".secret")
    return [Path(jupyter_runtime_dir()), *(course / name for name in names if course is not None)]


def files_in(folder: Path, most: int) -> list[tuple[str, bytes]]:
    """The files in a notebook's folder that its kernel gets copies of: data and modules, up to `most` bytes in all.

    Not notebooks, hidden files, links, or what is the grader's own; nothing from the folder of a course itself.
    """
    if any((folder / name).exists() for name in _CONFIG):
        return []
    files = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "__pycache__")) for part in parts)
        if hidden or path.suffix == ".ipynb" or path.name in _OURS or path.name.startswith("gradebook.db"):
            continue
        links = any(folder.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts)))
        if links or not path.is_file() or path.stat().st_size > most:
            continue
        most -= path.stat().st_size
        files.append(("/".join(parts), path.read_bytes()))
    return files


def install_kernelspec(*, user: bool = False, prefix: str | None = None) -> Path:
    """Make the kernelspec known to Jupyter: in this environment, for this user, or under `prefix`; its folder."""
    spec = {
        "argv": [
            sys.executable,
            "-m",
            "autograder.provisioner",
            "{connection_file}",
        ],  # never run: the provisioner forks
        "display_name": "Python 3 (jailed)",
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": {"kernel_provisioner": {"provisioner_name": NAME}},
    }
    folder = Path(tempfile.mkdtemp(prefix="autograder-"))
    try:
        (folder / "kernel.json").write_text(json.dumps(spec, indent=1) + "\n")
        place = None if user else prefix or sys.prefix
        return Path(KernelSpecManager().install_kernel_spec(str(folder), NAME, user=user, prefix=place))
    finally:
        shutil.rmtree(folder)
