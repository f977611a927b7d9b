"""The jail, from inside: what student code can reach, use up and leave behind, as root and as an ordinary user."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import workers
from autograder.records import Limits
from autograder.student import cgroup, linux, policy, root, survey, warm
from tests.toolkit.classroom import Classroom, disk_of
from tests.toolkit.tiny import SHARES, answer_cell, given_cell, source_notebook, test_cell

INMATE = Path(__file__).with_name("inmate.py")
ORDINARY = 12345
WHO = ["root", "ordinary user"]

everybody = pytest.mark.parametrize("who", WHO)
# What a machine may lack: a container with Docker's default profile, a kernel without Landlock.
everywhere = pytest.mark.parametrize(
    "without", [(), ("namespaces",), ("landlock",)], ids=["all", "docker", "no landlock"]
)


@contextlib.contextmanager
def folder_for(who: str) -> Iterator[Path]:
    """A folder in which `who` may make files, and which everybody can reach."""
    if who == "root" and os.geteuid() != 0:
        pytest.skip("the suite is not run by root")
    folder = Path(tempfile.mkdtemp(prefix="jail-", dir="/tmp")).resolve()
    if who != "root" and os.geteuid() == 0:
        os.chown(folder, ORDINARY, ORDINARY)
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def place(who: str) -> Iterator[Path]:
    with folder_for(who) as folder:
        yield folder


def command(who: str, place: Path, codes: tuple[str, ...], **spec: Any) -> list[str]:
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=place))
    if who != "root" and os.geteuid() == 0:
        os.chown(scratch, ORDINARY, ORDINARY)
    spec = {
        "codes": codes,
        "ordinary": who != "root",
        "scratch": str(scratch),
        "without": [],
        "lost_later": [],
        "imports": [],
        "readable": [],
        "seconds": 30,
        "watch": False,
        "limits": {},
        **spec,
    }
    return [sys.executable, "-I", str(INMATE), json.dumps(spec)]


def environment() -> dict[str, str]:
    return {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


def jailed(who: str, place: Path, *codes: str, **spec: Any) -> dict[str, Any]:
    """Run `codes` in one zygote, one after the other; what inmate.py reports."""
    ended = subprocess.run(
        command(who, place, codes, **spec),
        capture_output=True,
        text=True,
        timeout=90,
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
    )
    if "SKIP: " in ended.stderr:
        pytest.skip(ended.stderr.partition("SKIP: ")[2])
    assert ended.returncode == 0, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report


def said(who: str, place: Path, code: str, **spec: Any) -> Any:
    """What `code` said first."""
    (run,) = jailed(who, place, code, **spec)["runs"]
    assert run["said"], run
    return run["said"][0]


def needs(report: dict[str, Any], *layers: str) -> None:
    """Skip where this machine has not the layers that a test is about."""
    if missing := survey.lacking(report["enclosed"], layers):
        pytest.skip(f"not here: {missing[0]}")


@contextlib.contextmanager
def listeners(place: Path) -> Iterator[list[str]]:
    """The addresses of three servers outside of the jail that anybody on this machine may connect to."""
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        path, name = str(place / "socket"), f"jail-test-{os.getpid()}"
        for address in (path, f"\0{name}"):
            unix = stack.enter_context(socket.socket(socket.AF_UNIX))
            unix.bind(address)
            unix.listen()
        os.chmod(path, 0o777)
        yield [f"tcp:127.0.0.1:{tcp.getsockname()[1]}", f"unix:{path}", f"abstract:{name}"]


def secrets(place: Path) -> list[str]:
    """A file and a folder that every user of this machine may read and write, were there no jail."""
    folder = place / "submitted"
    folder.mkdir(mode=0o777)
    file = folder / "gradebook.db"
    file.write_text("secret")
    for path in (folder, file, place):
        path.chmod(0o777)
    return [str(file), str(folder)]


CANARY = "from autograder.student.canary import canary; say(canary({}, {}, {}))"


@everybody
@pytest.mark.parametrize(
    "without",
    [(), ("namespaces",), ("landlock",), ("seccomp",), ("pivot_root",), ("proc",), ("proc", "landlock")],
    ids=["all", "docker", "no landlock", "no seccomp", "no pivot_root", "covered proc", "covered proc, no landlock"],
)
def test_the_canary_finds_no_hole(who: str, place: Path, without: tuple[str, ...]) -> None:
    with listeners(place) as addresses:
        code = CANARY.format(secrets(place), addresses, [os.getpid(), os.getppid()])
        assert said(who, place, code, without=without) == []


def test_the_canary_finds_the_holes_of_a_machine_with_neither_namespaces_nor_landlock() -> None:
    who = "ordinary user"
    with folder_for(who) as folder, listeners(folder) as addresses:
        paths = secrets(folder)
        found = "\n".join(said(who, folder, CANARY.format(paths, addresses, []), without=("namespaces", "landlock")))
    assert f"can read {paths[0]}" in found
    assert f"can read {paths[1]}" in found
    assert f"can write in {paths[1]}" in found
    assert f"can write to {paths[0]}" in found
    assert "connect" not in found  # seccomp alone sees to that


def keeps_a_file() -> nbformat.NotebookNode:
    """A notebook with test cells alone, of which some need a file that it wrote."""
    return source_notebook(
        given_cell("with open('kept.txt', 'w') as file:\n    print(7, file=file)", "given"),
        answer_cell("def kept():\n    with open('kept.txt') as file:\n        return int(file.read())", "kept_answer"),
        test_cell("assert kept() == 7", "kept", 1),
        answer_cell("def double(x):\n    return 2 * x", "double_answer"),
        test_cell("assert double(2) == 4", "double", 1),
        test_cell("assert kept() == 7", "kept_again", 1),
    )


@everybody
@everywhere
def test_the_command_grades(who: str, place: Path, without: tuple[str, ...]) -> None:
    room = Classroom(place)
    room.hand_in("ada", {})
    names = ("first", "second")
    room.write_assignment("files", *(keeps_a_file() for _ in names), names=names)
    for student in ("ada", "bob"):
        for name in names:
            room.write(f"submitted/{student}/files/{name}.ipynb", nbformat.writes(keeps_a_file()))
    if who != "root" and os.geteuid() == 0:
        for path in place.rglob("*"):
            os.chown(path, ORDINARY, ORDINARY)
    for assignment, umask in (("tiny", "022"), ("files", "077")):
        program = [sys.executable, "-m", "autograder.cli", "--course", str(place), "grade", assignment]
        program = ["/bin/sh", "-c", f'umask {umask}; exec "$0" "$@"', *program]
        started = command(who, place, (), without=without, program=program, seconds=120)
        ended = subprocess.run(started, capture_output=True, text=True, cwd="/", env=room.environment(), check=False)
        if "SKIP: " in ended.stderr:
            pytest.skip(ended.stderr.partition("SKIP: ")[2])
        assert ended.returncode == 0, ended.stderr
    results = room.results("ada")
    assert results["score"] == 10
    assert results["sandbox"]["private root"].startswith("off" if "namespaces" in without else "on")
    for student in ("ada", "bob"):
        results = room.results(student, "files")
        assert results["score"] == 6, results["questions"]
        assert all(question["isolated"] for question in results["questions"])


@pytest.fixture
def disk(place: Path) -> Iterator[Path]:
    with disk_of(64, place / "disk") as disk:
        yield disk


def a_megabyte() -> nbformat.NotebookNode:
    return source_notebook(
        given_cell("with open('kept.txt', 'w') as file:\n    file.write('7' * 10**6)", "given"),
        answer_cell("def kept():\n    with open('kept.txt') as file:\n        return len(file.read())", "kept_answer"),
        test_cell("assert kept() == 10**6", "kept", 1),
    )


def graded(room: Classroom, who: str, *, tmpdir: Path) -> subprocess.CompletedProcess[str]:
    """What the command says of the assignment `files` on a machine without namespaces."""
    if who != "root" and os.geteuid() == 0:
        for path in room.root.rglob("*"):
            if path.stat().st_dev == room.root.stat().st_dev:
                os.chown(path, ORDINARY, ORDINARY)
    program = [sys.executable, "-m", "autograder.cli", "--course", str(room.root), "grade", "files"]
    started = command(who, room.root, (), without=("namespaces",), program=program, seconds=120)
    with_it = {**room.environment(), "TMPDIR": str(tmpdir)}
    return subprocess.run(started, capture_output=True, text=True, cwd="/", env=with_it, check=False)


@everybody
def test_a_disk_that_is_full_costs_nobody_points(who: str, place: Path, disk: Path) -> None:
    room = Classroom(place)
    room.write_assignment("files", a_megabyte())
    for student in ("ada", "bob"):
        room.write(f"submitted/{student}/files/files.ipynb", nbformat.writes(a_megabyte()))
    with (disk / "ballast").open("wb") as ballast:
        left = os.statvfs(disk)
        os.posix_fallocate(ballast.fileno(), 0, left.f_bavail * left.f_frsize - 2**19)
    ended = graded(room, who, tmpdir=disk)
    assert ended.returncode == 1
    assert f"the disk that submissions write on is full, in {disk}" in ended.stderr
    (disk / "ballast").unlink()
    ended = graded(room, who, tmpdir=disk)
    assert ended.returncode == 0, ended.stderr
    assert [room.results(student, "files")["score"] for student in ("ada", "bob")] == [1, 1]


HOG = """
import os, time
time.sleep(0.3)
with open("large", "wb") as file:
    try:
        while True:
            file.write(bytes(2**20))
    except OSError:
        time.sleep(1.5)
