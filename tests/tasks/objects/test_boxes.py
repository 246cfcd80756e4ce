"""Boxes: the loss against the paper's formula pixel by pixel, and figures of perfect and shifted answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.data.layers import BoxesForm
from auxseg.data.loading.batch import Batch, layer_batch
from auxseg.data.sample import Vocabulary
from auxseg.records.values.size import Size
from auxseg.tasks import BoxesConfig
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

SIZE = 32
FORM = BoxesForm(("car", "person"))
VOCABULARY = Vocabulary(Size(SIZE, SIZE), EXAMPLE_VOCABULARY.mask_classes, {}, layers={"objects": FORM})
TASK = BoxesConfig().build("objects", VOCABULARY)
PRIOR = 2.19


def _batch(*samples: list[list[float]] | None) -> Batch:
    """Images with these boxes in pixels; ``None`` for unknown ones."""
    rows = [FORM.blank(SIZE, SIZE) if each is None else np.array(each, np.float32).reshape(-1, 6) for each in samples]
    layers = {"objects": layer_batch(FORM, rows, Size(SIZE, SIZE))}
    return replace(example_batch(len(samples), VOCABULARY), layers=layers)


def _perfect(target: torch.Tensor, score: float = 8.0) -> torch.Tensor:
    """The output that says what the target does."""
    heat = torch.where(target[:, :2] == 1, score, -score) + PRIOR
    return torch.cat([heat, target[:, 2:6].nan_to_num(0)], dim=1)


BOXES = [[2.0, 3, 12, 13, 0, 0], [14, 4, 30, 9, 1, 0], [5, 20, 11, 30, 1, 0]]


def test_the_loss_of_the_heat_map_is_that_of_the_paper() -> None:
    target = TASK.target(_batch(BOXES, [[0, 0, 20, 20, 0, 1]], []))
    output = torch.randn(3, 6, SIZE, SIZE)
    expected = [0.0, 0.0, 0.0]
    for image in range(3):
        for logit, y in zip(output[image, :2].flatten().tolist(), target[image, :2].flatten().tolist(), strict=True):
            p = 1 / (1 + math.exp(PRIOR - logit))
            if y == 1:
                expected[image] -= (1 - p) ** 2 * math.log(p)
            elif not math.isnan(y):
                expected[image] -= (1 - y) ** 4 * p**2 * math.log(1 - p)
    assert TASK.loss(output, target)["heatmap"].tolist() == pytest.approx(expected, rel=1e-4)
    counts = TASK.counts(target)
    assert counts["heatmap"].tolist() == [3, 1, 1]
    assert counts["size"].tolist() == counts["offset"].tolist() == [3, 0, 0]


def test_sizes_and_offsets_are_learned_at_centres_alone() -> None:
    target = TASK.target(_batch([BOXES[0]]))
    losses = TASK.loss(torch.zeros(1, 6, SIZE, SIZE), target)
    assert losses["size"].item() == pytest.approx(2 * 10 / SIZE, rel=1e-5)
    assert losses["offset"].item() == pytest.approx(2 * 0.5, abs=1e-4)  # (7, 8) is the corner of its pixel


def test_a_new_head_costs_little() -> None:
    target = TASK.target(_batch(BOXES))
    loss = TASK.loss(torch.zeros(1, 6, SIZE, SIZE), target)["heatmap"] / 3
    assert loss < 5


def test_a_perfect_answer_has_perfect_figures_and_a_shifted_one_none_above_its_overlap() -> None:
    target = TASK.target(_batch(BOXES, [], None))
    figures = TASK.figures(TASK.measure(_perfect(target), target))
    assert figures["map"] == figures["ap50"] == figures["recall"] == pytest.approx(1)
    assert (figures["num_boxes"], figures["num_images"]) == (3, 2)
    shifted = _perfect(target)
    shifted[:, 2:4] *= 0.8  # an IoU of 0.64
    worse = TASK.figures(TASK.measure(shifted, target))
    assert worse["ap50"] == pytest.approx(1)
    assert worse["ap75"] == 0
    assert worse["map"] == pytest.approx(0.3)  # right at 0.5, 0.55 and 0.6


def test_rows_say_how_each_image_is_done() -> None:
    target = TASK.target(_batch(BOXES, [], None, BOXES[:1]))
    output = _perfect(target)
    output[3] = _perfect(target)[1]
    rows = TASK.rows(TASK.measure(output, target))
    assert rows["ap50"] == [pytest.approx(1), None, None, pytest.approx(0)]
    assert rows["num_boxes"] == [3, 0, None, 1]


def test_an_answer_is_in_pixels_of_the_photograph() -> None:
    target = TASK.target(_batch(BOXES))
    answer = TASK.answer(_perfect(target)[0], fit((SIZE, 2 * SIZE), SIZE, "squash"))
    assert answer.boxes is not None
    found = {(each.name, *(round(corner, 2) for corner in each.box)) for each in answer.boxes}
    names = ("car", "person", "person")
    assert found == {(name, 2 * x0, y0, 2 * x1, y1) for name, (x0, y0, x1, y1, *_) in zip(names, BOXES, strict=True)}
    assert answer.record["boxes"] == [
        {"class": each.name, "score": each.score, "box": list(each.box)} for each in answer.boxes
    ]
    none = BoxesConfig(min_score=1.0).build("objects", VOCABULARY)
    assert none.answer(_perfect(target, 3.0)[0], fit((SIZE, SIZE), SIZE, "squash")).boxes == ()


def test_mirrored_outputs_say_the_same_of_mirrored_pictures() -> None:
    target = TASK.target(_batch(BOXES))
    output = _perfect(target)
    place = fit((SIZE, SIZE), SIZE, "squash")
    found, back = TASK.answer(output[0], place).boxes, TASK.answer(TASK.mirrored_back(output)[0], place).boxes
    assert found
    assert back
    flipped = {(each.name, SIZE - each.box[2], each.box[1], SIZE - each.box[0], each.box[3]) for each in back}
    assert {(name, *np.round(box, 3)) for name, *box in flipped} == {
        (each.name, *np.round(each.box, 3)) for each in found
    }
