"""Conclusions as sentences for people."""

from __future__ import annotations

import math
from typing import Final

from auxseg.statistics.simultaneous.constants import FEWEST_SEEDS
from auxseg.statistics.simultaneous.criteria import Criteria
from auxseg.statistics.simultaneous.statements import Conclusion, Statement

POINTS: Final = 100.0
"""Figures in [0, 1] are said in points, hundredths of them."""

_CANNOT: Final = {
    Statement.HELPS: "it helps",
    Statement.HURTS: "it hurts",
    Statement.NO_MEANINGFUL_DIFFERENCE: "there is no meaningful difference",
    Statement.NOT_WORTH_IT: "it is not worth it",
    Statement.DOES_NO_HARM: "it does no harm",
}


def said(name: str, conclusion: Conclusion, criteria: Criteria, scale: float = POINTS, unit: str = "points") -> str:
    """The leading statement with its bounds, then the difference and its interval.

    ``scale`` and ``unit`` turn the figure's own unit into what people say: 100 and points for shares. Such as
    "edges: not worth it: cannot gain more than 0.9 points (+0.2, 95 % interval -0.5 to +0.9)".
    """
    measured = _measured(conclusion, criteria, scale)
    if not conclusion.interval.has_bounds:
        return f"{name}: no verdict: {_reason(conclusion)} ({measured})"
    sentence = f"{name}: {conclusion.leading}: {bounds(conclusion, scale, unit)} ({measured})"
    if conclusion.withdrawn:
        withdrawn = _CANNOT[conclusion.withdrawn[0]]
        sentence += f"; because runs diverged, it cannot be said that {withdrawn}"
    return sentence


def bounds(conclusion: Conclusion, scale: float = POINTS, unit: str = "points") -> str:
    """What the interval leaves possible, such as "cannot gain more than 0.9 points"."""
    low, high = scale * conclusion.low, scale * conclusion.high
    if conclusion.leading is Statement.HELPS:
        return f"gains at least {low:.1f} and at most {_of(high, unit)}"
    if conclusion.leading is Statement.HURTS:
        return f"loses at least {-high:.1f} and at most {_of(-low, unit)}"
    if conclusion.withdrawn and conclusion.leading is Statement.OPEN:
        return "nothing is ruled out"
    gain, loss = f"gain more than {_of(high, unit)}", f"lose more than {_of(-low, unit)}"
    if conclusion.leading is Statement.NOT_WORTH_IT:
        return f"cannot {gain}"
    if conclusion.leading is Statement.DOES_NO_HARM:
        return f"cannot {loss}"
    return f"cannot {gain} or {loss}"


def _measured(conclusion: Conclusion, criteria: Criteria, scale: float) -> str:
    interval = conclusion.interval
    if math.isnan(interval.difference):
        return "no difference measured"
    difference = _signed(scale * interval.difference)
    if not interval.has_bounds:
        return difference
    ends = f"{_signed(scale * interval.low)} to {_signed(scale * interval.high)}"
    better = "" if criteria.higher_is_better else "; lower is better"
    return f"{difference}, {100 * (1 - criteria.alpha):g} % interval {ends}{better}"


def _reason(conclusion: Conclusion) -> str:
    interval = conclusion.interval
    if interval.num_seeds < FEWEST_SEEDS:
        return f"needs at least {FEWEST_SEEDS} seeds, has {interval.num_seeds}"
    if interval.num_images < 2:
        return f"needs at least 2 test images, has {interval.num_images}"
    return "the figure is the same in all runs and images"


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"  # no -0.0


def _of(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}"
