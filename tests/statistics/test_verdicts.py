"""Verdicts: each one's rule, that they fit what is drawn, and how often they are false."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from auxseg.statistics import Rules, Verdict, estimate, judge
from auxseg.statistics.verdicts import with_diverged
from tests.statistics.tables import clear, draw, vague

ARMS = {"up": clear(0.02), "down": clear(-0.02), "flat": clear(0.001), "noisy": vague(0.01)}
EXPECTED = {
    "up": Verdict.HELPS,
    "down": Verdict.HURTS,
    "flat": Verdict.NO_MEANINGFUL_DIFFERENCE,
    "noisy": Verdict.NOT_ENOUGH_EVIDENCE,
}


def test_every_verdict_once() -> None:
    found = judge(ARMS, Rules())
    assert {name: one.verdict for name, one in found.items()} == EXPECTED
    assert found["noisy"].advice is not None
    assert all(one.advice is None for name, one in found.items() if name != "noisy")
    assert {one.num_comparisons for one in found.values()} == {4}


def test_where_lower_is_better_signs_mean_the_reverse() -> None:
    found = judge(ARMS, Rules(higher_is_better=False))
    assert (found["up"].verdict, found["down"].verdict) == (Verdict.HURTS, Verdict.HELPS)
    assert found["flat"].verdict is Verdict.NO_MEANINGFUL_DIFFERENCE


def test_a_difference_that_is_certain_but_small_is_not_meaningful() -> None:
    (one,) = judge({"flat": ARMS["flat"]}, Rules()).values()
    assert one.p_value < 0.01
    assert one.verdict is Verdict.NO_MEANINGFUL_DIFFERENCE
    (other,) = judge({"flat": ARMS["flat"]}, Rules(margin=0.0005)).values()
    assert other.verdict is Verdict.HELPS


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6), st.sampled_from([1, 2]))
def test_verdicts_fit_the_intervals_that_are_drawn(seeds: list[int], looks: int) -> None:
    arms = {}
    for number, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        spread = float(rng.choice([0.001, 0.003, 0.01]))
        table = draw(rng, 4, 20, mean=rng.normal(0, 0.008), seed=spread, image=spread, rest=spread)
        arms[str(number)] = estimate(table)
    rules = Rules(looks=looks)  # pyright: ignore[reportArgumentType]  # drawn from the two that are allowed
    found = judge(arms, rules)
    for one in found.values():
        low, high = one.interval
        within, without_zero = -rules.margin <= low and high <= rules.margin, low > 0 or high < 0
        assert one.level <= rules.level
        if one.verdict is Verdict.NO_MEANINGFUL_DIFFERENCE:
            assert within
        elif one.verdict is Verdict.NOT_ENOUGH_EVIDENCE:
            assert not within
            assert not without_zero
        else:
            assert without_zero
            assert (one.verdict is Verdict.HELPS) == (low > 0)
        assert (one.p_value <= rules.level) or one.verdict not in (Verdict.HELPS, Verdict.HURTS)
    turned = judge(dict(reversed(arms.items())), rules)
    assert {name: turned[name].interval for name in arms} == {name: one.interval for name, one in found.items()}
    assert {name: turned[name].verdict for name in arms} == {name: one.verdict for name, one in found.items()}


def test_exchanged_sides_mirror_the_verdicts() -> None:
    rng = np.random.default_rng(0)
    table = draw(rng, 5, 30, mean=0.03)
    (one,), (other,) = (judge({"arm": estimate(sign * table)}, Rules()).values() for sign in (1, -1))
    assert (one.verdict, other.verdict) == (Verdict.HELPS, Verdict.HURTS)
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))


def test_weight_zero_makes_no_meaningful_difference() -> None:
    found = judge({"zero": estimate(np.zeros((3, 100))), **ARMS}, Rules())
    assert found["zero"].verdict is Verdict.NO_MEANINGFUL_DIFFERENCE
    assert found["zero"].interval == (0, 0)


@pytest.mark.parametrize("shape", [(1, 100), (0, 0)])
def test_without_an_interval_there_is_not_enough_evidence(shape: tuple[int, int]) -> None:
    found = judge({"alone": estimate(np.zeros(shape)), "up": ARMS["up"]}, Rules())
    assert found["alone"].verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert found["alone"].interval == (-math.inf, math.inf)
    assert found["alone"].advice is not None
    assert found["alone"].advice.seeds is None
    assert found["up"].verdict is Verdict.HELPS


def test_two_seeds_are_judged() -> None:
    (one,) = judge({"arm": estimate(draw(np.random.default_rng(0), 2, 50, mean=0.5))}, Rules()).values()
    assert math.isfinite(one.interval[0])


def withdrawn(*names: str) -> dict[str, Verdict]:
    """What is expected where these verdicts cannot stand; that nothing differs can stand nowhere."""
    none = [name for name, verdict in EXPECTED.items() if verdict is Verdict.NO_MEANINGFUL_DIFFERENCE]
    assert none
    return EXPECTED | dict.fromkeys((*names, *none), Verdict.NOT_ENOUGH_EVIDENCE)


def test_an_arm_of_which_runs_diverged_is_not_said_to_help() -> None:
    judged = judge(ARMS, Rules())
    found = {name: with_diverged(one, of_arm=1, of_baseline=0) for name, one in judged.items()}
    assert {name: one.verdict for name, one in found.items()} == withdrawn("up")
    for name, one in found.items():
        assert one.withdrawn == (None if one.verdict is judged[name].verdict else EXPECTED[name])


def test_where_runs_of_the_target_alone_diverged_no_arm_is_said_to_hurt() -> None:
    judged = judge(ARMS, Rules())
    found = {name: with_diverged(one, of_arm=0, of_baseline=2).verdict for name, one in judged.items()}
    assert found == withdrawn("down")
    found = {name: with_diverged(one, of_arm=1, of_baseline=1).verdict for name, one in judged.items()}
    assert found == withdrawn("up", "down")
    assert {name: with_diverged(one, of_arm=0, of_baseline=0) for name, one in judged.items()} == judged


def test_no_arms_no_verdicts() -> None:
    assert judge({}, Rules()) == {}


def test_an_extension_is_paid_for_at_both_looks() -> None:
    arms = {"up": ARMS["up"]}
    (once,), (twice,) = (judge(arms, rules).values() for rules in (Rules(), Rules(looks=2)))
    assert (once.level, twice.level) == (0.05, 0.025)
    assert twice.interval[0] < once.interval[0]


@pytest.mark.parametrize("settings", [{"margin": 0}, {"alpha": 0.5}, {"alpha": 0}, {"looks": 3}, {"power": 0.8}])
def test_refuses_impossible_rules(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Rules).validate_python(settings)


def test_false_verdicts_are_rare_however_many_arms() -> None:
    rng = np.random.default_rng(3)
    rules = Rules(margin=0.012)
    wrong = 0
    for _ in range(120):
        baseline, *arms = (draw(rng, 5, 40, seed=0.01, image=0.0, rest=0.001) for _ in range(9))
        found = judge({str(number): estimate(arm - baseline) for number, arm in enumerate(arms)}, rules)
        wrong += any(one.verdict in (Verdict.HELPS, Verdict.HURTS) for one in found.values())
    assert wrong <= 13  # 5% of 120 is 6; uncorrected it would be some 25
