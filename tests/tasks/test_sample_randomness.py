"""What is drawn for a sample depends on its key and the task's kind, and on nothing that happened before."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import MISSING
from auxseg.keyed import sample_keys
from auxseg.tasks.sample_randomness import draw_class, generator, has_photograph
from tests.tasks.examples import make_batch


def _keyed(num_images: int) -> Batch:
    keys = sample_keys(0, [0] * num_images, [str(index) for index in range(num_images)])
    return replace(make_batch(num_images), keys=keys)


def _draw(kind: str, key: int | str) -> list[float]:
    return torch.rand(3, generator=generator(kind, key)).tolist()


def test_a_stream_is_that_of_kind_and_key() -> None:
    first = _draw("denoising", 7)
    torch.rand(5)
    assert _draw("denoising", 7) == first
    assert _draw("denoising", "7") == first
    assert _draw("denoising", 8) != first
    assert _draw("rotation", 7) != first


def test_the_stream_of_the_process_is_left_alone() -> None:
    batch = _keyed(3)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    _draw("denoising", 7)
    draw_class("rotation", 4, batch)
    assert torch.equal(torch.rand(2), expected)


def test_the_stream_is_the_same_on_every_machine() -> None:
    assert _draw("denoising", 7) == pytest.approx([0.9020671844482422, 0.8529712557792664, 0.2834509015083313])


@pytest.mark.parametrize("num_classes", [2, 4])
def test_every_class_is_as_likely(num_classes: int) -> None:
    num_images = 2000
    counts = draw_class("rotation", num_classes, _keyed(num_images)).bincount(minlength=num_classes)
    expected = num_images / num_classes
    chi_squared = ((counts - expected) ** 2 / expected).sum().item()
    assert len(counts) == num_classes
    assert chi_squared < 25  # with 3 degrees of freedom the chance of more is below 1 in 50,000


def test_an_image_keeps_its_class_whatever_stands_beside_it() -> None:
    batch = _keyed(6)
    classes = draw_class("flip", 4, batch)
    alone = replace(make_batch(1), keys=batch.keys[4:5], inside=batch.inside[4:5])
    assert draw_class("flip", 4, alone).tolist() == classes[4:5].tolist()


def test_padding_alone_has_no_class() -> None:
    batch = _keyed(3)
    inside = torch.zeros_like(batch.inside)
    inside[0] = True
    inside[1, -1, -1] = True  # one pixel of the photograph is enough
    batch = replace(batch, inside=inside)
    assert has_photograph(batch).tolist() == [True, True, False]
    classes = draw_class("rotation", 4, batch)
    assert classes.dtype == torch.int64
    assert classes[2] == MISSING
    assert (classes[:2] >= 0).all()
