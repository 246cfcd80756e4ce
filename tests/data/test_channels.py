"""What images consist of: which channels can be, how others than 8-bit RGB are shown and resized."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from auxseg.data.channels import RGB, Channels, displayed, parse_channels, resampled, unnamed
from auxseg.data.geometry import PADDING_GREY, fit

FOUR = Channels(("red", "green", "blue", "nir"), "uint16")
RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [RGB, FOUR, unnamed(1, "uint8"), unnamed(16, "uint16")])
def test_json_gives_them_back(channels: Channels) -> None:
    assert not channels.fault()
    assert parse_channels(channels.to_json()) == channels


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({}, "list of texts"),
        ({"names": ["a"], "dtype": "float32"}, "uint8 or uint16"),
        ({"names": [1], "dtype": "uint8"}, "list of texts"),
        ({"names": [], "dtype": "uint8"}, "0 channels"),
        ({"names": list("abcdefghijklmnopq"), "dtype": "uint8"}, "17 channels"),
        ({"names": ["a", "a"], "dtype": "uint8"}, "same name"),
        ({"names": ["a,b"], "dtype": "uint8"}, "without commas"),
        ({"names": ["a\n"], "dtype": "uint8"}, "without commas"),
        ({"names": [""], "dtype": "uint8"}, "without commas"),
    ],
)
def test_what_they_cannot_be(value: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_channels(value)


def test_unnamed_colours_of_eight_bits_are_rgb() -> None:
    assert unnamed(3, "uint8") == RGB
    assert unnamed(3, "uint16").has_colours
    assert not FOUR.has_colours


def test_rgb_is_shown_as_it_is() -> None:
    image = RANDOM.integers(0, 256, (9, 7, 3), np.uint8)
    assert displayed(image, RGB) is image


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_others_are_stretched_between_percentiles(count: int) -> None:
    channels = Channels(tuple("abcde"[:count]), "uint16")
    image = np.arange(1000, 1000 + 101 * 3 * count, 3).astype(np.uint16).reshape(101, 1, count)
    shown = displayed(image, channels)
    assert shown.shape == (101, 1, 3)
    assert shown.dtype == np.uint8
    for place in range(3):
        values = image[..., place if count >= 3 else 0].astype(float)
        low, high = np.percentile(values, [1, 99])
        expected = np.interp(values, [low, high], [0, 255])
        assert np.abs(shown[..., place] - expected).max() <= 0.51
    assert (shown[..., 0] == 0).sum() == 2
    assert (shown[..., 0] == 255).sum() == 2


def test_a_flat_channel_is_shown() -> None:
    assert displayed(np.full((4, 4, 1), 500, np.uint16), unnamed(1, "uint16")).max() == 0


def test_each_channel_is_resized_as_pillow_resizes_it() -> None:
    image = RANDOM.integers(0, 60000, (40, 30, 5)).astype(np.uint16)
    found = resampled(image, (13, 17), Image.Resampling.BILINEAR)
    assert found.dtype == np.uint16
    for channel in range(5):
        values = Image.fromarray(image[..., channel].astype(np.float32)).resize((17, 13), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(found[..., channel], np.asarray(values), atol=0.51)


def test_eight_bits_of_other_channels_agree_with_colours() -> None:
    image = RANDOM.integers(0, 256, (40, 30, 3), np.uint8)
    twice = resampled(np.concatenate([image, image], axis=2), (13, 17), Image.Resampling.BILINEAR)
    once = resampled(image, (13, 17), Image.Resampling.BILINEAR)
    assert np.abs(twice[..., :3].astype(int) - once).max() <= 1
    np.testing.assert_array_equal(twice[..., :3], twice[..., 3:])


def test_padding_is_each_channels_mean() -> None:
    image = np.stack([np.full((10, 20), 300), np.full((10, 20), 4000)], axis=2).astype(np.uint16)
    stored = fit((10, 20), 32, "letterbox").image(image)
    assert stored.shape == (32, 32, 2)
    assert set(stored[..., 0].ravel().tolist()) == {300}
    assert set(stored[..., 1].ravel().tolist()) == {4000}
    colours = fit((10, 20), 32, "letterbox").image(np.zeros((10, 20, 3), np.uint8))
    assert colours[0, 0].tolist() == [PADDING_GREY] * 3
