"""What is particular to edges."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from auxseg.data.sample import IGNORE
from auxseg.errors import InputError
from auxseg.tasks import EdgesConfig
from tests.tasks.examples import SIZE, VOCABULARY, make_batch, make_output


def test_fault_18_targets_are_zero_and_one_where_opencv_finds_edges() -> None:
    batch = make_batch(2)
    target = EdgesConfig(low=50, high=150).build("edges", VOCABULARY).target(batch)
    picture = (batch.clean[0] * 255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(target[0].numpy(), cv2.Canny(picture, 50, 150) > 0)
    assert set(target.unique().tolist()) == {0, 1}


def test_edges_are_those_of_the_picture_before_its_colours_were_varied() -> None:
    batch, task = make_batch(2), EdgesConfig().build("edges", VOCABULARY)
    assert torch.equal(task.target(replace(batch, image=torch.zeros_like(batch.image))), task.target(batch))


def test_what_is_in_the_padding_changes_nothing() -> None:
    batch, task = make_batch(1), EdgesConfig().build("edges", VOCABULARY)
    inside = torch.ones_like(batch.inside)
    inside[..., 8:] = False
    one = task.target(replace(batch, inside=inside))
    other = task.target(replace(batch, inside=inside, clean=batch.clean.masked_fill(~inside[:, None], 0)))
    assert torch.equal(one, other)
    assert (one[..., 6:] == IGNORE).all()
    assert (one[..., :6] != IGNORE).all()


def test_bce_agrees_with_torch() -> None:
    task, output = EdgesConfig().build("edges", VOCABULARY), make_output(EdgesConfig().build("edges", VOCABULARY), 3)
    target = task.target(make_batch(3))
    expected = functional.binary_cross_entropy_with_logits(output[:, 0], target.double())
    torch.testing.assert_close(task.loss(output, target)["bce"].sum() / task.counts(target)["bce"].sum(), expected)


def test_balanced_classes_weigh_the_same_and_all_together_as_much_as_before() -> None:
    task = EdgesConfig(balanced=True).build("edges", VOCABULARY)
    target = torch.zeros(1, SIZE, SIZE, dtype=torch.uint8)
    target[0, 0, :3], target[0, 1] = 1, IGNORE
    output = torch.zeros(1, 1, SIZE, SIZE, dtype=torch.float64, requires_grad=True)
    loss = task.loss(output, target)["bce"]
    num_pixels = task.counts(target)["bce"].item()
    assert loss.item() == pytest.approx(num_pixels * np.log(2))
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    assert gradient[0, 0][target[0] == 1].sum().item() == pytest.approx(-num_pixels / 4)
    assert gradient[0, 0][target[0] == 0].sum().item() == pytest.approx(num_pixels / 4)


def test_a_picture_without_edges_has_bce_but_no_dice() -> None:
    task = EdgesConfig(losses={"bce": 1.0, "dice": 1.0}, balanced=True).build("edges", VOCABULARY)
    target = torch.zeros(1, SIZE, SIZE, dtype=torch.uint8)
    output = make_output(task, 1)
    losses, counts = task.loss(output, target), task.counts(target)
    assert (losses["dice"].item(), counts["dice"].item()) == (0, 0)
    expected = functional.binary_cross_entropy_with_logits(output[:, 0], target.double(), reduction="sum")
    assert losses["bce"].item() == pytest.approx(expected.item())


def test_a_perfect_prediction_scores_one() -> None:
    task = EdgesConfig().build("edges", VOCABULARY)
    target = task.target(make_batch(2))
    figures = task.figures(task.measure((target.double() * 20 - 10)[:, None], target))
    assert [figures[name] for name in ("f1", "f1_within_1", "precision", "recall", "num_images")] == [1, 1, 1, 1, 2]


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InputError, match=r"tasks\.edges\.low is 300, expected at most high, which is 200"):
        EdgesConfig(low=300).build("edges", VOCABULARY)
