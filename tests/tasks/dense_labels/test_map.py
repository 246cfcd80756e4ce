"""Any map: its losses and figures against torch and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from auxseg.tasks import MapConfig, task_loss
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

TASK = MapConfig(layer="normals", losses={"smooth_l1": 1.0}, beta=0.5).build("map", EXAMPLE_VOCABULARY)
BATCH = example_batch(3, EXAMPLE_VOCABULARY)


def test_the_loss_is_the_mean_over_known_numbers() -> None:
    output, target = torch.randn(3, 3, 12, 12), TASK.target(BATCH)
    known = ~target.isnan()
    expected = functional.smooth_l1_loss(output[known], target[known], beta=0.5)
    torch.testing.assert_close(task_loss(TASK, output, target, {"smooth_l1": float(known.sum())}), expected)


def test_figures_are_means_over_images() -> None:
    output, target = torch.randn(3, 3, 12, 12), TASK.target(BATCH)
    errors = (output - target).double().numpy()
    expected = {
        "mae": np.nanmean(abs(errors), (1, 2, 3)).mean(),
        "rmse": np.sqrt(np.nanmean(errors**2, (1, 2, 3))).mean(),
        "num_images": 3,
    }
    figures = TASK.figures(TASK.measure(output, target))
    assert figures == pytest.approx(expected)
    assert figures.keys() == TASK.explain().keys()
