"""One case of a test of otter's, run where its names are: apart from the student's code, or beside it.

`run_doctest` and `run_function` give `[verdict, message]` as JSON: "pass", "fail" or "error", and what there is to say.
"""

from __future__ import annotations

import contextlib
import doctest
import inspect
import io
import json
import sys
import traceback
from typing import Any


class _Copy(dict[str, Any]):
    """A namespace of a case's own, as otter gives each: it reads the notebook's, and changes nothing there."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, name: str) -> Any:
        return self._names[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, of the notebook's too."""
        try:
            return self[name]
        except KeyError:
            return default


def run_doctest(code: str, names: dict[str, Any]) -> str:
    """Run the examples of a doctest, up to the first that prints something else than it should."""
    own = _Copy(names)
    for example in doctest.DocTestParser().get_examples(code):
        flags = sum(flag for flag, chosen in example.options.items() if chosen)
        if flags & doctest.SKIP:
            continue
        printed, error = _run_example(example.source, own)
        if error and example.exc_msg is None:
            return json.dumps(["error", f"{example.source}raised {error.strip()}"])
        if not error and example.exc_msg is not None:
            return json.dumps(["fail", f"{example.source}should have raised {example.exc_msg.strip()}"])
        wanted, given = (example.exc_msg or "", error) if error else (example.want, printed)
        checker = doctest.OutputChecker()
        if not checker.check_output(wanted, given, flags):
            return json.dumps(["fail", f"{example.source}{checker.output_difference(example, given, flags)}".rstrip()])
    return json.dumps(["pass", ""])


def _run_example(source: str, names: dict[str, Any]) -> tuple[str, str]:
    """What an example printed, and the last line of the traceback when it raised."""
    printed, error, hook = io.StringIO(), "", sys.displayhook
    sys.displayhook = sys.__displayhook__
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "<test>", "single"), names)
    except Exception as raised:
        error = traceback.format_exception_only(type(raised), raised)[-1]
    finally:
        sys.displayhook = hook
    return printed.getvalue(), error


def run_function(source: str, number: int, names: dict[str, Any]) -> str:
    """Run the function of the case `number` in a test file's `source`, with the names that its arguments ask for."""
    defined: dict[str, Any] = {}
    exec(compile(source, "<test>", "exec"), defined)
    case = [value for value in defined.values() if type(value).__name__ == "test_case"][number]
    own = _Copy(names)
    wanted = inspect.signature(case.function).parameters
    try:
        case.function(**{name: own if name == "env" else own.get(name) for name in wanted})
    except Exception as raised:
        lines, trace = source.split("\n"), raised.__traceback__
        number = trace.tb_next.tb_lineno - 1 if trace is not None and trace.tb_next is not None else -1
        where = f"{lines[number].strip()}\n" if 0 <= number < len(lines) else ""
        verdict = "fail" if isinstance(raised, AssertionError) else "error"
        return json.dumps([verdict, f"{where}{type(raised).__name__}: {raised}"[:2000]])
    return json.dumps(["pass", ""])
