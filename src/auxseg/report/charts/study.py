"""The charts of a study: what every auxiliary does to the target, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from auxseg.report import wording
from auxseg.report.charts.drawing import CARD, INK, MUTED, SERIES, Chart, canvas, shorten, to_svg, write_title

_COLOURS: Final = {
    "helps": SERIES[5],
    "hurts": SERIES[1],
    "no meaningful difference": SERIES[0],
    "not worth it": SERIES[0],
    "does no harm": SERIES[0],
}
_LETTER: Final = 5.2
_WIDE: Final = 820
_NARROW: Final = 330
_GAP: Final = 0.7
"""Between the controls and the arms above them, in rows."""


@final
@dataclass(frozen=True)
class Bar:
    """An arm's mean difference with its interval and its seeds, in the units in which it is drawn."""

    name: str
    verdict: str
    mean: float | None
    interval: tuple[float, float] | None
    seeds: tuple[float, ...]
    is_control: bool = False


def forest(
    name: str, title: str, caption: str, unit: str, margin: float, bars: Sequence[Bar], *, narrow: bool = False
) -> Chart:
    """A line per arm: its interval, its mean, a point per seed; the margin is shaded around zero.

    Controls stand below the others in a band of their own. The axis holds every seed and the margin; an interval that
    leaves it ends in an arrow. A ``narrow`` chart, for small screens, has the names above the lines.
    """
    bars = sorted(bars, key=lambda bar: bar.is_control)
    labels = [shorten(bar.name, 42 if narrow else 36) for bar in bars]
    left = 12 if narrow else 20 + round(_LETTER * max((len(label) for label in labels), default=0))
    places = [row + (_GAP if bar.is_control else 0) for row, bar in enumerate(bars)]
    bottom = places[-1] if places else 0
    height = round(62 + (34 if narrow else 26) * (bottom + 1))
    with canvas(_NARROW if narrow else _WIDE, height, (left, 36, 12, 24 if title else 8)) as (figure, axes):
        low, high = _range(bars, margin)
        axes.axvspan(-margin, margin, color=MUTED, alpha=0.14, linewidth=0)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set(xlim=(low, high), ylim=(bottom + 0.6, -0.7), xlabel=unit)
        _draw_band(axes, [place for place, bar in zip(places, bars, strict=True) if bar.is_control])
        for place, bar in zip(places, bars, strict=True):
            _draw_bar(axes, place, bar, low, high)
        if narrow:
            axes.set_yticks([])
            for place, label in zip(places, labels, strict=True):
                axes.text(0, place - 0.25, label, color=INK, va="bottom", transform=axes.get_yaxis_transform())
        else:
            axes.set_yticks(places, labels, color=INK)
        axes.tick_params(length=0)
        axes.grid(axis="y", visible=False)
        write_title(axes, title, "")
        return Chart(name, caption, to_svg(figure, name), wide=True)


def _draw_band(axes: Axes, places: Sequence[float]) -> None:
    """The ground on which the controls stand."""
    if places:
        axes.axhspan(places[0] - 0.62, places[-1] + 0.6, color=MUTED, alpha=0.1, linewidth=0)
        right = axes.get_yaxis_transform()
        axes.text(0.995, places[0] - 0.2, "controls", color=MUTED, ha="right", va="bottom", size=8, transform=right)


def _draw_bar(axes: Axes, row: float, bar: Bar, low: float, high: float) -> None:
    colour = _COLOURS.get(bar.verdict, MUTED)
    axes.plot(bar.seeds, [row + 0.26] * len(bar.seeds), "o", color=colour, alpha=0.45, markersize=3, mew=0)
    if bar.interval is not None:
        start, end = bar.interval
        axes.plot([max(start, low), min(end, high)], [row, row], color=colour, linewidth=2)
        for place, is_cut, arrow in ((low, start < low, "<"), (high, end > high, ">")):
            if is_cut:
                axes.plot([place], [row], arrow, color=colour, markersize=6, mew=0, clip_on=False)
    if bar.mean is not None:
        axes.plot([bar.mean], [row], "D", color=colour, markeredgecolor=CARD, markersize=7)


