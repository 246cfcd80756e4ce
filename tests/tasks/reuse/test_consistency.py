"""Consistency: pseudo labels, where they count, how they are mixed, and the recipes that it can be part of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.errors import InputError
from auxseg.models import outline
from auxseg.recipe import build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.tasks import ConsistencyConfig, task_loss
from auxseg.tasks.reuse.consistency import UNSURE, ConsistencyTask
from auxseg.tasks.task import Dense, Of
from tests.tasks.examples import VOCABULARY, erase, make_batch, taught

PLAIN = ConsistencyConfig(threshold=0.9, colour=0, blur=0, cutmix=0)


def _task(settings: ConsistencyConfig = PLAIN) -> ConsistencyTask:
    return settings.build("same", VOCABULARY)


def _logits(probabilities: list[float]) -> Tensor:
    """Of one image of one row, by the foreground's probability of each pixel."""
    foreground = torch.tensor(probabilities)
    return torch.stack([1 - foreground, foreground]).log()[None, :, None]


def _said(probabilities: list[float], inside: list[bool] | None = None) -> Batch:
    batch, width = make_batch(1), len(probabilities)
    known = torch.ones(1, 1, width, dtype=torch.bool) if inside is None else torch.tensor([[inside]])
    mask = torch.full((1, 1, width), IGNORE, dtype=torch.uint8)
    image, said = torch.rand(1, 3, 1, width), {"same": _logits(probabilities)}
    return replace(batch, image=image, clean=image, mask=mask, inside=known, teacher=said)


def test_the_loss_by_hand() -> None:
    """Of the sure pixels -log of what the network gives to the teacher's class, over all pixels."""
    task = _task()
    target = task.target(_said([0.95, 0.5, 0.02, 0.89]))
    assert target.tolist() == [[[1, UNSURE, 0, UNSURE]]]
    output = _logits([0.25, 0.1, 0.75, 0.6])
    totals = {name: count.sum().item() for name, count in task.counts(target).items()}
    assert totals == {"cross_entropy": 4}
    expected = (-math.log(0.25) - math.log(1 - 0.75)) / 4
    assert task_loss(task, output, target, totals).item() == pytest.approx(expected, rel=1e-5)


