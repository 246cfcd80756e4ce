"""What the trainings of an arm take: time and memory, from what its runs noted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from auxseg.records.arm_result import Cost
from auxseg.records.events import End, Events, Step


def cost(runs: Sequence[Events]) -> Cost | None:
    """The time of a step, and the most memory that a run held; ``None`` if the runs noted neither."""
    times = [statistics.median(step.seconds for step in steps) for run in runs if (steps := run.of(Step))]
    ends = [run.of(End)[-1].peak_memory_bytes for run in runs if run.has_ended]
    peaks = [peak for peak in ends if peak]
    if not times and not peaks:
        return None
    return Cost(
        seconds_per_step=statistics.median(times) if times else None,
        peak_memory_bytes=max(peaks, default=None),
        on_gpu=any(run.start is not None and run.start.device.startswith("cuda") for run in runs),
    )
