"""A class graded on the workers of a real Dask scheduler: the same as here, whatever becomes of a worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder import __version__
from tests.toolkit.classroom import Classroom
from tests.toolkit.test_interrupted import a_class, outcome, safely

SECONDS = 60
# Each worker in a mount namespace of its own, in which the folder of all the tests' courses is empty.
APART = ["unshare", "--mount", "--map-root-user"] if os.geteuid() else ["unshare", "--mount"]
HIDE = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path, *tls: str, before: tuple[str, ...] = ()) -> None:
        self.folder, self.tls = folder, tls
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = (folder / "log").open("ab")
        where = folder / "scheduler.json"
        host = "--host=" + ("tls://" if tls else "") + "127.0.0.1"
        self.start("scheduler", "--port=0", host, "--no-dashboard", f"--scheduler-file={where}", before=before)
        deadline = time.monotonic() + SECONDS
        while not where.exists() or not where.read_text():
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        self.address: str = json.loads(where.read_text())["address"]

    def start(self, what: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [*before, sys.executable, "-m", "distributed.cli.dask_" + what, *self.tls, *arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(command, cwd="/", env=environment, stdout=self.log, stderr=self.log)
        self.processes.append(process)
        return process

    def worker(self, name: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        place = self.folder / name
        place.mkdir()
        given = [self.address, f"--name={name}", "--nthreads=1", "--no-dashboard"]
        given += [] if "--nanny" in arguments else ["--no-nanny"]
        return self.start("worker", *given, f"--local-directory={place}", *arguments, before=before)

    def end(self) -> None:
        for process in reversed(self.processes):
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


def start(room: Classroom, cluster: Cluster, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--scheduler", cluster.address, *arguments],
        cwd=room.root, env={**room.environment(), **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def the_class(folder: Path) -> Classroom:
    """The class of test_interrupted, and three who take their time."""
    room = a_class(folder)
    for student in ("gus", "hal", "ivy"):
        room.hand_in(student, {"first": "import time; time.sleep(2)"})
    return room


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the local pool makes of the class."""
    room = the_class(tmp_path_factory.mktemp("undisturbed"))
    done = room.autograder("grade", "tiny", "--workers", "2")
    assert done.status == 0, done.err
    return outcome(room)


