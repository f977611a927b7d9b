"""The incubator and its zygotes: warm processes, of which each submission's process is a fork.

The *incubator* is started as ``python -m autograder.student.zygote FD WISHES`` with an environment of its own and one
open file, the socket FD, or as a fork of a process that was started so. It imports what notebooks import, once, and
forks a *zygote* for each socket that comes over FD. A zygote goes to jail and forks the student processes. Neither
runs any code of a student's, and neither holds what a student may not see: no check, no solution, no gradebook, no
secret.

Requests to a zygote, after the first, which starts it: ``spawn`` (with a socket for the student process), ``wait``,
``kill``, ``usage``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import logging
import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from autograder.student import ban, jail, linux, standins, wire

_LAST_SECONDS = 0.5

# What libraries import only because it is installed: scikit-learn does, which takes half a second, and every fork
# becomes dearer. A notebook that wants it and did not say so imports it itself.
_TAKEN_ALONG = frozenset({"pandas"})

# Run once before the first fork, so that no child pays for what is imported or built on first use.
_PREWARM = """
import matplotlib.pyplot as _plt, numpy as _np, torch as _torch
_figure, _axes = _plt.subplots(figsize=(2, 1))
_axes.plot([0, 1], [1, 2], label="a")
_axes.imshow(_np.zeros((2, 2)))
_axes.set_title("$x^2$")
_axes.legend()
_plt.show()
_model = _torch.nn.Sequential(_torch.nn.Conv2d(1, 1, 2), _torch.nn.Flatten(), _torch.nn.Linear(4, 2), _torch.nn.ReLU())
_outputs = _model(_torch.zeros(1, 1, 3, 3))
_outputs.sum().backward()
_torch.optim.Adam(_model.parameters()).step()
print(_model, _outputs)
_modules = _np.testing, _np.fft
"""


def main() -> None:
    """Be the incubator that the command line asks for."""
    incubate(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))


def fork_incubator(requests: socket.socket, wishes: dict[str, Any]) -> int:
    """The process id of an incubator that is a fork of this process. Of its open files, `requests` alone stays."""
    pid = os.fork()
    if pid:
        return pid
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        jail.close_all_but({0, 1, 2, requests.fileno()})
        incubate(requests, wishes)
    finally:
        os._exit(0)


def incubate(requests: socket.socket, wishes: dict[str, Any]) -> None:
    """Warm up, then fork a zygote for each socket that comes, until the examiner is gone."""
    jail.die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Whoever started the command may have made these what no submission, nor its jail, can live with.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)
    linux.set_name("incubator")
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # the examiner's own limit is none of a submission's
    missing, failure = [], ""
    try:
        missing = warm_up(**wishes)
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
    signal.signal(signal.SIGCHLD, _bury)
    jail.hide()
    while True:
        _, fds, _, _ = socket.recv_fds(requests, 1, 1)
        if not fds:
            # What zygotes used counts as ours only once they are buried, and those that are still there are ending.
            deadline = time.monotonic() + _LAST_SECONDS
            while _bury() and time.monotonic() < deadline:
                time.sleep(0.005)
            return
        channel = wire.Channel(socket.socket(fileno=fds[0]))
        try:
            pid = -1 if failure else os.fork()
        except BlockingIOError as error:
            pid = -1
            channel.send(_failed(error))
        if failure:
            channel.send({"status": "failed", "message": failure})
        elif pid == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            linux.prctl(linux.PR_SET_DUMPABLE, 1)  # or it could not map users in a namespace of its own
            jail.die_with_parent()
            linux.set_name("zygote")
            channel.send({"pid": os.getpid(), "incubator": os.getppid()})
            _serve(channel, missing)
            return
        channel.close()


def _bury(*_: object) -> bool:
    """Take leave of zygotes that have ended; whether there are others."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def warm_up(imports: list[str], *, folder: str) -> list[str]:
    """Import and prewarm; the modules that could not be imported. `folder` is a home until there is a jail.

    Raises when the prewarm failed or left more than one thread: a fork would lose all but one.
    """
    os.environ["HOME"] = os.environ["TMPDIR"] = folder
    tempfile.tempdir = None
    gc.disable()  # importing makes hardly any garbage, and looking for it takes a third of the time
    missing = import_all([*imports, "torch"])  # which the prewarm wants in any case
    from autograder.student.shell import StudentShell

    shell = StudentShell.instance()
    _single_threaded()
    _seed(0)  # NumPy imports its random numbers when they are first wanted
    shell.enable_matplotlib()
    names = dict(shell.user_ns)
    # The first traceback brings in what draws them.
    shell.run_notebook_cell(-1, "def fail():\n    raise NotImplementedError\nfail()", 120)
    _, ok = shell.run_notebook_cell(-1, _PREWARM, 120)
    if not ok:
        raise RuntimeError(f"the prewarm failed: {shell.outputs.finish()[-1:]}")
    _forget_cells(shell, names)
    _share_a_lock()
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"{threads} threads are running")
    gc.freeze()
    gc.enable()
    return missing


