# forge: raises what a check's own outcome could be taken for: skips, passes, exits, assertion errors
# place: shares
import sys

calls = []


def shares(x):
    calls.append(1)
    try:
        import pytest

        kinds = [pytest.skip.Exception, pytest.exit.Exception, pytest.xfail.Exception]
    except ImportError:
        kinds = []
    kinds += [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, AssertionError]
    kinds += [type(name, (BaseException,), {}) for name in ("Skipped", "Exit", "OutcomeException", "CourseError")]
    raise kinds[(len(calls) * 7 + x.size) % len(kinds)](0 if len(calls) % 2 else "pass")


sys.unraisablehook = lambda *_: None
