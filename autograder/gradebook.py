"""nbgrader's gradebook: what the assignment asks, and what the submissions earned.

nbgrader's own library makes the database, its tables and the entries of an assignment, and decides on late penalties.
Scores are written by the rules of its `SaveAutoGrades`, many submissions in one transaction: nbgrader itself opens the
database and commits for every single cell, which takes longer than grading does.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import logging
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from autograder.course import Assignment, Course
from autograder.records import AutograderError, CourseError, Grade
from autograder.submissions import Submission

NO_RESPONSE = "No response."
LOCK_ATTEMPTS = 4
INDEXES = {"submitted_notebook": "assignment_id", "grade": "notebook_id", "comment": "notebook_id"}

Result = TypeVar("Result")


def import_early() -> None:
    """Import what a gradebook needs, a sixth of a second, while there is nothing else to do."""
    for name in ("alembic.runtime.migration", "alembic.script", "nbgrader.preprocessors", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)
    importlib.import_module("sqlalchemy.orm").configure_mappers()


def ensure_assignment(course: Course, assignment: Assignment) -> None:
    """Makes the gradebook know the assignment, its notebooks and cells. Does nothing when it does already.

    Raises CourseError when cells came or went since submissions were graded, which nbgrader cannot represent.
    """
    _patiently(course, lambda: _ensure_assignment(course, assignment))


def _ensure_assignment(course: Course, assignment: Assignment) -> None:
    import nbformat
    from nbgrader.preprocessors import SaveCells  # type: ignore[import-untyped] # nbgrader has no types

    remedy = "take the change back, or remove the assignment with `nbgrader db assignment remove` and grade it anew"
    recorded = {source.name: nbformat.from_dict(json.loads(source.recorded)) for source in assignment.notebooks}  # type: ignore[no-untyped-call] # untyped there
    with _opened(course) as gradebook:
        _index(gradebook)
        if _known_cells(gradebook, assignment.id) == {name: _cells(notebook) for name, notebook in recorded.items()}:
            return
        entry = gradebook.update_or_create_assignment(assignment.id)
        for name in {notebook.name for notebook in entry.notebooks} - set(recorded):
            if entry.submissions:
                where = course.path("source", assignment.id)
                raise CourseError(f"{where}: the notebook '{name}' is gone, but has been graded; {remedy}")
            gradebook.remove_notebook(name, assignment.id)
    for name, notebook in recorded.items():
        resources = {"nbgrader": {"notebook": name, "assignment": assignment.id, "db_url": course.db_url}}
        try:
            SaveCells(config=course.config).preprocess(notebook, resources)
        except RuntimeError as error:
            where = course.path("source", assignment.id) / f"{name}.ipynb"
            raise CourseError(f"{where}: {error}; {remedy}") from None


def record(course: Course, assignment: Assignment, pairs: Sequence[tuple[Submission, Grade]]) -> None:
    """Writes the grades of many submissions in one transaction: all of them, or none.

    Scores that a person gave survive, and are flagged for review as nbgrader does. Students are added when they are
    new. The gradebook must know the assignment (`ensure_assignment`).
    """

    def write() -> None:
        with _opened(course) as gradebook:
            _record(gradebook, course, assignment, pairs)
            gradebook.db.commit()

    _patiently(course, write)


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Any]:
    """nbgrader's `Gradebook` of the course, made if there is none. Raises AutograderError when it cannot be used."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _opened(course) as gradebook:
            yield gradebook
    except SQLAlchemyError as error:
        raise _unusable(course, error) from error


@contextlib.contextmanager
def _opened(course: Course) -> Iterator[Any]:
    from nbgrader.api import Gradebook  # type: ignore[import-untyped] # nbgrader has no types

    _make_database(course.db_url)
    # nbgrader prints the traceback of what it raises; ours is a sentence.
    log = logging.getLogger("tornado.application")
    silent, log.disabled = log.disabled, True
    try:
        # What is left open when something is raised is rolled back.
        with Gradebook(course.db_url, course.name) as gradebook:
            yield gradebook
    finally:
        log.disabled = silent


