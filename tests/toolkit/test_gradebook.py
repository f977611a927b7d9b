"""What stands in nbgrader's gradebook after grading, looked at with nbgrader's own library."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load_assignment, load_course
from autograder.gradebook import _make_database, ensure_assignment, open_gradebook, record
from autograder.records import AutograderError, CourseError, Grade, QuestionResult, Run
from autograder.submissions import Submission


def grade(submission: Submission, auto: float | None = 3.0, by_hand: float | None = None) -> Grade:
    """A grade with `auto` points for what is graded automatically and `by_hand` for the rest."""
    questions = (
        QuestionResult("double", auto, 3.0, "checks"),
        QuestionResult("why", by_hand, 2.0, "hand"),
        QuestionResult("draw", by_hand, 1.0, "hand"),
    )
    score = sum(question.score or 0.0 for question in questions)
    left = tuple(question.id for question in questions if question.score is None)
    return Grade("demo", "small", submission.student, score, 6.0, left, (), questions, Run("completed"))


def grade_all(small: Any, *submissions: Submission, **points: Any) -> None:
    ensure_assignment(small.course, small.assignment)
    record(small.course, small.assignment, [(submission, grade(submission, **points)) for submission in submissions])


@contextlib.contextmanager
def gradebook(small: Any) -> Iterator[Any]:
    """nbgrader's own gradebook, not opened by us."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{small.root}/gradebook.db", "demo") as opened:
        yield opened


def scores(small: Any, student: str = "ada") -> dict[str, tuple[Any, ...]]:
    with gradebook(small) as opened:
        notebook = opened.find_submission_notebook("small", "small", student)
        return {each.name: (each.auto_score, each.manual_score, each.needs_manual_grade) for each in notebook.grades}


def comments(small: Any, student: str = "ada") -> dict[str, str | None]:
    with gradebook(small) as opened:
        return {each.name: each.comment for each in opened.find_submission_notebook("small", "small", student).comments}


def change(small: Any, **values: Any) -> None:
    """What a person changes in the formgrader: of the grade of one cell, or the due date."""
    with gradebook(small) as opened:
        if "duedate" in values:
            opened.update_or_create_assignment("small", **values)
        else:
            row = opened.find_grade(values.pop("cell"), "small", "small", "ada")
            for name, value in values.items():
                setattr(row, name, value)
            opened.db.commit()


def late(small: Any, days: float) -> Submission:
    """Hands in at a time `days` after the first of March."""
    when = datetime.datetime(2026, 3, 1) + datetime.timedelta(days=days)
    (small.folder() / "timestamp.txt").write_text(f"{when} UTC")
    return small.submit(small.answered())


# The assignment


def test_the_gradebook_knows_what_nbgrader_itself_would_have_saved(small, tmp_path):
    from nbgrader.api import Gradebook
    from nbgrader.converters import GenerateAssignment

    from autograder.gradebook import _known_cells

    ensure_assignment(small.course, small.assignment)
    config = small.course.config.copy()
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/other.db"
    config.CourseDirectory.assignment_id = "small"
    directory = type(small.course.directory)(config=config, root=str(small.root))
    with open_gradebook(dataclasses.replace(small.course, db_url=directory.db_url)):
        GenerateAssignment(coursedir=directory, config=config).start()
    with gradebook(small) as ours, Gradebook(directory.db_url, "demo") as theirs:
        assert _known_cells(ours, "small") == _known_cells(theirs, "small")
        known = ours.find_assignment("small")
        assert (known.max_score, known.max_code_score, known.max_written_score) == (6.0, 3.0, 2.0)
        assert known.course_id == "demo"
        assert ours.find_notebook("small", "small").kernelspec == theirs.find_notebook("small", "small").kernelspec


def test_a_new_gradebook_has_the_version_that_nbgrader_s_migrations_expect(small):
    import nbgrader

    steps = [path.read_text() for path in Path(nbgrader.__file__).parent.glob("alembic/versions/*.py")]
    named = [re.findall(r"^(?:down_)?revision\b.*?= *['\"](\w+)['\"]", step, re.MULTILINE) for step in steps]
    (latest,) = {step[0] for step in named} - {name for step in named for name in step[1:]}
    ensure_assignment(small.course, small.assignment)
    with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
        assert database.execute("select version_num from alembic_version").fetchall() == [(latest,)]


