"""What is particular to the controls: nothing about a picture, and always the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from auxseg.data.sample import MISSING, Vocabulary
from auxseg.records.values.size import Size
from auxseg.tasks import NoiseConfig, RandomLabelsConfig, Task
from tests.tasks.examples import SIZE, VOCABULARY, make_batch

CONTROLS: dict[str, Task] = {
    "random-labels": RandomLabelsConfig(label="breed").build("labels", VOCABULARY),
    "noise": NoiseConfig().build("noise", VOCABULARY),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_the_lot_depends_on_the_id_alone(name: str) -> None:
    batch, task = make_batch(20), CONTROLS[name]
    other = replace(make_batch(20), keys=batch.keys + 7)
    torch.testing.assert_close(task.target(other), task.target(batch), rtol=0, atol=0)
    renamed = replace(batch, ids=tuple(f"another {index}" for index in range(20)))
    assert not torch.equal(task.target(renamed), task.target(batch))


@pytest.mark.parametrize("counts", [{"breed": (5, 3, 2)}, {}])
def test_random_labels_have_the_shares_of_the_training_split(counts: dict[str, tuple[int, ...]]) -> None:
    vocabulary = Vocabulary(Size.of(SIZE), VOCABULARY.mask_classes, VOCABULARY.labels, counts=counts)
    lots = RandomLabelsConfig(label="breed").build("labels", vocabulary).target(make_batch(3000))
    shares = lots.bincount() / len(lots)
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.2] if counts else [1 / 3] * 3, abs=0.04)


def test_random_labels_are_missing_where_the_label_is() -> None:
    batch = make_batch(4)
    batch.classes["breed"][1] = MISSING
    assert (CONTROLS["random-labels"].target(batch) == MISSING).tolist() == [False, True, False, False]


def test_noise_is_smooth_and_of_unit_size() -> None:
    batch = make_batch(200)
    maps = NoiseConfig(cells=SIZE).build("noise", VOCABULARY).target(batch)
    assert maps.mean().item() == pytest.approx(0, abs=0.02)
    assert maps.std().item() == pytest.approx(1, abs=0.02)
    coarse = NoiseConfig(cells=2).build("noise", VOCABULARY).target(batch)
    assert coarse.diff(dim=-1).abs().mean() < maps.diff(dim=-1).abs().mean() / 3
