"""Batch normalisation of a single value is refused with what to change, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import Network, build_network
from auxseg.recipe import Recipe, build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run.beginning.micro_batches import refuse_lone_values
from auxseg.training.runtime import Runtime

LONE = (
    "model.encoder={kind: residual, channels: [8, 8, 8, 8, 8, 8], num_units: 1}",
    "model.decoder={kind: residual, base: 8, num_units: 1}",
    "training.batch=4",
    "training.accumulate=4",
)


def _built(store_path: Path, *settings: str) -> tuple[Recipe, Network, Size]:
    store = Store.open(store_path)
    recipe = load_recipe("tiny-mtl", [*LONE, *settings])
    outputs = {name: task.output for name, task in build_tasks(recipe, store.vocabulary).items()}
    return recipe, build_network(recipe.model, outputs, 0, recipe.target), store.size


def test_one_value_per_channel_is_refused(store_path: Path) -> None:
    recipe, network, size = _built(store_path)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    reason = rf"data\.size=32, the encoder's stride of {network.stride} .* set training\.accumulate=2"
    with pytest.raises(InputError, match=reason):
        refuse_lone_values(recipe, network, size, Runtime("cpu"))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    "setting", ["training.accumulate=2", "model.norm=group", "model.encoder.channels=[8, 8]", "training.batch=8"]
)
def test_what_the_sentence_advises_is_let_through(store_path: Path, setting: str) -> None:
    recipe, network, size = _built(store_path, setting)
    refuse_lone_values(recipe, network, size, Runtime("cpu"))


def test_a_larger_picture_is_let_through(store_path: Path) -> None:
    recipe, network, _ = _built(store_path)
    refuse_lone_values(recipe, network, Size.of(2 * network.stride), Runtime("cpu"))
