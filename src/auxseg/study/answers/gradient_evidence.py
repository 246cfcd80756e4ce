"""What the gradients of an arm's runs say about why it helps or hurts, beside the verdict and never part of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from auxseg.training.events import read_events
from auxseg.training.gradients.conflict import EVERYWHERE

STRETCHES: Final = 12
"""Into how many parts of equal length a training is cut, at most, to show what changes in its course."""


def why(directories: Iterable[Path], auxiliaries: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By auxiliary, over all looks of all these runs: see `auxseg.training.gradients.conflict.Look`.

    ``cosines`` holds the mean by group of shared parameters, ``conflicts`` the share of looks whose cosine over all
    shared parameters is negative, ``conflicts_by_group`` that share in each group, ``affinity`` the mean, ``num_looks``
    how many there were, and ``over_time`` means and shares by stretch of the training. An auxiliary that was never
    looked at is left out.
    """
    looks = [event for path in directories for event in read_events(path) if event["event"] == "gradients"]
    found = {name: _of([look for look in looks if name in look["cosines"]], name) for name in auxiliaries}
    return {name: values for name, values in found.items() if values["num_looks"]}


def _of(looks: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    cosines = _by_group(look["cosines"][name] for look in looks)
    conflicts = {group: _conflicts(values) for group, values in cosines.items()}
    affinities = [look["affinities"][name] for look in looks if look["affinities"][name] is not None]
    return {
        "cosines": {group: statistics.fmean(values) for group, values in cosines.items()},
        "conflicts": conflicts.get(EVERYWHERE),
        "conflicts_by_group": conflicts,
        "affinity": statistics.fmean(affinities) if affinities else None,
        "num_looks": len(looks),
        "over_time": _over_time(looks, name),
    }


def _over_time(looks: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """By group a value per stretch, ``None`` where no look of it has one; ``steps`` are the mean steps of its looks."""
    parts = _stretches(looks)
    cosines = [_by_group(look["cosines"][name] for look in part) for part in parts]
    norms = [_by_group(look["norms"][name] for look in part) for part in parts]
    # Of the tasks of a look the target alone has no cosine with the target.
    targets = [
        _by_group(groups for look in part for task, groups in look["norms"].items() if task not in look["cosines"])
        for part in parts
    ]
    return {
        "steps": [round(statistics.fmean(look["step"] for look in part)) for part in parts],
        "num_looks": [len(part) for part in parts],
        "cosines": _series(cosines, statistics.fmean),
        "conflicts": _series(cosines, _conflicts),
        "norms": {"auxiliary": _series(norms, statistics.fmean), "target": _series(targets, statistics.fmean)},
    }


def _stretches(looks: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The looks by stretch of equal length, a stretch per step if few steps were looked at; none is empty."""
    steps = sorted({look["step"] for look in looks})
    if len(steps) <= STRETCHES:
        number = {step: index for index, step in enumerate(steps)}
    else:
        number = {step: STRETCHES * (step - steps[0]) // (steps[-1] - steps[0] + 1) for step in steps}
    parts = [[look for look in looks if number[look["step"]] == index] for index in range(STRETCHES)]
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
) -> dict[str, list[float | None]]:
    groups = dict.fromkeys(group for part in parts for group in part)
    return {group: [summary(part[group]) if group in part else None for part in parts] for group in groups}


def _conflicts(cosines: Sequence[float]) -> float:
    return statistics.fmean(cosine < 0 for cosine in cosines)
