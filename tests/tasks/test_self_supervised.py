"""What is particular to the tasks that make their labels from the picture alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.keyed import sample_keys
from auxseg.metrics.colour import rgb_to_lab
from auxseg.records.values.size import Size
from auxseg.tasks import (
    ColorizationConfig,
    DenoisingConfig,
    FlipConfig,
    ReconstructionConfig,
    RotationConfig,
    Task,
)
from auxseg.tasks.self_supervised.flip import Axis
from auxseg.testing.examples import example_batch
from tests.tasks.examples import VOCABULARY, make_batch, make_output

TASKS: dict[str, Task] = {
    config().kind: config().build(config().kind, VOCABULARY)
    for config in (ColorizationConfig, DenoisingConfig, RotationConfig, FlipConfig)
}
TASKS["reconstruction"] = ReconstructionConfig(patch=4).build("reconstruction", VOCABULARY)
DRAWN = ("denoising", "reconstruction", "rotation", "flip")
REGRESSIONS = ("colorization", "denoising", "reconstruction")


def _grey_batch(num_images: int) -> Batch:
    grey = torch.full((num_images, 3, 64, 64), 0.5)
    mask = torch.zeros(num_images, 64, 64, dtype=torch.uint8)
    return replace(make_batch(num_images), image=grey, clean=grey, mask=mask, inside=mask == 0)


@pytest.mark.parametrize("name", TASKS)
def test_every_one_has_a_view_of_its_own(name: str) -> None:
    batch, task = make_batch(8), TASKS[name]
    seen = task.view.look(batch)
    assert task.view.name == f"own {name}"
    assert not task.shares_view
    assert seen.shape == batch.image.shape
    assert ((seen >= 0) & (seen <= 1)).all()
    assert not torch.equal(seen, batch.image)


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_depends_on_the_samples_key_alone(name: str) -> None:
    batch, task = make_batch(16), TASKS[name]
    turned = torch.arange(15, -1, -1)
    mirrored = replace(
        batch, image=batch.image[turned], inside=batch.inside[turned], keys=batch.keys[turned], ids=batch.ids[::-1]
    )
    torch.testing.assert_close(task.view.look(mirrored), task.view.look(batch)[turned], rtol=0, atol=0)
    torch.testing.assert_close(task.target(mirrored), task.target(batch)[turned], rtol=0, atol=0, equal_nan=True)
    other = replace(batch, keys=batch.keys + 100)
    assert not torch.equal(task.view.look(other), task.view.look(batch))


def test_keys_depend_on_seed_epoch_and_id() -> None:
    keys = sample_keys(0, [0, 1, 0], ["a", "a", "b"]).tolist() + sample_keys(1, [0], ["a"]).tolist()
    assert len(set(keys)) == 4
    assert min(keys) >= 0
    assert sample_keys(0, [0], ["a"]).tolist() == [keys[0]]


@pytest.mark.parametrize("name", REGRESSIONS)
def test_losses_agree_with_torch(name: str) -> None:
    losses = {"l1": 1.0, "mse": 1.0, "smooth_l1": 1.0}
    config = {"colorization": ColorizationConfig, "denoising": DenoisingConfig, "reconstruction": ReconstructionConfig}
    task = config[name](losses=losses, beta=0.3).build(name, VOCABULARY)
    target, output = task.target(make_batch(3)), make_output(task, 3)
    truth = target[:, : output.shape[1]].double()
    known = ~truth.isnan()
    expected = {
        "l1": functional.l1_loss(output[known], truth[known]),
        "mse": functional.mse_loss(output[known], truth[known]),
        "smooth_l1": functional.smooth_l1_loss(output[known], truth[known], beta=0.3),
    }
    counts = task.counts(target)
    for term, loss in task.loss(output, target).items():
        torch.testing.assert_close(loss.sum() / counts[term].sum(), expected[term])


@pytest.mark.parametrize("name", REGRESSIONS)
def test_fault_16_every_target_is_in_reach_of_the_output(name: str) -> None:
    """Targets go below zero, the linear output follows them, and then nothing is left of the loss."""
    batch, task = make_batch(3), TASKS[name]
    target = task.target(batch)
    output = target[:, : make_output(task, 1).shape[1]].nan_to_num().double()
    assert output.min() < 0 < output.max()
    assert output.abs().max() <= 1
    assert all(loss.abs().max() < 1e-9 for loss in task.loss(output, target).values())
    assert task.figures(task.measure(output, target))["psnr"] > 60


def test_fault_18_noise_has_the_mean_and_spread_that_are_said() -> None:
    batch = _grey_batch(8)
    for mean, std in ((5.0, 2.0), (0.0, 10.0), (-20.0, 0.0)):
        task = DenoisingConfig(mean=mean, std=std).build("denoising", VOCABULARY)
        noise = (task.view.look(batch) - batch.image) * 255
        assert noise.mean().item() == pytest.approx(mean, abs=0.05)
        assert noise.std().item() == pytest.approx(std, abs=0.05)
        torch.testing.assert_close(task.target(batch), batch.image * 2 - 1)


def test_noise_is_cut_to_what_a_picture_can_hold() -> None:
    seen = DenoisingConfig(std=200).build("denoising", VOCABULARY).view.look(_grey_batch(2))
    assert (seen.min(), seen.max()) == (0, 1)


def test_the_figures_of_denoising_by_hand() -> None:
    task, batch = TASKS["denoising"], _grey_batch(2)
    output = torch.full((2, 3, 64, 64), 0.2)  # 0.1 of [0, 1] above the grey
    figures = task.figures(task.measure(output, task.target(batch)))
    assert figures == pytest.approx({"psnr": 20, "mse": 0.01, "num_images": 2}, rel=1e-5)


def test_only_covered_pixels_count_and_they_are_covered() -> None:
    batch = make_batch(5)
    task = ReconstructionConfig(patch=4, ratio=0.4).build("paint", VOCABULARY)
    target, seen = task.target(batch), task.view.look(batch)
    covered = ~target[:, 0].isnan()
    assert covered.flatten(1).sum(1).tolist() == [round(0.4 * 9) * 16] * 5
    assert (seen[covered[:, None].expand_as(seen)] == 0.5).all()
    assert torch.equal(seen[~covered[:, None].expand_as(seen)], batch.image[~covered[:, None].expand_as(seen)])
    blocks = covered.float().unfold(1, 4, 4).unfold(2, 4, 4).flatten(3).mean(3)
    assert set(blocks.unique().tolist()) == {0, 1}


def test_the_grey_view_holds_the_lightness_and_no_colour() -> None:
    batch, task = make_batch(2), TASKS["colorization"]
    seen = task.view.look(batch)
    assert torch.equal(seen[:, 0], seen[:, 1])
    assert torch.equal(seen[:, 0], seen[:, 2])
    torch.testing.assert_close(seen[:, 0] * 100, rgb_to_lab(batch.image)[:, 0])


def test_colours_are_those_of_the_photograph_however_it_was_exposed() -> None:
    batch, task = make_batch(2), TASKS["colorization"]
    assert torch.equal(task.target(replace(batch, image=batch.image * 0.5)), task.target(batch))


def test_the_colour_error_by_hand() -> None:
    task, batch = TASKS["colorization"], _grey_batch(2)
    output = torch.zeros(2, 2, 64, 64)
    output[0, 0], output[0, 1] = 3 / 128, 4 / 128
    rows = task.rows(task.measure(output, task.target(batch)))
    assert rows["colour_error"] == pytest.approx([5, 0], abs=0.01)


def test_a_turned_picture_is_turned_anticlockwise() -> None:
    batch, task = make_batch(32), TASKS["rotation"]
    turns, seen = task.target(batch), task.view.look(batch)
    assert set(turns.tolist()) == {0, 1, 2, 3}
    for image, turned, quarters in zip(batch.image, seen, turns.tolist(), strict=True):
        for _ in range(quarters):
            image = image.transpose(1, 2).flip(1)
        assert torch.equal(turned, image)


@pytest.mark.parametrize(("height", "width"), [(12, 20), (21, 12)])
def test_of_a_rectangle_the_middle_square_is_turned(height: int, width: int) -> None:
    """What is around it is the same grey after every turn, so that its edge tells nothing."""
    batch, task = example_batch(32, replace(VOCABULARY, size=Size(height, width))), TASKS["rotation"]
    top, left = (height - 12) // 2, (width - 12) // 2
    around = torch.ones(height, width, dtype=torch.bool)
    around[top : top + 12, left : left + 12] = False
    for image, seen, quarters in zip(batch.image, task.view.look(batch), task.target(batch).tolist(), strict=True):
        square = image[:, top : top + 12, left : left + 12]
        for _ in range(quarters):
            square = square.transpose(1, 2).flip(1)
        assert torch.equal(seen[:, top : top + 12, left : left + 12], square)
        assert (seen[:, around] == 0.5).all()


@pytest.mark.parametrize(("axis", "dimension"), [("vertical", 1), ("horizontal", 2)])
def test_a_mirrored_picture_is_mirrored(axis: Axis, dimension: int) -> None:
    batch, task = make_batch(16), FlipConfig(axis=axis).build("flip", VOCABULARY)
    mirrored = task.target(batch)
    assert set(mirrored.tolist()) == {0, 1}
    for image, seen, answer in zip(batch.image, task.view.look(batch), mirrored.tolist(), strict=True):
        assert torch.equal(seen, image.flip(dimension) if answer else image)


def test_every_answer_is_as_likely() -> None:
    batch = replace(make_batch(4000), keys=sample_keys(0, [0] * 4000, [str(index) for index in range(4000)]))
    assert TASKS["rotation"].target(batch).bincount().tolist() == pytest.approx([1000] * 4, abs=120)
    assert TASKS["flip"].target(batch).bincount().tolist() == pytest.approx([2000] * 2, abs=150)


@pytest.mark.parametrize("config", [RotationConfig, FlipConfig])
def test_views_that_would_spoil_other_tasks_are_not_shared(config: type) -> None:
    with pytest.raises(InputError, match="would not fit the masks and boxes of the other tasks; expected own"):
        config(view="shared").build("turn", VOCABULARY)
