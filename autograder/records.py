"""The values that pass between the stages, and the errors the toolkit raises.

Everything here is frozen data: a stage takes some of it and returns some of it. This module imports nothing else
of the toolkit, so that any stage may use it.

The errors form one tree::

    AutograderError             the command could not be done (exit status 2)
    ├── CourseError             the course itself is wrong; says which file and cell
    ├── ReleaseError            the release could not be proven
    ├── SandboxError            the jail the course asks for cannot be had here
    │   └── ProcessLost         one of its processes died, as when it was killed: worth another try
    │       └── NoRoom          one could not be begun, as there are too many
    └── StudentFault            what the student's process did, seen from a check; each is a verdict
        ├── Missing             no such function or variable                     -> missing
        ├── Raised              the student's code raised                        -> error
        ├── TimedOut            the call took longer than its limit              -> timeout
        ├── OutOfMemory         the sandbox passed its memory limit              -> memory
        ├── Crashed             the process died                                 -> crash
        ├── WrongForm           what came back is not data of an accepted type   -> fail
        └── Forbidden           a call that the question forbids                 -> fail
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA = 1

GradedBy = Literal["checks", "cell", "hand"]
Ending = Literal["completed", "timeout", "memory", "crashed", "unreadable"]


class Verdict(enum.StrEnum):
    """What became of one check."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    MISSING = "missing"
    BROKEN = "broken"
    SKIPPED = "skipped"


class AutograderError(Exception):
    """The command could not be done; the message says why, for a person."""


class CourseError(AutograderError):
    """The course itself is wrong. Names the file and, where there is one, the cell."""


class ReleaseError(AutograderError):
    """A release that did not prove itself: something leaked, or the model answer does not earn full marks."""


class SandboxError(AutograderError):
    """The protections that the course asks for are not to be had here."""


class ProcessLost(SandboxError):
    """A process of the sandbox died that runs no student's code, or was never begun with. Another try may do."""


class NoRoom(ProcessLost):
    """A process could not be begun, as this machine or container has too many, which may be for a while."""

    def __init__(self, message: str = "this machine or container has no room for more processes") -> None:
        super().__init__(message)


class StudentFault(Exception):
    """Something the student's process did. `where` is (cell index, line) in the student's notebook, if known."""

    verdict = Verdict.FAIL

    def __init__(self, message: str, *, kind: str = "", where: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.where = where


class Missing(StudentFault):
    """There is no function or variable of that name after the notebook has run."""

    verdict = Verdict.MISSING


class Raised(StudentFault):
    """The student's code raised an exception; `kind` is its type's name."""

    verdict = Verdict.ERROR


class TimedOut(StudentFault):
    """A call took longer than the limit."""

    verdict = Verdict.TIMEOUT


class OutOfMemory(StudentFault):
    """The sandbox went past its memory limit."""

    verdict = Verdict.MEMORY


class Crashed(StudentFault):
    """The student's process died, or said something that is not of the protocol."""

    verdict = Verdict.CRASH


class WrongForm(StudentFault):
    """What came back is not data, or too large to bring over."""


class Forbidden(StudentFault):
    """A call was used that the question forbids."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Each is an option of `c.Autograder`, for the course or for one assignment.

    Seconds are of the wall clock; memory is above the warm baseline, for the whole sandbox.
    """

    cell_seconds: float = 60.0
    call_seconds: float = 10.0
    submission_seconds: float = 300.0
    memory_mb: int = 2048
    processes: int = 128
    files_mb: int = 256
    output_bytes: int = 1_000_000
    value_bytes: int = 64 * 2**20


@dataclass(frozen=True)
class Shown:
    """A value as a page shows it: a text, and the numbers of a small array, row by row, as text."""

    text: str
    shape: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Heat:
    """A map of the difference of two arrays; a cell stands for a block of `high` × `wide` entries.

    `shades` are hundredths of the largest difference, row by row; None where it is not finite.
    """

    rows: int
    columns: int
    high: int
    wide: int
    shades: tuple[int | None, ...]
    largest: str
    wrong: int
    size: int


@dataclass(frozen=True)
class Evidence:
    """What a `visible` check that failed can show. `wrong` are the places of a small array that differ."""

    call: str
    arguments: tuple[Shown, ...]
    actual: Shown
    expected: Shown
    wrong: tuple[int, ...] = ()
    difference: Heat | None = None


@dataclass(frozen=True)
class Behaviour:
    """What a wrong answer does on inputs that are the same for everybody, for finding those that do the same.

    `relation` says in words how what came is related to what was expected. Holds values of hidden checks: for
    instructors.
    """

    form: str
    numbers: tuple[float, ...] = ()
    relation: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One check on one submission, as a line of `results.json`.

    `evidence` is there for `visible` checks that failed, `behaviour` for failures that no misconception explains.
    """

    id: str
    title: str
    verdict: Verdict
    points: float
    max_points: float
    message: str = ""
    hint: str = ""
    misconception: str | None = None
    seconds: float = 0.0
    visible: bool = False
    evidence: Evidence | None = None
    behaviour: Behaviour | None = None


@dataclass(frozen=True)
class QuestionResult:
    """One question on one submission. `score` is None while a person has still to give it.

    Of one that its grade cell tests, `isolated` says whether the test ran apart from the student's code, and `note` why
    not, or why nobody but a person can tell.
    """

    id: str
    score: float | None
    max_score: float
    graded_by: GradedBy
    checks: tuple[CheckResult, ...] = ()
    isolated: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class NotebookResult:
    """What was read and run. `sha256` is of the submitted file's bytes, empty where none could be opened."""

    path: str
    sha256: str
    cells: int
    cells_failed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Run:
    """How the run went. Differs between two runs over one submission, unlike everything else."""

    ending: Ending
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Grade:
    """The grade of one submission: what `results.json` holds."""

    course: str
    assignment: str
    student: str
    score: float
    max_score: float
    needs_manual_grade: tuple[str, ...]
    notebooks: tuple[NotebookResult, ...]
    questions: tuple[QuestionResult, ...]
    run: Run
    sandbox: dict[str, str] = field(default_factory=dict)
    attention: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    grader: str = ""

    def to_json(self) -> dict[str, Any]:
        """The `results.json` of this grade (schema 1), as plain dictionaries and lists."""
        return {"schema": SCHEMA, **_plain(self)}


def _plain(value: Any) -> Any:
    """Records as dictionaries: what `dataclasses.asdict` gives, in a third of its time, as nothing is copied."""
    if dataclasses.is_dataclass(value):
        return {name: _plain(item) for name, item in vars(value).items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class GradedSubmission:
    """A grade, and the notebooks (JSON) with the outputs of the run, by name."""

    grade: Grade
    notebooks: dict[str, str]
