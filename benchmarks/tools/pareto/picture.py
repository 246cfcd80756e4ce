"""Where balancers end up on a known front, as a picture: a few ways there, and every end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.tools.pareto.problem import NUM_STEPS, OPTIMA, STARTS, End, curve

SHOWN: Final = {"equal": "#1f6fb2", "mgda": "#b3541e", "famo": "#2e7d4f"}
"""Balancers whose ways are drawn."""
_COLOURS: Final = ("#1f6fb2", "#b3541e", "#2e7d4f", "#7a4fa3")
"""Of starts."""
_WIDTH: Final = 760
_PLANE: Final = (40, 60, 300, 300)
"""Left, top, width and height of the plane."""
_LEFT: Final = 150
_LONG: Final = 200
"""Where the line of a row begins, and how long it is."""
_ROW: Final = 17
_FONT: Final = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"


def picture(ends: Mapping[str, Sequence[End]]) -> str:
    """An SVG: the plane with the front and the ways of some, and a row for each balancer with its ends."""
    half = -(-len(ends) // 2)
    top = 424
    height = top + half * _ROW + 10
    rows = list(ends.items())
    columns = (rows[:half], rows[half:])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="t d" font-family="{_FONT}">',
        '<title id="t">Where balancers end up on a known Pareto front</title>',
        "<desc id='d'>Two parameters, a front from the target's optimum to the auxiliary's, and the ends of every "
        "balancer from four starts.</desc>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_plane(ends),
        *_legend(),
        *(part for place, column in enumerate(columns) for part in _rows(column, 370 * place, top)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _plane(ends: Mapping[str, Sequence[End]]) -> list[str]:
    left, top, width, height = _PLANE
    parts = [
        _text(left, top - 24, "The parameters, and the ways of three balancers", 15, bold=True),
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#9aa5b1"/>',
        f'<path d="{_way(curve()[::50])}" fill="none" stroke="#1f2933" stroke-width="3"/>',
    ]
    for kind, colour in SHOWN.items():
        for end in ends.get(kind, ()):
            thinned = end.path[np.unique(np.geomspace(1, len(end.path), 60).astype(int)) - 1]
            parts.append(f'<path d="{_way(thinned)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            x, y = _at(end.path[-1])
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
    for (x, y), name in zip(map(_at, np.array(OPTIMA)), ("target's optimum", "auxiliary's optimum"), strict=True):
        parts.append(_text(x, y + 20, name, 12, anchor="middle"))
    return parts + [_ring(*_at(np.array(start)), colour) for start, colour in zip(STARTS, _COLOURS, strict=True)]


def _legend() -> list[str]:
    left, top = 390, 78
    parts = []
    for place, (kind, colour) in enumerate(SHOWN.items()):
        y = top + 22 * place
        parts.append(f'<path d="M {left} {y} H {left + 26}" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(_text(left + 36, y + 4, kind, 13))
    parts += [
        f'<path d="M {left} {top + 72} H {left + 26}" stroke="#1f2933" stroke-width="3"/>',
        _text(left + 36, top + 76, "the front", 13),
        *(_ring(left + 4 + 14 * place, top + 100, colour) for place, colour in enumerate(_COLOURS)),
        _text(left + 66, top + 104, "four starts, and below the ends from them:", 13),
        _dot(left + 11, top + 126, _COLOURS[0], filled=True),
        _text(left + 36, top + 130, "on the front", 13),
        _dot(left + 11, top + 150, _COLOURS[0], filled=False),
        _text(left + 36, top + 154, "short of it, or beside it; placed at its nearest point", 13),
        _text(left, top + 196, f"{NUM_STEPS:,} gradient steps each. The auxiliary's loss is ten times", 13),
        _text(left, top + 214, "as large as the target's.", 13),
    ]
    return parts


def _rows(rows: Sequence[tuple[str, Sequence[End]]], left: int, top: int) -> list[str]:
    begin = left + _LEFT
    parts = [
        _text(begin, top - 14, "target's optimum", 12),
        _text(begin + _LONG, top - 14, "auxiliary's", 12, anchor="end"),
    ]
    for number, (kind, ends) in enumerate(rows):
        y = top + number * _ROW + 4
        parts.append(_text(begin - 14, y + 4, kind, 12, anchor="end"))
        parts.append(f'<path d="M {begin} {y} H {begin + _LONG}" stroke="#c5ced6"/>')
        for end, colour in zip(ends, _COLOURS, strict=True):
            parts.append(_dot(begin + _LONG * end.place, y, colour, filled=end.is_on_front))
    return parts


def _at(point: np.ndarray) -> tuple[float, float]:
    left, top, width, height = _PLANE
    return left + width * (point[0] + 2) / 4, top + height * (2 - point[1]) / 4


def _way(points: np.ndarray) -> str:
    return "M " + " L ".join(f"{x:.1f} {y:.1f}" for x, y in map(_at, points))


def _dot(x: float, y: float, colour: str, *, filled: bool) -> str:
    fill = colour if filled else "#ffffff"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" fill-opacity="0.8" stroke="{colour}"/>'


def _ring(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#ffffff" stroke="{colour}" stroke-width="2.5"/>'


def _text(x: float, y: float, words: str, size: int, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{weight} fill="#1f2933">{words}</text>'
    )
