"""Intervals by hand, their symmetries, and how often they are right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.statistics import MeanFigure
from auxseg.statistics.simultaneous import Comparison, Criteria, compare, constants, tabulate
from tests.statistics.simultaneous.studies import draw, runs, study

ONCE = Criteria()
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
seeds_of_tables = st.integers(0, 10_000)


def _ends(found: Comparison) -> dict[str, float]:
    return {f"{name} {end}": getattr(one, end) for name, one in found.arms.items() for end in ("low", "high")}


def test_the_worked_example_of_the_page() -> None:
    """Two arms, three seeds; every number can be followed by hand, and stands in docs/methods.md."""
    figures = np.array([[60.0, 61.0, 59.0], [64.0, 63.0, 64.0], [60.0, 62.0, 61.0]])
    images = np.tile([-20.0, 20.0], 50)
    found = compare(study(figures[..., None] + images), Criteria(margin=1.0)).arms
    assert [one.difference for one in found.values()] == pytest.approx([11 / 3, 1])
    # Variances of 4, 2, 5 and of 0, 1, 2 over three seeds: 7/3 / 3 and 1 / 3; the first is over twice the second.
    edges, boxes = 7 / 9, 3 / 9
    drawn = [(8 * boxes + 2 * edges) / 10 + 2 * (edges - 2 * boxes), (8 * edges + 2 * boxes) / 10]
    assert [one.run_variance for one in found.values()] == pytest.approx(drawn)
    assert [one.image_variance for one in found.values()] == pytest.approx([400 * 100 / 99 / 300**2] * 2)
    assert [one.half_width for one in found.values()] == pytest.approx([2.4504, 2.5332], abs=5e-5)


@settings(max_examples=8, phases=NO_SHRINKING)
@given(seeds_of_tables, st.permutations([1, 2, 3, 4]))
def test_the_order_of_arms_seeds_and_images_does_not_matter(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    table = draw(rng, 4, 4, 12)
    turned = {arm: runs(table)[arm] for arm in ("alone", *(f"arm {number}" for number in order))}
    assert _ends(compare(tabulate(turned, "alone"), ONCE)) == pytest.approx(_ends(compare(study(table), ONCE)))
    mixed = table[:, rng.permutation(4)][:, :, rng.permutation(12)]
    assert _ends(compare(study(mixed), ONCE)) == pytest.approx(_ends(compare(study(table), ONCE)))


@settings(max_examples=8, phases=NO_SHRINKING)
@given(seeds_of_tables, st.sampled_from([-1.0, 1e-3, 250.0]))
def test_a_change_of_units_or_sign_changes_intervals_alike(seed: int, factor: float) -> None:
    table = draw(np.random.default_rng(seed), 3, 4, 12)
    expected = compare(study(table), ONCE).arms
    for name, one in compare(study(factor * table + 7), ONCE).arms.items():
        ends = sorted((factor * expected[name].low, factor * expected[name].high))
        assert [one.low, one.high] == pytest.approx(ends, rel=1e-6, abs=1e-9 * abs(factor))


def test_controls_count_for_variances_and_not_for_arms() -> None:
    table = draw(np.random.default_rng(0), 5)
    everything = compare(study(table), ONCE)
    found = compare(study(table), ONCE, controls=("arm 4", "arm 5"))
    assert (everything.num_judged, found.num_judged) == (5, 3)
    assert [one.is_control for one in found.arms.values()] == [False] * 3 + [True] * 2
    for name, one in found.arms.items():
        assert one.run_variance == everything.arms[name].run_variance
        assert one.half_width < everything.arms[name].half_width
    assert found.arms["arm 1"].run_variance != compare(study(table[:4]), ONCE).arms["arm 1"].run_variance


def test_one_arm_borrows_nothing_and_says_so() -> None:
    table = draw(np.random.default_rng(1), 3, 6, images=80, arm_image=0.0)
    found = compare(study(table), ONCE, controls=("arm 2", "arm 3"))
    own = (table[1] - table[0]).mean(1).var(ddof=1) / 6
    assert found.arms["arm 1"].run_variance == pytest.approx(own)
    assert any("only from its own seeds" in remark for remark in found.remarks())
    assert compare(study(table), ONCE).remarks() == []
    (remark,) = compare(study(table[:, :2]), ONCE).remarks()
    assert "fewer than 3 seeds" in remark


def test_images_widen_the_arm_that_they_suit_differently() -> None:
    """Another encoder changes every image its own way; that says nothing of arms that hardly change any."""
    rng = np.random.default_rng(9)
    table = draw(rng, 5, 6, images=100, arm_image=0.0)
    before = compare(study(table), ONCE).arms
    table[1] += 0.2 * rng.standard_normal(100)
    after = compare(study(table), ONCE).arms
    assert after["arm 1"].image_variance == pytest.approx(0.2**2 / 100, rel=0.3)
    assert after["arm 1"].half_width > 2 * before["arm 1"].half_width
    for name in ("arm 2", "arm 3", "arm 4", "arm 5"):
        assert after[name].half_width < 1.25 * before[name].half_width


def test_two_seeds_have_figures_and_no_bounds() -> None:
    table = draw(np.random.default_rng(2), 3, 2)
    found = compare(study(table), ONCE)
    for number, one in enumerate(found.arms.values(), 1):
        assert one.difference == pytest.approx((table[number] - table[0]).mean())
        assert (one.low, one.high, one.has_bounds) == (-math.inf, math.inf, False)
    assert any("fewer than 3 seeds" in remark for remark in found.remarks())


def test_an_arm_that_lost_runs_is_wider_and_the_others_keep_theirs() -> None:
    table = draw(np.random.default_rng(3), 3, 6)
    table[1, 4:] = np.nan
    table[2, 1:5] = np.nan
    found = compare(study(table), ONCE)
    assert [one.num_seeds for one in found.arms.values()] == [4, 2, 6]
    assert [one.has_bounds for one in found.arms.values()] == [True, False, True]
    first = found.arms["arm 1"]
    assert found.num_judged == 2  # the second has too few runs for an interval
    constant = constants.of_runs(2, 4)
    images = constants.of_images(2) * constants.of_few_images(60)
    expected = constant**2 * first.run_variance + images**2 * first.image_variance
    assert first.half_width == pytest.approx(math.sqrt(expected))


def test_ties_are_no_certainty() -> None:
    """Accuracies of 0 and 1 in which every run has as many images right, though not the same ones."""
    rng = np.random.default_rng(4)
    table = np.stack([[rng.permutation([1.0] * 30 + [0.0] * 10) for _ in range(3)] for _ in range(3)])
    for one in compare(study(table), ONCE).arms.values():
        assert one.difference == 0
        assert 0.05 < one.half_width < 1
    same = np.broadcast_to(rng.random(40), (3, 3, 40))
    for one in compare(study(same), ONCE).arms.values():
        assert one.half_width == pytest.approx(
            constants.of_images(2) * constants.of_few_images(40) * same[0, 0].std(ddof=1) / (3 * 40)
        )
    assert not compare(study(np.ones((3, 3, 40))), ONCE).arms["arm 1"].has_bounds


def test_a_baseline_out_of_line_is_warned_of() -> None:
    rng = np.random.default_rng(5)
    quiet = sum(compare(study(draw(rng, 4, 8, 10, rest=0.001)), ONCE).baseline_is_odd for _ in range(50))
    assert quiet <= 8  # 5% of 50 is 3
    table = draw(rng, 4, 8, 10, rest=0.001)
    table[0] += 0.05 * rng.standard_normal((8, 1))
    found = compare(study(table), ONCE)
    assert found.baseline_ratio > 4
    assert any("more than 5 % of such studies say something false, up to 9 %" in remark for remark in found.remarks())


def test_an_arm_out_of_line_is_named() -> None:
    rng = np.random.default_rng(8)
    table = draw(rng, 4, 8, 10, rest=0.001)
    table[2] += 0.05 * rng.standard_normal((8, 1))
    found = compare(study(table), ONCE)
    assert list(found.odd_arms) == ["arm 2"]
    own = table.mean(2).var(1, ddof=1)
    assert found.odd_arms["arm 2"] == pytest.approx(own[2] / own[[0, 1, 3, 4]].mean())
    assert any(remark.startswith("Runs of arm 2 vary") for remark in found.remarks())
    quiet = sum(bool(compare(study(draw(rng, 4, 8, 10, rest=0.001)), ONCE).odd_arms) for _ in range(30))
    assert quiet <= 6  # 5% of 30 is 2


def test_looks_widen_and_unplanned_ones_are_refused() -> None:
    results = study(draw(np.random.default_rng(6), 4, 6))
    several = Criteria(looks=(3, 6, 10))
    assert compare(results, several).arms["arm 1"].half_width > compare(results, ONCE).arms["arm 1"].half_width
    with pytest.raises(InputError, match="a look at 5 seeds was not planned"):
        compare(results, several, look=5)


def test_nothing_to_compare() -> None:
    found = compare(tabulate({"alone": {0: MeanFigure(np.ones(3))}, "arm": {}}, "alone"), ONCE)
    assert math.isnan(found.arms["arm"].difference)
    assert not found.arms["arm"].has_bounds
    assert compare(tabulate({"alone": {0: MeanFigure(np.ones(3))}}, "alone"), ONCE).arms == {}


@pytest.mark.parametrize("gaps", [0.0, 0.03])
def test_false_statements_are_as_rare_as_promised(gaps: float) -> None:
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(80):
        table = draw(rng, 4, 3, 20)
        found = compare(study(np.where(rng.random(table.shape) < gaps, np.nan, table)), ONCE)
        wrong += any(not one.low <= 0 <= one.high for one in found.arms.values())
    assert wrong <= 11  # 5% of 80 is 4
