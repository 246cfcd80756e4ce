"""Cross-entropy of the hardest pixels: torch's losses, sorted; and the cross-entropy as its limit."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import cross_entropy, hard_cross_entropy, num_hard


def _mask(num_classes: int) -> torch.Tensor:
    mask = torch.randint(num_classes, (4, 6, 5), dtype=torch.uint8)
    mask = mask.masked_fill(torch.rand(mask.shape) < 0.3, IGNORE)
    mask[3] = IGNORE
    return mask


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.99])
def test_the_largest_of_torchs_losses(share: float) -> None:
    logits, mask = torch.randn(4, 3, 6, 5, dtype=torch.float64), _mask(3)
    for image, found in enumerate(hard_cross_entropy(logits.log_softmax(1), mask, share).tolist()):
        known = mask[image] != IGNORE
        losses = functional.cross_entropy(logits[image][:, known].T, mask[image][known].long(), reduction="none")
        taken = losses.sort(descending=True).values[: math.ceil(share * int(known.sum()))]
        assert found == pytest.approx(taken.sum().item())


def test_all_pixels_are_the_cross_entropy() -> None:
    log_probabilities, mask = torch.randn(4, 3, 6, 5).log_softmax(1), _mask(3)
    expected = cross_entropy(log_probabilities, mask)
    torch.testing.assert_close(hard_cross_entropy(log_probabilities, mask, 1.0), expected)
    assert num_hard(mask, 1.0).tolist() == (mask != IGNORE).sum((1, 2)).tolist()


def test_a_share_is_rounded_up_and_of_nothing_it_is_nothing() -> None:
    mask = torch.full((3, 1, 10), IGNORE, dtype=torch.uint8)
    mask[0], mask[1, 0, 0] = 0, 0
    assert num_hard(mask, 0.25).tolist() == [3, 1, 0]


def test_equally_hard_pixels_are_not_all_taken() -> None:
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    loss = hard_cross_entropy(torch.zeros(1, 2, 4, 4).log_softmax(1), mask, 0.25)
    assert loss.item() == pytest.approx(4 * math.log(2))


def test_the_gradient_is_that_of_the_hardest_alone() -> None:
    mask = _mask(3)[:2, :2, :2]
    logits = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: hard_cross_entropy(x.log_softmax(1), mask, 0.5), logits)
    (gradient,) = torch.autograd.grad(hard_cross_entropy(logits.log_softmax(1), mask, 0.5).sum(), logits)
    assert gradient.any(1).sum((1, 2)).tolist() == num_hard(mask, 0.5).tolist()
