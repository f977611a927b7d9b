"""Mutants of the model answer: small mechanical changes to what a question asks for, each of which should be noticed.

The operators are cosmic-ray's: they change arithmetic and comparisons, constants, conditions and loops, which is what
an answer in this course consists of, and they are its published plug-in interface, on the text of a function, so that
each mutant is a line that a student could have written.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Assignment
from autograder.records import CourseError

EQUIVALENTS = "equivalents.toml"


@dataclass(frozen=True)
class Mutant:
    """A change to one line of the model answer. `source` is the whole function (class, assignment) with the change.

    `line` counts from one in the cell of index `cell`; `before` and `after` are the line without its comment.
    """

    question: str
    notebook: str
    cell: int
    line: int
    operator: str
    before: str
    after: str
    source: str

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"{self.notebook}.ipynb, cell {self.cell}, line {self.line}"


@dataclass(frozen=True)
class Explanation:
    """Why mutants of a line change nothing: `why` holds for each of the lines in `mutants` in place of `line`."""

    question: str
    line: str
    mutants: tuple[str, ...]
    why: str


def make_mutants(assignment: Assignment, asked: Mapping[str, set[str]]) -> tuple[Mutant, ...]:
    """The mutants of an assignment's model answer, in the order of its lines.

    `asked` are the names of functions and variables that each question's checks ask for. Only their definitions, and
    those of helpers of theirs beside them, are changed, in the answer cells before the question's grade cell and there
    within the solution regions: no check judges plots, prints and what else is in a notebook.
    """
    return tuple(
        mutant
        for notebook in assignment.notebooks
        for question, cell, text in _answers(assignment, notebook.name, notebook.source)
        for definition in _definitions(text, asked.get(question, set()))
        for mutant in _mutants_of(question, notebook.name, cell, text, definition)
    )


def load_explanations(folder: Path) -> tuple[Explanation, ...]:
    """What `equivalents.toml` in `folder` explains; nothing where there is no such file.

    Raises `CourseError` for what is not of the form
    `[[equivalent]]` with the texts `question`, `line` and `why` and the list of texts `mutants`.
    """
    path = folder / EQUIVALENTS
    if not path.is_file():
        return ()
    found = []
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        for table in tables.pop("equivalent", []):
            mutants = tuple(table.pop("mutants"))
            explanation = Explanation(mutants=mutants, **table)
            texts = (explanation.question, explanation.line, explanation.why, *mutants)
            if not mutants or not all(isinstance(text, str) and text for text in texts):
                raise ValueError("an explanation without its texts")
            found.append(explanation)
        if tables:
            raise ValueError(f"nothing but [[equivalent]] is known, not {', '.join(tables)}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: {type(error).__name__}: {error}") from None
    return tuple(found)


def _answers(assignment: Assignment, notebook: str, source: str) -> Iterator[tuple[str, int, str]]:
    """The answer cells of code: the question whose grade cell comes next, the cell's index, its text."""
    grade_cells = {question.cell: question for question in assignment.questions if question.notebook == notebook}
    waiting: list[tuple[int, str]] = []
    for index, cell in enumerate(json.loads(source)["cells"]):
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("solution") and cell["cell_type"] == "code":
            waiting.append((index, "".join(cell["source"])))
        if index in grade_cells and grade_cells[index].kind == "auto":
            yield from ((grade_cells[index].id, *answer) for answer in waiting)
            waiting = []


def _definitions(text: str, asked: set[str]) -> Iterator[ast.stmt]:
    """The statements that define what is asked for, and the helpers in the same cell that those use."""
    try:
        statements = ast.parse(text).body
    except SyntaxError:  # a magic: no cell that defines functions and nothing else
        return
    defined = {name: statement for statement in statements for name in _defined(statement)}
    wanted = [name for name in defined if name in asked]
    for name in wanted:  # grows while it is gone through
        used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        wanted += [other for other in defined if other in used and other not in wanted]
    yield from (statement for statement in statements if _defined(statement) & set(wanted))


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a statement defines; none for one that works them out: its value stays what the notebook made."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    if not isinstance(statement, ast.Assign):
        return set()
    try:
        ast.literal_eval(statement.value)
    except ValueError:
        return set()
    return {target.id for target in statement.targets if isinstance(target, ast.Name)}


def _mutants_of(question: str, notebook: str, cell: int, text: str, definition: ast.stmt) -> Iterator[Mutant]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    lines = text.splitlines()
    decorators = getattr(definition, "decorator_list", [])
    first = min([definition.lineno, *(decorator.lineno for decorator in decorators)])
    open_lines = _solution_lines(lines)
    source = "\n".join(lines[first - 1 : definition.end_lineno]) + "\n"
    before = source.splitlines()
    seen = set()
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments():  # made for a name that somebody chose
            continue
        occurrence = -1
        while (mutated := mutate_code(source, operator(), occurrence := occurrence + 1)) is not None:
            after = mutated.splitlines()
            changed = [n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other]
            if not changed or len(before) != len(after) or first + changed[0] not in open_lines or mutated in seen:
                continue
            try:
                compile(mutated, "<mutant>", "exec")
            except (SyntaxError, ValueError):
                continue
            seen.add(mutated)
            one, other = (" ".join(_code(part[n]) for n in changed) for part in (before, after))
            yield Mutant(question, notebook, cell, first + changed[0], name.partition("/")[2], one, other, mutated)


def _solution_lines(lines: list[str]) -> set[int]:
    """The numbers of the lines in solution regions; all where there are none: the whole cell is the answer."""
    inside, found, regions = False, set(), False
    for number, line in enumerate(lines, 1):
        if "### BEGIN SOLUTION" in line:
            inside = regions = True
        elif "### END SOLUTION" in line:
            inside = False
        elif inside:
            found.add(number)
    return found if regions else set(range(1, len(lines) + 1))


def _code(line: str) -> str:
    """The line without its comment, which stands two spaces after it, and with single spaces."""
    return " ".join(line.partition("  # ")[0].split())
