"""Grades for Canvas, Moodle, spreadsheets and CI: everybody in the right row, nobody guessed, the rest as it was."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from autograder import cli
from autograder.export.junit import junit
from autograder.export.roster import match
from autograder.export.table import harmless, read_table
from tests.toolkit.classroom import Classroom

COLUMNS_INSTEAD = "def shares(x):\n    return x / x.sum(axis=0, keepdims=True)\n"
# Id -> first name, last name, e-mail, points by hand for the question in words.
CLASS = {
    "ada": ("Ada", "Lovelace, Countess", "Ada@example.org", 2.0),
    "anna": ("Анна", "Каренина", "anna@example.org", 1.0),
    "evil": ("=HYPERLINK(1)", "@SUM(A1)", "", 0.5),
    "li": ("丽", "李", "li@example.org", 2.0),
    "zoe": ("Zoë", 'O"Neill_Smith', "zoe@example.org", None),
}


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Classroom:
    """A graded class in which all but Zoe's answers in words have been read."""
    room = Classroom(tmp_path_factory.mktemp("exports"))
    for student in CLASS:
        room.submit(student, room.answered(shares=COLUMNS_INSTEAD) if student == "li" else room.answered())
    assert room.autograder("grade", "tiny").status == 0
    with Gradebook(f"sqlite:///{room.root}/gradebook.db", "little") as gradebook:
        for number, (student, (first, last, email, points)) in enumerate(CLASS.items()):
            gradebook.update_or_create_student(
                student, first_name=first, last_name=last, email=email, lms_user_id=str(100 + number)
            )
            if points is not None:
                grade = gradebook.find_grade("why", "tiny", "tiny", student)
                grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.find_submission_notebook("tiny", "tiny", "anna").late_submission_penalty = 1.5
        gradebook.db.commit()
    return room


# By checks: all ten for everybody but Li, whose five checks of `shares` hold the three on columns against her.
def totals() -> dict[str, str]:
    return {"ada": "12", "anna": "9.5", "evil": "10.5"}


def exported(room: Classroom, capsys, *arguments: str) -> tuple[int, list[Path], str]:
    """The exit status, the files written, and what was said on stderr."""
    status = cli.main(["--course", str(room.root), "export", *arguments])
    said = capsys.readouterr()
    return status, [Path(line) for line in said.out.splitlines()], said.err


def rows_of(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


# CSV


def test_the_plain_table_has_every_score_and_no_formula(room, capsys):
    status, [path], _ = exported(room, capsys, "csv", "tiny")
    data = path.read_bytes()
    assert (status, path) == (0, room.root / "exports" / "tiny" / "csv" / "tiny.csv")
    assert data.startswith(b"\xef\xbb\xbfstudent,")
    head, *rows = rows_of(data)
    by_id = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert {student: by_id[student]["score"] for student in totals()} == totals()
    assert (by_id["anna"]["points"], by_id["anna"]["late_penalty"]) == ("11", "1.5")
    assert (by_id["ada"]["last_name"], by_id["li"]["first_name"]) == ("Lovelace, Countess", "丽")
    assert (by_id["evil"]["first_name"], by_id["evil"]["last_name"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")
    assert [by_id["zoe"][name] for name in ("waits", "shares", "spread", "why")] == ["yes", "6", "4", ""]
    assert [by_id["li"][name] for name in ("waits", "spread", "why")] == ["no", "4", "2"]
    assert 0 < float(by_id["li"]["shares"]) < 6


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"])
def test_nothing_that_a_spreadsheet_would_compute_is_written(text):
    assert harmless(text) == f"'{text}"
    assert harmless("a" + text) == "a" + text


# Files that others wrote

texts = st.text(st.sampled_from("ab ,;\t\"'\r\n=é李"), max_size=6)


@given(
    rows=st.lists(st.lists(texts, min_size=2, max_size=4), min_size=1, max_size=5), mark=st.booleans(), data=st.data()
)
def test_a_table_is_read_as_csv_reads_it_and_keeps_every_byte_that_is_not_filled(rows, mark, data, tmp_path_factory):
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    rows = [["a", "b", "c", "d"], *rows]
    file = io.StringIO(newline="")
    form = data.draw(st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]))
    csv.writer(file, delimiter=delimiter, lineterminator=form[0], quoting=form[1]).writerows(rows)
    path = tmp_path_factory.getbasetemp() / "table.csv"
    path.write_bytes(("\ufeff" * mark + file.getvalue()).encode())
    table = read_table(path)
    assert [table.values(row) for row in range(len(table.rows))] == rows
    assert table.filled({}) == path.read_bytes()
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 3))
    text = data.draw(texts)
    path.write_bytes(table.filled({(row, column): text}))
    again = read_table(path)
    for number, cells in enumerate(rows):
        filled = cells + [""] * (column + 1 - len(cells)) if number == row else list(cells)
        if number == row:
            filled[column] = text
        assert again.values(number) == filled


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), ("Zoë".encode("latin-1"), "not in UTF-8"), (b'a,b\n"c,d\n', "line 2: a quote is opened")],
)
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path, room, capsys, content, said):
    (tmp_path / "file.csv").write_bytes(content)
    status, _, err = exported(room, capsys, "canvas", "tiny", "--fill", str(tmp_path / "file.csv"))
    assert status == 2
    assert said in err


