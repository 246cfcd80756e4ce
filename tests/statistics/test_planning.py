"""Advised numbers: what moves them, and that following them gives a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.statistics import Advice, Rules, Verdict, advise, estimate, judge
from auxseg.statistics import behrens_fisher as sum_of_t
from tests.statistics.tables import draw

MARGIN = 0.01


def test_where_only_seeds_vary_the_half_width_is_just_below_half_the_margin() -> None:
    found = estimate(draw(np.random.default_rng(0), 5, 100, seed=0.01, image=0.0, rest=1e-6))
    advised = advise(found, MARGIN, 0.05).seeds
    assert advised is not None
    assert advised > 5
    # Even the variance as estimated would take nearly as many; the limit above it takes more.
    widths = [sum_of_t.quantile(0.05, found.seed_part * 5 / seeds, 0, seeds - 1, 99) for seeds in (advised, 5)]
    assert widths[0] < MARGIN / 2 < widths[1]


def test_a_smaller_margin_and_a_smaller_level_take_more_seeds() -> None:
    found = estimate(draw(np.random.default_rng(1), 5, 100, image=0.0))
    by_margin = [advise(found, margin, 0.05).seeds or 0 for margin in (0.015, 0.01, 0.005)]
    by_level = [advise(found, 0.01, level).seeds or 0 for level in (0.05, 0.025, 0.005)]
    assert by_margin == sorted(set(by_margin))
    assert by_level == sorted(set(by_level))


def test_where_images_vary_too_much_more_of_them_are_advised() -> None:
    found = estimate(draw(np.random.default_rng(2), 5, 100, seed=0.002, image=0.05, rest=0.01))
    advised = advise(found, MARGIN, 0.05)
    # The images' share alone: 1.96 * 0.05 / sqrt(I) < 0.005 * sqrt(1 / 2) from 769 images on.
    assert advised.images is not None
    assert 500 < advised.images < 1500
    assert advised.seeds is not None
    assert 5 <= advised.seeds < 50


@pytest.mark.parametrize("shape", [(1, 100), (3, 1), (0, 0)])
def test_nothing_is_advised_from_nothing(shape: tuple[int, int]) -> None:
    assert advise(estimate(np.zeros(shape)), MARGIN, 0.05) == Advice(None)


@pytest.mark.parametrize("truth", [0.0, MARGIN / 2, MARGIN])
@pytest.mark.parametrize("spread", [(0.01, 0.01, 0.01), (0.001, 0.05, 0.01), (0.001, 0.01, 0.1)])
def test_whoever_follows_the_advice_gets_a_verdict(truth: float, spread: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(4)
    rules = Rules(margin=MARGIN)
    effects = dict(zip(("seed", "image", "rest"), spread, strict=True))
    decided = []
    while len(decided) < 40:
        (first,) = judge({"arm": estimate(draw(rng, 3, 80, mean=truth, **effects))}, rules).values()
        if first.advice is None or first.advice.seeds is None:
            continue
        seeds, images = min(first.advice.seeds, 1000), first.advice.images or 80
        (second,) = judge({"arm": estimate(draw(rng, seeds, images, mean=truth, **effects))}, rules).values()
        decided.append(second.verdict is not Verdict.NOT_ENOUGH_EVIDENCE)
    assert np.mean(decided) >= 0.8
