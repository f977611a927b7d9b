"""Submissions graded by an autograder of otter's: run in our jail, tests as otter makes them, results as ours.

A test is made when the notebook asks for it, on the state that there is then, in a fork: what a test leaves behind is
no later cell's. The tests' code runs in the student's process, as it does in otter, so a student's code could answer
in its place; what a doctest printed is compared with what was wanted in this process, which never tells the other.
"""

from __future__ import annotations

import ast
import doctest
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from autograder import __version__
from autograder.batch import write_whole
from autograder.course import CONFIG_FILES, load_course
from autograder.export.table import harmless, written
from autograder.harmless import harmless_cells
from autograder.otter_bundle import (
    Bundle,
    OtterCase,
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
    NotebookResult,
    QuestionResult,
    Run,
    StudentFault,
    Verdict,
    WrongForm,
)
from autograder.run import run_notebook
from autograder.student.process import StudentProcess
from autograder.student.proxy import Conversation, Student
from autograder.student.warm import Incubator, Zygote, prove_jail
from autograder.submissions import SubmittedNotebook

_WARM = ("numpy", "pandas", "matplotlib.pyplot", "scipy", "torch", "sklearn")
_BESIDE = "Otter's tests ran in the same process as the notebook, where its code could answer for them."
# otter's library, as far as a notebook needs it while it is graded: `check` is made from outside.
_STAND_IN = """\
class Notebook:
    def __init__(self, *args, **kwargs):
        pass
    def check(self, *args, **kwargs):
        pass
    check_all = export = to_pdf = add_plugin_files = run_plugin = check
"""
_TEST_CASE = """\
class test_case:
    def __init__(self, *args, **kwargs):
        pass
    def __call__(self, function):
        self.function = function
        return self
"""
_RUNNER = """
def _autograder_begin():
    _autograder_begin.names = dict(globals())

def _autograder_example(source):
    import contextlib, io, sys, traceback
    out, error, hook = io.StringIO(), "", sys.displayhook
    sys.displayhook = sys.__displayhook__
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "<test>", "single"), _autograder_begin.names)
    except Exception as raised:
        error = traceback.format_exception_only(type(raised), raised)[-1]
    finally:
        sys.displayhook = hook
    return out.getvalue(), error

def _autograder_case(source, number):
    import inspect
    names, known = {}, globals()
    exec(compile(source, "<test>", "exec"), names)
    case = [value for value in names.values() if type(value).__name__ == "test_case"][number]
    wanted = inspect.signature(case.function).parameters
    try:
        case.function(**{name: known if name == "env" else known.get(name) for name in wanted})
    except Exception as raised:
        line = raised.__traceback__.tb_next.tb_lineno - 1 if raised.__traceback__.tb_next else -1
        return type(raised).__name__, str(raised), line
    return "", "", -1
"""

