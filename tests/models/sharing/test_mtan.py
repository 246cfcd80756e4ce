from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models import ModelConfig, Network, build_network, check, outline
from auxseg.models.decoders import SegNetDecoderConfig, UNetDecoderConfig
from auxseg.models.encoders import EncoderConfig, SegNetEncoderConfig, TimmEncoderConfig
from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.sharing import MTAN, MTANConfig
from auxseg.models.sharing.attention import Attention, Streams
from auxseg.tasks.task import Dense, Output, Vector
from tests.models.cases import MODELS, SEGMENTATION

OUTPUTS: dict[str, Output] = {"segmentation": Dense(2), "edges": Dense(1), "classification": Vector(2)}
FULL: dict[str, Output] = {"segmentation": Dense(2), "classification": Vector(2, grid=8), "box": Vector(4, grid=8)}


def _network(name: str = "segnet mtan encoder-decoder") -> Network:
    return build_network(MODELS[name], OUTPUTS, seed=0)


def _scheme(network: Network) -> MTAN:
    return cast(MTAN, network.sharing)


def _segnet(attention: str) -> ModelConfig:
    sharing = MTANConfig(attention=attention)  # pyright: ignore[reportArgumentType]
    return ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), sharing=sharing)


def _mask(attention: Attention, u: Tensor, features: Tensor | None) -> Tensor:
    """The mask as the paper has it: the inputs joined, and one convolution over both."""
    joined, weight = u, attention.from_u.weight
    if features is not None:
        assert attention.from_task is not None
        joined = torch.cat([u, features], 1)
        weight = torch.cat([weight, attention.from_task.weight], 1)
    hidden = torch.relu(attention.hidden_norm(F.conv2d(joined, weight)))
    return torch.sigmoid(attention.mask_norm(attention.to_mask(hidden)))


def _convolved(streams: Streams, number: int, task: str, x: Tensor) -> Tensor:
    return torch.relu(streams.stream(task).norms[number](streams.convolutions[number](x)))


def _by_hand(scheme: MTAN, image: Tensor, task: str) -> Tensor:
    """One task's output, computed alone and in the words of the paper."""
    encoder, x, levels, kept, seen = scheme.encoder, image, [], [], []
    features: Tensor | None = None
    for stage in range(encoder.num_stages):
        u = encoder.entry(stage, x)
        levels.append(encoder.body(stage, u))
        attention = cast(Attention, scheme.streams.stream(task).attentions[stage])
        seen.append(_mask(attention, u, features) * levels[-1])
        features = F.max_pool2d(_convolved(scheme.streams, stage, task, seen[-1]), 2)
        x, indices = encoder.down(stage, levels[-1])
        kept.append(indices)
    assert features is not None
    branch, indices = scheme.branches()[task], tuple(kept) if kept[0] is not None else None
    if scheme.decoder is None or task not in cast(Streams, scheme.decoder_streams).by_task:
        return branch(Pyramid((*seen, features), image.shape[-2:], indices))
    shared, streams = Pyramid((*levels, x), image.shape[-2:], indices), cast(Streams, scheme.decoder_streams)
    for step in range(len(scheme.decoder.step_channels)):
        u = scheme.decoder.enter(step, x, shared)
        x = scheme.decoder.body(step, u, shared)
        features = F.interpolate(features, scale_factor=2, mode="bilinear")
        features = _convolved(streams, step, task, features)
        features = _mask(cast(Attention, streams.stream(task).attentions[step]), u, features) * x
    return branch(features)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["segnet mtan", "segnet unet mtan", "segnet mtan encoder-decoder"])
def test_computes_what_the_paper_says(name: str, training: bool) -> None:
    network = _network(name).double()
    network(torch.rand(3, 3, 64, 64).double())  # moves the running statistics
    network.train(training)
    image = torch.rand(2, 3, 64, 64).double()
    with torch.no_grad():
        found = network.sharing(image, list(OUTPUTS))
        for task in OUTPUTS:
            torch.testing.assert_close(found[task], _by_hand(_scheme(network), image, task))


def test_full_width_sizes() -> None:
    size = sum(outline(_segnet("encoder"), FULL).parts().values())
    assert size == pytest.approx(41_419_470, rel=0.01)
    for channels in (1, 2, 3):
        both = outline(_segnet("encoder-decoder"), FULL | {"auxiliary": Dense(channels)})
        assert sum(both.parts().values()) == pytest.approx(45_002_000, rel=0.1)


