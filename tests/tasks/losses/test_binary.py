"""Masks of two classes from one logit, against torch, scikit-learn and sums by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_sample_weight
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import binary_cross_entropy, binary_l1, cross_entropy, two_class


def _mask(num_images: int = 4, size: int = 9) -> Tensor:
    """Few pixels of the foreground, more of the background, some ignored."""
    mask = (torch.rand(num_images, size, size) < 0.2).byte()
    return mask.masked_fill(torch.rand(mask.shape) < 0.25, IGNORE)


def _logits(mask: Tensor) -> Tensor:
    return torch.randn(mask.shape, dtype=torch.float64) * 3


def test_every_image_has_the_sum_of_torchs_losses_over_its_labelled_pixels() -> None:
    mask = _mask()
    logits = _logits(mask)
    expected = [
        functional.binary_cross_entropy_with_logits(
            image[truth != IGNORE], truth[truth != IGNORE].double(), reduction="sum"
        )
        for image, truth in zip(logits, mask, strict=True)
    ]
    torch.testing.assert_close(binary_cross_entropy(logits, mask), torch.stack(expected))


def test_balanced_pixels_weigh_what_scikit_learn_gives_them() -> None:
    mask = _mask()
    logits = _logits(mask)
    expected = []
    for image, truth in zip(logits, mask, strict=True):
        known = truth[truth != IGNORE]
        weights = torch.from_numpy(np.asarray(compute_sample_weight("balanced", known.numpy())))
        expected.append(
            functional.binary_cross_entropy_with_logits(
                image[truth != IGNORE], known.double(), weight=weights, reduction="sum"
            )
        )
    torch.testing.assert_close(binary_cross_entropy(logits, mask, balanced=True), torch.stack(expected))


@pytest.mark.parametrize("only", [0, 1])
def test_an_image_of_one_class_is_not_balanced(only: int) -> None:
    mask = torch.full((1, 4, 4), only, dtype=torch.uint8)
    mask[0, 0, 0] = IGNORE
    logits = _logits(mask)
    plain, balanced = (binary_cross_entropy(logits, mask, balanced=balanced) for balanced in (False, True))
    assert plain.item() > 0
    assert torch.equal(plain, balanced)


def test_an_image_is_balanced_by_its_own_pixels() -> None:
    mask = _mask(3)
    logits = _logits(mask)
    together = binary_cross_entropy(logits, mask, balanced=True)
    alone = [binary_cross_entropy(logits[[index]], mask[[index]], balanced=True) for index in range(3)]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("balanced", [False, True])
def test_an_image_without_labelled_pixels_has_no_loss_and_no_gradient(balanced: bool) -> None:
    mask = torch.full((1, 3, 3), IGNORE, dtype=torch.uint8)
    logits = _logits(mask).requires_grad_()
    loss = binary_cross_entropy(logits, mask, balanced=balanced) + binary_l1(logits, mask)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    assert loss.item() == 0
    assert not gradient.any()


def test_the_absolute_error_is_summed_over_labelled_pixels() -> None:
    mask = torch.tensor([[[1, 0], [IGNORE, 1]]], dtype=torch.uint8)
    logits = torch.tensor([[[0.25, 0.25], [0.9, 0.75]]]).logit()
    assert binary_l1(logits, mask).item() == pytest.approx(0.75 + 0.25 + 0.25)


def test_two_logarithms_are_those_of_a_softmax_over_nothing_and_the_logit() -> None:
    logits = _logits(_mask())
    expected = torch.stack([torch.zeros_like(logits), logits], 1).log_softmax(1)
    torch.testing.assert_close(two_class(logits), expected)


def test_logarithms_of_sure_answers_stay_finite() -> None:
    logits = torch.tensor([[[-1000.0, 1000.0]]])
    assert two_class(logits).tolist() == [[[[0, -1000]], [[-1000, 0]]]]


def test_one_logit_and_two_classes_have_the_same_cross_entropy() -> None:
    mask = _mask()
    logits = _logits(mask)
    torch.testing.assert_close(binary_cross_entropy(logits, mask), cross_entropy(two_class(logits), mask))


def test_a_guess_costs_the_logarithm_of_two_for_each_pixel() -> None:
    mask = torch.tensor([[[1, 0, 1, IGNORE]]], dtype=torch.uint8)
    assert binary_cross_entropy(torch.zeros(1, 1, 4), mask).item() == pytest.approx(3 * math.log(2))
