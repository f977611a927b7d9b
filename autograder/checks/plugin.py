"""The pytest plug-in: marks, the fixtures `student` and `rng`, `--submission`.

The same plug-in serves `pytest tests/checks/<assignment>` at a desk, where the student is the model answer or the
notebook named by `--submission`, and grading, where `collect.Checks` sets a student for every submission.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import pytest

from autograder.checks import state
from autograder.checks.close import Comparison
from autograder.checks.desk import check_id as check_id
from autograder.records import AutograderError, Crashed, OutOfMemory, StudentFault, TimedOut
from autograder.student.process import Transport
from autograder.student.proxy import Conversation, Student, define, restore

MARKS = (
    "question(id): the question that the check belongs to",
    "weight(share): the check's share of its question's points",
    "forbids(*names): calls that answers to the question may not use",
    "follow_through(**functions): try a failed check again with these in place of the student's",
    "visible: the student sees everything about the check",
    "isolated: the check gets a fork of the student's process of its own",
)


class Provider(Protocol):
    """Where the student that a check speaks with comes from.

    `hangs` are functions of the student's without which checks passed that had run out of time with them.
    """

    call_seconds: float
    words: frozenset[str] | None
    hangs: set[str]

    @property
    def thorough(self) -> bool:
        """Whether, in grading, a failed check goes on to its end: the diagnosis wants to know all that it asks."""
        ...

    def in_doubt(self, functions: Iterable[str]) -> bool:
        """Whether one of these functions of the student's may be the reason why a check fails that asks for others."""
        ...

    def transport(self, item: pytest.Item) -> Transport:
        """The way to the student's code, as the notebook left it or as the question's earlier checks did."""
        ...

    def spoilt(self, item: pytest.Item) -> None:
        """The state behind the transport is no longer what the notebook left: the next check gets a fresh one."""
        ...

    def seed(self, item: pytest.Item) -> int:
        """What the check's inputs are drawn from."""
        ...


@dataclasses.dataclass
class Outcome:
    """What running one check gave, before it is a verdict: the exception it ended with, what it compared and called.

    `followed` are the functions with which in place of the student's it passed; it is `unfollowed` if it failed and was
    not tried with any, as none was in doubt.
    """

    error: BaseException | None
    comparisons: list[Comparison]
    conversation: Conversation | None
    followed: tuple[str, ...] = ()
    unfollowed: bool = False


provider_key = pytest.StashKey[Provider]()
outcome_key = pytest.StashKey[Outcome]()
grading_key = pytest.StashKey[bool]()
_desk_key = pytest.StashKey[dict[str, Provider]]()


def converse(provider: Provider, item: pytest.Item) -> Conversation:
    """A conversation of a check with the provider's student."""
    return Conversation(provider.transport(item), provider.call_seconds, provider.words)


