"""Delta-m: one number for what an arm does to all tasks together.

Maninis, Radosavovic, Kokkinos 2019, Attentive Single-Tasking of Multiple Tasks,
https://arxiv.org/abs/1904.08918: ``delta_m = mean over tasks t of (-1)^{l_t} (M_t - B_t) / B_t`` with the figure
``M_t`` of the network that does all tasks, ``B_t`` of the network that does task t alone, and ``l_t`` 1 where lower is
better. It is taken for each pair of seeds; the interval is the t interval over seeds and holds for these test images.

Shape legend: ``S`` seeds, ``T`` tasks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float
from scipy import special

from auxseg.errors import InputError


@final
@dataclass(frozen=True, eq=False)
class RelativeChange:
    """Delta-m as a share (0.01 is one percent); without bounds if there are fewer than two seeds with all figures."""

    per_seed: Float[np.ndarray, " S"]
    mean: float
    interval: tuple[float, float]


def delta_m(
    figures: Float[np.ndarray, "S T"],
    baselines: Float[np.ndarray, "S T"],
    tasks: Sequence[str],
    higher_is_better: Sequence[bool],
    level: float = 0.05,
) -> RelativeChange:
    """Mean relative change over tasks, better is positive; a seed that lacks a figure (NaN) has NaN and is left out.

    Raises `InputError` naming a task whose baseline is 0: a change relative to it has no meaning.
    """
    for task, column in zip(tasks, baselines.T, strict=True):
        if (column == 0).any():
            raise InputError(f"delta-m: {task}: expected a baseline figure other than 0, found 0")
    signs = np.where(higher_is_better, 1.0, -1.0)
    per_seed = (signs * (figures - baselines) / baselines).mean(1)
    known = per_seed[~np.isnan(per_seed)]
    mean = float(known.mean()) if len(known) else math.nan
    half_width = math.inf
    if len(known) >= 2:
        half_width = float(special.stdtrit(len(known) - 1, 1 - level / 2) * known.std(ddof=1) / math.sqrt(len(known)))
    return RelativeChange(per_seed, mean, (mean - half_width, mean + half_width))
