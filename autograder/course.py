"""The course: its configuration, and what its source notebooks ask and what that is worth.

Reads `course_config.py` (or nbgrader's own `nbgrader_config.py`) and `source/`; writes nothing but the course's secret.
What is wrong with a course is a `CourseError` that names the file and, where there is one, the cell or the key.
nbgrader is imported where it is needed, not at the top: it takes a second, and a worker that only receives
an `Assignment` does without.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from traitlets import Dict, Float, Integer, List, TraitError, Unicode
from traitlets.config import Config, Configurable
from traitlets.config.loader import PyFileConfigLoader

from autograder.records import CourseError, Limits
from autograder.sources import Question, SourceNotebook, read_source

if TYPE_CHECKING:
    from nbgrader.coursedir import CourseDirectory  # type: ignore[import-untyped] # nbgrader has no types

__all__ = [
    "Assignment",
    "Autograder",
    "Course",
    "Limits",
    "Question",
    "SourceNotebook",
    "load_assignment",
    "load_course",
]

CONFIG_FILES = ("nbgrader_config.py", "course_config.py")
SECRET_FILE = ".secret"

Step = Literal["source", "release", "submitted", "autograded", "feedback"]


LIMITS = tuple(f.name for f in dataclasses.fields(Limits))


class Autograder(Configurable):
    """The options of ours in `course_config.py`; all others are nbgrader's."""

    cell_seconds = Float(Limits.cell_seconds, help="Longest time for one cell, by the wall clock.").tag(config=True)
    call_seconds = Float(Limits.call_seconds, help="Longest time for one call made by a check.").tag(config=True)
    submission_seconds = Float(Limits.submission_seconds, help="Longest time for a submission.").tag(config=True)
    memory_mb = Integer(Limits.memory_mb, help="MiB of memory above the warm process.").tag(config=True)
    processes = Integer(Limits.processes, help="Processes and threads of one submission.").tag(config=True)
    files_mb = Integer(Limits.files_mb, help="MiB of files that a submission may write.").tag(config=True)
    output_bytes = Integer(Limits.output_bytes, help="Bytes of output kept of one cell.").tag(config=True)
    value_bytes = Integer(Limits.value_bytes, help="Bytes of one value that a call returns.").tag(config=True)
    minimum_sandbox = List(Unicode(), help="Layers of the sandbox without which nothing is graded.").tag(config=True)
    secret = Unicode("", help=f"Seeds the checks' inputs. Without it the file {SECRET_FILE} is used.").tag(config=True)
    assignments = Dict(help='Limits of single assignments: {"softmax": {"cell_seconds": 20}}.').tag(config=True)


@dataclass(frozen=True)
class Assignment:
    """What is asked and what it is worth. A value: it can be pickled and sent to a worker without a shared disk.

    `questions` stand in the order of the notebooks. `checks` is the folder of hidden checks, if there is one. `files`
    are the other files of `source/<id>`, by their path relative to it.
    """

    course: str
    id: str
    notebooks: tuple[SourceNotebook, ...]
    questions: tuple[Question, ...]
    limits: Limits
    root: Path
    checks: Path | None
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    minimum_sandbox: tuple[str, ...] = ()

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with what submissions are graded by: notebooks, files, checks, and references of the same name."""
        digest = hashlib.sha256(repr([source.source for source in self.notebooks]).encode())
        found = [self.root / "solutions" / f"{self.id.replace('-', '_')}.py"]
        if self.checks is not None:
            found += [path for path in files_below(self.checks) if path.suffix != ".toml"]  # what `verify` goes by
        read = [(path.name, path.read_bytes()) for path in found if path.is_file()]
        for name, data in (*self.files, *read):
            digest.update(f"{name} {len(data)} ".encode() + data)
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Course:
    """A course's folder and its configuration. `config` is all of it, nbgrader's part included."""

    root: Path
    name: str
    db_url: str
    assignments: tuple[str, ...]
    limits: Limits
    limits_of: dict[str, Limits]
    minimum_sandbox: tuple[str, ...]
    config: Config = field(repr=False, compare=False)

    def path(self, step: Step, assignment: str, student: str = ".") -> Path:
        """The folder of `assignment` in nbgrader's layout, such as `submitted/<student>/<assignment>`."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(os.path.normpath(self.directory.format_path(name, student, assignment)))

    @functools.cached_property
    def directory(self) -> CourseDirectory:
        """nbgrader's own view of the course, for calling nbgrader's library."""
        return _directory(self.root, self.config)

    @functools.cached_property
    def secret(self) -> bytes:
        """What seeds the inputs of checks: `c.Autograder.secret`, or the secret file, made when it is first wanted."""
        return (str(self.config.Autograder.get("secret") or "") or _secret_in(self.root / SECRET_FILE)).encode()


