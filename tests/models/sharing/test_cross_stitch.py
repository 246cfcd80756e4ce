from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch.nn import functional as F

from auxseg.errors import InputError
from auxseg.models import ModelConfig, build_network, check, outline
from auxseg.models.decoders import ResidualDecoderConfig, UNetDecoderConfig
from auxseg.models.encoders import ChainEncoder, ResidualEncoderConfig, TimmEncoderConfig
from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.sharing import CrossStitch, CrossStitchConfig
from auxseg.tasks.task import Dense, Vector
from tests.models.cases import MODELS, THREE_TASKS

ROWS = ((0.6, 0.3, 0.1), (0.1, 0.6, 0.3), (0.3, 0.1, 0.6))


def _config(name: str = "segnet", **settings: Any) -> ModelConfig:
    return dataclasses.replace(MODELS[name], sharing=CrossStitchConfig(**settings))


@pytest.mark.parametrize("name", ["segnet", "segnet unet", "mobilenet"])
def test_without_mixing_every_task_has_the_network_of_a_single_task(name: str) -> None:
    together = build_network(_config(name, own=1.0), THREE_TASKS, seed=3).eval()
    image = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        found = together(image)
        for task, output in THREE_TASKS.items():
            alone = build_network(_config(name, rows=ROWS), {task: output}, seed=3).eval()
            assert alone.sharing.mixing_matrices() == {}
            assert torch.equal(found[task], alone(image)[task])


@pytest.mark.parametrize("matrix", ["one", "stage", "channel"])
def test_mixes_what_leaves_every_stage(matrix: str) -> None:
    network = build_network(_config(rows=ROWS, matrix=matrix), THREE_TASKS, seed=0).eval()
    scheme = cast(CrossStitch, network.sharing)
    encoders = cast(list[ChainEncoder], list(scheme.encoders().values()))
    image = torch.rand(2, 3, 64, 64)
    x = torch.stack([image] * 3)
    levels, kept = [], []
    with torch.no_grad():
        for stage in range(5):
            levels.append([encoder.chain()[stage](x[task]) for task, encoder in enumerate(encoders)])
            pooled = [F.max_pool2d(level, 2, return_indices=True) for level in levels[-1]]
            kept.append([indices for _, indices in pooled])
            x = torch.einsum("ts,snchw->tnchw", torch.tensor(ROWS), torch.stack([values for values, _ in pooled]))
        found = network.sharing(image, list(THREE_TASKS))
        for number, task in enumerate(THREE_TASKS):
            own, indices = ([each[number] for each in parts] for parts in (levels, kept))
            expected = scheme.branches()[task](Pyramid((*own, x[number]), image.shape[-2:], tuple(indices)))
            torch.testing.assert_close(found[task], expected)


def test_matrices_can_be_inspected() -> None:
    for matrix, places in (("one", 1), ("stage", 5), ("channel", 5)):
        network = build_network(_config(own=0.8, matrix=matrix), THREE_TASKS, seed=0)
        matrices = network.sharing.mixing_matrices()
        assert len(matrices) == places
        for each in matrices.values():
            torch.testing.assert_close(each, torch.full((3, 3), 0.1) + 0.7 * torch.eye(3))


def test_number_of_shares() -> None:
    sizes = {
        matrix: outline(_config(matrix=matrix), THREE_TASKS).parts()["sharing"]
        for matrix in ("one", "stage", "channel")
    }
    channels = outline(MODELS["segnet"], THREE_TASKS).sharing.encoders()["encoder"].channels[:5]
    assert sizes == {"one": 9, "stage": 45, "channel": 9 * sum(channels)}


@pytest.mark.parametrize(("name", "stem"), [("segnet", "stages.0.entry"), ("mobilenet", "backbone.conv_stem")])
def test_a_shared_stem_is_that_of_the_first_encoder(name: str, stem: str) -> None:
    own, shared = (build_network(_config(name, stem=stem), THREE_TASKS, seed=0) for stem in ("own", "shared"))
    first, second = ("sharing.encoder_by_task." + task for task in ("segmentation", "classification"))
    names = set(dict(own.named_parameters())) - set(dict(shared.named_parameters()))
    assert any(name.startswith(f"{second}.{stem}") for name in names)
    assert not any(name.startswith(first) for name in names)
    shared(torch.rand(2, 3, 32, 32))["box"].sum().backward()
    gradients = [parameter.grad for key, parameter in shared.named_parameters() if key.startswith(f"{first}.{stem}")]
    assert gradients
    assert all(gradient is not None and gradient.any() for gradient in gradients)


def test_shares_are_not_decayed() -> None:
    network = build_network(_config(matrix="channel"), THREE_TASKS, seed=0)
    assert all(parameter.ndim == 1 for name, parameter in network.named_parameters() if "shares" in name)


def test_rows_for_other_tasks_are_refused() -> None:
    two = {task: THREE_TASKS[task] for task in ("segmentation", "box")}
    with pytest.raises(InputError, match=r"sharing\.rows: .* 2 numbers for each of segmentation, box, found 3 rows"):
        check(_config(rows=ROWS), two)
    with pytest.raises(InputError, match=r"found 3 rows of 3, 2, 3"):
        check(_config(rows=(ROWS[0], (0.5, 0.5), ROWS[2])), THREE_TASKS)
    check(_config(rows=ROWS), THREE_TASKS)


@pytest.mark.parametrize("values", [{"own": 1.5}, {"matrix": "layer"}, {"stem": "none"}, {"rows": "identity"}])
def test_other_values_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CrossStitchConfig).validate_python({"kind": "cross-stitch"} | values)


def test_needs_stages() -> None:
    encoder = TimmEncoderConfig(name="vit_tiny_patch16_224")
    config = ModelConfig(encoder=encoder, decoder=UNetDecoderConfig(), sharing=CrossStitchConfig())
    with pytest.raises(InputError, match=r"model\.sharing\.kind: cross-stitch: .* a chain of stages"):
        check(config, THREE_TASKS)


def test_full_width_size() -> None:
    """Three encoders with one stem, one matrix for all stages, and one segmentation decoder: 29.2 million."""
    outputs = {
        "classification": Vector(2, grid=2, hidden=200),
        "box": Vector(4, grid=2, hidden=200),
        "segmentation": Dense(2),
    }
    sharing = CrossStitchConfig(matrix="one", stem="shared", rows=ROWS)
    config = ModelConfig(encoder=ResidualEncoderConfig(), decoder=ResidualDecoderConfig(), sharing=sharing)
    assert sum(outline(config, outputs).parts().values()) == pytest.approx(29_173_742, rel=0.01)