def seed_for(secret: bytes, student: str, check: str) -> int:
    """The seed of one check's inputs for one student: the same on every run, unknown to whoever lacks the secret."""
    return int.from_bytes(hmac.new(secret, f"{student}\0{check}".encode(), hashlib.sha256).digest()[:16], "big")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--submission`."""
    parser.getgroup("autograder").addoption(
        "--submission", metavar="PATH", help="run hidden checks against this notebook instead of the model answer"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and keep the references' arithmetic on one thread: the arrays are small, the cores shared."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for mark in MARKS:
        config.addinivalue_line("markers", mark)


def provider_of(item: pytest.Item) -> Provider:
    """The provider that grading set, or the one at a desk for the folder the check is in."""
    provider = item.config.stash.get(provider_key, None)
    if provider is not None:
        return provider
    desks = item.config.stash.setdefault(_desk_key, {})
    folder = str(item.path.parent)
    if folder not in desks:
        from autograder.checks.at_desk import desk_for

        try:
            desks[folder] = desk_for(item.path.parent, item.config.getoption("--submission"))
        except AutograderError as error:
            raise pytest.UsageError(str(error)) from error
    return desks[folder]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what desks started."""
    for desk in config.stash.get(_desk_key, {}).values():
        close = getattr(desk, "close", None)
        if close is not None:
            close()


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Student:
    """The student's notebook after it has run; see docs/checks.md."""
    provider = provider_of(request.node)
    conversation = converse(provider, request.node)
    state.current = state.Running(conversation)
    return Student(conversation)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator seeded by the course, the student and the check."""
    return np.random.default_rng(provider_of(request.node).seed(request.node))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Run the check; when it fails and is marked `follow_through`, once more with the reference's functions."""
    # Another check's state must not be taken for this one's, when this one asks for no student.
    if "student" not in pyfuncitem.funcargs:
        state.current = None
    try:
        result = yield
    except BaseException as error:
        outcome = pyfuncitem.stash[outcome_key] = _ended(pyfuncitem, error)
        if outcome.error is None:
            return True
        raise
    else:
        pyfuncitem.stash[outcome_key] = _ended(pyfuncitem, None)
        return result
    finally:
        state.current = None


def is_plain(item: pytest.Function) -> bool:
    """Whether a check is a function of `student`, `rng` and parameters alone, with no marks but ours."""
    parameters = set(item.callspec.params) if hasattr(item, "callspec") else set()
    marks = {mark.name for mark in item.iter_markers()}
    return (
        item.cls is None
        and set(item.fixturenames) <= {"student", "rng", "request"} | parameters
        and set(item._fixtureinfo.argnames) <= {"student", "rng"} | parameters
        and not (parameters and getattr(item.callspec, "indirect", None))
        and marks <= {line.partition(":")[0].partition("(")[0] for line in MARKS} | {"parametrize"}
    )


def run_plainly(item: pytest.Function, provider: Provider) -> Outcome:
    """Run a check that `is_plain`, without pytest's set-up and tear-down, of which it has none."""
    state.current = None
    try:
        if (outcome := _lent_at_once(item, provider)) is not None:
            return outcome
        conversation = None
        if "student" in item._fixtureinfo.argnames:
            conversation = converse(provider, item)
            state.current = state.Running(conversation)
        item.obj(**_arguments(item, conversation))
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
        return _ended(item, error)
    else:
        return _ended(item, None)
    finally:
        state.current = None


def _ended(item: pytest.Function, error: BaseException | None) -> Outcome:
    """The outcome of a check that ended with `error`, followed through where it asks for that."""
    first = state.current
    if first is None:
        return Outcome(error, [], None)
    outcome = Outcome(error, first.comparisons, first.conversation)
    mark = item.get_closest_marker("follow_through")
    if mark is not None and isinstance(error, (AssertionError, StudentFault)):
        provider = provider_of(item)
        if provider.in_doubt(mark.kwargs):
            if isinstance(error, (TimedOut, OutOfMemory, Crashed)):
                provider.spoilt(item)
            outcome.followed, _ = _passes_with(item, mark.kwargs)
            if isinstance(error, TimedOut):
                provider.hangs.update(outcome.followed)
        else:
            outcome.unfollowed = True
    grading = item.config.stash.get(grading_key, False)
    if outcome.followed:
        outcome.error = None
    elif grading and provider_of(item).thorough and isinstance(error, AssertionError):
        _go_on(item, first.conversation)
    return outcome


def _go_on(item: pytest.Function, conversation: Conversation) -> None:
    """Have a failed check say to the student's code what else it has to say, up to its end."""
    state.going_on = True
    conversation.rewind()
    try:
        _run_again(item, conversation)
    except (TimedOut, OutOfMemory, Crashed):
        provider_of(item).spoilt(item)
    except (Exception, pytest.fail.Exception, pytest.skip.Exception):
        pass  # whatever comes of values that should have been others
    finally:
        state.going_on = False


def _run_again(item: pytest.Function, conversation: Conversation) -> None:
    """Call the check's function with a student of this conversation, and its random numbers from the start."""
    state.current = state.Running(conversation)
    item.obj(**_arguments(item, conversation))


def _arguments(item: pytest.Function, conversation: Conversation | None) -> dict[str, Any]:
    """What the check's function is called with."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    arguments: dict[str, Any] = {}
    for name in item._fixtureinfo.argnames:
        if name == "student":
            assert conversation is not None
            arguments[name] = Student(conversation)
        elif name == "rng":
            arguments[name] = np.random.default_rng(provider_of(item).seed(item))
        else:
            arguments[name] = parameters[name] if name in parameters else item.funcargs[name]
    return arguments


def _lent_at_once(item: pytest.Function, provider: Provider) -> Outcome | None:
    """The outcome of a check that passes with the reference's functions in place of such as are known to hang.

    That would be its outcome in any case: it is tried with them if it fails without. So nobody waits for what hangs.
    """
    mark = item.get_closest_marker("follow_through")
    if mark is None or provider.hangs.isdisjoint(mark.kwargs) or not provider.in_doubt(mark.kwargs):
        return None
    followed, conversation = _passes_with(item, mark.kwargs)
    if not followed:
        provider.spoilt(item)  # the student's own are asked where nothing was before
        return None
    return Outcome(None, [], conversation, followed)


def _passes_with(item: pytest.Function, functions: Mapping[str, Any]) -> tuple[tuple[str, ...], Conversation | None]:
    """Those of `functions` that were called when a check passed with them in place of the student's own."""
    provider = provider_of(item)
    try:
        conversation = converse(provider, item)
        student = Student(conversation)
        for name, function in functions.items():
            define(student, name, function)
        called: tuple[str, ...] = ()
        try:
            _run_again(item, conversation)
            called = tuple(name for number, name in enumerate(functions) if number in conversation.lent)
        except (Exception, pytest.fail.Exception, pytest.skip.Exception):
            pass  # any failure means that the other functions were not the reason
        restore(student)
    except StudentFault:
        # The process is gone or no longer answers.
        provider.spoilt(item)
        return (), None
    return called, conversation


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
    """In grading: keep the exception, and leave the rendering of tracebacks out."""
    if not item.config.stash.get(grading_key, False):
        return None
    error = call.excinfo.value if call.excinfo is not None else None
    ended = item.stash.get(outcome_key, None)
    if error is not None and (ended is None or ended.error is None):
        # In setting up or tearing down: the check did not get to its end, whatever it found.
        item.stash[outcome_key] = Outcome(error, [], None)
    return pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords={},
        outcome="failed" if error is not None else "passed",
        longrepr=None,
        when=call.when,  # type: ignore[arg-type] # never "collect" here
    )
