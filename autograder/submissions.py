"""Submissions: `submitted/` found, read once, and turned into values.

A submitted folder is a stranger's. Only regular files are opened, never through a link, and never more of them than
the limits allow. What cannot be read is a `Submission` too, with the reason in words: nothing here raises for what a
student handed in.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Assignment, Course, names_in
from autograder.folders import Refused, open_folder, read_file, read_tree, reason_for, shown
from autograder.records import CourseError
from autograder.repair import UnreadableError
from autograder.restore import placeholder, restore
from autograder.sources import SourceNotebook

TIMESTAMP = "timestamp.txt"
MAX_FILE = 100_000_000
"""Bytes of a notebook as it was submitted, outputs and all."""


@dataclass(frozen=True)
class SubmittedNotebook:
    """One notebook of a submission.

    `path` is where it was found, relative to the submission's folder, and `sha256` that of the bytes found there; they
    are empty where nothing was. `notebook` is JSON text, restored against the source and ready to run; of a notebook
    that could not be read, the released one with the reason at its top. `unanswered` are the grade_ids of answers
    that are still as released.
    """

    name: str
    path: str
    sha256: str
    notebook: str = field(repr=False)
    notes: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment. A value: it can be pickled and sent to a worker.

    `files` are those beside the notebooks that the run may have, the course's own not among them. `timestamp` is what
    nbgrader's timestamp.txt says. `unreadable` is empty, or says why nothing can be graded. `notes` are sentences for
    the student, `attention` for whoever grades. `fingerprint` changes when anything changes that was read.
    """

    student: str
    assignment: str
    notebooks: tuple[SubmittedNotebook, ...]
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    timestamp: str | None = None
    unreadable: str = ""
    attention: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""


def find_students(course: Course, assignment: Assignment) -> list[str]:
    """The students who have something at the place of a submission of `assignment`, sorted.

    Raises CourseError for a folder whose name no gradebook could hold.
    """
    excluded = course.directory.student_id_exclude.split(",")
    students = []
    for student, place in names_in(str(course.path("submitted", assignment.id, "\0"))):
        if not student.isprintable():
            raise CourseError(f"{str(place)!a}: the folder's name has characters that a student's id cannot have")
        if student not in excluded:
            students.append(student)
    return students


def read_submission(course: Course, assignment: Assignment, student: str, folder: Path | None = None) -> Submission:
    """What `student` handed in, read, repaired and restored. Never raises for what is in it.

    It is read from `folder`, or from the place in the course's layout.
    """
    try:
        handle = open_folder(folder or course.path("submitted", assignment.id, student))
    except (Refused, OSError) as error:
        return _unread(assignment, student, f"The submission cannot be graded: {reason_for(error)}.")
    try:
        return _read(course, assignment, student, handle)
    except OSError as error:
        return _unread(assignment, student, f"The submission cannot be graded: {reason_for(error)}.")
    finally:
        os.close(handle)


def read_notebook(assignment: Assignment, path: Path | str, student: str = "") -> Submission:
    """The file at `path` as if `student` had submitted it, without the files beside it."""
    path = Path(path).resolve()
    source = next((each for each in assignment.notebooks if each.name == path.stem), assignment.notebooks[0])
    digest = hashlib.sha256()
    notebook, refused = _notebook(assignment, source, None, str(path), digest)
    submission = Submission(student, assignment.id, (notebook,), unreadable=refused, notes=notebook.notes)
    return _finished(submission, digest)


def files_beside(assignment: Assignment, submission: Submission) -> tuple[tuple[str, bytes], ...]:
    """The files beside the notebooks: the course's, and what the submission may bring.

    Reading left out of the submission what the course does not let students replace, so what is there counts.
    """
    return tuple({**dict(assignment.files), **dict(submission.files)}.items())


def _read(course: Course, assignment: Assignment, student: str, handle: int) -> Submission:
    names = sorted(os.listdir(handle))
    digest = hashlib.sha256()
    attention: list[str] = []
    chosen, notes, reason = _choose(assignment, handle, names)
    if reason:
        return _unread(assignment, student, reason)
    notebooks = []
    refusals = []
    for source, name in chosen:
        notebook, refused = _notebook(assignment, source, handle, name, digest)
        notebooks.append(notebook)
        notes += [f"{source.name}: {note}" if len(chosen) > 1 else note for note in notebook.notes]
        refusals += [refused] if refused else []
    if len(refusals) == len(chosen):
        reason = " ".join(refusals)
    else:
        attention += refusals
    timestamp = _timestamp(handle, names, attention)
    files: tuple[tuple[str, bytes], ...] = ()
    if not reason:
        files = _files(course, assignment, handle, notes, attention)
    for path, data in (*files, (TIMESTAMP, (timestamp or "").encode())):
        digest.update(f"{path} {len(data)} ".encode() + data)
    submission = Submission(
        student=student,
        assignment=assignment.id,
        notebooks=tuple(notebooks),
        files=files,
        timestamp=timestamp,
        unreadable=reason,
        attention=tuple(attention),
        notes=tuple(notes),
    )
    return _finished(submission, digest)


