from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.recipe import load_recipe
from auxseg.run import Model, load, train
from auxseg.run.attention import _cut, attention, has_attention
from tests.run.conftest import SETTINGS


@pytest.fixture(scope="module")
def model(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "model.sharing.kind=mtan", "training.steps=2"])
    return load(train(recipe, store_path, tmp_path_factory.mktemp("runs") / "run"), "cpu")


def test_every_task_tells_where_it_looks_at_every_stage(model: Model) -> None:
    assert has_attention(model)
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    found = attention(model, image)
    assert sorted(found) == sorted(model.tasks)
    for places in found.values():
        assert list(places) == ["encoder stage 1", "encoder stage 2"]
        assert [mask.shape for mask in places.values()] == [(32, 32), (16, 16)]
        assert all(0 < mask.min() <= mask.max() < 1 for mask in places.values())


def test_looking_changes_nothing_and_is_what_the_network_did(model: Model) -> None:
    image = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    before = model.predict(image, probabilities=True).probabilities["segmentation"]
    found = attention(model, image)
    assert (model.predict(image, probabilities=True).probabilities["segmentation"] == before).all()
    batch = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    expected = model.network.attention_masks(batch, ["segmentation"])["segmentation"]["encoder stage 1"]
    torch.testing.assert_close(torch.from_numpy(found["segmentation"]["encoder stage 1"]), expected[0, 0])


def test_padding_is_cut_off() -> None:
    rows = torch.arange(16.0)[:, None].expand(16, 16)[None, None]
    wide = _cut(rows, fit((20, 40), 32, "letterbox"), 8)
    assert wide.shape == (8, 16)
    assert (wide[0, 0], wide[-1, 0]) == (4, 11)
    odd = _cut(rows, fit((30, 30), 30, "squash"), 8)  # 30 pixels are padded to 32
    assert odd.shape == (15, 15)
    assert _cut(rows[..., :1, :1], fit((1, 400), 32, "letterbox"), 32).shape == (1, 1)


def test_a_network_without_attention_tells_nothing(store_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [*SETTINGS, "training.steps=1"])
    plain = load(train(recipe, store_path, tmp_path / "run"), "cpu")
    assert not has_attention(plain)
    assert attention(plain, np.zeros((8, 8, 3), np.uint8)) == {}