def test_an_assignment_that_is_known_is_left_alone(small):
    ensure_assignment(small.course, small.assignment)
    before = (small.root / "gradebook.db").read_bytes()
    ensure_assignment(small.course, small.assignment)
    assert (small.root / "gradebook.db").read_bytes() == before


def test_changed_points_reach_the_gradebook_also_after_grading(small):
    grade_all(small, small.submit(small.answered()))
    small.source.cells[3].metadata.nbgrader.points = 30
    small.write_source()
    ensure_assignment(small.course, load_assignment(small.course, "small"))
    with gradebook(small) as opened:
        assert opened.find_assignment("small").max_score == 33.0
    assert scores(small)["double"] == (3.0, None, False)


def test_a_question_added_before_anyone_was_graded_is_added(small):
    ensure_assignment(small.course, small.assignment)
    small.source.cells[3].metadata.nbgrader.grade_id = "twice"
    small.write_source()
    ensure_assignment(small.course, load_assignment(small.course, "small"))
    with gradebook(small) as opened:
        assert {cell.name for cell in opened.find_notebook("small", "small").grade_cells} == {"twice", "why"}


def test_a_question_that_is_gone_after_grading_is_refused_with_the_way_out(small):
    grade_all(small, small.submit(small.answered()))
    del small.source.cells[3]
    small.write_source()
    with pytest.raises(CourseError, match=r"small\.ipynb: Cannot add or remove cells.*nbgrader db assignment remove"):
        ensure_assignment(small.course, load_assignment(small.course, "small"))


def test_a_notebook_that_is_gone_leaves_the_gradebook_unless_graded(small):
    small.write_source()
    small.source.cells = small.source.cells[:1]
    second = small.write_source("second") / "second.ipynb"
    ensure_assignment(small.course, small.assignment)
    second.unlink()
    grade_all(small, small.submit(small.answered()))
    with gradebook(small) as opened:
        assert {notebook.name for notebook in opened.find_assignment("small").notebooks} == {"small", "second"}
    # `small.assignment` still has both; the one read now has only what is there
    with pytest.raises(CourseError, match="the notebook 'second' is gone, but has been graded"):
        ensure_assignment(small.course, load_assignment(small.course, "small"))


# Scores


def test_scores_students_and_times_are_written(small):
    (small.folder() / "timestamp.txt").write_text("2026-03-01 11:30:00.0 UTC")
    ada = small.submit(small.answered())
    names = ["ada", "o'neill; drop table student", "Zoë Ünal"]
    grade_all(small, *(dataclasses.replace(ada, student=name) for name in names))
    with gradebook(small) as opened:
        assert sorted(student.id for student in opened.students) == sorted(names)
        for name in names:
            submission = opened.find_submission("small", name)
            assert (submission.score, submission.max_score, submission.needs_manual_grade) == (3.0, 6.0, True)
            assert submission.timestamp == datetime.datetime(2026, 3, 1, 11, 30)
    assert scores(small) == {"double": (3.0, None, False), "why": (None, None, True), "draw": (None, None, True)}


def test_grading_again_replaces_scores_and_adds_no_rows(small):
    submission = small.submit(small.answered())
    grade_all(small, submission, auto=1.0)
    grade_all(small, submission, auto=2.5)
    assert scores(small)["double"] == (2.5, None, False)
    with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
        for table, rows in (("student", 1), ("submitted_assignment", 1), ("grade", 3), ("comment", 3)):
            assert database.execute(f"select count(*) from {table}").fetchone() == (rows,)


def test_a_score_given_by_a_person_survives_and_is_flagged_for_review(small):
    submission = small.submit(small.answered())
    grade_all(small, submission, auto=1.0)
    change(small, cell="why", manual_score=2.0, needs_manual_grade=False)
    change(small, cell="double", manual_score=3.0, extra_credit=0.5, needs_manual_grade=False)
    grade_all(small, submission, auto=0.0)
    assert scores(small) == {"double": (0.0, 3.0, True), "why": (None, 2.0, True), "draw": (None, None, True)}
    with gradebook(small) as opened:
        assert opened.find_submission("small", "ada").score == 5.5


