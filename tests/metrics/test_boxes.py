"""Boxes against torchvision, and where torchvision has no answer."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import ops

from auxseg.metrics import boxes

finite = st.floats(-100, 100, allow_nan=False, width=32)
any_boxes = st.lists(st.tuples(finite, finite, finite, finite), min_size=1, max_size=8)


def _random_boxes(number: int) -> torch.Tensor:
    corners = torch.rand(number, 2, 2, dtype=torch.float64) * 50
    return torch.cat([corners.amin(1), corners.amax(1)], dim=1)


def test_agrees_with_torchvision() -> None:
    first, second = _random_boxes(200), _random_boxes(200)
    torch.testing.assert_close(boxes.iou(first, second), ops.box_iou(first, second).diagonal())
    torch.testing.assert_close(boxes.giou(first, second), ops.generalized_box_iou(first, second).diagonal())
    torch.testing.assert_close(
        boxes.diou(first, second), ops.distance_box_iou(first, second).diagonal(), atol=1e-6, rtol=0
    )


def test_fault_03_disjoint_boxes_score_zero() -> None:
    first, second = torch.tensor([[0.0, 0.0, 0.2, 0.2]]), torch.tensor([[0.5, 0.5, 0.9, 0.9]])
    assert boxes.iou(first, second).item() == 0
    assert boxes.giou(first, second).item() < 0
    assert boxes.diou(first, second).item() < 0


def test_touching_half_open_boxes_do_not_overlap() -> None:
    assert boxes.iou(torch.tensor([0.0, 0.0, 4.0, 4.0]), torch.tensor([4.0, 0.0, 8.0, 4.0])).item() == 0


@pytest.mark.parametrize("box", [[0.0, 0.0, 3.0, 2.0], [0.1, 0.2, 0.4, 0.9]])
def test_the_same_box_scores_one(box: list[float]) -> None:
    same = torch.tensor(box)
    assert boxes.iou(same, same).item() == 1
    assert boxes.giou(same, same).item() == 1
    assert boxes.diou(same, same).item() == 1


@given(any_boxes, st.data())
def test_fault_12_any_finite_boxes_give_scores_and_gradients_in_range(
    first: list[tuple[float, ...]], data: st.DataObject
) -> None:
    """Inverted and flat boxes included."""
    second = data.draw(st.lists(st.tuples(finite, finite, finite, finite), min_size=len(first), max_size=len(first)))
    one = torch.tensor(first, dtype=torch.float64, requires_grad=True)
    two = torch.tensor(second, dtype=torch.float64)
    iou, giou, diou = boxes.iou(one, two), boxes.giou(one, two), boxes.diou(one, two)
    assert ((iou >= 0) & (iou <= 1)).all()
    assert ((giou >= -1 - 1e-9) & (giou <= iou + 1e-9)).all()
    assert ((diou >= -1 - 1e-9) & (diou <= iou + 1e-9)).all()
    torch.testing.assert_close(iou, boxes.iou(two, one))
    (iou + giou + diou).sum().backward()
    assert one.grad is not None
    assert one.grad.isfinite().all()


def test_inverted_boxes_hold_nothing() -> None:
    inverted, whole = torch.tensor([5.0, 5.0, 1.0, 1.0]), torch.tensor([0.0, 0.0, 8.0, 8.0])
    assert boxes.area(inverted).item() == 0
    assert boxes.iou(inverted, whole).item() == 0


def test_squared_error_is_the_mean_of_four_coordinates() -> None:
    error = boxes.squared_error(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), torch.tensor([[2.0, 0.0, 4.0, 0.0]]))
    assert error.tolist() == [5.0]
