"""CIE Lab against OpenCV, and colours whose Lab is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from auxseg.metrics import colour


def _of(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb, dtype=torch.float64).view(1, 3, 1, 1)


def test_agrees_with_opencv() -> None:
    image = np.random.default_rng(0).random((40, 50, 3), np.float32)
    expected = cv2.cvtColor(image, cv2.COLOR_RGB2Lab)
    found = colour.rgb_to_lab(torch.from_numpy(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    # OpenCV interpolates in a table; the corners below are exact.
    assert np.abs(found - expected).mean() < 0.1
    assert np.abs(found - expected).max() < 0.6


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_the_corners_of_srgb(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert colour.rgb_to_lab(_of(*rgb)).flatten().tolist() == pytest.approx(lab, abs=0.02)


def test_there_and_back() -> None:
    image = torch.rand(2, 3, 8, 9, dtype=torch.float64)
    torch.testing.assert_close(colour.lab_to_rgb(colour.rgb_to_lab(image)), image, atol=1e-6, rtol=0)


def test_what_no_screen_shows_is_clipped() -> None:
    shown = colour.lab_to_rgb(torch.tensor([50.0, 128, -128]).view(1, 3, 1, 1))
    assert ((shown >= 0) & (shown <= 1)).all()


def test_difference_is_the_distance_in_lab() -> None:
    assert colour.difference(_of(50, 3, 0), _of(50, 0, 4)).item() == 5
