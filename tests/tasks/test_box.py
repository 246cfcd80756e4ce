"""What is particular to boxes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional
from torchvision.ops import distance_box_iou_loss, generalized_box_iou_loss

from auxseg.errors import InputError
from auxseg.tasks import BoxConfig, BoxTask
from auxseg.tasks.losses.box import to_centre, to_corners
from tests.tasks.examples import SIZE, VOCABULARY, make_batch, make_output


def _task(losses: dict[str, float], beta: float = 0.1) -> BoxTask:
    return BoxConfig(losses=losses, beta=beta).build("head", VOCABULARY)


def _output_of(boxes: torch.Tensor) -> torch.Tensor:
    return to_centre(boxes).logit()


@pytest.fixture
def boxes() -> torch.Tensor:
    return make_batch(8).box.double()


def test_coordinate_losses_agree_with_torch(boxes: torch.Tensor) -> None:
    task = _task({"smooth_l1": 1.0, "l1": 1.0, "mse": 1.0}, beta=0.3)
    output = make_output(task, 8)
    losses, target = task.loss(output, boxes), to_centre(boxes)
    expected = {
        "smooth_l1": functional.smooth_l1_loss(output.sigmoid(), target, beta=0.3),
        "l1": functional.l1_loss(output.sigmoid(), target),
        "mse": functional.mse_loss(output.sigmoid(), target),
    }
    for name, loss in losses.items():
        torch.testing.assert_close(loss.mean(), expected[name])


@pytest.mark.parametrize(("name", "reference"), [("giou", generalized_box_iou_loss), ("diou", distance_box_iou_loss)])
def test_losses_of_overlap_agree_with_torchvision(
    name: str, reference: Callable[..., torch.Tensor], boxes: torch.Tensor
) -> None:
    task = _task({name: 1.0})
    output = make_output(task, 8).requires_grad_()
    loss = task.loss(output, boxes)[name]
    expected = reference(to_corners(output.sigmoid()), boxes)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), output)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-5)


def test_every_output_is_a_box_inside_the_image() -> None:
    output = torch.randn(100, 4) * 100
    low, high = _task({"l1": 1.0}).predict(output).split(2, dim=1)
    assert (low <= high).all()
    assert (low >= 0).all()
    assert (high <= 1).all()


def test_fault_04_small_boxes_in_the_corner_can_be_reached(boxes: torch.Tensor) -> None:
    task = _task({"smooth_l1": 1.0, "giou": 1.0})
    small = boxes * 0.05
    torch.testing.assert_close(task.predict(_output_of(small)), small)
    for loss in task.loss(_output_of(small), small).values():
        assert loss.abs().max() < 1e-6


def test_figures_in_pixels_of_the_stored_image() -> None:
    task = _task({"l1": 1.0})
    target = torch.tensor([[0.25, 0.25, 0.75, 0.75], [0.25, 0.25, 0.75, 0.75], [torch.nan] * 4])
    prediction = torch.tensor([[0.25, 0.25, 0.75, 0.75], [0.25, 0.25, 0.5, 0.75], [0.1, 0.1, 0.2, 0.2]])
    table = task.measure(_output_of(prediction), target)
    error = (0.25 * SIZE) ** 2 / 4
    assert task.rows(table)["iou"] == pytest.approx([1, 0.5, None], abs=1e-5)
    assert task.rows(table)["mse_pixels"] == pytest.approx([0, error, None], abs=1e-5)
    assert task.figures(table) == pytest.approx({"iou": 0.75, "mse_pixels": error / 2, "num_images": 2}, abs=1e-5)


def test_unknown_losses_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(InputError, match=r"tasks\.head\.losses.*'iou'.*smooth_l1, l1, mse, giou, diou"):
        _task({"iou": 1.0})
