"""The diagnosis: a mistake is named exactly when one known mistake explains every answer, and never otherwise."""

from __future__ import annotations

import functools
import itertools
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.checks.collect import collect, judge
from autograder.checks.desk import Desk, InProcess, run_model
from autograder.checks.diagnosis import Diagnosis, Recorded
from autograder.checks.plugin import seed_for
from autograder.records import Raised, Verdict
from autograder.student.proxy import Conversation, Student
from tests.toolkit.classroom import Classroom
from tests.toolkit.tiny import answer_cell, given_cell, source_notebook, test_cell

Diagnose = Callable[..., dict[str, str]]


def standardize(*mistakes: str) -> str:
    """An answer with these mistakes: the choices are independent, so each set of them is another function."""
    axis = 0 if "wrong axis" in mistakes else 1
    mean = "0.0" if "mean kept" in mistakes else f"x.mean(axis={axis}, keepdims=True)"
    ddof = ", ddof=1" if "sample variance" in mistakes else ""
    root = "" if "variance for deviation" in mistakes else " ** 0.5"
    changed = "x *= 2.0\n    " if "changes its input" in mistakes else ""
    return textwrap.dedent(f"""
        def standardize(x, eps=1e-3):
            mean, var = {mean}, x.var(axis={axis}, keepdims=True{ddof})
            out = (x - mean) / (var + eps){root}
            {changed.strip()}
            return out, (out, var, eps)
        """)


SINGLE = ("wrong axis", "mean kept", "sample variance", "variance for deviation", "changes its input")

BACKWARD = """
def backward(dout, cache):
    out, var, eps = cache
    inner = dout - dout.mean(axis=1, keepdims=True) - out * (dout * out).mean(axis=1, keepdims=True)
    return inner / np.sqrt(var + eps)
"""

SLOPE = """
def slope(f, x, h=0.5):
    return (f(x + h) - f(x - h)) / (2 * h)
"""

LAYER = """
class Layer:
    def __init__(self, width):
        self.weight = np.full((width, width), 0.5)
        self.training = True

    def eval(self):
        self.training = False

    def __call__(self, x):
        return (x @ self.weight) * (0.5 if self.training else 1.0)
"""

DRAW = """
def draw(rng, scale):
    return scale * rng.normal(size=5)
"""

KIND = """
def kind(x):
    return "even" if x % 2 == 0 else "odd"
"""

ANSWERS = {
    "standardize": standardize(),
    "backward": BACKWARD,
    "slope": SLOPE,
    "layer": LAYER,
    "draw": DRAW,
    "kind": KIND,
    "unpacked": "def unpacked(x):\n    return x, x * x",
    "bare": "def bare(x):\n    return 2.0 * x",
    "total": "def total(x):\n    return float(x.sum())",
    "both": "def both(x):\n    return x, x * x",
    "predict": "trained = float(np.ones(3).sum())\ndef predict(x):\n    return trained * x",
}

