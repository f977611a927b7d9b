"""Submissions graded by an autograder of otter's: run in our jail, tests as otter makes them, results as ours.

A test is made when the notebook asks for it, on the state that there is then, in a fork: what a test leaves behind is
no later cell's. It runs apart from the student's code, as nbgrader's test cells do (`cells`). What does not pass so is
tried beside it, and when it passes there the results say so: an autograder of otter's brings no model answer on which
could be found out beforehand which tests need that.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.batch import write_whole
from autograder.cells import run_apart
from autograder.course import CONFIG_FILES, load_course
from autograder.export.table import harmless, written
from autograder.harmless import harmless_cells
from autograder.otter_bundle import (
    Bundle,
    OtterSubmission,
    OtterTest,
    checked_in,
    find_submissions,
    read_bundle,
    read_otter_submission,
)
from autograder.records import (
    CheckResult,
    Grade,
    Limits,
    NoRoom,
    NotebookResult,
    ProcessLost,
    QuestionResult,
    Run,
    SandboxError,
    StudentFault,
    Verdict,
)
from autograder.run import run_notebook
from autograder.student.process import Fork, StudentProcess, clean_outputs
from autograder.student.shell import TimeLimit
from autograder.student.warm import Incubator, Zygote, prove_jail
from autograder.submissions import SubmittedNotebook

_WARM = ("numpy", "pandas", "matplotlib.pyplot", "scipy", "torch", "sklearn")
# otter's library, as far as a notebook needs it while it is graded: `check` is made from outside.
_NOTEBOOK = b"""\
class Notebook:
    def __init__(self, *args, **kwargs):
        pass
    def check(self, *args, **kwargs):
        pass
    check_all = export = to_pdf = add_plugin_files = run_plugin = check
"""
_TEST_CASE = b"""\
class test_case:
    def __init__(self, *args, **kwargs):
        pass
    def __call__(self, function):
        self.function = function
        return self
"""
_STAND_IN = {"otter/__init__.py": _NOTEBOOK, "otter/test_files.py": _TEST_CASE}
_CASES = "__import__('autograder.student.otter_cases', fromlist=['run_doctest'])"
# What a test takes for granted under these names, if the notebook imports it so, is the library's, not the student's.
_USUAL = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    **{name: name for name in ("math", "numpy", "pandas", "random", "re", "scipy", "torch")},
}
_HOURS = 12 * 3600.0


@dataclass(frozen=True)
class Made:
    """A test that was made: verdict, message and seconds of each case.

    `beside` says why cases that passed did so beside the student's code, if any did.
    """

    cases: tuple[tuple[Verdict, str, float], ...]
    beside: str = ""


class Rooms:
    """The processes in which tests run apart, without any of a student's code, by what is imported there."""

    def __init__(self, zygote: Zygote, bundle: Bundle) -> None:
        self.zygote = zygote
        self._files = (*bundle.files, *_STAND_IN.items())
        self._rooms: dict[tuple[str, ...], StudentProcess] = {}

    def room(self, imports: tuple[str, ...]) -> StudentProcess:
        """The process that has run these imports. Raises SandboxError when there is none to be had."""
        if imports in self._rooms and not self._rooms[imports].alive:
            self._rooms.pop(imports).bury()
        if imports not in self._rooms:
            room = self.zygote.spawn_beside(self._files, time.monotonic() + _HOURS)
            request = {"op": "prepare_apart", "sources": list(imports), "seconds": 60.0}
            if room.request(request, 60.0 * (1 + len(imports))).get("status") != "ok":
                raise SandboxError("the process for tests did not start")
            self._rooms[imports] = room
        return self._rooms[imports]


