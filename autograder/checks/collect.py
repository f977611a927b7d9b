"""The hidden checks of one assignment, collected once and run for every submission.

pytest collects and runs them: fixtures, parametrization and assertions are its own. Only the parts that cost time
without telling a grader anything, such as rendering tracebacks, are left out.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# pytest offers no public way to collect once and run often; these names have been stable since pytest 3.
from _pytest.config import _prepareconfig
from _pytest.runner import runtestprotocol

from autograder.checks.plugin import (
    Outcome,
    Provider,
    check_id,
    grading_key,
    is_plain,
    outcome_key,
    provider_key,
    run_plainly,
)
from autograder.records import CourseError, StudentFault, Verdict

_NOT_NEEDED = """
    cacheprovider capture debugging doctest faulthandler junitxml logging nose pastebin setuponly setupplan stepwise
    terminal unittest warnings threadexception unraisableexception tmpdir
""".split()  # noqa: SIM905 - a list of forty quoted lines reads worse


@dataclass(frozen=True)
class Check:
    """One collected check. `item` is pytest's, and stays in the process that collected it."""

    id: str
    title: str
    hint: str
    question: str
    weight: float
    visible: bool
    isolated: bool
    plain: bool
    item: pytest.Function

    def __repr__(self) -> str:
        return f"<check {self.id}>"


def _forget_other_courses(root: Path) -> None:
    """Let `solutions` and `tests.checks` be this course's, if the process has imported another one's."""
    package = sys.modules.get("solutions")
    where = next(iter(getattr(package, "__path__", ())), None)
    if where is not None and Path(where).resolve() != (root / "solutions").resolve():
        _forget("solutions")
    # pytest takes a module that has been imported under a name for the file that has this name now.
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.startswith("tests.checks.") and path and not Path(path).is_relative_to(root):
            _forget(name)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


class Checks:
    """The checks in `folder`, collected. Raises `CourseError` for one that names no question or cannot be imported."""

    def __init__(self, folder: Path, root: Path) -> None:
        _forget_other_courses(root)
        with _on_its_own():
            self._config = _prepareconfig(
                [
                    str(folder),
                    *(f"-pno:{name}" for name in _NOT_NEEDED),
                    "-pautograder.checks.plugin",
                    f"--rootdir={root}",
                    "-c",
                    os.devnull,
                    "--import-mode=importlib",
                    "--strict-markers",
                    # Imports of the course's own: `from solutions import softmax`.
                    "-o",
                    f"pythonpath={root}",
                ]
            )
        self._config.stash[grading_key] = True
        self._errors: list[str] = []
        self._config.pluginmanager.register(_Collecting(self._errors), "autograder-collecting")
        self._config._do_configure()
        self._session = pytest.Session.from_config(self._config)
        self._config.hook.pytest_sessionstart(session=self._session)
        self._config.hook.pytest_collection(session=self._session)
        if self._errors:
            raise CourseError("\n".join(self._errors))
        self.checks = tuple(_check(item) for item in self._session.items if isinstance(item, pytest.Function))
        self._next = dict(zip(self.checks, (*self.checks[1:], None), strict=True))
        self.questions: dict[str, tuple[Check, ...]] = {}
        for check in self.checks:
            self.questions[check.question] = (*self.questions.get(check.question, ()), check)

    def forbidden(self, question: str) -> tuple[str, ...]:
        """The calls that the question's checks forbid."""
        names = {
            name
            for check in self.questions.get(question, ())
            for mark in check.item.iter_markers("forbids")
            for name in mark.args
        }
        return tuple(sorted(names))

    def run(self, check: Check, provider: Provider) -> tuple[Outcome, float]:
        """Run one check against the provider's student: what it ended with, and the seconds it took."""
        item = check.item
        self._config.stash[provider_key] = provider
        start = time.perf_counter()
        if check.plain:
            # Most checks need nothing of pytest's but their arguments, and its protocol takes longer than they do.
            outcome = run_plainly(item, provider)
            return outcome, time.perf_counter() - start
        item.stash[outcome_key] = Outcome(None, [], None)
        following = self._next[check]
        runtestprotocol(item, log=False, nextitem=following.item if following else None)
        return item.stash[outcome_key], time.perf_counter() - start

    def close(self) -> None:
        """Run pytest's own clean-up."""
        self._config.hook.pytest_sessionfinish(session=self._session, exitstatus=0)
        self._config._ensure_unconfigure()

    def __enter__(self) -> Checks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _on_its_own() -> Iterator[None]:
    """Load no plug-in that happens to be installed, which costs time, and heed no option that is meant for others.

    `PYTEST_ADDOPTS` may leave checks out.
    """
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


