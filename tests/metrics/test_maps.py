"""Errors of maps against torch and torchmetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchmetrics.functional.image import peak_signal_noise_ratio

from auxseg.metrics import maps


def test_errors_of_whole_maps_agree_with_torch() -> None:
    prediction, truth = torch.rand(4, 3, 5, 6), torch.rand(4, 3, 5, 6)
    squared = [functional.mse_loss(one, other).item() for one, other in zip(prediction, truth, strict=True)]
    absolute = [functional.l1_loss(one, other).item() for one, other in zip(prediction, truth, strict=True)]
    assert maps.mean_squared_error(prediction, truth).tolist() == pytest.approx(squared)
    assert maps.mean_absolute_error(prediction, truth).tolist() == pytest.approx(absolute)


def test_unknown_entries_have_no_influence() -> None:
    truth = torch.zeros(3, 1, 2, 2)
    truth[1, :, 0], truth[2] = torch.nan, torch.nan
    prediction = torch.tensor([[9.0, 9.0], [1.0, 3.0]]).expand(3, 1, 2, 2)
    assert maps.mean_squared_error(prediction, truth)[:2].tolist() == [43, 5]
    assert maps.mean_absolute_error(prediction, truth)[:2].tolist() == [5.5, 2]
    assert maps.mean_squared_error(prediction, truth)[2].isnan()


def test_psnr_agrees_with_torchmetrics() -> None:
    prediction, truth = torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8)
    expected = peak_signal_noise_ratio(prediction, truth, data_range=(0.0, 1.0)).item()
    assert maps.psnr(maps.mean_squared_error(prediction, truth), peak=1.0).item() == pytest.approx(expected)


def test_psnr_without_error_is_finite_and_of_nothing_is_nan() -> None:
    perfect, nothing = maps.psnr(torch.tensor([0.0, torch.nan]), peak=1.0).tolist()
    assert perfect == maps.BEST_PSNR
    assert math.isnan(nothing)


def test_relative_errors_and_shares_agree_with_numpy() -> None:
    prediction, truth = torch.rand(3, 1, 5, 6) + 0.5, torch.rand(3, 1, 5, 6) + 0.5
    truth[:, :, 0] = torch.nan
    for index in range(3):
        found, true = prediction[index, 0, 1:].double().numpy(), truth[index, 0, 1:].double().numpy()
        relative = (abs(found - true) / true).mean()
        within = (np.maximum(found / true, true / found) < 1.25).mean()
        assert maps.mean_relative_error(prediction, truth)[index].item() == pytest.approx(relative)
        assert maps.share_within_factor(prediction, truth, 1.25)[index].item() == pytest.approx(within)
    assert maps.share_within_factor(prediction[:1], torch.full((1, 1, 5, 6), torch.nan), 1.25).isnan().all()
