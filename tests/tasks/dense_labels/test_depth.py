"""Depth: its target, losses and figures, against formulas worked out apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment import AugmentConfig, CropConfig, augment, draw_cut
from auxseg.data.geometry import Fit
from auxseg.data.loading.batch import join
from auxseg.records.values.size import Size
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


@given(
    scale=st.floats(0.3, 1.4),
    rotation=st.floats(0, 40),
    seed=st.integers(0, 99),
    size=st.sampled_from([(24, 24), (20, 32)]),
)
@settings(max_examples=40, deadline=None)
def test_a_plane_that_is_seen_larger_is_nearer_by_as_much(
    scale: float, rotation: float, seed: int, size: tuple[int, int]
) -> None:
    """How much larger is counted apart, by the pixels of a square in the mask."""
    vocabulary = replace(EXAMPLE_VOCABULARY, size=Size(*size))
    batch = example_batch(2, vocabulary)
    mask, plane = torch.zeros_like(batch.mask), torch.full_like(batch.layers["depth"], 6.0)
    mask[:, size[0] // 2 - 3 : size[0] // 2 + 3, size[1] // 2 - 3 : size[1] // 2 + 3] = 1
    batch = replace(batch, mask=mask, layers={**batch.layers, "depth": plane})
    config = AugmentConfig(scale=(scale, scale), aspect=1.3, rotation=rotation, perspective=0.0)
    seen = augment(batch, config, seed=seed, epochs=[0, 1], box_from_mask=False)
    assert seen.zoom is not None
    torch.testing.assert_close(seen.zoom, torch.full((2,), 1 / scale), rtol=1e-5, atol=0)
    kept, divided = (DepthConfig(on_zoom=each).build("depth", vocabulary).target(seen) for each in ("keep", "divide"))
    known = ~kept.isnan()
    assert torch.equal(known, ~divided.isnan())
    torch.testing.assert_close(kept[known], torch.full_like(kept[known], 6.0))
    torch.testing.assert_close(divided[known], torch.full_like(kept[known], 6.0 * scale), rtol=1e-4, atol=0)
    for index in range(2):
        shown = (seen.mask[index] == 1).sum().item()
        if (seen.mask[index] == 1)[1:-1, 1:-1].sum() == shown > 0:  # all of it, away from the edges
            assert shown / 36 == pytest.approx(1 / scale**2, rel=0.5)


def test_a_picture_that_is_not_zoomed_keeps_its_depths() -> None:
    task = DepthConfig(on_zoom="divide").build("depth", EXAMPLE_VOCABULARY)
    expected = TASK.target(BATCH)
    torch.testing.assert_close(task.target(BATCH), expected, rtol=0, atol=0, equal_nan=True)
    flipped = augment(BATCH, AugmentConfig(flip=1.0, geometric=0.0), seed=0, epochs=[0, 0, 0], box_from_mask=False)
    torch.testing.assert_close(task.target(flipped), expected.flip(-1), rtol=0, atol=0, equal_nan=True)
    some = augment(BATCH, AugmentConfig(geometric=0.5), seed=1, epochs=[0, 1, 2], box_from_mask=False)
    assert some.zoom is not None
    still = some.zoom == 1
    assert 0 < still.sum() < 3
    torch.testing.assert_close(task.target(some)[still], TASK.target(some)[still], rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(task.target(some).nan_to_num(), TASK.target(some).nan_to_num())


def test_windows_know_how_much_larger_they_are_shown() -> None:
    place, key = Fit((40, 60), Size(40, 60), (0, 40, 0, 60)), (0, 3, "a")
    vocabulary = replace(EXAMPLE_VOCABULARY, size=Size(40, 60))
    batch = example_batch(1, vocabulary)
    batch = replace(batch, layers={"depth": torch.full((1, 1, 40, 60), 6.0)}, forms={"depth": batch.forms["depth"]})
    config = AugmentConfig(scale=(0.6, 0.6), aspect=1.0, rotation=0.0, perspective=0.0)
    cut = draw_cut(CropConfig(size=20, foreground=0.0), config, place, None, key)
    part = {name: getattr(batch, name)[..., cut.part[0], cut.part[1]] for name in ("image", "clean", "mask", "inside")}
    depth = {"depth": batch.layers["depth"][..., cut.part[0], cut.part[1]]}
    shown = cut.show(replace(batch, **part, layers=depth), box_from_mask=False)
    joined = join([shown, replace(shown, zoom=None)])
    assert joined.zoom is not None
    torch.testing.assert_close(joined.zoom, torch.tensor([1 / 0.6, 1.0]))
    target = DepthConfig(on_zoom="divide").build("depth", vocabulary).target(shown)
    torch.testing.assert_close(target[~target.isnan()], torch.full_like(target[~target.isnan()], 3.6))


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
