from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.models import ModelConfig, build_network, check
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import TimmEncoderConfig
from auxseg.models.layers.norms import moving_batch_norms, running_statistics_kept
from auxseg.models.recompute import recompute
from tests.models.cases import MODELS, THREE_TASKS

NAMES = [
    "segnet",
    "unet group",
    "mobilenet",
    "segnet mtan",
    "segnet unet mtan encoder-decoder",
    "segnet cross-stitch",
    "mobilenet cross-stitch stem",
]


def _trained(config: ModelConfig) -> tuple[dict[str, Tensor | None], dict[str, Tensor]]:
    """Gradients and buffers after two steps, in which dropout drops."""
    outputs = THREE_TASKS | {"classification": dataclasses.replace(THREE_TASKS["classification"], dropout=0.5)}
    network = build_network(config, outputs, seed=0).train()
    torch.manual_seed(0)
    for _ in range(2):
        found = network(torch.rand(3, 3, 32, 64, generator=torch.Generator().manual_seed(1)))
        torch.stack([output.square().sum() for output in found.values()]).sum().backward()
    return {name: each.grad for name, each in network.named_parameters()}, dict(network.named_buffers())


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_running_statistics_are_the_same_to_the_bit(name: str) -> None:
    plain, again = (_trained(dataclasses.replace(MODELS[name], checkpointing=each)) for each in (False, True))
    for kept, computed in zip(plain, again, strict=True):
        assert kept.keys() == computed.keys()
        assert all(torch.equal(kept[key], computed[key]) for key in kept)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["segnet", "segnet mtan", "segnet mtan encoder-decoder", "segnet cross-stitch"])
def test_keeps_less(name: str) -> None:
    def kept(checkpointing: bool) -> int:
        total = 0

        def pack(tensor: Tensor) -> Tensor:
            nonlocal total
            total += tensor.numel()
            return tensor

        network = build_network(dataclasses.replace(MODELS[name], checkpointing=checkpointing), THREE_TASKS, seed=0)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            network.train()(torch.rand(1, 3, 64, 64))
        return total

    assert kept(True) < kept(False) / 2


def test_a_second_view_leaves_running_statistics_alone() -> None:
    """Its forward pass keeps them as they are, and its backward pass comes when they may move again."""
    found = []
    for checkpointing in (False, True):
        config = dataclasses.replace(MODELS["segnet mtan"], checkpointing=checkpointing)
        network = build_network(config, THREE_TASKS, seed=0).train()
        image = torch.rand(3, 3, 32, 64, generator=torch.Generator().manual_seed(1))
        first = network(image, ["segmentation"])["segmentation"]
        with running_statistics_kept(moving_batch_norms(network)):
            second = network(1 - image, ["box"])["box"]
        loss = first.square().sum() + second.square().sum()
        loss.backward(retain_graph=True)
        loss.backward()
        gradients = {name: each.grad for name, each in network.named_parameters() if each.grad is not None}
        found.append(gradients | dict(network.named_buffers()))
    assert found[0].keys() == found[1].keys()
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def test_random_numbers_are_drawn_again() -> None:
    dropout = nn.Dropout(0.5)
    x = torch.ones(1000, requires_grad=True)
    dropped = recompute(dropout, lambda x: dropout(x).exp(), x)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(dropped > 1, 2 * dropped, torch.zeros(())).detach())


def test_needs_stages() -> None:
    config = ModelConfig(
        encoder=TimmEncoderConfig(name="vit_tiny_patch16_224"), decoder=UNetDecoderConfig(), checkpointing=True
    )
    with pytest.raises(InputError, match=r"model\.checkpointing: .* a chain of stages, .*choose segnet"):
        check(config, THREE_TASKS)