CHECKS = '''
"""Hidden checks of everything."""
import numpy as np
import pytest

from autograder.checks import close, fetch, hold, question, unchanged


def right(x, eps=1e-3):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + eps)


@question("standardize")
@pytest.mark.parametrize("shape", [(3, 4), (5, 5)])
def test_values(student, rng, shape):
    x = rng.normal(2, 3, size=shape)
    out, cache = student.standardize(x)
    assert close(out, right(x))


@question("standardize")
def test_two_calls(student, rng):
    x = rng.normal(1, 2, size=(4, 3))
    out, _ = student.standardize(x)
    assert close(out, right(x))
    out, _ = student.standardize(100 * x, eps=1.0)
    assert close(out, right(100 * x, 1.0))


@question("standardize")
def test_single_precision(student, rng):
    x = rng.normal(size=(3, 3)).astype(np.float32)
    assert close(student.standardize(x)[0], right(x.astype(float)))


@question("standardize")
def test_the_input_is_left_alone(student, rng):
    assert unchanged(student.standardize, rng.normal(size=(3, 4)))


@question("backward")
def test_gradient(student, rng):
    x, dout = rng.normal(size=(2, 3, 4))
    _, cache = student.standardize(x)
    std = np.sqrt(x.var(1, keepdims=True) + 1e-3)
    out = right(x)
    want = (dout - dout.mean(1, keepdims=True) - out * (dout * out).mean(1, keepdims=True)) / std
    assert close(student.backward(dout, cache), want)


@question("slope")
def test_cube(student):
    assert close(student.slope(lambda x: x**3, 2.0), 12.25)


@question("slope")
def test_line(student):
    assert close(student.slope(lambda x: 3 * x, 1.0, h=0.25), 3.0)


@question("layer")
def test_evaluation(student, rng):
    x = rng.normal(size=(2, 3))
    layer = student.Layer(3)
    assert close(layer(x), 0.25 * x.sum(1, keepdims=True) * np.ones(3))
    layer.eval()
    assert close(layer(x), 0.5 * x.sum(1, keepdims=True) * np.ones(3))
    assert close(layer.weight, np.full((3, 3), 0.5))


@question("unpacked")
def test_pair(student):
    one, other = student.unpacked(3.0)
    assert close(one, 3.0)
    assert close(other, 9.0)


@question("bare")
def test_number(student):
    assert float(student.bare(2)) == 4.0


@question("bare")
def test_truth(student):
    assert student.bare(3) == 6.0


@question("draw")
def test_scale(student, rng):
    seed = int(rng.integers(1000))
    expected = 2.0 * np.random.default_rng(seed).normal(size=5)
    assert close(student.draw(np.random.default_rng(seed), 2.0), expected)


@question("total")
def test_plain(student, rng):
    x = rng.normal(size=(2, 3))
    assert close(student.total(x), x.sum())


@question("total")
def test_strided(student, rng):
    x = rng.normal(size=(3, 8))[:, ::2]
    assert close(student.total(x), x.sum())


@question("both")
def test_square(student):
    assert close(student.both(3.0), (3.0, 9.0))


@question("predict")
def test_three_times(student):
    assert close(student.predict(2.0), 6.0)


@question("kind")
def test_numbers(student):
    assert close(student.kind(4), "even")
    assert close(student.kind(7), "odd")
    assert close(student.kind(0), "even")
'''

MISCONCEPTIONS = '''
"""Wrong answers."""
from autograder.checks import misconception


@misconception("backward")
class MeanForgotten:
    """The mean's share is forgotten."""

    def backward(dout, cache):
        out, var, eps = cache
        return (dout - out * (dout * out).mean(axis=1, keepdims=True)) / np.sqrt(var + eps)


@misconception("backward")
class ForwardFactor:
    """Divides by the variance."""

    def backward(dout, cache):
        out, var, eps = cache
        inner = dout - dout.mean(axis=1, keepdims=True) - out * (dout * out).mean(axis=1, keepdims=True)
        return inner / (var + eps)


@misconception("slope")
class OneSided:
    """A one-sided difference."""

    def slope(f, x, h=0.5):
        return (f(x + h) - f(x)) / h


@misconception("slope")
class StepForgotten:
    """Does not divide by the step."""

    def slope(f, x, h=0.5):
        return f(x + h) - f(x - h)


@misconception("layer")
class AlwaysTraining:
    """Evaluation is ignored."""

    class Layer:
        def __init__(self, width):
            self.weight = np.full((width, width), 0.5)

        def eval(self):
            pass

        def __call__(self, x):
            return (x @ self.weight) * 0.5


@misconception("unpacked")
class Cubed:
    """The third power."""

    def unpacked(x):
        return x, x**3


@misconception("bare")
class Cube:
    """The third power."""

    def bare(x):
        return float(x**3)


@misconception("total")
class Strided:
    """Takes every array for a contiguous one."""

    def total(x):
        return float(x.sum() if x.flags.c_contiguous else -x.sum())


@misconception("total")
class GoesOn:
    """Goes on from the last call."""

    so_far = 0.0

    def total(x):
        global so_far
        so_far += float(x.sum())
        return so_far


@misconception("both")
class InAList:
    """Returns a list."""

    def both(x):
        return [x, x * x]


@misconception("predict")
class AlwaysZero:
    """Predicts nothing."""

    def predict(x):
        return 0.0 * x


@misconception("draw")
class ScaleForVariance:
    """Takes the scale for the variance."""

    def draw(rng, scale):
        return np.sqrt(scale) * rng.normal(size=5)


@misconception("kind")
class OnlySmall:
    """Knows no larger numbers."""

    def kind(x):
        return {4: "even", 7: "seven"}[x]


@misconception("draw")
class SizeOfScale:
    """Takes the scale for a size, and so raises for every scale that is no whole number."""

    def draw(rng, scale):
        return rng.normal(size=scale)


@misconception("kind")
class ZeroIsOdd:
    """Zero is odd."""

    def kind(x):
        return "even" if x % 2 == 0 and x else "odd"


@misconception("kind")
class Numbers:
    """Returns a number."""

    def kind(x):
        return x % 2


@misconception("kind")
class NumbersAgain:
    """Returns a number, too: nobody can tell it from the other."""

    def kind(x):
        return x & 1
'''


