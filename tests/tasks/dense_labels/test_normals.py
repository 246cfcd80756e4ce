"""Normals: their target, loss, figures and answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from auxseg.data.geometry import fit
from auxseg.tasks import NormalsConfig, task_loss
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

TASK = NormalsConfig().build("normals", EXAMPLE_VOCABULARY)
BATCH = example_batch(3, EXAMPLE_VOCABULARY)


def test_the_loss_is_one_minus_the_mean_cosine_of_known_pixels() -> None:
    output, target = torch.randn(3, 3, 12, 12), TASK.target(BATCH)
    known = ~target.isnan().any(1)
    cosines = functional.cosine_similarity(output, target, dim=1)[known]
    totals = {"cosine": TASK.counts(target)["cosine"].sum().item()}
    torch.testing.assert_close(task_loss(TASK, output, target, totals), 1 - cosines.mean(), atol=1e-6, rtol=1e-4)


def test_figures_of_a_known_turn() -> None:
    """Every pixel is wrong by 20 degrees in the first image and right in the second; nothing is known of the third."""
    true = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(3, 3, 4, 4).clone()
    true[2] = torch.nan
    angle = np.deg2rad(20)
    output = true.nan_to_num(1.0)
    output[0] = torch.tensor([np.sin(angle), 0.0, np.cos(angle)]).view(3, 1, 1) * 7
    figures = TASK.figures(TASK.measure(output, true))
    assert figures == pytest.approx(
        {"mean_angle": 10, "median_angle": 10, "within_11_25": 0.5, "within_22_5": 1, "within_30": 1, "num_images": 2},
        abs=1e-3,
    )
    assert TASK.rows(TASK.measure(output, true))["mean_angle"][2] is None
    assert figures.keys() == TASK.explain().keys()


def test_the_colour_is_half_of_the_normal_plus_one() -> None:
    value = torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1).expand(3, 2, 2).clone()
    value[:, 1, 1] = torch.nan
    drawn = TASK.draw(np.full((2, 2, 3), 9, np.uint8), value, truth=True)
    assert drawn[0, 0].tolist() == [255, 0, 128]
    assert drawn[1, 1].tolist() == [9, 9, 9]


def test_an_answer_at_the_photographs_size_holds_unit_vectors() -> None:
    answer = TASK.answer(torch.randn(3, 12, 12), fit((20, 34), 12, "letterbox"))
    assert answer.map is not None
    vectors = answer.map()
    assert vectors.shape == (3, 20, 34)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1, atol=1e-5)
