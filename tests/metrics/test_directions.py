"""Angles between maps of directions, against NumPy pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auxseg.metrics import directions
from auxseg.tasks.dense_labels.cosine import unit_vectors


def _maps() -> tuple[torch.Tensor, torch.Tensor]:
    prediction, truth = (unit_vectors(torch.randn(3, 3, 6, 5)) for _ in range(2))
    truth[:, :, 0, :2] = torch.nan
    return prediction, truth


def test_every_figure_agrees_with_numpy() -> None:
    prediction, truth = _maps()
    cosines = (prediction.double() * truth.double()).sum(1).numpy()
    expected = np.degrees(np.arccos(cosines)).reshape(3, -1)
    angles = directions.angles(prediction, truth)
    np.testing.assert_allclose(angles.flatten(1), expected, atol=1e-3)
    assert directions.mean(angles).tolist() == pytest.approx(np.nanmean(expected, 1), abs=1e-3)
    assert directions.median(angles).tolist() == pytest.approx(np.nanmedian(expected, 1), abs=1e-3)
    for limit in (11.25, 22.5, 30, 90):
        shares = [(image[~np.isnan(image)] < limit).mean() for image in expected]
        assert directions.share_within(angles, limit).tolist() == pytest.approx(shares)


def test_small_and_large_angles_are_exact() -> None:
    for degrees in (0.0, 1e-3, 90.0, 180 - 1e-3, 180.0):
        turned = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees)), 0])
        pair = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).double(), torch.from_numpy(turned).view(1, 3, 1, 1)
        assert directions.angles(*pair).item() == pytest.approx(degrees, abs=1e-9)


def test_no_direction_is_wrong_by_90_degrees() -> None:
    truth = torch.tensor([0.0, 1, 0]).view(1, 3, 1, 1)
    assert directions.angles(torch.zeros(1, 3, 1, 1), truth).item() == pytest.approx(90)


def test_an_image_of_which_nothing_is_known_has_no_figures() -> None:
    angles = directions.angles(torch.rand(1, 3, 2, 2), torch.full((1, 3, 2, 2), torch.nan))
    for figure in (directions.mean, directions.median, lambda each: directions.share_within(each, 30)):
        assert figure(angles).isnan().all()
