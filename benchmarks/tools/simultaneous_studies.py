"""Simulated studies of several arms, thousands at a time, judged by the intervals that hold together.

What a verdict rests on are means and mean squares of normal effects, and these are drawn directly: the figures of runs
from seeds and images, sums of squares and products of all arms from Wishart distributions. `whole_table` draws every
figure instead, which is judged with `auxseg.statistics` as a user would.

Shape legend: ``N`` studies, ``A`` arms with the baseline, ``S`` seeds, ``I`` images, ``K`` arms that are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from auxseg.statistics import MeanFigure, RatioFigure, Rules, differences, estimate, judge
from auxseg.statistics.simultaneous import Criteria, compare, tabulate
from auxseg.statistics.simultaneous.constants import of_few_images
from auxseg.statistics.simultaneous.designs import MIRRORED, USUAL
from auxseg.statistics.simultaneous.intervals import LEAST_SHARE
from auxseg.statistics.simultaneous.looks import constants_at
from auxseg.statistics.simultaneous.moderation import drawn_towards, moderated, of_others
from auxseg.statistics.simultaneous.recommendation import inflation, mixture, prior_scale

NUM_ARMS, NUM_CONTROLS = 5, 2
MARGIN: Final = 0.01
OF_IMAGES: Final = 0.2
"""Standard deviation between images of their figure, which the floor of the image part is made of."""

Draw = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]


def _normal(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return rng.standard_normal(shape)


def _some(places: list[int], factor: float) -> Draw:
    """Runs of some arms, or of the baseline, vary more; the factor is that of variances."""

    def draw(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
        runs = rng.standard_normal(shape)
        runs[:, places] *= factor**0.5
        return runs

    return draw


def _random(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Every arm has a variance of its own, log-normal: one of six has twice or half the usual one."""
    return rng.standard_normal(shape) * np.exp(0.35 * rng.standard_normal((*shape[:2], 1)))