def _patiently(course: Course, work: Callable[[], Result]) -> Result:
    """What `work` returns, which is done again when another program has the database, or the connection was lost.

    It is one transaction, and writes the same when it is done twice.
    """
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

    for attempt in itertools.count(1):
        try:
            return work()
        except (SQLAlchemyError, InvalidEntry) as raised:
            # nbgrader raises its own in place of some of the database's.
            error = raised.__context__ if isinstance(raised, InvalidEntry) else raised
            if not isinstance(error, SQLAlchemyError):
                raise
            # The formgrader writes too, and briefly; a server may be started anew. And who grades another assignment
            # may have added the same students, or made the tables, since this looked for them.
            passing = (
                isinstance(error, IntegrityError)
                or any(sentence in str(error) for sentence in ("database is locked", "already exists"))
                or (isinstance(error, DBAPIError) and (error.connection_invalidated or _lost(error)))
            )
            if not passing or attempt == LOCK_ATTEMPTS:
                raise _unusable(course, error) from error
            time.sleep(1)
    raise AssertionError


def _lost(error: Any) -> bool:
    """Whether a connection to a server could not be made or was lost, or it chose this one to end a deadlock."""
    kinds = type(error.orig).__mro__
    return any(kind.__name__ == "OperationalError" and kind.__module__.startswith("psycopg") for kind in kinds)


def _unusable(course: Course, error: Exception) -> AutograderError:
    from sqlalchemy.engine import make_url

    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    advice = "; `nbgrader db upgrade` brings an older gradebook up to date" if "no such column" in reason else ""
    place = make_url(course.db_url).render_as_string(hide_password=True)
    return AutograderError(f"{place}: the gradebook cannot be used: {reason}{advice}")


