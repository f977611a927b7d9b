"""Every attack of `attacks/` through the real `grade`, beside honest students, whoever grades, and where."""

from __future__ import annotations

import collections
import contextlib
import html.parser
import json
import os
import re
import site
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.harmless import harmless_text
from tests.toolkit.siege import ATTACKS, FAMILIES, HONEST, MARK, Siege, attacks, besieged, is_in, said_to

# Who grades, and what the machine lacks: with Docker's default profile, namespaces.
WHERE = {
    "root": ("root", ()),
    "ordinary user": ("ordinary user", ()),
    "root in docker": ("root", ("namespaces",)),
    "ordinary user in docker": ("ordinary user", ("namespaces",)),
}
ALL = attacks()
every_attack = pytest.mark.parametrize("attack", [attack.name for attack in ALL])


@pytest.fixture(scope="module", params=WHERE)
def siege(request: pytest.FixtureRequest) -> Iterator[Siege]:
    """The one run that all tests of this file look at, for each of those who may grade."""
    who, without = WHERE[request.param]
    if who == "root" and os.geteuid() != 0:
        pytest.skip("the suite is not run by root")
    with besieged(who, without) as run:
        yield run


class Active(html.parser.HTMLParser):
    """What in a page runs, loads or sends something."""

    _TAGS = (
        "applet", "audio", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link",
        "noscript", "object", "portal", "script", "select", "svg", "template", "textarea", "video",
    )  # fmt: skip
    _ADDRESSES = ("action", "background", "cite", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: collections.Counter[str] = collections.Counter()
        self.tags: collections.Counter[str] = collections.Counter()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag in self._TAGS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            text = re.sub(r"[\s\0]", "", value or "").lower()
            if name == "id":
                self.ids[text] += 1
            if name.startswith("on") or name == "srcdoc":
                self.found.append(f"<{tag} {name}>")
            if name in self._ADDRESSES and not self._is_passive(tag, text):
                self.found.append(f"<{tag} {name}={text[:80]}>")

    @staticmethod
    def _is_passive(tag: str, address: str) -> bool:
        scheme = re.match(r"([a-z][a-z0-9+.-]*:)?(//)?", address)
        assert scheme is not None
        if tag == "img":
            picture = re.match(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[a-z0-9+/=]*$", address)
            return picture is not None or scheme[0] in ("", "attachment:")
        return scheme[1] in (None, "http:", "https:", "mailto:")


def test_there_are_attacks_of_every_family() -> None:
    count = collections.Counter(attack.family for attack in ALL)
    assert set(count) == set(FAMILIES)
    assert len(ALL) >= 40
    assert min(count.values()) >= 4
    assert len({attack.goal for attack in ALL}) == len(ALL)
    assert {path.name for path in ATTACKS.iterdir() if path.suffix == ".py"} == {f"{attack.name}.py" for attack in ALL}


# Points


@every_attack
def test_an_attack_earns_no_more_than_a_wrong_answer(siege: Siege, attack: str) -> None:
    results, wrong = siege.results(attack), siege.results("wrong")
    assert results["score"] <= wrong["score"]
    assert results["max_score"] == wrong["max_score"]
    assert results["needs_manual_grade"] in (["why"], [])
    for question, other in zip(results["questions"], wrong["questions"], strict=True):
        assert (question["id"], question["max_score"]) == (other["id"], other["max_score"])
        assert (question["score"] or 0) <= (other["score"] or 0)
        for check in question["checks"]:
            assert check["verdict"] not in ("broken", "skipped")


def test_the_gradebook_has_the_same_scores(siege: Siege) -> None:
    import sqlite3

    with contextlib.closing(sqlite3.connect(siege.room.root / "gradebook.db")) as database:
        rows = database.execute(
            "select submitted_assignment.student_id, total(grade.auto_score) from grade"
            " join submitted_notebook on grade.notebook_id = submitted_notebook.id"
            " join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id"
            " group by submitted_assignment.student_id"
        ).fetchall()
    scores = dict(rows)
    for attack in ALL:
        assert scores[attack.name] == pytest.approx(siege.results(attack.name)["score"])


# Secrets


@every_attack
def test_an_attack_is_told_nothing(siege: Siege, attack: str) -> None:
    found = [
        f"{place} in {name}"
        for name, text in said_to(siege, attack).items()
        for place, word in siege.canaries.items()
        if is_in(text, word)
    ]
    assert found == []


def test_a_canary_is_found_in_each_of_its_forms() -> None:
    word = "canary-5be19c07d2a4f63801d7c2e94b58fa36"
    spelled = ".".join(word.replace("-", "_"))
    codes = ", ".join(str(code) for code in word.encode()[-10:])
    number = str(int.from_bytes(word.encode()[-7:], "big"))
    for form in (word, word[::-1], word.encode().hex(), spelled, codes, number, f"dtype {word[-13:]}123"):
        assert is_in(f"x {form} y", word)
    assert not is_in("canary-63af85b49e2c7d10836f4a2d70c91eb5, 1, 2, 3, 4 and 1234567890", word)


def test_nothing_secret_is_printed(siege: Siege) -> None:
    for place, word in siege.canaries.items():
        assert not is_in(siege.done.out + siege.done.err, word), place


def test_no_line_of_a_check_is_printed(siege: Siege) -> None:
    assert "Warning" not in siege.done.err
    assert "assert " not in siege.done.err


def test_nobody_was_called(siege: Siege) -> None:
    assert siege.callers == []


# Traces


def test_no_process_is_left(siege: Siege) -> None:
    assert siege.left == []


def test_nothing_of_the_course_is_changed(siege: Siege) -> None:
    assert siege.files() == siege.before


def test_no_attack_leaves_a_trace_outside(siege: Siege) -> None:
    places = ["/", "/tmp", "/var/tmp", "/dev/shm", "/etc", "/usr", "/var", "/opt", "/srv", "/home", "/root", "/run"]
    places += [sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), *site.getsitepackages(), os.getcwd()]
    found = [name for place in places if os.access(place, os.R_OK) for name in os.listdir(place) if MARK in name]
    found += [str(path) for path in siege.room.root.rglob(f"*{MARK}*")]
    assert found == []


def test_an_attack_s_folder_holds_what_the_grader_wrote(siege: Siege) -> None:
    for attack in ALL:
        folder = siege.room.root / "autograded" / attack.name / "tiny"
        assert {path.name for path in folder.iterdir()} == {"tiny.ipynb", "results.json"}
        assert not any(path.is_symlink() or not path.is_file() for path in folder.iterdir())


# The others


@pytest.mark.parametrize("student", list(HONEST))
def test_an_honest_student_has_the_results_of_grading_alone(siege: Siege, student: str) -> None:
    assert siege.results(student) == siege.alone[student]


def test_nobody_is_left_ungraded_and_nobody_needs_a_person(siege: Siege) -> None:
    assert siege.done.status == 0, siege.done.err
    for attack in ALL:
        assert siege.room.results(attack.name)["attention"] == []


def test_the_examiner_takes_no_more_memory_for_an_attack_than_it_may(siege: Siege) -> None:
    assert siege.peak_mb < 2500


def test_no_submission_takes_longer_than_it_may(siege: Siege) -> None:
    limit = siege.room.course.limits.submission_seconds
    for attack in ALL:
        assert siege.room.results(attack.name)["run"]["seconds"] < 3 * limit


# Pages


@every_attack
def test_a_student_s_page_does_nothing(siege: Siege, attack: str) -> None:
    page = said_to(siege, attack)["feedback/tiny.html"]
    active, honest = Active(page), Active(said_to(siege, "honest-1")["feedback/tiny.html"])
    assert active.found == []
    assert [name for name, times in active.ids.items() if times > 1] == []
    assert (active.tags["style"], active.tags["meta"]) == (honest.tags["style"], honest.tags["meta"])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert len(page) < 1_500_000


@pytest.mark.filterwarnings("ignore:Your element with mimetype")  # a widget without its state is not shown
@pytest.mark.parametrize("attack", [a.name for a in ALL if a.family in ("output", "metadata") or "outputs" in a.name])
def test_an_instructor_s_page_does_nothing(siege: Siege, attack: str) -> None:
    """What the formgrader makes of the graded notebook: nbconvert's HTML, in which nothing is escaped."""
    import nbformat
    from nbconvert.exporters import HTMLExporter

    path = siege.room.root / "autograded" / attack / "tiny" / "tiny.ipynb"
    nbformat.validate(json.loads(path.read_text()))
    page, _ = HTMLExporter(template_name="basic").from_filename(str(path))
    assert Active(page).found == []


@every_attack
def test_a_graded_notebook_can_be_opened(siege: Siege, attack: str) -> None:
    path = siege.room.root / "autograded" / attack / "tiny" / "tiny.ipynb"
    assert path.stat().st_size < 25_000_000


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n*a* **b** `c` [d](https://example.org/a?b=1&c=2) ![e](attachment:f.png)",
        "<b>a</b> <br> <sub>1</sub> <img src='attachment:a.png' width=300> <div class=\"alert alert-info\">b</div>",
        "a < b, a<3, x <- y, <https://example.org>, caf&eacute; &amp; &lt;",
        "$$\\frac{a}{b} < \\sum_i x_i$$ and ```python\nif a < b: print('x')\n```",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n<details><summary>more</summary>text</details>",
    ],
)
def test_an_honest_text_stays_as_it_is(text: str) -> None:
    assert harmless_text(text) == text


def test_an_attack_is_no_program(tmp_path: Path) -> None:
    """Each stops at its first line where there is no jail; the runner puts that line there."""
    from tests.toolkit.siege import GUARD

    for attack in ALL:
        if attack.place != "notebook":
            notebook = attack.apply(
                {"cells": [{"id": f"{name}_answer"} for name in ("shares", "spread", "label", "noise")]}, {}
            )
            assert any(str(cell.get("source", "")).startswith(GUARD) for cell in notebook["cells"])
    with pytest.raises(AssertionError):
        exec(GUARD, {})
