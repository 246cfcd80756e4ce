"""Distances of maps of numbers, against torch, with entries that nobody knows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from auxseg.tasks.losses import num_known, regression_losses, scale_invariant_log

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


@pytest.mark.parametrize("focus", [0.0, 0.5, 1.0])
def test_the_scale_invariant_loss_is_the_papers_formula(focus: float) -> None:
    """Equation 4 of Eigen, Puhrsch, Fergus 2014, in NumPy; and its pairwise form at a focus of 1."""
    prediction, truth, known = _maps()
    prediction, truth = prediction.exp(), truth.exp()
    found = scale_invariant_log(prediction, truth, focus)
    for index, entries in enumerate(known):
        logs = (prediction[index][entries].log() - truth[index][entries].log()).numpy()
        expected = (logs**2).mean() - focus * logs.sum() ** 2 / len(logs) ** 2
        assert found[index].item() == pytest.approx(expected)
        if focus == 1:
            pairs = ((logs[:, None] - logs[None]) ** 2).sum() / (2 * len(logs) ** 2)
            assert found[index].item() == pytest.approx(pairs)
            assert scale_invariant_log(7 * prediction, truth, 1.0)[index].item() == pytest.approx(pairs)


def test_the_scale_invariant_loss_of_nothing_known_is_0_without_gradient() -> None:
    prediction = torch.rand(2, 1, 3, 3, requires_grad=True)
    truth = torch.full((2, 1, 3, 3), torch.nan)
    truth[1, 0, 0] = 2.0
    loss = scale_invariant_log(prediction, truth, 0.5)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    assert loss[0] == 0
    assert (gradient[0] == 0).all()
    assert ((gradient[1, 0] != 0) == ~truth[1, 0].isnan()).all()