def _make_database(db_url: str) -> None:
    """An empty gradebook where there is none. nbgrader can, but starts a program for it that takes seconds."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from nbgrader.api import Base
    from nbgrader.dbutil import ALEMBIC_DIR  # type: ignore[import-untyped] # nbgrader has no types
    from sqlalchemy import create_engine, inspect

    engine = create_engine(db_url)
    try:
        with engine.connect() as connection:
            if inspect(connection).get_table_names():
                return
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                # Its driver begins no transaction by itself to make tables in: all of them or none.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            if not inspect(connection).get_table_names():
                Base.metadata.create_all(connection)
                MigrationContext.configure(connection).stamp(ScriptDirectory(ALEMBIC_DIR), "head")
    finally:
        engine.dispose()


def _index(gradebook: Any) -> None:
    """Give the tables the indexes by which their rows are looked for.

    nbgrader makes none of them. Without, its formgrader's list of a class takes the square of its size: minutes for ten
    thousand, and not two seconds with them.
    """
    from sqlalchemy import inspect, text
    from sqlalchemy.exc import SQLAlchemyError

    known = inspect(gradebook.engine)
    for table, column in INDEXES.items():
        name = f"ix_{table}_{column}"
        if name not in {index["name"] for index in known.get_indexes(table)}:
            try:
                gradebook.db.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})"))
                gradebook.db.commit()
            except SQLAlchemyError:  # whose user may not, say, does without
                gradebook.db.rollback()


def _cells(notebook: Any) -> dict[str, tuple[Any, ...]]:
    """What SaveCells saves of a notebook, by grade_id."""
    from nbgrader.utils import is_grade, is_locked, is_solution, is_task  # type: ignore[import-untyped] # no types

    found = {}
    for cell in notebook.cells:
        roles = (bool(is_grade(cell)), bool(is_solution(cell)), bool(is_task(cell)))
        if any(roles) or is_locked(cell):
            meta = cell.metadata.nbgrader
            points = float(meta.points) if roles[0] or roles[2] else None
            checksum = meta.get("checksum")
            found[meta.grade_id] = (*roles, points, cell.cell_type, bool(is_locked(cell)), cell.source, checksum)
    return found


def _known_cells(gradebook: Any, assignment: str) -> dict[str, dict[str, tuple[Any, ...]]] | None:
    """What the gradebook knows of each notebook, in the form of `_cells`."""
    from nbgrader.api import MissingEntry

    try:
        entry = gradebook.find_assignment(assignment)
    except MissingEntry:
        return None
    known: dict[str, dict[str, tuple[Any, ...]]] = {}
    for notebook in entry.notebooks:
        graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
        tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
        answers = {cell.name for cell in notebook.solution_cells}
        known[notebook.name] = {}
        for cell in notebook.source_cells:
            roles = (cell.name in graded, cell.name in answers, cell.name in tasks)
            points = graded.get(cell.name, tasks.get(cell.name))
            text = (cell.cell_type, cell.locked, cell.source, cell.checksum)
            known[notebook.name][cell.name] = (*roles, points, *text)
    return known


def _record(gradebook: Any, course: Course, assignment: Assignment, pairs: Sequence[tuple[Submission, Grade]]) -> None:
    from nbgrader import api  # type: ignore[import-untyped] # nbgrader has no types
    from nbgrader.utils import parse_utc

    db, entry = gradebook.db, gradebook.find_assignment(assignment.id)
    ids = sorted({submission.student for submission, _ in pairs})
    known = {id_ for (id_,) in db.query(api.Student.id).filter(api.Student.id.in_(ids))}
    db.add_all([api.Student(id=id_) for id_ in ids if id_ not in known])
    db.flush()

    query = db.query(api.SubmittedAssignment).filter_by(assignment_id=entry.id)
    handed_in = {each.student_id: each for each in query.filter(api.SubmittedAssignment.student_id.in_(ids))}
    rows = _Rows(db, api, [each.id for each in handed_in.values()])
    for submission, _ in pairs:
        if submission.student not in handed_in:
            new = api.SubmittedAssignment(id=api.new_uuid(), assignment_id=entry.id, student_id=submission.student)
            handed_in[submission.student] = new
            db.add(new)
        if submission.timestamp:
            handed_in[submission.student].timestamp = parse_utc(submission.timestamp)
    db.flush()

    cells = {notebook.id: _roles(notebook) for notebook in entry.notebooks}
    for submission, _ in pairs:
        for notebook in cells:
            rows.notebook(handed_in[submission.student].id, notebook).late_submission_penalty = None
    db.flush()

    names = {notebook.id: notebook.name for notebook in entry.notebooks}
    for submission, grade in pairs:
        given = {question.id: question.score for question in grade.questions}
        scores = {(each.notebook, each.grade_id): given.get(each.id, 0.0) for each in assignment.questions}
        found = {notebook.name: notebook for notebook in submission.notebooks}
        for notebook, (graded, answers) in cells.items():
            place = rows.notebook(handed_in[submission.student].id, notebook).id
            submitted = found.get(names[notebook])
            for cell, name in graded:
                score = scores.get((names[notebook], name), 0.0) if submitted else 0.0
                _score(rows.grade(place, cell), score, bool(submitted))
            for cell, name in answers:
                unanswered = submitted is not None and name in submitted.unanswered
                rows.comment(place, cell).auto_comment = NO_RESPONSE if unanswered else None
    db.flush()
    if entry.duedate is not None:
        _penalise(db, course, [handed_in[id_] for id_ in ids])


def _score(grade: Any, score: float | None, submitted: bool) -> None:
    """The rule of nbgrader's SaveAutoGrades; a notebook that was not handed in gets its zeros without a review."""
    grade.auto_score = score
    grade.needs_manual_grade = submitted and (grade.manual_score is not None or score is None)


