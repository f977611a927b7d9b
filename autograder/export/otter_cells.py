"""A released test cell as one of otter's test cases: a function whose arguments are the notebook's names it uses."""

from __future__ import annotations

import ast
import builtins
import io
import symtable
import textwrap
import tokenize
from typing import Any


def test_function(name: str, source: str) -> str:
    """The definition of a function `name` that runs a cell's source; otter gives it what its arguments name.

    A cell that cannot be a function's body, because it imports everything from somewhere or speaks IPython, is run in
    the notebook's own namespace.
    """
    body = _indented(source)
    if body is not None:
        try:
            table = symtable.symtable(f"def {name}():\n{body}\n", "<cell>", "exec")
        except SyntaxError:
            body = None
        else:
            names = sorted(_globals(table.get_children()[0]) - set(dir(builtins)))
    if body is None:
        from IPython.core.inputtransformer2 import TransformerManager

        text = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call] # IPython has few types
        return f"def {name}(env):\n    exec({text!r}, env)\n"
    return f"def {name}({', '.join(names)}):\n{body}\n"


def leaves_names(cell: dict[str, Any], others: list[dict[str, Any]], later: list[dict[str, Any]]) -> set[str]:
    """The names that a test cell alone, and none of the `others`, gives to cells that come `later`."""
    given = _names(cell, ast.Store) - {name for other in others for name in _names(other, ast.Store)}
    return given & {name for other in later for name in _names(other, ast.Load)}


def is_code(source: str) -> bool:
    """Whether there is more in a cell than comments."""
    return any(line.strip() and not line.strip().startswith("#") for line in source.splitlines())


def _indented(source: str) -> str | None:
    """The source as the body of a function; None when it is not Python, or has lines that must not be indented."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source.strip("\n") + "\n").readline))
        tree = ast.parse(source)
    except (SyntaxError, tokenize.TokenError):
        return None
    strings = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    if any(token.type in strings and token.start[0] != token.end[0] for token in tokens):
        source = ast.unparse(tree)  # writes them on one line
    return textwrap.indent(source.strip("\n"), "    ") if tree.body else None


def _globals(table: symtable.SymbolTable) -> set[str]:
    """The names that a function and what is defined in it take from outside."""
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return names.union(*(_globals(child) for child in table.get_children()))


def _names(cell: dict[str, Any], context: type[ast.expr_context]) -> set[str]:
    try:
        tree = ast.parse("".join(cell["source"]))
    except SyntaxError:
        return set()
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        named |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        named |= {(alias.asname or alias.name).partition(".")[0] for node in ast.walk(tree) for alias in _aliases(node)}
    return named


def _aliases(node: ast.AST) -> list[ast.alias]:
    return node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else []
