"""The foreman, a process that workers are forked from: ``python -m autograder.foreman FD``.

It is started with an environment of its own and one open file, the socket FD; it imports what notebooks import, but
for plots, and forks the incubator. Only then does it take an assignment and the secret, collects the checks and has the
model answer ready. For each socket that comes over FD after that it forks a worker, which runs functions of the
assignment and the secret: what each returns or raises goes back. So what takes seconds is done once, and all of them
end with the other end of FD.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import shutil
import signal
import socket
import sys
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NoReturn

from autograder.student import jail, linux, standins, zygote
from autograder.student.warm import Incubator

if TYPE_CHECKING:
    from autograder.course import Assignment

_LOOK_SECONDS = 0.5
_END_SECONDS = 5.0

_GONE = (EOFError, BrokenPipeError, ConnectionResetError)


def main() -> None:
    """Serve until the other end of the socket is gone."""
    # Whoever started the command may have changed these.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command to answer
    signal.signal(signal.SIGTERM, _leave)  # which a cluster sends to every process of a job
    linux.set_name("foreman")
    gc.disable()  # importing makes hardly any garbage, and looking for it takes a third of the time
    sock = socket.socket(fileno=int(sys.argv[1]))
    line = Connection(os.dup(sock.fileno()))
    home = os.environ["HOME"]
    try:
        with contextlib.suppress(*_GONE, SystemExit):
            zygote.import_all(["torch"])  # which every process needs, whatever else it does
            imports = line.recv()
            # The incubator alone plots, and imports what plots while this one goes on.
            zygote.import_all([name for name in imports if not standins.is_for_plots(name)])
            incubator = Incubator(imports, here=True)
            jail.hide()
            try:
                _fork_workers(line, sock, incubator)
            finally:
                incubator.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)  # a command that is killed cannot
    # Without taking apart what was imported: page by page, a copy of what incubator and workers have.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _leave(*_: object) -> NoReturn:
    raise SystemExit


def _fork_workers(line: Connection, sock: socket.socket, incubator: Incubator) -> None:
    """Take the assignment, then fork a worker for each socket that comes."""
    standins.put_plots()
    from autograder import crew, grade, workers  # noqa: F401 # while the command still reads the assignment

    surroundings, assignment, secret = line.recv()
    surroundings.enter()
    os.environ["MPLBACKEND"] = "agg"  # whatever the user's own is, nobody looks at a worker's figures
    incubator.limit(assignment.limits)

    failure = None
    try:
        workers.take_on(assignment, secret, incubator).warm_up()
    except Exception as error:
        failure = _portable(error)
    # What is there is the workers', too, for as long as nobody writes to it, and collecting garbage does.
    gc.freeze()
    gc.enable()
    forked: dict[int, int] = {}
    while True:
        while not select.select([sock], [], [], _LOOK_SECONDS)[0]:
            _bury(forked)
        kind, fds, _, _ = socket.recv_fds(sock, 1, 1)
        if not fds:
            break
        _bury(forked)  # whoever it is to replace has no core any more
        cores = sorted(os.sched_getaffinity(0))
        core = min(cores, key=[*forked.values()].count)
        try:
            pid = os.fork()
        except BlockingIOError:  # no room for another process: this worker is lost, and no other
            os.close(fds[0])
            continue
        if pid == 0:
            line.close()
            sock.close()
            place = {core} if kind == crew.ON_ONE_CORE else {*cores}
            _work(Connection(fds[0]), assignment, secret, failure, place)
        forked[pid] = core
        os.close(fds[0])
    # What workers used counts as ours only once they are buried; they end with their own lines.
    deadline = time.monotonic() + _END_SECONDS
    while _bury(forked) and time.monotonic() < deadline:
        time.sleep(0.005)


def _bury(forked: dict[int, int]) -> bool:
    """Take leave of workers that have ended; whether there are others."""
    for pid in [*forked]:
        if os.waitpid(pid, os.WNOHANG)[0]:
            del forked[pid]
    return bool(forked)


def _work(
    line: Connection, assignment: Assignment, secret: bytes, failure: Exception | None, cores: set[int]
) -> NoReturn:
    """Be a worker, on `cores`, until nobody has anything more to do for it.

    After a `failure` of the foreman's it does nothing.
    """
    from autograder import workers

    try:
        linux.set_name("worker")
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cores)
        workers.begin_worker(assignment.limits.memory_mb)
        with contextlib.suppress(*_GONE):
            while True:
                function, arguments = line.recv()
                try:
                    if failure is not None:
                        raise failure
                    answer = False, function(assignment, secret, *arguments)
                except Exception as error:
                    answer = True, _portable(error)
                line.send(answer)
        workers.end_examiners()
    finally:
        os._exit(0)


def _portable(error: Exception) -> Exception:
    """The exception, or its words where it cannot travel."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main()
