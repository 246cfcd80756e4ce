"""Depth: its target, losses and figures, against formulas worked out apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auxseg.tasks import DepthConfig, task_loss
from auxseg.tasks.losses import regression_losses
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

TASK = DepthConfig().build("depth", EXAMPLE_VOCABULARY)
BATCH = example_batch(3, EXAMPLE_VOCABULARY)


def inverse_softplus(depth: torch.Tensor) -> torch.Tensor:
    return (torch.expm1(depth - 1e-3)).log()


def test_depth_0_and_padding_are_not_known() -> None:
    depth, inside = BATCH.layers["depth"].clone(), BATCH.inside.clone()
    depth[0, 0, 3, 4], inside[0, 5, 6] = 0, False
    target = TASK.target(replace(BATCH, layers={**BATCH.layers, "depth": depth}, inside=inside))
    expected = depth.isnan()
    expected[0, 0, 3, 4] = expected[0, 0, 5, 6] = True
    assert torch.equal(target.isnan(), expected)


def test_predictions_are_positive_and_the_right_output_costs_nothing() -> None:
    assert (TASK.predict(torch.linspace(-1e3, 1e3, 99).view(1, 1, 9, 11)) > 0).all()
    target = TASK.target(BATCH)
    output = inverse_softplus(target.double()).nan_to_num()
    losses = (
        DepthConfig(losses={"l1": 1.0, "scale_invariant_log": 1.0}).build("d", EXAMPLE_VOCABULARY).loss(output, target)
    )
    assert all((loss.abs() < 1e-4).all() for loss in losses.values())


def test_the_loss_is_the_mean_over_known_pixels_of_all_images() -> None:
    output, target = torch.randn(3, 1, 12, 12), TASK.target(BATCH)
    known = ~target.isnan()
    expected = (TASK.predict(output)[known] - target[known]).abs().mean()
    totals = {"l1": float(known.sum())}
    torch.testing.assert_close(task_loss(TASK, output, target, totals), expected)
    torch.testing.assert_close(
        TASK.loss(output, target)["l1"], regression_losses(1)["l1"](TASK.predict(output), target)
    )


def test_the_scale_invariant_loss_counts_images() -> None:
    task = DepthConfig(losses={"scale_invariant_log": 1.0}, variance_focus=1.0).build("depth", EXAMPLE_VOCABULARY)
    target = task.target(BATCH)
    target[1] = torch.nan
    assert task.counts(target)["scale_invariant_log"].tolist() == [1, 0, 1]
    output = torch.randn(3, 1, 12, 12)
    loss = task.loss(output, target)["scale_invariant_log"]
    for index in (0, 2):
        known = ~target[index].isnan()
        logs = task.predict(output)[index][known].log() - target[index][known].log()
        assert loss[index].item() == pytest.approx(logs.var(correction=0).item(), rel=1e-4)


def test_figures_are_means_over_images() -> None:
    output, target = torch.randn(3, 1, 12, 12), TASK.target(BATCH)
    figures = TASK.figures(TASK.measure(output, target))
    found, true = TASK.predict(output).double().numpy(), target.double().numpy()
    expected = {
        "abs_error": np.nanmean(abs(found - true), (1, 2, 3)).mean(),
        "rel_error": np.nanmean(abs(found - true) / true, (1, 2, 3)).mean(),
        "delta_1_25": np.mean(
            [(np.maximum(f / t, t / f) < 1.25)[~np.isnan(t)].mean() for f, t in zip(found, true, strict=True)]
        ),
        "num_images": 3,
    }
    assert figures == pytest.approx(expected)
    assert figures.keys() == TASK.explain().keys()


def test_near_is_yellow_and_far_is_blue_in_every_picture() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    drawn = TASK.draw(picture, torch.tensor([[[0.2, 40.0], [0.2, torch.nan]]]), truth=True)
    near, far = drawn[0].astype(int)
    assert near[0] > near[2]
    assert far[2] > far[0]
    assert not drawn[1, 1].any()
    alone = TASK.draw(picture, torch.full((1, 2, 2), 0.2), truth=False)
    np.testing.assert_array_equal(alone[1, 1], near)