def _calls(modules: Mapping[str, nn.Module]) -> list[str]:
    calls: list[str] = []
    for name, module in modules.items():
        module.register_forward_hook(lambda *_, name=name: calls.append(name))
    return calls


def test_only_the_streams_that_are_asked_for_run() -> None:
    network = _network()
    scheme = _scheme(network)
    calls = _calls(
        {f"{task} encoder": scheme.streams.stream(task).attentions[0] for task in OUTPUTS}
        | {f"{task} decoder": cast(Streams, scheme.decoder_streams).stream(task).attentions[0] for task in SEGMENTATION}
        | {"decoder": cast(nn.ModuleList, scheme.decoder.get_submodule("stages"))[0]}  # pyright: ignore[reportOptionalMemberAccess]
    )
    network(torch.rand(2, 3, 32, 32), ["classification"])
    assert calls == ["classification encoder"]
    calls.clear()
    network(torch.rand(2, 3, 32, 32), ["segmentation"])
    assert calls == ["segmentation encoder", "decoder", "segmentation decoder"]


def test_a_task_does_not_see_which_others_are_computed() -> None:
    network = _network().train()
    image = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        together = network(image)
        for task in OUTPUTS:
            assert torch.equal(network(image, [task])[task], together[task])


def test_what_belongs_to_whom() -> None:
    network = _network()
    names = {parameter: name for name, parameter in network.named_parameters()}
    shared = {names[parameter] for parameter in network.shared_parameters()}
    assert {name.split(".")[1] for name in shared} == {"encoder", "streams", "decoder", "decoder_streams"}
    assert all("convolutions" in name for name in shared if "streams" in name)
    own = [names[parameter].split(".") for parameter in network.task_parameters("classification")]
    assert {".".join(name[1:4]) for name in own} == {"streams.by_task.classification", "by_task.classification.head"}


def test_masks_of_every_task_and_stage() -> None:
    network = _network().eval()
    masks = network.attention_masks(torch.rand(2, 3, 64, 96), ["classification", "edges"])
    assert list(masks) == ["classification", "edges"]
    assert list(masks["classification"]) == [f"encoder stage {number}" for number in range(1, 6)]
    assert list(masks["edges"])[5:] == [f"decoder step {number}" for number in range(1, 6)]
    for number, mask in enumerate(masks["classification"].values()):
        assert mask.shape == (2, 1, 64 // 2**number, 96 // 2**number)
        assert mask.min() > 0
        assert mask.max() < 1
    network(torch.rand(2, 3, 64, 96))  # nothing goes on being recorded
    assert len(masks["edges"]) == 10


@pytest.mark.parametrize("name", ["segnet mtan", "segnet mtan encoder-decoder"])
@pytest.mark.parametrize("outputs", [{"one": Dense(2)}, {"one": Vector(3)}], ids=["dense", "vector"])
def test_one_task_will_do(name: str, outputs: dict[str, Output]) -> None:
    assert build_network(MODELS[name], outputs, seed=0)(torch.rand(2, 3, 32, 32))["one"].shape[:2] in {(2, 2), (2, 3)}


@pytest.mark.parametrize("name", ["segnet mtan", "mobilenet mtan encoder-decoder"])
def test_another_task_leaves_the_other_initial_weights_alone(name: str) -> None:
    one = build_network(MODELS[name], SEGMENTATION, seed=5).state_dict()
    three = build_network(MODELS[name], dict(reversed(OUTPUTS.items())), seed=5).state_dict()
    assert one.keys() < three.keys()
    assert all(torch.equal(one[key], three[key]) for key in one)


@pytest.mark.parametrize(
    "encoder", [TimmEncoderConfig(name="vit_tiny_patch16_224"), TimmEncoderConfig(name="hrnet_w18_small")]
)
def test_needs_stages(encoder: EncoderConfig) -> None:
    config = ModelConfig(encoder=encoder, decoder=UNetDecoderConfig(), sharing=MTANConfig())
    with pytest.raises(InputError, match=r"model\.sharing\.kind: mtan: .* a chain of stages, .*choose segnet"):
        check(config, SEGMENTATION)
