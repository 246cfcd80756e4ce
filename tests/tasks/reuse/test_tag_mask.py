"""Classes of pictures as bounds of their masks: what is counted, what costs nothing, and which data fit."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import TagMaskConfig
from auxseg.tasks.reuse.tag_mask import TagMaskTask
from auxseg.tasks.task import IMAGE, Dense, Of
from tests.tasks.examples import TAGGED, make_batch

BACKGROUND, CAT, DOG, TREE = range(4)


def _task(settings: TagMaskConfig | None = None) -> TagMaskTask:
    return (settings or TagMaskConfig()).build("tags", TAGGED)


def _tagged(*species: int) -> Batch:
    batch = make_batch(len(species), num_classes=4)
    return replace(batch, classes={**batch.classes, "species": torch.tensor(species)})


def _sure(*classes: int) -> torch.Tensor:
    """Logits that call every pixel of an image one class."""
    return 60 * torch.eye(4)[list(classes)][:, :, None, None].expand(-1, -1, 12, 12).clone()


def test_only_the_class_of_another_label_costs_something() -> None:
    batch, task = _tagged(0, 0, 0, 0), _task()  # cats
    target = task.target(batch)
    loss = task.loss(_sure(BACKGROUND, CAT, TREE, DOG), target)["absent"].tolist()
    assert loss == pytest.approx([0, 0, 0, (60 - math.log(3)) * 144])  # three classes remain
    assert task.rows(task.measure(_sure(BACKGROUND, CAT, TREE, DOG), target)) == {"allowed_share": [1, 1, 1, 0]}


def test_the_loss_is_the_likelihood_of_the_classes_that_remain() -> None:
    batch, task = _tagged(0, 1), _task()
    output = torch.randn(2, 4, 12, 12, dtype=torch.float64)
    probabilities = output.softmax(1)
    expected = [-(1 - probabilities[0, DOG]).log().sum().item(), -(1 - probabilities[1, CAT]).log().sum().item()]
    assert task.loss(output, task.target(batch))["absent"].tolist() == pytest.approx(expected)


def test_a_missing_label_and_padding_count_for_nothing() -> None:
    batch = _tagged(0, MISSING)
    batch.inside[0, :, 8:] = False
    task = _task()
    target = task.target(batch)
    assert task.counts(target)["absent"].tolist() == [8 * 12, 0]
    output = torch.randn(2, 4, 12, 12, requires_grad=True)
    (gradient,) = torch.autograd.grad(task.loss(output, target)["absent"].sum(), output)
    assert gradient[0, :, :, :8].any()
    assert not gradient[0, :, :, 8:].any()
    assert not gradient[1].any()
    assert task.figures(task.measure(_sure(DOG, DOG), target)) == {"allowed_share": 0, "num_images": 1}


def test_the_first_label_that_names_mask_classes_is_taken() -> None:
    task = _task(TagMaskConfig(ramp=0.2))
    assert (task.label, task.output, task.view, task.ramp) == ("species", Of(Dense(4)), IMAGE, 0.2)


def test_a_value_that_would_exclude_every_class_excludes_none() -> None:
    land = Vocabulary(Size.of(12), ("sky", "sea"), {"scene": ("sky", "sea", "room")}, has_background=False)
    task = TagMaskConfig().build("tags", land)
    batch = replace(make_batch(3), classes={"scene": torch.tensor([0, 1, 2])})
    assert task.target(batch)[:, :, 0, 0].tolist() == [[1, 0], [0, 1], [1, 1]]


def test_a_label_fits_if_the_mask_holds_no_excluded_class() -> None:
    batch = _tagged(0, 0, 0, 0, MISSING)
    mask = torch.zeros(5, 12, 12, dtype=torch.uint8)
    mask[0, 3:5], mask[1, 3:5], mask[2] = CAT, DOG, IGNORE
    mask[3, 0, 0] = TREE
    assert _task().fits(replace(batch, mask=mask)) == [True, False, None, True, None]


@pytest.mark.parametrize(
    ("settings", "vocabulary", "reason"),
    [
        (
            TagMaskConfig(),
            Vocabulary(Size.of(12), ("background", "cat"), {}),
            "needs a kind of label, but the data have none",
        ),
        (
            TagMaskConfig(),
            Vocabulary(Size.of(12), ("background", "animal"), TAGGED.labels),
            r"needs a label whose values are the names of mask classes, but breed has 'Bengal', 'Birman', 'pug', and "
            r"masks have 'background', 'animal'; leave the task out by tasks\.tags=off",
        ),
        (TagMaskConfig(label="breed"), TAGGED, r"needs a label whose values .* but breed has 'Bengal'"),
        (TagMaskConfig(label="sex"), TAGGED, r"the data have no 'sex'"),
        (
            TagMaskConfig(),
            Vocabulary(Size.of(12), ("background", "cat"), {"species": ("cat",)}),
            "but species has 'cat'",
        ),
    ],
)
def test_data_that_cannot_serve_it_are_refused(settings: TagMaskConfig, vocabulary: Vocabulary, reason: str) -> None:
    with pytest.raises(InputError, match=rf"tasks\.tags(\.label)?: .*{reason}"):
        settings.build("tags", vocabulary)
