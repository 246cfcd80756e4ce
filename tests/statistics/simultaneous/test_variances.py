"""Parts of the variance by the analysis of variance of all arms, and found again in drawn studies."""

from __future__ import annotations

import numpy as np
import pytest

from auxseg.statistics import estimate
from auxseg.statistics.simultaneous.variances import Spread, variances
from tests.statistics.simultaneous.studies import draw, study


def _analysis_of_variance(table: np.ndarray) -> tuple[float, float]:
    """Mean squares of arm x image and of arm x seed x image, from means."""
    arms, seeds, images = table.shape
    by_image, by_run, by_cell = table.mean(1), table.mean(2), table.mean(0)
    grand = table.mean()
    arm, image, seed = table.mean((1, 2)), table.mean((0, 1)), table.mean((0, 2))
    interaction = by_image - arm[:, None] - image + grand
    rest = table - by_image[:, None] - by_run[..., None] - by_cell
    rest += arm[:, None, None] + image + seed[:, None] - grand
    squares = seeds * np.square(interaction).sum() / ((arms - 1) * (images - 1))
    return float(squares), float(np.square(rest).sum() / ((arms - 1) * (seeds - 1) * (images - 1)))


def test_the_image_part_is_that_of_the_analysis_of_variance_of_all_arms() -> None:
    table = draw(np.random.default_rng(0), 4, 5, 30, arm_image=0.05)
    interaction, rest = _analysis_of_variance(table)
    found = variances(study(table))
    assert found.images_of_pairs.mean() == pytest.approx(2 * (interaction - rest) / (5 * 30))
    assert len(found.images_of_pairs) == 10
    assert found.common_images == np.median(found.images_of_pairs)
    assert found.rest == pytest.approx(2 * rest)


def test_every_arm_has_the_parts_of_its_own_table() -> None:
    table = draw(np.random.default_rng(1), 3, 4, 30, arm_image=0.05)
    found = variances(study(table))
    own = [estimate(arm - table[0]) for arm in table[1:]]
    assert found.images == pytest.approx([one.image_part for one in own])
    assert found.per_run / 4 == pytest.approx([one.seed_part for one in own])


def test_an_arm_that_changes_much_does_not_say_how_images_suit_the_others() -> None:
    rng = np.random.default_rng(8)
    table = draw(rng, 6, 5, 200, arm_image=0.01)
    before = variances(study(table))
    table[1] += 0.2 * rng.standard_normal(200)
    found = variances(study(table))
    assert found.images[0] == pytest.approx(0.2**2 / 200, rel=0.3)
    assert found.images[1:] == pytest.approx(before.images[1:])
    assert found.spread(200).arm_image < 0.02


def test_what_all_arms_share_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    table = draw(rng, 3, 4, 20)
    shared = table + rng.standard_normal((4, 20)) + 3
    one, other = variances(study(table)), variances(study(shared))
    assert other.rest == pytest.approx(one.rest)
    assert other.images == pytest.approx(one.images)
    assert other.per_run == pytest.approx(one.per_run)


def test_standard_deviations_are_found_again() -> None:
    rng = np.random.default_rng(3)
    found = [variances(study(draw(rng, 4, 6, 80, run=0.02, rest=0.06, arm_image=0.04))).spread(80) for _ in range(50)]
    means = [np.sqrt(np.mean([getattr(one, name) ** 2 for one in found])) for name in ("run", "rest", "arm_image")]
    assert means == pytest.approx([0.02, 0.06, 0.04], rel=0.1)


def test_gaps_do_not_make_the_rest_smaller() -> None:
    rng = np.random.default_rng(4)
    ratios = []
    for _ in range(30):
        table = draw(rng, 2, 5, 40)
        gapped = np.where(rng.random(table.shape) < 0.15, np.nan, table)
        ratios.append(variances(study(gapped)).rest / variances(study(table)).rest)
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)  # 0.85 without correction


def test_spread_says_what_seeds_and_images_add() -> None:
    spread = Spread(run=3.0, rest=4.0, arm_image=2.0)
    assert spread.of_runs(2, 16) == pytest.approx(2 * (9 + 1) / 2)
    assert spread.of_images(16) == pytest.approx(0.5)


def test_missing_runs_leave_each_arm_its_own_seeds() -> None:
    table = draw(np.random.default_rng(5), 3, 6, 20)
    table[1, 0] = table[2, :5] = np.nan
    found = variances(study(table))
    assert found.num_seeds.tolist() == [5, 1, 6]
    assert found.per_run[0] == pytest.approx((table[1, 1:] - table[0, 1:]).mean(1).var(ddof=1))
    assert np.isnan(found.per_run[1])
    assert found.common == pytest.approx((4 * found.per_run[0] + 5 * found.per_run[2]) / 9)
