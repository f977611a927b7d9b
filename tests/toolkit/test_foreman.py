"""The foreman holds everything, and what is forked from it before it does holds nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.crew import Crew, ForemanLost, LocalPool, WorkerLost, foreman_for
from autograder.student import linux
from autograder.workers import prepare, warm_up
from tests.toolkit.classroom import Classroom
from tests.toolkit.test_interrupted import safely

OTHERS: set[int] = set()


def memory_of(pid: int) -> bytes:
    """What a process has in writable memory of its own."""
    found = []
    with contextlib.suppress(OSError), open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last, access = re.split("[- ]", line)[:3]
            if access.startswith("rw"):
                memory.seek(int(first, 16))
                with contextlib.suppress(OSError):
                    found.append(memory.read(int(last, 16) - int(first, 16)))
    return b"".join(found)


@pytest.mark.skipif(not linux.has_capability(linux.CAP_SYS_PTRACE), reason="this user may not look into processes")
def test_no_secret_is_in_the_memory_of_a_process_that_students_are_forked_from(tmp_path):
    marks = {name: secrets.token_hex(24) for name in ("environment", "secret", "check", "reference", "student")}
    room = Classroom(tmp_path, f"c.Autograder.secret = {marks['secret']!r}", "c.Autograder.cell_seconds = 100")
    with (tmp_path / "tests/checks/tiny/test_shares.py").open("a") as check:
        check.write(f"\nMARK = {marks['check']!r}\n")
    with (tmp_path / "solutions/tiny.py").open("a") as solution:
        solution.write(f"\nMARK = {marks['reference']!r}\n")
    room.hand_in(marks["student"], {"first": "import time; time.sleep(90); 'here it waits'"})

    def held_by(memory: bytes) -> set[str]:
        return {name for name, mark in marks.items() if mark.encode() in memory}

    command = subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--workers", "1"],
        cwd=room.root, env={**room.environment(), "MARK": marks["environment"]},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    held: dict[str, set[str]] = {}
    while command.poll() is None and "student" not in held:
        time.sleep(0.05)
        found = safely(command.pid)
        for pid in [pid for pid, kind in found if kind == "student"]:
            memory = memory_of(pid)
            if b"here it waits" in memory:  # which the process that tries the jail out does not
                held["student"] = held_by(memory)
                for other, kind in found:
                    held[kind] = held.get(kind, set()) | held_by(memory_of(other))
    command.kill()
    _, err = command.communicate(timeout=60)
    assert held.keys() >= {"foreman", "worker", "incubator", "zygote", "student"}, err
    # Who is to have them has them: they would have been found.
    assert held["foreman"] >= marks.keys() - {"student"}
    assert held["worker"] == marks.keys()
    assert held["incubator"] == held["zygote"] == held["student"] == set()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder that also students' processes of another user may enter, as not all above `tmp_path` are."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


@pytest.fixture
def crew(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    OTHERS.update(pid for pid, _ in safely(os.getpid()))
    crew = Crew(Classroom(tmp_path).assignment(), b"0123456789abcdef")
    yield crew
    crew.close(at_once=True)
    assert not named("foreman") | named("worker") | named("incubator") | named("zygote")


def named(kind: str) -> set[int]:
    """The processes of this kind below this one that have not ended; none that other tests keep."""
    return {pid for pid, name in safely(os.getpid()) if name == kind and pid not in OTHERS and alive(pid)}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended(pids: set[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def kill_at_work(crew: Crew, victim: int) -> None:
    """Kill a process while the one worker has something in hand."""
    os.kill(*named("worker"), signal.SIGSTOP)
    threading.Timer(0.3, lambda: os.kill(victim, signal.SIGKILL)).start()
    crew.run(prepare, ())


def test_a_worker_that_dies_costs_its_task_and_the_foreman_goes_on(crew):
    crew.run(prepare, ())
    foreman, (worker,) = named("foreman"), named("worker")
    with pytest.raises(WorkerLost) as lost:
        kill_at_work(crew, worker)
    assert type(lost.value) is WorkerLost
    crew.run(prepare, ())
    assert named("foreman") == foreman
    assert len(named("worker")) == 1


def test_a_foreman_that_is_killed_takes_its_own_along_and_is_replaced(crew):
    crew.run(warm_up, ())
    (foreman,), before = named("foreman"), named("worker") | named("zygote")
    assert len(before) > 1
    with pytest.raises(ForemanLost):
        kill_at_work(crew, foreman)
    assert ended(before)
    crew.run(prepare, ())
    assert named("foreman") - {foreman}


@pytest.mark.parametrize("kind", ["worker", "foreman"])
def test_who_has_died_while_idle_costs_no_task(crew, kind):
    crew.run(prepare, ())
    (victim,) = named(kind)
    before = named("worker")
    os.kill(victim, signal.SIGKILL)
    assert ended(before)
    crew.run(prepare, ())
    assert named("worker") - before


def test_a_foreman_that_is_killed_while_it_gets_ready_is_told_from_a_worker(crew):
    threading.Timer(0.3, lambda: os.kill(*named("foreman"), signal.SIGKILL)).start()
    with pytest.raises(ForemanLost):
        crew.run(prepare, ())
    crew.run(prepare, ())


@pytest.mark.parametrize("last", ["worker", "foreman"])
def test_no_files_are_left_of_what_was_killed(crew, temporary, last):
    crew.run(warm_up, ())
    before = named("incubator") | named("zygote")
    os.kill(*named("incubator"), signal.SIGKILL)
    assert ended(before)
    crew.run(warm_up, ())  # with another incubator, which is the worker's
    below = named("incubator") | named("zygote") | named("worker")
    assert len(below) > 2
    os.kill(*named(last), signal.SIGKILL)
    assert ended(below)
    crew.close()
    assert list(temporary.iterdir()) == []


def test_a_foreman_that_is_told_to_end_takes_its_files_along(crew, temporary):
    crew.run(warm_up, ())
    below = named("incubator") | named("zygote") | named("worker")
    assert list(temporary.iterdir()) != []
    os.kill(*named("foreman"), signal.SIGTERM)
    assert ended(below)
    assert list(temporary.iterdir()) == []


def test_a_crew_that_is_closed_does_nothing_more(crew):
    crew.run(prepare, ())
    crew.close()
    with pytest.raises(WorkerLost):
        crew.run(prepare, ())


def test_as_many_workers_as_cores_stay_on_one_each_with_their_students(tmp_path):
    cores = os.sched_getaffinity(0)
    assignment, secret = Classroom(tmp_path).assignment(), b"0123456789abcdef"
    OTHERS.update(pid for pid, _ in safely(os.getpid()))
    for count, apart in ((len(cores), True), (len(cores) + 1, False)):
        with LocalPool(assignment, secret, count) as pool:
            for done in [pool.submit(warm_up, assignment, secret) for _ in range(count)]:
                done.result()
            places = [{frozenset(os.sched_getaffinity(pid)) for pid in named(kind)} for kind in ("worker", "zygote")]
            assert len(named("worker")) == count
            assert places == [{frozenset([core]) for core in cores} if apart else {frozenset(cores)}] * 2
            assert os.sched_getaffinity(*named("foreman")) == cores


def test_a_worker_that_takes_the_place_of_one_that_died_has_its_core(tmp_path):
    OTHERS.update(pid for pid, _ in safely(os.getpid()))
    foreman = foreman_for(Classroom(tmp_path).assignment(), b"0123456789abcdef")
    workers = [foreman.worker(on_one_core=True) for _ in os.sched_getaffinity(0)]
    for worker in workers:
        worker.run(prepare, ())
    places = {pid: os.sched_getaffinity(pid) for pid in named("worker")}
    lost = max(places, key=lambda pid: max(places[pid]))
    os.kill(lost, signal.SIGKILL)
    assert ended({lost})
    foreman.worker(on_one_core=True).run(prepare, ())
    (new,) = named("worker") - places.keys()
    assert os.sched_getaffinity(new) == places[lost]
    foreman.close(at_once=True)


def test_what_imports_and_checks_print_is_no_output_of_the_command(tmp_path):
    room = Classroom(tmp_path)
    source = room.root / "source/tiny/tiny.ipynb"
    source.write_text(source.read_text().replace("import numpy as np", "import numpy as np, this"))
    with (room.root / "tests/checks/tiny/test_shares.py").open("a") as check:
        check.write("\nprint('a check is read')\n")
    room.hand_in("ada", {})
    done = subprocess.run(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--json"],
        cwd=room.root, env=room.environment(), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()][-1] == "summary"
    assert "Beautiful is better than ugly" in done.stderr
    assert "a check is read" in done.stderr