os.remove("large")
"""

# When it ends, there is room again.
LATE = """
import time
time.sleep(1)
try:
    open("other.txt", "w").write("7" * 10**6)
finally:
    time.sleep(1.5)
"""


@everybody
def test_who_has_no_room_for_anothers_files_is_graded_again(who: str, place: Path, disk: Path) -> None:
    room = Classroom(place, "c.Autograder.files_mb = 100")
    room.write_assignment("files", a_megabyte())
    hog, late = a_megabyte(), a_megabyte()
    hog["cells"][1]["source"] += HOG
    late["cells"][1]["source"] += LATE
    for student, notebook in (("ada", late), ("bob", hog), ("cyd", a_megabyte())):
        room.write(f"submitted/{student}/files/files.ipynb", nbformat.writes(notebook))
    ended = graded(room, who, tmpdir=disk)
    assert ended.returncode in (0, 1), ended.stderr
    for student in ("ada", "cyd"):
        results = room.results(student, "files")
        assert results["score"] == 1
        assert not results["notebooks"][0]["cells_failed"]


@everybody
def test_files_have_a_total_on_a_disk_too(who: str, place: Path, disk: Path) -> None:
    room = Classroom(place, "c.Autograder.files_mb = 12")
    room.write_assignment("files", a_megabyte())
    glutton = a_megabyte()
    fill = "for number in range(13):\n    open(f'{number}', 'wb').write(bytes(2**20))\nimport time; time.sleep(3)"
    glutton["cells"].append(given_cell(fill, "fill"))
    for student, notebook in (("ada", a_megabyte()), ("bob", glutton), ("cyd", a_megabyte())):
        room.write(f"submitted/{student}/files/files.ipynb", nbformat.writes(notebook))
    ended = graded(room, who, tmpdir=disk)
    assert ended.returncode in (0, 1), ended.stderr
    assert [room.results(student, "files")["score"] for student in ("ada", "bob", "cyd")] == [1, 1, 1]
    results = room.results("bob", "files")
    assert results["run"]["ending"] == "memory"
    assert "more files than the limit" in json.dumps(room.graded_notebook("bob", "files"))


def test_files_are_counted_without_following_anything(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "large").write_bytes(bytes(2**20))
    (scratch / "folder").symlink_to(tmp_path)
    (scratch / "large").symlink_to(tmp_path / "large")
    assert 0 < warm._size(str(scratch), 2**40) < 2**20
    (scratch / "inner").mkdir()
    (scratch / "inner" / "large").write_bytes(bytes(2**20))
    assert 2**20 < warm._size(str(scratch), 2**40) < 2**21
    with (scratch / "sparse").open("wb") as file:
        file.truncate(2**30)
    assert warm._size(str(scratch), 2**40) < 2**21
    assert warm._size(str(tmp_path / "gone"), 2**40) == 0
    here = os.open(scratch, os.O_RDONLY)
    for _ in range(3000):  # deeper than a path can say
        os.mkdir("d", dir_fd=here)
        above, here = here, os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(above)
    os.close(here)
    assert warm._size(str(scratch), 2**40) > 2**40
    root.empty(str(scratch))


@pytest.mark.parametrize("who", ["root"])
def test_root_is_told_of_a_folder_that_students_may_not_enter(who: str, place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    scratch = command(who, closed, ("say(1)",), without=("namespaces",))
    ended = subprocess.run(scratch, capture_output=True, text=True, cwd="/", env=environment(), check=False)
    assert f"may not enter {closed}: set TMPDIR to a folder that they may" in ended.stderr


@everybody
def test_two_starts_report_the_same_layers(who: str, place: Path) -> None:
    first = jailed(who, place, "say(1)")
    second = jailed(who, place, "say(1)")
    assert first["enclosed"] == second["enclosed"]
    assert first["runs"][0]["layers"] == first["enclosed"]
    assert set(first["enclosed"]) == set(survey.LAYERS)


@everybody
def test_a_student_process_has_no_privileges(who: str, place: Path) -> None:
    status = said(who, place, "say(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert "0" not in fields["Uid"].split()
    assert fields["Groups"].split() in ([], fields["Gid"].split()[:1])


@everybody
def test_of_the_machine_only_what_python_needs_exists(who: str, place: Path) -> None:
    report = jailed(
        who,
        place,
        """
