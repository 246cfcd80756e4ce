"""Colours change as torchvision would change them, and by the formula that is claimed where it has another."""

from __future__ import annotations

import cmath
import colorsys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig
from auxseg.data.augment.photometric import NUM_PHOTOMETRIC, Colours, draw_colours, recolour
from auxseg.data.luma import LUMA

NOTHING = Colours(*(np.array([value, value]) for value in (1.0, 1.0, 1.0, 0.0)))


def pictures(low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    return low + (high - low) * torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(3))


def draw(config: AugmentConfig, num_samples: int) -> Colours:
    return draw_colours(config, np.random.default_rng(0).random((num_samples, NUM_PHOTOMETRIC)))


@pytest.mark.parametrize("factors", [(0.6, 1.5), (1.9, 0.1)])
@pytest.mark.parametrize(
    ("part", "reference"),
    [("brightness", tv.adjust_brightness), ("contrast", tv.adjust_contrast), ("saturation", tv.adjust_saturation)],
)
def test_each_part_is_that_of_torchvision(part: str, reference, factors: tuple[float, float]) -> None:
    image = pictures()
    changed = recolour(image, replace(NOTHING, **{part: np.array(factors)}))
    expected = torch.stack([reference(each, factor) for each, factor in zip(image, factors, strict=True)])
    # torchvision's weights of red, green and blue have four digits.
    torch.testing.assert_close(changed, expected, atol=3e-4, rtol=0)
    assert not torch.allclose(changed[0], image[0], atol=0.01)


def test_all_parts_come_in_the_claimed_order() -> None:
    image = pictures(0.3, 0.6)
    colours = Colours(*(np.array(pair) for pair in ([0.8, 1.2], [1.3, 0.7], [0.5, 1.4], [0.0, 0.0])))
    expected = torch.stack(
        [
            tv.adjust_saturation(tv.adjust_contrast(tv.adjust_brightness(each, b), c), s)
            for each, b, c, s in zip(image, colours.brightness, colours.contrast, colours.saturation, strict=True)
        ]
    )
    torch.testing.assert_close(recolour(image, colours), expected, atol=5e-4, rtol=0)


def test_hue_turns_in_the_iq_plane() -> None:
    image, turn = pictures(0.4, 0.6), 1.1
    changed = recolour(image, replace(NOTHING, hue=np.array([turn, 0.0])))
    for before, after in zip(image[0].flatten(1).T.tolist(), changed[0].flatten(1).T.tolist(), strict=True):
        y, i, q = colorsys.rgb_to_yiq(*before)
        turned = complex(i, q) * cmath.exp(1j * turn)
        # The standard library rounds the axes of YIQ to two digits.
        assert after == pytest.approx(colorsys.yiq_to_rgb(y, turned.real, turned.imag), abs=0.01)


def test_hue_keeps_the_grey_of_every_pixel_and_comes_round() -> None:
    image = pictures(0.35, 0.65)
    luma = torch.tensor(LUMA).view(3, 1, 1)
    turned = recolour(image, replace(NOTHING, hue=np.array([0.8, 2.5])))
    torch.testing.assert_close((turned * luma).sum(1), (image * luma).sum(1))
    assert (turned - image).abs().mean() > 0.02
    torch.testing.assert_close(recolour(image, replace(NOTHING, hue=np.full(2, 2 * np.pi))), image)


def test_nothing_leaves_every_bit() -> None:
    assert torch.equal(recolour(pictures(), NOTHING), pictures())
    assert torch.equal(recolour(pictures(), draw(NO_AUGMENTATION, 2)), pictures())


def test_colours_stay_within_their_range() -> None:
    extreme = Colours(*(np.array(pair) for pair in ([1.9, 0.1], [1.9, 1.9], [1.9, 1.9], [3.0, 1.0])))
    changed = recolour(pictures(), extreme)
    assert changed.min() == 0.0
    assert changed.max() == 1.0


def test_a_grey_picture_has_equal_channels() -> None:
    colours = draw(AugmentConfig(gray=1.0), 2)
    red, green, blue = recolour(pictures(), colours).unbind(1)
    torch.testing.assert_close(red, green)
    torch.testing.assert_close(red, blue)


def test_draws_keep_to_their_ranges_and_fill_them() -> None:
    config = AugmentConfig(brightness=0.4, contrast=0.2, saturation=0.6, hue=0.1, gray=0.0)
    colours = draw(config, 4000)
    for values, middle, spread in (
        (colours.brightness, 1.0, 0.4),
        (colours.contrast, 1.0, 0.2),
        (colours.saturation, 1.0, 0.6),
        (colours.hue, 0.0, 0.2 * np.pi),
    ):
        assert middle - spread <= values.min() < middle - 0.98 * spread
        assert middle + 0.98 * spread < values.max() <= middle + spread
        assert abs(values.mean() - middle) < 0.05 * spread


def test_probabilities_count_pictures() -> None:
    colours = draw(AugmentConfig(photometric=0.5, gray=0.2), 8000)
    assert abs((colours.brightness == 1.0).mean() - 0.5) < 0.03
    assert abs((colours.saturation == 0.0).mean() - 0.1) < 0.02
    assert (colours.brightness[colours.saturation == 0.0] != 1.0).all()


@pytest.mark.parametrize("channels", [1, 4])
def test_other_channels_are_brightened_alike(channels: int) -> None:
    """By the formula, for each channel alone; saturation, hue and grey do nothing."""
    image = 0.2 + 0.3 * torch.rand(2, channels, 8, 9, generator=torch.Generator().manual_seed(0))
    colours = Colours(np.array([1.2, 1.0]), np.array([0.7, 1.0]), np.array([0.0, 0.3]), np.array([1.0, 2.0]))
    found = recolour(image, colours, has_colours=False)
    brighter = image[0] * 1.2
    mean = brighter.mean((1, 2), keepdim=True)
    torch.testing.assert_close(found[0], mean + 0.7 * (brighter - mean))
    assert torch.equal(found[1], image[1])
