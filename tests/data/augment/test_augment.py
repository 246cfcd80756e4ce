"""What happens to a sample depends on its key alone; settings are checked when they are read."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig, augment
from auxseg.data.augment.keyed import keyed_bytes, keyed_uniforms, sample_keys
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE


def make_batch(names: list[str], size: int = 40) -> Batch:
    pictures = [
        torch.rand(3, size, size, generator=torch.Generator().manual_seed(sum(map(ord, name)))) for name in names
    ]
    image = torch.stack(pictures)
    mask = (image[:, 0] * 3).to(torch.uint8)
    return Batch(
        ids=tuple(names),
        image=image,
        clean=image,
        mask=mask.masked_fill(image[:, 1] < 0.1, IGNORE),
        box=torch.tensor([[0.2, 0.3, 0.7, 0.8]]).repeat(len(names), 1),
        classes={"species": torch.arange(len(names))},
        inside=torch.ones(len(names), size, size, dtype=torch.bool),
        keys=sample_keys(0, [0] * len(names), names),
    )


def assert_same(first: Batch, second: Batch) -> None:
    """Every bit is equal, and what is missing in one is missing in the other."""
    assert first.ids == second.ids
    for name in ("image", "clean", "mask", "box", "inside", "keys"):
        torch.testing.assert_close(getattr(first, name), getattr(second, name), atol=0, rtol=0, equal_nan=True)


def pick(batch: Batch, indices: list[int]) -> Batch:
    values = {each.name: getattr(batch, each.name) for each in fields(Batch)}
    ids = tuple(batch.ids[index] for index in indices)
    classes = {name: labels[indices] for name, labels in batch.classes.items()}
    tensors = {name: value[indices] for name, value in values.items() if isinstance(value, torch.Tensor)}
    return Batch(ids=ids, classes=classes, **tensors)


@pytest.mark.parametrize("box_from_mask", [False, True])
def test_a_sample_does_not_know_its_batch(box_from_mask: bool) -> None:
    config = AugmentConfig(geometric=0.6, photometric=0.6)
    names, epochs = list("abcdefgh"), [0, 0, 1, 1, 2, 2, 3, 3]
    batch = make_batch(names)
    together = augment(batch, config, seed=5, epochs=epochs, box_from_mask=box_from_mask)
    for index in range(8):
        alone = augment(pick(batch, [index]), config, seed=5, epochs=[epochs[index]], box_from_mask=box_from_mask)
        assert_same(alone, pick(together, [index]))
    shuffled = [7, 2, 5, 0]
    some = augment(
        pick(batch, shuffled), config, seed=5, epochs=[epochs[at] for at in shuffled], box_from_mask=box_from_mask
    )
    assert_same(some, pick(together, shuffled))


def test_seed_epoch_and_name_each_matter() -> None:
    def image(seed: int, epoch: int, name: str) -> torch.Tensor:
        batch = make_batch(["a"])
        named = Batch(**{**{each.name: getattr(batch, each.name) for each in fields(Batch)}, "ids": (name,)})
        return augment(named, AugmentConfig(), seed=seed, epochs=[epoch], box_from_mask=False).image

    first = image(0, 0, "a")
    assert torch.equal(first, image(0, 0, "a"))
    for other in ((1, 0, "a"), (0, 1, "a"), (0, 0, "b")):
        assert not torch.equal(first, image(*other))


def test_clean_lies_between_geometry_and_colour() -> None:
    batch = make_batch(list("abcd"))
    arguments = {"seed": 1, "epochs": [0] * 4, "box_from_mask": False}
    both = augment(batch, AugmentConfig(), **arguments)
    moved_only = augment(batch, AugmentConfig(photometric=0.0), **arguments)
    assert torch.equal(both.clean, moved_only.image)
    assert torch.equal(both.mask, moved_only.mask)
    assert not torch.allclose(both.image, both.clean, atol=0.01)


def test_no_augmentation_changes_nothing() -> None:
    batch = make_batch(list("abc"))
    assert_same(augment(batch, NO_AUGMENTATION, seed=0, epochs=[0, 1, 2], box_from_mask=True), batch)


def test_classes_are_left_alone() -> None:
    result = augment(make_batch(list("abc")), AugmentConfig(), seed=0, epochs=[0, 1, 2], box_from_mask=True)
    assert result.classes["species"].tolist() == [0, 1, 2]


def test_uniforms_are_even_and_pinned() -> None:
    values = keyed_uniforms(20_000, "test", 0)
    assert np.histogram(values, bins=10, range=(0.0, 1.0))[0] == pytest.approx(np.full(10, 2000), abs=200)
    # An old run must stay repeatable: these never change.
    assert keyed_bytes(6, "geometric", 1, 2, "cat").hex() == "ee41d0640069"
    assert keyed_uniforms(2, "x", 0) == pytest.approx([0.2057088781866988, 0.6989709024524556], abs=1e-15)


def test_settings_come_from_yaml_values() -> None:
    read = TypeAdapter(AugmentConfig).validate_python({"scale": [0.5, 1], "flip": 0, "rotation": 30})
    assert read == AugmentConfig(scale=(0.5, 1.0), flip=0.0, rotation=30.0)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"flip": 1.5}, "less than or equal to 1"),
        ({"scale": [0.05, 1.0]}, "greater than or equal to 0.1"),
        ({"scale": [1.0, 0.5]}, "the smallest and the largest side, but 1 is larger than 0.5"),
        ({"perspective": 0.6}, "less than or equal to 0.4"),
        ({"rotate": 10}, "[Uu]nexpected"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(AugmentConfig).validate_python(settings)
