"""Our checks in otter's process: what the test files of an exported `autograder.zip` call.

Here the student's code and the checks share one process, as otter has it; nothing keeps them apart.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from autograder.checks.collect import Checks, collect, judge
from autograder.checks.desk import Desk
from autograder.checks.forbidden import forbidden_calls, read_code
from autograder.checks.plugin import seed_for
from autograder.course import SECRET_FILE
from autograder.records import Verdict

COURSE = "dl_autograder.course"
"""The file beside the submission with the course in it, packed."""


class CheckFailed(AssertionError):
    """What a test case of otter's ends with when a check did not pass."""


def run_check(question: str, check: str, env: dict[str, Any]) -> None:
    """Run one check on the notebook's namespace. Raises CheckFailed, with what a student may know, unless it passes."""
    verdict, message = _run_question(question, _Env(env))[check]
    if verdict not in (Verdict.PASS, Verdict.SKIPPED):
        raise CheckFailed(message or str(verdict))


class _Env:
    """A namespace, known by its identity: otter has one for all that it checks."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Env) and other.names is self.names

    def __hash__(self) -> int:
        return id(self.names)


@functools.lru_cache(maxsize=64)
def _run_question(question: str, env: _Env) -> dict[str, tuple[Verdict, str]]:
    """Verdict and message of every check of a question: a forbidden call is one of all its checks."""
    checks, secret = _collected()
    asked: set[str] = set()
    verdicts = {}
    for check in checks.questions[question]:
        desk = Desk(env.names, functools.partial(seed_for, secret, ""))
        outcome, _ = checks.run(check, desk)
        desk.spoilt(check.item)
        verdicts[check.id] = judge(check, outcome)
        if outcome.conversation is not None:
            asked |= {call.target.variable for call in outcome.conversation.calls}
    # IPython keeps the cells that ran; a script has none.
    cells = [{"cell_type": "code", "source": source} for source in env.names.get("In", ())]
    uses = forbidden_calls(read_code({"cells": cells}), checks.forbidden(question), asked - {""})
    if uses:
        reason = f"the answer uses `{uses[0].name}`, which this question forbids"
        return dict.fromkeys(verdicts, (Verdict.FAIL, reason))
    return verdicts


@functools.cache
def _collected() -> tuple[Checks, bytes]:
    """The checks, unpacked from beside the submission, and the course's secret."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with zipfile.ZipFile(COURSE) as packed:
        packed.extractall(folder)
    (checks,) = (path for path in (folder / "tests" / "checks").iterdir() if path.is_dir())
    return collect(checks, folder), (folder / SECRET_FILE).read_bytes().strip()
