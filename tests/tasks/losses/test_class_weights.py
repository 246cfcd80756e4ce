"""Weights of classes: their formula in another form, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.errors import InputError
from auxseg.tasks.losses import balanced_weights, class_weights

NAMES = ("road", "car", "pole")
PLACE = "tasks.mask.class_weights"


def test_a_hundredth_of_the_pixels_weighs_ten_times_as_much() -> None:
    common, rare = balanced_weights((10_000, 100))
    assert rare / common == pytest.approx(10)


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=12))
def test_the_mean_weight_of_the_pixels_is_one(pixels: list[int]) -> None:
    weights = balanced_weights(pixels)
    total = sum(pixels)
    assert sum(number * weight for number, weight in zip(pixels, weights, strict=True)) / total == pytest.approx(1)
    for number, weight in zip(pixels, weights, strict=True):
        assert weight**2 * number == pytest.approx(weights[0] ** 2 * pixels[0])


def test_classes_without_pixels_weigh_one() -> None:
    assert balanced_weights((3, 0, 3))[1] == 1
    assert balanced_weights((3, 0, 3))[::2] == pytest.approx((1, 1))
    assert balanced_weights((0, 0)) == (1, 1)


def test_without_a_choice_there_are_no_weights() -> None:
    assert class_weights(None, NAMES, (1, 2, 3), PLACE) is None


def test_balanced_without_counts_is_one_for_every_class() -> None:
    """A plan on paper, and a model that only predicts."""
    assert class_weights("balanced", NAMES, (), PLACE) == (1, 1, 1)
    assert class_weights("balanced", NAMES, (8, 1, 1), PLACE) == balanced_weights((8, 1, 1))


def test_classes_that_are_left_out_weigh_one() -> None:
    assert class_weights({"pole": 5, "road": 0}, NAMES, (), PLACE) == (0, 1, 5)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"pol": 5.0}, r"no mask class 'pol' \(did you mean 'pole'\?\); allowed: road, car, pole"),
        ({"xyz": 5.0}, "no mask class 'xyz'; allowed"),
        (dict.fromkeys(NAMES, 0.0), "every class has the weight 0"),
    ],
)
def test_what_is_refused(weights: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=rf"^{PLACE}: .*{said}"):
        class_weights(weights, NAMES, (), PLACE)
