"""Questions that their grade cells test, as in nbgrader: where the test runs, and what it gives.

A test cell is the course's code, and runs apart from the student's where it can: in a process of its own, whose names
reach over to the student's process as data and references. Whether it can is found out on the model answer, before
anything of a student's is seen, so no submission can choose. The other cells run beside the student's code, as
nbgrader runs them, and every result says so.
"""

from __future__ import annotations

import contextlib
import functools
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from autograder.prelude import prelude
from autograder.records import CourseError, QuestionResult, SandboxError, StudentFault, TimedOut
from autograder.student.patience import exchange
from autograder.student.process import Fork, StudentProcess, clean_outputs

if TYPE_CHECKING:
    from autograder.course import Assignment, Question
    from autograder.run import NotebookRun
    from autograder.student.warm import Zygote

Shows = Literal["nothing", "number", "truth", "other"]

_HOURS = 12 * 3600.0
_PRELUDE_SECONDS = 60.0


@dataclass(frozen=True)
class CellPlan:
    """How a question's grade cell is run. `judged` is what the model answer's objects are asked about themselves there.

    `shows` is what the cell shows for the model answer, `note` why it does not run apart.
    """

    apart: bool
    shows: Shows = "nothing"
    judged: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ApartRun:
    """What a grade cell gave apart from the student's code. `refused` says why nothing could be told."""

    ran: bool
    outputs: tuple[dict[str, Any], ...] = ()
    refused: str = ""
    judged: tuple[str, ...] = ()


class Rooms:
    """The processes in which an assignment's test cells run, one for each notebook. They hold the course's code."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._rooms: dict[str, StudentProcess] = {}
        self._zygote: Zygote | None = None

    def run(
        self, zygote: Zygote, notebook: str, process: StudentProcess, source: str, judged: tuple[str, ...] | None
    ) -> ApartRun:
        """Run a test cell of `notebook` against a fork of the student's `process`. None for `judged` allows all."""
        fork: Fork | None = None
        room: Fork | None = None
        try:
            fork = process.fork()
            room = self._room(zygote, notebook).fork()
            with process.cell_limit() as seconds:
                return run_apart(room, fork, source, seconds, judged)
        except StudentFault as fault:
            return ApartRun(False, refused="" if isinstance(fault, TimedOut) else str(fault))
        finally:
            for each in (fork, room):
                if each is not None:
                    with contextlib.suppress(StudentFault):
                        each.end()

    def _room(self, zygote: Zygote, notebook: str) -> StudentProcess:
        if self._zygote is not zygote:
            self._rooms.clear()
            self._zygote = zygote
        if notebook in self._rooms and not self._rooms[notebook].alive:
            self._rooms.pop(notebook).bury()
        if notebook not in self._rooms:
            room = zygote.spawn_beside(self._assignment.files, time.monotonic() + _HOURS)
            (source,) = (each for each in self._assignment.notebooks if each.name == notebook)
            statements = prelude(source.source, source.recorded)
            seconds = _PRELUDE_SECONDS
            # Each statement may fail by itself: what it defines is then asked for.
            reply = room.request({"op": "prepare_apart", "sources": statements, "seconds": seconds}, 10 * seconds)
            if reply.get("status") != "ok":
                raise SandboxError(f"the process for test cells did not start: {reply.get('message')}")
            self._rooms[notebook] = room
        return self._rooms[notebook]

    def close(self) -> None:
        """End them."""
        for room in self._rooms.values():
            with contextlib.suppress(SandboxError):
                room.end()
        self._rooms.clear()


def run_apart(room: Fork, student: Fork, source: str, seconds: float, judged: tuple[str, ...] | None) -> ApartRun:
    """Run the cell in `room`; what it asks for is asked of `student`. Only data passes, in both directions."""
    deadline = time.monotonic() + seconds
    asked = 0

    def relay(step: int, message: Any, _: Any) -> Any:
        nonlocal asked
        left = max(0.1, deadline - time.monotonic())
        if not isinstance(message, dict):
            raise CourseError("a test cell said something that is not of the protocol")
        with exchange():
            if step == 0:
                asked, reply = student.step({**message, "op": "host", "seconds": left}, left)
            else:
                _, reply = student.step(message, left, asked)
        if reply.get("status") != "callback":
            return reply
        return {key: reply.get(key) for key in ("function", "args", "kwargs")} | {"status": "lend"}

    request = {"op": "apart", "cell": 0, "source": source, "seconds": seconds, "judged": judged}
    reply = room.request(request, seconds, relay)
    if reply.get("status") != "ok":
        return ApartRun(False, refused=str(reply.get("message") or reply.get("status")))
    outputs, _ = clean_outputs(reply.get("outputs"), 1_000_000)
    return ApartRun(
        ran=reply.get("ok") is True,
        outputs=tuple(outputs),
        refused=str(reply.get("refused") or ""),
        judged=tuple(str(each) for each in reply.get("judged") or ()),
    )


def graded_by_cells(assignment: Assignment, checked: Callable[[str], bool]) -> tuple[Question, ...]:
    """The questions that only their grade cells test."""
    return tuple(each for each in assignment.questions if each.kind == "auto" and not checked(each.id))


BeforeCell = Callable[[StudentProcess, dict[str, Any]], None]


