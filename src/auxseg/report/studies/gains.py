"""What an arm gains, and which gains and losses its interval rules out: positive is better, whatever the figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from auxseg.records.study import ArmResult
from auxseg.report.studies.chart_data import POINTS


@final
@dataclass(frozen=True)
class Gain:
    """A difference from the target alone in points, and the ends of its interval; ``None`` where there are none."""

    mean: float | None
    low: float | None
    high: float | None

    @property
    def rules_out(self) -> str:
        """The gains and losses outside of the interval."""
        if self.low is None or self.high is None:
            return "nothing yet"
        if self.low > 0:
            return f"any loss, gains over {self.high:.1f}"
        if self.high < 0:
            return f"any gain, losses over {-self.low:.1f}"
        return f"gains over {self.high:.1f}, losses over {-self.low + 0.0:.1f}"


def gain(arm: ArmResult, *, higher_is_better: bool = True) -> Gain:
    """What an arm gains."""
    sign = POINTS if higher_is_better else -POINTS
    mean, (low, high) = arm.difference, arm.interval
    ends = (None, None) if low is None or high is None else sorted((sign * low, sign * high))
    return Gain(None if mean is None else sign * mean, *ends)
