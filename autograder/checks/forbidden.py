"""Forbidden calls, found by reading the notebook: what a function's code, and the code it uses, refers to.

Names are resolved through imports and simple aliases, as `import torch.nn.functional as F` and `s = torch.softmax` make
them. What is reached by other ways is found when it runs, by the student process (`student.watch`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


_RELEVANT = (ast.Name, ast.Attribute, ast.Import, ast.ImportFrom)


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


def read_code(notebook: dict[str, Any]) -> Reading:
    """Read the code cells of a notebook."""
    reading = Reading({}, {})
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            for statement in _statements("".join(cell["source"])):
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
            nodes = [node for node in ast.walk(definition.node) if isinstance(node, _RELEVANT)]
            local = dict(reading.aliases)
            for node in nodes:
                _note_import(node, local)
            for node in nodes:
                if isinstance(node, ast.Name):
                    waiting.append(node.id)
                dotted = _dotted(node, local)
                for banned in forbidden if dotted else ():
                    if dotted == banned or dotted.startswith(banned + "."):
                        uses[Use(banned, definition.cell, getattr(node, "lineno", 0))] = None
    return sorted(uses, key=lambda use: (use.cell, use.line))


def _statements(source: str) -> list[ast.stmt]:
    """The statements of a cell; magics and shell commands count as none."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source)).body  # type: ignore[no-untyped-call] # untyped
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _note(statement: ast.AST, cell: int, aliases: dict[str, str], definitions: dict[str, list[_Definition]]) -> None:
    """Note what a statement at the top of a cell defines, also inside `if` and `try`."""
    _note_import(statement, aliases)
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        definitions.setdefault(statement.name, []).append(_Definition(statement, cell))
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                definitions.setdefault(target.id, []).append(_Definition(statement.value, cell))
                if dotted := _dotted(statement.value, aliases):
                    aliases[target.id] = dotted
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
    if isinstance(node, ast.Name) and node.id in aliases:
        return ".".join([aliases[node.id], *reversed(parts)])
    return ""