def tester(
    rooms: Rooms, zygote: Zygote, notebook: str, wanted: Mapping[str, tuple[str, ...] | None], into: dict[str, ApartRun]
) -> BeforeCell:
    """What to do before each cell of a notebook that is run: run it apart, if its grade_id is `wanted`, with a policy.

    It runs on what the cells before it have left, as it will beside them.
    """

    def before(process: StudentProcess, cell: dict[str, Any]) -> None:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in wanted:
            into[grade_id] = rooms.run(zygote, notebook, process, "".join(cell["source"]), wanted[grade_id])

    return before


def plan_cells(assignment: Assignment, questions: tuple[Question, ...], rooms: Rooms, zygote: Zygote) -> Plans:
    """Try the grade cells of `questions` on the model answer; how each is to be run, by the question's id."""
    from autograder.restore import restore
    from autograder.run import run_notebook
    from autograder.submissions import SubmittedNotebook

    plans: dict[str, CellPlan] = {}
    for source in assignment.notebooks:
        asked = [question for question in questions if question.notebook == source.name]
        if not asked:
            continue
        text = restore(source, source.source.encode(), hidden_tests=True).notebook
        model = SubmittedNotebook(source.name, f"{source.name}.ipynb", "", text)
        apart: dict[str, ApartRun] = {}
        before = tester(rooms, zygote, source.name, {question.grade_id: None for question in asked}, apart)
        deadline = time.monotonic() + assignment.limits.submission_seconds
        run = run_notebook(zygote, model, assignment.files, 0, deadline, before=before)
        if run.process is not None:
            run.process.end()
        for question in asked:
            plans[question.id] = _plan(question, run, apart.get(question.grade_id))
    return plans


Plans = dict[str, CellPlan]


def _plan(question: Question, run: NotebookRun, apart: ApartRun | None) -> CellPlan:
    found = _cell(question, run)
    if found is None:
        return CellPlan(False, note="there is no such cell")
    ran, outputs = found
    shows = _shows(outputs)
    beside = _points(ran, outputs, question.points, shows)
    if beside < question.points or question.points == 0:
        why = "it is worth nothing" if question.points == 0 else "the model answer does not earn its points"
        return CellPlan(False, shows, note=f"the test ran beside the student's code: {why}")
    if apart is None or _points(apart.ran, apart.outputs, question.points, shows) < beside:
        return CellPlan(False, shows, note=f"the test ran beside the student's code: {_reason(apart)}")
    return CellPlan(True, shows, apart.judged)


def _reason(apart: ApartRun | None) -> str:
    """Why the model answer does not pass apart, for an instructor."""
    if apart is None:
        return "it was not reached"
    error = next((each for each in apart.outputs if each["output_type"] == "error"), None)
    said = f"{error['ename']}: {error['evalue']}" if error else "it ended without a result"
    return f"apart from it, the model answer does not pass ({apart.refused or said[:200]})"


def _cell(question: Question, run: NotebookRun) -> tuple[bool, list[dict[str, Any]]] | None:
    """Whether the question's cell ran to its end, and its outputs."""
    for index, cell in enumerate(run.notebook["cells"]):
        meta = cell.get("metadata", {}).get("nbgrader", {})
        if cell["cell_type"] == "code" and meta.get("grade_id") == question.grade_id:
            return cell["execution_count"] is not None and index not in run.failed, cell["outputs"]
    return None


def _results(outputs: Any) -> list[str]:
    return [str(each["data"].get("text/plain")) for each in outputs if each["output_type"] == "execute_result"]


def _shows(outputs: Any) -> Shows:
    shown = _results(outputs)
    if not shown:
        return "nothing"
    if shown[-1] in ("True", "False"):
        return "truth"
    return "other" if _number(shown[-1]) is None else "number"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _points(ran: bool, outputs: Any, points: float, shows: Shows) -> float:
    """What a grade cell gives: all points when it ran, or the number that it shows at its end, within the points.

    A cell that shows something else for the model answer shows no points: True and False are all and nothing, and what
    else it may be is of no account.
    """
    shown = _results(outputs)
    if not ran:
        return 0.0
    if not shown or shows == "other":
        return points
    if shown[-1] in ("True", "False"):
        return points if shown[-1] == "True" else 0.0
    number = _number(shown[-1])
    return min(max(number, 0.0), points) if number is not None and math.isfinite(number) else 0.0


def grade_cell(question: Question, run: NotebookRun, plan: CellPlan, apart: ApartRun | None) -> QuestionResult:
    """The result of a question that only its grade cell tests. What a person should look at is added to the run's."""
    found = _cell(question, run)
    beside = round(_points(*found, question.points, plan.shows), 9) if found is not None else 0.0
    result = functools.partial(QuestionResult, question.id, max_score=question.points, graded_by="cell")
    if not plan.apart:
        return result(score=beside, isolated=False, note=plan.note)
    if apart is None:
        return result(score=0.0, isolated=True, note="the notebook did not get as far as this test")
    if apart.refused:
        # A right answer of a type that cannot be looked at from outside must not lose its points, and whoever forges
        # one must not get them: a person decides.
        if not beside:
            return result(score=0.0, isolated=True, note=apart.refused)
        run.attention.append(
            f"'{question.id}' passes beside the student's code, but could not be tested apart from it: {apart.refused}"
        )
        return result(score=None, isolated=True, note=apart.refused)
    score = round(_points(apart.ran, apart.outputs, question.points, plan.shows), 9)
    if score < beside:
        run.attention.append(f"'{question.id}' passes only where its test runs beside the student's code, not apart")
    # What it lacks beside the student's code it lacks for nbgrader, too: the notebook may have its own `sum`.
    return result(score=min(score, beside), isolated=True)