def test_the_threshold_masks_pixels_and_padding_is_none() -> None:
    said = _said([0.95, 0.85, 0.95, 0.05], [True, True, False, True])
    assert _task().target(said).tolist() == [[[1, UNSURE, IGNORE, 0]]]
    loose = _task(replace(PLAIN, threshold=0.8))
    assert loose.target(said).tolist() == [[[1, 1, IGNORE, 0]]]
    everywhere = _task(replace(PLAIN, threshold=0.0))
    assert (everywhere.target(_said([0.5, 0.5])) != UNSURE).all()
    target = _task().target(said)
    output = torch.randn(1, 2, 1, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(_task().loss(output, target)["cross_entropy"].sum(), output)
    assert gradient.any(1).tolist() == [[[True, False, False, True]]]


def test_the_figures_by_hand() -> None:
    task = _task()
    target = task.target(_said([0.95, 0.5, 0.02, 0.99, 0.9999], [True] * 4 + [False]))
    table = task.measure(_logits([0.7, 0.1, 0.6, 0.6, 0.1]), target)
    assert task.figures(table) == pytest.approx({"agreement": 2 / 3, "sure_share": 3 / 4, "num_images": 1})
    assert task.rows(table) == {"agreement": [pytest.approx(2 / 3)], "sure_share": [pytest.approx(3 / 4)]}
    unsure = task.measure(_logits([0.7]), task.target(_said([0.5])))
    assert math.isnan(task.figures(unsure)["agreement"])
    assert task.rows(unsure) == {"agreement": [None], "sure_share": [0.0]}


def test_without_a_teacher_nothing_is_sure_and_every_photograph_counts() -> None:
    batch = erase(make_batch(3), torch.tensor([False, True, False]))
    target = _task().target(batch)
    assert target.unique().tolist() == [UNSURE, IGNORE]
    assert _task().counts(target)["cross_entropy"].tolist() == [144, 0, 144]
    assert not _task().loss(torch.randn(3, 2, 12, 12), target)["cross_entropy"].any()


def test_masks_and_other_labels_are_not_looked_at() -> None:
    task, batch = _task(), taught(make_batch(4), _task())
    without = replace(erase(batch, torch.ones(4, dtype=torch.bool)), inside=batch.inside)
    assert torch.equal(task.target(batch), task.target(without))
    assert torch.equal(task.view.look(batch), task.view.look(without))


def _flat(num_images: int) -> Batch:
    """Every picture has a colour, and its teacher a class, of its own; the third has padding."""
    shades = torch.arange(num_images) / num_images
    image = shades[:, None, None, None].expand(-1, 3, 12, 12).clone()
    sure = 20 * torch.nn.functional.one_hot(torch.arange(num_images) % 2, 2).float()
    said = sure[:, :, None, None].expand(-1, -1, 12, 12).clone()
    batch = replace(make_batch(num_images), image=image, teacher={"same": said})
    batch.inside[2, :3] = False
    return batch


def test_pictures_labels_and_padding_are_cut_alike() -> None:
    task, batch = _task(replace(PLAIN, cutmix=1.0)), replace(_flat(8), is_training=True)
    seen, target = task.view.look(batch), task.target(batch)
    shows = (seen[:, 0] * 8).round().long()  # which picture each pixel shows
    before = torch.arange(8).roll(1)
    assert all(set(shown.unique().tolist()) == {own, before[own].item()} for own, shown in enumerate(shows))
    padding = (shows == 2) & (torch.arange(12)[:, None] < 3)
    expected = (shows % 2).to(torch.uint8).masked_fill(padding, IGNORE)
    assert torch.equal(target, expected)


def test_pictures_are_cut_in_training_alone_so_that_figures_know_no_neighbours() -> None:
    task, batch = _task(replace(PLAIN, cutmix=1.0)), _flat(4)
    assert torch.equal(task.view.look(batch), batch.image)
    assert not torch.equal(task.view.look(replace(batch, is_training=True)), batch.image)
    assert torch.equal(_task().view.look(replace(batch, is_training=True)), batch.image)  # probability 0


def test_an_image_alone_in_its_batch_shows_itself() -> None:
    alone = replace(make_batch(1), is_training=True)
    assert torch.equal(_task(replace(PLAIN, cutmix=1.0)).view.look(alone), alone.image)


def test_what_is_drawn_depends_on_the_samples_key_alone() -> None:
    task, batch = _task(ConsistencyConfig()), make_batch(9)
    seen, other = task.view.look(batch), task.view.look(replace(batch, keys=batch.keys + 100))
    turned = replace(batch, image=batch.image.flip(0), keys=batch.keys.flip(0))
    assert torch.equal(task.view.look(turned), seen.flip(0))
    assert not torch.equal(seen, other)
    assert ((seen >= 0) & (seen <= 1)).all()


def test_settings_become_what_training_asks_the_task_for() -> None:
    task = _task(ConsistencyConfig(ramp=0.3, decay=0.5))
    assert (task.ramp, task.teacher_decay, task.needs_teacher, task.has_answer) == (0.3, 0.5, True, False)
    assert task.output == Of(Dense(2))
    assert task.explain().keys() == {"agreement", "sure_share", "num_images"}
    with pytest.raises(InputError, match=r"tasks\.same: needs masks of at least two classes, but the data have 0"):
        ConsistencyConfig().build("same", Vocabulary(Size.of(12), (), {}))
    with pytest.raises(InputError, match=r"tasks\.same\.losses.*dice"):
        ConsistencyConfig(losses={"dice": 1.0}).build("same", VOCABULARY)


def test_a_recipe_trains_the_targets_head_by_it() -> None:
    recipe = load_recipe("tiny", ["tasks.consistency.kind=consistency"])
    tasks = build_tasks(recipe, VOCABULARY)
    network = outline(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.target)
    assert network.reads == {"consistency": "segmentation"}
    assert network.parts() == outline(recipe.model, {"segmentation": Dense(2)}, recipe.target).parts()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["target=consistency"], r"target is 'consistency', which has no head of its own"),
        (
            ["tasks.species={kind: classification, label: species}", "target=species"],
            r"consistency reads the output of 'species', expected a map of 2 channels, found 2 numbers per image",
        ),
        (
            ["tasks.noisy={kind: denoising, view: shared}"],
            r"tasks\.noisy\.view is shared, but consistency needs its own picture",
        ),
        (
            ["tasks.again={kind: consistency, decay: 0.5}"],
            r"one teacher, expected one decay of its average, found 0.99 for consistency, 0.5 for again",
        ),
        (["tasks.consistency.threshold=1.5"], r"tasks\.consistency\.threshold"),
        (["tasks.consistency.decay=1"], r"tasks\.consistency\.decay"),
    ],
)
def test_what_cannot_work_is_refused_when_the_recipe_is_read(settings: list[str], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        load_recipe("tiny", ["tasks.consistency.kind=consistency", *settings])
