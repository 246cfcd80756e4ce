"""The order in which candidates stand after a screening, as a pure function of what it measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from scipy import stats


@final
@dataclass(frozen=True)
class Candidate:
    """What short trainings showed of one auxiliary beside the target.

    Attributes:
        name: the auxiliary.
        per_seed: by seed, the difference of the target's validation figure to the target alone; positive is better.
        affinity: mean over all looks of `auxseg.training.gradients.affinity`, ``None`` if there was none.
        reason: why a training diverged, if one did.
    """

    name: str
    per_seed: dict[int, float]
    affinity: float | None = None
    reason: str | None = None

    @property
    def difference(self) -> float | None:
        """The mean over the seeds; ``None`` for an auxiliary of which a training diverged or gave no figure."""
        if self.reason is not None or not self.per_seed:
            return None
        return sum(self.per_seed.values()) / len(self.per_seed)


def rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The most promising first: by the sum of the places by difference and by affinity (Borda count).

    Places know no units, so that neither measure drowns the other; equal values share the mean of their places. Equal
    sums are decided by the difference, then by the order given. Where a candidate has no affinity the difference alone
    decides between all. A candidate without a difference stands behind all that have one.
    """
    differences = {each.name: each.difference for each in candidates if each.difference is not None}
    affinities = {each.name: each.affinity for each in candidates if each.name in differences}
    sums = _places(differences)
    known = {name: affinity for name, affinity in affinities.items() if affinity is not None}
    if len(known) == len(affinities):
        sums = {name: place + _places(known)[name] for name, place in sums.items()}
    placed = [each for each in candidates if each.name in differences]
    placed.sort(key=lambda each: (sums[each.name], -differences[each.name]))
    return [*placed, *(each for each in candidates if each.name not in differences)]


def _places(values: dict[str, float]) -> dict[str, float]:
    """1 for the largest value."""
    return dict(zip(values, stats.rankdata([-value for value in values.values()]).tolist(), strict=True))
