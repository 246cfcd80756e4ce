"""How many standard errors wide intervals have to be, so that those of all arms hold at once.

Two constants, both 95% points of a maximum over k arms that share a baseline, all runs normal and of one variance:

- ``c(k, S)`` of ``max_a |D_a| / sqrt(v~_a)``, with the mean differences ``D_a`` over S seeds and their moderated
  variances (`moderation`). It has no closed form; `constants.csv` holds 1,000,000 simulated studies a cell for k 1 to
  20 and S 3 to 30, made by ``python -m benchmarks.tools.constants``. For k = 1 it is the t quantile.
- ``c_inf(k)`` of ``max_a |D_a| / sd(D_a)``, its limit where variances are known: Dunnett 1955, A Multiple Comparison
  Procedure for Comparing Several Treatments with a Control, Journal of the American Statistical Association 50, with
  unlimited degrees of freedom. It is an integral over the baseline.

Beyond 30 seeds c lies on a straight line in 1 / S between its value at 30 and c_inf. Other levels than 5% and more
than 20 arms are simulated when they are asked for, with a fixed seed, in about a second.

An arm's variance is steadied by k - 1 others. In a study with controls they are more, so its intervals are a little
wider than they had to be (4.0 to 4.6% false instead of 5%). That is what it costs to stay near 5% where one arm
varies far more than the others.

Shape legend: ``N`` studies, ``A`` arms, ``S`` seeds, ``Q`` nodes.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from importlib import resources
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from auxseg.errors import InputError
from auxseg.statistics.simultaneous.moderation import moderated, of_others

LEVEL: Final = 0.05
"""The level of the table: how often one of the intervals or more misses."""
FEWEST_SEEDS: Final = 3
MOST_TABULATED_SEEDS: Final = 30
MOST_TABULATED_ARMS: Final = 20
MOST_ARMS: Final = 200

_NUMBERS_AT_HAND: Final = 12_000_000
_CHUNK: Final = 1_000_000
_SEED: Final = 20_260_101


def of_runs(num_arms: int, num_seeds: int, level: float = LEVEL) -> float:
    """``c(k, S)``; ``level`` is the probability that one of the k intervals or more misses.

    Raises `InputError` for fewer than 3 seeds, and for more than 200 arms.
    """
    _check(num_arms, num_seeds)
    if num_arms == 1:
        return float(special.stdtrit(num_seeds - 1, 1 - level / 2))
    if num_seeds > MOST_TABULATED_SEEDS:
        limit = of_images(num_arms, level)
        last = of_runs(num_arms, MOST_TABULATED_SEEDS, level)
        return limit + (last - limit) * MOST_TABULATED_SEEDS / num_seeds
    if level == LEVEL and num_arms <= MOST_TABULATED_ARMS:
        return _table()[num_arms, num_seeds]
    return _simulated(num_arms, num_seeds, level)


@functools.lru_cache(maxsize=1024)
def of_images(num_arms: int, level: float = LEVEL) -> float:
    """``c_inf(k)``: ``P(max |Z_a - Z_0| / sqrt(2) > c) = level`` for independent normal Z."""
    if num_arms == 1:
        return float(special.ndtri(1 - level / 2))
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()

    def missed(constant: float) -> float:
        inside = special.ndtr(nodes + np.sqrt(2) * constant) - special.ndtr(nodes - np.sqrt(2) * constant)
        return float(1 - weights @ inside**num_arms - level)

    # At most Bonferroni's, at least that of one arm.
    bracket = [special.ndtri(1 - level / 2) - 1e-9, special.ndtri(1 - level / 2 / num_arms) + 1e-9]
    return float(optimize.root_scalar(missed, bracket=bracket, method="brentq", xtol=1e-10).root)


def of_few_images(effective_images: float, level: float = LEVEL) -> float:
    """What ``c_inf`` is multiplied by: the quantile of t over that of the normal distribution.

    The t distribution has one degree of freedom less than there are effective images. With 100 this is 1.01.
    """
    freedom = max(effective_images - 1, 1.0)
    return float(special.stdtrit(freedom, 1 - level / 2) / special.ndtri(1 - level / 2))


def maxima(
    means: Float[np.ndarray, "N A"], variances: Float[np.ndarray, "N A"], num_seeds: int
) -> Float[np.ndarray, " N"]:
    """``max_a |D_a| / sqrt(v~_a)`` of every study."""
    return np.max(np.abs(means) / np.sqrt(moderated(variances, of_others(variances), num_seeds - 1)), axis=1)


def null_studies(
    num_arms: int, num_seeds: int, num_studies: int, rng: np.random.Generator
) -> Iterator[Float[np.ndarray, "N A S"]]:
    """Differences of arms that change nothing to the baseline they share, by seed; some studies at a time."""
    at_once = max(_CHUNK // ((num_arms + 1) * num_seeds), 1)
    for start in range(0, num_studies, at_once):
        runs = rng.standard_normal((min(at_once, num_studies - start), num_arms + 1, num_seeds))
        yield runs[:, 1:] - runs[:, :1]


def num_studies_at_hand(num_arms: int, num_seeds: int) -> int:
    """How many studies of this size are simulated in about a second."""
    return max(min(_NUMBERS_AT_HAND // ((num_arms + 1) * num_seeds), 1_000_000), 10_000)


@functools.lru_cache(maxsize=256)
def _simulated(num_arms: int, num_seeds: int, level: float) -> float:
    rng = np.random.default_rng([_SEED, num_arms, num_seeds])
    studies = null_studies(num_arms, num_seeds, num_studies_at_hand(num_arms, num_seeds), rng)
    found = [maxima(some.mean(2), some.var(2, ddof=1) / num_seeds, num_seeds) for some in studies]
    return float(np.quantile(np.concatenate(found), 1 - level))


@functools.cache
def _table() -> dict[tuple[int, int], float]:
    text = resources.files("auxseg.statistics.simultaneous").joinpath("constants.csv").read_text()
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {(int(row["arms"]), int(row["seeds"])): float(row["constant"]) for row in rows}


def _check(num_arms: int, num_seeds: int) -> None:
    if num_seeds < FEWEST_SEEDS:
        raise InputError(f"verdicts need at least {FEWEST_SEEDS} seeds, found {num_seeds}")
    if not 1 <= num_arms <= MOST_ARMS:
        raise InputError(f"1 to {MOST_ARMS} arms can be judged together, found {num_arms}")
