"""Settings of the augmentation are checked when they are read, up to the ends of their ranges."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from auxseg.data.augment import MILD, NO_AUGMENTATION, AugmentConfig
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies
from auxseg.data.augment.photometric import NUM_PHOTOMETRIC, draw_colours
from auxseg.errors import InputError

ENDS = {
    "flip": (0, 1),
    "geometric": (0, 1),
    "aspect": (1, 2),
    "rotation": (0, 180),
    "perspective": (0, 0.4),
    "photometric": (0, 1),
    "hue": (0, 0.5),
    "gray": (0, 1),
}
"""The smallest and the largest value that may stand there."""

OPEN_ENDED = ("brightness", "contrast", "saturation")
"""From 0 to anything below 1: at 1 a factor may be 0, and the picture is gone."""


def read(**values: object) -> AugmentConfig:
    return TypeAdapter(AugmentConfig).validate_python(values)


def uniforms(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((200, count))


def test_settings_come_from_yaml_values() -> None:
    assert read(scale=[0.5, 1], flip=0, rotation=30) == AugmentConfig(scale=(0.5, 1.0), flip=0.0, rotation=30.0)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"flip": 1.5}, "less than or equal to 1"),
        ({"scale": [0.05, 1.0]}, "greater than or equal to 0.1"),
        ({"scale": [0.5, 1.6]}, "less than or equal to 1.5"),
        ({"scale": [0.5]}, "Field required"),
        ({"scale": [1.0, 0.5]}, "the smallest and the largest side, but 1 is larger than 0.5"),
        ({"perspective": 0.6}, "less than or equal to 0.4"),
        ({"rotate": 10}, "[Uu]nexpected"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        read(**settings)


def test_every_setting_has_its_ends_here() -> None:
    assert {*ENDS, *OPEN_ENDED, "scale"} == {field.name for field in fields(AugmentConfig)}


@pytest.mark.parametrize("name", ENDS)
def test_the_ends_of_a_range_may_be_used_and_nothing_beyond(name: str) -> None:
    low, high = ENDS[name]
    for value in (low, high):
        assert getattr(read(**{name: value}), name) == value
    for value in (low - 0.001, high + 0.001, float("nan")):
        with pytest.raises(ValidationError):
            read(**{name: value})


@pytest.mark.parametrize("name", OPEN_ENDED)
def test_no_factor_of_a_colour_may_become_nothing(name: str) -> None:
    assert getattr(read(**{name: 0.999}), name) == 0.999
    for value in (1.0, -0.001):
        with pytest.raises(ValidationError):
            read(**{name: value})


def test_a_scale_may_be_a_single_side_and_takes_its_ends() -> None:
    assert AugmentConfig(scale=(0.7, 0.7)).scale == (0.7, 0.7)
    assert read(scale=[0.1, 1.5]).scale == (0.1, 1.5)
    with pytest.raises(InputError, match=r"the smallest and the largest side, but 1\.25 is larger than 1"):
        AugmentConfig(scale=(1.25, 1.0))


def test_no_augmentation_moves_and_recolours_nothing() -> None:
    homographies = draw_homographies(NO_AUGMENTATION, uniforms(NUM_GEOMETRIC))
    np.testing.assert_array_equal(homographies, np.tile(np.eye(3), (200, 1, 1)))
    colours = draw_colours(NO_AUGMENTATION, uniforms(NUM_PHOTOMETRIC))
    for name, value in (("brightness", 1), ("contrast", 1), ("saturation", 1), ("hue", 0)):
        np.testing.assert_array_equal(getattr(colours, name), np.full(200, float(value)))


def test_mild_varies_flips_crops_and_brightness_alone() -> None:
    colours = draw_colours(MILD, uniforms(NUM_PHOTOMETRIC))
    assert np.ptp(colours.brightness) > 0.3
    for name, value in (("contrast", 1), ("saturation", 1), ("hue", 0)):
        np.testing.assert_array_equal(getattr(colours, name), np.full(200, float(value)))
    homographies = draw_homographies(MILD, uniforms(NUM_GEOMETRIC))
    np.testing.assert_allclose(homographies[:, 2], np.tile([0, 0, 1], (200, 1)), atol=1e-12)  # no perspective
    np.testing.assert_allclose(homographies[:, [0, 1], [1, 0]], 0, atol=1e-12)  # no rotation
    assert {*np.sign(homographies[:, 0, 0])} == {-1.0, 1.0}
