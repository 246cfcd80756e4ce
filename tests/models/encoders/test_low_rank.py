"""Adapters start as nothing, learn in the place of the weights and end as a part of them."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from auxseg.models import ModelConfig, build_network
from auxseg.models.encoders import LoRAConfig, add_adapters, merge_adapters
from auxseg.models.encoders.low_rank import LowRank, adapter_parameters
from tests.models.cases import MODELS, THREE_TASKS


def _fill(module: nn.Module) -> None:
    """Let the adapters add something."""
    with torch.no_grad():
        for parameter in adapter_parameters(module):
            parameter.copy_(torch.randn(parameter.shape))


def _adapted(config: ModelConfig, rank: int = 4) -> ModelConfig:
    lora = LoRAConfig(rank=rank, alpha=2.0)
    return dataclasses.replace(config, encoder=dataclasses.replace(config.encoder, lora=lora))


def test_a_linear_layer_computes_what_the_paper_says() -> None:
    layer, x = nn.Linear(5, 7), torch.randn(3, 5)
    network = nn.Sequential(nn.Conv2d(2, 2, 1))  # no attention: only convolutions are adapted
    assert add_adapters(network.append(layer), 2, 6.0) == 1
    low = LowRank(layer.weight, 2, 6.0)
    _fill(low)
    expected = F.linear(x, layer.weight, layer.bias) + 6.0 / 2 * (x @ low.down.T @ low.up.T)
    torch.testing.assert_close(F.linear(x, low(layer.weight), layer.bias), expected)


def test_a_convolution_is_the_matrix_of_its_unrolled_kernel() -> None:
    layer, x = nn.Conv2d(3, 8, 3, padding=1, bias=False), torch.randn(2, 3, 6, 5)
    plain = layer(x)
    add_adapters(network := nn.Sequential(layer), 2, 1.0)
    _fill(network)
    (low,) = [module for module in network.modules() if isinstance(module, LowRank)]
    columns = F.unfold(x, 3, padding=1)  # N I hw
    added = low.up @ (low.down @ columns) * low.scale
    torch.testing.assert_close(network(x), plain + added.reshape(plain.shape), rtol=1e-4, atol=1e-5)


def test_a_layer_smaller_than_the_rank_keeps_the_scale_of_the_rank() -> None:
    low = LowRank(torch.zeros(2, 3, 1, 1), 8, 4.0)
    assert (tuple(low.up.shape), tuple(low.down.shape), low.scale) == ((2, 2), (2, 3), 0.5)


def test_the_layers_of_attention_are_adapted_and_no_others() -> None:
    backbone = timm.create_model("test_vit")
    assert add_adapters(backbone, 2, 2.0) == 12
    names = {
        name.partition(".parametrizations")[0] for name, p in backbone.named_parameters() if ".up" in name for _ in p
    }
    assert {name.split(".", 2)[2] for name in names} == {"attn.qkv", "attn.proj"}


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("edgenext_xx_small", {"qkv", "proj"}),
        ("xcit_nano_12_p16_224", {"qkv", "q", "k", "v", "proj"}),
        ("twins_svt_small", {"qkv", "q", "kv", "proj"}),
        ("cait_xxs24_224", {"qkv", "q", "k", "v", "proj", "proj_l", "proj_w"}),
        ("convit_tiny", {"qk", "v", "qkv", "proj", "pos_proj"}),
        ("maxvit_nano_rw_256", {"qkv", "proj"}),
        ("swinv2_tiny_window8_256", {"qkv", "proj"}),
    ],
)
def test_attention_is_found_whatever_it_is_called(name: str, layers: set[str]) -> None:
    with torch.device("meta"):
        backbone = timm.create_model(name)
        add_adapters(backbone, 2, 2.0)
    paths = [path for path, module in backbone.named_modules() if isinstance(module, nn.Linear)]
    adapted = {path for path in paths if parametrize.is_parametrized(backbone.get_submodule(path))}
    assert {path.rpartition(".")[2] for path in adapted} == layers
    others = {path.rpartition(".")[2] for path in paths} - layers
    assert {"fc1", "fc2"} & others or name.startswith("edgenext")


def test_without_attention_dense_convolutions_are_adapted() -> None:
    network = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6), nn.Conv2d(6, 2, 3))
    assert add_adapters(network, 2, 2.0) == 2
    assert {name.split(".")[0] for name, _ in network.named_parameters() if "parametrizations" in name} == {"1", "3"}


@pytest.mark.parametrize("name", ["vit dpt", "mobilenet", "unet grey"])
def test_the_first_output_is_that_of_the_plain_network(name: str) -> None:
    plain, adapted = (build_network(each, THREE_TASKS, 3).eval() for each in (MODELS[name], _adapted(MODELS[name])))
    image = torch.rand(2, 3, 40, 48)
    with torch.no_grad():
        expected, found = plain(image), adapted(image)
    for task, output in expected.items():
        assert torch.equal(found[task], output)


def _outputs(network: nn.Module, image: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return network(image)


@pytest.mark.parametrize("name", ["vit simple", "mobilenet"])
def test_merged_adapters_are_gone_and_compute_the_same(name: str) -> None:
    network = build_network(_adapted(MODELS[name]), THREE_TASKS, 0).eval()
    _fill(network)
    image = torch.rand(1, 3, 40, 48)
    before = _outputs(network, image)
    merge_adapters(network)
    assert adapter_parameters(network) == []
    plain = build_network(MODELS[name], THREE_TASKS, 0)
    assert network.state_dict().keys() == plain.state_dict().keys()
    for task, output in _outputs(network, image).items():
        torch.testing.assert_close(output, before[task], rtol=1e-5, atol=1e-6)


def test_a_copy_has_adapters_of_its_own() -> None:
    """A teacher is such a copy."""
    network = build_network(_adapted(MODELS["vit simple"]), THREE_TASKS, 0).eval()
    copied, image = copy.deepcopy(network), torch.rand(1, 3, 40, 48)
    before = _outputs(network, image)
    _fill(network)
    assert all(torch.equal(output, before[task]) for task, output in _outputs(copied, image).items())
    assert not torch.equal(_outputs(network, image)["segmentation"], before["segmentation"])


def test_adapters_learn_in_the_place_of_the_weights() -> None:
    network = build_network(_adapted(MODELS["vit dpt"]), THREE_TASKS, 0)
    adapters = adapter_parameters(network)
    pretrained = network.encoder_parameters()
    assert not {id(p) for p in adapters} & {id(p) for p in pretrained}
    assert all(parameter.requires_grad for parameter in adapters)
    assert not any(parameter.requires_grad for parameter in pretrained)
    torch.stack([output.sum() for output in network(torch.rand(2, 3, 40, 48)).values()]).sum().backward()
    ups = [parameter.grad for parameter in adapters if parameter.shape[1] == 4]
    assert ups
    assert all(grad is not None and grad.abs().sum() > 0 for grad in ups)


def test_adapters_depend_on_the_seed_and_leave_the_other_weights_alone() -> None:
    one, again, other = (build_network(_adapted(MODELS["vit dpt"]), THREE_TASKS, seed) for seed in (0, 0, 1))
    downs = [torch.cat([p.flatten() for p in adapter_parameters(each)]) for each in (one, again, other)]
    assert torch.equal(downs[0], downs[1])
    assert not torch.equal(downs[0], downs[2])
