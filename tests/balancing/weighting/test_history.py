"""What is remembered of losses: means of the last two periods, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.balancing.weighting.history import FLOOR, HistoryConfig, LossHistory, Period


def _after(every: Period, *losses: Mapping[str, float]) -> LossHistory:
    history = LossHistory(every)
    for each in losses:
        history.add(each)
    return history


def _of(values: Sequence[float], every: Period = "step") -> LossHistory:
    return _after(every, *({"a": value} for value in values))


def test_before_the_first_period_nothing_is_known() -> None:
    history = _of([2.0], every=2)
    assert history.newer("a") is None
    assert (history.change("a"), history.ratio("a")) == (0.0, 1.0)


def test_one_period_is_not_enough_to_compare() -> None:
    history = _of([2.0])
    assert history.newer("a") == 2.0
    assert (history.change("a"), history.ratio("a")) == (0.0, 1.0)


def test_the_last_period_is_compared_with_the_one_before() -> None:
    history = _of([8.0, 4.0, 3.0])
    assert history.newer("a") == 3.0
    assert history.change("a") == -1.0
    assert history.ratio("a") == 0.75


def test_a_period_counts_by_its_mean() -> None:
    history = _of([1.0, 3.0, 4.0, 8.0, 100.0], every=2)
    assert history.newer("a") == 6.0
    assert history.change("a") == 4.0
    assert history.ratio("a") == 3.0


def test_an_epoch_ends_where_the_next_begins() -> None:
    history = LossHistory("epoch")
    for values in ([1.0, 3.0], [4.0], [9.0]):
        history.begin_epoch()
        for value in values:
            history.add({"a": value})
    assert history.newer("a") == 4.0  # the third is not over
    assert history.ratio("a") == 2.0


@pytest.mark.parametrize("every", ["step", 1, 2])
def test_a_period_of_steps_does_not_end_with_an_epoch(every: Period) -> None:
    plain, beside = (LossHistory(every) for _ in range(2))
    for value in (1.0, 2.0, 3.0, 5.0):
        plain.add({"a": value})
        beside.begin_epoch()
        beside.add({"a": value})
        beside.begin_epoch()
    assert beside.ratio("a") == plain.ratio("a") != 1
    assert beside.newer("a") == plain.newer("a")


def test_a_period_without_a_label_leaves_what_was_known() -> None:
    history = _after("step", {"a": 4.0, "b": 1.0}, {"a": 2.0, "b": 1.0}, {"b": 3.0})
    assert (history.newer("a"), history.ratio("a")) == (2.0, 0.5)
    assert (history.newer("b"), history.ratio("b")) == (3.0, 3.0)


def test_a_mean_is_over_the_steps_that_had_the_label() -> None:
    history = _after(3, {"a": 1.0, "b": 1.0}, {"b": 1.0}, {"a": 3.0, "b": 1.0})
    assert history.newer("a") == 2.0


def test_tasks_together_are_compared_by_their_sums() -> None:
    history = _after("step", {"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 1.0})
    assert history.ratio("a", "b") == 3.0 / 4.0
    assert history.ratio("b", "a") == history.ratio("a", "b")


def test_tasks_that_are_not_known_yet_are_left_out_of_the_whole() -> None:
    history = _after("step", {"a": 1.0}, {"a": 2.0, "b": 100.0})
    assert history.ratio("a", "b") == 2.0
    assert history.ratio("b") == 1.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.0], 1.0),
        ([1e-9, 1e-7], 1.0),
        ([0.0, 1.0], 1.0 / FLOOR),
        ([1.0, 0.0], FLOOR),
        ([FLOOR, 2 * FLOOR], 2.0),
    ],
)
def test_losses_that_are_almost_zero_count_as_the_floor(values: Sequence[float], expected: float) -> None:
    assert _of(values).ratio("a") == pytest.approx(expected)


def test_what_was_saved_goes_on_in_the_middle_of_a_period() -> None:
    """Neither whoever saved it nor whoever was made of it before changes what was saved."""
    whole, stopped = _of([1.0, 3.0, 4.0], every=2), _of([1.0, 3.0, 4.0], every=2)
    state = stopped.state_dict()
    stopped.add({"a": 50.0})
    whole.add({"a": 8.0})
    for resumed in (LossHistory(2), LossHistory(2)):
        resumed.load_state_dict(state)
        resumed.add({"a": 8.0})
        assert resumed.newer("a") == 6.0
        assert resumed.ratio("a") == 3.0
        assert resumed.state_dict() == whole.state_dict()


@pytest.mark.parametrize("every", ["epoch", "step", 1, 1000])
def test_periods_that_there_are(every: Any) -> None:
    assert TypeAdapter(HistoryConfig).validate_python({"kind": "x", "every": every}).every == every


@pytest.mark.parametrize("every", ["steps", 0, -1, 1.5, 10**9 + 1, None])
def test_periods_that_there_are_not(every: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(HistoryConfig).validate_python({"kind": "x", "every": every})