def grade_with_otter(
    bundle_path: Path, submissions: Path, root: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Bundle, list[Grade]]:
    """Grade every submission in the folder `submissions`; write results to `root/autograded`, grades to a CSV there.

    Limits are those of the course in `root`, if there is one. Raises CourseError for an autograder that cannot be read
    or a folder without submissions.
    """
    bundle = read_bundle(bundle_path)
    limits = load_course(root).limits if any((root / name).is_file() for name in CONFIG_FILES) else Limits()
    found = find_submissions(submissions)
    grades = []
    with Incubator(_imports(bundle, found), limits) as incubator:
        secrets = [bundle_path, submissions, *found[:1]]
        rooms = Rooms(_proven(incubator, secrets), bundle)
        try:
            for done, path in enumerate(found, 1):
                submission = read_otter_submission(path, bundle, limits)
                graded = _graded(rooms, bundle, submission, limits)
                if graded is None:  # once more, with others: what a submission does itself it does again
                    rooms.zygote.close()
                    rooms = Rooms(_proven(incubator, secrets), bundle)
                    graded = grade_otter(rooms, bundle, submission, limits)
                    if rooms.zygote.lacked_processes:
                        raise NoRoom
                grade, notebook = graded
                folder = root / "autograded" / submission.student / bundle.name
                text = json.dumps(grade.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
                write_whole(folder / f"{bundle.name}.ipynb", (notebook + "\n").encode())
                write_whole(folder / "results.json", (text + "\n").encode())
                grades.append(grade)
                report(done, len(found))
        finally:
            rooms.zygote.close()
    write_whole(root / "autograded" / f"{bundle.name}.csv", _table(bundle, grades))
    return bundle, grades


def _proven(incubator: Incubator, secrets: list[Path]) -> Zygote:
    """A new zygote, the jail of which was tried."""
    zygote = incubator.zygote()
    try:
        prove_jail(zygote, secrets, ())
    except BaseException:
        zygote.close()
        raise
    return zygote


def _graded(rooms: Rooms, bundle: Bundle, submission: OtterSubmission, limits: Limits) -> tuple[Grade, str] | None:
    """What `grade_otter` gives; None when a process has died over it, which may be the machine's doing."""
    before = rooms.zygote.crashes
    with contextlib.suppress(ProcessLost):
        graded = grade_otter(rooms, bundle, submission, limits)
        if rooms.zygote.crashes == before:
            return graded
    return None


def grade_otter(rooms: Rooms, bundle: Bundle, submission: OtterSubmission, limits: Limits) -> tuple[Grade, str]:
    """The grade of one submission, and its notebook with the outputs of the run."""
    start = time.perf_counter()
    made: dict[str, Made] = {}
    deadline = time.monotonic() + limits.submission_seconds
    prepared, asked = _prepared(submission.notebook, bundle)
    submitted = SubmittedNotebook(bundle.name, submission.path, "", json.dumps(prepared))
    imports = _imports_of(prepared)
    run = None
    if not submission.unreadable:

        def after(process: StudentProcess, index: int) -> None:
            for test in asked.get(index, ()):
                made[test.name] = _make(rooms, imports, process, test)

        files = tuple({**dict(submission.files), **_STAND_IN}.items())
        run = run_notebook(rooms.zygote, submitted, files, 0, deadline, after)
        try:
            for test in bundle.tests:
                if run.process is not None and test.name not in made:
                    run.process.extend(deadline)
                    made[test.name] = _make(rooms, imports, run.process, test)
            rooms.zygote.need_room()  # or it may have lost points to others' files
        finally:
            if run.process is not None:
                run.usages.append(run.process.end())
    reason = submission.unreadable or "the notebook's process did not survive its run"
    nothing = (Verdict.MISSING if submission.unreadable else Verdict.CRASH, reason, 0.0)
    questions = tuple(
        _question(test, made.get(test.name) or Made((nothing,) * len(test.cases))) for test in bundle.tests
    )
    score, most = _total(bundle, questions)
    usages = run.usages if run is not None else []
    notebook = json.loads(submission.notebook)
    if run is not None:
        for cell, ran in zip(notebook["cells"], run.notebook["cells"], strict=True):
            if ran["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = ran["outputs"], ran["execution_count"]
    grade = Grade(
        course="otter",
        assignment=bundle.name,
        student=submission.student,
        score=score,
        max_score=most,
        needs_manual_grade=(),
        notebooks=(
            NotebookResult(
                submission.path,
                hashlib.sha256(submission.notebook.encode()).hexdigest(),
                len(notebook["cells"]),
                tuple(run.failed) if run is not None else (),
            ),
        ),
        questions=questions,
        run=Run(
            ending=run.ending if run is not None else "unreadable",
            seconds=round(time.perf_counter() - start, 3),
            cpu_seconds=round(sum(usage.cpu_seconds for usage in usages), 3),
            peak_memory_mb=round(max((usage.peak_memory_mb for usage in usages), default=0.0), 1),
        ),
        sandbox=dict(rooms.zygote.layers),
        attention=(submission.unreadable,) if submission.unreadable else (),
        notes=submission.notes,
        grader=f"dl-autograder {__version__}",
    )
    return grade, json.dumps(harmless_cells(notebook, frozenset()), ensure_ascii=False)


def _prepared(text: str, bundle: Bundle) -> tuple[dict[str, Any], dict[int, list[OtterTest]]]:
    """The notebook as otter runs it, seeds and all; and the tests to make after a cell, by its index."""
    notebook = json.loads(text)
    tests = {test.file: test for test in bundle.tests}
    asked: dict[int, list[OtterTest]] = {}
    for index, cell in enumerate(notebook["cells"]):
        meta = cell.get("metadata", {})
        ours = meta.get("otter", {}) if isinstance(meta.get("otter"), dict) else {}
        tags = meta.get("tags") if isinstance(meta.get("tags"), list) else []
        if cell["cell_type"] != "code" or "otter_ignore" in tags or ours.get("ignore"):
            cell["cell_type"] = "raw" if cell["cell_type"] == "code" else cell["cell_type"]
            continue
        source = "".join(cell["source"])
        listed = ours.get("tests")
        names = [*_checked(source), *(listed if isinstance(listed, list) else ())]
        asked[index] = [tests[name] for name in names if isinstance(name, str) and name in tests]
        cell["source"] = _seeded(source, bundle.config)
    return notebook, asked


def _checked(source: str) -> Iterable[str]:
    try:
        return list(checked_in(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _seeded(source: str, config: dict[str, Any]) -> str:
    seed, variable = config.get("seed"), config.get("seed_variable")
    if seed is None or source.startswith("%%"):
        return source
    if variable is not None:
        return f"{variable} = {seed}\n{source}"
    return f"__import__('numpy').random.seed({seed}); __import__('random').seed({seed})\n{source}"


def _make(rooms: Rooms, imports: tuple[str, ...], process: StudentProcess, test: OtterTest) -> Made:
    """Make a test on the state of the notebook's process, each case in forks of its own."""
    made: list[tuple[Verdict, str, float]] = []
    beside = ""
    for number, case in enumerate(test.cases):
        start, hung = time.perf_counter(), process.hung
        arguments = f"{case.code!r}, globals()" if case.code else f"{test.source!r}, {number}, globals()"
        source = f"{_CASES}.run_{'doctest' if case.code else 'function'}({arguments})"
        try:
            outputs, refused = _apart(rooms.room(imports), process, source)
            verdict, message = _verdict(outputs)
            if verdict is not Verdict.PASS and process.hung > hung:
                verdict, message = Verdict.TIMEOUT, f"no answer within {time.perf_counter() - start:.3g} seconds"
            elif verdict is not Verdict.PASS:
                # It may be that only the student's process can tell: what type an object is of, say.
                reason = refused or "it does not pass apart from it"
                verdict, message = _verdict(_beside(process, source))
                beside = beside or (reason if verdict is Verdict.PASS else "")
        except StudentFault as fault:
            verdict, message = fault.verdict, str(fault)
        made.append((verdict, message or (case.praise if verdict is Verdict.PASS else ""), time.perf_counter() - start))
    return Made(tuple(made), beside)


def _apart(room: StudentProcess, process: StudentProcess, source: str) -> tuple[Any, str]:
    """The outputs of a case in a fork of `room` whose names are those of a fork of `process`; or why there are none."""
    with contextlib.ExitStack() as stack:
        fork = stack.enter_context(_ended(process.fork()))
        apart = stack.enter_context(_ended(room.fork()))
        with process.cell_limit() as seconds:
            done = run_apart(apart, fork, source, seconds, ())
        return done.outputs, done.refused


def _beside(process: StudentProcess, source: str) -> Any:
    """The outputs of a case in a fork of the notebook's process."""
    with _ended(process.fork()) as fork:
        with process.cell_limit() as seconds:
            reply = fork.request({"op": "run", "cell": -1, "source": source, "seconds": seconds}, seconds)
        return clean_outputs(reply.get("outputs"), 1_000_000)[0]


@contextlib.contextmanager
def _ended(fork: Fork) -> Iterator[Fork]:
    """The fork, ended at the end."""
    try:
        yield fork
    finally:
        with contextlib.suppress(StudentFault):
            fork.end()


def _verdict(outputs: Any) -> tuple[Verdict, str]:
    """The verdict and message in the outputs of a case."""
    for output in outputs:
        if output["output_type"] == "error" and output["ename"] == TimeLimit.__name__:
            return Verdict.TIMEOUT, str(output["evalue"])
        if output["output_type"] == "execute_result":
            with contextlib.suppress(ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
                verdict, message = json.loads(ast.literal_eval(output["data"]["text/plain"]))
                if verdict in ("pass", "fail", "error"):
                    return Verdict(verdict), str(message)
    return Verdict.ERROR, "the test did not run to its end"


def _imports_of(notebook: dict[str, Any]) -> tuple[str, ...]:
    """The imports under usual names in a notebook's code, as statements."""
    found: dict[str, None] = {}
    for cell in notebook["cells"]:
        lines = "".join(cell["source"]).splitlines() if cell["cell_type"] == "code" else []
        code = "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            for node in ast.walk(ast.parse(code)):
                for alias in node.names if isinstance(node, ast.Import) else ():
                    if _USUAL.get(alias.asname or alias.name) == alias.name:
                        found[ast.unparse(ast.Import([alias]))] = None
    return tuple(sorted(found))


def _question(test: OtterTest, made: Made) -> QuestionResult:
    checks = tuple(
        CheckResult(
            id=f"{test.file}::{case.name}",
            title=case.name,
            verdict=verdict,
            points=case.points if verdict is Verdict.PASS else 0.0,
            max_points=case.points,
            message="" if case.hidden else message,
            hint="" if verdict is Verdict.PASS else case.hint,
            seconds=round(seconds, 4),
            visible=not case.hidden,
        )
        for case, (verdict, message, seconds) in zip(test.cases, made.cases, strict=True)
    )
    score = math.fsum(check.points for check in checks)
    if test.all_or_nothing:
        score = test.points if all(check.verdict is Verdict.PASS for check in checks) else 0.0
    note = f"cases passed beside the student's code: {made.beside}" if made.beside else ""
    return QuestionResult(
        test.name, round(score, 9), round(test.points, 9), "cell", checks, isolated=not made.beside, note=note
    )


def _total(bundle: Bundle, questions: tuple[QuestionResult, ...]) -> tuple[float, float]:
    """Score and maximum, as the autograder's configuration counts them."""
    score = math.fsum(question.score or 0.0 for question in questions)
    most = math.fsum(question.max_score for question in questions)
    possible, threshold = bundle.config.get("points_possible"), bundle.config.get("score_threshold")
    share = score / most if most else 0.0
    if threshold is not None:
        most = possible or most
        score = most if share >= threshold else 0.0
    elif possible is not None:
        score, most = share * possible, possible
    return round(score, 9), round(float(most), 9)


def _imports(bundle: Bundle, found: list[Path]) -> list[str]:
    """The libraries to have ready: those that the tests or a first submission mention, of the ones that take long."""
    text = "".join(test.source + "".join(case.code for case in test.cases) for test in bundle.tests)
    first = read_otter_submission(found[0], bundle, Limits()).notebook
    return [name for name in _WARM if name.partition(".")[0] in text + first]


def _table(bundle: Bundle, grades: list[Grade]) -> bytes:
    """Scores by student and test, for spreadsheets."""
    rows = [["student", *(test.name for test in bundle.tests), "score", "max_score"]]
    for grade in grades:
        points = (*(question.score or 0.0 for question in grade.questions), grade.score, grade.max_score)
        rows.append([grade.student, *(f"{value:g}" for value in points)])
    return written([[harmless(cell) for cell in row] for row in rows], bom=True)