@pytest.mark.parametrize("form", ["csv", "junit", "gradescope"])
def test_an_option_that_a_format_has_no_use_for_is_refused(room, capsys, form):
    status, _, err = exported(room, capsys, form, "tiny", "--roster", "roster.csv")
    assert (status, "are for canvas and moodle" in err) == (2, True)


# Who is who


def test_ids_that_lead_to_no_row_to_two_or_to_another_s_match_nobody():
    rows = [[("id", "1"), ("email", "A@x")], [("id", "2"), ("email", "b@x")], [("id", "3")], [("id", "3")]]
    students = {
        "one": [("id", "1"), ("email", "a@X")],
        "torn": [("id", "1"), ("email", "b@x")],
        "two": [("id", "2")],
        "twice": [("id", "3")],
        "none": [("id", "9"), ("email", "")],
        "blank": [],
    }
    found = match(students, rows, Path("file.csv"))
    assert found.rows == {}
    assert found.unmatched == (
        "one: their row of file.csv is also that of torn",
        "torn: their ids are those of 2 rows of file.csv",
        "two: their row of file.csv is also that of torn",
        "twice: their ids are those of 2 rows of file.csv",
        "none: no row of file.csv has an id of theirs",
        "blank: no row of file.csv has an id of theirs",
    )
    assert match({"one": students["one"]}, rows, Path("file.csv")).rows == {"one": 0}


CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Integration ID,Section,Essay (7),tiny (4711),Current Score\r\n"
    ",,,,,,Manual Posting,,(read only)\r\n"
    "    Points Possible,,,,,,10,24,(read only)\r\n"
    '"李, 丽",901,S-1,li@uni.example,,"Mon, A",3.5,,12.5\r\n'
    '"Lovelace, Countess, Ada",902,S-2,ada@uni.example,,"Mon\nB",,1,\r\n'
    '"Nobody, Of Ours",903,S-3,who@uni.example,,B,4,5,\r\n'
    '"Student, Test",904,,7f2e,,B,,,\r\n'
)
ROSTER = (
    "ID;Name;canvas_id;sis_user_id;SIS Login ID;section\n"
    "ada;Lovelace, Ada;902;S-2;;A\n"
    "anna;=1+1;905;S-5;anna@uni.example;A\n"
    "evil;Evil;902;;;A\n"
    "li;李丽;;S-1;li@uni.example;Ä\n"
    "zoe;Zoë;;;;\n"
)


def test_a_downloaded_gradebook_of_canvas_s_is_filled_and_otherwise_as_it_was(room, capsys, tmp_path):
    (tmp_path / "canvas.csv").write_bytes(CANVAS.encode())
    (tmp_path / "roster.csv").write_text(ROSTER.replace("evil;Evil;902", "evil;Evil;999"), encoding="utf-8")
    files = ("--fill", str(tmp_path / "canvas.csv"), "--roster", str(tmp_path / "roster.csv"))
    status, [path], err = exported(room, capsys, "canvas", "tiny", *files)
    points = float(rows_of(path.read_bytes())[3][7])
    assert path.read_bytes() == CANVAS.replace(",3.5,,12.5", f",3.5,{points:g},12.5").replace(",,1,", ",,24,").encode()
    assert status == 1
    assert err.splitlines() == [
        "scaled from 12 points to the 24 that Canvas has",
        "zoe: waits for grading by hand, no grade is written",
        "anna: no row of canvas.csv has an id of theirs",
        "evil: no row of canvas.csv has an id of theirs",
    ]


def test_who_shares_an_id_with_another_gets_no_grade_and_neither_does_the_other(room, capsys, tmp_path):
    (tmp_path / "canvas.csv").write_bytes(CANVAS.encode())
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    files = ("--fill", str(tmp_path / "canvas.csv"), "--roster", str(tmp_path / "roster.csv"))
    status, [path], err = exported(room, capsys, "canvas", "tiny", *files)
    assert rows_of(path.read_bytes())[4][7] == "1"
    assert "ada: their row of canvas.csv is also that of evil" in err
    assert "evil: their row of canvas.csv is also that of ada" in err
    assert status == 1