Outcomes = dict[str, list[tuple[Verdict, str, float]]]


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
    with Incubator(_imports(bundle, found), limits, optimizers=False) as incubator:
        zygote = incubator.zygote()
        try:
            prove_jail(zygote, [bundle_path, submissions, *found[:1]], ())
            for done, path in enumerate(found, 1):
                submission = read_otter_submission(path, bundle, limits)
                grade, notebook = grade_otter(zygote, bundle, submission, limits)
                folder = root / "autograded" / submission.student / bundle.name
                text = json.dumps(grade.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
                write_whole(folder / f"{bundle.name}.ipynb", (notebook + "\n").encode())
                write_whole(folder / "results.json", (text + "\n").encode())
                grades.append(grade)
                report(done, len(found))
        finally:
            zygote.close()
    write_whole(root / "autograded" / f"{bundle.name}.csv", _table(bundle, grades))
    return bundle, grades


def grade_otter(zygote: Zygote, bundle: Bundle, submission: OtterSubmission, limits: Limits) -> tuple[Grade, str]:
    """The grade of one submission, and its notebook with the outputs of the run."""
    start = time.perf_counter()
    outcomes: Outcomes = {}
    deadline = time.monotonic() + limits.submission_seconds
    prepared, asked = _prepared(submission.notebook, bundle)
    submitted = SubmittedNotebook(bundle.name, submission.path, "", json.dumps(prepared))
    stand_in = {"otter/__init__.py": _STAND_IN.encode(), "otter/test_files.py": _TEST_CASE.encode()}
    run = None
    if not submission.unreadable:

        def after(process: StudentProcess, index: int) -> None:
            for test in asked.get(index, ()):
                outcomes[test.name] = _make(process, test, limits)

        files = tuple({**dict(submission.files), **stand_in}.items())
        run = run_notebook(zygote, submitted, files, 0, deadline, after)
        try:
            for test in bundle.tests:
                if run.process is not None and test.name not in outcomes:
                    run.process.extend(deadline)
                    outcomes[test.name] = _make(run.process, test, limits)
        finally:
            if run.process is not None:
                run.usages.append(run.process.end())
    reason = submission.unreadable or "the notebook's process did not survive its run"
    nothing = (Verdict.MISSING if submission.unreadable else Verdict.CRASH, reason, 0.0)
    questions = tuple(_question(test, outcomes.get(test.name) or [nothing] * len(test.cases)) for test in bundle.tests)
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
        sandbox=dict(zygote.layers),
        attention=(submission.unreadable,) if submission.unreadable else (),
        notes=(*submission.notes, _BESIDE),
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


def _make(process: StudentProcess, test: OtterTest, limits: Limits) -> list[tuple[Verdict, str, float]]:
    """Verdict, message and seconds of every case of a test, made in a fork of the notebook's process."""
    made: list[tuple[Verdict, str, float]] = []
    fork = None
    for number, case in enumerate(test.cases):
        start = time.perf_counter()
        try:
            if fork is None:
                fork = process.fork()
                fork.request({"op": "run", "cell": -1, "source": _RUNNER, "seconds": 10.0}, 10.0)
            student = Student(Conversation(fork, limits.cell_seconds))
            verdict, message = _run_doctest(student, case) if case.code else _run_function(student, test, number)
        except StudentFault as fault:
            verdict, message = fault.verdict, str(fault)
            if fork is not None:
                fork.end()
                fork = None
        made.append((verdict, message, time.perf_counter() - start))
    if fork is not None:
        fork.end()
    return made


def _run_doctest(student: Student, case: OtterCase) -> tuple[Verdict, str]:
    """The verdict on a doctest: each example runs there, and what it printed is compared here, as doctest does."""
    checker = doctest.OutputChecker()
    student._autograder_begin()
    for example in doctest.DocTestParser().get_examples(case.code):
        flags = sum(flag for flag, chosen in example.options.items() if chosen)
        if flags & doctest.SKIP:
            continue
        answer = student._autograder_example(example.source)
        if not isinstance(answer, tuple) or [type(part) for part in answer] != [str, str]:
            raise WrongForm("the answer to a test is none")
        printed, error = answer
        if error and example.exc_msg is None:
            return Verdict.ERROR, f"{example.source}raised {error.strip()}"
        given, wanted = (error, example.exc_msg) if error else (printed, example.want)
        if not error and example.exc_msg is not None:
            return Verdict.FAIL, f"{example.source}should have raised {example.exc_msg.strip()}"
        if not checker.check_output(wanted or "", given, flags):
            return Verdict.FAIL, f"{example.source}{checker.output_difference(example, given, flags)}".rstrip()
    return Verdict.PASS, case.praise


def _run_function(student: Student, test: OtterTest, number: int) -> tuple[Verdict, str]:
    """The verdict on a case that is a function."""
    answer = student._autograder_case(test.source, number)
    if not isinstance(answer, tuple) or [type(part) for part in answer] != [str, str, int]:
        raise WrongForm("the answer to a test is none")
    kind, said, line = answer
    if not kind:
        return Verdict.PASS, test.cases[number].praise
    lines = test.source.split("\n")
    where = f"{lines[line].strip()}\n" if 0 <= line < len(lines) else ""
    return (Verdict.FAIL if kind == "AssertionError" else Verdict.ERROR), f"{where}{kind}: {said}"[:2000]


def _question(test: OtterTest, outcomes: list[tuple[Verdict, str, float]]) -> QuestionResult:
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
        for case, (verdict, message, seconds) in zip(test.cases, outcomes, strict=True)
    )
    score = math.fsum(check.points for check in checks)
    if test.all_or_nothing:
        score = test.points if all(check.verdict is Verdict.PASS for check in checks) else 0.0
    return QuestionResult(test.name, round(score, 9), round(test.points, 9), "cell", checks)


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
