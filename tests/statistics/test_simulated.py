"""The simulated studies of `auxseg bench study-validity` have the truth that they are said to have."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.statistics import estimate
from auxseg.statistics.simultaneous import Criteria, compare
from benchmarks.tools import simultaneous_studies
from benchmarks.tools.studies import FIGURES, REGIMES, SPREAD, Studies
from tests.statistics.simultaneous.studies import study


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


def test_studies_drawn_by_mean_squares_are_judged_like_whole_tables() -> None:
    """Half-widths of studies that are drawn figure by figure have the mean and the scatter of those drawn at once."""
    rng = np.random.default_rng(0)
    tables = [simultaneous_studies.whole_table(rng, 4, 50, 5) for _ in range(150)]
    whole = [[one.half_width for one in compare(study(table), Criteria()).arms.values()] for table in tables]
    fast = simultaneous_studies.simulated(rng, "equal", 4, 50, 3000, num_controls=0).half_widths
    assert np.mean(whole) == pytest.approx(fast.mean(), rel=0.05)
    assert np.std(whole) == pytest.approx(fast.std(), rel=0.2)


def test_adverse_regimes_are_what_they_say() -> None:
    rng = np.random.default_rng(0)
    shape = (20_000, 3, 2)
    variances = {name: draw(rng, shape).var((0, 2)) for name, draw in simultaneous_studies.REGIMES.items()}
    assert variances["equal"] == pytest.approx([1, 1, 1], rel=0.05)
    assert variances["one arm 10x"] == pytest.approx([1, 10, 1], rel=0.05)
    assert variances["baseline 4x"] == pytest.approx([4, 1, 1], rel=0.05)
    assert variances["t4 runs"] == pytest.approx([1, 1, 1], rel=0.3)
