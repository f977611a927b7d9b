"""What `grade` says while it works: to a person at a terminal, in a log, and to programs; and when it is stopped."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from autograder.batch import grade_class
from autograder.progress import Progress
from autograder.workers import grade_one
from tests.toolkit.classroom import Classroom
from tests.toolkit.prepared import Graded, Here, Prepared

DOCS = Path(__file__).parents[2] / "docs" / "json.md"


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, room: Classroom, *arguments: str) -> None:
        self.shown = ""
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as for every program that is started at a terminal
            os.chdir(room.root)
            environment = {**room.environment(), "TERM": "xterm", "COLUMNS": "150"}
            os.execve(sys.executable, [sys.executable, "-m", "autograder.cli", *arguments], environment)

    def until(self, pattern: str, seconds: float) -> bool:
        """Whether it shows something within the time."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.shown) and time.monotonic() < deadline:
            if select.select([self.handle], [], [], 0.1)[0]:
                try:
                    self.shown += re.sub(
                        r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(self.handle, 4096).decode(errors="replace")
                    )
                except OSError:
                    break
        return re.search(pattern, self.shown) is not None

    def end(self) -> int:
        """Its exit status, once it has ended."""
        self.until("never shown", 60)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.handle)
        return status


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    room = Classroom(tmp_path)
    for student in ("ada", "bob", "cyd", "dan"):
        room.hand_in(student, {"first": "import time; time.sleep(3)"} if student != "ada" else {})
    return room


def test_ctrl_c_stops_at_once_says_what_is_left_and_loses_nothing(room):
    terminal = Terminal(room, "grade", "tiny", "--workers", "1")
    assert terminal.until("1/4 .*slowest", 60), terminal.shown
    begun = time.monotonic()
    os.write(terminal.handle, b"\x03")
    assert terminal.end() == 2
    took = time.monotonic() - begun
    assert "stopped: 1 of 4 done, 3 left" in terminal.shown
    assert "running it again goes on from there" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert room.results("ada")["score"] == 10
    assert took < 2
    again = room.autograder("grade", "tiny", "--workers", "2")
    assert again.status == 0, again.err
    assert "3 graded" in again.out
    assert "1 unchanged since they were graded" in again.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_asked_to_end_says_what_is_left(room, number):
    command = subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "grade", "tiny", "--workers", "1", "--json"],
        cwd=room.root, env=room.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert command.stdout is not None
    for line in command.stdout:
        if json.loads(line).get("done") == 1:
            break
    begun = time.monotonic()
    command.send_signal(number)
    out, err = command.communicate(timeout=60)
    assert time.monotonic() - begun < 2
    assert command.returncode == 2
    assert "running it again goes on from there" in err
    assert json.loads(out.splitlines()[-1])["error"] == "stopped"
    assert room.results("ada")["score"] == 10


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """A process in which Ctrl-C is what it is in a terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_waits_while_a_lock_of_the_executor_s_may_be_held(tmp_path):
    room = Classroom(tmp_path)
    for student in ("ada", "bob", "cyd"):
        room.hand_in(student, {})
    kept: Graded = {}
    grade_class(room.course, room.assignment(), executor=lambda: Here(kept))
    inside = []

    class Interrupted(Future):
        def running(self) -> bool:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                inside.append(self)
            return super().running()

    class Executor(Prepared):
        def submit(self, function, /, *arguments, **_):
            future = Interrupted()
            future.set_result(self.prepare(arguments[2]) if function is grade_one else None)
            return future

    with pytest.raises(KeyboardInterrupt):
        grade_class(
            room.course, room.assignment(), force=True, executor=lambda: Executor(lambda one: kept[one.student])
        )
    assert inside == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_programs_get_lines_with_the_documented_keys(room):
    room.hand_in("ada", {"shares": "def shares(x):\n    return x"})
    room.submit("eve", b"no notebook")
    done = room.autograder("grade", "tiny", "--workers", "2", "--json")
    assert done.status == 1, done.err
    *lines, last = map(json.loads, done.out.splitlines())
    documented = [json.loads(line) for line in re.findall(r"^```json\n(.*)\n```", DOCS.read_text(), re.MULTILINE)]
    assert [set(lines[0]), set(last)] == [set(line) for line in documented]
    assert {line["event"] for line in lines} == {"progress"}
    assert [line["done"] for line in lines] == sorted(line["done"] for line in lines)
    assert all(line["done"] + line["left"] == line["total"] == 5 for line in lines)
    slow = [line["slowest"] for line in lines if line["slowest"]]
    assert {one["student"] for one in slow} & {"bob", "cyd", "dan"}
    assert max(one["seconds"] for one in slow) > 1
    assert (last["event"], last["status"], last["graded"], last["workers"]) == ("summary", 1, 5, 2)
    assert list(last["attention"]) == ["eve"]
    scores = [room.results(student)["score"] for student in ("ada", "bob", "cyd", "dan", "eve")]
    assert last["mean"] == pytest.approx(sum(scores) / 5)


def test_programs_are_told_what_is_wrong_in_the_last_line(tmp_path):
    done = Classroom(tmp_path).autograder("grade", "tony", "--json")
    (line,) = map(json.loads, done.out.splitlines())
    assert (done.status, line["event"], line["status"]) == (2, "summary", 2)
    assert "no assignment 'tony'" in line["error"]


def test_a_log_gets_lines_with_the_rate_the_time_left_and_who_is_slow(monkeypatch, capsys):
    from autograder import printed

    monkeypatch.setattr(printed, "_SECONDS_BETWEEN_LINES", 0.0)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress(100, skipped=["zoe"] * 9, started=now[0])
    with printed.grading() as report:
        for second in range(10):
            now[0] += 1
            progress.graded += ["a", "b"]
            progress.look(["ida\x1b[2J", f"quick{second}"])
        progress.failed["bob"] = "WorkerLost: it died"
        report(progress)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "30 of 100 submissions, 2.1 a second, 0:33 left, slowest ida\\x1b[2J, 9 s, 1 failed"
    )


def test_nobody_knows_when_the_last_one_ends_that_takes_longer_than_others(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress(10, started=now[0])
    estimates = []
    for graded in (4, 4, 0, 0, 1, 1):
        now[0] += 1
        progress.graded += ["a"] * graded
        progress.look(["mary", "quick"][: progress.left])
        estimates.append(progress.seconds_left)
    # At 4 a second the last two would take half a second, and both have been in hand for a whole one.
    assert estimates == [1.5, None, None, None, None, 0.0]


def test_the_estimate_follows_the_last_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress(10_000, started=now[0])
    assert progress.seconds_left is None
    for rate, seconds in ((10, 300), (2, 120)):
        for _ in range(seconds):
            now[0] += 1
            progress.graded += ["a"] * rate
            progress.look([])
    assert progress.rate == pytest.approx(2, rel=0.05)
    assert progress.seconds_left == pytest.approx((10_000 - 3240) / 2, rel=0.05)
