"""A process that grades on a worker of a cluster: ``python -m autograder.foreman FD``.

Over the socket FD come an assignment and the secret, then functions of them with further arguments; what each returns
or raises goes back. It ends when the other end is gone. Dask runs tasks in threads, and an examiner needs the main one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import sys
import threading
from multiprocessing.connection import Connection

from autograder.workers import confine_worker, end_examiners


def main() -> None:
    """Serve until the worker is gone."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    line = Connection(int(sys.argv[1]))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        assignment, secret = line.recv()
        confine_worker(assignment.limits.memory_mb)
        while True:
            function, arguments = line.recv()
            try:
                answer = False, function(assignment, secret, *arguments)
            except Exception as error:
                answer = True, _portable(error)
            line.send(answer)
    end_examiners()


def _portable(error: Exception) -> Exception:
    """The exception, or its words where it cannot travel."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with(parent: int) -> None:
    """End when the worker has died over what this process has in hand, which nobody waits for any more."""
    with contextlib.suppress(OSError):
        handle = os.pidfd_open(parent)
        select.select([handle], [], [])
        os._exit(1)


if __name__ == "__main__":
    main()
