"""The simulated studies of `auxseg bench study-validity` have the truth that they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.statistics import estimate
from benchmarks.tools.studies import FIGURES, REGIMES, SPREAD, Studies


@pytest.mark.parametrize("figure", FIGURES)
def test_means_scatter_about_the_truth_as_said(figure: str) -> None:
    studies = Studies.in_regime("balanced", figure, 3, 50, np.random.default_rng(0))
    means = [estimate(studies.table(3, 50, 0.02)).mean for _ in range(300)]
    assert np.mean(means) == pytest.approx(0.02, abs=4 * SPREAD / 300**0.5)
    assert np.std(means) == pytest.approx(SPREAD, rel=0.35 if figure == "ratio" else 0.15)


@pytest.mark.parametrize("regime", REGIMES)
def test_regimes_divide_the_variance_of_the_mean(regime: str) -> None:
    assert sum(REGIMES[regime]) == pytest.approx(1)
    studies = Studies.in_regime(regime, "mean", 5, 80, np.random.default_rng(0))
    squares = [estimate(studies.table(5, 80)).squares for _ in range(300)]
    seed, image, rest = (np.mean([getattr(one, name) for one in squares]) for name in ("seed", "image", "rest"))
    shares = np.array([seed - rest, image - rest, rest]) / (5 * 80 * SPREAD**2)
    assert shares == pytest.approx(REGIMES[regime], abs=0.25)
