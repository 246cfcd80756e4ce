"""Focal loss: torchvision's for two classes, numbers by hand, and its limits."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import cross_entropy, focal


def _mask(num_classes: int) -> torch.Tensor:
    mask = torch.randint(num_classes, (3, 6, 5), dtype=torch.uint8)
    return mask.masked_fill(torch.rand(mask.shape) < 0.2, IGNORE)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_of_two_classes_it_is_torchvisions(gamma: float) -> None:
    log_odds, mask = torch.randn(3, 6, 5, dtype=torch.float64), _mask(2)
    logits = torch.stack([torch.zeros_like(log_odds), log_odds], 1)
    by_pixel = sigmoid_focal_loss(log_odds, (mask == 1).double(), alpha=-1, gamma=gamma)
    torch.testing.assert_close(focal(logits.log_softmax(1), mask, gamma), (by_pixel * (mask != IGNORE)).sum((1, 2)))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_every_pixel_by_hand(gamma: float) -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.2]).view(1, 3, 1, 1).expand(1, 3, 1, 3)
    mask = torch.tensor([[[2, 0, IGNORE]]], dtype=torch.uint8)
    weights = torch.tensor([1.0, 1.0, 4.0])
    true = torch.tensor([0.2, 0.5])
    expected = (torch.tensor([4.0, 1.0]) * (1 - true) ** gamma * -true.log()).sum()
    torch.testing.assert_close(focal(probabilities.log(), mask, gamma, weights), expected[None])


@pytest.mark.parametrize("weighted", [False, True])
def test_gamma_zero_is_the_cross_entropy(weighted: bool) -> None:
    log_probabilities, mask = torch.randn(3, 4, 6, 5).log_softmax(1), _mask(4)
    weights = torch.rand(4) if weighted else None
    assert torch.equal(focal(log_probabilities, mask, 0.0, weights), cross_entropy(log_probabilities, mask, weights))


def test_the_gradient() -> None:
    logits, mask = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True), _mask(3)[:2, :2, :2]
    assert torch.autograd.gradcheck(lambda x: focal(x.log_softmax(1), mask, 2.0), logits)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("logit", [1e4, -1e4, 3e38])
def test_extreme_logits_are_finite(logit: float, gamma: float) -> None:
    mask = torch.zeros(1, 2, 2, dtype=torch.uint8)
    logits = torch.zeros(1, 3, 2, 2)
    logits[:, 0] = logit
    leaf = logits.requires_grad_()
    loss = focal(leaf.log_softmax(1), mask, gamma)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert loss.isfinite().all()
    assert gradient.isfinite().all()


def test_found_pixels_count_less_than_in_the_cross_entropy() -> None:
    logits = functional.one_hot(torch.tensor([[[0, 0]]]), 2).movedim(-1, 1).float() * 3
    mask = torch.zeros(1, 1, 2, dtype=torch.uint8)
    log_probabilities = logits.log_softmax(1)
    assert focal(log_probabilities, mask, 2.0).item() < 0.01 * cross_entropy(log_probabilities, mask).item()
