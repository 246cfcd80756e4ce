"""Cross-entropy of masks: torch's, summed image by image."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import cross_entropy


@pytest.mark.parametrize("num_classes", [1, 2, 7])
def test_every_image_has_the_sum_of_torchs_losses(num_classes: int) -> None:
    logits = torch.randn(4, num_classes, 6, 5, dtype=torch.float64)
    mask = torch.randint(num_classes, (4, 6, 5), dtype=torch.uint8)
    mask[torch.rand(mask.shape) < 0.3] = IGNORE
    expected = functional.cross_entropy(logits, mask.long(), ignore_index=IGNORE, reduction="none").sum((1, 2))
    torch.testing.assert_close(cross_entropy(logits.log_softmax(1), mask), expected)


def test_the_probability_of_the_true_class_is_what_counts() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.2]).view(1, 3, 1, 1).expand(1, 3, 1, 2)
    mask = torch.tensor([[[2, 0]]], dtype=torch.uint8)
    assert cross_entropy(probabilities.log(), mask).item() == pytest.approx(-math.log(0.2) - math.log(0.5))


def test_ignored_pixels_add_nothing_whatever_stands_there() -> None:
    log_probabilities = torch.zeros(2, 3, 1, 2)
    log_probabilities[..., 1] = -torch.inf
    mask = torch.tensor([[[1, IGNORE]], [[IGNORE, IGNORE]]], dtype=torch.uint8)
    leaf = log_probabilities.requires_grad_()
    loss = cross_entropy(leaf, mask)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert loss.tolist() == [0, 0]
    assert gradient.nonzero().tolist() == [[0, 1, 0, 0]]
