"""The model answer, run in the examiner's own process: trusted code, at an instructor's desk and for the diagnosis.

Never a student's notebook. The same agent serves it as serves a student's, so a check sees no difference.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import json
import sys
import tempfile
import types
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path
from typing import Any

import pytest

from autograder.student.agent import Agent
from autograder.student.process import CallBack


class InProcess:
    """The transport to a namespace in this process."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.agent = Agent(namespace)

    def request(self, message: dict[str, Any], seconds: float, call_back: CallBack | None = None) -> dict[str, Any]:
        """Hand the request to the agent."""
        self.agent.call_back = call_back
        return self.agent.handle(message)


class Desk:
    """The provider of a namespace in this process. `seed` gives each check its inputs' seed.

    `sound` are functions that are never the reason why a check of others fails.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        seed: Callable[[str], int],
        call_seconds: float = 10.0,
        *,
        thorough: bool = True,
        sound: Set[str] = frozenset(),
    ) -> None:
        self.call_seconds = call_seconds
        self.sound = sound
        self.thorough = thorough
        self.words: frozenset[str] | None = None
        self.hangs: set[str] = set()
        self._namespace = namespace
        self._as_it_was = dict(namespace)
        self._seed = seed

    def in_doubt(self, functions: Iterable[str]) -> bool:
        """Whether one of these is not sound."""
        return not self.sound >= set(functions)

    def transport(self, item: pytest.Item) -> InProcess:
        """The namespace."""
        return InProcess(self._namespace)

    def spoilt(self, item: pytest.Item) -> None:
        """Put every variable back."""
        self._namespace.clear()
        self._namespace.update(self._as_it_was)

    def seed(self, item: pytest.Item) -> int:
        """The seed of a check's inputs."""
        return self._seed(check_id(item))


def check_id(item: pytest.Item) -> str:
    """The check's id: its file's name and its own, such as `test_softmax::test_rows_sum_to_one[axis0]`."""
    return f"{item.path.stem}::{item.nodeid.partition('::')[2]}"


class _Quiet:
    """What `get_ipython()` gives in a model answer: magics are not run."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def run_model(
    sources: Iterable[str],
    files: Iterable[tuple[str, bytes]] = (),
    *,
    definitions_only: bool = False,
    keep_going: bool = False,
) -> dict[str, Any]:
    """The namespace after the code cells of the notebooks (JSON) in `sources` have run here, in order.

    They run in a folder of their own, which holds `files` and goes when they have run.

    With `definitions_only`, just the statements that define something: imports, functions, classes and assignments of
    constants; enough for whatever calls the functions, without the training that a notebook does. With `keep_going` a
    cell that raises does not keep the next from running.
    """
    module = types.ModuleType("__model__")
    namespace = module.__dict__
    namespace["get_ipython"] = _Quiet
    namespace["display"] = lambda *_, **__: None
    # A class's methods look their module up by name, dataclasses do so at once.
    sys.modules["__model__"] = module
    cells = _compiled(tuple(sources), definitions_only)
    # Definitions draw, print and open nothing, and the diagnosis runs them often.
    figures = contextlib.nullcontext() if definitions_only else _without_figures()
    folder = contextlib.nullcontext() if definitions_only else _in_folder_with(files)
    with figures, contextlib.redirect_stdout(io.StringIO()), folder:
        for code in cells:
            try:
                exec(code, namespace)
            except Exception:
                if not keep_going:
                    raise
    return namespace


@functools.lru_cache(maxsize=8)
def _compiled(sources: tuple[str, ...], definitions_only: bool) -> tuple[types.CodeType, ...]:
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()  # type: ignore[no-untyped-call] # IPython has few types
    compiled = []
    for source in sources:
        for index, cell in enumerate(json.loads(source)["cells"]):
            if cell["cell_type"] != "code":
                continue
            text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            tree = ast.parse(manager.transform_cell(text), f"<model answer, cell {index}>")
            if definitions_only:
                tree.body = [statement for statement in tree.body if _defines(statement)]
            compiled.append(compile(tree, f"<model answer, cell {index}>", "exec"))
    return tuple(compiled)


def _defines(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if not all(isinstance(target, ast.Name) for target in targets):
        return False
    try:
        ast.literal_eval(statement.value)
    except ValueError:
        return isinstance(statement.value, ast.Lambda)
    return True


@contextlib.contextmanager
def _in_folder_with(files: Iterable[tuple[str, bytes]]) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        for name, content in files:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with contextlib.chdir(folder):
            yield


@contextlib.contextmanager
def _without_figures() -> Any:
    try:
        import matplotlib
    except ImportError:
        yield
        return
    previous = matplotlib.get_backend(auto_select=False)
    matplotlib.use("agg")
    try:
        yield
    finally:
        plt = sys.modules.get("matplotlib.pyplot")
        if plt is not None:
            plt.close("all")
        if previous:
            matplotlib.use(previous)