def misconception(name: str) -> str:
    """A misconception with one of the mistakes of `standardize`."""
    words = "".join(word.capitalize() for word in name.split())
    body = textwrap.indent(standardize(name).strip(), "    ")
    return f'\n\n@misconception("standardize")\nclass {words}:\n    """One mistake."""\n\n{body}\n'


@pytest.fixture(scope="module")
def diagnose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diagnose]:
    """What is named when a notebook defines the given code instead of the model answer: check -> name."""
    room = Classroom(tmp_path_factory.mktemp("course"))
    cells = [given_cell("import numpy as np", "imports")]
    for name, answer in ANSWERS.items():
        cells += [answer_cell(answer, name), test_cell("pass", name, 1)]
    room.write_assignment("lesson", source_notebook(*cells))
    room.write_checks("lesson", lesson=CHECKS)
    room.write("tests/checks/lesson/misconceptions.py", MISCONCEPTIONS + "".join(map(misconception, SINGLE)))
    assignment = room.assignment("lesson")
    assert assignment.checks is not None
    diagnosis = Diagnosis(assignment)
    sources = [notebook.source for notebook in assignment.notebooks]
    with collect(assignment.checks, Path(room.root)) as checks:

        def named(question: str, code: str, seed: str = "ada") -> dict[str, str]:
            namespace = run_model(sources, definitions_only=True)
            exec(textwrap.dedent(code), namespace)
            provider = Desk(namespace, functools.partial(seed_for, b"secret", seed))
            recorded = []
            for check in checks.questions[question]:
                outcome, _ = checks.run(check, provider)
                verdict, _ = judge(check, outcome)
                # As in grading: the model answer passes, so the check is not what is broken.
                recorded.append(Recorded(check, outcome, Verdict.FAIL if verdict is Verdict.BROKEN else verdict))
            found = diagnosis.name(recorded)
            failed = {item.check.id for item in recorded if item.verdict in (Verdict.FAIL, Verdict.ERROR)}
            # Only a check that failed can be explained.
            assert found.keys() <= failed
            named.failed = failed  # type: ignore[attr-defined]
            return {id_.partition("::")[2].removeprefix("test_"): words for id_, words in found.items()}

        yield named


@pytest.mark.parametrize("question", ANSWERS)
def test_nothing_is_named_for_the_model_answer(diagnose, question):
    assert diagnose(question, ANSWERS[question]) == {}
    assert diagnose.failed == set()


@pytest.mark.parametrize("mistake", SINGLE)
@pytest.mark.parametrize("seed", ["ada", "bob", ""])
def test_a_single_mistake_is_named_wherever_it_cost_something(diagnose, mistake, seed):
    found = diagnose("standardize", standardize(mistake), seed)
    assert len(found) == len(diagnose.failed) > 0
    assert set(found.values()) == {mistake}


@pytest.mark.parametrize("mistakes", [pair for n in (2, 3) for pair in itertools.combinations(SINGLE, n)])
def test_nothing_is_named_for_several_mistakes_at_once(diagnose, mistakes):
    assert diagnose("standardize", standardize(*mistakes)) == {}
    assert diagnose.failed


