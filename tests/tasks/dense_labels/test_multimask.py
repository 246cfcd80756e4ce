"""Overlapping masks: loss and figures against torch, torchmetrics and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchmetrics.functional.classification import binary_jaccard_index

from auxseg.data.geometry import fit
from auxseg.data.sample import IGNORE
from auxseg.tasks import MultiMaskConfig, task_loss
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

TASK = MultiMaskConfig().build("organs", EXAMPLE_VOCABULARY)
BATCH = example_batch(4, EXAMPLE_VOCABULARY)


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and a target of whose first image one class is not known, and of whose second one is nowhere."""
    output, target = torch.randn(4, 3, 12, 12), TASK.target(BATCH).clone()
    target[0, 1] = IGNORE
    target[1, 2][target[1, 2] == 1] = 0
    return output, target


def test_cross_entropy_is_the_mean_over_known_pixels_of_all_classes() -> None:
    output, target = _data()
    task = MultiMaskConfig(losses={"bce": 1.0}).build("organs", EXAMPLE_VOCABULARY)
    known = target != IGNORE
    expected = functional.binary_cross_entropy_with_logits(output[known], target[known].float())
    torch.testing.assert_close(task_loss(task, output, target, {"bce": float(known.sum())}), expected)


def test_dice_is_the_mean_over_the_classes_of_images_that_have_a_pixel() -> None:
    output, target = _data()
    task = MultiMaskConfig(losses={"dice": 1.0}).build("organs", EXAMPLE_VOCABULARY)
    expected = []
    for logits, truth in zip(output.flatten(0, 1), target.flatten(0, 1), strict=True):
        known = truth != IGNORE
        probability, true = logits[known].sigmoid(), truth[known].float()
        if true.any():
            expected.append(1 - 2 * (probability * true).sum() / (probability.sum() + true.sum()))
    assert float(task.counts(target)["dice"].sum()) == len(expected) == 10
    torch.testing.assert_close(task_loss(task, output, target, {"dice": 10.0}), torch.stack(expected).mean())


def test_figures_are_those_of_each_class_alone() -> None:
    output, target = _data()
    table = TASK.measure(output, target)
    ious = [
        float(binary_jaccard_index(output[:, k].sigmoid(), target[:, k].int(), ignore_index=IGNORE)) for k in range(3)
    ]
    assert [each["iou"] for each in TASK.classes(table).values()] == pytest.approx(ious)
    figures = TASK.figures(table)
    assert figures["miou_dataset"] == pytest.approx(np.mean(ious))
    dices = [2 * iou / (1 + iou) for iou in ious]
    assert figures["dice_dataset"] == pytest.approx(np.mean(dices))


def test_an_answer_says_the_probability_of_every_class_and_its_share() -> None:
    output = torch.full((3, 12, 12), -5.0)
    output[0, :, :6] = 5.0
    output[1] = 5.0
    answer = TASK.answer(output, fit((20, 40), 12, "squash"))
    assert answer.map is not None
    probabilities = answer.map()
    assert probabilities.shape == (3, 20, 40)
    assert (probabilities[0, :, :15] > 0.9).all()
    assert answer.record == {"shares": {"liver": 0.5, "vessel": 1.0, "lesion": 0.0}}
    grey = np.full((20, 40, 3), 128, np.uint8)
    assert (answer.draw(grey)[:, :19] != answer.draw(grey)[:, 21:40]).any()