def load_course(root: Path | str) -> Course:
    """The course in the folder `root`. Raises CourseError when its configuration is wrong or there is none."""
    root = Path(root).resolve()
    config, files = _read_config(root)
    options = _options(config, files)
    _take_timeout(options, config)
    directory = _directory(root, config)
    course = Course(
        root=root,
        name=directory.course_id,
        db_url=directory.db_url,
        assignments=_assignment_ids(directory),
        limits=_limits(options, {}, files),
        limits_of={name: _limits(options, own, files, name) for name, own in options.assignments.items()},
        minimum_sandbox=tuple(options.minimum_sandbox),
        config=config,
    )
    for name in course.limits_of:
        if name not in course.assignments:
            raise CourseError(
                f"{files}: c.Autograder.assignments names '{name}', which is not an assignment in source/"
            )
    return course


def files_below(folder: Path, pattern: str = "**/*") -> list[Path]:
    """The files of one of the course's folders, without what programs keep there for themselves."""

    def hidden(path: Path) -> bool:
        return any(part == "__pycache__" or part[0] == "." for part in path.relative_to(folder).parts)

    return sorted(path for path in folder.glob(pattern) if path.is_file() and not hidden(path))


def load_assignment(course: Course, name: str) -> Assignment:
    """The assignment `name`, read from its source notebooks. Raises CourseError for anything wrong in them."""
    if name not in course.assignments:
        known = ", ".join(course.assignments) or "none"
        raise CourseError(f"{course.root}: source/ has no assignment '{name}' with a notebook in it (it has: {known})")
    folder = course.path("source", name)
    read = [read_source(path, name, course.directory) for path in sorted(folder.glob("*.ipynb"))]
    checks = course.root / "tests" / "checks" / name
    questions = _named_apart(folder, tuple(question for _, asked in read for question in asked), checks.is_dir())
    return Assignment(
        course=course.name,
        id=name,
        notebooks=tuple(notebook for notebook, _ in read),
        questions=questions,
        limits=course.limits_of.get(name, course.limits),
        root=course.root,
        checks=checks if checks.is_dir() else None,
        files=_other_files(folder, course.directory.ignore),
        minimum_sandbox=course.minimum_sandbox,
    )


def _directory(root: Path, config: Config) -> CourseDirectory:
    """nbgrader's own view of the folder `root`. Raises CourseError for options that nbgrader does not accept."""
    from nbgrader.coursedir import CourseDirectory

    try:
        return CourseDirectory(config=config, root=str(root))
    except TraitError as error:
        raise CourseError(f"{root}: {error}") from None


class _ConfigFiles(list[Path]):
    """The files the configuration came from, written as one phrase in messages."""

    def __str__(self) -> str:
        return " and ".join(str(path) for path in self)


def _read_config(root: Path) -> tuple[Config, _ConfigFiles]:
    """Both files' configuration merged, and the files; each is run once, although one usually loads the other."""
    if not root.is_dir():
        raise CourseError(f"{root}: there is no such folder")
    read = _ConfigFiles()

    class Loader(PyFileConfigLoader):
        def load_config(self) -> Config:
            config = super().load_config()
            read.append(Path(self.full_filename))
            return config

    config = Config()
    for name in CONFIG_FILES:
        path = root / name
        if not path.is_file() or path in read:
            continue
        try:
            config.merge(Loader(name, path=str(root)).load_config())
        except Exception as error:
            raise CourseError(f"{path}: {_where(error, path)}{type(error).__name__}: {error}") from error
    if not read:
        raise CourseError(f"{root}: no course here, neither course_config.py nor nbgrader_config.py was found")
    return config, read


def _where(error: Exception, path: Path) -> str:
    trace, line = error.__traceback__, getattr(error, "lineno", None)
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line else ""


def _options(config: Config, files: _ConfigFiles) -> Autograder:
    given = config.Autograder
    known = Autograder.class_trait_names(config=True)
    for key in given:
        if key not in known:
            raise CourseError(f"{files}: c.Autograder.{key} is not an option; there are {', '.join(sorted(known))}")
    try:
        return Autograder(config=config)
    except TraitError as error:
        raise CourseError(f"{files}: c.Autograder: {error}") from None