def test_workers_without_the_course_s_disk_grade_as_the_local_pool_does(tmp_path, cluster, undisturbed):
    course = tmp_path / "course"
    course.mkdir()
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not give a process a mount namespace of its own")
    hidden = (*APART, "sh", "-c", HIDE, str(course))
    workers = [cluster.worker(f"apart{threads}", f"--nthreads={threads}", before=hidden) for threads in (1, 2)]
    room = the_class(course)
    command = start(room, cluster)
    _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert outcome(room) == undisturbed
    for worker in workers:
        assert os.listdir(f"/proc/{worker.pid}/root{course}") == []
    # Nothing stays behind on the workers.
    deadline = time.monotonic() + SECONDS
    while left := [path for path in cluster.folder.rglob("course-*") if path.is_dir()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_worker_that_is_killed_takes_its_processes_along_and_costs_nobody_anything(tmp_path, cluster, undisturbed):
    room = the_class(tmp_path)
    command = start(room, cluster, "--json")
    assert command.stdout is not None
    assert command.stderr is not None
    assert "has no workers" in command.stderr.readline()
    workers = [cluster.worker(f"worker{number}") for number in range(2)]
    below: list[int] = []
    for line in command.stdout:
        facts = json.loads(line)
        if facts["event"] == "progress" and facts["graded"] and facts["slowest"] and facts["slowest"]["seconds"] > 0.3:
            below = [pid for pid, _ in safely(workers[0].pid)]
            if len(below) < 2:  # only the other one has begun
                continue
            assert facts["workers"] == 2
            room_of_a_worker = next(cluster.folder.glob("worker*/**/course-*"))
            assert room_of_a_worker.stat().st_mode & 0o777 == 0o700
            workers[0].kill()
            break
    _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert len(below) > 1
    deadline = time.monotonic() + SECONDS
    while left := [pid for pid in below if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    assert outcome(room) == undisturbed


# In a user namespace that may have no network namespaces in it.
NO_NETWORKS = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
POOR = ("unshare", "--user", "--map-root-user", "sh", "-c", NO_NETWORKS, "sh")


def test_a_worker_without_the_layers_that_the_course_asks_for_gets_nothing(tmp_path, cluster, undisturbed):
    if subprocess.run([*POOR, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this user may not give a process a user namespace of its own, to take a layer away in")
    room = the_class(tmp_path)
    settings = (room.root / "course_config.py").read_text()
    room.write("course_config.py", settings + "c.Autograder.minimum_sandbox = ['network namespace']\n")
    cluster.worker("poor", before=POOR)
    command = start(room, cluster)
    _, err = command.communicate(timeout=120)
    assert command.returncode == 2
    assert "the worker poor (tcp://127.0.0.1:" in err
    assert "does not give the protection that is asked for: network namespace (off" in err
    assert not list(room.root.glob("autograded/**/results.json"))

    cluster.worker("rich")
    command = start(room, cluster)
    _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert "the worker poor (tcp://127.0.0.1:" in err
    assert outcome(room) == undisturbed


def without_autograder(folder: Path) -> tuple[str, ...]:
    """What starts a Python that does not find the package."""
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['autograder'] = None\n")
    return ("env", f"PYTHONPATH={folder}")


def test_a_worker_without_the_program_is_gone_which_is_said_and_the_next_one_grades(tmp_path, cluster, undisturbed):
    room = the_class(tmp_path)
    bare = cluster.worker("bare", before=without_autograder(cluster.folder))
    with start(room, cluster, PYTHONWARNINGS="ignore") as command:
        bare.wait(SECONDS)
        assert command.stderr is not None
        while "has no workers" not in (line := command.stderr.readline()):
            assert line
        cluster.worker("whole")
        _, err = command.communicate(timeout=120)
    assert command.returncode == 0, err
    assert outcome(room) == undisturbed


def test_a_scheduler_without_the_program_is_said(tmp_path):
    room = a_class(tmp_path)
    cluster = Cluster(tmp_path, before=without_autograder(tmp_path))
    try:
        cluster.worker("whole")
        _, err = start(room, cluster).communicate(timeout=120)
        assert f"the scheduler needs dl-autograder {__version__}" in err
        assert "Traceback" not in err
    finally:
        cluster.end()


def test_a_scheduler_with_certificates_takes_who_has_one_and_its_workers_may_have_nannies(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here to make a certificate with")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("key", "cert")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=autograder",
         "-keyout", files["key"], "-out", files["cert"]],
        capture_output=True, check=True,
    )  # fmt: skip
    room = Classroom(tmp_path)
    room.hand_in("ada", {})
    cluster = Cluster(
        tmp_path, f"--tls-ca-file={files['cert']}", f"--tls-cert={files['cert']}", f"--tls-key={files['key']}"
    )
    try:
        assert cluster.address.startswith("tls://")
        cluster.worker("nursed", "--nanny")
        short = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3"}
        _, err = start(room, cluster, **short).communicate(timeout=120)
        assert f"{cluster.address}: no Dask scheduler answers there" in err
        tls = {"CA_FILE": "cert", "CLIENT__CERT": "cert", "CLIENT__KEY": "key"}
        known = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": files[kind] for name, kind in tls.items()}
        command = start(room, cluster, **known)
        _, err = command.communicate(timeout=120)
        assert command.returncode == 0, err
        assert room.results("ada")["score"] == 10
    finally:
        cluster.end()


def test_a_scheduler_that_is_not_there_is_said(tmp_path):
    room = a_class(tmp_path)
    done = room.run(
        "autograder.cli", "grade", "tiny", "--scheduler", "127.0.0.1:1", DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1"
    )
    assert done.status == 2
    assert "127.0.0.1:1: no Dask scheduler answers there" in done.err
    assert "Traceback" not in done.err
