from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from auxseg.errors import InputError
from auxseg.models import ModelConfig, build_network, check, outline
from auxseg.models.decoders import ResidualDecoderConfig, SegNetDecoderConfig, UNetDecoderConfig
from auxseg.models.encoders import ResidualEncoderConfig, SegNetEncoderConfig, TimmEncoderConfig, UNetEncoderConfig
from auxseg.models.sharing import CrossStitchConfig, TwoStageConfig
from auxseg.tasks.task import Dense, Output, Vector
from tests.models.cases import MODELS, SEGMENTATION, THREE_TASKS

ADAPTER = TypeAdapter(ModelConfig)
SEGNET = ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig())
UNET = ModelConfig(encoder=UNetEncoderConfig(), decoder=UNetDecoderConfig())
RESIDUAL = ModelConfig(encoder=ResidualEncoderConfig(), decoder=ResidualDecoderConfig())
RESIDUAL_STITCHED = ModelConfig(
    encoder=ResidualEncoderConfig(),
    decoder=ResidualDecoderConfig(),
    sharing=CrossStitchConfig(matrix="one", stem="shared"),
)
RESIDUAL_TWO_STAGE = ModelConfig(
    encoder=ResidualEncoderConfig(),
    decoder=ResidualDecoderConfig(skips=True),
    sharing=TwoStageConfig(decoders="each"),
)
RESNET34 = ModelConfig(
    encoder=TimmEncoderConfig(name="resnet34"), decoder=UNetDecoderConfig(base=32, limit=256, upsample="transposed")
)
POOLED: dict[str, Output] = {**SEGMENTATION, "classification": Vector(2), "box": Vector(4)}
POOLED_HEADS: dict[str, Output] = {
    **SEGMENTATION,
    "classification": Vector(2, grid=2, hidden=200),
    "box": Vector(4, grid=2, hidden=200),
}


@pytest.mark.parametrize("name", MODELS)
def test_survives_being_written_down(name: str) -> None:
    assert ADAPTER.validate_python(ADAPTER.dump_python(MODELS[name], mode="json")) == MODELS[name]


@pytest.mark.parametrize(
    "change",
    [
        {"encoder": {"kind": "segnett"}},
        {"encoder": {"kind": "unet", "channels": []}},
        {"encoder": {"kind": "unet", "channels": [0]}},
        {"encoder": {"kind": "timm"}},
        {"decoder": {"kind": "unet", "upsample": "cubic"}},
        {"decoder": {"kind": "segnet", "base": 8}},
        {"width": 0},
        {"norm": "layer"},
        {"weights": ""},
        {"depth": 3},
    ],
)
def test_other_values_are_refused(change: dict[str, Any]) -> None:
    values = {"encoder": {"kind": "unet"}, "decoder": {"kind": "unet"}}
    ADAPTER.validate_python(values)
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(values | change)


@pytest.mark.parametrize("name", ["segnet", "unet group", "mobilenet"])
def test_another_task_leaves_the_other_initial_weights_alone(name: str) -> None:
    one = build_network(MODELS[name], {"segmentation": Dense(3)}, seed=5).state_dict()
    three = build_network(MODELS[name], dict(reversed(THREE_TASKS.items())), seed=5).state_dict()
    assert one.keys() < three.keys()
    assert all(torch.equal(one[key], three[key]) for key in one)


@pytest.mark.parametrize("name", ["segnet", "mobilenet"])
def test_the_seed_is_all_that_counts(name: str) -> None:
    first = build_network(MODELS[name], THREE_TASKS, seed=0).state_dict()
    torch.rand(1)
    again = build_network(MODELS[name], THREE_TASKS, seed=0).state_dict()
    other = build_network(MODELS[name], THREE_TASKS, seed=1).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert all(not torch.equal(first[key], other[key]) for key in first if key.endswith("conv.weight"))


def test_two_dense_tasks_start_differently() -> None:
    network = build_network(UNET, {"one": Dense(2), "two": Dense(2)}, seed=0)
    one, two = (dict(network.sharing.branches()[name].named_parameters()) for name in ("one", "two"))
    assert not torch.equal(one["head.logits.weight"], two["head.logits.weight"])


@pytest.mark.parametrize(
    ("config", "outputs", "expected", "tolerance"),
    [
        (SEGNET, SEGMENTATION, 29_436_226, 0.0),
        (UNET, SEGMENTATION, 2_087_449, 0.1),
        (RESIDUAL, SEGMENTATION, 18_881_615, 0.01),
        (RESIDUAL_STITCHED, POOLED_HEADS, 29_173_742, 0.01),
        (RESIDUAL_STITCHED, {name: POOLED_HEADS[name] for name in ("segmentation", "box")}, 24_027_759, 0.01),
        (RESIDUAL_TWO_STAGE, POOLED_HEADS, 56_568_382, 0.03),
        (RESNET34, SEGMENTATION, 28_912_361, 0.06),
        (RESNET34, POOLED, 28_915_439, 0.06),
        (RESNET34, {"classification": Vector(2)}, 21_798_698, 0.03),
    ],
    ids=[
        "segnet",
        "unet",
        "residual",
        "residual three encoders",
        "residual two encoders",
        "residual two-stage",
        "resnet34",
        "resnet34 three tasks",
        "resnet34 classification",
    ],
)
def test_full_width_sizes(config: ModelConfig, outputs: dict[str, Output], expected: int, tolerance: float) -> None:
    network = outline(config, outputs)
    assert all(parameter.is_meta for parameter in network.parameters())
    assert sum(network.parts().values()) == pytest.approx(expected, rel=tolerance, abs=0)


def test_check_accepts_what_can_be_built() -> None:
    for config in MODELS.values():
        check(config, THREE_TASKS)


REFUSED = {
    "decoder without indices": (
        ModelConfig(encoder=UNetEncoderConfig(), decoder=SegNetDecoderConfig()),
        r"model\.decoder: segnet unpools",
    ),
    "weights without statistics": (
        ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), norm="group", weights="timm"),
        r"model\.norm: .* expected batch, found group",
    ),
    "weights of another width": (
        ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), width=0.5, weights="timm"),
        r"model\.width",
    ),
    "weights nobody has": (
        ModelConfig(encoder=UNetEncoderConfig(), decoder=UNetDecoderConfig(), weights="timm"),
        r"model\.weights",
    ),
    "backbone nobody knows": (
        ModelConfig(encoder=TimmEncoderConfig(name="resnet81"), decoder=UNetDecoderConfig()),
        r"model\.encoder\.name: .*resnet18",
    ),
}


@pytest.mark.parametrize(("config", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_cannot_work(config: ModelConfig, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check(config, THREE_TASKS)
    with pytest.raises(InputError, match=reason):
        build_network(config, THREE_TASKS, seed=0)


@pytest.mark.parametrize("name", ["", "a.b", "keys", "train"])
def test_names_that_modules_cannot_have(name: str) -> None:
    with pytest.raises(InputError, match=f"PyTorch does not allow the name {name!r}"):
        check(UNET, {name: Dense(2)})


def test_checking_reads_no_weights() -> None:
    check(ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), weights="absent.pth"), SEGMENTATION)
    with pytest.raises(InputError, match=r"absent\.pth is not a file"):
        build_network(
            ModelConfig(encoder=SegNetEncoderConfig(), decoder=SegNetDecoderConfig(), weights="absent.pth"),
            SEGMENTATION,
            seed=0,
        )
