"""Shared parameters are grouped by stage, each once, in every model."""

from __future__ import annotations

import pytest
from torch import nn

from auxseg.models import ModelConfig, outline
from auxseg.models.encoders.encoder import Staged
from auxseg.models.stages import shared_by_stage
from tests.models.cases import MODELS, THREE_TASKS


@pytest.mark.parametrize("config", MODELS.values(), ids=MODELS)
def test_every_shared_parameter_is_in_one_group(config: ModelConfig) -> None:
    network = outline(config, THREE_TASKS, "segmentation")
    groups = shared_by_stage(network)
    found = [id(parameter) for group in groups.values() for parameter in group]
    assert len(found) == len(set(found))
    assert set(found) == {id(parameter) for parameter in network.shared_parameters()}
    encoder = next(iter(network.sharing.encoders().values()))
    if found and isinstance(encoder, Staged):
        stages = [f"stage {number}" for number in range(1, encoder.num_stages + 1)]
        assert [name for name in groups if name != "sharing"] == stages
        own = {id(parameter) for parameter in encoder.parameters()}
        assert not own & {id(parameter) for parameter in groups.get("sharing", ())}
    elif found:
        assert len(groups) > 1
        assert "backbone" not in groups or "pyramid" in groups  # a wrapper alone would be no part


def test_what_belongs_to_no_encoder_is_apart() -> None:
    network = outline(MODELS["unet shared decoder"], THREE_TASKS, "segmentation")
    decoder = network.sharing.get_submodule("decoder")
    assert isinstance(decoder, nn.Module)
    assert {id(p) for p in shared_by_stage(network)["sharing"]} == {id(p) for p in decoder.parameters()}
