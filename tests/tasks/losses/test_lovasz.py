"""Lovász-softmax: segmentation_models.pytorch's, the set function itself, hard masks, and cases by hand."""

from __future__ import annotations

import math

import pytest
import torch
from segmentation_models_pytorch.losses import LovaszLoss
from torch import Tensor
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.metrics import segmentation as metrics
from auxseg.tasks.losses import lovasz_softmax


def _extension(errors: list[float], true: list[bool]) -> float:
    """The Lovász extension of 1 - IoU, with the set function written out for every set of wrong pixels."""

    def lost(wrong: set[int]) -> float:
        truth = {place for place, is_true in enumerate(true) if is_true}
        found = truth ^ wrong
        return 1 - len(truth & found) / len(truth | found)

    order = sorted(range(len(errors)), key=lambda place: -errors[place])
    sets = [set(order[:number]) for number in range(len(order) + 1)]
    return sum(errors[place] * (lost(sets[k + 1]) - lost(sets[k])) for k, place in enumerate(order))


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_the_set_function_itself(num_classes: int) -> None:
    log_probabilities = torch.randn(3, num_classes, 3, 4, dtype=torch.float64).log_softmax(1)
    mask = torch.randint(num_classes, (3, 3, 4), dtype=torch.uint8)
    mask[torch.rand(mask.shape) < 0.3] = IGNORE
    mask[:, 0, 0] = 1
    for image, loss in enumerate(lovasz_softmax(log_probabilities, mask).tolist()):
        known = mask[image] != IGNORE
        terms = []
        for index in range(1 if num_classes == 2 else 0, num_classes):
            true = (mask[image] == index)[known]
            probability = log_probabilities[image, index].exp()[known]
            if true.any():
                terms.append(_extension((true.double() - probability).abs().tolist(), true.tolist()))
        assert loss == pytest.approx(sum(terms) / len(terms))


def test_of_many_classes_it_is_that_of_segmentation_models() -> None:
    logits, mask = torch.randn(3, 4, 12, 12), torch.randint(4, (3, 12, 12), dtype=torch.uint8)
    mask[0, :3] = IGNORE
    mask[1][mask[1] == 3] = 0
    expected = torch.stack(
        [LovaszLoss("multiclass", ignore_index=IGNORE)(logits[[i]], mask[[i]].long()) for i in range(3)]
    )
    torch.testing.assert_close(lovasz_softmax(logits.log_softmax(1), mask), expected)


@pytest.mark.parametrize("num_classes", [2, 4])
def test_of_hard_masks_it_is_one_minus_the_iou(num_classes: int) -> None:
    truth, found = torch.randint(num_classes, (2, 5, 8, 8), dtype=torch.uint8)
    sure = functional.one_hot(found.long(), num_classes).movedim(-1, 1).double().log()
    iou = metrics.iou(metrics.confusion(found, truth, num_classes))
    torch.testing.assert_close(lovasz_softmax(sure, truth), 1 - iou)


def test_one_pixel_by_hand() -> None:
    """A false alarm beside one true pixel matters only where its error is the larger one."""
    mask = torch.tensor([[[1, 0]]], dtype=torch.uint8)
    assert _two_classes([0.25, 0.0], mask) == pytest.approx(0.75)
    assert _two_classes([0.25, 0.5], mask) == pytest.approx(0.75 * 1 + 0.5 * 0)
    assert _two_classes([0.75, 0.5], mask) == pytest.approx(0.5 * (1 / 2) + 0.25 * (1 / 2))


def _two_classes(foreground: list[float], mask: Tensor) -> float:
    probability = torch.tensor(foreground, dtype=torch.float64).view(1, 1, -1)
    return lovasz_softmax(torch.stack([1 - probability, probability], 1).log(), mask).item()


def test_the_gradient_and_images_without_labels() -> None:
    logits = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[[0, 1, 1], [1, 2, IGNORE]], [[IGNORE] * 3] * 2], dtype=torch.uint8)
    assert torch.autograd.gradcheck(lambda x: lovasz_softmax(x.log_softmax(1), mask), logits)
    assert lovasz_softmax(logits.log_softmax(1), mask)[1].item() == 0


def test_weights_of_classes_weigh_the_mean() -> None:
    log_probabilities = torch.randn(1, 3, 4, 4).log_softmax(1)
    mask = torch.randint(3, (1, 4, 4), dtype=torch.uint8)
    only = [lovasz_softmax(log_probabilities, mask, functional.one_hot(torch.tensor(c), 3).float()) for c in range(3)]
    torch.testing.assert_close(lovasz_softmax(log_probabilities, mask), sum(only) / 3)
    weights = torch.tensor([1.0, 2.0, 5.0])
    torch.testing.assert_close(
        lovasz_softmax(log_probabilities, mask, weights), (only[0] + 2 * only[1] + 5 * only[2]) / 8
    )


@pytest.mark.parametrize("logit", [1e4, -1e4])
def test_extreme_logits_are_finite(logit: float) -> None:
    mask = torch.zeros(1, 8, 8, dtype=torch.uint8)
    mask[0, 0, 0] = 2
    logits = torch.zeros(1, 3, 8, 8)
    logits[:, 0] = logit
    leaf = logits.requires_grad_()
    loss = lovasz_softmax(leaf.log_softmax(1), mask)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert math.isfinite(loss.item())
    assert gradient.isfinite().all()
