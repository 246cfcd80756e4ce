"""What learning several auxiliaries at once does to all tasks together."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from auxseg.records.arm_result import DeltaM
from auxseg.statistics.delta_m import delta_m
from auxseg.study.answers.figures import RunFigures, Trained
from auxseg.study.design.arm import Arm
from auxseg.tasks import Task


def change_of_all_tasks(
    figures: RunFigures, tasks: Mapping[str, Task], arm: Arm, runs: Mapping[Arm, Mapping[int, Trained]]
) -> DeltaM | None:
    """Delta m of an arm; ``runs`` are those of all arms by seed.

    Each task is compared with the smallest set in which the study learns it: the target alone, an auxiliary beside the
    target. ``None`` for a single auxiliary, where there is nothing to compare it with, or if such a set is missing. A
    task whose figure is 0 there has no relative change, and is named as left out.
    """
    names = (figures.target.name, *arm.auxiliaries)
    alone = {name: runs.get(Arm(() if name == figures.target.name else (name,)), {}) for name in names}
    seeds = sorted(set(runs[arm]).intersection(*alone.values()))
    if len(names) < 3 or not seeds:
        return None
    together = np.array([[_total(figures, runs[arm][seed], name) for name in names] for seed in seeds])
    apart = np.array([[_total(figures, alone[name][seed], name) for name in names] for seed in seeds])
    counted = ~(apart == 0).any(0)
    kept = [name for name, counts in zip(names, counted, strict=True) if counts]
    if not kept:
        return None
    change = delta_m(together[:, counted], apart[:, counted], kept, [tasks[name].higher_is_better for name in kept])
    low, high = change.interval
    return DeltaM(
        tasks=tuple(kept),
        left_out=tuple(name for name in names if name not in kept),
        mean=known(change.mean),
        interval=(known(low), known(high)),
    )


def known(value: float) -> float | None:
    """A number, ``None`` where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _total(figures: RunFigures, trained: Trained, task: str) -> float:
    value = figures.total(trained, task)
    return math.nan if value is None else value
