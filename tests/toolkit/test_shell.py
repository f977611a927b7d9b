"""The notebook's interpreter: what works in Jupyter works here, and its outputs are Jupyter's."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.async_helpers import _should_be_async
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_notebook

from autograder.student import plots
from autograder.student.shell import _Transformer

LIMIT = 100_000

SERVER = f"""
import json, os, socket, sys

import matplotlib.pyplot

from autograder.student.shell import StudentShell, connect_streams

requests = socket.socket(fileno=int(sys.argv[1])).makefile("rw")
shell = StudentShell.instance()
shell.outputs.limit = {LIMIT}
shell.enable_matplotlib()
for line in requests:
    request = json.loads(line)
    pid = os.fork()
    if pid == 0:
        connect_streams(shell)
        ran = [shell.run_notebook_cell(number, source, request["seconds"])
               for number, source in enumerate(request["cells"])]
        requests.write(json.dumps(ran) + "\\n")
        requests.flush()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        requests.write("null\\n")
        requests.flush()
"""


@dataclass(frozen=True)
class Ran:
    """A cell that has run."""

    outputs: list[dict[str, Any]]
    ok: bool

    @property
    def text(self) -> str:
        """All that it printed."""
        return "".join(output["text"] for output in self.outputs if output["output_type"] == "stream")

    @property
    def result(self) -> str:
        (output,) = [output for output in self.outputs if output["output_type"] == "execute_result"]
        return output["data"]["text/plain"]

    @property
    def error(self) -> dict[str, Any]:
        (output,) = [output for output in self.outputs if output["output_type"] == "error"]
        assert not self.ok
        return output

    def shown(self, mime: str) -> list[Any]:
        return [output["data"][mime] for output in self.outputs if mime in output.get("data", {})]


Run = Callable[..., list[Ran]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs cells, given as texts, one after the other in a fresh shell; every output is valid nbformat."""
    ours, theirs = socket.socketpair()
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "server.py").write_text(SERVER)
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "LANG")},
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
    }
    with theirs:
        server = subprocess.Popen(
            [sys.executable, str(folder / "server.py"), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    answers = ours.makefile("rw")

    def run_cells(*cells: str, seconds: float = 60.0) -> list[Ran]:
        sources = [textwrap.dedent(cell).strip("\n") for cell in cells]
        answers.write(json.dumps({"cells": sources, "seconds": seconds}) + "\n")
        answers.flush()
        ran = [Ran(*each) for each in json.loads(answers.readline())]
        notebook = new_notebook(
            cells=[
                new_code_cell(source, outputs=nbformat.from_dict(each.outputs), execution_count=number)
                for number, (source, each) in enumerate(zip(sources, ran, strict=True), 1)
            ]
        )
        nbformat.validate(notebook)
        return ran

    yield run_cells
    answers.close()
    ours.close()
    server.wait(timeout=60)


def one(run: Run, cell: str, **options: Any) -> Ran:
    (ran,) = run(cell, **options)
    return ran


# Printed and returned


def test_what_is_printed_and_the_last_value_are_outputs(run):
    ran = one(run, "print('a')\nprint('b')\n[1, 2]")
    assert ran.ok
    assert ran.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "a\nb\n"},
        {"output_type": "execute_result", "data": {"text/plain": "[1, 2]"}, "metadata": {}, "execution_count": 1},
    ]


def test_a_cell_without_output_has_none(run):
    for cell in ("x = 1", "1;", "None", "# nothing", "", "def f():\n    return 1"):
        assert one(run, cell) == Ran([], True)


