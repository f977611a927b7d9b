"""Much work of our own on all cores: in forks of this process, as warm as it is, each of which may be lost.

A pool of the standard library's breaks when one of its workers dies. Here a task that dies or takes too long costs its
own result and nothing else, as it must where the task is to run a mutant.
"""

from __future__ import annotations

import collections
import gc
import multiprocessing
import multiprocessing.connection
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from autograder.workers import begin_worker

Task = TypeVar("Task")
Result = TypeVar("Result")


def can_fork() -> bool:
    """Whether this process has one thread only: locks that another one holds would stay locked in a fork."""
    return len(os.listdir("/proc/self/task")) == 1


def in_forks(
    work: Callable[[Task], Result],
    batches: Sequence[Sequence[Task]],
    *,
    workers: int,
    cpu_seconds: Callable[[Task], float],
    memory_mb: int,
) -> Iterator[tuple[Task, Result | None]]:
    """Each task with `work(task)`, as they come; None for one that killed its process or used up its time.

    `cpu_seconds` of a task are its own seconds of a core, not a clock's, which go by while others have the cores. One
    fork does the tasks of a batch one after the other. A result travels by pickle; an exception of `work` is raised
    here as a `RuntimeError` with its traceback.
    """
    waiting = collections.deque(list(batch) for batch in batches)
    running: dict[Connection, tuple[BaseProcess, list[Task]]] = {}
    context = multiprocessing.get_context("fork")
    # What is there before the forks is shared with them for as long as nobody writes to it, and collecting does.
    gc.freeze()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                tasks = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                fork = context.Process(target=_serve, args=(theirs, work, tasks, cpu_seconds, memory_mb))
                fork.start()
                theirs.close()
                running[ours] = fork, tasks
            for ready in multiprocessing.connection.wait(list(running)):
                assert isinstance(ready, Connection)
                process, tasks = running[ready]
                try:
                    failed, result = ready.recv()
                except EOFError:
                    process.join()
                    ready.close()
                    del running[ready]
                    if tasks:
                        yield tasks.pop(0), None
                        waiting.extendleft([tasks] if tasks else [])
                    continue
                if failed:
                    raise RuntimeError(result)
                yield tasks.pop(0), result
    finally:
        gc.unfreeze()
        for process, _ in running.values():
            process.kill()
            process.join()


def _serve(
    connection: Connection,
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    cpu_seconds: Callable[[Task], float],
    memory_mb: int,
) -> None:
    begin_worker(memory_mb)
    # Not the interpreter's: a loop in NumPy would never let its handler run.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGPROF])
    for task in tasks:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds(task))
        try:
            answer = False, work(task)
        except Exception:
            connection.send((True, traceback.format_exc()))
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send(answer)
