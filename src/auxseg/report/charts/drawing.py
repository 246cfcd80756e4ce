"""The charts of the report, drawn as SVG without a display.

Colours are written as the values of `_PALETTE`, so that a saved chart stands alone; `for_page` turns each into the CSS
variable of its name, so that a chart on the page follows its light or dark scheme. Text stays text: it can be found,
read aloud, and takes the page's typeface. The same numbers give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from auxseg.report import wording

_PALETTE: Final = {
    "#1c2531": "--ink",
    "#66717f": "--muted",
    "#e1e4e8": "--line",
    "#fefefe": "--card",
    "#1b6f78": "--series-1",
    "#c25b2a": "--series-2",
    "#5b5fb0": "--series-3",
    "#9a7b0a": "--series-4",
    "#a13d6d": "--series-5",
    "#4d8a3f": "--series-6",
}
INK, MUTED, LINE, CARD, *SERIES = _PALETTE
_TAG: Final = re.compile(r"<[^>]*>")
_DASHES: Final = ("-", "--", ":", "-.")
_WIDTH: Final = 330
_HEIGHT: Final = 190
_MARGINS: Final = (42, 36, 10, 24)
_STYLE: Final[dict[Any, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": CARD,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "figure.facecolor": CARD,
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.5,
    "savefig.facecolor": "auto",
    "svg.fonttype": "none",
    # Names of tasks, classes and runs are text, whatever dollars they hold.
    "text.parse_math": False,
    "text.color": INK,
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.color": LINE,
    "ytick.labelcolor": MUTED,
}


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its name, what it shows in a sentence, the SVG document, and whether it wants the page's width."""

    name: str
    caption: str
    svg: str
    wide: bool = False


@dataclass(frozen=True)
class Curve:
    """Values over optimiser steps, ``None`` where there is none; ``dots`` marks each value, ``kept`` rings one step."""

    label: str
    steps: Sequence[int]
    values: Sequence[float | None]
    dots: bool = False
    kept: int | None = None


def curves(name: str, title: str, caption: str, lines: Sequence[Curve], note: str = "", *, zero: bool = False) -> Chart:
    """Lines over optimiser steps, with a legend below when there are several; ``note`` stands right of the title.

    With ``zero`` the chart has a line there.
    """
    labels = [shorten(line.label, 48) for line in lines] if len(lines) > 1 else []
    columns = 2 if max((len(label) for label in labels), default=0) <= 18 else 1
    rows = -(-len(labels) // columns)
    with canvas(_WIDTH, _HEIGHT, below=15 * rows) as (figure, axes):
        if zero:
            axes.axhline(0, color=INK, linewidth=0.8)
        handles = [_draw_curve(axes, line, number) for number, line in enumerate(lines)]
        axes.set_xlabel("step")
        axes.margins(x=0.03, y=0.1)
        axes.set_xlim(left=0)
        write_title(axes, title, note)
        if labels:
            figure.legend(handles, labels, loc="lower left", ncols=columns)
        return Chart(name, caption, to_svg(figure, name))


def smooth(values: Sequence[float | None], window: int) -> list[float | None]:
    """Mean of each value and the ``window - 1`` before it, leaving out those that are ``None``."""
    numbers = np.array([np.nan if value is None else value for value in values], dtype=float)
    known = np.isfinite(numbers)
    sums = _windowed(np.where(known, numbers, 0.0), window)
    counts = _windowed(known.astype(float), window)
    return [float(total / number) if number else None for total, number in zip(sums, counts, strict=True)]


def histogram(name: str, title: str, caption: str, values: Sequence[float]) -> Chart:
    """How many images have which value, with a line at the median."""
    inside = min(values) >= 0 and max(values) <= 1
    with canvas(_WIDTH, _HEIGHT) as (figure, axes):
        axes.hist(values, bins=20, range=(0, 1) if inside else None, color=SERIES[0], edgecolor=CARD, linewidth=0.6)
        axes.margins(x=0.01)
        median = float(np.median(values))
        axes.axvline(median, color=SERIES[1], linewidth=1.2)
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
        axes.set_ylabel("images")
        write_title(axes, title, f"median {median:.3f}")
        return Chart(name, caption, to_svg(figure, name))


def confusion(name: str, caption: str, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> Chart:
    """A confusion matrix: a row per true class, shaded by its share of that row, with numbers where there is room.

    Numbers are counts, or percent of the row where counts would not fit (`in_percent`).
    """
    table = np.asarray(counts, dtype=float).reshape(len(classes), len(classes))
    percent = in_percent(counts)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    roomy = len(classes) <= 12
    labels = [shorten(label, 24) for label in classes]
    side = max(90, (28 if roomy else 12) * len(classes))
    margin = 30 + round(5.5 * max(len(label) for label in labels))
    with canvas(max(_WIDTH, side + margin + 8), side + margin + 8, (margin, margin, 8, 8)) as (figure, axes):
        for row, column in zip(*np.nonzero(table), strict=True):
            share = float(shares[row, column])
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=SERIES[0], alpha=share, linewidth=0))
            if roomy:
                colour = CARD if share > 0.55 else INK
                number = _cell(float(table[row, column]), share, percent)
                axes.text(column, row, number, ha="center", va="center", color=colour)
        _frame_matrix(axes, labels, 9 if roomy else 8)
        return Chart(name, caption, to_svg(figure, name), wide=not roomy)