@pytest.mark.parametrize("title", ["Tiny nets (4711)", "Tiny nets"])
def test_the_column_of_an_assignment_with_another_name_is_named(room, capsys, tmp_path, title):
    (tmp_path / "canvas.csv").write_bytes(CANVAS.replace("tiny (4711)", "Tiny nets (4711)").encode())
    status, _, err = exported(room, capsys, "canvas", "tiny", "--fill", str(tmp_path / "canvas.csv"))
    assert (status, "no column 'tiny'" in err, "'Tiny nets (4711)'" in err) == (2, True, True)
    (tmp_path / "roster.csv").write_text(ROSTER)
    files = ("--fill", str(tmp_path / "canvas.csv"), "--roster", str(tmp_path / "roster.csv"))
    status, [path], _ = exported(room, capsys, "canvas", "tiny", *files, "--column", title)
    assert (status, rows_of(path.read_bytes())[3][7] != "") == (1, True)


def test_a_new_file_for_canvas_has_its_columns_and_ids_from_the_roster(room, capsys, tmp_path):
    (tmp_path / "roster.csv").write_bytes(
        ROSTER.replace("902;;;A", "906;;;A").replace("\n", "\r\n").encode("utf-8-sig")
    )
    status, [path], err = exported(room, capsys, "canvas", "tiny", "--roster", str(tmp_path / "roster.csv"))
    head, possible, *rows = rows_of(path.read_bytes())
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "tiny"]
    assert possible == ["    Points Possible", "", "", "", "", "12"]
    assert rows[0] == ["Lovelace, Ada", "902", "S-2", "", "A", "12"]
    assert rows[1][:5] == ["'=1+1", "905", "S-5", "anna@uni.example", "A"]
    assert rows[3][:5] == ["李丽", "", "S-1", "li@uni.example", "Ä"]
    assert (status, len(rows), err) == (1, 4, "zoe: waits for grading by hand, no grade is written\n")


# Moodle

ENGLISH = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 1001,Ada Lovelace,ada@example.org,Submitted for grading,,100.00,Yes,"Monday, 3 March, 9:04 AM",-,\n'
    'Participant 1002,"Каренина, Анна",ANNA@example.org,No submission,,100.00,Yes,-,-,"<p>Old, ""quoted""\nline</p>"\n'
    "Participant 1003,Zoë O_Neill/Smith,zoe@example.org,No submission,,100.00,Yes,-,-,\n"
)
GERMAN = (
    "\ufeffID;Vollständiger Name;E-Mail-Adresse;Status;Bewertung;Bestwertung;Bewertung kann geändert werden;"
    "Zuletzt geändert (Abgabe);Zuletzt geändert (Bewertung);Feedback als Kommentar\r\n"
    "Teilnehmer/in1001;Ada Lovelace;ada@example.org;Zur Bewertung abgegeben;3,00;12,00;Ja;-;-;\r\n"
    "Teilnehmer/in1002;Анна Каренина;anna@example.org;Keine Abgabe;;12,00;Ja;-;-;\r\n"
    "Teilnehmer/in1004;李丽;li@example.org;Keine Abgabe;;12,00;Ja;-;-;\r\n"
)
ANONYMOUS = (
    "識別子,ステータス,評点,最大評点,変更可能,最終更新日時\n"
    "参加者501,未提出,,12.00,はい,-\n"
    "参加者502,未提出,,12.00,はい,-\n"
)


def filled_worksheet(
    room: Classroom, capsys, tmp_path: Path, sheet: str, roster: str = ""
) -> tuple[int, bytes, list, str]:
    (tmp_path / "sheet.csv").write_bytes(sheet.encode())
    files = ["--fill", str(tmp_path / "sheet.csv")]
    if roster:
        (tmp_path / "roster.csv").write_text(roster, encoding="utf-8")
        files += ["--roster", str(tmp_path / "roster.csv")]
    status, [table, pages], err = exported(room, capsys, "moodle", "tiny", *files)
    with zipfile.ZipFile(pages) as archive:
        assert archive.testzip() is None
        return status, table.read_bytes(), archive.namelist(), err


def test_a_worksheet_of_moodle_s_is_filled_by_address_and_otherwise_as_it_was(room, capsys, tmp_path):
    status, data, pages, err = filled_worksheet(room, capsys, tmp_path, ENGLISH)
    ada = "shares: 6 of 6; spread: 4 of 4; why: 2 of 2"
    anna = "shares: 6 of 6; spread: 4 of 4; why: 1 of 2; handed in late: 1.5 less"
    expected = ENGLISH.replace("for grading,,100.00", "for grading,100,100.00", 1)
    expected = expected.replace('9:04 AM",-,\n', f'9:04 AM",-,{ada}\n')
    expected = expected.replace("No submission,,100.00", "No submission,79.1667,100.00", 1)
    expected = expected.replace('"<p>Old, ""quoted""\nline</p>"', anna)
    assert data.decode() == expected
    assert pages == [
        "Ada Lovelace_1001_assignsubmission_file_/tiny.html",
        "Каренина, Анна_1002_assignsubmission_file_/tiny.html",
        "Zoë O Neill Smith_1003_assignsubmission_file_/tiny.html",
    ]
    assert status == 1
    assert "scaled from 12 points to the 100 that Moodle has" in err
    assert "zoe: waits for grading by hand" in err
    assert "li: no row of sheet.csv has an id of theirs" in err


