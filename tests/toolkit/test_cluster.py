"""A class graded on the workers of a real Dask scheduler: the same as here, whatever becomes of a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.cluster import pack, unpack
from tests.toolkit.classroom import Classroom
from tests.toolkit.test_interrupted import a_class, graded, outcome, safely

SECONDS = 60
# Each worker in a mount namespace of its own, in which the folder of all the tests' courses is empty.
APART = ["unshare", "--mount", "--map-root-user"] if os.geteuid() else ["unshare", "--mount"]
HIDE = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = (folder / "log").open("ab")
        where = folder / "scheduler.json"
        self.start("scheduler", "--port=0", "--host=127.0.0.1", "--no-dashboard", f"--scheduler-file={where}")
        deadline = time.monotonic() + SECONDS
        while not where.exists() or not where.read_text():
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        self.address: str = json.loads(where.read_text())["address"]

    def start(self, what: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [*before, sys.executable, "-m", "distributed.cli.dask_" + what, *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(command, cwd="/", env=environment, stdout=self.log, stderr=self.log)
        self.processes.append(process)
        return process

    def worker(self, name: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        place = self.folder / name
        place.mkdir()
        given = [self.address, f"--name={name}", "--nthreads=1", "--no-nanny", "--no-dashboard", "--host=127.0.0.1"]
        return self.start("worker", *given, f"--local-directory={place}", *arguments, before=before)

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    cluster = Cluster(folder)
    yield cluster
    cluster.end()


def start(room: Classroom, cluster: Cluster, *arguments: str) -> subprocess.Popen[str]:
    """The command, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--scheduler", cluster.address, *arguments],
        cwd=room.root, env=room.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the local pool makes of the class."""
    room = a_class(tmp_path_factory.mktemp("undisturbed"))
    done = room.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 0, done.err
    return outcome(room)


def test_workers_without_the_course_s_disk_grade_as_the_local_pool_does(tmp_path, cluster, undisturbed):
    course = tmp_path / "course"
    course.mkdir()
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not give a process a mount namespace of its own")
    room = a_class(course)
    for number in range(2):
        cluster.worker(f"apart{number}", before=(*APART, "sh", "-c", HIDE, str(course)))
    command = start(room, cluster)
    _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert outcome(room) == undisturbed
    # Nothing stays behind on the workers.
    deadline = time.monotonic() + SECONDS
    while left := [
        path for path in cluster.folder.rglob("*") if path.name.startswith(("course-", "tiny", "solutions"))
    ]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
