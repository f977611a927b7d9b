"""A course under attack: honest students, the attacks of `attacks/`, and one run of the real `grade` over all of them.

Whatever must not come out (checks, solutions, the gradebook, the secret, other students' work, the environment) holds a
canary, a word that exists nowhere else. As root the run can be an ordinary user's too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograder.student import linux, watch
from tests.toolkit.classroom import Classroom, Done, Notebook, cell, extra_cell, with_first
from tests.toolkit.inmate import ORDINARY
from tests.toolkit.tiny import REFERENCE, SHARES, SPREAD, answer_cell, source_notebook, test_cell, tiny_notebook

ATTACKS = Path(__file__).with_name("attacks")
FAMILIES = ("forge", "read", "write", "network", "processes", "resources", "wire", "output", "metadata")
MARK = "attack-was-here"
SECONDS = int(os.environ.get("SIEGE_SECONDS", "240"))

LIMITS = (
    "c.Autograder.cell_seconds, c.Autograder.call_seconds, c.Autograder.submission_seconds = 3, 2, 15",
    "c.Autograder.memory_mb, c.Autograder.processes, c.Autograder.files_mb = 300, 40, 24",
)

LABEL = "def label(text):\n    return text.upper()\n"
NOISE = "def noise(n):\n    return np.random.default_rng(0).normal(size=n)\n"

CHECK_LABEL = '''\
"""Hidden checks of `label`: what they send is a canary."""
from autograder.checks import close, question, visible

pytestmark = question("label")


def test_a_label_is_shouted(student):
    """A label is shouted."""
    # {check}
    assert close(student.label("{sent}"), "{sent}".upper())


def test_a_second_label_is_shouted(student):
    """A second label is shouted."""
    assert close(student.label("x{sent}"), "x{sent}".upper())


@visible
def test_an_example_is_shouted(student):
    """An example is shouted."""
    assert close(student.label("example"), "EXAMPLE")
'''

# Not as docs/checks.md would have it: what came back is used before its form is known.
CHECK_NOISE = '''\
"""Hidden checks of `noise`, by somebody who trusts what comes back."""
import numpy as np

from autograder.checks import question

pytestmark = question("noise")


def test_noise_is_centred(student, rng):
    """Noise is centred."""
    assert abs(np.mean(student.noise(1000))) < 0.2


def test_noise_has_a_spread_of_one(student):
    """Noise has a spread of one."""
    assert 0.8 < np.std(student.noise(1000)) < 1.2
    assert np.max(student.noise(1000)) > 2


def test_noise_is_of_the_stated_distribution(student, rng):
    """Noise is of the stated distribution."""
    difference = student.noise(1000) - rng.normal(size=1000)
    assert 0.5 < np.abs(difference).mean() < 2
'''

GUARD = """\
with open("/proc/self/status") as _status:  # never outside of the jail
    assert "Seccomp:\\t2" in _status.read()