def test_an_answer_left_as_released_is_commented_as_nbgrader_does(small):
    grade_all(small, small.submit(small.released()), auto=0.0, by_hand=0.0)
    assert comments(small) == {"double_answer": "No response.", "why": "No response.", "draw": None}
    assert scores(small)["why"] == (0.0, None, False)
    grade_all(small, small.submit(small.answered()))
    assert comments(small) == {"double_answer": None, "why": None, "draw": None}


def test_a_comment_written_by_a_person_survives(small):
    submission = small.submit(small.released())
    grade_all(small, submission)
    with gradebook(small) as opened:
        opened.find_comment("why", "small", "small", "ada").manual_comment = "Well tried."
        opened.db.commit()
    grade_all(small, submission)
    assert comments(small)["why"] == "Well tried."


def test_an_unreadable_submission_has_its_zeros(small):
    grade_all(small, small.submit(b"PK\x03\x04"), auto=0.0, by_hand=0.0)
    assert set(scores(small).values()) == {(0.0, None, False)}


def test_a_notebook_not_handed_in_has_zeros_and_needs_nobody(small):
    submission = dataclasses.replace(small.submit(small.answered()), notebooks=())
    grade_all(small, submission)
    assert set(scores(small).values()) == {(0.0, None, False)}


def test_one_fault_writes_nothing_of_the_batch(small):
    ada = small.submit(small.answered())
    bob = dataclasses.replace(ada, student="bob", timestamp="no date at all")
    with pytest.raises(ValueError, match="date"):
        grade_all(small, ada, bob)
    with gradebook(small) as opened:
        assert opened.students == []


# Late


def test_without_a_due_date_nothing_is_late(small):
    grade_all(small, late(small, days=1000))
    with gradebook(small) as opened:
        assert opened.find_submission("small", "ada").late_submission_penalty == 0


def test_nbgrader_s_late_penalty_applies_and_an_extension_lifts_it(small):
    small.config("c.LateSubmissionPlugin.penalty_method = 'zero'")
    ensure_assignment(small.course, small.assignment)
    change(small, duedate="2026-03-01 00:00:00 UTC")
    grade_all(small, late(small, days=2))
    with gradebook(small) as opened:
        assert opened.find_submission("small", "ada").late_submission_penalty == 3.0
        opened.grant_extension("small", "ada", days=3)
    grade_all(small, small.read())
    with gradebook(small) as opened:
        assert opened.find_submission("small", "ada").late_submission_penalty == 0


PLUGIN = """
from nbgrader.plugins import BasePlugin

class HalfAPointADay(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 86400 / 2
"""


def test_a_course_s_own_late_penalty_applies_within_the_score(small):
    (small.root / "late_rule_of_this_course.py").write_text(PLUGIN)
    small.config("c.AssignLatePenalties.plugin_class = 'late_rule_of_this_course.HalfAPointADay'")
    ensure_assignment(small.course, small.assignment)
    change(small, duedate="2026-03-01 00:00:00 UTC")
    for days, penalty in ((2, 1.0), (100, 3.0)):
        grade_all(small, late(small, days))
        with gradebook(small) as opened:
            assert opened.find_submission("small", "ada").late_submission_penalty == penalty


def test_a_late_rule_that_fails_is_the_course_s_fault(small):
    (small.root / "failing_rule_of_this_course.py").write_text(PLUGIN.replace("return", "raise KeyError(0) #"))
    small.config("c.AssignLatePenalties.plugin_class = 'failing_rule_of_this_course.HalfAPointADay'")
    ensure_assignment(small.course, small.assignment)
    change(small, duedate="2026-03-01 00:00:00 UTC")
    with pytest.raises(CourseError, match="late penalties failed: KeyError"):
        grade_all(small, late(small, days=1))


# The database


def test_a_class_of_fifty_takes_a_few_milliseconds_each(small):
    submission = small.submit(small.answered())
    pairs = [(dataclasses.replace(submission, student=f"student-{number}"),) * 2 for number in range(50)]
    ensure_assignment(small.course, small.assignment)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        record(small.course, small.assignment, [(each, grade(each)) for each, _ in pairs])
        times.append((time.perf_counter() - start) / 50)
    assert min(times) < 0.02  # measured: 2 to 4 ms; the margin is for a machine that is busy


