"""Figures as IPython and matplotlib draw them, to the byte, in less time."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
from collections.abc import Iterator
from typing import Any

from IPython.core import pylabtools

ipythons_print_figure = pylabtools.print_figure

_MOST_TEXTS = 4096


def draw_faster() -> None:
    """From now on in this process figures take less time. Imports matplotlib."""
    pylabtools.print_figure = print_figure
    for remember in (_remember_texts, _remember_layouts, _remember_ticks):
        with contextlib.suppress(AttributeError, ImportError):  # another release
            remember()


def print_figure(fig: Any, fmt: str = "png", bbox_inches: Any = "tight", base64: bool = False, **kwargs: Any) -> Any:
    """IPython's function of this name, for which a figure's frame is found without drawing it.

    matplotlib draws a figure twice, first to nowhere: a layout or a locator of axes may move things. Where there is
    none, the frame is the same without, and a sixth of the time is saved. What was found out for the frame is kept for
    drawing, which saves an eighth.
    """
    with _remembering():
        if fmt == "png" and bbox_inches == "tight" and not kwargs:
            # What cannot be done is done, or said, as always.
            with contextlib.suppress(Exception):
                if fig.get_layout_engine() is None and not any(axes.get_axes_locator() for axes in fig.axes):
                    from matplotlib import rcParams

                    frame = fig.get_tightbbox(fig.canvas.get_renderer())
                    bbox_inches = frame.padded(rcParams["savefig.pad_inches"])
        return ipythons_print_figure(fig, fmt, bbox_inches, base64, **kwargs)  # type: ignore[no-untyped-call] # few


_known: dict[Any, Any] | None = None
"""What has been found out about the figure that is being printed."""


@contextlib.contextmanager
def _remembering() -> Iterator[None]:
    global _known
    before, _known = _known, {}
    try:
        yield
    finally:
        _known = before


def _remember_layouts() -> None:
    """Set each text of a figure once while it is printed, where matplotlib does so five or six times."""
    text: Any = importlib.import_module("matplotlib.text")
    agg: Any = importlib.import_module("matplotlib.backends.backend_agg")
    lay_out = text.Text._get_layout
    if hasattr(lay_out, "__wrapped__"):
        return

    @functools.wraps(lay_out)
    def _get_layout(self: Any, renderer: Any) -> Any:
        if _known is None or type(renderer) is not agg.RendererAgg or self.get_usetex() or self.get_wrap():
            return lay_out(self, renderer)
        key = (
            type(self),
            self.get_text(),
            tuple(vars(self._fontproperties).values()),
            self.get_rotation(),
            self.get_rotation_mode(),
            self._horizontalalignment,
            self._verticalalignment,
            self._multialignment,
            self._linespacing,
            self.get_parse_math(),
            self.get_fontfeatures(),
            self.get_language(),
            self.get_figure(root=True).dpi,
            renderer.dpi,
        )
        if key not in _known:
            _known[key] = lay_out(self, renderer)
        return _known[key]

    text.Text._get_layout = _get_layout


def _remember_ticks() -> None:
    """Find the ticks of an axis once while a figure is printed, where matplotlib does so eleven times for a plot.

    They follow from what is asked for here, unless somebody has made a locator or a formatter.
    """
    axis: Any = importlib.import_module("matplotlib.axis")
    ticker: Any = importlib.import_module("matplotlib.ticker")
    update = axis.Axis._update_ticks
    if hasattr(update, "__wrapped__"):
        return
    own = {
        kind
        for kind in vars(ticker).values()
        if isinstance(kind, type) and issubclass(kind, ticker.TickHelper) and kind is not ticker.FuncFormatter
    }

    @functools.wraps(update)
    def _update_ticks(self: Any) -> Any:
        helpers = self.major.locator, self.major.formatter, self.minor.locator, self.minor.formatter
        if _known is None or type(self) not in (axis.XAxis, axis.YAxis) or not own.issuperset(map(type, helpers)):
            return update(self)
        asked = (
            *map(id, helpers),
            *self.get_view_interval(),
            *self.axes._position.bounds,
            len(self.majorTicks),
            len(self.minorTicks),
        )
        before, ticks = _known.get(self, (None, None))
        # These remember the axis that last asked them, and may be several's. As keys they stay, and so do their ids.
        if before != asked or any(_known[helper] is not self for helper in helpers):
            ticks = update(self)
            asked = *asked[:-2], len(self.majorTicks), len(self.minorTicks)
            _known[self] = asked, ticks
            _known.update(dict.fromkeys(helpers, self))
        return ticks

    axis.Axis._update_ticks = _update_ticks


def _remember_texts() -> None:
    """Keep what texts measure, and how formulas are set, from one figure to the next: a third of a logarithmic plot.

    matplotlib keeps both with a renderer, of which each figure has two.
    """
    mpl: Any = importlib.import_module("matplotlib")
    font_manager: Any = importlib.import_module("matplotlib.font_manager")
    backend_agg: Any = importlib.import_module("matplotlib.backends.backend_agg")
    if hasattr(backend_agg.RendererAgg.get_text_width_height_descent, "__wrapped__"):
        return
    names = [name for name in mpl.rcParams if name.startswith(("font.", "mathtext.", "text."))]

    def settings() -> tuple[str, int]:
        """All that decides, besides a text's own properties, what it looks like."""
        values = [dict.__getitem__(mpl.rcParams, name) for name in names]
        return repr(values), len(font_manager.fontManager.ttflist)

    mathtext_parser: Any = backend_agg.MathTextParser

    @functools.lru_cache(8)
    def parser(_settings: tuple[str, int], output: str) -> Any:
        """The one parser, which keeps what it has parsed, for all renderers with these settings."""
        return mathtext_parser(output)

    # Its formulas hold fonts, and these open files, which are not a fork's.
    os.register_at_fork(after_in_child=parser.cache_clear)

    class Parser(mathtext_parser):  # type: ignore[misc] # matplotlib's
        def __init__(self, output: str) -> None:
            super().__init__(output)
            self.output = output

        def parse(self, *arguments: Any, **options: Any) -> Any:
            return parser(settings(), self.output).parse(*arguments, **options)

    known: dict[Any, Any] = {}
    measure = backend_agg.RendererAgg.get_text_width_height_descent

    @functools.wraps(measure)
    def get_text_width_height_descent(self: Any, s: str, prop: Any, ismath: Any, **options: Any) -> Any:
        if ismath == "TeX" or options:
            return measure(self, s, prop, ismath, **options)
        key = s, prop.copy(), ismath, self.dpi, settings()
        if key not in known:
            if len(known) >= _MOST_TEXTS:
                known.clear()
            known[key] = measure(self, s, prop, ismath)
        return known[key]

    backend_agg.MathTextParser = Parser
    backend_agg.RendererAgg.get_text_width_height_descent = get_text_width_height_descent