say(os.listdir("/home"))
say([name for name in os.listdir("/proc") if name.isdigit()])
say(os.uname().nodename)
say([os.path.exists(path) for path in ("/etc/shadow", "/etc/hostname", "/var/log", "/sys/fs", "/dev/tty", "/run")])
say(sorted(os.environ))
""",
    )
    needs(report, "private root")
    home, processes, name, exist, variables = report["runs"][0]["said"]
    assert home == ["student"]
    assert processes == ["1"]
    assert name == "student"
    assert exist == [False] * 6
    assert set(variables) <= {"PATH", "LANG", "OMP_NUM_THREADS", "HOME", "TMPDIR", "LC_CTYPE"}


@everybody
def test_what_is_named_readable_is_seen_and_nothing_beside_it(who: str, place: Path) -> None:
    for name in ("given", "hidden"):
        (place / name).mkdir()
        (place / name / "file").write_text(name)
    (place / "single").write_text("single")
    place.chmod(0o755)
    code = f"""
from pathlib import Path
place = Path({str(place)!r})
say([(place / "given" / "file").read_text(), (place / "single").read_text()])
say(attempt((place / "hidden" / "file").read_text))
say([attempt((place / "given" / "file").write_text, "x"), attempt((place / "given" / "new").touch)])
say(attempt(Path("/tmp/mine").write_text, "x"))
"""
    runs = [str(place / "given"), str(place / "single")]
    seen, hidden, written, own = jailed(who, place, code, readable=runs)["runs"][0]["said"]
    assert seen == ["given", "single"]
    assert hidden in ("FileNotFoundError", "PermissionError")
    assert all(result in ("OSError", "PermissionError") for result in written)
    assert own == "done: 1"


@everybody
def test_open_files_of_the_zygote_stay_behind(who: str, place: Path) -> None:
    # The harness has a pipe to report through, and the zygote its own files besides.
    assert len(said(who, place, "say(os.listdir('/proc/self/fd'))")) == 5  # with that of the folder itself


DENIED = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    number = numbers[name]
    if number is None:
        return "EPERM"
    result = libc.syscall(number, *arguments)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
say({name: call(name, *arguments) for name, arguments in calls.items()})
"""


@everybody
def test_denied_calls_fail_and_kill_nobody(who: str, place: Path) -> None:
    calls = {
        "ptrace": [16, 1, 0, 0],
        "unshare": [linux.CLONE_NEWUSER],
        "mount": [0, 0, 0, 0, 0],
        "clone": [linux.CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0],
        "keyctl": [0, -3, 0],
        "bpf": [0, 0, 0],
        "userfaultfd": [0],
        "io_uring_setup": [1, 0],
        "perf_event_open": [0, 0, 0, 0, 0],
        "shmget": [0, 4096, 0o1600],
        "mq_open": [b"/x", 0o102, 0o600, 0],
        "name_to_handle_at": [-100, b"/", 0, 0, 0],
        "personality": [8],
        "seccomp": [1, 0, 0],
        "process_vm_readv": [1, 0, 0, 0, 0, 0],
        "pidfd_getfd": [0, 0, 0],
        "memfd_secret": [0],
    }
    numbers = {name: linux.number(name) for name in calls}
    code = f"numbers = {numbers}\ncalls = {calls}\n{DENIED}"
    expected = dict.fromkeys(calls, "EPERM")
    assert said(who, place, code) == expected