def in_percent(counts: Sequence[Sequence[int]]) -> bool:
    """Whether a confusion matrix is shown in percent of its rows: where a count has five digits, as of pixels."""
    return any(count >= 10_000 for row in counts for count in row)


def _cell(number: float, share: float, percent: bool) -> str:
    if not percent:
        return f"{number:.0f}"
    return f"{100 * share:.0f}%" if share >= 0.005 else "<1%"


def for_page(svg: str, prefix: str) -> str:
    """A chart as part of a page: scales with its column and follows the page's colours.

    Ids that nothing refers to are left out; the others begin with ``prefix``, which no other chart of a page may have.
    What stands between tags is text, whatever it looks like, and stays as it is.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*pt"', r"\1", svg, count=1)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    used = {name for tag in _TAG.findall(svg) for name in re.findall(r'(?:href="|url\()#([\w-]+)', tag)}
    return _TAG.sub(lambda match: _tag_for_page(match[0], prefix, used), svg)


def _tag_for_page(tag: str, prefix: str, used: Collection[str]) -> str:
    tag = re.sub(r' id="([^"]*)"', lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "", tag)
    tag = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", tag)
    for colour, variable in _PALETTE.items():
        tag = tag.replace(colour, f"var({variable})")
    return tag


@contextmanager
def canvas(
    width: int, height: int, margins: tuple[int, int, int, int] = _MARGINS, below: int = 0
) -> Iterator[tuple[Figure, Axes]]:
    """An empty chart of so many points, which are the units of its text sizes, and ``below`` more for a legend.

    The margins (left, bottom, right, top) are given, because measuring them takes longer than drawing the chart.
    """
    left, bottom, right, top = margins
    bottom, height = bottom + below, height + below
    with rc_context(_STYLE):
        figure = Figure(figsize=(width / 72, height / 72))
        place = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
        yield figure, figure.add_axes(place)


def _draw_curve(axes: Axes, line: Curve, number: int) -> Line2D:
    colour, dash = SERIES[number % len(SERIES)], _DASHES[number // len(SERIES) % len(_DASHES)]
    steps, values = _thin(line)
    marker = {"marker": "o", "markersize": 3} if line.dots and len(steps) <= 60 else {}
    (handle,) = axes.plot(steps, values, color=colour, linestyle=dash, **marker)
    if line.kept in steps:
        value = values[steps.index(line.kept)]
        axes.plot([line.kept], [value], "o", markersize=9, markerfacecolor="none", markeredgecolor=INK)
    return handle


def _thin(line: Curve, limit: int = 600) -> tuple[list[int], list[float]]:
    """At most about ``limit`` of the known values: more than the chart has pixels. A ringed step always stays."""
    known = [(step, value) for step, value in zip(line.steps, line.values, strict=True) if value is not None]
    stride = -(-len(known) // limit) or 1
    kept = [pair for index, pair in enumerate(known) if index % stride == 0 or pair[0] == line.kept]
    return [step for step, _ in kept], [value for _, value in kept]


def _windowed(values: np.ndarray, window: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return total[ends] - total[np.maximum(ends - window, 0)]


def write_title(axes: Axes, title: str, note: str) -> None:
    """The title on the left, and a note in quiet letters on the right."""
    axes.set_title(shorten(title, 40), loc="left")
    axes.set_title(note, loc="right", color=MUTED, fontsize=9)


def _frame_matrix(axes: Axes, labels: Sequence[str], size: int) -> None:
    ticks = range(len(labels))
    axes.set(xlim=(-0.5, len(labels) - 0.5), ylim=(len(labels) - 0.5, -0.5), aspect="equal")
    axes.set_xticks(ticks, labels, rotation=90, fontsize=size)
    axes.set_yticks(ticks, labels, fontsize=size)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(visible=False)
    axes.tick_params(length=0)


def shorten(text: str, limit: int) -> str:
    """A text without its middle, if it is longer than so many letters."""
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-(limit // 2) + 1 :]}"


def to_svg(figure: Figure, name: str) -> str:
    """The document; ``name`` keeps its ids the same from one drawing to the next."""
    document = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.hashsalt": name}), warnings.catch_warnings():
        # The page's typeface draws the text, not the one that matplotlib measures it with.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(document, format="svg", metadata=nothing)
    return wording.plain(document.getvalue())