class _Collecting:
    """Remembers what failed to import while collecting."""

    def __init__(self, errors: list[str]) -> None:
        self._errors = errors

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a collection error's text."""
        if report.failed:
            self._errors.append(f"{report.nodeid}: {report.longreprtext.strip()}")


def _check(item: pytest.Function) -> Check:
    mark = item.get_closest_marker("question")
    if mark is None or len(mark.args) != 1 or not isinstance(mark.args[0], str):
        raise CourseError(f"{item.path}: the check {item.name} names no question; add `pytestmark = question(...)`")
    weight = item.get_closest_marker("weight")
    share = weight.args[0] if weight is not None else 1
    if not isinstance(share, (int, float)) or not share > 0:
        raise CourseError(f"{item.path}: the check {item.name} has the weight {share!r}, which is not above zero")
    text = inspect.getdoc(item.obj) or item.originalname.removeprefix("test_").replace("_", " ").capitalize() + "."
    title = " ".join(text.partition("\n\n")[0].split())
    if item.name != item.originalname:
        title += f" ({item.name[len(item.originalname) + 1 : -1]})"
    hint = re.search(r"^Hint:\s*(.+?)(?:\n\s*\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return Check(
        id=check_id(item),
        title=title,
        hint=_sentence(hint.group(1)) if hint else "",
        question=mark.args[0],
        weight=float(share),
        visible=item.get_closest_marker("visible") is not None,
        isolated=item.get_closest_marker("isolated") is not None,
        plain=is_plain(item),
        item=item,
    )


def _sentence(text: str) -> str:
    """The text on one line, its first letter a capital unless it is code."""
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]


def judge(check: Check, outcome: Outcome) -> tuple[Verdict, str]:
    """The verdict on a check that ended so, and what the student may be told of it beyond title and hint.

    `BROKEN` is for an exception that is neither an assertion nor a fault of the student's.
    """
    error = outcome.error
    if error is None:
        if outcome.followed:
            names = " and ".join(f"`{name}`" for name in outcome.followed)
            return Verdict.PASS, f"passed with the reference's {names} in place of yours"
        return Verdict.PASS, ""
    if isinstance(error, StudentFault):
        return error.verdict, _fault_text(check, error)
    if isinstance(error, AssertionError):
        wrong = next((c for c in reversed(outcome.comparisons) if not c.ok), None)
        if wrong is not None and (check.visible or wrong.form):
            return Verdict.FAIL, wrong.explanation
        if wrong is None and check.visible:
            return Verdict.FAIL, str(error)
        return Verdict.FAIL, ""
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED, str(error)
    if isinstance(error, pytest.fail.Exception):
        return Verdict.FAIL, str(error) if check.visible else ""
    return Verdict.BROKEN, f"{type(error).__name__}: {error}"


def _fault_text(check: Check, fault: StudentFault) -> str:
    if fault.verdict is Verdict.ERROR:
        where = f" at line {fault.where[1]} of cell {fault.where[0] + 1}" if fault.where else ""
        text = f": {fault}" if check.visible and str(fault) else ""
        return f"raised {fault.kind}{where}{text}"
    return str(fault)


def everything(outcome: Outcome) -> str:
    """All that is known of how a check ended, for whoever may see hidden values."""
    wrong = next((c.explanation for c in reversed(outcome.comparisons) if not c.ok), "")
    return wrong or (f"{type(outcome.error).__name__}: {outcome.error}" if outcome.error else "")


def collect(folder: Path, root: Path) -> Checks:
    """`Checks(folder, root)`, with the course's folder importable."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return Checks(folder, root)


def question_points(checks: tuple[Check, ...], points: float) -> dict[str, float]:
    """How a question's points are shared among its checks, by weight: check id -> points."""
    total = sum(check.weight for check in checks)
    return {check.id: points * check.weight / total for check in checks}