def test_a_worksheet_in_another_language_keeps_its_commas_and_semicolons(room, capsys, tmp_path):
    status, data, pages, err = filled_worksheet(room, capsys, tmp_path, GERMAN)
    rows = rows_of(data, ";")
    assert data.startswith("\ufeffID;".encode())
    assert rows[0] == rows_of(GERMAN.encode(), ";")[0]
    assert [row[4] for row in rows[1:3]] == ["12", "9,5"]
    assert rows[3][9].endswith("noticed: columns instead")
    assert len(pages) == 3
    assert "scaled" not in err
    assert status == 1


def test_an_anonymous_worksheet_is_filled_by_identifier_alone(room, capsys, tmp_path):
    roster = "id,moodle_id\nada,501\nanna,参加者502\nevil,\nli,777\n"
    status, data, pages, err = filled_worksheet(room, capsys, tmp_path, ANONYMOUS, roster)
    assert [row[2] for row in rows_of(data)[1:]] == ["12", "9.5"]
    assert [row[5] for row in rows_of(data)[1:]] == ["-", "-"]
    assert pages == [f"Participant_{number}_assignsubmission_file_/tiny.html" for number in (501, 502)]
    assert "no column that is surely for comments" in err
    assert ("evil: no row" in err, "li: no row" in err, status) == (True, True, 1)


def test_what_is_no_worksheet_is_refused_in_words(room, capsys, tmp_path):
    status, _, err = exported(room, capsys, "moodle", "tiny")
    assert (status, "Download grading worksheet" in err) == (2, True)
    (tmp_path / "sheet.csv").write_text("Name,Points\nAda,3\nAnna,4\n")
    status, _, err = exported(room, capsys, "moodle", "tiny", "--fill", str(tmp_path / "sheet.csv"))
    assert (status, "is no grading worksheet of Moodle's" in err) == (2, True)


@pytest.mark.parametrize(
    ("roster", "said"), [("name\nAda\n", "a roster has a column 'id'"), ("id\nada\nada\n", "'ada' is there twice")]
)
def test_a_roster_that_is_none_is_refused_in_words(room, capsys, tmp_path, roster, said):
    (tmp_path / "roster.csv").write_text(roster)
    status, _, err = exported(room, capsys, "canvas", "tiny", "--roster", str(tmp_path / "roster.csv"))
    assert (status, said in err) == (2, True)


# JUnit


def test_every_check_is_a_test_case_and_a_hidden_one_shows_no_value(room, capsys):
    status, [path], _ = exported(room, capsys, "junit", "tiny")
    suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(path))}
    assert (status, list(suites)) == (0, list(CLASS))
    assert {name: (suite.tests, suite.failures) for name, suite in suites.items() if name != "li"} == {
        name: (8, 0) for name in CLASS if name != "li"
    }
    cases = {case.name: case for case in suites["li"]}
    hidden = cases["A tall table."].result[0]
    assert (type(hidden), hidden.message) == (junitparser.Failure, "noticed: columns instead")
    shown = cases["One and three are a quarter and three quarters."].result[0]
    assert "expected 0.25" in shown.message
    assert "expected" not in "".join(
        each.text
        for case in suites["li"]
        if case.name != cases["One and three are a quarter and three quarters."].name
        for each in case.result
    )


def test_verdicts_are_failures_errors_and_skipped_tests_and_any_text_can_be_written(tmp_path):
    check = {"title": "a\x00b <&> \ud800", "message": "", "hint": "", "misconception": None, "seconds": 0.5}
    verdicts = ["pass", "fail", "error", "timeout", "memory", "crash", "missing", "broken", "skipped"]
    checks = [{**check, "verdict": verdict, "message": f"secret {verdict}"} for verdict in verdicts]
    cell = {"id": "by_cell", "graded_by": "cell", "score": 1.0, "max_score": 2.0, "checks": []}
    hand = {"id": "by_hand", "graded_by": "hand", "score": None, "max_score": 2.0, "checks": []}
    asked = {"id": "q", "graded_by": "checks", "score": 1.0, "max_score": 9.0, "checks": checks}
    (tmp_path / "junit.xml").write_bytes(junit("a-1", {"ada": {"questions": [asked, cell, hand]}}))
    (suite,) = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (10, 2, 6, 1)
    assert suite.time == pytest.approx(4.5)
    broken = list(suite)[7].result[0]
    assert (broken.type, "secret" in broken.message) == ("broken", False)
