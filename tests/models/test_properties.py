"""What holds for every model, whatever it is made of."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from auxseg.models import ModelConfig, Network, build_network, outline
from auxseg.models.branch import DenseBranch
from auxseg.models.decoders import DecoderConfig, SegNetDecoder
from auxseg.models.encoders import ChainEncoder, EncoderConfig, Stage
from auxseg.models.layers.heads import DenseHead
from auxseg.models.sharing import HardSharing, SharingConfig, TwoStageConfig
from auxseg.tasks.task import Dense
from auxseg.testing import check_sharing
from tests.models.cases import MODELS, STAGED, THREE_TASKS

FURTHER = tuple(
    f"{name} {scheme}"
    for number, name in enumerate(STAGED[1:])
    for scheme in (("mtan encoder-decoder", "cross-stitch stem"), ("mtan", "cross-stitch"))[number % 2]
)
"""Models whose encoder and scheme each stand in other models; only `make slow` computes with them."""

every_model = pytest.mark.parametrize(
    "config",
    [pytest.param(config, id=name, marks=[pytest.mark.slow] * (name in FURTHER)) for name, config in MODELS.items()],
)


@pytest.fixture(autouse=True)
def _deterministic() -> Iterator[None]:
    """No operation of any model may refuse deterministic mode."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def _build(config: ModelConfig, device: torch.device, seed: int = 0) -> Network:
    return build_network(config, THREE_TASKS, seed).to(device)


def _pictures(device: torch.device, num_images: int = 3, size: tuple[int, int] = (50, 70)) -> Tensor:
    return torch.rand(num_images, 3, *size, generator=torch.Generator().manual_seed(1)).to(device)


def _loss(outputs: dict[str, Tensor]) -> Tensor:
    return torch.stack([output.float().square().sum() for output in outputs.values()]).sum()


@pytest.mark.parametrize(
    ("part", "kinds"), [("encoder", EncoderConfig), ("decoder", DecoderConfig), ("sharing", SharingConfig)]
)
def test_every_kind_is_part_of_a_model(part: str, kinds: Any) -> None:
    """A component that no model here has would be tested by no property."""
    listed = typing.get_args(typing.get_args(kinds)[0])
    assert {type(getattr(config, part)) for config in MODELS.values()} == set(listed)


@every_model
def test_every_model_keeps_the_contract(config: ModelConfig, device: torch.device) -> None:
    check_sharing(config.sharing, config, device=device)


@every_model
def test_every_parameter_stands_in_one_part(config: ModelConfig) -> None:
    network = outline(config, THREE_TASKS)
    assert sum(network.parts().values()) == sum(parameter.numel() for parameter in network.parameters())
    if not isinstance(config.sharing, TwoStageConfig):  # whose tasks read each other's encoders without moving them
        assert set(network.encoder_parameters()) <= set(network.shared_parameters())


@every_model
def test_only_batch_normalisation_makes_training_see_the_batch(config: ModelConfig, device: torch.device) -> None:
    network = _build(config, device).train()
    pictures = _pictures(device)
    with torch.no_grad():
        together, alone = network(pictures)["segmentation"][:2], network(pictures[:2])["segmentation"]
    assert torch.allclose(alone, together, rtol=1e-3, atol=1e-4) == (config.norm == "group")


@every_model
def test_memory_format_changes_nothing(config: ModelConfig, device: torch.device) -> None:
    # Doubles and a size that needs no padding, lest rounding choose between equal pixels of a pooling window.
    network = _build(config, device).double().eval()
    pictures = _pictures(device, 2, (32, 64)).double()
    with torch.no_grad():
        expected = network(pictures)
        network.to(memory_format=torch.channels_last)
        found = network(pictures.contiguous(memory_format=torch.channels_last))
    for name in THREE_TASKS:
        torch.testing.assert_close(found[name], expected[name])
    assert found["segmentation"].shape == (2, 3, 32, 64)


@every_model
def test_trains_in_half_precision(config: ModelConfig, device: torch.device) -> None:
    network = _build(config, device).to(memory_format=torch.channels_last).train()
    with torch.autocast(device.type, torch.bfloat16):
        outputs = network(_pictures(device, 2, (33, 60)))
    _loss(outputs).backward()
    gradients = [parameter.grad for parameter in network.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def _small_segnet() -> Network:
    encoder = ChainEncoder([Stage(3, 8, 1, "batch"), Stage(8, 8, 2, "batch")], keep_indices=True)
    branch = DenseBranch(SegNetDecoder(encoder, norm="batch"), DenseHead(8, Dense(2)))
    return Network(HardSharing(encoder, {"segmentation": branch}))


@pytest.mark.slow  # exported networks are compared at two sizes wherever they are exported
@pytest.mark.parametrize("name", ["segnet", "unet group"])
def test_traced_at_one_size_serves_another(name: str) -> None:
    network = (_small_segnet() if name == "segnet" else _build(MODELS[name], torch.device("cpu"))).eval()
    auto = torch.export.Dim.AUTO
    with torch.no_grad():
        program = torch.export.export(
            network,
            (_pictures(torch.device("cpu"), 2, (64, 96)),),
            dynamic_shapes={"image": {0: auto, 2: auto, 3: auto}},
        )
        pictures = _pictures(torch.device("cpu"))
        # The guards say whether cutting changes the memory layout, which is of no consequence here.
        found, expected = program.module(check_guards=False)(pictures), network(pictures)
    for task in network.tasks:
        torch.testing.assert_close(found[task], expected[task], rtol=1e-4, atol=1e-5)
