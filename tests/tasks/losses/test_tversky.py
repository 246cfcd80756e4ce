"""Tversky loss: segmentation_models.pytorch's, hard masks, and Dice as its middle."""

from __future__ import annotations

import math

import pytest
import torch
from segmentation_models_pytorch.losses import TverskyLoss
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import soft_dice, tversky


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.7), (1.0, 0.2)])
def test_where_all_classes_occur_it_is_that_of_segmentation_models(alpha: float, beta: float) -> None:
    logits, mask = torch.randn(3, 4, 12, 12), torch.randint(4, (3, 12, 12), dtype=torch.uint8)
    mask[:, :2] = IGNORE
    reference = TverskyLoss("multiclass", ignore_index=IGNORE, alpha=alpha, beta=beta, smooth=0.0, gamma=1.0)
    expected = torch.stack([reference(logits[[i]], mask[[i]].long()) for i in range(3)])
    torch.testing.assert_close(tversky(logits.log_softmax(1), mask, alpha, beta), expected)


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_halves_are_the_dice_loss(num_classes: int, weighted: bool) -> None:
    log_probabilities = torch.randn(3, num_classes, 5, 5, dtype=torch.float64).log_softmax(1)
    mask = torch.randint(num_classes, (3, 5, 5), dtype=torch.uint8)
    mask[torch.rand(mask.shape) < 0.3] = IGNORE
    weights = torch.rand(num_classes, dtype=torch.float64) + 0.1 if weighted else None
    expected = soft_dice(log_probabilities, mask, weights)
    torch.testing.assert_close(tversky(log_probabilities, mask, 0.5, 0.5, weights), expected)


def test_what_is_missed_costs_beta_and_false_alarms_alpha() -> None:
    mask = torch.tensor([[[1, 1, 1, 0, 0]]], dtype=torch.uint8)
    found = torch.tensor([[[1, 0, 0, 1, 0]]])
    sure = functional.one_hot(found, 2).movedim(-1, 1).double().log()
    assert tversky(sure, mask, 0.3, 0.9).item() == pytest.approx(1 - 1 / (1 + 0.3 * 1 + 0.9 * 2))


def test_the_gradient_and_images_without_labels() -> None:
    logits = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[[0, 1], [1, IGNORE]], [[IGNORE, IGNORE], [IGNORE, IGNORE]]], dtype=torch.uint8)
    assert torch.autograd.gradcheck(lambda x: tversky(x.log_softmax(1), mask, 0.3, 0.7), logits)
    assert tversky(logits.log_softmax(1), mask, 0.3, 0.7)[1].item() == 0


def test_one_true_pixel_that_is_missed_has_a_finite_gradient() -> None:
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[0, 0, 0] = 1
    logits = torch.zeros(1, 3, 4, 4)
    logits[:, 0] = 1e4
    leaf = logits.requires_grad_()
    loss = tversky(leaf.log_softmax(1), mask, 0.3, 0.7)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert math.isfinite(loss.item())
    assert gradient.isfinite().all()
