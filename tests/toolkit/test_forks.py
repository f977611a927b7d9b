"""Work in forks: a task that dies or never ends costs its own result and nothing else."""

from __future__ import annotations

import os
import signal
import time

import pytest

from autograder.forks import in_forks


def done(work, batches, workers=2, seconds=5.0):
    return sorted(
        in_forks(work, batches, workers=workers, cpu_seconds=lambda task: seconds, memory_mb=1024),
        key=lambda pair: pair[0],
    )


def test_every_task_is_done_once_and_not_here():
    results = done(lambda task: (task * task, os.getpid()), [[1, 2], [3], [4, 5, 6]])
    assert [(task, result[0]) for task, result in results] == [(n, n * n) for n in range(1, 7)]
    processes = {task: result[1] for task, result in results}
    assert os.getpid() not in processes.values()
    assert processes[1] == processes[2] != processes[3]


def test_what_kills_its_process_costs_its_own_result():
    def work(task: int) -> int:
        if task == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    assert done(work, [[1, 2, 3], [4]]) == [(1, 1), (2, None), (3, 3), (4, 4)]


def test_what_never_ends_costs_its_own_result():
    def work(task: int) -> int:
        while task == 1:
            pass
        return task

    assert done(work, [[1, 2]], seconds=0.3) == [(1, None), (2, 2)]


def test_waiting_for_a_core_costs_nothing():
    def work(task: int) -> int:
        time.sleep(0.6)
        return task

    assert done(work, [[1]], seconds=0.3) == [(1, 1)]


def test_memory_has_an_end():
    def work(task: int) -> str:
        try:
            return str(len(bytearray(task)))
        except MemoryError:
            return "none"

    assert done(work, [[1000, 2**35]]) == [(1000, "1000"), (2**35, "none")]


def test_a_fault_of_ours_is_raised_with_its_traceback():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        done(lambda task: 1 // task, [[0]])