"""

WRONG = {
    "shares": "def shares(x):\n    return 2 * x\n",
    "spread": "def spread(x):\n    return x.sum(axis=1)\n",
    "label": "def label(text):\n    return text\n",
    "noise": "def noise(n):\n    return np.full(n, 9.0)\n",
}
RIGHT = {"shares": SHARES, "spread": SPREAD, "label": LABEL, "noise": NOISE}
COLUMNS = {**RIGHT, "shares": "def shares(x):\n    return x / x.sum(axis=0, keepdims=True)\n"}
RAISES = {**RIGHT, "shares": "def shares(x):\n    raise ValueError('no')\n"}
# Sorted by name these stand before, between and behind the attacks.
HONEST = {"honest-1": RIGHT, "a-honest": COLUMNS, "n-honest": RAISES, "p-honest": RIGHT, "zz-honest": WRONG}


@dataclass(frozen=True)
class Attack:
    """One file of `attacks/`.

    `place` is where its code stands: first or last of all cells, in each of several at the end, in place of an answer;
    or "notebook", when it is a function that changes what is handed in.
    """

    name: str
    family: str
    goal: str
    place: str
    source: str

    def called(self, name: str) -> Attack:
        """The same, handed in by a student of that name."""
        return dataclasses.replace(self, name=name)

    def apply(self, notebook: Notebook, words: dict[str, str]) -> Notebook:
        """The notebook with the attack in it. `words` stand for what an attacker may know of the machine."""
        source = self.source
        for word, value in words.items():
            source = source.replace(f"{{{word}}}", value)
        if self.place == "notebook":
            names: dict[str, Any] = {}
            exec(source, names)
            names["change"](notebook)
        elif self.place == "first":
            return with_first(notebook, GUARD + source)
        elif self.place in WRONG:
            cell(notebook, f"{self.place}_answer")["source"] = GUARD + source
        else:
            times = int(self.place.removeprefix("each of ")) if self.place != "last" else 1
            for number in range(times):
                notebook["cells"].append(extra_cell(GUARD + source, f"attack-{number}"))
        return notebook


def attacks() -> list[Attack]:
    """All of them, by name."""
    found = []
    for path in sorted(ATTACKS.glob("*.py")):
        source = path.read_text()
        head = re.match(r"# (\w+): (.+)\n# place: (.+)\n", source)
        assert head is not None, f"{path.name}: the first two lines say what it tries and where it stands"
        found.append(Attack(path.stem, head[1], head[2], head[3], source))
    return found


def canary() -> str:
    return f"canary-{secrets.token_hex(16)}"


@dataclass
class Siege:
    """The course, its canaries by where they are, and what came of the run."""

    room: Classroom
    who: str
    without: tuple[str, ...] = ()
    honest: dict[str, dict[str, str]] = field(default_factory=lambda: HONEST)
    attackers: list[Attack] = field(default_factory=attacks)
    canaries: dict[str, str] = field(default_factory=dict)
    alone: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: Done = field(default_factory=lambda: Done(0, "", ""))
    feedback: Done = field(default_factory=lambda: Done(0, "", ""))
    left: list[str] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    before: dict[str, bytes] = field(default_factory=dict)
    seconds_alone: list[tuple[float, float]] = field(default_factory=list)
    seconds_besieged: list[tuple[float, float]] = field(default_factory=list)
    peak_mb: int = 0

    def build(self) -> None:
        """The course, with a canary in each of its places."""
        room = self.room
        for place in ("check", "solution", "source", "secret", "config", "gradebook", "submission", "beside", "sent"):
            self.canaries[place] = canary()
        self.canaries["environment"] = canary()
        room.config(*LIMITS, f"# {self.canaries['config']}")
        notebook = tiny_notebook()
        label = answer_cell(f"{LABEL}    # {self.canaries['source']}", "label")
        more = [label, test_cell("assert label('') == ''", "label", 2)]
        more += [answer_cell(NOISE, "noise"), test_cell("assert len(noise(3)) == 3", "noise", 3)]
        room.write_assignment("tiny", source_notebook(*notebook.cells, *more))
        room.write("solutions/tiny.py", f"{REFERENCE}\n# {self.canaries['solution']}\n")
        filled = CHECK_LABEL.replace("{check}", self.canaries["check"]).replace("{sent}", self.canaries["sent"])
        room.write_checks("tiny", label=filled, noise=CHECK_NOISE)
        room.write(".secret", self.canaries["secret"] + "\n")
        for student, answers in self.honest.items():
            beside = {"notes.txt": f"{self.canaries['beside']} {'of mine ' * 200}".encode()}
            notebook = self.answered(answers) if answers else room.released()
            notebook["cells"].append(extra_cell(f"# {self.canaries['submission']}", "own"))
            room.submit(student, notebook, files=beside)
        room.submit("wrong", self.answered(WRONG))

    def answered(self, answers: dict[str, str]) -> Notebook:
        notebook = self.room.answered()
        for name, source in answers.items():
            cell(notebook, f"{name}_answer")["source"] = source
        return notebook

    def hand_in_attacks(self, words: dict[str, str]) -> None:
        for attack in self.attackers:
            self.room.submit(attack.name, attack.apply(self.answered(WRONG), words))

    def grade(self, *arguments: str) -> Done:
        """The real command, as whoever it is; the processes of it that are alive when it has ended are in `left`."""
        command = [sys.executable, "-m", "autograder.cli", *arguments]
        if self.without:
            command = self.preceded(f"give_up({list(self.without)})", command)
        if self.who != "root" and os.geteuid() == 0:
            command = self.preceded("become_ordinary()", command)
            own(self.room.root)
        environment = {**self.room.environment(), "AUTOGRADER_CANARY": self.canaries["environment"]}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
        ours = set(watch.descendants(os.getpid()))
        out, err = self.room.root / "out.txt", self.room.root / "err.txt"
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        try:
            with out.open("w") as stdout, err.open("w") as stderr:
                run = subprocess.Popen(command, cwd=self.room.root, env=environment, stdout=stdout, stderr=stderr)
            status = self.wait(run.pid)
            run.returncode = os.waitstatus_to_exitcode(status)
            self.left += still_alive(ours)
        finally:
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 0)
        return Done(run.returncode, out.read_text(), err.read_text())

    @staticmethod
    def preceded(by: str, command: list[str]) -> list[str]:
        """A command that does something of inmate.py's first."""
        code = f"import os, sys; from tests.toolkit.inmate import *; {by}; os.execv(sys.argv[1], sys.argv[1:])"
        return [sys.executable, "-c", code, *command]

    def wait(self, pid: int) -> int:
        """The status with which a command ends, which has its time. `peak` is the memory of its largest process."""
        deadline = time.monotonic() + SECONDS
        late = False
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                assert not late, f"not done after {SECONDS} seconds: {(self.room.root / 'err.txt').read_text()[-3000:]}"
                self.peak_mb = max(self.peak_mb, usage.ru_maxrss // 1024)
                return status
            if time.monotonic() > deadline and not late:
                late = True
                os.kill(pid, signal.SIGTERM)
            time.sleep(0.05)

    def results(self, student: str) -> dict[str, Any]:
        """A student's results without what differs between two runs."""
        results = self.room.results(student)
        for name in ("run", "fingerprint"):
            del results[name]
        for question in results["questions"]:
            for check in question["checks"]:
                del check["seconds"]
        return results

    def seconds(self) -> list[tuple[float, float]]:
        """What each honest student's submission took: seconds, and seconds of processor time in its sandbox."""
        runs = [self.room.results(student)["run"] for student in self.honest]
        return [(run["seconds"], run["cpu_seconds"]) for run in runs]

    def files(self) -> dict[str, bytes]:
        """The course's files that grading has no business to change."""
        kept = (
            "source",
            "solutions",
            "tests",
            "submitted",
            "release",
            "course_config.py",
            "nbgrader_config.py",
            ".secret",
        )
        found = {}
        for path in sorted(self.room.root.rglob("*")):
            name = str(path.relative_to(self.room.root))
            if name.startswith(kept) and path.is_file() and "__pycache__" not in name:
                found[name] = path.read_bytes()
        return found


def still_alive(ours: set[int]) -> list[str]:
    """The descendants of this process besides `ours`, when those that are about to end have had the time to."""
    deadline = time.monotonic() + 20
    while True:
        alive = []
        for pid in set(watch.descendants(os.getpid())) - ours:
            with contextlib.suppress(OSError):
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG) is None:
                    alive.append(f"{pid}: {Path(f'/proc/{pid}/cmdline').read_text()}")
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.2)


