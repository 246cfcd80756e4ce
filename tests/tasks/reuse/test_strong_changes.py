"""Strong changes: what is drawn, how pictures blur, and where they are cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from auxseg.tasks.reuse.strong_changes import (
    LARGEST_CUT,
    NARROWEST,
    NUM_UNIFORMS,
    SMALLEST_CUT,
    blurred,
    change_look,
    draw_cuts,
    draw_uniforms,
)

CPU = torch.device("cpu")


def _pictures(num_images: int) -> torch.Tensor:
    return torch.rand(num_images, 3, 24, 30, generator=torch.Generator().manual_seed(3))


def test_what_is_drawn_depends_on_kind_and_key() -> None:
    keys = torch.arange(5)
    drawn = draw_uniforms("one", keys)
    assert drawn.shape == (5, NUM_UNIFORMS)
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert len(np.unique(drawn)) == drawn.size
    assert np.array_equal(draw_uniforms("one", keys.flip(0)), drawn[::-1])
    assert not np.array_equal(draw_uniforms("other", keys), drawn)


@pytest.mark.parametrize("largest", [0.5, 1.0, 2.0])
def test_a_blur_is_that_of_torchvision(largest: float) -> None:
    image, radius = _pictures(3), int(np.ceil(3 * largest))
    widths = torch.tensor([0.3, 1.0, 0.7], dtype=torch.float64) * largest
    found = blurred(image, widths, largest)
    inner = (slice(None), slice(radius, 24 - radius), slice(radius, 30 - radius))  # borders are continued otherwise
    for picture, width, changed in zip(image, widths.tolist(), found, strict=True):
        expected = tv.gaussian_blur(picture, [2 * radius + 1] * 2, [width] * 2)
        torch.testing.assert_close(changed[inner], expected[inner], atol=1e-6, rtol=1e-5)


def test_a_blur_keeps_what_is_constant_and_leaves_width_zero_to_the_bit() -> None:
    image = _pictures(2)
    assert torch.equal(blurred(image, torch.tensor([0.0, 0.0], dtype=torch.float64), 1.0), image)
    assert blurred(image, torch.tensor([0.0, 0.0], dtype=torch.float64), 0.0) is image
    grey = torch.full((1, 3, 8, 8), 0.25)
    torch.testing.assert_close(blurred(grey, torch.tensor([2.0], dtype=torch.float64), 2.0), grey)


def test_without_colour_and_blur_a_picture_stays_as_it_is() -> None:
    image = _pictures(6)
    uniforms = draw_uniforms("one", torch.arange(6))
    assert torch.equal(change_look(image, uniforms, 0.0, 0.0), image)
    assert not torch.equal(change_look(image, uniforms, 0.0, 1.0), image)
    assert not torch.equal(change_look(image, uniforms, 0.5, 0.0), image)


def test_pictures_stay_in_range_and_are_changed_one_by_one() -> None:
    image, uniforms = _pictures(40), draw_uniforms("one", torch.arange(40))
    changed = change_look(image, uniforms, 0.9, 2.0)
    assert ((changed >= 0) & (changed <= 1)).all()
    assert torch.equal(change_look(image[7:8], uniforms[7:8], 0.9, 2.0), changed[7:8])
    grey = (changed[:, 0] - changed[:, 1]).abs().flatten(1).amax(1) < 1e-6
    assert 0.05 < grey.float().mean() < 0.4
    same = [torch.equal(one, other) for one, other in zip(changed, image, strict=True)]
    assert 0 < sum(same) < 15  # a tenth are neither recoloured nor blurred


def test_cuts_are_rectangles_of_the_claimed_sizes() -> None:
    uniforms = draw_uniforms("one", torch.arange(400))
    cuts = draw_cuts(uniforms, 1.0, (60, 100), CPU)
    for cut in cuts.numpy():
        rows, columns = np.flatnonzero(cut.any(1)), np.flatnonzero(cut.any(0))
        assert len(rows) * len(columns) == cut.sum() > 0  # nothing is missing in it
        assert np.ptp(rows) + 1 == len(rows)
        assert np.ptp(columns) + 1 == len(columns)
        share = cut.mean()
        assert 0.7 * SMALLEST_CUT < share < LARGEST_CUT + 0.03
        if len(rows) < 60 and len(columns) < 100:
            assert NARROWEST * 0.8 < (len(rows) / 60) / (len(columns) / 100) < 1 / NARROWEST / 0.8
    assert cuts.any(0).float().mean() > 0.98  # they may lie anywhere


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_cuts_are_as_frequent_as_is_said(probability: float) -> None:
    cuts = draw_cuts(draw_uniforms("one", torch.arange(400)), probability, (16, 16), CPU)
    assert cuts.flatten(1).any(1).float().mean().item() == pytest.approx(probability, abs=0.06)


def test_a_device_gives_what_the_cpu_gives(device: torch.device) -> None:
    image, uniforms = _pictures(4), draw_uniforms("one", torch.arange(4))
    there = change_look(image.to(device), uniforms, 0.5, 1.0).cpu()
    torch.testing.assert_close(there, change_look(image, uniforms, 0.5, 1.0))
    cuts = draw_cuts(uniforms, 1.0, (24, 30), device)
    assert cuts.device.type == device.type
    assert torch.equal(cuts.cpu(), draw_cuts(uniforms, 1.0, (24, 30), CPU))
