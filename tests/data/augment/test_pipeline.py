"""What happens to a sample depends on its key alone, and labels stay with their picture."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig, augment
from auxseg.data.augment.geometric import NUM_GEOMETRIC, draw_homographies, move
from auxseg.data.augment.photometric import NUM_PHOTOMETRIC, draw_colours, recolour
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE
from auxseg.keyed import keyed_uniforms, sample_keys


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
    return replace(batch, ids=ids, classes=classes, **tensors)


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


def test_the_draws_of_a_sample_are_those_of_its_key() -> None:
    """Put together by hand: an old run stays repeatable only as long as these keys are the ones."""
    batch, config = make_batch(["a", "b"]), AugmentConfig()
    result = augment(batch, config, seed=9, epochs=[4, 6], box_from_mask=True)
    for index, key in enumerate([(9, 4, "a"), (9, 6, "b")]):
        alone = pick(batch, [index])
        moved = move(
            alone,
            draw_homographies(config, keyed_uniforms(NUM_GEOMETRIC, "geometric", *key)[None]),
            box_from_mask=True,
        )
        colours = draw_colours(config, keyed_uniforms(NUM_PHOTOMETRIC, "photometric", *key)[None])
        assert torch.equal(result.clean[index], moved.clean[0])
        assert torch.equal(result.image[index], recolour(moved.clean, colours)[0])
        torch.testing.assert_close(result.box[index], moved.box[0], atol=0, rtol=0, equal_nan=True)


def test_a_certain_flip_mirrors_picture_mask_and_box_and_nothing_else() -> None:
    batch = make_batch(list("ab"))
    result = augment(
        batch, AugmentConfig(flip=1.0, geometric=0.0, photometric=0.0), seed=0, epochs=[0, 0], box_from_mask=False
    )
    assert torch.equal(result.image, batch.image.flip(3))
    assert torch.equal(result.mask, batch.mask.flip(2))
    torch.testing.assert_close(result.box, torch.tensor([[0.3, 0.3, 0.8, 0.8]] * 2))
    assert torch.equal(result.keys, batch.keys)
    assert result.ids == batch.ids


def test_colours_change_no_label() -> None:
    batch = make_batch(list("ab"))
    result = augment(batch, AugmentConfig(flip=0.0, geometric=0.0), seed=0, epochs=[0, 0], box_from_mask=True)
    assert not torch.equal(result.image, batch.image)
    for name in ("clean", "mask", "box", "inside"):
        assert torch.equal(getattr(result, name), getattr(batch, name))


def test_every_sample_needs_its_epoch() -> None:
    with pytest.raises(ValueError, match="zip"):
        augment(make_batch(["a", "b"]), AugmentConfig(), seed=0, epochs=[0], box_from_mask=False)
