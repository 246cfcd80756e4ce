"""Whom to use if one must choose now: always an answer, apart from what can be said for certain.

A verdict guards against false statements. Who has to choose wants the best bet, and that is another question. The
model is a hierarchy over the arms that are judged: their true gains are mostly alike, and some may be quite others,

    D_a = gain_a + error_a,   (gain_a - mean) / tau ~ t of 2 degrees of freedom,   mean ~ N(0, r^2),
    tau ~ half-Cauchy(r),

where errors have the variances of `intervals` and share that of the baseline, half of each, and r is a quarter of the
standard deviation of a run's figure between seeds: effects are expected to be small beside the noise of a run, and may
be much larger. The heavy tails let an arm such as another encoder gain ten points beside others that gain none; a
normal distribution would draw it to them. A t variable is a normal one with a random scale, so given tau, the scales
and ``s``, the sum of mean and shared error, arms are independent and normal; all three are integrated on grids. The
measured differences are thereby drawn towards each other and towards nothing, the more the less is known. The arm of
the largest expected gain is recommended, or the target alone if none is expected to gain. As variances are estimated,
those of the errors are multiplied by ``d / (d - 2)``, what a t distribution of their d degrees of freedom adds.

Shape legend: ``A`` arms that are judged, ``T`` values of tau, ``L`` of a scale, ``C`` of s, ``Q`` all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy import special

from auxseg.statistics.simultaneous.criteria import Criteria
from auxseg.statistics.simultaneous.intervals import Comparison, Interval
from auxseg.statistics.simultaneous.moderation import PRIOR_FREEDOM
from auxseg.statistics.simultaneous.variances import Spread

CALIBRATION: Final = (
    "In simulated studies a stated 90 % was right 89 to 100 times of 100 where effects vary continuously; where half "
    "of the arms change nothing at all, only 59 to 67 times (an arm that changes nothing does not help)."
)
"""What a stated P(helps) is worth, as `auxseg bench study-validity` measures it; docs/methods.md has the table."""

_SHARE_OF_NOISE: Final = 0.25
_ROUNDING: Final = 1e-9
"""A gain below this is none: where an arm and the target alone are equal, numbers of floating point differ by it."""

_TAIL_FREEDOM: Final = 2.0
_NUM_TAUS, _NUM_SCALES, _NUM_SUMS = 24, 14, 25


@final
@dataclass(frozen=True)
class Prospects:
    """What is expected of one arm.

    Attributes:
        gain: the expected gain, better is positive, in the figure's unit.
        deviation: the standard deviation of what it may be.
        helps: probability that it gains at all.
        reaches_margin: probability that it gains at least the margin.
    """

    gain: float
    deviation: float
    helps: float
    reaches_margin: float


@final
@dataclass(frozen=True)
class Recommendation:
    """The arm to use now, and what is expected of each.

    Attributes:
        use: the arm of the largest expected gain; ``None`` for the target alone, if none is expected to gain.
        arms: by name, those that are judged and have a difference.
    """

    use: str | None
    arms: dict[str, Prospects]


def recommend(comparison: Comparison, criteria: Criteria, spread: Spread | None = None) -> Recommendation:
    """Recommend one of the arms that are judged, or none of them.

    ``spread`` says how figures vary where one seed alone cannot; without it an arm of one seed is left out.
    """
    sign = 1.0 if criteria.higher_is_better else -1.0
    known = {
        name: one for name, one in comparison.arms.items() if not one.is_control and not math.isnan(one.difference)
    }
    errors = {name: _variance(one, spread) for name, one in known.items()}
    names = [name for name, variance in errors.items() if math.isfinite(variance) and variance > 0]
    if not names:
        return Recommendation(None, {})
    gains = sign * np.array([known[name].difference for name in names])
    seeds = np.mean([known[name].num_seeds for name in names])
    variances = np.array([errors[name] for name in names])
    scale = prior_scale(variances, float(seeds))
    variances *= inflation(float(seeds), borrows=comparison.borrows)
    arms = dict(zip(names, _posterior(gains, variances, scale, criteria.margin), strict=True))
    best = max(arms, key=lambda name: arms[name].gain)
    return Recommendation(best if arms[best].gain > _ROUNDING else None, arms)


def prior_scale(variances: Float[np.ndarray, " A"], num_seeds: float) -> float:
    """r, from the variances of mean differences over this many seeds."""
    return _SHARE_OF_NOISE * math.sqrt(float(variances.mean()) * num_seeds / 2)


def inflation(num_seeds: float, *, borrows: bool) -> float:
    """``d / (d - 2)``, at most 3."""
    freedom = max(num_seeds - 1 + (PRIOR_FREEDOM if borrows else 0), 3.0)
    return freedom / (freedom - 2)


def _variance(interval: Interval, spread: Spread | None) -> float:
    """Of the error of a difference, NaN if it is not known."""
    known = interval.run_variance + interval.image_variance
    if spread is None or (math.isfinite(known) and known > 0):
        return known
    return spread.of_runs(interval.num_seeds, interval.num_images) + spread.of_images(interval.num_images)


def _posterior(
    gains: Float[np.ndarray, " A"], variances: Float[np.ndarray, " A"], scale: float, margin: float
) -> list[Prospects]:
    """What is expected of each arm, a mixture of normal distributions."""
    weights, means, deviations = mixture(gains, variances, scale)
    mean = (weights * means).sum(0)
    deviation = np.sqrt((weights * (np.square(deviations) + np.square(means))).sum(0) - np.square(mean))
    helps, reaches = ((weights * special.ndtr((means - bound) / deviations)).sum(0) for bound in (0.0, margin))
    columns = zip(mean, deviation, helps, reaches, strict=True)
    return [Prospects(*(float(value) for value in column)) for column in columns]


def mixture(
    gains: Float[np.ndarray, " A"], variances: Float[np.ndarray, " A"], scale: float
) -> tuple[Float[np.ndarray, "Q A"], Float[np.ndarray, "Q A"], Float[np.ndarray, "Q A"]]:
    """Of each arm the nodes' probabilities given the data, and its means and standard deviations there."""
    taus, of_taus = _taus(scale)
    scales, of_scales = _scales()
    shared = min(float(variances.mean()) / 2, 0.9 * float(variances.min()))
    own = variances - shared
    of_sum = scale**2 + shared
    sums, of_sums = _sums(gains, np.sqrt(own), math.sqrt(of_sum))

    priors = np.square(taus[:, None] * scales)[:, :, None, None]  # (T, L, 1, 1)
    distances = gains - sums[:, None]  # (C, A)
    whole = priors + own  # (T, L, 1, A)
    densities = of_scales[:, None, None] * np.exp(-0.5 * np.square(distances) / whole) / np.sqrt(whole)
    of_arms = np.maximum(densities.sum(1), np.finfo(float).tiny)  # (T, C, A)
    logs = (
        np.log(of_taus)[:, None] + np.log(of_sums) - 0.5 * np.square(sums) / of_sum + np.log(of_arms).sum(2)
    )  # (T, C)
    likelihood = np.exp(logs - logs.max())
    likelihood /= likelihood.sum()
    weights = likelihood[:, None, :, None] * densities / of_arms[:, None]  # (T, L, C, A)

    share = priors / whole
    means = scale**2 / of_sum * sums[:, None] + share * distances
    deviations = np.sqrt(scale**2 * shared / of_sum + share * own)
    shape = (-1, len(gains))
    return weights.reshape(shape), means.reshape(shape), np.broadcast_to(deviations, means.shape).reshape(shape)


def _taus(scale: float) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """Nodes of a half-Cauchy distribution with their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(_NUM_TAUS)
    return scale * np.tan(np.pi / 4 * (nodes + 1)), weights


def _sums(
    gains: Float[np.ndarray, " A"], deviations: Float[np.ndarray, " A"], of_sum: float
) -> tuple[Float[np.ndarray, " C"], Float[np.ndarray, " C"]]:
    """Values of s with the widths that they stand for: close together where the prior or an arm has its weight."""
    steps = np.linspace(-1, 1, _NUM_SUMS)
    places = [6 * of_sum * steps, *(gain + 6 * own * steps for gain, own in zip(gains, deviations, strict=True))]
    sums = np.unique(np.concatenate(places))
    return sums, np.gradient(sums)


def _scales() -> tuple[Float[np.ndarray, " L"], Float[np.ndarray, " L"]]:
    """Random scales that make a normal variable one of t: ``sqrt(d / chi^2_d)``, at equal steps of their logarithm."""
    scales = np.geomspace(0.3, 100.0, _NUM_SCALES)
    squares = _TAIL_FREEDOM / np.square(scales)
    weights = squares ** (_TAIL_FREEDOM / 2) * np.exp(-squares / 2)
    return scales, weights / weights.sum()
