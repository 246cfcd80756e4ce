"""Distances of boxes, against torch, torchvision and numbers by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import box_convert, distance_box_iou_loss, generalized_box_iou_loss

from auxseg.tasks.losses import box_losses
from auxseg.tasks.losses.box import to_centre, to_corners


def _boxes(num: int = 16) -> Tensor:
    low, extent = torch.rand(2, num, 2, dtype=torch.float64) * 0.5
    return torch.cat([low, low + extent], dim=1)


def test_centres_are_those_of_torchvision() -> None:
    boxes = _boxes()
    torch.testing.assert_close(to_centre(boxes), box_convert(boxes, "xyxy", "cxcywh"))
    torch.testing.assert_close(to_corners(to_centre(boxes)), boxes)


@pytest.mark.parametrize("beta", [0.01, 0.1, 1.0])
def test_coordinate_losses_of_every_box_are_means_over_centre_and_size(beta: float) -> None:
    prediction, truth = _boxes(), _boxes()
    ours = box_losses(beta)
    pair = box_convert(prediction, "xyxy", "cxcywh"), box_convert(truth, "xyxy", "cxcywh")
    expected = {
        "l1": functional.l1_loss(*pair, reduction="none"),
        "mse": functional.mse_loss(*pair, reduction="none"),
        "smooth_l1": functional.smooth_l1_loss(*pair, reduction="none", beta=beta),
    }
    for name, values in expected.items():
        torch.testing.assert_close(ours[name](prediction, truth), values.mean(1))


@pytest.mark.parametrize(("name", "reference"), [("giou", generalized_box_iou_loss), ("diou", distance_box_iou_loss)])
def test_losses_of_overlap_are_those_of_torchvision(name: str, reference: Callable[..., Tensor]) -> None:
    prediction, truth = _boxes(), _boxes()
    torch.testing.assert_close(box_losses(0.1)[name](prediction, truth), reference(prediction, truth, eps=0))


def test_errors_by_hand() -> None:
    truth = torch.tensor([[0.0, 0.0, 0.5, 0.5]])
    moved = torch.tensor([[0.5, 0.0, 1.0, 0.5]])  # beside it: the centre is half a picture to the right
    losses = {name: loss(moved, truth).item() for name, loss in box_losses(0.2).items()}
    assert losses == pytest.approx(
        {
            "l1": 0.5 / 4,
            "mse": 0.25 / 4,
            "smooth_l1": (0.5 - 0.1) / 4,
            "giou": 1.0,  # no overlap, and nothing between them
            "diou": 1 + 0.25 / 1.25,
        }
    )


@pytest.mark.parametrize("name", box_losses(0.1))
def test_the_box_itself_costs_nothing_and_another_box_something(name: str) -> None:
    boxes = _boxes()
    loss = box_losses(0.1)[name]
    assert loss(boxes, boxes).abs().max().item() == pytest.approx(0, abs=1e-12)
    assert (loss(boxes.roll(1, 0), boxes) > 0).all()


@pytest.mark.parametrize("name", box_losses(0.1))
def test_a_box_without_inside_has_a_finite_loss_and_gradient(name: str) -> None:
    prediction = torch.full((1, 4), 0.5, requires_grad=True)
    truth = torch.tensor([[0.5, 0.5, 0.5, 0.5]])
    loss = box_losses(0.1)[name](prediction, truth)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    assert loss.isfinite().all()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", ["giou", "diou"])
def test_boxes_far_apart_cost_almost_two(name: str) -> None:
    corner = torch.tensor([[0.0, 0.0, 0.001, 0.001]])
    loss = box_losses(0.1)[name](corner, 1 - corner[:, [2, 3, 0, 1]]).item()
    assert loss == pytest.approx(2, abs=0.01)
    assert loss < 2
