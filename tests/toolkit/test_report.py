"""The class report: what it computes, by another route; what is grouped and what is not; a page that does nothing."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import html.parser
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.batch import graded_before
from autograder.checks.behaviour import alike, behaviour, relation
from autograder.checks.close import Seen
from autograder.checks.diagnosis import load_variants
from autograder.clusters import clusters
from autograder.items import discrimination, item
from autograder.printed import print_class
from autograder.records import Behaviour, Raised
from autograder.report import read_class, render_report
from autograder.similar import similar_pairs
from autograder.student.proxy import Call, Conversation, Remote
from autograder.terminal import print_report
from tests.toolkit.classroom import Classroom, checks
from tests.toolkit.reported import COPIED, HELPER

# Item analysis

CLASS = [(1.0, 9.0), (1.0, 8.0), (0.0, 8.5), (1.0, 4.0), (0.0, 3.0), (0.0, 1.0), (1.0, 6.0), (0.0, 2.0)]


def analysed(pairs: list[tuple[float, float]]) -> Any:
    return item("t::a", "A check.", "shares", 2.0, [share for share, _ in pairs], [rest for _, rest in pairs])


def test_discrimination_is_the_point_biserial_correlation_with_the_rest():
    passed, rest = zip(*CLASS, strict=True)
    assert analysed(CLASS).discrimination == pytest.approx(scipy.stats.pointbiserialr(passed, rest).statistic)
    assert analysed(CLASS).mean == 0.5


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=3, max_size=30))
def test_discrimination_is_a_correlation_or_not_defined(pairs):
    shares, rest = (np.array(side) for side in zip(*pairs, strict=True))
    found = discrimination(list(shares), list(rest))
    if np.ptp(shares) > 1e-3 and np.ptp(rest) > 1e-3:
        assert found == pytest.approx(np.corrcoef(shares, rest)[0, 1], abs=1e-6)
    elif not np.ptp(shares) or not np.ptp(rest):
        assert found is None


@pytest.mark.parametrize(
    ("pairs", "signal"),
    [
        ([(1.0, float(rest)) for rest in range(10)], "everyone passes"),
        ([(0.0, float(rest)) for rest in range(10)], "everyone fails"),
        ([(float(rest < 8), float(rest)) for rest in range(12)], "most of the best fail"),
        ([(float(rest not in (5, 6, 7)), float(rest)) for rest in range(10)], "the better fail more often"),
    ],
)
def test_a_check_that_says_nothing_or_something_odd_is_a_signal(pairs, signal):
    assert analysed(pairs).signals == (signal,)


@pytest.mark.parametrize(
    "pairs",
    [
        [(float(rest > 4), float(rest)) for rest in range(12)],  # the better pass
        [(0.0, 1.0)] * 4,  # too few to say anything
        [(float(rest != 9), float(rest)) for rest in range(10)],  # one slip of the best
    ],
)
def test_what_is_as_it_should_be_is_none(pairs):
    assert analysed(pairs).signals == ()


def test_who_is_as_good_as_the_last_of_the_best_is_one_of_them():
    assert analysed([(1.0, 5.0), (0.0, 5.0), (0.0, 5.0), (1.0, 5.0), (0.0, 1.0)]).best == 0.5


# What wrong answers do


def seen(actual: Any, expected: Any, *args: Any) -> Seen:
    return Seen(actual, expected, 1e-5, call(actual, *args))


def call(result: Any, *args: Any, fault: Any = None) -> Call:
    return Call(Remote(Conversation(None, 1.0), "f", (), ""), args, {}, result, fault)  # type: ignore[arg-type] # nothing is sent


EXPECTED = np.random.default_rng(7).uniform(0.2, 2, size=(3, 4))


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        (-EXPECTED, "minus what was expected"),
        (EXPECTED.T, "what was expected, transposed"),
        (EXPECTED.ravel(), "the numbers that were expected, in another shape"),
        (EXPECTED * 3, "3 times what was expected"),
        (EXPECTED / 8, "0.125 times what was expected"),
        (EXPECTED + 0.5, "what was expected plus 0.5"),
        (EXPECTED**2, "the square of what was expected"),
        (np.log(EXPECTED), "the logarithm of what was expected"),
        (EXPECTED[::-1], "what was expected, reversed along axis 0"),
        (np.roll(EXPECTED, 1, axis=1), "what was expected, shifted by one along axis 1"),
        (EXPECTED * [[1.0], [2.0], [3.0]], "what was expected, each slice along axis 0 times a factor of its own"),
        (EXPECTED * np.where(np.arange(12).reshape(3, 4) % 5, 1, -1), "what was expected but for signs"),
        (EXPECTED.sum(axis=1), "what was expected, summed over axis 1"),
        (EXPECTED.mean(axis=0), "what was expected, averaged over axis 0"),
        (np.zeros((3, 4)), "nothing but zeros"),
        (EXPECTED * np.nan, "not finite anywhere"),
        (np.where(EXPECTED > 1, np.nan, EXPECTED), "not finite in places"),
        (np.where(np.arange(3)[:, None] == 2, 9.0, EXPECTED), "wrong at index 2 of axis 0 alone"),
        (np.arange(12.0).reshape(3, 4) ** 3, ""),
        ("a text", ""),
        (torch.tensor(-EXPECTED), "minus what was expected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_how_what_came_is_related_to_what_was_expected_is_said(actual, words):
    assert relation(seen(actual, EXPECTED)) == words


def test_an_argument_that_came_back_is_recognised():
    given_ = np.arange(12.0).reshape(3, 4)
    assert relation(seen(given_.copy(), EXPECTED, 1.0, given_)) == "argument 2 as it was given"


def told(*calls: Call) -> Behaviour:
    return behaviour(Conversation(None, 1.0, calls=list(calls)))  # type: ignore[arg-type] # nothing is sent


def test_rounding_makes_no_other_behaviour_and_another_answer_does():
    first = told(call(EXPECTED), call((1.0, EXPECTED[0])))
    assert alike(first, told(call(EXPECTED.astype(np.float32)), call((1.0, EXPECTED[0] * (1 + 1e-6)))))
    for other in (EXPECTED * 1.01, EXPECTED + 0.05, EXPECTED.T, EXPECTED[::-1], -EXPECTED, EXPECTED.tolist()):
        assert not alike(first, told(call(other), call((1.0, EXPECTED[0]))))
    assert not alike(first, told(call(EXPECTED)))


@given(st.lists(st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0]), max_size=20))
def test_any_numbers_have_a_behaviour_that_is_json_and_their_own(numbers):
    one = told(call(np.array(numbers)))
    assert alike(one, told(call(np.array(numbers))))
    json.dumps(one.numbers, allow_nan=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
        (np.zeros(3), np.zeros(4)),
        (np.zeros(3), None),
        (1e-9, 2e-9),
        (1e200, 1e201),
    ],
)
def test_values_that_differ_in_form_place_or_size_behave_differently(one, other):
    assert not alike(told(call(one)), told(call(other)))


def test_exceptions_of_other_kinds_behave_differently():
    one, other = (told(call(None, fault=Raised("", kind=kind))) for kind in ("KeyError", "IndexError"))
    assert not alike(one, other)


# A graded class


def test_one_unknown_mistake_is_one_cluster_however_it_is_written(reported):
    found = read_class(reported.course, reported.assignment()).clusters
    assert [cluster.students for cluster in found if len(cluster.students) > 1] == [("cyd", "dan", "eve")]
    assert found[0].question == "shares"
    assert "what was expected, each slice along axis 0 times a factor of its own" in found[0].relations
    alone = {(cluster.students[0], cluster.question): cluster.relations for cluster in found[1:]}
    assert "minus what was expected" in alone["fay", "shares"]
    assert "raises KeyError" in alone["gus", "shares"]


def test_a_cluster_can_be_put_into_misconceptions_py_as_it_stands(reported, tmp_path):
    (draft,) = [text for text in page_of(reported).texts if text.startswith('@misconception("shares")')]
    file = tmp_path / "misconceptions.py"
    file.write_text(f"from autograder.checks import misconception\n\n\n{draft}")
    (variant,) = load_variants(tmp_path, "misconception")
    assert variant.question == "shares"
    namespace: dict[str, Any] = {"np": np}
    exec(variant.source, namespace)
    assert namespace["shares"](np.array([[1.0, 4.0]])).tolist() == [[0.25, 1.0]]


def test_known_mistakes_and_blank_answers_are_in_no_cluster(reported):
    report = read_class(reported.course, reported.assignment())
    in_clusters = {student for cluster in report.clusters for student in cluster.students}
    assert in_clusters & {"ada", "bob", "kim", "hal", "zed"} == set()
    assert [(mistake.name, mistake.students) for mistake in report.mistakes] == [("columns instead", ("bob", "kim"))]


def test_students_have_other_inputs_and_the_same_behaviour(reported):
    one, other = (checks(reported.results(student))["a_tall_table"] for student in ("cyd", "dan"))
    assert one["behaviour"]["numbers"] == pytest.approx(other["behaviour"]["numbers"], rel=1e-4)
    replayed = [reported.autograder("replay", "tiny", student, "tall_table").out for student in ("cyd", "dan")]
    assert len({re.search(r"expected ([\d.]+)", text)[1] for text in replayed}) == 2  # type: ignore[index] # it is there


def test_clusters_need_the_same_question_and_the_same_checks():
    def results(student: str, question: str, **behaviours: list[float]) -> dict[str, Any]:
        found = [
            {"id": id_, "title": id_, "behaviour": {"form": "x", "numbers": numbers, "relation": ""}}
            for id_, numbers in behaviours.items()
        ]
        return {"student": student, "questions": [{"id": question, "checks": found}]}

    found = clusters(
        [
            results("a", "q", one=[0.5, 1.0]),
            results("b", "q", one=[0.5, 1.0], two=[0.5, 1.0]),
            results("c", "r", one=[0.5, 1.0]),
            results("d", "q", one=[0.50001, 1.00001]),
            results("e", "q", one=[0.6, 1.0]),
        ]
    )
    assert [cluster.students for cluster in found] == [("a", "d"), ("b",), ("e",), ("c",)]


def test_scores_are_those_of_the_gradebook(reported):
    report = read_class(reported.course, reported.assignment())
    scores = {student.name: student.score for student in report.students}
    assert scores["bob"] == pytest.approx(reported.results("bob")["score"] + 1.5)
    assert scores["ada"] == 10
    assert report.waiting == 12  # all but bob, who has his grade, and zed, of whom nothing could be read
    assert [student.name for student in report.attention] == ["zed"]
    assert "zed" not in {student.name for student in report.students if student.read}


def test_difficulty_is_the_mean_share_of_those_that_could_be_read(reported):
    report = read_class(reported.course, reported.assignment())
    students = [student.name for student in report.students if student.read]
    shares = [reported.results(student)["questions"][0]["score"] / 6 for student in students]
    (question,) = [one for one in report.questions if one.id == "shares"]
    assert question.mean == pytest.approx(np.mean(shares))
    rest = [student.score - 6 * share for student, share in zip(
        [student for student in report.students if student.read], shares, strict=True)]  # fmt: skip
    assert question.discrimination == pytest.approx(np.corrcoef(shares, rest)[0, 1])
    # The question in words is graded for one alone.
    assert [one.id for one in report.questions] == ["shares", "spread"]


# Similar submissions


def test_a_copy_is_found_whatever_its_variables_are_called_and_its_comments_say(reported):
    (pair,) = read_class(reported.course, reported.assignment()).pairs
    assert (pair.one, pair.other) == ("ivy", "jan")
    assert pair.likeness > 0.6


def cells(*sources: str) -> list[dict[str, Any]]:
    return [{"cell_type": "code", "source": source} for source in sources]


def test_what_the_release_holds_or_many_share_is_no_reason():
    own = [
        f"{'abcdefgh'[number]}{number} = [{', '.join(str(number * 1000 + n) for n in range(60))}]"
        for number in range(8)
    ]
    for given_, shared in (([HELPER], [HELPER, HELPER]), ([], [HELPER] * 8)):
        notebooks = {f"s{n}": cells(own[n], *shared[n : n + 1]) for n in range(8)}
        assert similar_pairs(notebooks, cells(*given_)) == ()
    found = similar_pairs({f"s{n}": cells(*([HELPER, COPIED][n : n + 1] or [own[n]])) for n in range(8)}, [])
    assert [(pair.one, pair.other) for pair in found] == [("s0", "s1")]


def test_words_copied_into_an_answer_in_words_are_found():
    text = " ".join(f"word{number} thought{number * 7 % 11}" for number in range(40))
    other = " ".join(f"other{number} idea{number * 5 % 13}" for number in range(40))
    notebooks = {
        student: [{"cell_type": "markdown", "source": source}]
        for student, source in {"a": text, "b": text.upper() + "!", "c": other, "d": other[::-1]}.items()
    }
    assert [(pair.one, pair.other) for pair in similar_pairs(notebooks, [])] == [("a", "b")]


@pytest.mark.parametrize(
    "notebooks", [{}, {"a": []}, {"a": [], "b": []}, {"a": cells(""), "b": cells("((((", '"""')}, {"a": cells(HELPER)}]
)
def test_there_may_be_nothing_to_compare(notebooks):
    assert similar_pairs(notebooks, cells("import numpy")) == ()


