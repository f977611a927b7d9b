"""The notebook's interpreter: an IPython shell without a kernel, whose outputs are kept as nbformat outputs.

Runs on the student's side. Everything that a notebook does in Jupyter works here as there: magics, `!commands`,
`display`, figures, top-level await, tracebacks. What needs a person or a screen is answered: `input` raises, a GUI
event loop is ignored, every matplotlib backend is the inline one.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import functools
import getpass
import importlib
import inspect
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.student import plots

CELL_NAME = "<notebook cell {}>"

# Beneath `signal.signal`, which takes longer to look for the handler's name among the constants than to set it.
_set_handler = importlib.import_module("_signal").signal


class TimeLimit(BaseException):
    """Raised in the student's code when its time is up. No `except Exception` catches it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimit` in the body after `seconds`, and again every second for code that swallows it.

    Code that stays in C for long, or takes the timer away, is the examiner's to end.
    """

    def on_alarm(*_: object) -> None:
        raise TimeLimit(
            f"stopped after {seconds:g} seconds, the limit; a cell that runs out of time leaves the next less"
        )

    previous = _set_handler(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _set_handler(signal.SIGALRM, previous)


class Outputs:
    """The outputs of the cell that is running, cut at a number of bytes."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.limit = limit
        self.items: list[dict[str, Any]] = []
        self.displays: dict[str, list[tuple[dict[str, Any], list[int]]]] = {}
        self.left = limit
        self._clear_next = False

    def begin(self) -> None:
        """Start a cell without outputs."""
        self.items, self.left, self._clear_next = [], self.limit, False

    def clear(self, wait: bool) -> None:
        """What `clear_output` does: at once, or with the next output."""
        self._clear_next = wait
        if not wait:
            # What is no longer there takes no room: a figure that is drawn again and again is one figure.
            self.items.clear()
            self.left = self.limit

    @property
    def _cut(self) -> str:
        return f"[output cut: more than {self.limit:,} bytes]"

    def _room(self, size: int) -> bool:
        if self.left < 0:
            return False
        self.left -= size
        if self.left < 0:
            self.items.append(_stream("stderr", f"{self._cut}\n"))
            return False
        return True

    def text(self, name: str, text: str) -> None:
        """Append to a stream, as a print does."""
        if not text:
            return
        if self._clear_next:
            self.clear(wait=False)
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > self.left > 0:
            self._append_text(name, text.encode("utf-8", "replace")[: self.left].decode("utf-8", "ignore"))
        if self._room(size):
            self._append_text(name, text)

    def _append_text(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            # A list, joined at the end: a million prints cost a million appends.
            last["text"].append(text)
        else:
            self.items.append(_stream(name, text))

    def data(self, kind: str, data: dict[str, Any], metadata: dict[str, Any], **more: Any) -> dict[str, Any] | None:
        """Append rich output; None when there is no more room for it."""
        if self._clear_next:
            self.clear(wait=False)
        bundle = _bundle(data)
        if not self._room(len(json.dumps(bundle))):
            return None
        item = {"output_type": kind, "data": bundle, "metadata": _jsonable(metadata), **more}
        self.items.append(item)
        return item

    def remember(self, display_id: str, item: dict[str, Any]) -> None:
        """Keep a display for updates."""
        self.displays.setdefault(display_id, []).append((item, [len(json.dumps(item["data"]))]))

    def update(self, display_id: str, data: dict[str, Any]) -> None:
        """Give every display of this id other data, if there is room for it."""
        for item, taken in self.displays.get(display_id, []):
            bundle = _bundle(data)
            if len(json.dumps(bundle)) - taken[0] > self.left:
                bundle = {"text/plain": self._cut}
            size = len(json.dumps(bundle))
            self.left = min(self.limit, self.left - size + taken[0])
            item["data"], taken[0] = bundle, size

    def finish(self) -> list[dict[str, Any]]:
        """The outputs of the cell as nbformat wants them."""
        return [
            {**item, "text": "".join(item["text"])} if item["output_type"] == "stream" else item for item in self.items
        ]


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": [text]}


def _bundle(data: dict[str, Any]) -> dict[str, Any]:
    """The data of an output, by mime type, as nbformat keeps it."""
    bundle: dict[str, Any] = _jsonable({mime: _plain(value) for mime, value in data.items()})
    return bundle


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _jsonable(value: Any) -> Any:
    try:
        return json.loads(json.dumps(value, default=str, skipkeys=True))
    except (TypeError, ValueError, RecursionError):
        return {}


class _Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of the notebook."""

    def __init__(self, name: str, outputs: Outputs, descriptor: int) -> None:
        self.name = name
        self._outputs = outputs
        self._descriptor = descriptor
        self.buffer = _Bytes(self)

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.text(self.name, text)
        return len(text)


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._stream.write(raw.decode("utf-8", "replace"))
        return len(raw)


class _Publisher(DisplayPublisher):
    @property
    def outputs(self) -> Outputs:
        shell: Any = self.shell
        outputs: Outputs = shell.outputs
        return outputs

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: object = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        self._validate_data(data, metadata)  # type: ignore[no-untyped-call] # IPython has few types
        display_id = (transient or {}).get("display_id")
        if update:
            self.outputs.update(str(display_id), data)
            return
        item = self.outputs.data("display_data", data, metadata or {})
        if item is not None and display_id is not None:
            self.outputs.remember(str(display_id), item)

    def clear_output(self, wait: bool = False) -> None:
        self.outputs.clear(wait)


class _DisplayHook(DisplayHook):
    def write_output_prompt(self) -> None:
        """The prompt is the output's execution count."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        shell: Any = self.shell
        shell.outputs.data("execute_result", format_dict, md_dict or {}, execution_count=self.prompt_count)

    def log_output(self, format_dict: dict[str, Any]) -> None:
        """There is no log."""

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Compiler(CachingCompiler):
    """Names the code of a cell after the cell, so that a traceback leads back to it."""

    cell = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        name = CELL_NAME.format(self.cell)
        # Or a traceback goes through all modules to find the one that has this file, for each of its frames.
        with contextlib.suppress(OSError):  # a notebook may have removed the folder it is in
            inspect.modulesbyfile[os.path.abspath(name)] = "__main__"
        return name


class _Transformer(TransformerManager):
    """Looks for magics and commands where there may be some: what compiles as it is has none.

    IPython looks through the tokens of each cell, which takes longer than anything else it does for one.
    """

    compiled: tuple[str, bool] = "", False
    """The text of the last cell that compiled, and whether it awaits something."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # IPython has few types
        self._ipythons = [*self.token_transformers]

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        text = "".join(lines)
        # An extension may look for something of its own.
        if self.token_transformers == self._ipythons:
            with contextlib.suppress(Exception):
                # As IPython does it a moment later.
                code = compile(text, "<>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                self.compiled = text, code.co_flags & inspect.CO_COROUTINE == inspect.CO_COROUTINE
                return lines
        return super().do_token_transforms(lines)  # type: ignore[no-any-return, no-untyped-call] # few types


class StudentShell(InteractiveShell):
    """The shell. `StudentShell.instance()` makes it, once in a process; forks inherit it."""

    displayhook_class = _DisplayHook
    display_pub_class = _Publisher
    compiler_class = _Compiler
    outputs: Outputs

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.outputs = Outputs()
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.autoindent = False
        super().__init__(*args, config=config, **kwargs)  # type: ignore[no-untyped-call] # IPython has few types
        self.input_transformer_manager = _Transformer()

    def _tee(self, channel: str) -> Any:
        """Outputs are not kept a second time in a history."""
        return contextlib.nullcontext()

    def init_virtualenv(self) -> None:
        """The environment is the zygote's."""

    def should_run_async(self, raw_cell: str, *, transformed_cell: Any = None, **more: Any) -> bool:
        """Whether a cell awaits something, which need not be asked of the compiler twice."""
        transformer: Any = self.input_transformer_manager
        compiled, awaits = getattr(transformer, "compiled", ("", False))
        if self.autoawait and transformed_cell and transformed_cell == compiled:
            return bool(awaits)
        return super().should_run_async(raw_cell, transformed_cell=transformed_cell, **more)

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen: an event loop is not started."""

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """Every backend that needs a screen is the inline one, also where a notebook asks matplotlib for it."""
        plots.draw_faster()
        enabled = super().enable_matplotlib("inline")  # type: ignore[no-untyped-call] # IPython has few types
        import matplotlib.pyplot as plt

        switch = plt.switch_backend
        if not hasattr(switch, "__wrapped__"):

            @functools.wraps(switch)
            def switch_backend(newbackend: str) -> None:
                try:
                    switch(newbackend)
                except ImportError:
                    switch("module://matplotlib_inline.backend_inline")

            plt.switch_backend = switch_backend
        return enabled

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Exceptions are not kept in a history: a traceback is drawn once."""
        return {}

    def ask_exit(self) -> None:
        """What `exit` and `quit` do: end the cell, not the notebook."""
        raise SystemExit("the notebook goes on with the next cell")

    def system(self, cmd: str) -> None:
        """Run a shell command, as `!cmd` does, its output becoming the cell's."""
        done = subprocess.run(
            self.var_expand(cmd, depth=1),  # type: ignore[no-untyped-call] # IPython has few types
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.outputs.text("stdout", done.stdout.decode("utf-8", "replace"))
        self.user_ns["_exit_code"] = done.returncode

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self.outputs.items.append(
            {
                "output_type": "error",
                "ename": etype.__name__,
                "evalue": _text(evalue)[:10_000],
                "traceback": [line[:10_000] for line in stb[:200]],
            }
        )

    def run_notebook_cell(self, index: int, source: str, seconds: float) -> tuple[list[dict[str, Any]], bool]:
        """Run one code cell; its outputs and whether it ran to its end.

        `index` is the cell's place in the notebook, `seconds` its time limit.
        """
        self.outputs.begin()
        compiler: Any = self.compile
        compiler.cell = index
        ok = False
        try:
            with time_limit(seconds):
                ran = self.run_cell(source, store_history=True)  # type: ignore[no-untyped-call] # IPython has few types
                ok = bool(ran.success)
        except TimeLimit as late:
            self._showtraceback(type(late), late, [f"{type(late).__name__}: {late}"])
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            self.outputs.text(name, drain(descriptor, self.outputs.limit))
        return self.outputs.finish(), ok


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:
        return ""


def drain(descriptor: int, limit: int) -> str:
    """What was written to the file behind `descriptor` since the last time, at most `limit` bytes of it."""
    try:
        data = os.pread(descriptor, limit + 1, 0)
        os.ftruncate(descriptor, 0)
    except OSError:
        return ""
    return data.decode("utf-8", "replace")


def no_input(prompt: object = "", *_: object, **__: object) -> str:
    """Take the place of `input` and `getpass`."""
    raise RuntimeError("input() was called, but nobody is there to answer while a notebook is graded")


def connect_streams(shell: StudentShell) -> None:
    """Lead everything written, through Python or past it, to the shell's outputs; answer `input`."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        # A file without a name in the scratch folder, where it counts against the limit of files. Appending, so that
        # writers which share it do not overwrite one another.
        file = os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
        setattr(sys, name, _Stream(name, shell.outputs, descriptor))
        setattr(sys, f"__{name}__", getattr(sys, name))
    sys.stdin = io.StringIO()
    builtins.input = no_input
    getpass.getpass = no_input