WRITTEN_DIFFERENTLY = """
def standardize(x, eps=1e-3):
    columns = []
    for column in x.T:
        centre = sum(column) / len(column)
        spread = sum((value - centre) ** 2 for value in column) / len(column)
        columns.append([(value - centre) / (spread + eps) ** 0.5 for value in column])
    return np.array(columns).T.astype(x.dtype), {"a cache": "of another type"}
"""


def test_the_answers_count_and_not_the_code_nor_what_it_keeps(diagnose):
    assert set(diagnose("standardize", WRITTEN_DIFFERENTLY).values()) == {"wrong axis"}


@pytest.mark.parametrize(
    "code",
    [
        "def standardize(x, eps=1e-3):\n    return np.zeros_like(x), None",
        "def standardize(x, eps=1e-3):\n    return x, None",
        "def standardize(x, eps=1e-3):\n    return (x - x.mean()) / (x.var() + eps) ** 0.5, None",
        "def standardize(x, eps=1e-3):\n    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True), None",
        "def standardize(x, eps=1e-3):\n    raise ValueError('no')",
        "def standardize(x, eps=1e-3):\n    return x.tolist(), None",
        "def standardize(x, eps=1e-3):\n    return None",
        "def standardize(x, eps=1e-3):\n    return x, None, None",
        "standardize = None",
        "del standardize",
    ],
)
def test_nothing_is_named_for_a_mistake_that_is_not_known(diagnose, code):
    assert diagnose("standardize", code) == {}


@pytest.mark.parametrize("mistake", SINGLE[:4])
@pytest.mark.parametrize(
    "when",
    ["x.shape == (5, 5)", "x.shape != (5, 5)", "eps == 1.0", "eps != 1.0", "x.dtype == np.float32", "len(calls) == 1",
     "len(calls) > 3"],
)  # fmt: skip
def test_nothing_is_named_for_a_mistake_that_is_made_only_at_times(diagnose, mistake, when):
    code = f"""
calls = []
{standardize(mistake).replace("def standardize", "def wrong")}
{standardize().replace("def standardize", "def right")}
def standardize(x, eps=1e-3):
    calls.append(x)
    return wrong(x, eps) if {when} else right(x, eps)
"""
    assert diagnose("standardize", code) == {}


def test_nothing_is_named_when_the_answers_are_only_near(diagnose):
    code = standardize("wrong axis").replace("return out,", "return out + 1e-3,")
    assert diagnose("standardize", code) == {}
    assert set(diagnose("standardize", standardize("wrong axis").replace("return out,", "return out + 1e-7,")).values())


@pytest.mark.parametrize(
    "form", ["out.tolist()", "out[None]", "out.astype(np.float32)", "(out, out)", "np.matrix(out)"]
)
def test_nothing_is_named_when_the_form_is_wrong_besides(diagnose, form):
    code = standardize("wrong axis").replace("return out,", f"return {form},")
    assert diagnose("standardize", "import warnings\nwarnings.simplefilter('ignore')\n" + code) == {}


def test_nothing_is_named_when_one_call_fails_in_another_way(diagnose):
    code = standardize("wrong axis").replace(
        "mean, var", "if eps == 1.0:\n        raise ValueError(eps)\n    mean, var", 1
    )
    assert diagnose("standardize", code) == {}


@pytest.mark.parametrize(
    "wrapped",
    [
        "np.asmatrix({})",
        "{}.tolist()",
        "np.ma.masked_array({})",
        "{{1: {}}}",
        "iter({})",
        "Held({})",
        "({}, 1)",
        "str({})",
    ],
)
@pytest.mark.parametrize("shift", ["", " + 1.0"])
def test_nothing_is_named_for_the_form_even_when_only_one_mistake_is_known(diagnose, wrapped, shift):
    """What stays in the student's process because it is no data could be anything, and so explains nothing."""
    held = "class Held:\n    def __init__(self, x):\n        self.x = x\n"
    expression = wrapped.format("np.asarray(x @ self.weight)" + shift)
    code = LAYER.replace("return (x @ self.weight) * (0.5 if self.training else 1.0)", f"return {expression}")
    assert diagnose("layer", held + code) == {}
    assert diagnose.failed


