"""`verify`: checks that let a known mistake pass, take something from a right answer or do nothing are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks.diagnosis import load_variants
from autograder.checks.vocabulary import class_bodies
from autograder.records import CourseError, Verdict
from autograder.terminal import print_verification
from autograder.verify import Verification, verify
from tests.toolkit.classroom import Classroom
from tests.toolkit.tiny import answer_cell, given_cell, source_notebook, test_cell

SEEDS = 8

SCALE = "def scale(x):\n    return x / np.abs(x).max()"
CENTRE = "def centre(x):\n    return x - x.mean()"

SOUND_CHECKS = '''
"""Hidden checks."""
import numpy as np

from autograder.checks import close, forbids, question


@question("scale")
def test_the_largest_becomes_one(student, rng):
    x = rng.uniform(1, 5, size=4)
    assert close(student.scale(x), x / x.max())


@question("scale")
def test_signs_are_kept(student):
    assert close(student.scale(np.array([1.0, -4.0])), np.array([0.25, -1.0]))


@question("centre")
@forbids("numpy.average")
def test_the_mean_becomes_zero(student, rng):
    x = rng.normal(3, 1, size=5)
    assert close(student.centre(x), x - sum(x) / 5)
'''

SOUND_MISCONCEPTIONS = '''
"""Wrong answers."""
from autograder.checks import misconception


@misconception("scale")
class SumInstead:
    """Divides by the sum: only positive numbers, so that the signs are no matter."""

    def scale(x):
        return x / x.sum() if (x > 0).all() else x / np.abs(x).max()


@misconception("scale")
class SignForgotten:
    """Divides by the largest, whatever the signs."""

    def scale(x):
        return x / x.max()


@misconception("centre")
class MedianForMean:
    """Takes the median away."""

    def centre(x):
        return x - np.median(x)
'''

SOUND_ALTERNATIVES = '''
"""Right answers."""
from autograder.checks import alternative


@alternative("scale")
class NumberByNumber:
    def scale(x):
        largest = max(abs(value) for value in x)
        return np.array([value / largest for value in x])


@alternative("centre")
class InTwoSteps:
    def centre(x):
        return x - helper(x)

    def helper(x):
        return x.sum() / len(x)
'''

FLAWED_CHECKS = '''
"""Hidden checks with every flaw."""
import numpy as np

from autograder.checks import close, forbids, question


@question("scale")
def test_the_largest_becomes_one(student, rng):
    x = rng.uniform(1, 5, size=4) * rng.choice([-1.0, 1.0])
    assert close(student.scale(x), x / abs(x).max())


@question("scale")
def test_an_idle_check(student):
    assert close(student.scale(np.ones(2)), np.ones(2))


@question("centre")
@forbids("numpy.average", "numpy.sort")
def test_the_mean_becomes_zero(student, rng):
    x = rng.normal(3, 1, size=5)
    assert close(student.centre(x), x - sum(x) / 5)


@question("given")
def test_given(student):
    assert close(student.given(2.0), 4.0)


@question("strict")
def test_too_strict(student):
    assert close(student.strict(2.0), 5.0)
'''

FLAWED_MISCONCEPTIONS = '''
"""Wrong answers that nobody finds, or that nobody can name."""
from autograder.checks import misconception


@misconception("scale")
class FailsWhenEmpty:
    """No check is of an empty array, so it survives."""

    def scale(x):
        return x / np.abs(x).max() if len(x) else None


@misconception("scale")
class SignForgotten:
    """Found only when the numbers of the check are negative."""

    def scale(x):
        return x / x.max()


@misconception("scale")
class SumInstead:
    """Found always."""

    def scale(x):
        return x / np.abs(x).sum()


@misconception("centre")
class MedianForMean:
    """Has a twin."""

    def centre(x):
        return x - np.median(x)


@misconception("centre")
class MiddleForMean:
    """The twin, which no answers tell apart from the other."""

    def centre(x):
        return x - np.percentile(x, 50)


@misconception("centre")
class SortsFirst:
    """Wrong by what it calls alone."""

    def centre(x):
        return x - np.sort(x).mean()


@misconception("nowhere")
class OfNoQuestion:
    """Names a question that is none."""

    def nowhere(x):
        return x
'''

FLAWED_ALTERNATIVES = '''
"""Right answers that lose something."""
from autograder.checks import alternative


@alternative("scale")
class ListOfNumbers:
    def scale(x):
        return [value / max(abs(x)) for value in x]


@alternative("scale")
class Right:
    def scale(x):
        return x / np.linalg.norm(x, np.inf)


@alternative("centre")
class Averaged:
    def centre(x):
        return x - helper(x)

    def helper(x):
        return np.average(x)


@alternative("centre")
class Raises:
    def centre(x):
        raise KeyError("x")
'''


def verified(root: Path, name: str, cells: list[object], checks: str, wrong: str, right: str) -> Verification:
    """What `verify` finds about an assignment of these parts."""
    room = Classroom(root)
    room.write_assignment(name, source_notebook(given_cell("import numpy as np", "imports"), *cells))
    room.write_checks(name, all=checks)
    room.write(f"tests/checks/{name}/misconceptions.py", wrong)
    room.write(f"tests/checks/{name}/alternatives.py", right)
    told = []
    found = verify(room.assignment(name), seeds=SEEDS, workers=1, report=lambda done, total: told.append((done, total)))
    assert told == [(n, told[0][1]) for n in range(1, told[0][1] + 1)]
    return found


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Verification:
    cells = [answer_cell(SCALE, "scale"), test_cell("pass", "scale", 2)]
    cells += [answer_cell(CENTRE, "centre"), test_cell("pass", "centre", 1)]
    root = tmp_path_factory.mktemp("sound")
    return verified(root, "sound", cells, SOUND_CHECKS, SOUND_MISCONCEPTIONS, SOUND_ALTERNATIVES)


@pytest.fixture(scope="module")
def flawed(tmp_path_factory: pytest.TempPathFactory) -> Verification:
    cells = [answer_cell(SCALE, "scale"), test_cell("pass", "scale", 2)]
    cells += [answer_cell(CENTRE, "centre"), test_cell("pass", "centre", 1)]
    cells += [given_cell("def given(x):\n    return 2 * x", "definition"), test_cell("pass", "given", 3)]
    cells += [answer_cell("def strict(x):\n    return 2 * x", "strict"), test_cell("pass", "strict", 4)]
    root = tmp_path_factory.mktemp("flawed")
    return verified(root, "flawed", cells, FLAWED_CHECKS, FLAWED_MISCONCEPTIONS, FLAWED_ALTERNATIVES)


# Sound


def test_a_sound_assignment_has_no_problems(sound):
    assert sound.problems == ()
    assert sound.thoughts == ()
    assert (sound.model.score, sound.model.max_score, sound.released.score) == (3.0, 3.0, 0.0)


def test_the_kill_matrix_says_which_check_finds_which_mistake(sound):
    assert {
        trial.variant.name: {check.partition("::test_")[2]: verdict for check, verdict in trial.verdicts.items()}
        for trial in sound.misconceptions
    } == {
        "SumInstead": {"the_largest_becomes_one": Verdict.FAIL, "signs_are_kept": Verdict.PASS},
        "SignForgotten": {"the_largest_becomes_one": Verdict.PASS, "signs_are_kept": Verdict.FAIL},
        "MedianForMean": {"the_mean_becomes_zero": Verdict.FAIL},
    }
    assert {trial.kept_full_marks for trial in sound.misconceptions} == {0}


def test_each_mistake_is_named_by_its_own_name(sound):
    assert [trial.named for trial in sound.misconceptions] == [
        {"sum instead": 2}, {"sign forgotten": 2}, {"median for mean": 2},
    ]  # fmt: skip


def test_alternatives_are_tried_with_every_seed(sound):
    assert [(trial.variant.name, trial.seeds, trial.lost_something) for trial in sound.alternatives] == [
        ("NumberByNumber", SEEDS, 0), ("InTwoSteps", SEEDS, 0),
    ]  # fmt: skip


def test_the_table_is_printed(sound, capsys):
    print_verification(sound)
    text = capsys.readouterr().out
    assert "sum instead (2)" in text
    assert "model answer 3 of 3, released notebook 0; 3 misconceptions, 2 alternatives" in text
    assert "misconceptions named right 6 of 6 times (100.0%), wrong 0, not 0" in text
    assert "refused" not in text


# Flawed


def problem(flawed: Verification, words: str) -> str:
    (found,) = [sentence for sentence in flawed.problems if words in sentence]
    return found


def test_a_surviving_misconception_is_reported(flawed):
    assert problem(flawed, "FailsWhenEmpty") == (
        "the misconception FailsWhenEmpty of scale keeps full marks in 8 of 8 seeds"
    )


def test_a_misconception_that_survives_with_some_inputs_is_reported_with_how_often(flawed):
    (trial,) = [trial for trial in flawed.misconceptions if trial.variant.name == "SignForgotten"]
    assert 0 < trial.kept_full_marks < SEEDS
    assert trial.kept_full_marks + trial.lost_something == SEEDS
    assert problem(flawed, "SignForgotten") == (
        f"the misconception SignForgotten of scale keeps full marks in {trial.kept_full_marks} of 8 seeds"
    )


def test_a_misconception_that_is_found_is_no_problem(flawed):
    assert not [sentence for sentence in flawed.problems if "SumInstead" in sentence]


def test_a_misconception_may_be_wrong_by_what_it_calls(flawed):
    (trial,) = [trial for trial in flawed.misconceptions if trial.variant.name == "SortsFirst"]
    assert trial.kept_full_marks == 0
    assert set(trial.messages.values()) == {"uses `numpy.sort`, which the question forbids"}


def test_a_misconception_of_no_question_is_reported(flawed):
    assert problem(flawed, "OfNoQuestion") == (
        "the misconception OfNoQuestion of nowhere names a question without checks"
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ListOfNumbers", "test_the_largest_becomes_one: fail, returned a list, an array was asked for"),
        ("Averaged", "test_the_mean_becomes_zero: fail, uses `numpy.average`, which the question forbids"),
        ("Raises", "test_the_mean_becomes_zero: error, raised KeyError"),
    ],
)
def test_a_losing_alternative_is_reported_with_the_check_and_why(flawed, name, sentence):
    assert any(
        found.startswith(f"the alternative {name} of ") and f" loses test_all::{sentence}" in found
        for found in flawed.problems
    ), flawed.problems


def test_an_alternative_that_loses_nothing_is_no_problem(flawed):
    assert not [sentence for sentence in flawed.problems if "Right" in sentence]


def test_an_idle_check_is_something_to_think_about(flawed):
    assert "test_all::test_an_idle_check kills no misconception that other checks do not kill" in flawed.thoughts
    assert not [sentence for sentence in flawed.thoughts if "the_largest_becomes_one" in sentence]


def test_mistakes_that_cannot_be_told_apart_are_something_to_think_about(flawed):
    for name in ("MedianForMean", "MiddleForMean"):
        assert f"{name} of centre is not named in 2 of 2 seeds" in flawed.thoughts
    assert not [sentence for sentence in flawed.thoughts if "SumInstead" in sentence]


def test_too_few_names_are_a_problem(flawed):
    # Two twins have none, and what is forbidden is not asked for one.
    (said,) = [sentence for sentence in flawed.problems if "are named right" in sentence]
    asked = sum(sum(trial.named.values()) for trial in flawed.misconceptions)
    right = sum(trial.named.get(trial.variant.words, 0) for trial in flawed.misconceptions)
    assert said == f"misconceptions are named right {right} of {asked} times, which is less than 95%"


def test_a_model_answer_that_loses_a_check_is_reported(flawed):
    assert "the model answer loses test_all::test_too_strict: fail" in problem(flawed, "model answer loses")


def test_points_for_nothing_are_reported(flawed):
    assert problem(flawed, "released notebook") == "the released notebook earns 3 on given"


def test_nothing_else_is_a_problem(flawed):
    # Of misconceptions, of alternatives, one of them with two checks, of the model answer and the release, of names.
    assert len(flawed.problems) == 3 + 3 + 2 + 1 + 1


def test_the_command_refuses_and_says_why(flawed, capsys):
    print_verification(flawed)
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("refused: ") == len(flawed.problems)
    assert "to think about: test_all::test_an_idle_check" in text


# The variants' own files


def test_two_variants_of_one_name_are_an_error_of_the_course_s(tmp_path: Path):
    one = '@misconception("a")\nclass Twice:\n    """One."""\n\n    x = 1\n\n\n'
    (tmp_path / "misconceptions.py").write_text("from autograder.checks import misconception\n\n\n" + one + one)
    with pytest.raises(CourseError, match="two classes are named Twice"):
        load_variants(tmp_path, "misconception")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import no_such_module\n", "no_such_module"),
        ("1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_variants_that_cannot_be_loaded_are_an_error_of_the_course_s(tmp_path: Path, content, words):
    (tmp_path / "alternatives.py").write_text(content)
    with pytest.raises(CourseError, match=words) as caught:
        load_variants(tmp_path, "alternative")
    assert str(tmp_path / "alternatives.py") in str(caught.value)


def test_the_body_of_a_class_is_what_a_student_would_have_written():
    text = '''
@misconception("a")
class Named:
    """Its text.

    What it does: this.
    """

    @staticmethod
    def f(x):
        """Of the function."""
        return "a\\nb"

    K = 3


class Bare:
    y = 1


class Empty:
    """Only a text."""
'''
    assert class_bodies(text) == {
        "Named": '@staticmethod\ndef f(x):\n    """Of the function."""\n    return "a\\nb"\n\nK = 3\n',
        "Bare": "y = 1\n",
    }


def test_a_variant_has_the_parts_of_its_text(tmp_path: Path):
    (tmp_path / "misconceptions.py").write_text(
        "from autograder.checks import misconception\n\n\n"
        '@misconception("scale")\nclass NoMaximumSubtractedFromReLU:\n'
        '    """Title line.\n\n    What it does: this.\n    Why it is wrong: that.\n    """\n\n    x = 1\n'
    )
    (variant,) = load_variants(tmp_path, "misconception")
    assert (variant.question, variant.title, variant.kind) == ("scale", "Title line.", "misconception")
    assert variant.words == "no maximum subtracted from re lu"
    assert variant.text == "What it does: this.\nWhy it is wrong: that."
    assert variant.source == "x = 1\n"
    assert load_variants(tmp_path, "alternative") == ()
