"""Soft Dice: the figure of hard masks where the network is sure, numbers by hand, and images it does not score."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.segmentation import dice_score

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import has_scored_class, soft_dice


def _sure(mask: Tensor, num_classes: int) -> Tensor:
    """Logarithms of probabilities that are zeros and ones."""
    return functional.one_hot(mask.long(), num_classes).movedim(-1, 1).double().log()


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_of_sure_answers_it_is_one_minus_the_dice_of_torchmetrics(num_classes: int) -> None:
    truth, found = torch.randint(num_classes, (2, 6, 8, 8), dtype=torch.uint8)
    by_class = dice_score(
        found.long(),
        truth.long(),
        num_classes=num_classes,
        include_background=num_classes > 2,
        average="none",
        input_format="index",
    )
    torch.testing.assert_close(soft_dice(_sure(found, num_classes), truth), 1 - by_class.double().mean(1))


def test_probabilities_enter_as_they_are() -> None:
    foreground = torch.tensor([[[0.9, 0.4, 0.3, 0.7]]])
    log_probabilities = torch.stack([1 - foreground, foreground], 1).log()
    mask = torch.tensor([[[1, 1, 0, IGNORE]]], dtype=torch.uint8)
    expected = 1 - 2 * (0.9 + 0.4) / (0.9 + 0.4 + 0.3 + 2)
    assert soft_dice(log_probabilities, mask).item() == pytest.approx(expected)


def test_classes_that_do_not_occur_are_not_averaged() -> None:
    """A false alarm of a class that is not there costs only what it takes from the others."""
    probabilities = torch.tensor([0.5, 0.25, 0.25]).view(1, 3, 1, 1).expand(1, 3, 1, 4)
    mask = torch.tensor([[[0, 0, 1, 1]]], dtype=torch.uint8)
    first, second = 1 - 2 * 1.0 / (2.0 + 2), 1 - 2 * 0.5 / (1.0 + 2)
    assert soft_dice(probabilities.log(), mask).item() == pytest.approx((first + second) / 2)


def test_the_background_counts_only_beside_several_classes() -> None:
    mask = torch.zeros(1, 2, 2, dtype=torch.uint8)
    wrong = torch.ones_like(mask)
    assert soft_dice(_sure(wrong, 2), mask).item() == 0
    assert soft_dice(_sure(wrong, 3), mask).item() == 1
    assert has_scored_class(mask, 2).tolist() == [False]
    assert has_scored_class(mask, 3).tolist() == [True]


@pytest.mark.parametrize("num_classes", [2, 3])
def test_an_image_without_labels_is_not_scored_and_has_no_gradient(num_classes: int) -> None:
    mask = torch.full((1, 3, 3), IGNORE, dtype=torch.uint8)
    logits = torch.randn(1, num_classes, 3, 3, requires_grad=True)
    loss = soft_dice(logits.log_softmax(1), mask)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    assert loss.item() == 0
    assert not gradient.any()
    assert has_scored_class(mask, num_classes).tolist() == [False]


def test_images_are_scored_one_by_one() -> None:
    mask = torch.tensor([[[1, 0]], [[0, 0]], [[IGNORE, 1]]], dtype=torch.uint8)
    assert has_scored_class(mask, 2).tolist() == [True, False, True]
    losses = soft_dice(torch.full((3, 2, 1, 2), 0.5).log(), mask)
    assert losses.tolist() == pytest.approx([1 - 2 * 0.5 / (1 + 1), 0, 1 - 2 * 0.5 / (0.5 + 1)])


def test_one_true_pixel_that_is_missed_has_a_finite_gradient() -> None:
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[0, 0, 0] = 1
    logits = torch.zeros(1, 2, 4, 4)
    logits[:, 1] = -60
    leaf = logits.requires_grad_()
    loss = soft_dice(leaf.log_softmax(1), mask)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert math.isclose(loss.item(), 1)
    assert gradient.isfinite().all()