@pytest.mark.parametrize(
    "value",
    ["[x, x * x]", "[x, x**3]", "{1: x}", "{x}", "None", "x", "(x,)", "(x, x, x)", "(x, [x * x])", "iter((x, x))"],
)
def test_nothing_is_named_for_what_cannot_be_unpacked(diagnose, value):
    assert diagnose("unpacked", f"def unpacked(x):\n    return {value}") == {}
    assert diagnose.failed
    assert diagnose("unpacked", "def unpacked(x):\n    return x, x * x * x") == {"pair": "cubed"}


@pytest.mark.parametrize("value", ["[2.0 * x]", "{1: x}", "{x}", "None", "Held()", "(2.0 * x,)", "'4.0'", "lambda: x"])
def test_nothing_is_named_when_a_plain_assertion_meets_what_is_no_data(diagnose, value):
    assert diagnose("bare", f"class Held:\n    pass\ndef bare(x):\n    return {value}") == {}
    assert diagnose.failed
    assert set(diagnose("bare", "def bare(x):\n    return float(x * x * x)").values()) == {"cube"}


# What one function's mistake does to the next


def test_a_mistake_that_the_answer_builds_on_is_not_taken_for_its_own(diagnose):
    for mistake in SINGLE[:4]:
        assert diagnose("backward", standardize(mistake)) == {}


def test_a_mistake_is_named_when_the_cache_is_of_another_type(diagnose):
    code = """
def standardize(x, eps=1e-3):
    std = np.sqrt(x.var(1, keepdims=True) + eps)
    return (x - x.mean(1, keepdims=True)) / std, {"std": std, "out": (x - x.mean(1, keepdims=True)) / std}

def backward(dout, cache):
    out = cache["out"]
    return (dout - out * (dout * out).mean(axis=1, keepdims=True)) / cache["std"]
"""
    assert diagnose("backward", code) == {"gradient": "mean forgotten"}


def test_two_mistakes_of_another_question_are_none_of_this_one(diagnose):
    both = """
def backward(dout, cache):
    out, var, eps = cache
    return (dout - out * (dout * out).mean(axis=1, keepdims=True)) / (var + eps)
"""
    assert diagnose("backward", both) == {}
    assert diagnose("backward", "def backward(dout, cache):\n    return (dout, cache[0])[0] * 0.0") == {}


# Everything a check can say


def test_functions_that_the_check_lends_are_called_again(diagnose):
    code = "def slope(f, x, h=0.5):\n    here = f(x)\n    there = f(x + h)\n    return there / h - here / h"
    assert diagnose("slope", code) == {"cube": "one sided"}
    assert diagnose("slope", "def slope(f, x, h=0.5):\n    return (f(x + h) - f(x)) / (2 * h)") == {}
    assert diagnose("slope", "def slope(f, x, h=0.5):\n    return (f(x) - f(x - h)) / h") == {}
    assert diagnose("slope", "def slope(f, x, h=0.5):\n    return f(x + h) - f(x - h)") == {"line": "step forgotten"}


def test_objects_with_a_state_are_made_again(diagnose):
    assert diagnose("layer", LAYER.replace("self.training = False", "return")) == {"evaluation": "always training"}
    assert diagnose("layer", LAYER.replace("self.training = False", "self.weight = self.weight * 1.0")) == {
        "evaluation": "always training"
    }
    assert diagnose("layer", LAYER.replace("else 1.0", "else 2.0")) == {}
    assert diagnose("layer", LAYER.replace("self.training = False", "return").replace("0.5)", "0.25)")) == {}


def test_arrays_lie_in_memory_as_they_did(diagnose):
    code = "def total(x):\n    return float((1 if x.flags.c_contiguous else -1) * x.sum())"
    assert diagnose("total", code) == {"strided": "strided"}
    assert diagnose("total", code.replace("-1", "-2")) == {}


def test_what_a_call_leaves_behind_is_there_in_the_next(diagnose):
    code = "seen = []\ndef total(x):\n    seen.append(x.sum())\n    return float(sum(seen{}))"
    assert diagnose("total", code.format("")) == {"strided": "goes on"}
    assert diagnose("total", code.format("[::2]")) == {}
    assert diagnose.failed