@everybody
@everywhere
def test_unix_sockets_are_denied_where_one_of_others_is_in_reach(
    who: str, place: Path, without: tuple[str, ...]
) -> None:
    code = "import socket; say([attempt(socket.socket, socket.AF_UNIX)[:4], attempt(socket.socketpair)[:4]])"
    place.chmod(0o755)
    with listeners(place):
        report = jailed(who, place, code, without=without)
    alone = not survey.lacking(report["enclosed"], ["private root"])
    assert report["runs"][0]["said"] == [["done" if alone else "Perm", "done"]]


@everybody
def test_sockets_of_other_kinds_fail_as_libraries_expect(who: str, place: Path) -> None:
    code = """
import socket, urllib.request
say([attempt(socket.socket, family) for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, 38, 40, 17)])
say(attempt(urllib.request.urlopen, "http://127.0.0.1:1/"))
say(attempt(socket.getaddrinfo, "example.org", 80))
"""
    kinds, opened, looked_up = jailed(who, place, code)["runs"][0]["said"]
    assert kinds == ["PermissionError"] * 6
    assert opened == "URLError"
    assert looked_up == "gaierror"


HONEST = """
import asyncio, multiprocessing, subprocess, tempfile, threading
import matplotlib; matplotlib.use("agg")
import matplotlib.pyplot as plt, numpy as np, torch
a = torch.eye(50, requires_grad=True); (a @ a).sum().backward()
model = torch.nn.Linear(3, 1); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
model(torch.ones(2, 3)).sum().backward(); optimizer.step()
say(["torch", float(a.grad.sum())])
figure, axes = plt.subplots(); axes.plot([1, 2]); axes.set_title("$x^2$ ä"); figure.savefig("plot.png")
say(["plot", os.path.getsize("plot.png") > 5000])
say(["subprocess", subprocess.run(["echo", "x"], capture_output=True, text=True).stdout])
say(["shell", subprocess.run(["bash", "-c", "cat <(echo y) | wc -l"], capture_output=True, text=True).stdout])
with multiprocessing.Pool(2) as pool:
    say(["pool", pool.map(abs, [-1, -2])])
with tempfile.NamedTemporaryFile() as file:
    say(["tempfile", file.write(b"x")])
import sqlite3, wave, xml.dom.minidom
say(["lazy", sqlite3.connect(":memory:").execute("select 1").fetchone()])
thread = threading.Thread(target=say, args=(["thread", 1],)); thread.start(); thread.join()
async def shout():
    process = await asyncio.create_subprocess_exec("echo", "z", stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()
say(["asyncio", asyncio.run(shout())])
python = [sys.executable, "-c", "import numpy; print(numpy.ones(2).sum())"]
say(["python", subprocess.run(python, capture_output=True, text=True).stdout])
import socket
from torch.utils.data import DataLoader, TensorDataset
workers = 2 if attempt(socket.socket, socket.AF_UNIX).startswith("done") else 0
data = TensorDataset(torch.ones(8))
say(["loader", sum(float(batch[0].sum()) for batch in DataLoader(data, batch_size=2, num_workers=workers)), workers])
"""


@pytest.mark.parametrize(
    ("who", "without"),
    [("root", ()), ("ordinary user", ()), ("root", ("namespaces",)), ("ordinary user", ("namespaces",))],
)
def test_what_honest_notebooks_do_works(who: str, place: Path, without: tuple[str, ...]) -> None:
    imports = ["numpy", "torch", "matplotlib.pyplot", "IPython"]
    report = jailed(who, place, HONEST, imports=imports, without=without, seconds=80)
    # Its workers hand tensors over by Unix sockets, which are not to be had where those of others are in reach.
    workers = 0 if "denied" in report["enclosed"]["unix sockets"] else 2
    assert report["runs"][0]["said"] == [
        ["torch", 5000.0],
        ["plot", True],
        ["subprocess", "x\n"],
        ["shell", "1\n"],
        ["pool", [1, 2]],
        ["tempfile", 1],
        ["lazy", [1]],
        ["thread", 1],
        ["asyncio", "z\n"],
        ["python", "2.0\n"],
        ["loader", 8.0, workers],
    ]


@everybody
@everywhere
def test_a_submission_finds_nothing_of_the_one_before(who: str, place: Path, without: tuple[str, ...]) -> None:
    leave = """
for folder in (".", os.environ["TMPDIR"], "/dev/shm", "/tmp"):
    try:
        open(f"{folder}/left-by-{os.getuid()}", "w").write("x")
        os.makedirs(f"{folder}/deep/" + "/".join("d" * 100 for _ in range(30)), mode=0o700)
        os.chmod(f"{folder}/deep", 0)
    except OSError:
        pass
say("left")
"""
    look = """
found = []
for folder in (".", os.environ["TMPDIR"]):
    found += [name for name in os.listdir(folder) if name == "deep" or name.startswith("left-by")]
for folder in ("/dev/shm", "/tmp"):
    found += [folder] if os.path.exists(f"{folder}/left-by-{os.getuid()}") else []
say(found)
"""
    runs = jailed(who, place, leave, look, without=without)["runs"]
    assert [run["said"] for run in runs] == [["left"], [[]]]