def _forget_cells(shell: Any, names: dict[str, Any]) -> None:
    """Make a shell as it was before any cell, with these names: `_`, `_i` and `%tb` are of the notebook's own cells."""
    shell.user_ns.clear()
    shell.user_ns.update(names)
    shell.user_ns["In"][:] = [""]
    shell.user_ns["Out"].clear()
    shell.execution_count = 1
    history = shell.history_manager
    history._i00 = history._i = history._ii = history._iii = ""
    for name in ("last_type", "last_value", "last_traceback"):
        vars(sys).pop(name, None)


def _share_a_lock() -> None:
    """Give all log handlers one lock: a fork makes all locks anew, and torch's forty take half a millisecond."""
    handlers: Any = getattr(logging, "_at_fork_reinit_lock_weakset", None)
    keeper: Any = logging.lastResort
    if handlers is None or keeper is None or keeper not in handlers:  # another release of Python
        return
    for handler in [*handlers]:
        handler.lock = keeper.lock
    handlers.clear()
    handlers.add(keeper)


def import_all(names: Sequence[str]) -> list[str]:
    """Import these modules, and what the forks will need; those that cannot be imported.

    A name may be "module:name", where that is all that is wanted of the module.
    """
    from autograder.student import agent  # noqa: F401 # with all that it imports

    missing = []
    standins.before_importing(names)
    modules = list(dict.fromkeys(name.partition(":")[0] for name in names))
    taken_along = _TAKEN_ALONG - {name.partition(".")[0] for name in modules}
    for name in modules:
        try:
            with contextlib.suppress(ImportError), _without(taken_along):
                importlib.import_module(name)
            importlib.import_module(name)  # once more, with what it may not be able to do without
        except Exception:
            missing.append(name)
    standins.after_importing()
    return missing


@contextlib.contextmanager
def _without(names: Iterable[str]) -> Iterator[None]:
    """Within it, modules of these names are not there for whoever asks."""
    left_out = [name for name in names if name not in sys.modules]
    # None is how Python marks what is not there.
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in left_out:
            sys.modules.pop(name, None)