def _unread(assignment: Assignment, student: str, reason: str) -> Submission:
    notebooks = tuple(
        SubmittedNotebook(source.name, "", "", placeholder(source, reason)) for source in assignment.notebooks
    )
    return _finished(Submission(student, assignment.id, notebooks, unreadable=reason), hashlib.sha256())


def _finished(submission: Submission, digest: hashlib._Hash) -> Submission:
    digest.update(repr((submission.unreadable, submission.attention, submission.notes)).encode())
    return dataclasses.replace(submission, fingerprint=digest.hexdigest())


def _choose(
    assignment: Assignment, handle: int, names: list[str]
) -> tuple[list[tuple[SourceNotebook, str]], list[str], str]:
    """Which file is which notebook; notes for the student; and why none is, if none is."""
    found = [name for name in names if name.lower().endswith(".ipynb") and not name.startswith(".")]
    wanted = {f"{source.name}.ipynb": source for source in assignment.notebooks}
    chosen = {name: name for name in wanted if name in found}
    for name in wanted:
        alike = [other for other in found if _folded(other) == _folded(name) and other not in chosen.values()]
        if name not in chosen and len(alike) == 1:
            chosen[name] = alike[0]
    missing = [name for name in wanted if name not in chosen]
    others = [name for name in found if name not in chosen.values()]
    regular = [name for name in others if _is_regular(handle, name)] or others
    if len(missing) == len(regular) == 1:
        chosen[missing.pop()] = regular[0]
        others.remove(regular[0])
    if not chosen:
        expected = " or ".join(wanted)
        if not found:
            return [], [], "The submission cannot be graded: there is no notebook in it."
        return [], [], f"The submission cannot be graded: it has {len(found)} notebooks and none is called {expected}."
    notes = [
        f"The notebook was found as {shown(name)} and read as {wanted_name}."
        for wanted_name, name in chosen.items()
        if wanted_name != name
    ]
    notes += [f"There is no {name} in the submission." for name in missing]
    if others:
        notes.append(f"Other notebooks were left aside: {', '.join(map(shown, others[:5]))}.")
    return [(source, chosen[name]) for name, source in wanted.items() if name in chosen], notes, ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_regular(handle: int, name: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _notebook(
    assignment: Assignment, source: SourceNotebook, handle: int | None, name: str, digest: hashlib._Hash
) -> tuple[SubmittedNotebook, str]:
    """The notebook in the file `name`, and why it cannot be graded if it cannot."""
    path, sha256 = shown(os.path.basename(name)), ""
    try:
        data = read_file(handle, name, MAX_FILE)
        sha256 = hashlib.sha256(data).hexdigest()
        digest.update(f"{source.name} {path} {sha256} ".encode())
        restored = restore(source, data, hidden_tests=assignment.checks is None)
    except (Refused, UnreadableError, OSError) as error:
        reason = f"{path} cannot be graded: {reason_for(error)}."
        return SubmittedNotebook(source.name, path, sha256, placeholder(source, reason)), reason
    return SubmittedNotebook(source.name, path, sha256, restored.notebook, restored.notes, restored.unanswered), ""


def _timestamp(handle: int, names: list[str], attention: list[str]) -> str | None:
    """What timestamp.txt says, if it is a date that nbgrader can read."""
    from nbgrader.utils import parse_utc  # type: ignore[import-untyped] # nbgrader has no types

    if TIMESTAMP not in names:
        return None
    try:
        text = read_file(handle, TIMESTAMP, 1000).decode().strip()
        if text:
            parse_utc(text)
    except (Refused, OSError, ValueError, OverflowError, TypeError) as error:
        reason = reason_for(error) if isinstance(error, (Refused, OSError)) else "it is not a date"
        attention.append(f"When it was handed in is not known: {TIMESTAMP} was not read, {reason}.")
        return None
    return text or None


def _files(
    course: Course, assignment: Assignment, handle: int, notes: list[str], attention: list[str]
) -> tuple[tuple[str, bytes], ...]:
    """The files beside the notebooks that a submission may bring: none of the course's, and none of the grader's."""
    ours = dict(assignment.files)
    allowed = course.config.Autograde.get("exclude_overwriting", {}).get(assignment.id, [])
    folders = {str(parent) for path in ours for parent in Path(path).parents}
    tree = read_tree(handle, course.directory.ignore, assignment.limits.files_mb * 2**20)
    files = []
    replaced = []
    for path, data in tree.files:
        if path in ours and path not in allowed:
            replaced += [path] if data != ours[path] else []
        elif path in folders or any(str(parent) in ours for parent in Path(path).parents):
            replaced.append(path)
        else:
            files.append((path, data))
    if replaced:
        notes.append(f"The course's own files were used in place of {', '.join(map(shown, replaced[:5]))}.")
    for reason, paths in tree.left_out.items():
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        sentence = f"Left out, because {reason}: {', '.join(map(shown, paths[:5]))}{more}."
        (attention if reason in tree.limits else notes).append(sentence)
    return tuple(files)
