"""A batch moves as a whole, and nothing in it changes on the way."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import torch

from auxseg.data.layers import BoxesForm
from auxseg.data.loading.batch import Batch, join, layer_batch
from auxseg.data.sample import IGNORE, MISSING
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

NAMES = ("image", "clean", "mask", "box", "inside")


def make_batch() -> Batch:
    image = torch.rand(2, 3, 5, 5)
    return Batch(
        ids=("a", "b"),
        image=image,
        clean=1 - image,
        mask=torch.full((2, 5, 5), IGNORE, dtype=torch.uint8),
        box=torch.tensor([[0.1, 0.2, 0.3, 0.4], [float("nan")] * 4]),
        classes={"breed": torch.tensor([3, MISSING]), "species": torch.tensor([0, 1])},
        inside=torch.ones(2, 5, 5, dtype=torch.bool),
        keys=torch.tensor([7, 2**62]),
    )


def test_its_length_is_the_number_of_samples() -> None:
    assert len(make_batch()) == 2


def test_on_the_same_device_every_value_is_the_same() -> None:
    batch = make_batch()
    moved = batch.to(torch.device("cpu"))
    assert moved.ids == batch.ids
    for name in (*NAMES, "keys"):
        torch.testing.assert_close(getattr(moved, name), getattr(batch, name), atol=0, rtol=0, equal_nan=True)
    assert {kind: ids.tolist() for kind, ids in moved.classes.items()} == {"breed": [3, -1], "species": [0, 1]}


def assert_moved(place: torch.device) -> None:
    batch = make_batch()
    moved = batch.to(place)
    assert {getattr(moved, name).device.type for name in NAMES} == {place.type}
    assert {ids.device.type for ids in moved.classes.values()} == {place.type}
    assert moved.keys.device.type == "cpu"  # what is drawn is drawn there
    assert {getattr(batch, name).device.type for name in NAMES} == {"cpu"}


def test_all_that_is_computed_with_moves_and_the_keys_stay(device: torch.device) -> None:
    assert_moved(torch.device("meta"))
    assert_moved(device)


def test_no_tensor_is_left_out_of_these_tests() -> None:
    tensors = {field.name for field in fields(Batch) if isinstance(getattr(make_batch(), field.name), torch.Tensor)}
    assert tensors == {*NAMES, "keys"}


def test_parts_with_different_numbers_of_boxes_are_joined() -> None:
    form, samples = BoxesForm(("thing",)), [[[0, 0, 2, 2, 0, 0]] * count for count in (1, 3)]
    rows = [*(np.array(each, np.float32) for each in samples), form.blank(4, 4), np.zeros((0, 6), np.float32)]
    vocabulary = replace(EXAMPLE_VOCABULARY, layers={"things": form})
    parts = [
        replace(example_batch(1, vocabulary), layers={"things": layer_batch(form, [each], vocabulary.size)})
        for each in rows
    ]
    torch.testing.assert_close(join(parts).layers["things"], layer_batch(form, rows, vocabulary.size), equal_nan=True)
