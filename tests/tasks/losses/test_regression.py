"""Distances of maps of numbers, against torch, with entries that nobody knows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from auxseg.tasks.losses import num_known, regression_losses

NAMES = ("l1", "mse", "smooth_l1")


def _maps() -> tuple[Tensor, Tensor, Tensor]:
    """A prediction, a truth with unknown entries, and which are known."""
    prediction, truth = torch.randn(2, 3, 2, 5, 4, dtype=torch.float64)
    known = torch.rand(truth.shape) < 0.7
    return prediction, truth.masked_fill(~known, torch.nan), known


@pytest.mark.parametrize("beta", [0.2, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_every_image_has_the_sum_of_torchs_losses_over_known_entries(name: str, beta: float) -> None:
    prediction, truth, known = _maps()
    reference = {
        "l1": functional.l1_loss,
        "mse": functional.mse_loss,
        "smooth_l1": lambda *pair, reduction: functional.smooth_l1_loss(*pair, reduction=reduction, beta=beta),
    }[name]
    expected = [
        reference(image[entries], target[entries], reduction="sum")
        for image, target, entries in zip(prediction, truth, known, strict=True)
    ]
    torch.testing.assert_close(regression_losses(beta)[name](prediction, truth), torch.stack(expected))


@pytest.mark.parametrize("name", NAMES)
def test_unknown_entries_have_no_gradient(name: str) -> None:
    prediction, truth, known = _maps()
    leaf = prediction.requires_grad_()
    (gradient,) = torch.autograd.grad(regression_losses(1.0)[name](leaf, truth).sum(), leaf)
    assert (gradient[~known] == 0).all()
    assert (gradient[known] != 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_of_which_nothing_is_known_costs_nothing(name: str) -> None:
    prediction, truth, _ = _maps()
    truth[1] = torch.nan
    losses = regression_losses(1.0)[name](prediction, truth)
    assert losses[1] == 0
    assert (losses[[0, 2]] > 0).all()
    assert num_known(truth)[1] == 0


def test_known_entries_are_counted_over_channels_and_pixels() -> None:
    truth = torch.zeros(2, 3, 2, 2)
    truth[0, 1, 0, 0] = truth[0, 2, 1, 1] = truth[1, 0] = torch.nan
    assert num_known(truth).tolist() == [10, 8]


def test_the_smooth_error_by_hand() -> None:
    """Half a square below beta, a straight line above, and the same value and slope where they meet."""
    errors = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64).view(3, 1, 1, 1).requires_grad_()
    losses = regression_losses(0.5)["smooth_l1"](errors, torch.zeros(3, 1, 1, 1, dtype=torch.float64))
    (slopes,) = torch.autograd.grad(losses.sum(), errors)
    assert losses.tolist() == pytest.approx([0.1**2 / (2 * 0.5), 0.5 - 0.25, 2.0 - 0.25])
    assert slopes.flatten().tolist() == pytest.approx([0.2, 1, 1])
