"""What a notebook's test cells may take from the course itself: its imports, helpers and data.

A test cell that runs apart from the student's code asks the student's process for the names it does not define. What
the course's own locked cells define without the student's help need not be asked for there, and then cannot be
tampered with either. It is found by reading the source notebook; whatever is not certain is left to be asked for.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BUILTINS = frozenset(dir(builtins))
# What is different each time, or needs a person, must come from one side only.
_CHANCE = re.compile(r"rand|shuffle|sample|choice|seed|rng|time|date|uuid|input|getpass|urandom|environ", re.IGNORECASE)
_SKIPPED = frozenset({"__file__"})


@dataclass
class _Statement:
    node: ast.stmt
    locked: bool
    answer: bool
    binds: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)


def prelude(source: str, recorded: str) -> list[str]:
    """The statements to run, in their order, as source code; each may fail by itself.

    `source` is the notebook as its instructor wrote it, `recorded` as nbgrader's gradebook knows it, in which templates
    of tests are filled in.
    """
    statements = list(_statements(json.loads(source), json.loads(recorded)))
    imports = _imports(statements)
    bound: dict[str, int] = {}
    for each in statements:
        if not isinstance(each.node, (ast.Import, ast.ImportFrom)):
            for name in each.binds:
                bound[name] = bound.get(name, 0) + 1
    # What only an answer imports may be what is asked for.
    given = set().union(*(each.binds for each in statements if not each.answer))
    owned = {name for name in imports if name not in bound and name in given}
    changed = {name for each in statements for name in _changed(each.node)} - owned
    chosen: list[str] = [imports[name] for name in imports if name in owned]
    for each in statements:
        if isinstance(each.node, (ast.Import, ast.ImportFrom)) or not each.locked or not each.binds:
            continue
        if any(bound[name] > 1 or name in imports or name in changed for name in each.binds):
            continue
        text = ast.unparse(each.node)
        free = each.reads - each.binds - _BUILTINS - owned
        if isinstance(each.node, (ast.FunctionDef, ast.ClassDef)):
            # Its body may ask for the student's names whenever it runs; then what it gives is none of the course's.
            if not (_outside(each.node) - _BUILTINS - owned):
                chosen.append(text)
                if not free:
                    owned |= each.binds
        elif not free and not _CHANCE.search(text):
            chosen.append(text)
            owned |= each.binds
    return list(dict.fromkeys(chosen))


def _statements(source: dict[str, object], recorded: dict[str, object]) -> Iterator[_Statement]:
    """The statements of all code cells; those of the student's to answer as the instructor answered them."""
    filled = {}
    for cell in _code(recorded):
        filled[_grade_id(cell)] = cell
    for cell in _code(source):
        meta = cell["metadata"].get("nbgrader", {})
        answer = bool(meta.get("solution"))
        locked = not answer and bool(meta.get("locked") or meta.get("grade"))
        text = "".join((filled.get(_grade_id(cell), cell) if locked and _grade_id(cell) else cell)["source"])
        for node in _parsed(text):
            yield _Statement(node, locked, answer, _binds(node), _reads(node))


def _code(notebook: dict[str, object]) -> list[dict[str, dict[str, dict[str, object]]]]:
    cells = notebook["cells"]
    assert isinstance(cells, list)
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _grade_id(cell: dict[str, dict[str, dict[str, object]]]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _parsed(text: str) -> list[ast.stmt]:
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(text)).body  # type: ignore[no-untyped-call] # untyped there
    except (SyntaxError, ValueError, RuntimeError):
        return []


def _imports(statements: list[_Statement]) -> dict[str, str]:
    """The statement that imports each name, of those names that are imported in one way only."""
    found: dict[str, set[str]] = {}
    for each in statements:
        for node in ast.walk(each.node):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    text = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                    found.setdefault(alias.asname or alias.name.partition(".")[0], set()).add(text)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    text = f"from {node.module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                    found.setdefault(alias.asname or alias.name, set()).add(text)
    found.pop("*", None)
    return {
        name: "\n".join(sorted(texts))
        for name, texts in found.items()
        # `import a.b` and `import a.c` bind one name to one thing.
        if len(texts) == 1 or all(text.startswith("import ") and " as " not in text for text in texts)
    }


def _binds(node: ast.stmt) -> set[str]:
    """The names of the notebook that a statement gives a value, or takes it from."""
    found: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(each.name)
            for inner in ast.walk(each):
                if isinstance(inner, ast.Global):
                    found.update(inner.names)
            continue
        if isinstance(each, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            found |= {inner.target.id for inner in ast.walk(each) if isinstance(inner, ast.NamedExpr)}
            continue
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            found.add(each.id)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in each.names}
        elif isinstance(each, ast.ExceptHandler) and each.name:
            found.add(each.name)
        waiting += ast.iter_child_nodes(each)
    return found


def _reads(node: ast.AST) -> set[str]:
    """The names that a statement may read; those that are local somewhere in it among them, which does no harm."""
    local: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            local |= {arg.arg for arg in ast.walk(each.args) if isinstance(arg, ast.arg)}
            local |= {
                inner.id for inner in ast.walk(each) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
            }
            local |= {inner.name for inner in ast.walk(each) if isinstance(inner, ast.ExceptHandler) and inner.name}
        elif isinstance(each, ast.comprehension):
            local |= {inner.id for inner in ast.walk(each.target) if isinstance(inner, ast.Name)}
    read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    return read - local


def _outside(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """What defining a function or a class reads at once: decorators, defaults, bases, a class's own statements."""
    now: list[ast.AST] = [*node.decorator_list]
    if isinstance(node, ast.FunctionDef):
        now += [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
        return set().union(*(_reads(each) for each in now)) if now else set()
    now += [*node.bases, *(each.value for each in node.keywords)]
    now += [each for each in node.body if not isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return (set().union(*(_reads(each) for each in now)) if now else set()) - _SKIPPED


def _changed(node: ast.stmt) -> Iterator[str]:
    """The names whose values a statement may change where they are: by an item, an attribute, a method, `del`."""
    for each in ast.walk(node):
        if isinstance(each, (ast.Attribute, ast.Subscript)) and not isinstance(each.ctx, ast.Load):
            base: ast.AST = each
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if isinstance(base, ast.Name):
                yield base.id
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call):
            base = each.value.func
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if isinstance(base, ast.Name) and base is not each.value.func:
                yield base.id
            # A call for nothing but its effect may have it on what it is given.
            yield from (arg.id for arg in each.value.args if isinstance(arg, ast.Name))
        elif isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name):
            yield each.target.id
        elif isinstance(each, ast.Delete):
            yield from (target.id for target in each.targets if isinstance(target, ast.Name))