@everybody
def test_each_limit_holds(who: str, place: Path) -> None:
    code = """
import errno, time
def fill():
    with open("file", "wb") as file:
        while True:
            file.write(b"x" * 2**20)
def fill_many():
    for i in range(100):
        with open(f"{os.environ['TMPDIR']}/{i}", "wb") as file:
            file.write(b"x" * 2**20)
def forks():
    children = []
    try:
        while len(children) < 100:
            pid = os.fork()
            if pid == 0:
                time.sleep(20)
                os._exit(0)
            children.append(pid)
    except OSError as error:
        return [len(children), errno.errorcode[error.errno]]
    finally:
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    return [len(children), None]
def threads():
    import threading
    event = threading.Event()
    started = []
    try:
        for _ in range(100):
            thread = threading.Thread(target=event.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        pass
    event.set()
    [thread.join() for thread in started]
    return len(started)
say(["memory", attempt(bytearray, 3000 * 2**20)])
say(["files", attempt(fill), os.path.getsize("file") // 2**20])
os.unlink("file")
say(["all files", attempt(fill_many)])
say(["open files", attempt(lambda: [open("/dev/null") for _ in range(100)])])
say(["processes", *forks()])
say(["threads", threads()])
"""
    limits = {"memory_mb": 2048, "scratch_mb": 8, "processes": 12, "open_files": 64}
    report = jailed(who, place, code, limits=limits)
    needs(report, "rlimits", "private tmpfs")
    memory, files, all_files, open_files, processes, threads = report["runs"][0]["said"]
    assert memory == ["memory", "MemoryError"]
    assert files == ["files", "OSError", 8]
    assert all_files == ["all files", "OSError"]
    assert open_files == ["open files", "OSError"]
    assert processes == ["processes", 11, "EAGAIN"]  # the process itself is one
    assert threads == ["threads", 11]


@everybody
def test_processor_time_has_an_end(who: str, place: Path) -> None:
    (run,) = jailed(who, place, "while True: pass", limits={"cpu_seconds": 1})["runs"]
    assert run["code"] == -signal.SIGKILL


DAEMONS = """
import time
for _ in range(5):
    if os.fork() == 0:
        for leave in (os.setsid, lambda: os.setpgid(0, 0)):
            try:
                leave()
            except OSError:
                pass
        if os.fork() == 0:
            import signal
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                time.sleep(5)
        os._exit(0)
time.sleep(0.2)
say("started")
{}
"""


@everybody
@everywhere
@pytest.mark.parametrize("end", ["pass", "import time; time.sleep(60)"], ids=["returned", "hanging"])
def test_no_process_is_left(who: str, place: Path, without: tuple[str, ...], end: str) -> None:
    (run,) = jailed(who, place, DAEMONS.format(end), without=without, seconds=3)["runs"]
    assert run["said"] == ["started"]
    assert run["left"] == []
    assert run["kill_seconds"] < 2


def alive(marker: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in entry.read_bytes().split(b"\0"):
                found.append(entry.parent.name)
    return found


@everybody
@pytest.mark.parametrize(("without", "number"), [((), signal.SIGKILL), (("namespaces",), signal.SIGTERM)])
def test_a_zygote_that_is_killed_takes_its_students_along(
    who: str, place: Path, without: tuple[str, ...], number: int
) -> None:
    marker = f"{time.time_ns() % 10**6 + 100}.{os.getpid()}"
    code = f"import subprocess; subprocess.Popen(['sleep', '{marker}']); say(1); import time; time.sleep(60)"
    arguments = command(who, place, (code,), without=without, seconds=30)
    with subprocess.Popen(arguments, env=environment(), cwd="/", stdout=subprocess.DEVNULL) as zygote:
        deadline = time.monotonic() + 20
        while not alive(marker):
            assert time.monotonic() < deadline
            assert zygote.poll() is None
            time.sleep(0.05)
        zygote.send_signal(number)
    while alive(marker):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@everybody
@everywhere
def test_usage_counts_what_is_taken_and_what_is_shared_once(who: str, place: Path, without: tuple[str, ...]) -> None:
    code = """
import time
block = bytearray(os.urandom(1)) * (100 * 2**20)
children = [os.fork() for _ in range(1)]
if children != [0]:
    children.append(os.fork())
time.sleep(0.6)
if 0 in children:
    os._exit(0)
"""
    (run,) = jailed(who, place, code, watch=True, without=without)["runs"]
    tasks, memory = run["usage"]
    assert tasks == 3
    assert 90 * 2**20 < memory < 130 * 2**20


@everybody
def test_usage_counts_anonymous_files(who: str, place: Path) -> None:
    code = """
import time
files = [os.memfd_create("x") for _ in range(4)]
for file in files:
    os.write(file, b"x" * (20 * 2**20))
time.sleep(0.5)
"""
    (run,) = jailed(who, place, code, watch=True)["runs"]
    assert 75 * 2**20 < run["usage"][1] < 120 * 2**20
    assert said(who, place, "say(attempt(os.memfd_create, 'x'))", limits={"memfd": False}) == "PermissionError"


@everybody
@pytest.mark.parametrize("layer", ["landlock", "seccomp"])
def test_a_layer_that_fails_later_stops_the_submission(who: str, place: Path, layer: str) -> None:
    report = jailed(who, place, "say('student code ran')", lost_later=[layer])
    needs(report, layer)
    (run,) = report["runs"]
    assert run["said"] == []
    assert run["code"] == 77


def test_the_jail_imports_nothing_of_the_toolkit_but_its_own_folder() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(INMATE.parents[2])!r}); before = set(sys.modules);"
        "from autograder.student import jail; print(*sorted(set(sys.modules) - before))"
    )
    names = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = {name for name in names if name.startswith("autograder")}
    assert all(name.startswith("autograder.student") or name == "autograder" for name in ours)
    assert not {"numpy", "subprocess", "tempfile", "msgpack"} & set(names)


