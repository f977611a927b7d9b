"""The students' page: what strangers wrote is inert and bounded, nothing hidden is in it, and it is valid HTML."""

from __future__ import annotations

import base64
import dataclasses
import html.parser
import io
import re
import urllib.parse
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autograder.checks.close import Seen
from autograder.checks.evidence import evidence
from autograder.checks.vocabulary import Variant
from autograder.feedback import render
from autograder.records import Behaviour, CheckResult, Grade, NotebookResult, QuestionResult, Run, Verdict
from autograder.student.proxy import Call, Conversation, Remote

VOID = {"meta", "br", "hr", "img", "col", "wbr"}
PAGE = {"html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section", "figure", "figcaption"}
TEXT = {
    "a", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "div", "span", "pre", "code", "strong", "em", "del",
    "b", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "br", "hr", "img",
}  # fmt: skip
MATH = {
    "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt", "mover", "munder",
    "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose", "mroot", "ms", "mmultiscripts",
    "none", "mprescripts",
}  # fmt: skip


class Page(html.parser.HTMLParser):
    """A page taken apart: its elements, its text, and whether its tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.html = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> ends nothing"
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def assert_inert(page: Page) -> None:
    """Only elements and attributes that show text and pictures; links that are links."""
    for tag, attributes in page.elements:
        assert tag in PAGE | TEXT | MATH, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            assert name not in ("srcdoc", "formaction", "action", "ping", "background"), name
            if name == "href":
                scheme = re.match(r"([^/?#]*?):", urllib.parse.unquote(value or ""))
                assert scheme is None or scheme[1].lower() in ("http", "https", "mailto"), value
            if name == "src":
                assert tag == "img"
                assert re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", value or "")
            if name == "style":
                assert re.fullmatch(r"width: [0-9.]+%", value or "")
    assert len(page.all("style")) == 1
    policy = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    assert {meta.get("http-equiv") for meta in page.all("meta")} <= {None, "Content-Security-Policy"}
    # Nothing that steers a terminal or turns the direction of writing.
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.html + page.text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert all(id_ and re.fullmatch(r"[\w:-]+", id_) for id_ in ids)
    links = [link.get("href") or "" for link in page.all("a")]
    assert {link[1:] for link in links if re.match("#(q-|c-|notebook)", link)} <= set(ids)
    labels = [value for _, attributes in page.elements if (value := attributes.get("aria-labelledby"))]
    assert set(labels) <= set(ids)
    assert len(page.html.encode()) < 1_000_000


def check(
    id_: str = "test_q::test_a", verdict: Verdict = Verdict.PASS, points: float = 1.0, **more: Any
) -> CheckResult:
    return CheckResult(id_, more.pop("title", "It works."), verdict, points, 1.0, **more)


def grade(*checks: CheckResult, **more: Any) -> Grade:
    shared = QuestionResult("shares", sum(one.points for one in checks), float(len(checks)), "checks", checks)
    base = Grade(
        course="demo",
        assignment="small_world",
        student="ada",
        score=shared.score or 0.0,
        max_score=shared.max_score + 2,
        needs_manual_grade=("why",),
        notebooks=(NotebookResult("small.ipynb", "5ad1" * 16, 3),),
        questions=(shared, QuestionResult("why", None, 2.0, "hand")),
        run=Run("completed", 1.25, 1.0, 80.0, 123456789),
        sandbox={"landlock": "on"},
        grader="dl-autograder 0.1",
    )
    return dataclasses.replace(base, **more)


def markdown(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs), "execution_count": 1}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    """A display of data by mime type, `image_png` for "image/png"."""
    bundle = {mime.replace("_", "/", 1).replace("_", "+"): value for mime, value in data.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


def named(grade_id: str) -> dict[str, Any]:
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3}}


def solution(grade_id: str) -> dict[str, Any]:
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3, "solution": True}}


def page_of(
    *cells: dict[str, Any],
    grade_: Grade | None = None,
    questions: frozenset[str] = frozenset({"shares", "why"}),
    texts: dict[str, Variant] | None = None,
    by_hand: dict[str, tuple[float | None, str]] | None = None,
) -> Page:
    results = (grade_ or grade(check())).to_json()
    page = Page(render(results, list(cells), set(questions), texts or {}, by_hand or {}))
    assert_inert(page)
    return page


# What the page says


def test_the_page_says_the_score_and_each_check_in_words():
    page = page_of(
        grade_=grade(
            check("t::a", title="Rows sum to `one`."),
            check("t::b", Verdict.FAIL, 0.0, title="Large logits.", hint="Subtract the `maximum`.", message="No luck."),
            check("t::c", Verdict.ERROR, 0.0, message="raised ValueError at line 3 of cell 2"),
        )
    )
    for words in ("1 of 5 points", "Rows sum to one.", "Large logits.", "Subtract the maximum.", "No luck.",
                  "raised ValueError at line 3 of cell 2",
                  "Still to be graded by hand: why", "ada", "demo"):  # fmt: skip
        assert words in page.text
    assert "<code>maximum</code>" in page.html
    assert [title for title in page.texts if title == "small world"]


def test_a_named_mistake_is_explained_once():
    text = "What it does: sums.\n\nWhy it is wrong: no.\nExample:\n    >>> f(1 < 2)\n    3"
    variant = Variant("shares", "ColumnsInstead", "Divides by `columns`.", "", text, "misconception")
    lost = [check(f"t::{n}", Verdict.FAIL, 0.0, misconception="columns instead") for n in range(3)]
    page = page_of(grade_=grade(*lost), texts={"columns instead": variant})
    assert page.text.count("It looks like: columns instead") == 1
    assert "Divides by columns." in page.text
    assert ">>> f(1 < 2)" in page.text
    assert "What it does: sums." in page.text


def test_a_person_s_score_and_comments_are_on_the_page():
    page = page_of(
        markdown("My reasons.", **named("why")),
        code("x = 1", **named("shares_answer")),
        by_hand={"why": (1.5, "Good, but <b>short</b>."), "shares_answer": (None, "Neat.")},
    )
    assert "1.5 / 2" in page.text
    assert "Good, but <b>short</b>." in page.text
    assert "Neat." in page.text
    assert "Still to be graded" not in page.text


def test_the_notebook_is_on_the_page_as_it_ran():
    page = page_of(
        markdown("# Title\n\nSome *words* and a [link](https://example.org/a?b=1&c=2)."),
        markdown("| a | b |\n|---|---|\n| 1 | 2 |"),
        code("print(1 < 2)", stream("True\n"), stream("careful\n", "stderr"), shown(text_plain="array([1])")),
        {"cell_type": "raw", "metadata": {}, "source": "raw <text>"},
        code("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero",
                       "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m: division by zero"]}),
    )  # fmt: skip
    for words in (
        "print(1 < 2)",
        "True\n",
        "careful",
        "array([1])",
        "raw <text>",
        "ZeroDivisionError: division by zero",
    ):
        assert words in page.text
    link = page.all("a")[-1]
    assert link["href"] == "https://example.org/a?b=1&c=2"
    assert "noopener" in (link["rel"] or "")
    assert page.all("table")
    assert page.all("em")


# From the check to the cell


def test_a_question_leads_to_its_answer_and_the_answer_to_its_question():
    page = page_of(
        code("import numpy", **named("imports")),
        code("def shares(x): ...", **solution("shares_answer")),
        code("def helper(): ...", **solution("helper")),
        code("assert shares", **named("shares")),
        markdown("Because.", **solution("why")),
    )
    links = [link.get("href") for link in page.all("a")]
    assert links.count("#cell-2") == 1
    assert "#cell-5" in links
    assert links.count("#q-shares") == 3  # at a glance, and from both of its cells
    assert "your answer, cell 2" in page.text


def test_a_message_leads_to_the_cell_that_it_names():
    raised = check("t::a", Verdict.ERROR, 0.0, message="raised ValueError at line 3 of cell 2")
    page = page_of(code("1"), code("2"), grade_=grade(raised))
    assert "#cell-2" in [link.get("href") for link in page.all("a")]
    assert "#cell-2" not in [link.get("href") for link in page_of(code("1"), grade_=grade(raised)).all("a")]


def test_what_was_lost_stands_before_what_was_not():
    page = page_of(grade_=grade(check("t::a", title="Fine."), check("t::b", Verdict.FAIL, 0.0, title="Lost.")))
    assert page.text.index("Lost.") < page.text.index("Fine.")
    assert "1 of 2 checks passed" in page.text


# What a visible check saw


def seen(actual: Any, expected: Any, *args: Any, **kwargs: Any) -> CheckResult:
    """A visible check that failed on a call of `shares`."""
    target = Remote(Conversation(None, 1.0), "shares", (), "")  # type: ignore[arg-type] # nothing is sent
    saw = evidence(Seen(actual, expected, 1e-5, Call(target, args, kwargs, result=actual)))
    return check("t::a", Verdict.FAIL, 0.0, visible=True, evidence=saw)


def test_a_small_array_is_a_table_with_what_differs_marked():
    page = page_of(
        grade_=grade(seen(np.array([[0.25, 0.5]]), np.array([[0.25, 0.75]]), np.array([[1.0, 3.0]]), axis=1))
    )
    cells = [attributes.get("class") for attributes in page.all("td")]
    assert cells == [None, None, None, None, None, "off"]  # the argument, what was expected, what came
    assert "0.75" in page.text
    assert "0.5 differs" in page.text
    assert "Expected: array of float64, shape (1, 2)" in page.text
    assert "shares(array float64, shape (1, 2), axis=1)" in page.text


def test_numbers_that_differ_never_look_the_same():
    page = page_of(grade_=grade(seen(np.array([0.123456789]), np.array([0.123456780]) + 2e-8)))
    cells = re.findall(r"<td[^>]*>([\d.]+)", page.html)
    assert len(cells) == 2
    close_by = page_of(grade_=grade(seen(np.array([1.00003]), np.array([1.0]))))
    assert "1.00003" in close_by.text


def test_a_larger_array_is_a_map_of_the_difference():
    expected = np.zeros((30, 40))
    actual = expected.copy()
    actual[3, 5], actual[7, 0], actual[29, 39] = 2.0, -1.0, np.nan
    page = page_of(grade_=grade(seen(actual, expected)))
    (image,) = page.all("img")
    assert "3 of 1,200 values differ, by up to 2" in (image["alt"] or "")
    picture = Image.open(io.BytesIO(base64.b64decode((image["src"] or "").partition(",")[2])))
    assert picture.size == (40, 30)
    shown_ = {(x, y): picture.getpixel((x, y)) for x in range(40) for y in range(30)}
    colours = {place: pixel for place, pixel in shown_.items() if pixel[3]}
    assert colours.keys() == {(5, 3), (0, 7), (39, 29)}
    (more, less, odd) = (colours[place] for place in [(5, 3), (0, 7), (39, 29)])
    assert more[0] > more[2]
    assert less[2] > less[0]
    assert more[3] > less[3]  # twice as far off, so stronger
    assert odd[:3] not in (more[:3], less[:3])


def test_a_map_of_a_very_large_array_is_small_and_loses_nothing():
    expected = np.zeros((4, 1000, 1000))
    actual = expected.copy()
    actual[2, 345, 678] = -3.0
    page = page_of(grade_=grade(seen(actual, expected)))
    (image,) = page.all("img")
    picture = Image.open(io.BytesIO(base64.b64decode((image["src"] or "").partition(",")[2])))
    assert picture.size[0] <= 64
    assert picture.size[1] <= 48
    assert sum(picture.getpixel((x, y))[3] > 0 for x in range(picture.size[0]) for y in range(picture.size[1])) == 1
    assert "1 of 4,000,000 values differ" in page.text
    assert "A square stands for" in page.text


@pytest.mark.parametrize(
    ("actual", "expected", "words"),
    [
        (np.zeros((3, 2)), np.zeros((2, 3)), "shape (2, 3)"),
        ([1, 2], np.zeros(2), "a list of 2"),
        ("</td><script>alert(1)</script>", 1.0, "<script>"),
        (3, 4, "4"),
        (float("inf"), 0.5, "inf"),
        (None, np.ones(2), "None"),
        (np.zeros((2, 0)), np.zeros((2, 3)), "shape (2, 0)"),
        (1 << 20_000, 1, "bits"),
    ],
    ids=["shapes", "list", "text", "int", "infinity", "nothing", "empty", "huge"],
)
def test_values_of_any_kind_can_be_shown(actual, expected, words):
    assert words in page_of(grade_=grade(seen(actual, expected, actual))).text


def test_of_a_hidden_check_no_value_is_shown_even_if_one_were_there():
    hidden = dataclasses.replace(seen(np.array([0.739085]), np.array([0.25])), visible=False)
    page = page_of(grade_=grade(hidden))
    assert "0.739085" not in page.html
    assert "Expected" not in page.text


def test_what_a_wrong_answer_does_is_not_on_the_page():
    told = Behaviour("5ad1", (0.739085,), "minus what was expected")
    page = page_of(grade_=grade(check("t::a", Verdict.FAIL, 0.0, behaviour=told, visible=True)))
    assert "0.739085" not in page.html
    assert "minus" not in page.html


def test_many_visible_checks_do_not_make_a_page_large():
    big = np.arange(64.0).reshape(8, 8)
    lost = [dataclasses.replace(seen(big, -big, *[big] * 12), id=f"t::{n}") for n in range(60)]
    assert page_of(grade_=grade(*lost)).all("table")


# Nothing hidden


def test_what_a_broken_check_says_is_not_on_the_page():
    """It is an exception in hidden code, and may hold what the check compared with."""
    hidden = "IndexError: the secret 0.739085"
    broken = check("test_q::test_a", Verdict.BROKEN, 0.0, message=hidden)
    page = page_of(grade_=grade(broken, attention=(f"the check test_q::test_a is broken: {hidden}", "came late")))
    assert "0.739085" not in page.html
    assert "IndexError" not in page.html
    assert "This check is broken" in page.text
    assert "came late" in page.text


def test_what_is_of_no_use_to_a_student_is_not_on_the_page():
    page = page_of(grade_=grade(check("test_secret_file::test_secret_name")))
    for hidden in ("test_secret", "5ad1", "123456789", "landlock"):
        assert hidden not in page.html


def test_questions_of_another_notebook_are_on_another_page():
    page = page_of(questions=frozenset({"why"}), grade_=grade(check(title="Of the other notebook.")))
    assert "Of the other notebook." not in page.text
    assert "of 2 points" in page.text


# Hostile text

ATTACKS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</pre></div><script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<base href=//evil.example><form action=//evil.example><input name=a></form>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<style>body { display: none }</style><link rel=stylesheet href=//evil.example/x.css>",
    "<details open ontoggle=alert(1)>",
    "<!-- --!> <script>alert(1)</script> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><a href=javascript:alert(1)>x</a>",
    "</title></style></textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x1b[2J\x1b[31mred\x1b[0m \x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b]0;title\x07 \x9b31m",
    "\u202egnp.exe\u202c \u2066isolate\u2069 \u202d\u202a\u202b",
    "\x00\x01\x02\x030\x02\x03\x08\x0c\x7f\x85",
    "\ud800 lone",
]


@pytest.mark.parametrize("text", ATTACKS, ids=repr)
def test_hostile_text_anywhere_is_text(text):
    bad = grade(
        check("t::a", Verdict.FAIL, 0.0, title=text, message=text, hint=text, misconception=text),
        check("t::b", Verdict.BROKEN, 0.0, message=text),
        student=text,
        course=text,
        assignment=text,
        attention=(text,),
        notes=(text, f"`{text}`"),
    )
    cells = [
        markdown(text),
        markdown(f"`{text}`\n\n```\n{text}\n```\n\n# {text}\n\n> {text}\n\n* {text}"),
        markdown(f"| {text} | b |\n|--|--|\n| {text} | c |"),
        markdown(f"${text}$ and\n\n$$\\text{{{text}}}$$ and $\\frac{{{text}}}{{2}}$"),
        markdown(f"[a]({text}) [b](<{text}>) [c](http://a '{text}') ![d]({text}) ![{text}](http://a) <{text}>"),
        code(text, stream(text), stream(text, "stderr"), {"output_type": "error", "ename": text, "evalue": text,
             "traceback": [text]}, shown(text_plain=text, text_html=text, image_svg_xml=text, image_png=text),
             shown(application_javascript=text, text_latex=text, text_markdown=text, application_json={"a": text}),
             {"output_type": text}, {"output_type": "execute_result", "data": {text: text}, "metadata": {}}),
        {"cell_type": "raw", "metadata": {}, "source": text},
        code("1", shown(image_png=PNG, text_plain=text)),
        code("1", nbgrader={"grade_id": text}),
    ]  # fmt: skip
    page = page_of(*cells, grade_=bad, by_hand={"why": (1.0, text), text: (None, text)})
    page.html.encode("utf-8", "replace")
    assert "javascript:" not in [urllib.parse.urlparse(link.get("href") or "").scheme + ":" for link in page.all("a")]


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "vbscript:x",
     "javascript&colon;alert(1)", "&#106;avascript:alert(1)", "data:text/html,<script>alert(1)</script>",
     "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "file:///etc/passwd", "\x01javascript:alert(1)",
     "%6aavascript:alert(1)"],
)  # fmt: skip
def test_a_link_leads_to_a_page_or_nowhere(link):
    page = page_of(
        markdown(f"[a]({link}) [b](<{link}>) <{link}> ![c]({link})\n\n[d][ref]\n\n[ref]: {link}"),
        markdown(f"$\\href{{{link}}}{{x}}$ $\\url{{{link}}}$"),
    )
    for attributes in page.all("a"):
        target = re.sub(r"[\x00-\x20]", "", attributes.get("href") or "").lower()
        assert not target.startswith(("javascript", "data", "vbscript", "file"))
    assert not page.all("img")


def test_a_formula_in_a_link_s_title_stays_in_it():
    page = page_of(markdown('[x](https://example.org "$y$ z") ![$q$](https://example.org "$y$")'))
    assert {link.get("title") for link in page.all("a")} <= {None, "$y$ z"}
    assert not page.all("math")


TOKENS = [
    *"$`\n ()[]<>\"'\\&*_|#{}^:01aé\x02\x03\u202e", "$$", "```", "~~~", "\n\n", "    ", "](", "![", "</", "/>", "&lt;",
    "~~", "|--|", "- ", "1. ", "\\frac", "\\text{", "\\href{", "script", "img", "svg", "math", "mtext", "style",
    "onerror=", "src=x", "href=", "javascript:", "http://a", "<!--", "-->", "&#60;", "%02", "%03", "\x1b[31m",
]  # fmt: skip


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_any_markdown_is_inert(source):
    page_of(markdown(source), code(source, stream(source), shown(text_plain=source)))


@pytest.mark.parametrize(
    "metadata",
    [{"nbgrader": "shares"}, {"nbgrader": ["grade_id"]}, {"nbgrader": {"grade_id": ["shares"]}}, {"nbgrader": None},
     {"nbgrader": {"grade_id": "shares"}}, {"nbgrader": {"grade_id": 'a" onclick="alert(1)'}}],
)  # fmt: skip
def test_metadata_of_any_form_does_no_harm(metadata):
    page = page_of(code("1", **named("shares")), code("2", **metadata), markdown("3", **metadata))
    assert [attributes["id"] for attributes in page.all("a") if "id" in attributes] == ["c-shares"]


def test_a_question_whose_cell_is_not_there_has_no_link_to_it():
    page = page_of(code("1", **named("why")))
    assert "#c-why" in [link.get("href") for link in page.all("a")]
    assert "#c-shares" not in [link.get("href") for link in page.all("a")]


# Pictures

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode()


def picture(size: int, magic: bytes = b"\x89PNG\r\n\x1a\n") -> str:
    return base64.b64encode(magic + bytes(size)).decode()


def test_a_picture_is_shown_with_its_text():
    page = page_of(code("plt.show()", shown(image_png=PNG, text_plain="<Figure size 640x480 with 1 Axes>")))
    assert page.all("img") == [
        {"alt": "<Figure size 640x480 with 1 Axes>", "src": f"data:image/png;base64,{PNG}"},
    ]
    assert page_of(code("1", shown(image_jpeg=picture(9, b"\xff\xd8\xff")))).all("img")


@pytest.mark.parametrize(
    "data",
    [
        {"image_png": base64.b64encode(b"<svg onload=alert(1)>").decode()},
        {"image_png": base64.b64encode(b"GIF89a").decode()},
        {"image_png": '"><script>alert(1)</script>'},
        {"image_png": "not base64 at all!"},
        {"image_png": ""},
        {"image_png": "é" * 50},
        {"image_jpeg": PNG},
        {"image_png": {"a": 1}},
        {"image_svg_xml": "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"},
        {"image_gif": PNG},
        {"text_html": "<b>bold</b>"},
        {"image_png": None, "text_plain": {"a": 1}},
    ],
)
def test_what_only_claims_to_be_a_picture_is_not_shown(data):
    page = page_of(code("1", shown(**data)))
    assert not page.all("img")
    assert "alert(1)" not in page.html


def test_a_picture_with_something_behind_it_is_only_a_picture():
    raw = base64.b64decode(PNG) + b"<script>alert(1)</script>"
    page = page_of(code("1", shown(image_png=base64.b64encode(raw).decode() + "\n")))
    assert len(page.all("img")) == 1
    assert "alert(1)" not in page.html


def test_pictures_too_large_are_left_out_and_said_to_be():
    page = page_of(code("1", shown(image_png=picture(10_000_000))))
    assert not page.all("img")
    assert "a picture of 10000 kB is left out" in page.text
    page = page_of(*[code("1", *[shown(image_png=picture(60_000))] * 10) for _ in range(10)])
    assert 5 < len(page.all("img")) < 15
    assert "is left out" in page.text


# Size


def test_a_long_output_is_cut_and_said_to_be():
    page = page_of(code("1", stream("x" * 10_000_000), stream("the end")))
    assert "more characters" in page.text
    assert "the end" in page.text


@pytest.mark.parametrize(
    "cells",
    [
        [code("1", stream("<" * 10_000_000))],
        [code("+ " * 5_000_000)],
        [code("1", *[stream("<&>" * 10_000)] * 200)] * 50,
        [code("+" * 20_000)] * 200,
        [code("1")] * 20_000,
        [markdown("*a* " * 5_000)] * 300,
        [markdown("$x$ " * 5_000)] * 20,
        [markdown("$\\frac{a}{b}$ " * 1_400)] * 10,
        [markdown("[a](http://a) " * 1_400)] * 100,
        [{"cell_type": "raw", "metadata": {}, "source": "&" * 20_000}] * 100,
        [code("1", *[shown(image_png=picture(250_000))] * 3, *[stream("&" * 30_000)] * 40)] * 5,
        [code("1", {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["&" * 10_000] * 200})] * 50,
        [code("1", shown(text_plain="\x1b]" * 1_000_000), shown(text_plain="\x1b[" + "0;" * 1_000_000))],
    ],
    ids=["output", "source", "outputs", "sources", "cells", "markdown", "formulae", "fractions", "links", "raw",
         "pictures", "tracebacks", "escapes"],
)  # fmt: skip
def test_a_page_stays_under_a_megabyte_and_says_that_it_was_cut(cells):
    page = page_of(markdown("The beginning."), *cells)
    assert "The beginning." in page.text
    assert re.search(r"more characters|no room for|more outputs|is left out", page.text) or len(page.html) < 200_000


def test_enormous_messages_are_cut():
    page = page_of(
        grade_=grade(check("t::a", Verdict.FAIL, 0.0, message="&" * 5_000_000), attention=("<" * 5_000_000,))
    )
    assert page.text.count("more characters") == 2


@pytest.mark.parametrize(
    "source",
    ["[" * 20_000, "![" * 10_000, "> " * 10_000, "- " * 10_000, "*" * 20_000, "`" * 20_000, "$" * 20_000, "<" * 20_000,
     "*a **b " * 3_000, "[a](" * 5_000, "|" * 20_000, "\\" * 20_000, "${" + "{" * 9_000 + "$",
     "$x" + "^{x" * 6_000 + "$", "$" + "\\frac{" * 3_000 + "$",
     "$$" + "\\sqrt{" * 2_000 + "1" + "}" * 2_000 + "$$", "a\n" * 10_000, "_a" * 10_000],
    ids=lambda source: source[:12],
)  # fmt: skip
def test_markdown_made_to_be_slow_or_deep_is_only_text(source):
    page_of(markdown(source))


# Formulae


def test_formulae_are_drawn():
    page = page_of(markdown("Let $x_i^2 < 1$ and\n\n$$\\sum_{i=1}^n \\frac{a_i}{b} \\in \\mathbb{R}$$\n\nbe given."))
    inline, display = page.all("math")
    assert (inline.get("display"), display.get("display")) == ("inline", "block")
    tags = {tag for tag, _ in page.elements}
    assert {"msubsup", "mfrac"} <= tags
    assert tags & {"munderover"}
    assert "∑" in page.text
    assert "$" not in page.text


def test_what_is_no_formula_stays_text():
    page = page_of(markdown("It costs $5 or $6, `$x$` is code, \\$ is a dollar.\n\n```\necho $HOME $PATH$\n```\n"))
    assert not page.all("math")
    assert "It costs $5 or $6" in page.text
    assert "$x$ is code" in page.text
    assert "echo $HOME $PATH$" in page.text


def test_a_formula_that_cannot_be_read_is_shown_as_it_is_written():
    page = page_of(markdown("Here $\\frac{a$ and $\\left( x$."))
    assert "\\frac{a" in page.text or page.all("math")
    assert "Here" in page.text


def test_markdown_within_a_formula_is_a_formula():
    page = page_of(markdown("$a_1 * b_2 * c_3$ and $x < y > z$ and $\\|w\\|$"))
    assert len(page.all("math")) == 3
    assert not page.all("em")