def _roles(notebook: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The cells of a notebook that have a grade, and those that have a comment, as (id, name)."""
    graded = [(cell.id, cell.name) for cell in (*notebook.grade_cells, *notebook.task_cells)]
    answers = [(cell.id, cell.name) for cell in (*notebook.solution_cells, *notebook.task_cells)]
    return graded, answers


class _Rows:
    """The rows below some submissions, read at once; one that is missing is made."""

    def __init__(self, db: Any, api: Any, submissions: list[str]) -> None:
        self._db, self._api = db, api
        self._rows: dict[tuple[Any, str, str], Any] = {}
        notebooks = db.query(api.SubmittedNotebook).filter(api.SubmittedNotebook.assignment_id.in_(submissions)).all()
        for row in notebooks:
            self._rows[api.SubmittedNotebook, row.assignment_id, row.notebook_id] = row
        for model in (api.Grade, api.Comment):
            for row in db.query(model).filter(model.notebook_id.in_([notebook.id for notebook in notebooks])):
                self._rows[model, row.notebook_id, row.cell_id] = row

    def notebook(self, submission: str, notebook: str) -> Any:
        return self._row(self._api.SubmittedNotebook, submission, notebook, "assignment_id", "notebook_id")

    def grade(self, notebook: str, cell: str) -> Any:
        return self._row(self._api.Grade, notebook, cell, "notebook_id", "cell_id")

    def comment(self, notebook: str, cell: str) -> Any:
        return self._row(self._api.Comment, notebook, cell, "notebook_id", "cell_id")

    def _row(self, model: Any, above: str, of: str, *columns: str) -> Any:
        key = (model, above, of)
        if key not in self._rows:
            self._rows[key] = model(id=self._api.new_uuid(), **dict(zip(columns, (above, of), strict=True)))
            self._db.add(self._rows[key])
        return self._rows[key]


def _penalise(db: Any, course: Course, submissions: list[Any]) -> None:
    """Late penalties, as the course's plugin for nbgrader's AssignLatePenalties says."""
    from nbgrader.preprocessors import AssignLatePenalties

    late = [submission for submission in submissions if submission.total_seconds_late > 0]
    if not late:
        return
    sys.path.insert(0, str(course.root))  # nbgrader looks for the course's plugins there
    try:
        penalties = AssignLatePenalties(config=course.config)
        penalties.init_plugin()
        for submission in late:
            for notebook in submission.notebooks:
                score, seconds = notebook.score, submission.total_seconds_late
                penalty = penalties.plugin_inst.late_submission_penalty(submission.student_id, score, seconds)
                if penalty is not None:
                    notebook.late_submission_penalty = penalties._check_late_penalty(notebook, penalty)
    except Exception as error:
        raise CourseError(
            f"{course.root}: the plugin for late penalties failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(course.root))


def _file(course: Course) -> Path | None:
    """The gradebook's file; None when it is on a server."""
    path = course.db_url.removeprefix("sqlite:///")
    return Path(path) if path != course.db_url else None


def is_free(course: Course) -> bool:
    """Whether no other program has the gradebook, as far as that can be seen at once."""
    file = _file(course)
    if file is None or not file.exists():
        return True
    with contextlib.closing(sqlite3.connect(file, timeout=0.5)) as database:
        try:
            database.execute("begin immediate")
            database.rollback()
        except sqlite3.Error:
            return False
    return True


def graded_students(course: Course, assignment: Assignment) -> frozenset[str]:
    """The students of whom the gradebook has a submission of the assignment."""
    from nbgrader import api

    file = _file(course)
    if file is not None and not file.exists():
        return frozenset()

    def read() -> frozenset[str]:
        with _opened(course) as gradebook:
            query = gradebook.db.query(api.SubmittedAssignment.student_id).join(
                api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id
            )
            return frozenset(student for (student,) in query.filter(api.Assignment.name == assignment.id))

    return _patiently(course, read)


def late_penalties(course: Course, assignment: Assignment) -> dict[str, float]:
    """The points that each student loses for being late, by nbgrader's plug-in, where that is not zero."""
    with open_gradebook(course) as gradebook:
        penalties = {
            submission.student.id: sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks)
            for submission in gradebook.assignment_submissions(assignment.id)
        }
    return {student: penalty for student, penalty in penalties.items() if penalty}


def hand_grades(course: Course, assignment: Assignment) -> dict[str, dict[str, tuple[float | None, str]]]:
    """What people gave and wrote: student -> question -> (score, or None where nobody gave one; comment, or "")."""
    given: dict[str, dict[str, tuple[float | None, str]]] = {}
    ids = {(question.notebook, question.grade_id): question.id for question in assignment.questions}
    with open_gradebook(course) as gradebook:
        for submission in gradebook.assignment_submissions(assignment.id):
            entries = given.setdefault(submission.student.id, {})
            for notebook in submission.notebooks:
                for comment in notebook.comments:
                    entries[ids.get((notebook.name, comment.name), comment.name)] = (None, comment.comment or "")
                for grade in notebook.grades:
                    if grade.manual_score is not None or grade.extra_credit:
                        score = grade.manual_score if grade.manual_score is not None else grade.auto_score or 0.0
                        id_ = ids.get((notebook.name, grade.name), grade.name)
                        entries[id_] = (score + (grade.extra_credit or 0.0), entries.get(id_, (None, ""))[1])
    return given