def test_both_streams_keep_their_order(run):
    ran = one(run, "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='')\nprint('d')")
    assert [(output["name"], output["text"]) for output in ran.outputs] == [
        ("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "cd\n"),
    ]  # fmt: skip


def test_names_live_on_and_executions_are_counted(run):
    first, second, third, fourth = run("x = 5", "1 / 0", "x + 1", "_ + _3, Out[3], In[1]")
    assert first.ok
    assert not second.ok
    assert third.outputs[0]["execution_count"] == 3
    assert fourth.result == "(12, 6, 'x = 5')"


def test_notebooks_are_run_as_main(run):
    ran = run(
        "import pickle, inspect\nclass A:\n    x = 3\ndef f(y):\n    return y * 2",
        "__name__, A.__module__, pickle.loads(pickle.dumps(A())).x, pickle.loads(pickle.dumps(f))(4)",
        "print(inspect.getsource(f))",
        "from __main__ import f as g\ng(5)",
    )
    assert ran[1].result == "('__main__', '__main__', 3, 8)"
    assert ran[2].text.strip() == "def f(y):\n    return y * 2"
    assert ran[3].result == "10"


def test_a_value_is_shown_by_its_own_means(run):
    ran = one(
        run,
        """
        class Shown:
            def _repr_html_(self):
                return "<b>bold</b>"
            def _repr_latex_(self):
                return "$x$"
            def _repr_png_(self):
                return b"\\x89PNG\\r\\n\\x1a\\n"
            def __repr__(self):
                return "plain"
        Shown()
        """,
    )
    assert ran.outputs[0]["data"] == {
        "text/html": "<b>bold</b>",
        "text/latex": "$x$",
        "text/plain": "plain",
        "image/png": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(),
    }


def test_a_value_that_cannot_be_shown_costs_nothing_else(run):
    ran = run("class Bad:\n    def __repr__(self):\n        raise ValueError('unshowable')\nBad()", "1 + 1")
    assert "unshowable" in json.dumps(ran[0].outputs)
    assert ran[1].result == "2"


# Past Python's own streams


@pytest.mark.parametrize(
    ("cell", "stream"),
    [
        ("import os\nos.write(1, b'here\\n')", "stdout"),
        ("import os\nos.write(2, b'here\\n');", "stderr"),
        ("import os\nos.system('echo here');", "stdout"),
        ("import os\nos.system('echo here >&2');", "stderr"),
        ("import subprocess\nsubprocess.run(['echo', 'here']);", "stdout"),
        ("import sys\nsys.__stdout__.write('here\\n');", "stdout"),
        ("import sys\nsys.stdout.buffer.write(b'here\\n');", "stdout"),
        ("import logging\nlogging.warning('here')", "stderr"),
        ("import warnings\nwarnings.warn('here')", "stderr"),
        ("import threading\nt = threading.Thread(target=print, args=('here',))\nt.start()\nt.join()", "stdout"),
        ("import sys, contextlib\nwith contextlib.redirect_stdout(sys.stderr):\n    print('here')", "stderr"),
    ],
)  # fmt: skip
def test_what_is_written_by_other_ways_is_an_output_too(run, cell, stream):
    ran, after = run(cell, "print('after')")
    assert ran.ok
    assert "here" in "".join(output["text"] for output in ran.outputs if output.get("name") == stream)
    assert after.text == "after\n"


def test_text_of_no_encoding_is_kept_as_well_as_can_be(run):
    ran = one(
        run,
        "import os, sys\nos.write(1, b'\\xff\\xfe ok')\nsys.stdout.buffer.write(b'\\xff ok')\nprint('é \\ud800 ok')",
    )
    assert ran.text.count("ok") == 3


def test_a_stream_takes_text_only_as_everywhere(run):
    assert one(run, "import sys\nsys.stdout.write(5)").error["ename"] == "TypeError"
    assert one(run, "import sys\nsys.stdout.isatty(), sys.stdout.encoding, sys.stdout.writable()").result == (
        "(False, 'utf-8', True)"
    )


# Magics and shell commands


def test_line_magics_work(run):
    for magic in (
        "%time x = 1", "%timeit -n 1 -r 1 None", "%pwd", "%who", "%lsmagic", "%precision 3", "%env HOME", "%cd .",
        "%load_ext autoreload", "%config InlineBackend.figure_format = 'png'", "%xmode plain",
    ):  # fmt: skip
        assert one(run, magic).ok, magic
    assert "Wall time" in one(run, "%time x = 1").text
    assert one(run, "x = 3\n%who_ls").result == "['x']"


def test_cell_magics_work(run):
    assert "Wall time" in one(run, "%%time\nx = 1").text
    assert one(run, "%%timeit -n 1 -r 1\nNone").ok
    assert one(run, "%%html\n<b>bold</b>").shown("text/html") == ["<b>bold</b>\n"]
    first, second = run("%%capture kept\nprint('a')\n3", "print(kept.stdout)")
    assert first.outputs == []
    assert second.text == "a\n\n"
    first, second = run("%%writefile helper.py\nANSWER = 42", "import helper\nhelper.ANSWER")
    assert second.result == "42"


@pytest.mark.parametrize("magic", ["bash", "sh", "script bash"])
def test_scripts_run(run, magic):
    ran = one(run, f"%%{magic}\necho $((6 * 7))\necho loud >&2\nfor i in a b; do echo $i; done")
    assert ran.ok
    assert "42\na\nb\n" in "".join(output["text"] for output in ran.outputs if output["name"] == "stdout")
    assert "loud\n" in "".join(output["text"] for output in ran.outputs if output["name"] == "stderr")
    assert one(run, f"%%{magic}\nexit 3").error["ename"] == "CalledProcessError"


def test_shell_commands_run(run):
    ran = one(run, "name = 'world'\n!echo hello $name {name.upper()}\n!echo again; exit 3\nprint(_exit_code)")
    assert ran.text == "hello world WORLD\nagain\n3\n"
    assert one(run, "lines = !printf 'a\\nb\\n'\nlist(lines)").result == "['a', 'b']"
    assert one(run, "!cat").ok  # there is nothing to read, rather than nobody to write
    assert "not found" in one(run, "!no-such-command").text


def test_an_unknown_magic_is_an_error_of_its_cell(run):
    first, second = run("%no_such_magic", "1 + 1")
    assert "no_such_magic" in json.dumps(first.outputs)
    assert second.result == "2"


@pytest.mark.parametrize("gui", ["", "inline", "notebook", "widget", "qt", "tk", "agg", "ipympl"])
def test_every_matplotlib_backend_is_the_inline_one(run, gui):
    ran = run(f"%matplotlib {gui}", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert all(each.ok for each in ran)
    assert len(ran[1].shown("image/png")) == 1


@pytest.mark.parametrize("backend", ["TkAgg", "QtAgg", "MacOSX", "WXAgg", "module://no_such_backend"])
@pytest.mark.parametrize("ask", ["import matplotlib; matplotlib.use({!r})", "plt.switch_backend({!r})"])
def test_a_backend_that_needs_a_screen_costs_nothing(run, backend, ask):
    cell = f"import matplotlib.pyplot as plt\n{ask.format(backend)}\nplt.ion()\nplt.plot([1, 2]);"
    ran = one(run, cell)
    assert ran.ok
    assert len(ran.shown("image/png")) == 1


def test_help_is_an_output_and_no_pager(run):
    assert "Return a new list containing" in json.dumps(one(run, "sorted?").outputs)
    assert "Return a new list containing" in json.dumps(one(run, "help(sorted)").outputs)


# display


def test_display_shows_each_thing(run):
    ran = one(
        run, "from IPython.display import HTML, Markdown\ndisplay(1, HTML('<b>x</b>'))\ndisplay(Markdown('*m*'))\n'end'"
    )
    assert [output["output_type"] for output in ran.outputs] == ["display_data"] * 3 + ["execute_result"]
    assert ran.shown("text/html") == ["<b>x</b>"]
    assert ran.shown("text/markdown") == ["*m*"]


def test_a_display_is_updated_in_place(run):
    ran = one(
        run,
        """
        from IPython.display import update_display
        handle = display("first", display_id=True)
        display("other", display_id="named")
        print("between")
        handle.update("second")
        update_display("renamed", display_id="named")
        update_display("never shown", display_id="unknown")
        """,
    )
    assert ran.shown("text/plain") == ["'second'", "'renamed'"]
    assert ran.text == "between\n"


def test_outputs_are_cleared_at_once_or_with_the_next_one(run):
    ran = one(run, "from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')")
    assert ran.text == "b\n"
    ran = one(run, "from IPython.display import clear_output\nprint('a')\nclear_output(wait=True)\nx = 1")
    assert ran.text == "a\n"
    loop = "for i in range(5):\n    clear_output(wait=True)\n    display(i)"
    assert one(run, f"from IPython.display import clear_output\n{loop}").shown("text/plain") == ["4"]


def test_data_that_is_no_json_does_no_harm(run):
    ran = run(
        "display({'application/json': {1, 2}}, raw=True)\ndisplay({'text/plain': b'bytes'}, raw=True)",
        "display({'text/plain': 'a'}, metadata={'b': object()}, raw=True)",
        "1 + 1",
    )
    assert ran[2].result == "2"


# Figures


def test_figures_are_pictures(run):
    ran = one(run, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('between')\nplt.plot([2, 1]);")
    kinds = [output["output_type"] for output in ran.outputs]
    assert kinds == ["display_data", "stream", "display_data"]
    for picture in ran.shown("image/png"):
        assert base64.b64decode(picture).startswith(b"\x89PNG\r\n\x1a\n")
    assert ran.shown("text/plain")[0].startswith("<Figure size")


FIGURES = {
    "curves": "plt.plot([1, 2, 4], [3e7, 2, 1], 'o-', label='a'); plt.text(4, 1, '   far to the right'); plt.legend()",
    "legend outside": "plt.plot([1, 2], label='a label'); plt.legend(loc='upper left', bbox_to_anchor=(1.05, 1))",
    "pictures": "axes = plt.subplots(2, 3)[1]\nfor one in axes.flat: one.imshow(table); one.set_title('a long title')",
    "aspect": "plt.imshow(table[:3]); plt.xlabel('columns'); plt.suptitle('above')",
    "two axes": "axes = plt.subplots()[1]; axes.plot([1, 2]); axes.twinx().plot([900, 100]); axes.set_ylabel('left')",
    "annotation": "plt.annotate('here', xy=(0, 0), xytext=(2, 3), arrowprops={'arrowstyle': '->'})",
    "names": "plt.bar(['a long name', 'another', 'one more'], [1, 2, 3]); plt.xticks(rotation=45)",
    "mathematics": "plt.semilogy([1, 1e9]); plt.ylabel(r'$\\frac{1}{2}$')",
    "in space": "plt.figure().add_subplot(projection='3d').plot([0, 1], [0, 1], [0, 1])",
    "polar": "plt.subplot(projection='polar').plot([0, 1, 2], [1, 2, 3])",
    "inset": "plt.subplots()[1].inset_axes([0.8, 0.8, 0.5, 0.5]).plot([3, 1])",
    "second axis": "plt.subplots()[1].secondary_xaxis('top', functions=(abs, abs)).set_xlabel('above')",
    "table": "plt.table(cellText=[['1', '2']], colLabels=['a', 'b'], loc='bottom'); plt.plot([1, 2])",
    "colours": "plt.imshow(table); plt.colorbar(label='value')",
    "constrained": "plt.subplots(2, 2, layout='constrained')[1][0, 0].set_title('x')",
    "tight": "plt.subplots(2, 2, layout='tight')[1][0, 1].set_ylabel('y')",
    "shared axes": "axes = plt.subplots(2, 2, sharex=True, sharey=True)[1]; axes[0, 1].plot([1e8, 1e8 + 3], [1, 2e7])",
    "shared and of other sizes": """
axes = plt.subplots(2, sharey=True, height_ratios=[1, 5])[1]
axes[0].plot([1e8, 1e8 + 3])
axes[1].minorticks_on()
axes[1].set_xlim(3, 9)""",
    "one formatter": """
from matplotlib.ticker import ScalarFormatter
axes, formatter = plt.subplots(1, 3)[1], ScalarFormatter()
for number, one in enumerate(axes):
    one.plot([10.0 ** (6 * number), 2])
    one.yaxis.set_major_formatter(formatter)""",
    "own labels": "plt.plot([1, 2]); plt.xticks([0, 1], ['a', 'b\\nc']); plt.yticks([1], ['one'], minor=True)",
    "own formatter": "plt.plot([1, 2]); plt.gca().yaxis.set_major_formatter(lambda x, _: f'{x:.1f} m')",
    "in decades": "plt.plot([1e-3, 1e4]); plt.xscale('symlog'); plt.yscale('logit'); plt.minorticks_on(); plt.grid()",
    "dates": "import datetime; plt.plot([datetime.date(2026, 1, 1), datetime.date(2026, 5, 1)], [1, 2])",
    "inverted": "plt.plot([1, 2]); plt.gca().invert_yaxis(); plt.gca().xaxis.tick_top(); plt.title('above the ticks')",
    "texts": """
plt.text(0.2, 0.2, 'two\\nlines', ha='center', va='center', rotation=30, rotation_mode='anchor', fontsize=20)
plt.text(0.2, 0.2, 'two\\nlines', ha='right', multialignment='center', linespacing=2, weight='bold')
plt.text(0.2, 0.2, 'two\\nlines', bbox={'boxstyle': 'round'}, parse_math=False)
plt.text(0.9, 0.9, 'a text that is wrapped, for it is long, and there is no room to the right of it', wrap=True)
plt.text(0.1, 0.6, 'along', rotation=45, transform_rotates_text=True)
plt.text(0.1, 0.7, '$x$'); plt.text(0.1, 0.8, '$x$', parse_math=False)""",
    "subfigures": """
left, right = plt.figure().subfigures(1, 2)
left.subplots(2, sharex=True)[1].plot([1, 2, 3])
right.subplots().imshow(table)
right.suptitle('right')""",
    "one locator": """
from matplotlib.ticker import MaxNLocator, PercentFormatter
axes, locator, formatter = plt.subplots(1, 3)[1], MaxNLocator(3), PercentFormatter(8)
for number, one in enumerate(axes):
    one.plot([10.0 ** number, 2])
    for axis in (one.xaxis, one.yaxis):
        axis.set_major_locator(locator)
        axis.set_major_formatter(formatter)""",
    "labels in a row": "for one in plt.subplots(2, 2)[1].flat: one.set_ylabel('y')\nplt.gcf().align_labels()",
    "limits that change": """
axes = plt.subplots()[1]
axes.callbacks.connect('ylim_changed', lambda one: one.set_xticks([0, one.get_ylim()[1]]))
axes.plot([1, 2, 7])""",
}


@pytest.fixture
def pyplot(monkeypatch):
    """matplotlib, with what `plots` changes of it undone after the test."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from IPython.core import pylabtools
    from matplotlib.axis import Axis
    from matplotlib.backends import backend_agg
    from matplotlib.text import Text

    renderer = backend_agg.RendererAgg
    for owner, name in ((renderer, "get_text_width_height_descent"), (Text, "_get_layout"), (Axis, "_update_ticks")):
        assert not hasattr(getattr(owner, name), "__wrapped__")
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(pylabtools, "print_figure", pylabtools.print_figure)
    monkeypatch.setattr(backend_agg, "MathTextParser", backend_agg.MathTextParser)
    with matplotlib.rc_context():
        yield plt
    plt.close("all")


def picture(plt, code):
    """The figure that the code draws, as a cell of a notebook would show it."""
    import numpy as np
    from IPython.core import pylabtools

    exec(code, {"plt": plt, "table": np.arange(64.0).reshape(8, 8)})
    data = pylabtools.print_figure(plt.gcf(), fmt="png", base64=True, bbox_inches="tight")
    plt.close("all")
    return data


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_takes_less_time_is_ipythons_to_the_byte(name, pyplot, monkeypatch):
    from matplotlib.figure import Figure

    drawn = []
    draw = Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda *given: drawn.append(1) or draw(*given))
    theirs = picture(pyplot, FIGURES[name])
    times = len(drawn)
    plots.draw_faster()
    for _ in range(2):
        drawn.clear()
        assert picture(pyplot, FIGURES[name]) == theirs
        assert (times, len(drawn)) == ((2, 2) if name in ("colours", "constrained", "tight") else (2, 1))


def test_what_a_figures_texts_measure_is_found_once(pyplot):
    from matplotlib import mathtext
    from matplotlib.backends import backend_agg

    renderer, measured = backend_agg.RendererAgg, []
    measure = renderer.get_text_width_height_descent
    renderer.get_text_width_height_descent = lambda *given: measured.append(given[1]) or measure(*given)
    parsed = mathtext.MathTextParser._parse_cached.cache_info
    plots.draw_faster()
    code = "plt.loglog([1, 1e7], label=r'$\\alpha$ and'); plt.title('a title'); plt.legend()"
    first = picture(pyplot, code)
    assert "a title" in measured
    before, misses = len(measured), parsed().misses
    assert picture(pyplot, code) == first
    assert (len(measured), parsed().misses) == (before, misses)


def test_ticks_are_found_once_for_a_picture(pyplot, monkeypatch):
    from matplotlib.ticker import MaxNLocator

    class OfSomebody(MaxNLocator):
        pass

    found, tick_values = [], MaxNLocator.tick_values
    monkeypatch.setattr(MaxNLocator, "tick_values", lambda *given: found.append(1) or tick_values(*given))
    pyplot.OfSomebody = OfSomebody

    def times(code):
        found.clear()
        picture(pyplot, code)
        return len(found)

    code = "plt.plot([1, 2]); plt.xlabel('x'); plt.ylabel('y')"
    his = f"{code}; plt.gca().xaxis.set_major_locator(plt.OfSomebody())"
    before, his_before = times(code), times(his)
    plots.draw_faster()
    assert before > times(code) == times(code) == 2
    assert 2 < times(his) < his_before


CHANGES = {
    "formulas": "plt.rcParams['mathtext.fontset'] = 'cm'",
    "letters in formulas": "plt.rcParams['mathtext.default'] = 'bf'",
    "fonts": "plt.rcParams['font.family'] = 'serif'",
    "fonts, in place": "plt.rcParams['font.sans-serif'][0] = 'DejaVu Sans Mono'",
    "size": "plt.rcParams['font.size'] = 14",
    "resolution": "plt.rcParams['figure.dpi'] = 60",
    "hinting": "plt.rcParams['text.hinting'] = 'none'",
    "style": "plt.style.use('ggplot')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_how_texts_look_gets_it(change, pyplot):
    code = "plt.semilogy([1, 1e7]); plt.title('a title with $x_2$')"

    def plain_and_changed():
        pyplot.rcdefaults()
        # A list of its own, or the defaults would be changed in place.
        pyplot.rcParams["font.sans-serif"] = [*pyplot.rcParams["font.sans-serif"]]
        plain = picture(pyplot, code)
        exec(CHANGES[change], {"plt": pyplot})
        return plain, picture(pyplot, code)

    plain, changed = plain_and_changed()
    assert plain != changed
    plots.draw_faster()
    assert plain_and_changed() == plain_and_changed() == (plain, changed)


def test_a_figure_belongs_to_the_cell_that_drew_it(run):
    first, second = run("import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()", "axes.plot([1])\nfigure")
    assert len(first.shown("image/png")) == 1
    assert len(second.shown("image/png")) == 1
    assert run("import matplotlib.pyplot as plt\nplt.figure()\n1 / 0", "1")[1].shown("image/png") == []


# magics and commands

CELLS = [
    "x = 1\nx",
    "%time x = 1",
    "x = 1\n%time x = 2\n",
    "%%time\nx = 1",
    "if True:\n    %time x = 1",
    "x = %time 1",
    "x = !echo 1",
    "x = 1\n!echo {x}",
    "!!echo",
    "len?",
    "x = 1\nlen??",
    "?len",
    "x = '%time'\n# !ls\n# what?\n",
    'x = """\n%time\n!ls\nlen?\n"""',
    "x = (1\n% 2)",
    "x = [\n    1,\n    -2,\n]; y = {1: 2}; x",
    "x = 5 \\\n  % 3",
    ">>> x = 1\n>>> x",
    "In [1]: x = 1",
    "    x = 1\n    x",
    "    # indented\n\n    x = 1\n    if x:\n        x = 2",
    "    # indented\nif x:\n    x = 2",
    "\n\n  \nx = 1",
    "def f(:\n  pass",
    "x = 'open",
    "return 1",
    "await f()",
    "async def f():\n    await g()",
    "async with f() as x:\n    x",
    "[x async for x in f()]",
    "awaited = 'await'",
    "/len x",
    ",len x",
    ";len x",
    "x = 1\r\ny = 2",
    "x = 1\x0c\ny = 2",
    "x = '\u2028'\ny = 1",
    "",
    "# only this",
    "\x00",
    "x" + "[0" * 300 + "]" * 300,
    "\t%time 1",
    "f'{1!r}'",
    "print(1);",
    "x is 1",
    "'\\d'",
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_what_ipython_makes_of_it(cell):
    def made(transformer):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                code = transformer.transform_cell(cell)
            except Exception as error:
                return type(error)
            known, awaits = getattr(transformer, "compiled", ("", False))
            if code != known or not code:
                awaits = _should_be_async(code)
        # Of the cell, that is: IPython warns of lines that it has split itself, too.
        return code, awaits, [(str(one.message), one.lineno) for one in warned if one.filename == "<>"]

    assert made(_Transformer()) == made(TransformerManager())


def test_an_extension_may_change_what_would_run_as_it_is(run):
    doubled = """
    from IPython.core.inputtransformer2 import TokenTransformBase

    class Doubled(TokenTransformBase):
        @classmethod
        def find(cls, tokens_by_line):
            found = [token for line in tokens_by_line for token in line if token.string == "once"]
            return cls(found[0].start) if found else None

        def transform(self, lines):
            return [line.replace("once", "twice") for line in lines]

    once, twice = 1, 2
    get_ipython().input_transformer_manager.token_transformers.append(Doubled)
    """
    assert run("once = 1\nonce", doubled, "x = once\nx")[2].result == "2"


# await


def test_await_works_at_the_top(run):
    ran = run(
        "import asyncio\nasync def twice(x):\n    await asyncio.sleep(0)\n    return 2 * x",
        "await twice(4)",
        "async with asyncio.timeout(5):\n    y = await asyncio.gather(twice(1), twice(2))\ny",
        "await twice('a' / 2)",
        "asyncio.run(twice(3))",
    )
    assert [each.result for each in (ran[1], ran[2], ran[4])] == ["8", "[2, 4]", "6"]
    assert ran[3].error["ename"] == "TypeError"


# What needs a person


@pytest.mark.parametrize("call", ["input('name? ')", "input()", "import getpass\ngetpass.getpass()"])
def test_who_asks_is_told_that_nobody_answers(run, call):
    first, second = run(call, "1 + 1")
    assert first.error["ename"] == "RuntimeError"
    assert "nobody is there to answer" in first.error["evalue"]
    assert second.result == "2"


@pytest.mark.parametrize("call", ["breakpoint()", "import pdb; pdb.set_trace()\nx = 1", "import sys\nsys.stdin.read()",
                                  "import sys\nsys.stdin.readline()", "%debug"])  # fmt: skip
def test_who_waits_for_a_person_does_not_wait(run, call):
    assert run(call, "1 + 1")[1].result == "2"


@pytest.mark.parametrize(
    "call", ["exit()", "quit()", "exit", "import sys\nsys.exit()", "import sys\nsys.exit(3)", "raise SystemExit"]
)
def test_exit_ends_the_cell_and_not_the_notebook(run, call):
    first, second = run(f"x = 1\n{call}\nx = 2", "x")
    assert second.result in ("1", "2") if call == "exit" else second.result == "1"
    assert not first.ok or call == "exit"


# Errors


def test_an_error_is_an_output_and_its_cell_has_failed(run):
    first, second = run("def f(x):\n    return 1 / x\nprint('before')\nf(0)\nprint('not reached')", "1 + 1")
    assert first.text == "before\n"
    assert (first.error["ename"], first.error["evalue"]) == ("ZeroDivisionError", "division by zero")
    trace = "\n".join(first.error["traceback"])
    assert "return 1 / x" in trace
    assert "f(0)" in trace
    assert "\x1b" not in trace
    assert second.result == "2"


def test_a_traceback_names_the_cell(run):
    trace = "\n".join(run("", "", "def f():\n    raise KeyError('k')", "f()")[3].error["traceback"])
    # Jupyter counts executions, and a cell with nothing in it is none.
    assert "Cell In[1], line 2, in f()" in trace
    assert "Cell In[2], line 1" in trace


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("x = (1,", "SyntaxError"),
        ("x = = 1", "SyntaxError"),
        ("if True:\nx = 1", "IndentationError"),
        ("def f(:\n    pass", "SyntaxError"),
        ("return 5", "SyntaxError"),
        ("'abc", "SyntaxError"),
        ("x = 1\n  y = 2", "IndentationError"),
        ("print 'a'", "SyntaxError"),
        ("\x00", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def f():\n    return f()\nf()", "RecursionError"),
        ("raise type('\\u202e' * 3, (Exception,), {})('x')", "\u202e" * 3),
        ("raise ValueError('\\ud800')", "ValueError"),
        ("assert False, 'no'", "AssertionError"),
        ("class Base(BaseException):\n    pass\nraise Base('x')", "Base"),
    ],
)
def test_every_error_ends_its_cell_alone(run, cell, name):
    first, second = run(cell, "1 + 1")
    assert first.error["ename"] == name
    assert second.result == "2"


def test_errors_that_are_hard_to_show_end_their_cell_alone(run):
    group, odd, after = run(
        "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "1 + 1",
    )
    assert not group.ok
    assert "several (2 sub-exceptions)" in group.text
    assert not odd.ok
    assert odd.outputs[0]["ename"] == "Odd"
    assert after.result == "2"


# Size


@pytest.mark.parametrize(
    "cell",
    [
        f"print('x' * {50 * LIMIT})",
        f"for _ in range({LIMIT}):\n    print('abcdefghij')",
        f"import sys\nprint('x' * {50 * LIMIT}, file=sys.stderr)",
        f"import os\nos.write(1, b'x' * {50 * LIMIT});",
        f"import os\nos.system('yes | head -c {50 * LIMIT}');",
        f"!yes | head -c {50 * LIMIT}",
        f"%%bash\nyes | head -c {50 * LIMIT}",
        f"display('x' * {50 * LIMIT})",
        f"for _ in range(100):\n    display('x' * {LIMIT // 10})",
        f"'x' * {50 * LIMIT}",
        f"raise ValueError('x' * {50 * LIMIT})",
        "def f(n):\n    raise ValueError('y' * 1000) if n == 0 else f(n - 1)\nf(500)",
        f"h = display('a', display_id=True)\nh.update('x' * {50 * LIMIT})",
        f"hs = [display(n, display_id=True) for n in range(50)]\nfor h in hs:\n    h.update('x' * {LIMIT // 10})",
        "import matplotlib.pyplot as plt\nfor n in range(20):\n    plt.plot(range(n))\n    plt.show()",
    ],
)  # fmt: skip
def test_the_outputs_of_a_cell_are_bounded(run, cell):
    before, ran, after = run("print('before')", cell, "print('after')")
    assert len(json.dumps(ran.outputs)) < 2 * LIMIT
    assert (before.text, after.text) == ("before\n", "after\n")


def test_what_was_cut_is_said_to_be(run):
    ran = one(run, f"print('start')\nfor _ in range({LIMIT}):\n    print('x')")
    assert ran.text.startswith("start\nx\n")
    assert ran.text.count("[output cut: more than 100,000 bytes]") == 1
    assert ran.ok
    assert "output cut" in one(run, f"display('x' * {2 * LIMIT})").text


def test_bytes_are_counted_and_not_letters(run):
    ran = one(run, f"print('é' * {LIMIT})")
    assert 0.9 * LIMIT < len(ran.text.encode()) < 1.1 * LIMIT


def test_what_was_cleared_takes_no_room(run):
    """A figure that is drawn anew in each step of a training is one figure."""
    drawing = "for n in range(20):\n    clear_output(wait=True)\n    plt.plot(range(n))\n    plt.show()"
    ran = one(run, f"import matplotlib.pyplot as plt\nfrom IPython.display import clear_output\n{drawing}")
    assert len(ran.shown("image/png")) == 1
    assert "cut" not in ran.text
    printing = f"for n in range(20):\n    clear_output()\n    print(str(n) * {LIMIT // 5})"
    ran = one(run, f"from IPython.display import clear_output\n{printing}")
    assert ran.text == "19" * (LIMIT // 5) + "\n"


def test_a_display_may_be_updated_any_number_of_times(run):
    ran = one(run, f"h = display('', display_id=True)\nfor n in range(100):\n    h.update(str(n) * {LIMIT // 10})")
    assert ran.shown("text/plain") == ["'" + "99" * (LIMIT // 10) + "'"]


# Time


@pytest.mark.parametrize(
    "body",
    [
        "while True:\n    pass",
        "import time\ntime.sleep(600)",
        "while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass",
        "try:\n    while True:\n        pass\nexcept BaseException:\n    while True:\n        pass",
        "!sleep 600",
        "%%bash\nsleep 600",
        "import asyncio\nawait asyncio.sleep(600)",
        "import threading\nthreading.Event().wait()",
        "import subprocess\nsubprocess.run(['sleep', '600'])",
        "%timeit -n 1000000 -r 100 sum(range(10000))",
    ],
)  # fmt: skip
def test_a_cell_that_takes_too_long_is_stopped_and_the_next_one_runs(run, body):
    cell = body if body.startswith("%%") else f"x = 1\nprint('started')\n{body}\nx = 2"
    first, second = run("x = 1", cell, "x", seconds=2.0)[1:]
    assert first.error["ename"] == "TimeLimit"
    assert "stopped after 2 seconds" in first.error["evalue"]
    assert second.result == "1"
    if not body.startswith("%%"):
        assert first.text.startswith("started\n")


def test_each_cell_has_the_whole_limit(run):
    ran = run("import signal, time\ntime.sleep(600)", "signal.getitimer(signal.ITIMER_REAL)[0] > 0.1", seconds=2.0)
    assert ran[0].error["ename"] == "TimeLimit"
    assert ran[1].result == "True"
    assert one(run, "import signal\nsignal.getitimer(signal.ITIMER_REAL)[0] > 5", seconds=60.0).result == "True"
