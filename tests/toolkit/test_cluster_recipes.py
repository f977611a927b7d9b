"""The recipes of docs/cluster.md: grading on a real Slurm, which the tests start, and what Kubernetes would take."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.toolkit.test_cluster import the_class
from tests.toolkit.test_interrupted import outcome

SECONDS = 60
PAGE = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text()

# One node of sixteen cores, or so it says.
SETTINGS = """
ClusterName=lab
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
NodeName=localhost CPUs=16 RealMemory=40000
PartitionName=teaching Nodes=localhost Default=YES
"""


class Slurm:
    """A controller and a node, in a folder of their own, and a home whose owner submits jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        folder.chmod(0o755)  # munge insists that everybody may reach its socket
        for name in ("state", "spool", "home", "tmp"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        settings = SETTINGS.format(
            folder=folder,
            ports=free_ports(2),
            user=subprocess.check_output(["id", "-un"], text=True).strip(),
        )
        (folder / "slurm.conf").write_text(settings)
        self.environment = {
            **os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "SLURM_CONF": str(folder / "slurm.conf"),
            "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "OMP_NUM_THREADS": "1",
            "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s", "TMPDIR": str(folder / "tmp"),
        }  # fmt: skip
        self.processes: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        folder = self.folder
        files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid", "log-file": "munged.log",
                 "seed-file": "munged.seed"}  # fmt: skip
        self.start("munged", "--foreground", *(f"--{option}={folder / name}" for option, name in files.items()))
        self.until(lambda: (folder / "munge.socket").exists())
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D", "-N", "localhost")
        self.until(lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T", check=False))

    def start(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self.processes.append(process)

    def run(self, *command: str, check: bool = True) -> str:
        return subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=check).stdout

    def jobs(self) -> list[str]:
        """The numbers of the jobs that run."""
        return self.run("squeue", "--noheader", "--format=%i", "--states=RUNNING").split()

    def until(self, happened) -> None:
        deadline = time.monotonic() + SECONDS
        while not happened():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in [self.folder / "log", *self.home.glob("slurm-*.out")])

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(SECONDS)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


@pytest.fixture
def slurm() -> Iterator[Slurm]:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if shutil.which(name, path=path) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]} here: Debian's slurm-wlm has it")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        slurm = Slurm(Path(folder))
        try:
            slurm.begin()
            yield slurm
        finally:
            slurm.end()


def on_the_page(pattern: str) -> str:
    found = re.search(rf"^```\w*\n({pattern}.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_recipe_grades_on_slurm_s_jobs_and_replaces_one_that_is_cancelled(tmp_path, slurm):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    room = the_class(here)
    assert room.autograder("grade", "tiny", "--workers", "2").status == 0
    undisturbed = outcome(room)

    subprocess.run(["sh", "-e"], input=on_the_page("mkdir .*openssl"), env=slurm.environment, text=True,
                   capture_output=True, check=True)  # fmt: skip
    settings = on_the_page("distributed:\n  comm:").replace("/home/ada", str(slurm.home))
    (slurm.home / ".config/dask/distributed.yaml").write_text(settings)
    recipe = on_the_page("import time\n\nfrom dask_jobqueue")
    assert "jobs=10" in recipe
    assert "sleep(60)" in recipe
    (slurm.home / "workers.py").write_text(recipe.replace("jobs=10", "jobs=1").replace("sleep(60)", "sleep(1)"))
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "workers.py"], cwd=slurm.home, env=slurm.environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as workers:  # fmt: skip
        try:
            assert workers.stdout is not None
            address = workers.stdout.readline().strip()
            assert address.startswith("tls://"), workers.communicate()[1]
            room = the_class(there)
            known = {name: slurm.environment[name] for name in ("HOME", "XDG_CONFIG_HOME")}
            with subprocess.Popen(
                [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--scheduler", address, "--json"],
                cwd=room.root, env={**room.environment(), **known}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True,
            ) as command:  # fmt: skip
                assert command.stdout is not None
                cancelled: list[str] = []
                for line in command.stdout:
                    facts = json.loads(line)
                    if facts["event"] == "progress" and facts["graded"] and facts["slowest"] and not cancelled:
                        assert facts["workers"] == 16
                        cancelled = slurm.jobs()
                        slurm.run("scancel", *cancelled)
                _, err = command.communicate(timeout=120)
            assert command.returncode == 0, err + slurm.said()
            assert len(cancelled) == 1
            assert slurm.jobs() not in (cancelled, [])
            assert outcome(room) == undisturbed
        finally:
            workers.send_signal(signal.SIGINT)
            workers.communicate(timeout=SECONDS)
    slurm.until(lambda: not slurm.run("squeue", "--noheader"))
    slurm.until(lambda: not list((slurm.folder / "tmp").glob("autograder-*")))


def test_the_operator_of_kubernetes_knows_all_that_the_recipe_says():
    chart = importlib.resources.files("dask_kubernetes") / "operator/deployment/helm/dask-kubernetes-operator"
    definition = yaml.safe_load((chart / "crds/daskcluster.yaml").read_text())
    recipe = yaml.safe_load(on_the_page("apiVersion: kubernetes.dask.org"))
    (version,) = definition["spec"]["versions"]
    assert recipe["apiVersion"] == f"{definition['spec']['group']}/{version['name']}"
    assert recipe["kind"] == definition["spec"]["names"]["kind"]
    schema = version["schema"]["openAPIV3Schema"]
    jsonschema.validate(recipe, schema)
    assert list(unknown(recipe["spec"], schema["properties"]["spec"], "spec")) == []
    assert list(unknown({"hostUsers": False}, schema["properties"]["spec"], "spec")) == ["spec.hostUsers"]


def unknown(value: Any, schema: dict[str, Any], name: str) -> Iterator[str]:
    """The fields that are not in the schema: kubectl refuses them, and older ones drop them."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from unknown(each, schema["items"], f"{name}[{number}]")
    elif isinstance(value, dict) and "properties" in schema:
        for key, each in value.items():
            if key in schema["properties"]:
                yield from unknown(each, schema["properties"][key], f"{name}.{key}")
            else:
                yield f"{name}.{key}"
