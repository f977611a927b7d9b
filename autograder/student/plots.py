"""Figures as IPython and matplotlib draw them, to the byte, in less time."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
from typing import Any

from IPython.core import pylabtools

ipythons_print_figure = pylabtools.print_figure

_MOST_TEXTS = 4096


def draw_faster() -> None:
    """From now on in this process figures take less time. Imports matplotlib."""
    pylabtools.print_figure = print_figure
    with contextlib.suppress(AttributeError, ImportError):  # another release
        _remember_texts()


def print_figure(fig: Any, fmt: str = "png", bbox_inches: Any = "tight", base64: bool = False, **kwargs: Any) -> Any:
    """IPython's function of this name, for which a figure's frame is found without drawing it.

    matplotlib draws a figure twice, first to nowhere: a layout or a locator of axes may move things. Where there is
    none, the frame is the same without, and a sixth of the time is saved.
    """
    if fmt == "png" and bbox_inches == "tight" and not kwargs:
        # What cannot be done is done, or said, as always.
        with contextlib.suppress(Exception):
            if fig.get_layout_engine() is None and not any(axes.get_axes_locator() for axes in fig.axes):
                from matplotlib import rcParams

                frame = fig.get_tightbbox(fig.canvas.get_renderer())
                bbox_inches = frame.padded(rcParams["savefig.pad_inches"])
    return ipythons_print_figure(fig, fmt, bbox_inches, base64, **kwargs)  # type: ignore[no-untyped-call] # few types


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