def test_what_the_formgrader_asks_of_a_class_is_found_by_indexes(small):
    """Its tables alone have none for it, and it would read them whole for each student."""
    grade_all(small, small.submit(small.answered()))
    asked = []
    with gradebook(small) as opened:
        from sqlalchemy import event

        @event.listens_for(opened.engine, "before_cursor_execute")
        def note(connection, cursor, statement, parameters, context, many):
            asked.append((statement, parameters))

        opened.submission_dicts("small")
        opened.notebook_submission_dicts("small", "small")
        with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
            plans = [row[3] for each in asked for row in database.execute(f"explain query plan {each[0]}", each[1])]
    assert any("INDEX ix_submitted_notebook_assignment_id" in plan for plan in plans)
    assert any("INDEX ix_grade_notebook_id" in plan for plan in plans)


@pytest.mark.parametrize(
    "work",
    [
        ("begin exclusive", "rollback"),
        # Who grades another assignment adds the same student.
        ("begin immediate", "insert into student (id) values ('ada')", "commit"),
    ],
)
def test_a_gradebook_that_is_being_written_is_waited_for(small, work):
    submission = small.submit(small.answered())
    ensure_assignment(small.course, small.assignment)
    database = sqlite3.connect(small.root / "gradebook.db", check_same_thread=False, isolation_level=None)
    *begin, end = work
    for statement in begin:
        database.execute(statement)
    timer = threading.Timer(0.5, lambda: database.execute(end))
    timer.start()
    grade_all(small, submission)
    timer.join()
    database.close()
    assert scores(small)["double"] == (3.0, None, False)


def test_all_that_make_the_gradebook_at_once_succeed(small):
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(_make_database, f"sqlite:///{small.root}/gradebook.db") for _ in range(8)]:
            done.result()
    grade_all(small, small.submit(small.answered()))
    assert scores(small)["double"] == (3.0, None, False)


def test_a_gradebook_is_made_whole_or_not_at_all(small, monkeypatch):
    def fails(*_: Any) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.runtime.migration.MigrationContext.stamp", fails)
        with pytest.raises(OSError, match="no room"):
            ensure_assignment(small.course, small.assignment)
    with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
        assert database.execute("select name from sqlite_master").fetchall() == []
    ensure_assignment(small.course, small.assignment)
    with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
        assert len(database.execute("select version_num from alembic_version").fetchall()) == 1


def test_a_gradebook_that_cannot_be_used_is_named(small):
    (small.root / "gradebook.db").write_text("this is no database, and it is long enough to be looked at")
    with pytest.raises(AutograderError, match=r"gradebook\.db: the gradebook cannot be used: file is not a database"):
        ensure_assignment(small.course, small.assignment)


def test_an_older_gradebook_is_sent_to_nbgrader_s_upgrade(small):
    grade_all(small, small.submit(small.answered()))
    with contextlib.closing(sqlite3.connect(small.root / "gradebook.db")) as database:
        database.execute("alter table submitted_notebook drop column late_submission_penalty")
    with pytest.raises(AutograderError, match="nbgrader db upgrade"):
        grade_all(small, small.read())


def test_another_place_for_the_gradebook_is_used(small):
    small.config(f"c.CourseDirectory.db_url = 'sqlite:///{small.root}/elsewhere.db'")
    grade_all(small, small.submit(small.answered()))
    assert not (small.root / "gradebook.db").exists()
    assert (small.root / "elsewhere.db").exists()


# nbgrader goes on from there


def test_nbgrader_makes_feedback_and_exports_from_what_was_written(small):
    from nbgrader.converters import GenerateFeedback
    from nbgrader.plugins import CsvExportPlugin

    small.config("c.CourseDirectory.course_id = 'demo'", "c.CourseDirectory.assignment_id = 'small'")
    submission = small.submit(small.answered())
    grade_all(small, submission, by_hand=0.5)
    place = small.course.path("autograded", "small", "ada")
    place.mkdir(parents=True)
    (place / "small.ipynb").write_text(submission.notebooks[0].notebook)
    course = load_course(small.root)
    GenerateFeedback(coursedir=course.directory, config=course.config).start()
    page = (small.root / "feedback" / "ada" / "small" / "small.html").read_text()
    assert "small (Score: 4.0 / 6.0)" in page
    with gradebook(small) as opened:
        CsvExportPlugin(to=str(small.root / "grades.csv")).export(opened)
    row = next(csv.DictReader((small.root / "grades.csv").read_text().splitlines()))
    assert (row["student_id"], row["score"], row["max_score"]) == ("ada", "4.0", "6.0")