def verdict(program: bytes, number: int, arguments: tuple[int, ...] = (), machine: int = 0xC000003E) -> int:
    """What a seccomp filter says to a call: its four kinds of instructions, run by hand."""
    data = struct.pack("=IIQ6Q", number, machine, 0, *(arguments + (0,) * 6)[:6])
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, true, false, constant = code[at]
        at += 1
        match operation:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, constant)
            case 0x05:
                at += constant
            case 0x06:
                return int(constant)
            case 0x15 | 0x45 | 0x35:
                holds = {0x15: accumulator == constant, 0x45: accumulator & constant, 0x35: accumulator >= constant}
                at += true if holds[operation] else false


@pytest.mark.parametrize(("column", "machine"), [(0, 0xC000003E), (1, 0xC00000B7)], ids=["x86_64", "aarch64"])
def test_the_filter_decides_alike_on_both_machines(monkeypatch: pytest.MonkeyPatch, column: int, machine: int) -> None:
    monkeypatch.setattr(linux, "_COLUMN", column)
    monkeypatch.setattr(linux, "_AUDIT_ARCH", machine)
    program = policy.program(
        private_root=True, unix_sockets=True, own_pids=True, own_uid=True, scoped_signals=True, memfd=True
    )
    bare = policy.program(
        private_root=False, unix_sockets=False, own_pids=False, own_uid=False, scoped_signals=False, memfd=False
    )

    def says(which: bytes, name: str, *arguments: int) -> str:
        number = linux.number(name)
        assert number is not None
        result = verdict(which, number, arguments, machine)
        return "allowed" if result == linux.ALLOW else errno.errorcode.get(result & 0xFFFF, "pretended")

    read, write = ((0, 1), (63, 64))[column]
    assert verdict(program, read, machine=machine) == verdict(program, write, machine=machine) == linux.ALLOW
    assert {says(program, name) for name in ("ptrace", "mount", "bpf", "keyctl", "setns", "shmget")} == {"EPERM"}
    assert says(program, "clone", signal.SIGCHLD) == "allowed"
    assert says(program, "clone", linux.CLONE_NEWNET) == "EPERM"
    assert says(program, "clone3") == "ENOSYS"
    assert says(program, "socket", socket.AF_UNIX) == "allowed"
    assert says(program, "socket", socket.AF_INET) == "EACCES"
    assert says(program, "socket", 2**32 + socket.AF_INET) == "EACCES"
    assert says(program, "ioctl", 1, 0x5412) == "EPERM"
    assert says(program, "ioctl", 1, 0x5401) == "allowed"
    assert says(program, "memfd_create") == "allowed"
    assert says(program, "kill", 2**32 - 1, 9) == "allowed"
    assert says(program, "setpgid") == "allowed"
    assert says(program, "setsid") == says(bare, "setsid") == says(bare, "setpgid") == "pretended"
    assert says(bare, "memfd_create") == "EPERM"
    assert says(bare, "fchmodat") == "pretended"
    assert says(bare, "socket", socket.AF_UNIX) == "EACCES"
    assert says(bare, "socketpair", 1, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) == "allowed"
    assert says(bare, "socketpair", 1, socket.SOCK_DGRAM) == "EACCES"
    assert says(bare, "kill", 1, 9) == says(bare, "kill", 2**32 - 1, 9) == says(bare, "kill", 0, 9) == "EPERM"
    assert says(bare, "kill", policy.OWN_PID, 9) == says(bare, "kill", policy.OWN_PID + 1, 9) == "allowed"
    assert says(bare, "prlimit64", 0) == "allowed"
    assert says(bare, "prlimit64", 1) == "EPERM"
    for filter_program in (program, bare):
        for number in (500, 2**30 + 1, 2**32 - 1):
            assert verdict(filter_program, number, machine=machine) == linux.deny(errno.ENOSYS)
        assert verdict(filter_program, read, machine=0x40000003) == linux.deny(errno.ENOSYS)


def test_a_scratch_place_is_emptied_however_deep_or_locked(tmp_path: Path) -> None:
    deep = tmp_path / "scratch"
    deep.mkdir()
    at = os.open(deep, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 50, dir_fd=at)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (deep / "link").symlink_to(outside)
    (deep / "locked").mkdir()
    (deep / "locked" / "file").touch()
    (deep / "locked").chmod(0)
    os.mkfifo(deep / "pipe")
    root.empty(str(deep))
    assert list(deep.iterdir()) == []
    assert (outside / "kept").exists()


def test_a_control_group_is_made_where_one_is_delegated(tmp_path: Path) -> None:
    own = tmp_path / "user.slice" / "run.scope"
    own.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").touch()
    process = tmp_path / "cgroup"
    process.write_text("0::/user.slice/run.scope\n")
    for folder in (tmp_path, own.parent):
        (folder / "cgroup.procs").touch()
        (folder / "cgroup.subtree_control").write_text("cpu")
    assert cgroup.create(tmp_path, process)[1].startswith("off: no group")
    (own.parent / "cgroup.subtree_control").write_text("cpu memory pids")
    assert cgroup.create(tmp_path, process)[1].startswith("off: No such file")  # the kernel would make its files
    group = own.parent / f"autograder-{os.getpid()}"
    for name in ("memory.max", "pids.max", "cgroup.procs", "cgroup.kill"):
        (group / name).touch()
    made = cgroup.Group(
        {name: os.open(group / name, os.O_WRONLY) for name in ("memory.max", "pids.max", "cgroup.procs")}
    )
    made.join(memory=2**30, processes=64)
    made.kill()
    assert ((group / "memory.max").read_text(), (group / "pids.max").read_text()) == (str(2**30), "64")
    for fd in made.files.values():
        os.close(fd)
    assert cgroup.create(tmp_path / "nowhere", process)[1] == "off: not cgroup v2"