def own(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        os.chown(path, ORDINARY, ORDINARY, follow_symlinks=False)


@contextlib.contextmanager
def listeners(root: Path, callers: list[str]) -> Iterator[dict[str, str]]:
    """Servers that anybody on this machine may call; whoever does is in `callers`."""
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = tcp.getsockname()[1]
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", port))
        path, abstract = str(root / "socket"), f"siege-{os.getpid()}-{secrets.token_hex(4)}"
        streams = {"tcp": tcp}
        for name, address in (("unix", path), ("abstract", f"\0{abstract}")):
            streams[name] = stack.enter_context(socket.socket(socket.AF_UNIX))
            streams[name].bind(address)
            streams[name].listen()
        os.chmod(path, 0o777)
        yield {"root": str(root), "port": str(port), "socket": path, "abstract": abstract}
        for name, stream in (*streams.items(), ("udp", udp)):
            stream.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                callers.append(f"{name}: {stream.recv(100) if stream is udp else stream.accept()}")


@contextlib.contextmanager
def besieged(
    who: str, without: tuple[str, ...] = (), broken: Mapping[str, bytes] = MappingProxyType({}), **options: Any
) -> Iterator[Siege]:
    """The run: honest students alone, then with all attacks beside them, then the pages.

    `without` is what the machine is made to lack, as in test_jail.py; `broken` are files in place of notebooks, by
    student; `options` are a `Siege`'s.
    """
    root = Path(tempfile.mkdtemp(prefix="siege-", dir="/tmp")).resolve()
    root.chmod(0o755)
    siege = Siege(Classroom(root), who, without, **options)
    try:
        siege.build()
        siege.done = siege.grade("grade", "tiny")
        assert siege.done.status == 0, siege.done.err
        siege.alone = {student: siege.results(student) for student in siege.honest}
        siege.seconds_alone = siege.seconds()
        with sqlite3.connect(root / "gradebook.db") as database:
            database.execute("create table canary (word text)")
            database.execute("insert into canary values (?)", (siege.canaries["gradebook"],))
        database.close()
        with listeners(root, siege.callers) as words:
            siege.hand_in_attacks(words)
            for student, content in broken.items():
                siege.room.submit(student, content)
            siege.before = siege.files()
            siege.done = siege.grade("grade", "tiny", "--force", "--workers", "2")
        siege.seconds_besieged = siege.seconds()
        siege.feedback = siege.grade("feedback", "tiny")
        yield siege
    finally:
        shutil.rmtree(root, ignore_errors=True)


def said_to(siege: Siege, student: str) -> dict[str, str]:
    """All that a student, or who looks at their work, gets to see: the files of the results and the pages, by name."""
    found = {}
    for step in ("autograded", "feedback"):
        for path in (siege.room.root / step / student).rglob("*"):
            if path.is_file():
                found[f"{step}/{path.name}"] = path.read_text(errors="replace")
    return found


def is_in(text: str, word: str) -> bool:
    """Whether a text holds a canary: as it is, backwards, in hexadecimal, with signs between, as numbers, in parts."""
    secret = word.removeprefix("canary-")
    plain = re.sub("[^0-9a-f]", "", text.lower())
    numbers = [int(digits) for digits in re.findall(r"\d{9,60}", text)]
    numbers += [
        int.from_bytes(bytes(map(int, codes.split(", "))), "big")
        for codes in re.findall(r"\d+(?:, \d+){3,}", text)
        if all(int(code) < 256 for code in codes.split(", "))
    ]
    return (
        any(form in text for form in (word, word[::-1], word.encode().hex()))
        # Eight digits in a row are found by chance, in one of twenty runs.
        or any(secret[start : start + 12] in plain for start in range(len(secret) - 11))
        or any(len(part) > 3 and part.strip(b"\0") in word.encode() for part in map(_as_bytes, numbers))
    )


def _as_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
