"""What can be said of an arm, read off its interval.

With ``low`` and ``high`` the ends of the interval of the gain (the difference, or its negative where lower is better)
and the margin m, six statements; the first that applies leads:

| statement | when | in words |
|---|---|---|
| *helps* | low > 0 | it gains |
| *hurts* | high < 0 | it loses |
| *no meaningful difference* | -m < low and high < m | neither would matter |
| *not worth it* | high < m | it cannot gain as much as would matter |
| *does no harm* | low > -m | it cannot lose as much as would matter |
| *open* | otherwise | |

Whatever the interval's half-width h is, if ``h <= m`` one of the first five applies: the interval is then too short to
reach from -m to m. As all intervals of a study hold together in 1 - alpha of studies, all statements do.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from auxseg.statistics.simultaneous.criteria import Criteria
from auxseg.statistics.simultaneous.intervals import Interval


class Statement(StrEnum):
    """What can be said of an arm, the strongest first."""

    HELPS = "helps"
    HURTS = "hurts"
    NO_MEANINGFUL_DIFFERENCE = "no meaningful difference"
    NOT_WORTH_IT = "not worth it"
    DOES_NO_HARM = "does no harm"
    OPEN = "open"


_FLATTER_THE_ARM: Final = {Statement.HELPS, Statement.NO_MEANINGFUL_DIFFERENCE, Statement.DOES_NO_HARM}
_FLATTER_THE_BASELINE: Final = {Statement.HURTS, Statement.NO_MEANINGFUL_DIFFERENCE, Statement.NOT_WORTH_IT}


@final
@dataclass(frozen=True)
class Conclusion:
    """All that can be said of one arm.

    Attributes:
        interval: what it is read off.
        low, high: ends of the interval of the gain; above 0 the arm is better than the baseline.
        statements: all that apply, the strongest first; *open* alone if none does.
        withdrawn: those that would apply if no run had diverged.
    """

    interval: Interval
    low: float
    high: float
    statements: tuple[Statement, ...]
    withdrawn: tuple[Statement, ...] = ()

    @property
    def leading(self) -> Statement:
        """The strongest statement."""
        return self.statements[0]


def conclude(interval: Interval, criteria: Criteria) -> Conclusion:
    """Read all statements off an interval."""
    low, high = interval.low, interval.high
    if not criteria.higher_is_better:
        low, high = -high, -low
    return Conclusion(interval, low, high, _statements(low, high, criteria.margin))


def with_diverged_runs(conclusion: Conclusion, *, of_arm: int, of_baseline: int) -> Conclusion:
    """What can still be said where so many runs diverged, each of which would have been the worst of its side.

    Runs that are left out flatter their side. So of an arm with such runs it is not said that it gains, or that it does
    not lose; where the baseline has some, that it loses, or that it does not gain.
    """
    flattering = (_FLATTER_THE_ARM if of_arm else set()) | (_FLATTER_THE_BASELINE if of_baseline else set())
    withdrawn = tuple(one for one in conclusion.statements if one in flattering)
    left = tuple(one for one in conclusion.statements if one not in flattering)
    if withdrawn == conclusion.statements:
        left = (Statement.OPEN,)
    return dataclasses.replace(conclusion, statements=left, withdrawn=withdrawn)


def _statements(low: float, high: float, margin: float) -> tuple[Statement, ...]:
    holds = {
        Statement.HELPS: low > 0,
        Statement.HURTS: high < 0,
        Statement.NO_MEANINGFUL_DIFFERENCE: low > -margin and high < margin,
        Statement.NOT_WORTH_IT: high < margin,
        Statement.DOES_NO_HARM: low > -margin,
    }
    if not (math.isfinite(low) and math.isfinite(high)):
        return (Statement.OPEN,)
    return tuple(statement for statement, applies in holds.items() if applies) or (Statement.OPEN,)