def test_a_minimum_names_what_is_missing() -> None:
    layers = {**dict.fromkeys(survey.LAYERS, "on"), "landlock": "off: this kernel has none", "seccomp": "on"}
    assert survey.tier(layers) == "namespaces"
    assert survey.lacking(layers, ["seccomp", "namespaces"]) == []
    assert survey.lacking(layers, ["landlock"]) == ["landlock (off: this kernel has none)"]
    assert survey.tier({}) == "none"
    with pytest.raises(ValueError, match="'moat' is no layer"):
        survey.lacking(layers, ["moat"])


def test_the_survey_tells_of_every_layer_and_what_it_leaves_open() -> None:
    rows = survey.survey()
    assert [row.name for row in rows] == list(survey.LAYERS)
    assert {row.state for row in rows} <= {"on", "off"}
    for row in rows:
        assert row.state == "on" or row.why
        assert row.state == "on" or row.leaves_open or "not needed" in row.why


def test_the_threat_model_tells_of_every_layer() -> None:
    text = (INMATE.parents[2] / "docs" / "threat-model.md").read_text()
    assert [name for name in survey.LAYERS if f"| {name} |" not in text] == []


def made_up_groups(folder: Path, told: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Where control groups are mounted, with these files, and what a process is told of its own."""
    for name, text in files.items():
        path = folder / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    (folder / "cgroup").write_text(f"{told}\n")
    return folder / "mount", folder / "cgroup"


@pytest.mark.parametrize(
    ("told", "files", "left"),
    [
        ("0::/", {}, 64),
        ("0::/", {"cpu.max": "200000 100000"}, 2),
        ("0::/", {"cpu.max": "max 100000"}, 64),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, 1),
        ("0::/a/b", {"a/cpu.max": "400000 100000", "a/b/cpu.max": "250000 100000"}, 3),
        ("3:cpuset:/\n1:cpu,cpuacct:/docker/1f", {"cpu/cpu.cfs_quota_us": "200000"}, 2),
        ("1:cpu:/a\n0::/", {"cpu/a/cpu.cfs_quota_us": "-1"}, 64),
        ("1:cpu:/a\n0::/", {"cpu/a/cpu.cfs_quota_us": "10000"}, 1),
        ("nothing of the kind", {"cpu.max": "1 1"}, 64),
    ],
)
def test_a_container_has_the_cores_that_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, files: dict[str, str], left: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    periods = {str(Path(name).with_name("cpu.cfs_period_us")): "100000" for name in files}
    assert cgroup.cores(*made_up_groups(tmp_path, told, {**files, **periods})) == left


MEBI = 2**20
STAT = "{0}active_file 104857600\n{0}inactive_file 209715200\nanon 3"


@pytest.mark.parametrize(
    ("told", "files", "left"),
    [
        ("0::/", {}, 8192),
        ("0::/", {"memory.max": 1000, "memory.current": 700, "memory.stat": STAT.format("")}, 600),
        ("0::/a", {"a/memory.max": "max", "a/memory.current": 700, "a/memory.stat": STAT.format("")}, 8192),
        ("0::/a/b", {"a/memory.max": 1000, "a/memory.current": 900, "a/memory.stat": STAT.format("")}, 400),
        ("0::/", {"memory.max": 100, "memory.current": 700, "memory.stat": STAT.format("")}, 0),
        ("0::/", {"memory.max": 1000, "memory.current": 700, "memory.stat": ""}, 300),
        ("0::/", {"memory.max": 1000, "memory.current": 700}, 300),
        (
            "4:memory:/docker/1f",
            {
                "memory/memory.limit_in_bytes": 1000,
                "memory/memory.usage_in_bytes": 700,
                "memory/memory.stat": STAT.format("") + "\n" + STAT.format("total_"),
            },
            600,
        ),
    ],
)
def test_a_container_has_the_memory_that_it_was_given(
    tmp_path: Path, told: str, files: dict[str, int | str], left: int
) -> None:
    texts = {name: str(text * MEBI) if isinstance(text, int) else text for name, text in files.items()}
    (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:    {8192 * 1024} kB\n")
    assert cgroup.memory(*made_up_groups(tmp_path, told, texts), tmp_path / "meminfo") == left * MEBI


@pytest.mark.parametrize(("cores", "megabytes", "places"), [(64, 2**20, 64), (64, 8192, 30), (4, 1024, 2), (2, 100, 1)])
def test_there_are_no_more_places_than_there_is_memory_for(
    monkeypatch: pytest.MonkeyPatch, cores: int, megabytes: int, places: int
) -> None:
    monkeypatch.setattr(workers, "cores", lambda: cores)
    monkeypatch.setattr(workers, "memory", lambda: megabytes * MEBI)
    monkeypatch.setattr(workers, "processes", lambda: 2**31)
    assert workers.places() == places
    monkeypatch.setattr(workers, "processes", lambda: 20)
    assert workers.places() == 1


@pytest.mark.parametrize(
    ("told", "files", "left"),
    [
        ("0::/", {}, 2**31),
        ("0::/", {"pids.max": "100", "pids.current": "30"}, 70),
        ("0::/a/b", {"a/pids.max": "100", "a/pids.current": "99", "a/b/pids.max": "max", "a/b/pids.current": "3"}, 1),
        ("7:pids:/docker/1f\n0::/", {"pids/pids.max": "64", "pids/pids.current": "65"}, 0),
    ],
)
def test_a_container_has_the_processes_that_it_was_given(
    tmp_path: Path, told: str, files: dict[str, str], left: int
) -> None:
    assert cgroup.processes(*made_up_groups(tmp_path, told, files)) == left


@pytest.mark.parametrize(("left", "cores", "share"), [(2**31, 2, 128), (120, 2, 30), (120, 1, 60), (20, 64, 24)])
def test_a_submission_has_its_share_of_few_processes(
    monkeypatch: pytest.MonkeyPatch, left: int, cores: int, share: int
) -> None:
    monkeypatch.setattr(cgroup, "processes", lambda: left)
    monkeypatch.setattr(cgroup, "cores", lambda: cores)
    assert warm._with_its_share(Limits()).processes == share


@contextlib.contextmanager
def group(settings: dict[str, str]) -> Iterator[Path]:
    """A control group with the first of these settings that can be made here; the file by which one enters it."""
    with contextlib.ExitStack() as stack:
        for pattern, text in settings.items():
            file = Path("/sys/fs/cgroup", pattern.format(f"autograder-test-{os.getpid()}"))
            with contextlib.suppress(OSError):
                file.parent.mkdir()
                stack.callback(_remove, file.parent)
                file.write_text(text)
                break
        else:
            pytest.skip("this user may not make control groups that have limits")
        yield file.parent / "cgroup.procs"


def memory_of(megabytes: int) -> dict[str, str]:
    text = str(megabytes * MEBI)
    return {"memory/{}/memory.limit_in_bytes": text, "{}/memory.max": text}


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 20
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


def processes_of(number: int) -> dict[str, str]:
    return {"pids/{}/pids.max": str(number), "{}/pids.max": str(number)}


CORES, MEMORY = "print(cgroup.cores() == 1)", "print(500 * 2**20 < cgroup.memory() <= 600 * 2**20)"
PROCESSES = "print(0 < cgroup.processes() < 90)"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"cpu/{}/cpu.cfs_quota_us": "100000", "{}/cpu.max": "100000 100000"}, CORES),
        (memory_of(600), MEMORY),
        (processes_of(90), PROCESSES),
    ],
    ids=["cores", "memory", "processes"],
)
def test_the_kernel_says_what_a_group_leaves(settings: dict[str, str], code: str) -> None:
    with group(settings) as door:
        enter = f"open('{door}', 'w').write('0')\nfrom autograder.student import cgroup\n"
        ended = subprocess.run([sys.executable, "-c", enter + code], capture_output=True, text=True, check=True)
    assert ended.stdout == "True\n"


def graded_within(door: Path, room: Classroom, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, in a control group."""
    command = ["-m", "autograder.cli", "grade", "tiny", *options]
    enter = f"open('{door}', 'w').write('0')\nimport os, sys\nos.execv(sys.executable, [sys.executable, *{command}])"
    return subprocess.run(
        [sys.executable, "-c", enter], capture_output=True, text=True, check=False, cwd=room.root,
        env=room.environment(),
    )  # fmt: skip


def test_too_little_memory_costs_nobody_points(tmp_path: Path) -> None:
    students = [f"student{number}" for number in range(8)]
    room = Classroom(tmp_path)
    for student in students:
        room.hand_in(student, {"shares": f"{SHARES}\nimport time\nkept = bytearray(250 * 2**20)\ntime.sleep(0.5)"})
    before = cgroup.kills_for_memory()
    with group(memory_of(1024)) as door:
        ended = graded_within(door, room, "--workers", "8")
    done = [student for student in students if (room.root / "autograded" / student / "tiny" / "results.json").exists()]
    assert {room.results(student)["score"] for student in done} <= {10}
    if ended.returncode == 0:
        assert done == students
    again = room.autograder("grade", "tiny")
    assert again.status == 0, again.err
    assert {room.results(student)["score"] for student in students} == {10}
    if cgroup.kills_for_memory() == before:
        pytest.skip("the kernel ended nothing: student processes have control groups of their own here")


BOMB = """
import os, time
for _ in range(1000):
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    except OSError:
        time.sleep(0.002)
"""


def test_who_takes_all_processes_of_a_container_costs_nobody_else_points(tmp_path: Path) -> None:
    room = Classroom(tmp_path)
    students = [f"student{number}" for number in range(12)]
    for number, student in enumerate(students):
        room.hand_in(student, {"last": BOMB} if number % 3 == 0 else {})
    with group(processes_of(120)) as door:
        ended = graded_within(door, room)
    assert ended.returncode == 0, ended.stderr
    assert {room.results(student)["score"] for number, student in enumerate(students) if number % 3} == {10}


@pytest.mark.parametrize("without", [(), ("namespaces",)], ids=["all", "docker"])
@pytest.mark.parametrize("number", [8, 10, 12, 14, 60])
def test_too_few_processes_cost_nobody_points(number: int, without: tuple[str, ...]) -> None:
    students = ("ada", "bob", "cyd")
    with folder_for("ordinary user") as place:
        room = Classroom(place)
        for student in students:
            room.hand_in(student, {})
        for path in place.rglob("*") if os.geteuid() == 0 else ():
            os.chown(path, ORDINARY, ORDINARY)
        program = [sys.executable, "-m", "autograder.cli", "--course", str(place), "grade", "tiny", "--workers", "2"]
        program = ["/bin/sh", "-c", f'ulimit -p {number} 2>&- || ulimit -u {number}; exec "$0" "$@"', *program]
        started = command("ordinary user", place, (), without=without, program=program, seconds=120)
        ended = subprocess.run(started, capture_output=True, text=True, cwd="/", env=room.environment(), check=False)
        if "SKIP: " in ended.stderr:
            pytest.skip(ended.stderr.partition("SKIP: ")[2])
        done = [each for each in students if (place / "autograded" / each / "tiny" / "results.json").exists()]
        assert {room.results(student)["score"] for student in done} <= {10}
        assert ended.returncode != 0 or len(done) == 3, ended.stderr
        if os.geteuid() == 0 and number == 60:
            assert len(done) == 3, ended.stderr