def _heavy(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return rng.standard_t(4, shape) / np.sqrt(2)


def _failing(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """One run of fifty comes out three standard deviations worse."""
    return rng.standard_normal(shape) - 3.0 * (rng.random(shape) < 0.02)


REGIMES: Final[Mapping[str, Draw]] = {
    "equal": _normal,
    "one arm 4x": _some([1], 4),
    "one arm 10x": _some([1], 10),
    "random variances": _random,
    "t4 runs": _heavy,
    "runs fail": _failing,
    "baseline 4x": _some([0], 4),
    "images of one arm": _normal,
}
"""How the figures of runs vary; only in the first and the last all arms do alike."""

BEYOND: Final[Mapping[str, Draw]] = {"two arms 10x": _some([1, 2], 10), "baseline 10x": _some([0], 10)}
"""More than is promised."""

OF_ONE_ARM: Final = 10.0
"""How many times as much images vary in how they suit the first arm, in the last regime (standard deviation)."""


LOOKS: Final = (3, 6, 10)

EFFECTS: Final[Mapping[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]]] = {
    "normal, 1 point": lambda rng, shape: 0.01 * rng.standard_normal(shape),
    "normal, half a point": lambda rng, shape: 0.005 * rng.standard_normal(shape),
    "about +1 point": lambda rng, shape: 0.01 + 0.007 * rng.standard_normal(shape),
    "half of them zero": lambda rng, shape: 0.01 * rng.standard_normal(shape) * (rng.random(shape) < 0.5),
}
"""True gains of arms, of which one is to be chosen."""


@dataclass
class Judged:
    """Studies without any effect: errors of the differences, and half the widths of their intervals."""

    errors: np.ndarray
    half_widths: np.ndarray
    standard_errors: np.ndarray
    odd: np.ndarray

    def false(self) -> float:
        """Share of studies that say anything false."""
        return float((np.abs(self.errors) > self.half_widths).any(1).mean())

    def covered(self) -> float:
        """Share of intervals that hold the truth, of the arm where it is least."""
        return float((np.abs(self.errors) <= self.half_widths).mean(0).min())

    def power(self, gain: float) -> float:
        """Share of arms with this gain that are said to help."""
        return float((self.errors + gain > self.half_widths).mean())

    def stated(self, margin: float) -> float:
        """Share of arms without effect of which anything is said."""
        low, high = self.errors - self.half_widths, self.errors + self.half_widths
        return float(((low > -margin) | (high < margin)).mean())


def simulated(
    rng: np.random.Generator,
    regime: str,
    num_seeds: int,
    num_images: int,
    num_studies: int,
    *,
    mirrored: bool = False,
    num_arms: int = NUM_ARMS,
    num_controls: int = NUM_CONTROLS,
) -> Judged:
    """Draw studies and judge each at one look."""
    suits = _suits(regime, num_arms + num_controls)
    runs, images = figures(rng, regime, num_seeds, num_images, num_studies, mirrored, num_arms + num_controls)
    return judged(rng, runs + images, (num_seeds,), num_images, mirrored, num_arms, suits=suits)


def figures(
    rng: np.random.Generator,
    regime: str,
    num_seeds: int,
    num_images: int,
    num_studies: int,
    mirrored: bool,
    others: int,
) -> tuple[np.ndarray, np.ndarray]:
    """What runs and what images add to the figures of runs, by study, arm and seed."""
    share = MIRRORED if mirrored else 1.0
    shape = (num_studies, others + 1, num_seeds)
    runs = USUAL.run * share**0.5 * {**REGIMES, **BEYOND}[regime](rng, shape)
    runs += USUAL.rest * share**0.5 / num_images**0.5 * rng.standard_normal(shape)
    suits = _suits(regime, others)[:, None] / num_images**0.5
    return runs, suits * rng.standard_normal((*shape[:2], 1))


def _suits(regime: str, others: int) -> np.ndarray:
    """Standard deviation over images of how they suit each arm, the baseline first."""
    suits = np.full(others + 1, USUAL.arm_image)
    suits[1] *= OF_ONE_ARM if regime == "images of one arm" else 1
    return suits


def judged(
    rng: np.random.Generator,
    runs: np.ndarray,
    looks: tuple[int, ...],
    num_images: int,
    mirrored: bool,
    num_arms: int,
    most_seeds: int | None = None,
    suits: np.ndarray | None = None,
) -> Judged:
    """Judge the last of these looks at the seeds there are then, as `auxseg.statistics.simultaneous` does."""
    num_seeds = looks[-1]
    runs = runs[..., :num_seeds]
    differences = runs[:, 1:] - runs[:, :1]
    own = differences.var(2, ddof=1) / num_seeds
    suits = _suits("equal", runs.shape[1] - 1) if suits is None else suits
    image_part, rest = _mean_squares(rng, suits, num_seeds, num_images, len(runs), mirrored)
    variances = moderated(own, of_others(own), num_seeds - 1) if num_arms > 1 else own
    variances = np.maximum(variances, LEAST_SHARE * rest[:, None] / (num_seeds * num_images))[:, :num_arms]
    of_baseline = image_part[:, 0, 1:]
    if num_arms > 1:
        pairs = np.triu_indices(runs.shape[1], 1)
        common = np.median(image_part[:, *pairs], axis=1, keepdims=True)
        of_baseline = drawn_towards(common, of_baseline, num_images - 1)
    images = np.maximum(of_baseline, (OF_IMAGES / (num_seeds * num_images)) ** 2)[:, :num_arms]
    wide = constants_at(num_arms, looks, most_seeds)
    of_images = wide.images * of_few_images(num_images)
    over_seeds = runs.var(2, ddof=1)
    chance = _share_of_chance(over_seeds, num_seeds)
    return Judged(
        errors=differences.mean(2)[:, :num_arms],
        half_widths=np.sqrt(wide.runs**2 * variances + of_images**2 * images),
        standard_errors=np.sqrt(variances + images),
        odd=chance < 0.05,
    )


def _share_of_chance(over_seeds: np.ndarray, num_seeds: int) -> np.ndarray:
    """Of each study how often chance alone makes the baseline vary so much."""
    ratios = over_seeds[:, 0] / over_seeds[:, 1:].mean(1)
    freedom = (over_seeds.shape[1] - 1) * (num_seeds - 1)
    return special.fdtrc(num_seeds - 1, freedom, ratios)


def _mean_squares(
    rng: np.random.Generator, suits: np.ndarray, num_seeds: int, num_images: int, num_studies: int, mirrored: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of each study the image part of every pair of arms (N, A, A), and the mean square of the rest of a difference."""
    rest = USUAL.rest**2 * (MIRRORED if mirrored else 1.0)
    of_image = _of_pairs(_wishart(rng, num_seeds * suits**2 + rest, num_images - 1, num_studies))
    freedom = (num_images - 1) * (num_seeds - 1)
    of_rest = _of_pairs(_wishart(rng, np.full(len(suits), rest), freedom, num_studies))
    pairs = np.triu_indices(len(suits), 1)
    return (of_image - of_rest) / (num_seeds * num_images), of_rest[:, *pairs].mean(1)


def _wishart(rng: np.random.Generator, variances: np.ndarray, freedom: int, num_studies: int) -> np.ndarray:
    """Mean squares and products (N, A, A) of independent effects with these variances, by Bartlett's decomposition.

    Bartlett 1933, On the Theory of Statistical Regression, Proceedings of the Royal Society of Edinburgh 53.
    """
    size = len(variances)
    if freedom < size:  # so few that every effect is drawn
        root = rng.standard_normal((num_studies, size, freedom))
    else:
        root = np.tril(rng.standard_normal((num_studies, size, size)), -1)
        diagonal = np.arange(size)
        root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(freedom - diagonal, (num_studies, size)))
    root *= np.sqrt(variances / freedom)[:, None]
    return root @ root.transpose(0, 2, 1)


def _of_pairs(products: np.ndarray) -> np.ndarray:
    """Mean squares of the differences of any two."""
    own = np.diagonal(products, axis1=1, axis2=2)
    return own[:, :, None] + own[:, None, :] - 2 * products


def whole_table(rng: np.random.Generator, num_seeds: int, num_images: int, others: int) -> np.ndarray:
    """Figures by arm, seed and image of a study without any effect, all arms alike."""
    shape = (others + 1, num_seeds, num_images)
    table = 0.6 + OF_IMAGES * rng.standard_normal(num_images)
    table = table + USUAL.arm_image * rng.standard_normal((others + 1, 1, num_images))
    return table + USUAL.run * rng.standard_normal((*shape[:2], 1)) + USUAL.rest * rng.standard_normal(shape)


def widths(rng: np.random.Generator, num_seeds: int, num_images: int, num_studies: int) -> tuple[float, float]:
    """Mean half-widths of both methods in the same whole tables, with controls: moderated, and per arm after Holm."""
    together, per_arm = [], []
    names = [f"arm {number}" for number in range(NUM_ARMS + NUM_CONTROLS)]
    for _ in range(num_studies):
        table = whole_table(rng, num_seeds, num_images, len(names))
        arms = dict(zip(("alone", *names), table, strict=True))
        runs = {name: {seed: MeanFigure(row) for seed, row in enumerate(rows)} for name, rows in arms.items()}
        found = compare(tabulate(runs, "alone"), Criteria(margin=MARGIN), controls=names[NUM_ARMS:]).arms
        together += [found[name].half_width for name in names[:NUM_ARMS]]
        estimates = {name: estimate(arms[name] - arms["alone"]) for name in names}
        ends = [one.interval for one in judge(estimates, Rules(margin=MARGIN)).values()]
        per_arm += [(high - low) / 2 for low, high in ends[:NUM_ARMS]]
    return float(np.mean(together)), float(np.mean(per_arm))


def looks(rng: np.random.Generator, num_studies: int) -> tuple[float, float]:
    """Share of studies that say anything false at one of three looks, and the last width beside that of one look."""
    runs, images = figures(rng, "equal", LOOKS[-1], 100, num_studies, False, NUM_ARMS + NUM_CONTROLS)
    everything = runs + images
    false = np.zeros(num_studies, dtype=bool)
    found = judged(rng, everything, LOOKS[-1:], 100, False, NUM_ARMS)
    once = found.half_widths.mean()
    for number in range(1, len(LOOKS) + 1):
        found = judged(rng, everything, LOOKS[:number], 100, False, NUM_ARMS, LOOKS[-1])
        false |= (np.abs(found.errors) > found.half_widths).any(1)
    return float(false.mean()), float(found.half_widths.mean() / once)


def choices(rng: np.random.Generator, effects: str, num_seeds: int, num_studies: int) -> dict[str, float]:
    """What choosing by the recommendation costs, in points, and how often a stated 90 % is right."""
    runs, images = figures(rng, "equal", num_seeds, 100, num_studies, False, NUM_ARMS)
    found = judged(rng, runs + images, (num_seeds,), 100, False, NUM_ARMS)
    truths = EFFECTS[effects](rng, (num_studies, NUM_ARMS))
    measured = truths + found.errors
    regret, verdicts, first, stated, helped = [], [], [], [], []
    for truth, gains, error, width, one in zip(
        truths, measured, found.standard_errors, found.half_widths, runs + images, strict=True
    ):
        variances = np.square(error)
        scale = prior_scale(variances, num_seeds)
        weights, means, deviations = mixture(gains, variances * inflation(num_seeds, borrows=True), scale)
        seed = truth + one[1:, 0] - one[0, 0]
        for costs, score in (
            (regret, (weights * means).sum(0)),
            (verdicts, np.where(gains > width, gains, -1)),
            (first, seed),
        ):
            costs.append(max(truth.max(), 0) - (truth[score.argmax()] if score.max() > 0 else 0))
        stated.append((weights * special.ndtr(means / deviations)).sum(0))
        helped.append(truth > 0)
    near = np.abs(np.concatenate(stated) - 0.9) < 0.05
    return {
        "regret": 100 * float(np.mean(regret)),
        "by helps alone": 100 * float(np.mean(verdicts)),
        "by one seed": 100 * float(np.mean(first)),
        "stated 90 % right, %": 100 * float(np.concatenate(helped)[near].mean()),
    }


def ratios(rng: np.random.Generator, num_images: int, num_studies: int) -> dict[str, float]:
    """Ratios of totals over objects of very unequal size, 10 seeds, two arms: coverage by arm, %, and per study."""
    together, per_arm, per_study = [], [], []
    for _ in range(num_studies):
        sizes = np.exp(1.5 * rng.standard_normal(num_images))
        quality = 0.75 + 0.05 * rng.standard_normal(num_images)
        runs = {name: _ratio_runs(rng, sizes, quality) for name in ("alone", "one", "other")}
        found = [(one.low <= 0 <= one.high) for one in compare(tabulate(runs, "alone"), Criteria()).arms.values()]
        pairs = [differences(runs["alone"], runs[name]) for name in ("one", "other")]
        p_values = [estimate(pair.table, pair.effective_images).p_value() for pair in pairs]
        together += found
        per_study.append(all(found))
        per_arm += [p_value > 0.05 for p_value in p_values]
    shares = {"per arm": per_arm, "together": together, "together, all arms of a study": per_study}
    return {name: 100 * float(np.mean(share)) for name, share in shares.items()}


def _ratio_runs(rng: np.random.Generator, sizes: np.ndarray, quality: np.ndarray) -> dict[int, RatioFigure]:
    """Ten runs; images suit arms differently, whatever their size."""
    suits = 0.02 * rng.standard_normal(len(sizes))
    runs = {}
    for seed in range(10):
        wholes = sizes * np.exp(0.05 * rng.standard_normal(len(sizes)))
        parts = wholes * (quality + suits + 0.03 * rng.standard_normal(len(sizes)))
        runs[seed] = RatioFigure(parts[:, None], wholes[:, None])
    return runs


def gaps(rng: np.random.Generator, num_studies: int) -> tuple[float, float]:
    """Of 100 images how many are kept where 3 % of figures are missing at 10 seeds, and the share of false studies."""
    kept, false = [], []
    names = ["alone", *(f"arm {number}" for number in range(NUM_ARMS))]
    for _ in range(num_studies):
        table = whole_table(rng, 10, 100, NUM_ARMS)
        table[rng.random(table.shape) < 0.03] = np.nan
        arms = zip(names, table, strict=True)
        results = tabulate({name: {s: MeanFigure(row) for s, row in enumerate(rows)} for name, rows in arms}, "alone")
        kept.append(results.num_images)
        false.append(any(not one.low <= 0 <= one.high for one in compare(results, Criteria()).arms.values()))
    return float(np.mean(kept)), float(np.mean(false))
