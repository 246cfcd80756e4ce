"""What the gradients of an arm's runs say about why it helps or hurts, beside the verdict and never part of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from auxseg.training.conflict import EVERYWHERE
from auxseg.training.events import read_events


def why(directories: Iterable[Path], auxiliaries: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By auxiliary, over all looks of all these runs: see `auxseg.training.conflict.Look`.

    ``cosines`` holds the mean by group of shared parameters, ``conflicts`` the share of looks whose cosine over all
    shared parameters is negative, ``affinity`` the mean, ``num_looks`` how many there were. An auxiliary that was never
    looked at is left out.
    """
    looks = [event for path in directories for event in read_events(path) if event["event"] == "gradients"]
    found = {name: _of([look for look in looks if name in look["cosines"]], name) for name in auxiliaries}
    return {name: values for name, values in found.items() if values["num_looks"]}


def _of(looks: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    by_group: dict[str, list[float]] = {}
    for look in looks:
        for group, cosine in look["cosines"][name].items():
            if cosine is not None:
                by_group.setdefault(group, []).append(cosine)
    affinities = [look["affinities"][name] for look in looks if look["affinities"][name] is not None]
    everywhere = by_group.get(EVERYWHERE, [])
    return {
        "cosines": {group: statistics.fmean(cosines) for group, cosines in by_group.items()},
        "conflicts": statistics.fmean(cosine < 0 for cosine in everywhere) if everywhere else None,
        "affinity": statistics.fmean(affinities) if affinities else None,
        "num_looks": len(looks),
    }
