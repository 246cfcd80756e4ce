"""Studies made of random numbers, whose truth is known.

Shape legend: ``S`` seeds, ``I`` images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auxseg.statistics import RatioFigure, differences

REGIMES: Mapping[str, tuple[float, float, float]] = {
    "seeds only": (1, 0, 0),
    "images only": (0, 1, 0),
    "interaction only": (0, 0, 1),
    "seeds": (0.9, 0.05, 0.05),
    "images": (0.05, 0.9, 0.05),
    "interaction": (0.05, 0.05, 0.9),
    "seeds+images": (0.475, 0.475, 0.05),
    "balanced": (1 / 3, 1 / 3, 1 / 3),
}
"""Shares of seeds, images and their interaction in the variance of the mean difference."""

FIGURES = ("mean", "heavy", "ratio")
"""A mean over images, the same with heavy tails, and a ratio of totals."""

SPREAD = 0.004
"""Standard error of the mean difference that the regimes divide up, at the numbers of seeds and images simulated."""


@dataclass
class Studies:
    """Draws tables of differences for one kind of figure; the standard deviations are those of single effects."""

    figure: str
    seed: float
    image: float
    rest: float
    rng: np.random.Generator

    @staticmethod
    def in_regime(regime: str, figure: str, seeds: int, images: int, rng: np.random.Generator) -> Studies:
        shares = np.sqrt(REGIMES[regime]) * SPREAD
        return Studies(
            figure,
            shares[0] * np.sqrt(seeds),
            shares[1] * np.sqrt(images),
            shares[2] * np.sqrt(seeds * images),
            rng,
        )

    def table(self, seeds: int, images: int, truth: float = 0.0) -> np.ndarray:
        """Differences between an arm and the baseline, seeds by images."""
        effects = (
            self.seed * self.rng.standard_normal((seeds, 1))
            + self.image * self._noise((1, images))
            + self.rest * self._noise((seeds, images))
        )
        return self._from_totals(effects, truth) if self.figure == "ratio" else truth + effects

    def _noise(self, shape: tuple[int, int]) -> np.ndarray:
        """Normal, or Student's t with 4 degrees of freedom (infinite kurtosis); variance 1."""
        if self.figure != "heavy":
            return self.rng.standard_normal(shape)
        return self.rng.standard_t(4, shape) / np.sqrt(2)

    def _from_totals(self, effects: np.ndarray, truth: float) -> np.ndarray:
        """Intersections and unions of objects of very different size, the smaller ones the less certain."""
        size = np.exp(0.7 * self.rng.standard_normal(effects.shape[1]))
        quality = 0.75 + 0.05 * self.rng.standard_normal(effects.shape[1])
        sides = []
        for sign in (-0.5, 0.5):
            union = size * np.exp(0.05 * self.rng.standard_normal(effects.shape))
            # The truth is a difference of E[part] / E[whole]: effects independent of the union leave it as it is.
            iou = quality + sign * (truth + effects * size**-0.3)
            sides.append(_runs(iou * union, union))
        return differences(*sides).table


def _runs(parts: np.ndarray, wholes: np.ndarray) -> dict[int, RatioFigure]:
    return {
        seed: RatioFigure(part[:, None], whole[:, None])
        for seed, (part, whole) in enumerate(zip(parts, wholes, strict=True))
    }