def by_share(
    name: str, title: str, caption: str, unit: str, margin: float, bars: Mapping[str, Mapping[float, Bar]]
) -> Chart:
    """The mean difference of every arm against the share of the masks, with intervals."""
    shares = sorted({share for by in bars.values() for share in by})
    low, high = _range([bar for by in bars.values() for bar in by.values()], margin)
    with canvas(560, 250, below=15 * -(-len(bars) // 2)) as (figure, axes):
        axes.axhspan(-margin, margin, color=MUTED, alpha=0.14, linewidth=0)
        axes.axhline(0, color=INK, linewidth=1)
        handles = []
        for number, by in enumerate(bars.values()):
            colour = SERIES[number % len(SERIES)]
            known = [(share, bar.mean) for share, bar in sorted(by.items()) if bar.mean is not None]
            # Arms stand side by side, so that their intervals do not hide each other.
            beside = 1.04 ** (number - (len(bars) - 1) / 2)
            places = [share * beside for share, _ in known]
            handles += axes.plot(places, [mean for _, mean in known], "o-", color=colour, markersize=4)
            for share, bar in by.items():
                if bar.interval is not None:
                    axes.plot([share * beside] * 2, np.clip(bar.interval, low, high), color=colour, linewidth=1.2)
        axes.set(xscale="log", ylim=(low, high), xlabel="share of the masks", ylabel=unit)
        axes.xaxis.set_major_locator(FixedLocator(shares))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
        write_title(axes, title, "")
        figure.legend(handles, [shorten(label, 40) for label in bars], loc="lower left", ncols=2)
        return Chart(name, caption, to_svg(figure, name), wide=True)


@final
@dataclass(frozen=True)
class Point:
    """An arm's mean affinity to the target in percent, and its mean difference in the units in which it is drawn."""

    name: str
    verdict: str
    affinity: float
    mean: float


def affinity(name: str, title: str, caption: str, unit: str, points: Sequence[Point]) -> Chart:
    """What a step for the auxiliaries does to the target's loss against what they did to its figure."""
    with canvas(560, 270, (52, 36, 12, 24)) as (figure, axes):
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=0.8)
        places = [0.0, *(point.affinity for point in points)]
        middle = (min(places) + max(places)) / 2
        for point in points:
            colour = _COLOURS.get(point.verdict, MUTED)
            axes.plot([point.affinity], [point.mean], "D", color=colour, markeredgecolor=CARD, markersize=7)
            is_left = point.affinity <= middle
            axes.annotate(
                shorten(point.name, 30),
                (point.affinity, point.mean),
                xytext=(7 if is_left else -7, 4),
                textcoords="offset points",
                ha="left" if is_left else "right",
                color=INK,
            )
        axes.margins(0.1, 0.15)
        axes.set(xlabel="mean affinity, percent", ylabel=unit)
        write_title(axes, title, "")
        return Chart(name, caption, to_svg(figure, name), wide=True)


@final
@dataclass(frozen=True)
class Course:
    """How often an arm's auxiliary was in conflict, by stretch of the training.

    Attributes:
        name: of the arm.
        auxiliary: its only one.
        steps: the mean step of each stretch.
        num_looks: how many looks each rests on.
        conflicts: the share of them with a negative cosine, by group of shared parameters.
    """

    name: str
    auxiliary: str
    steps: tuple[int, ...]
    num_looks: tuple[int, ...]
    conflicts: Mapping[str, Sequence[float | None]]


def conflict(name: str, title: str, caption: str, course: Course) -> Chart:
    """A row per group of shared parameters, a column per stretch; the colour says which side of one half, and how far.

    Lines would hide each other: few looks make few different shares.
    """
    labels = [shorten(wording.group(group), 24) for group in course.conflicts]
    left, width = 8 + round(_LETTER * max(len(label) for label in labels)), 330
    with canvas(width, 60 + 20 * len(labels), (left, 36, 10, 24)) as (figure, axes):
        for row, shares in enumerate(course.conflicts.values()):
            for column, share in enumerate(shares):
                if share is None:
                    continue
                strength = abs(2 * share - 1)
                colour = SERIES[1] if share > 0.5 else SERIES[0]
                axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, alpha=strength, linewidth=0))
                ink = CARD if strength > 0.7 else INK
                axes.text(column + 0.5, row + 0.5, f"{100 * share:.0f}", ha="center", va="center", color=ink, size=8)
        axes.set(xlim=(0, len(course.steps)), ylim=(len(labels), 0), xlabel="step")
        axes.set_yticks([row + 0.5 for row in range(len(labels))], labels, color=INK)
        # As many steps as have room beside each other.
        room = (width - left) / len(course.steps)
        stride = max(1, math.ceil(_LETTER * (len(str(course.steps[-1])) + 1) / room))
        columns = range(0, len(course.steps), stride)
        axes.set_xticks([column + 0.5 for column in columns], [str(course.steps[column]) for column in columns])
        axes.tick_params(length=0)
        axes.grid(visible=False)
        write_title(axes, title, "")
        return Chart(name, caption, to_svg(figure, name))


def _range(bars: Sequence[Bar], margin: float) -> tuple[float, float]:
    """What the axis shows: zero, the margin, every seed, and intervals as far as those are not many times wider."""
    inner = [-margin, margin, *(value for bar in bars for value in (*bar.seeds, *([bar.mean] if bar.mean else ())))]
    low, high = min(inner), max(inner)
    reach = 2 * (high - low)
    ends = [end for bar in bars if bar.interval is not None for end in bar.interval]
    low, high = (
        min([low, *(end for end in ends if end > low - reach)]),
        max([high, *(end for end in ends if end < high + reach)]),
    )
    space = 0.04 * (high - low)
    return low - space, high + space
