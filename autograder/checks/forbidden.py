"""Forbidden calls, found by reading the notebook: what a function's code, and the code it uses, refers to.

Names are resolved through imports and simple aliases, as `import torch.nn.functional as F` and `s = torch.softmax` make
them, and by Python's scopes: a parameter or a local variable is none of the notebook's names. Who is found here loses
the question, so what is not certain is left to be found when it runs, by the student process (`student.ban`).
"""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Characters of a cell with magics: IPython reads all of it again for each of them.
_MOST_MAGIC = 100_000
# Characters of a cell whose parse, which takes fifty times as much memory, is kept for the next submission.
_MOST_KEPT = 10_000
# Magics that run the rest of the cell here and now.
_RUN_BY_MAGIC = ("%%check", "%%time", "%%capture", "%%prun")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


# An expression, the imports known where it stands, the names that are local there.
_Read = tuple[ast.expr, dict[str, str], frozenset[str]]


@dataclass(frozen=True)
class Use:
    """A forbidden name used in a cell: the cell's index and line, and the name as the question forbids it."""

    name: str
    cell: int
    line: int


@dataclass(frozen=True)
class _Definition:
    node: ast.AST
    cell: int


@dataclass(frozen=True)
class Reading:
    """What a notebook's code cells define and import, read once."""

    aliases: dict[str, str]
    definitions: dict[str, list[_Definition]]
    _reads: dict[int, list[_Read]] = field(default_factory=dict)

    def reads(self, definition: _Definition) -> list[_Read]:
        """What the definition reads. Questions share definitions, so it is kept."""
        key = id(definition.node)
        if key not in self._reads:
            self._reads[key] = list(_read(definition.node, self.aliases))
        return self._reads[key]


def read_code(notebook: dict[str, Any]) -> Reading:
    """Read the code cells of a notebook."""
    reading = Reading({}, {})
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            for statement, redefined in _statements("".join(cell["source"])):
                # The definition that ran last counts; one within an `if` may or may not have run.
                for name in redefined:
                    reading.definitions.pop(name, None)
                with contextlib.suppress(RecursionError):
                    _note(statement, index, reading.aliases, reading.definitions)
    return reading


def forbidden_calls(reading: Reading, forbidden: Iterable[str], functions: Iterable[str]) -> list[Use]:
    """The uses of `forbidden` names in the code that `functions` run, in the order of the notebook.

    `forbidden` are full dotted names; one that names a module forbids all that is in it. `functions` are names that the
    notebook defines.
    """
    uses: dict[Use, None] = {}
    waiting, seen = list(functions), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for definition in reading.definitions.get(name, ()):
            for node, aliases, local in reading.reads(definition):
                if isinstance(node, ast.Name) and node.id not in local:
                    waiting.append(node.id)
                dotted = _dotted(node, aliases)
                for banned in forbidden if dotted else ():
                    if dotted == banned or dotted.startswith(banned + "."):
                        uses[Use(banned, definition.cell, getattr(node, "lineno", 0))] = None
    return sorted(uses, key=lambda use: (use.cell, use.line))


def _read(node: ast.AST, aliases: dict[str, str]) -> Iterator[_Read]:
    """The names and attributes that `node` reads, each with the imports known there and the names that are local."""
    waiting: list[tuple[ast.AST, dict[str, str], frozenset[str]]] = [(node, aliases, frozenset())]
    while waiting:
        node, aliases, local = waiting.pop()
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
            yield node, aliases, local
        inside: list[ast.AST] = []
        if isinstance(node, _FUNCTIONS):
            # Decorators, defaults and annotations belong to the scope around.
            inside = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
            bound = _bound(inside, [arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)])
        elif isinstance(node, _COMPREHENSIONS):
            inside = [*ast.iter_child_nodes(node)]
            bound = _bound([generator.target for generator in node.generators], [])
        waiting += [(child, aliases, local) for child in ast.iter_child_nodes(node) if child not in inside]
        if inside:
            known = {**{name: dotted for name, dotted in aliases.items() if name not in bound}, **bound}
            names = local | bound.keys()
            waiting += [(child, known, names) for child in inside]


def _bound(body: Iterable[ast.AST], parameters: Iterable[str]) -> dict[str, str]:
    """The names that are local to a function of this body; an imported one with its full name, others with none."""
    bound = dict.fromkeys(parameters, "")
    elsewhere: set[str] = set()
    waiting = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.setdefault(node.id, "")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.setdefault(node.name, "")
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.setdefault(node.name, "")
        _note_import(node, bound)
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return {name: dotted for name, dotted in bound.items() if name not in elsewhere}


def _statements(source: str) -> list[tuple[ast.stmt, list[str]]]:
    """The statements of a cell, each with the names that it redefines; magics and shell commands count as none."""
    return _parsed(source) if len(source) <= _MOST_KEPT else _parsed.__wrapped__(source)


@functools.lru_cache(maxsize=64)  # many cells are the same in every submission
def _parsed(source: str) -> list[tuple[ast.stmt, list[str]]]:
    return [(statement, _redefined(statement)) for statement in _parse(source)]


def _parse(source: str) -> list[ast.stmt]:
    if source.startswith(_RUN_BY_MAGIC):
        source = "#" + source  # the cell beneath is run as it stands
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    if len(source) > _MOST_MAGIC:
        return []
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source)).body  # type: ignore[no-untyped-call] # untyped
    except (SyntaxError, ValueError, RuntimeError, MemoryError):  # RuntimeError: too many magics
        return []


def _redefined(statement: ast.stmt) -> list[str]:
    """The names that the statement gives a new value, which does not depend on the one before."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if not isinstance(statement, ast.Assign):
        return []
    used = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
    return [target.id for target in statement.targets if isinstance(target, ast.Name) and target.id not in used]


def _note(statement: ast.AST, cell: int, aliases: dict[str, str], definitions: dict[str, list[_Definition]]) -> None:
    """Note what a statement at the top of a cell defines, also inside `if` and `try`."""
    _note_import(statement, aliases)
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        aliases.pop(statement.name, None)
        definitions.setdefault(statement.name, []).append(_Definition(statement, cell))
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                definitions.setdefault(target.id, []).append(_Definition(statement.value, cell))
                aliases[target.id] = _dotted(statement.value, aliases)
    elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        for child in ast.iter_child_nodes(statement):
            _note(child, cell, aliases, definitions)
    elif isinstance(statement, ast.ExceptHandler):
        for child in statement.body:
            _note(child, cell, aliases, definitions)


def _note_import(node: ast.AST, aliases: dict[str, str]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            aliases[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """The full dotted name that an expression refers to, if it is one that begins with an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name) and (dotted := aliases.get(node.id)):
        return ".".join([dotted, *reversed(parts)])
    return ""
