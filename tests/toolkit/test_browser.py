"""The pages in a real browser: nothing complains, links lead somewhere, sort and filter do what they say.

Needs Debian's Chromium (`apt-get install chromium`); without one these tests are skipped.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.toolkit.classroom import Classroom
from tests.toolkit.test_feedback import grade, page_of, seen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 360, "height": 740}
STUDENTS = ["ada", "bob", "cyd", "mallory", "zed"]
PAGES = ["reports/tiny.html", *(f"feedback/{student}/tiny/tiny.html" for student in STUDENTS)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Its own sandbox needs what a container often does not give; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page that is open, what it complained of, and what it asked for besides itself."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", self.note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", self.request)

    def note(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)

    def request(self, request: Request) -> None:
        self.asked.append(request.url)

    def open(self, path: Path) -> Page:
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type] # a plain dict is what it takes
    visit = Visit(page)
    yield visit
    page.close()
    assert visit.complaints == []
    assert [url for url in visit.asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def report(visit: Visit, reported: Classroom) -> Page:
    return visit.open(reported.root / "reports" / "tiny.html")


def column(page: Page, table: str, place: int) -> list[str]:
    """The texts of a column of a table, in the rows that are shown."""
    return [
        row.locator("th, td").nth(place).inner_text().strip() for row in page.locator(f"{table} tbody tr:visible").all()
    ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_a_complaint_and_asks_for_nothing(visit, reported, path):
    page = visit.open(reported.root / path)
    assert page.locator("h1").first.inner_text() == "tiny"
    assert visit.asked[0].endswith(path)
    assert all(url.startswith("data:image/png") for url in visit.asked[1:])
    assert (reported.root / path).stat().st_size < 1_000_000


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [PAGES[0], *PAGES[2:5]])
def test_a_page_is_accessible(browser, reported, path, scheme, size):
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto((reported.root / path).as_uri())
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    found = Axe().run(page)
    page.close()
    assert [
        (violation["id"], node["target"], node.get("failureSummary", ""))
        for violation in found.response["violations"]
        for node in violation["nodes"][:3]
    ] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_page_does_not_scroll_sideways(browser, reported, path):
    page = browser.new_page(viewport=NARROW)
    page.goto((reported.root / path).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.close()


@pytest.mark.parametrize("shape", [(4, 16), (64,), (2, 2, 2, 8), (50, 70), (3, 1000)], ids=str)
def test_what_a_visible_check_saw_fits_on_a_narrow_page(visit, tmp_path, shape):
    expected = np.random.default_rng(0).normal(size=shape)
    lost = seen(expected * 1.5, expected, expected, axis=1)
    copy = tmp_path / "page.html"
    copy.write_text(page_of(grade_=grade(lost)).html)
    visit.page.set_viewport_size(NARROW)
    page = visit.open(copy)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_leads_somewhere(visit, reported, path):
    page = visit.open(reported.root / path)
    links = {link.get_attribute("href") for link in page.locator("a[href]").all()}
    assert links
    for link in links:
        if link.startswith("#"):
            assert page.locator(f"[id='{link[1:]}']").count() == 1, link
        else:
            assert (reported.root / path).parent.joinpath(link).resolve().is_file(), link


@pytest.mark.parametrize("policy", [True, False], ids=["", "without the page's policy"])
@pytest.mark.parametrize("path", ["feedback/mallory/tiny/tiny.html", "reports/tiny.html"])
def test_hostile_output_does_not_run(visit, reported, tmp_path, path, policy):
    text = (reported.root / path).read_text()
    assert "mallory" in text
    if not policy:
        text, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        assert count == 1
    copy = tmp_path / "page.html"
    copy.write_text(text)
    page = visit.open(copy)
    page.wait_for_timeout(100)
    assert "owned" not in page.title()
    if "feedback" in path:
        assert "document.title='owned'" in page.locator("main").inner_text()
        assert page.locator("main script, main iframe, main object, main img[onerror]").count() == 0


# A student's page


def test_a_student_finds_the_way_from_the_score_to_the_cell(visit, reported):
    page = visit.open(reported.root / "feedback" / "mallory" / "tiny" / "tiny.html")
    page.get_by_role("navigation", name="Questions").get_by_role("link", name=re.compile("^spread")).click()
    assert page.url.endswith("#q-spread")
    page.get_by_role("link", name="Show cell 5").click()
    page.wait_for_timeout(600)  # scrolling is smooth
    target = page.locator("#cell-5")
    assert "def spread" in target.inner_text()
    box = target.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < WIDE["height"]


def test_a_screen_reader_hears_verdicts_scores_and_what_differs(visit, reported):
    page = visit.open(reported.root / "feedback" / "cyd" / "tiny" / "tiny.html")
    lost = page.get_by_role("region", name="shares").get_by_role("listitem").first
    assert lost.inner_text().split("\n\n")[1] == "Not passed:\nEach entry is divided by the sum of its row."
    assert page.get_by_role("group", name=re.compile("^Yours: array of float64")).get_by_text("differs").count() == 2
    assert [heading.inner_text() for heading in page.get_by_role("heading", level=2).all()][:4] == [
        "shares", "spread", "why", "Your notebook, as it ran"
    ]  # fmt: skip


def test_the_keyboard_is_enough(visit, reported):
    page = visit.open(reported.root / "feedback" / "cyd" / "tiny" / "tiny.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the questions"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "questions"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#cell-3"


@pytest.mark.parametrize("path", ["feedback/cyd/tiny/tiny.html", "reports/tiny.html"])
def test_a_page_prints_in_black_on_white_without_what_is_for_the_screen(browser, reported, path):
    page = browser.new_page(viewport=WIDE, color_scheme="dark")
    page.goto((reported.root / path).as_uri())
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)" != dark
    assert page.pdf()[:5] == b"%PDF-"
    assert page.locator(".skip:visible, .screen:visible").count() == 0
    sticky = "[...document.querySelectorAll('*')].filter(e => getComputedStyle(e).position === 'sticky').length"
    assert page.evaluate(sticky) == 0
    page.close()


# The class report


def test_a_click_sorts_and_another_turns_it_round(report):
    names = column(report, "#map", 0)
    assert names == sorted(names)
    report.locator("#map").get_by_role("button", name="score").click()
    scores = [float(text) for text in column(report, "#map", 1)]
    assert scores == sorted(scores, reverse=True)
    assert report.locator("#map th[aria-sort]").get_attribute("aria-sort") == "descending"
    report.locator("#map").get_by_role("button", name="score").press("Enter")
    assert [float(text) for text in column(report, "#map", 1)] == sorted(scores)
    report.locator("#map").get_by_role("button", name="student").click()
    assert column(report, "#map", 0) == names
    assert report.locator("#map th[aria-sort]").count() == 1


def test_every_table_sorts_by_every_column(report):
    for details in report.locator("details").all():
        details.evaluate("element => { element.open = true }")
    tables = report.locator("table:has(button.sort)").all()
    assert len(tables) >= 6
    for table in tables:
        before = sorted(row.inner_text() for row in table.locator("tbody tr").all())
        for button in table.locator("button.sort").all():
            button.click()
        assert sorted(row.inner_text() for row in table.locator("tbody tr").all()) == before


def test_a_column_of_numbers_is_sorted_as_numbers(report):
    button = report.locator("section:has(#questions)").get_by_role("button", name="earned")
    button.click()
    assert column(report, "section:has(#questions) > table", 0) == ["spread", "shares"]
    button.click()
    assert column(report, "section:has(#questions) > table", 0) == ["shares", "spread"]


def test_filters_show_whom_they_name(report):
    report.locator("#filter-name").fill("A")
    assert column(report, "#map", 0) == ["ada", "dan", "fay", "hal", "jan", "mallory", "pat"]
    assert report.locator("#shown").inner_text() == "7 students"
    report.locator("#filter-name").fill("")
    report.locator("#filter-state").select_option("who need a person")
    assert column(report, "#map", 0) == ["zed"]
    assert report.locator("#shown").inner_text() == "1 student"
    report.locator("#filter-state").select_option("with a known mistake")
    assert column(report, "#map", 0) == ["bob", "kim"]
    report.get_by_role("button", name="Show all").click()
    assert report.locator("#shown").inner_text() == "14 students"
    assert len(column(report, "#map", 0)) == 14


def test_a_bar_of_the_histogram_shows_those_who_are_in_it(report):
    bar = report.get_by_role("button", name="6 to 7 points")
    count = int(re.search(r"(\d+) students", bar.get_attribute("aria-label"))[1])
    bar.click()
    assert bar.get_attribute("aria-pressed") == "true"
    scores = [float(text) for text in column(report, "#map", 1)]
    assert len(scores) == count
    assert all(6 <= score < 7 for score in scores)
    bar.click()
    assert len(column(report, "#map", 0)) == 14


def test_one_question_of_the_map_can_be_looked_at_alone(report):
    report.locator("#filter-question").select_option("spread")
    shown = [head.inner_text() for head in report.locator("#map thead th[colspan]:visible").all()]
    assert shown == ["spread"]
    assert report.locator("#map tbody tr").first.locator("td:visible").count() == 1 + 3
    report.get_by_role("button", name="Show all").click()
    assert report.locator("#map tbody tr").first.locator("td:visible").count() == 1 + 8


def test_a_cell_of_the_map_says_what_it_is(report):
    report.locator("#map tr[data-name='cyd'] td.v-fail").first.hover()
    assert (
        report.locator("#status").inner_text() == "cyd · shares · Each entry is divided by the sum of its row. · fail"
    )


def test_a_name_leads_to_the_student_s_page(report):
    report.locator("#map").get_by_role("link", name="cyd").click()
    assert report.url.endswith("/feedback/cyd/tiny/tiny.html")
    assert report.locator("h1").first.inner_text() == "tiny"


def test_checks_of_one_question_can_be_looked_at_alone(report):
    report.get_by_text("All 8 checks").click()
    report.locator("#check-question").select_option("spread")
    assert set(column(report, "#checks", 0)) == {"spread"}


def test_without_scripts_everything_is_there(browser, reported):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((reported.root / "reports" / "tiny.html").as_uri())
    assert page.locator("#map tbody tr").count() == 14
    assert page.get_by_text("the answer of").first.is_visible()
    context.close()
