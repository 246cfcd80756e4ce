"""What the gradients of an arm's runs say about why it helps or hurts, beside the verdict and never part of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from auxseg.records.arm_result import OverTime, Why
from auxseg.records.events import Gradients
from auxseg.training.gradients.conflict import EVERYWHERE

STRETCHES: Final = 12
"""Into how many parts of equal length a training is cut, at most, to show what changes in its course."""


def why(looks: Sequence[Gradients], auxiliaries: Sequence[str]) -> dict[str, Why]:
    """By auxiliary, over all looks of an arm's runs: see `auxseg.training.gradients.conflict.Look`.

    An auxiliary that was never looked at is left out.
    """
    seen = {name: [look for look in looks if name in look.cosines] for name in auxiliaries}
    return {name: _of(mine, name) for name, mine in seen.items() if mine}


def _of(looks: Sequence[Gradients], name: str) -> Why:
    cosines = _by_group(look.cosines[name] for look in looks)
    conflicts = {group: _conflicts(values) for group, values in cosines.items()}
    affinities = [value for look in looks if (value := look.affinities.get(name)) is not None]
    return Why(
        cosines={group: statistics.fmean(values) for group, values in cosines.items()},
        conflicts=conflicts.get(EVERYWHERE),
        conflicts_by_group=conflicts,
        affinity=statistics.fmean(affinities) if affinities else None,
        num_looks=len(looks),
        over_time=_over_time(looks, name),
    )


def _over_time(looks: Sequence[Gradients], name: str) -> OverTime:
    """By group a value per stretch, ``None`` where no look of it has one; ``steps`` are the mean steps of its looks."""
    parts = _stretches(looks)
    cosines = [_by_group(look.cosines[name] for look in part) for part in parts]
    norms = [_by_group(look.norms.get(name, {}) for look in part) for part in parts]
    # Of the tasks of a look the target alone has no cosine with the target.
    targets = [
        _by_group(groups for look in part for task, groups in look.norms.items() if task not in look.cosines)
        for part in parts
    ]
    return OverTime(
        steps=tuple(round(statistics.fmean(look.step for look in part)) for part in parts),
        num_looks=tuple(len(part) for part in parts),
        cosines=_series(cosines, statistics.fmean),
        conflicts=_series(cosines, _conflicts),
        norms={"auxiliary": _series(norms, statistics.fmean), "target": _series(targets, statistics.fmean)},
    )


def _stretches(looks: Sequence[Gradients]) -> list[list[Gradients]]:
    """The looks by stretch of equal length, a stretch per step if few steps were looked at; none is empty."""
    steps = sorted({look.step for look in looks})
    if len(steps) <= STRETCHES:
        number = {step: index for index, step in enumerate(steps)}
    else:
        number = {step: STRETCHES * (step - steps[0]) // (steps[-1] - steps[0] + 1) for step in steps}
    parts = [[look for look in looks if number[look.step] == index] for index in range(STRETCHES)]
    return [part for part in parts if part]


def _by_group(found: Iterable[Mapping[str, float | None]]) -> dict[str, list[float]]:
    """The known values of each group that has any."""
    by_group: dict[str, list[float]] = {}
    for groups in found:
        for group, value in groups.items():
            if value is not None:
                by_group.setdefault(group, []).append(value)
    return by_group


def _series(
    parts: Sequence[Mapping[str, Sequence[float]]], summary: Callable[[Sequence[float]], float]
) -> dict[str, tuple[float | None, ...]]:
    groups = dict.fromkeys(group for part in parts for group in part)
    return {group: tuple(summary(part[group]) if group in part else None for part in parts) for group in groups}


def _conflicts(cosines: Sequence[float]) -> float:
    return statistics.fmean(cosine < 0 for cosine in cosines)