# The page


class Page(html.parser.HTMLParser):
    """A page taken apart: its elements and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.texts: list[str] = []
        self.within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.within = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.within = ""

    def handle_data(self, data: str) -> None:
        if self.within == "script":
            self.scripts[-1] += data
        elif self.within != "style":
            self.text += data
            self.texts.append(data)


def page_of(room: Classroom) -> Page:
    return Page((room.root / "reports" / "tiny.html").read_text())


def test_only_the_page_s_own_script_may_run(reported):
    page = page_of(reported)
    (script,) = page.scripts
    (policy,) = [
        attributes["content"]
        for tag, attributes in page.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_every_link_of_the_report_leads_somewhere(reported):
    page = page_of(reported)
    links = {attributes["href"] or "" for tag, attributes in page.elements if tag == "a"}
    ids = {attributes.get("id") for _, attributes in page.elements}
    for link in links:
        if link.startswith("#"):
            assert link[1:] in ids
        else:
            assert (reported.root / "reports" / link).resolve().is_file(), link
    assert "../feedback/cyd/tiny/tiny.html" in links


def test_names_and_texts_of_students_are_text_in_the_report(reported):
    evil = "</script><script>alert(1)</script>\x1b[2J\u202e"
    report = read_class(reported.course, reported.assignment())
    results = copy.deepcopy(report.students[1].results)
    results["student"] = evil
    results["attention"] = [evil]
    results["run"]["ending"] = evil
    for question in results["questions"]:
        for one in question["checks"]:
            one.update(title=evil, misconception=evil, behaviour={"form": "x", "numbers": [], "relation": evil})
    student = dataclasses.replace(report.students[1], name=evil, results=results)
    mistake = dataclasses.replace(report.mistakes[0], name=evil, title=evil, students=(evil,))
    cluster = dataclasses.replace(report.clusters[0], students=("cyd", evil), relations=(evil,), titles=(evil,))
    bad = dataclasses.replace(report, students=(*report.students, student), mistakes=(mistake,), clusters=(cluster,))
    text = render_report(reported.course, reported.assignment(), bad)
    assert len(Page(text).scripts) == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_a_class_of_nobody_has_a_report(tmp_path):
    room = Classroom(tmp_path)
    done = room.autograder("report", "tiny")
    assert (done.status, done.err) == (0, "")
    assert "Nothing is graded yet." in page_of(room).text
    assert room.autograder("report", "tiny", "--plain").out == "little: tiny, 0 submissions\n"


def test_pages_that_are_not_there_are_no_links(reported, tmp_path):
    report = read_class(reported.course, reported.assignment())
    bare = dataclasses.replace(report, students=tuple(dataclasses.replace(one, page="") for one in report.students))
    page = Page(render_report(reported.course, reported.assignment(), bare))
    assert {attributes["href"] for tag, attributes in page.elements if tag == "a"} <= {
        "#main", "#attention", "#signals", "#unnamed", "#similar"
    }  # fmt: skip


def test_the_essentials_as_text(reported, capsys):
    print_report(read_class(reported.course, reported.assignment()))
    said = capsys.readouterr().out
    for words in (
        "little: tiny, 14 submissions",
        "everyone passes: test_spread::test_the_spread_of_each_row[2]",
        "2 shares: columns instead",
        "3 shares: what was expected, each slice along axis 0 times a factor of its own",
        "cyd, dan, eve",
        "zed: tiny.ipynb cannot be graded",
        "ivy and jan:",
    ):
        assert words in said
    assert "\x1b" not in said


# The table in a terminal


def test_grade_ends_with_who_needs_a_person_and_what_is_next(reported):
    lines = reported.done.out.splitlines()
    rows = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert rows[0] == "zed"
    names = [name for name in rows if name and name != "mean"]
    assert names[1:] == sorted(names[1:])
    assert "1 needs a person: zed" in lines
    assert "13 wait for grading by hand in nbgrader's formgrader" in lines
    assert lines[-1] == "next: autograder report tiny and autograder feedback tiny"


def test_of_a_large_class_only_those_are_in_the_table_of_whom_there_is_something_to_say(tmp_path, reported, capsys):
    room = Classroom(tmp_path)
    for number in range(60):
        source = {0: "bob", 1: "zed"}.get(number, "ada")
        folder = room.root / "autograded" / f"s{number:02}" / "tiny"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps({**reported.results(source), "student": f"s{number:02}"}))
    print_class(room.course, room.assignment(), graded_before(room.course, room.assignment()))
    said = capsys.readouterr().out
    assert re.findall(r"│ (s\d\d) ", said) == ["s01", "s00"]
    assert "58 are not in the table" in said


def test_a_damaged_result_costs_the_report_only_itself(tmp_path: Path, reported: Classroom):
    room = Classroom(tmp_path)
    for student, text in (("ada", json.dumps(reported.results("ada"))), ("bad", "{"), ("worse", "[]")):
        folder = room.root / "autograded" / student / "tiny"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(text)
    assert room.autograder("report", "tiny").status == 0
    assert "ada" in page_of(room).text
