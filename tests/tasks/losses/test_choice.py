"""Loss terms are chosen by name; what nobody knows is refused with the nearest name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.tasks.losses import LossWeights, check_choice

ALLOWED = ("cross_entropy", "bce", "dice")


@pytest.mark.parametrize("losses", [[], ["dice"], ["bce", "dice", "cross_entropy"]])
def test_allowed_terms_pass(losses: list[str]) -> None:
    check_choice("mask", losses, ALLOWED)


def test_a_typing_error_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError) as refused:
        check_choice("mask", ["dice", "cross_entropi"], ALLOWED)
    assert str(refused.value) == (
        "tasks.mask.losses: unknown loss 'cross_entropi' (did you mean 'cross_entropy'?); "
        "allowed: cross_entropy, bce, dice"
    )


def test_what_is_like_no_name_gets_the_names_alone() -> None:
    with pytest.raises(
        InputError, match=r"^tasks\.head\.losses: unknown loss 'xyz'; allowed: cross_entropy, bce, dice$"
    ):
        check_choice("head", ["xyz"], ALLOWED)


@pytest.mark.parametrize(
    "weights", [{}, {"dice": -0.1}, {"dice": float("nan")}, {"dice": float("inf")}, {"dice": "heavy"}, ["dice"]]
)
def test_weights_are_finite_numbers_from_zero_and_there_is_one_at_least(weights: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(LossWeights).validate_python(weights)


def test_a_weight_of_zero_is_a_weight() -> None:
    assert TypeAdapter(LossWeights).validate_python({"dice": 0, "bce": 2.5}) == {"dice": 0.0, "bce": 2.5}
