"""Against integrals by brute force, and the two Student distributions it lies between."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import integrate, stats

from auxseg.statistics import behrens_fisher as sum_of_t


@pytest.mark.parametrize(("m", "n"), [(1, 99), (2, 149), (4, 9), (9, 1000)])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_tail_is_the_convolution_of_two_student_distributions(m: int, n: int, share: float) -> None:
    first: Any = stats.t(m, scale=share**0.5)
    second: Any = stats.t(n, scale=(1 - share) ** 0.5)
    for distance in (0.3, 2.0, 6.0):
        expected, _ = integrate.quad(
            lambda x, d=distance: second.pdf(x) * (first.sf(d - x) + first.cdf(-d - x)), -40, 40, limit=400, points=[0]
        )
        assert sum_of_t.tail(distance, share, 1 - share, m, n) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("level", [0.2, 0.05, 0.001])
def test_one_part_alone_is_a_student_variable(level: float) -> None:
    assert sum_of_t.quantile(level, 4.0, 0.0, 3, 99) == pytest.approx(2 * stats.t.ppf(1 - level / 2, 3))
    assert sum_of_t.quantile(level, 0.0, 9.0, 3, 99) == pytest.approx(3 * stats.t.ppf(1 - level / 2, 99))
    nearly = sum_of_t.quantile(level, 4.0, 1e-12, 3, 99)
    assert nearly == pytest.approx(2 * stats.t.ppf(1 - level / 2, 3), rel=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_quantile_inverts_tail_at_any_scale(scale: float) -> None:
    distance = sum_of_t.quantile(0.03, 2 * scale, scale, 2, 99)
    assert sum_of_t.tail(distance, 2 * scale, scale, 2, 99) == pytest.approx(0.03, rel=1e-8)


def test_without_spread_only_zero_is_reached() -> None:
    assert sum_of_t.tail(0.0, 0.0, 0.0, 2, 9) == 1
    assert sum_of_t.tail(0.1, 0.0, 0.0, 2, 9) == 0
    assert sum_of_t.quantile(0.05, 0.0, 0.0, 2, 9) == 0