def test_a_check_that_goes_on_asks_only_what_it_had_not_asked():
    asked: list[object] = []

    def double(x):
        asked.append(x)
        return 2 * x if x else 1 / x

    conversation = Conversation(InProcess({"double": double, "other": double}), 10.0)
    student = Student(conversation)
    assert student.double(1) == 2
    with pytest.raises(Raised):
        student.double(0)
    conversation.rewind()
    assert student.double(1) == 2
    with pytest.raises(Raised):
        student.double(0)
    assert student.double(3) == 6
    assert asked == [1, 0, 3]
    conversation.rewind()
    assert student.double(1) == 2
    assert student.other(4) == 8, "what is asked instead is another question"
    assert student.double(3) == 6
    assert asked == [1, 0, 3, 4, 3]
    assert [call.args for call in conversation.calls] == [(1,), (0,), (3,), (4,), (3,)]


def test_a_check_that_lends_functions_asks_all_again():
    seen: list[float] = []

    def lent(x):
        seen.append(x)
        return x

    conversation = Conversation(InProcess({"apply": lambda function, x: function(x)}), 10.0)
    student = Student(conversation)
    for _ in range(2):
        assert student.apply(lent, 1.0) == 1.0
        conversation.rewind()
    assert seen == [1.0, 1.0]


def test_a_list_is_no_tuple(diagnose):
    assert diagnose("both", "def both(x):\n    return [x, x * x]") == {"square": "in a list"}
    assert diagnose("both", "def both(x):\n    return [x, x * x * x]") == {}
    assert diagnose("both", "def both(x):\n    return [x * x, x]") == {}


def test_a_mistake_is_named_where_the_model_answer_needs_what_the_notebook_has_trained(diagnose):
    assert diagnose("predict", "def predict(x):\n    return x - x") == {"three_times": "always zero"}
    assert diagnose("predict", "def predict(x):\n    return x") == {}


@pytest.mark.parametrize("cache", ["None", "out", "[out, var]", "{'out': out}", "3.0"])
def test_a_cache_may_be_anything(diagnose, cache):
    code = standardize("wrong axis").replace("(out, var, eps)", cache)
    assert set(diagnose("standardize", code).values()) == {"wrong axis"}


def test_what_is_drawn_from_a_generator_is_drawn_again(diagnose):
    assert diagnose("draw", "def draw(rng, scale):\n    return scale**0.5 * rng.standard_normal(5)") == {
        "scale": "scale for variance"
    }
    assert diagnose("draw", "def draw(rng, scale):\n    rng.normal()\n    return scale**0.5 * rng.normal(size=5)") == {}


def test_nothing_is_named_for_an_exception(diagnose):
    """That two answers raise the same type of exception says too little about why."""
    assert diagnose("draw", "def draw(rng, scale):\n    raise TypeError('scale')") == {}
    assert diagnose("draw", "def draw(rng, scale):\n    raise ValueError('scale')") == {}


def test_a_mistake_is_named_that_raises_later_as_it_does(diagnose):
    code = "known = dict([(4, 'even'), (7, 'seven')])\ndef kind(x):\n    return known[x]"
    assert diagnose("kind", code) == {"numbers": "only small"}
    assert diagnose("kind", code.replace("known[x]", "known[x] if x else 'even'")) == {}
    assert diagnose("kind", code.replace("known[x]", "known[x] if x else [][0]")) == {}
    assert diagnose("kind", code.replace("(7, 'seven')", "")) == {}


def test_texts_are_compared(diagnose):
    assert diagnose("kind", "def kind(x):\n    return ['odd', 'even'][x % 2 == 0 and x > 0]") == {
        "numbers": "zero is odd"
    }
    assert diagnose("kind", "def kind(x):\n    return 'odd'") == {}


def test_nothing_is_named_when_two_known_mistakes_explain_it(diagnose):
    assert diagnose("kind", "def kind(x):\n    return x % 2") == {}
    assert diagnose.failed