def _serve(channel: wire.Channel, missing: list[str]) -> None:
    """Be a zygote: go to jail, then serve the examiner until it goes away."""
    request = channel.receive()
    try:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, request["cores"])
        layers = jail.enclose(
            [Path(path) for path in request["readable"]], Path(request["scratch"]), uid=request.get("uid")
        )
        ban.install(request["forbidden"])
        # Only standard places: the checkout that this package may have come from is none of a student's business.
        sys.path[:] = [path for path in sys.path if os.path.isdir(path)]
        gc.freeze()
    except Exception as error:
        channel.send(_failed(error))
        return
    channel.send({"status": "ok", "layers": layers, "missing": missing, "baseline": _address_space()})
    children: dict[int, None] = {}
    while True:
        try:
            request, fds = channel.receive_with_fds()
        except wire.ProtocolError:
            for pid in children:
                jail.kill_tree(pid)
            return
        reply: dict[str, Any] = {}
        match request["op"]:
            case "spawn":
                try:
                    pid = jail.fork()
                    if pid == 0:
                        channel.close()
                        _become_student(request, fds[0])
                    children[pid] = None
                    reply = {"pid": pid}
                except BlockingIOError as error:
                    reply = _failed(error)
                for fd in fds:
                    os.close(fd)
            case "room":
                reply = {"room": _has_room()}
            case "kill":
                jail.kill_tree(request["pid"])
            case "interrupt":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(request["pid"], signal.SIGINT)
            case "wait":
                reply = _wait(request["pid"], request["seconds"])
                if reply["ended"]:
                    children.pop(request["pid"], None)
            case "usage":
                processes, memory = jail.usage(request["pid"], request["enough"])
                reply = {"processes": processes, "memory": memory}
        channel.send({"status": "ok", **reply})


def _failed(error: Exception) -> dict[str, Any]:
    """The reply that says what failed, and whether that was for want of room for another process."""
    return {"status": "failed", "message": f"{type(error).__name__}: {error}", "full": type(error) is BlockingIOError}


def _has_room() -> bool:
    try:
        pid = os.fork()
    except BlockingIOError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _single_threaded() -> None:
    """Keep torch on one thread, whatever a notebook asks for: its pool would not survive the forks of a checkpoint."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_num_threads = lambda _: None
        torch.set_num_interop_threads = lambda _: None


def _address_space() -> int:
    """Bytes of address space this process takes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _become_student(request: dict[str, Any], fd: int) -> NoReturn:
    """In the fork: put on the confinement, take the student's files, and serve the examiner."""
    code = 1
    try:
        linux.set_name("student")
        layers = jail.confine(jail.Confinement(**request["confinement"]), keep=fd)
        channel = wire.Channel(socket.socket(fileno=fd))
        scratch = jail.scratch_folder()
        os.chdir(scratch)
        os.environ["HOME"] = os.environ["TMPDIR"] = str(scratch)
        tempfile.tempdir = None
        _write_files(channel)
        sys.path.insert(0, str(scratch))
        _seed(request["seed"])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        from autograder.student.agent import serve
        from autograder.student.shell import StudentShell, connect_streams

        shell: StudentShell = StudentShell.instance()
        shell.outputs.limit = request["output_bytes"]
        connect_streams(shell)
        channel.send({"id": 0, "status": "ok", "layers": layers})
        serve(channel.sock, shell, request["value_bytes"])
        code = 0
    except Exception as error:
        # Before any student code: the examiner reports it as a fault of ours.
        wire.Channel(socket.socket(fileno=os.dup(fd))).send(_failed(error))
    finally:
        os._exit(code)


def _write_files(channel: wire.Channel) -> None:
    """Take the submission's files from the examiner, in pieces. One that there is no room for is left out."""
    left_out: set[str] = set()
    while (piece := channel.receive())["file"] is not None:
        path = Path(piece["file"])
        if piece["file"] in left_out:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(piece["data"])
        except OSError:
            left_out.add(piece["file"])
            path.unlink(missing_ok=True)


def _seed(seed: int) -> None:
    """Give every generator with a global state the submission's own."""
    random.seed(seed)
    for name, function in (("numpy", "random.seed"), ("torch", "default_generator.manual_seed")):
        module: Any = sys.modules.get(name)
        if module is not None:
            for part in function.split("."):
                module = getattr(module, part)
            module(seed)


def _wait(pid: int, seconds: float) -> dict[str, Any]:
    """Wait for a student process to end: how it did, and the CPU seconds and peak memory of it and its children."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:
            return {"ended": True, "code": None, "cpu": 0.0, "peak": 0}
        if ended:
            return {
                "ended": True,
                "code": os.waitstatus_to_exitcode(status),
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak": usage.ru_maxrss * 1024,
            }
        if time.monotonic() > deadline:
            return {"ended": False, "code": None, "cpu": 0.0, "peak": 0}
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