def _take_timeout(options: Autograder, config: Config) -> None:
    """Give a cell the seconds that nbgrader would, where the course says so in nbgrader's words and not in ours."""
    for section in ("Execute", "ExecutePreprocessor", "NotebookClient"):
        if section in config and "timeout" in config[section]:
            timeout = config[section].timeout
            break
    else:
        return
    if "cell_seconds" in config.Autograder or not isinstance(timeout, (int, type(None))):
        return
    seconds = options.submission_seconds if timeout is None or timeout <= 0 else float(timeout)
    options.cell_seconds = seconds
    if "submission_seconds" not in config.Autograder:
        options.submission_seconds = max(options.submission_seconds, 2 * seconds)


def _limits(options: Autograder, own: object, files: _ConfigFiles, assignment: str = "") -> Limits:
    """The course's limits with those of one assignment on top."""
    where = f"{files}: c.Autograder" + (f".assignments['{assignment}']" if assignment else "")
    if not isinstance(own, dict):
        raise CourseError(f"{where} must be a dictionary of limits, not {own!r}")
    for key in own:
        if key not in LIMITS:
            raise CourseError(f"{where}: '{key}' is not a limit; there are {', '.join(LIMITS)}")
    values: dict[str, Any] = {name: own.get(name, getattr(options, name)) for name in LIMITS}
    for name, value in values.items():
        kinds = (int, float) if isinstance(getattr(Limits, name), float) else (int,)
        if type(value) not in kinds or not math.isfinite(value) or value <= 0:
            kind = "number" if float in kinds else "whole number"
            raise CourseError(f"{where}: {name} must be a {kind} above zero, not {value!r}")
    return Limits(**values)


def _assignment_ids(directory: CourseDirectory) -> tuple[str, ...]:
    template = os.path.normpath(directory.format_path(directory.source_directory, ".", "\0"))
    return tuple(name for name, folder in names_in(template) if any(folder.glob("*.ipynb")))


def names_in(template: str) -> list[tuple[str, Path]]:
    """The names that, put in place of the null character in the path `template`, make the path of something there."""
    before, after = template.split("\0")
    above, start = os.path.split(before)
    end, _, below = after.partition(os.sep)
    found = []
    for entry in sorted(os.listdir(above)) if os.path.isdir(above) else ():
        name, place = entry.removeprefix(start).removesuffix(end), Path(above, entry, below)
        there = os.path.lexists(place) if below else place.is_dir()
        if there and entry == start + name + end and name and not name.startswith("."):
            found.append((name, place))
    return found


def _named_apart(folder: Path, questions: tuple[Question, ...], checked: bool) -> tuple[Question, ...]:
    """The questions, those whose grade_id is in several notebooks with the notebook's name before it.

    Checks name a question by its grade_id alone, so where there are checks it is a `CourseError`.
    """
    seen: dict[str, Question] = {}
    doubled = set()
    for question in questions:
        other = seen.setdefault(question.grade_id, question)
        if other is question:
            continue
        if checked:
            raise CourseError(
                f"{folder / question.notebook}.ipynb, cell {question.cell}: the grade_id '{question.id}' is also that "
                f"of cell {other.cell} of {other.notebook}.ipynb; a question's id must be unique in the assignment"
            )
        doubled.add(question.grade_id)
    return tuple(
        dataclasses.replace(question, id=f"{question.notebook}/{question.grade_id}")
        if question.grade_id in doubled
        else question
        for question in questions
    )


def _other_files(folder: Path, ignore: list[str]) -> tuple[tuple[str, bytes], ...]:
    from nbgrader.utils import find_all_files  # type: ignore[import-untyped] # nbgrader has no types

    paths = sorted(Path(name) for name in find_all_files(str(folder), [*ignore, "*.ipynb"]))
    return tuple((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)


def _secret_in(path: Path) -> str:
    """The secret in the file `path`, which is made (readable by its owner alone) if it is not there."""
    if not path.exists():
        # A link appears whole or not at all: two graders that start together agree on one secret.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=SECRET_FILE)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
            os.link(name, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
    secret = path.read_text().strip()
    if len(secret) < 16:
        raise CourseError(f"{path}: a secret has at least 16 characters; delete the file to have a new one made")
    return secret
