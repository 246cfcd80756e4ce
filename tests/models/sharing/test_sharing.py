"""The protocol of a sharing scheme: what a scheme of one's own has to say, and what it may leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, final

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models import Network, build_network
from auxseg.models.branch import Branch, VectorBranch
from auxseg.models.encoders import Encoder, UNetEncoderConfig
from auxseg.models.layers.heads import VectorHead
from auxseg.models.sharing import HardSharingConfig, Sharing
from auxseg.models.sharing.sharing import Builder
from auxseg.tasks.task import Vector
from tests.models.cases import MODELS, THREE_TASKS


@final
class _Least(Sharing):
    """One encoder and heads on its coarsest level: nothing but what has to be said."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.encoder = UNetEncoderConfig(channels=(4, 8)).build(width=1.0, norm="group", weights="none")
        self.by_task = nn.ModuleDict({task: VectorBranch(VectorHead(8, Vector(2))) for task in tasks})

    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        pyramid = self.encoder(image)
        return {task: self.by_task[task](pyramid) for task in tasks}

    def encoders(self) -> Mapping[str, Encoder]:
        return {"encoder": self.encoder}

    def branches(self) -> Mapping[str, Branch]:
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        return list(self.encoder.parameters())

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        return list(self.by_task[task].parameters())


def test_the_least_scheme_is_a_network() -> None:
    network = Network(_Least(["one", "two"]))
    image = torch.rand(2, 3, 17, 30)
    outputs = network(image)
    assert {task: tuple(output.shape) for task, output in outputs.items()} == {"one": (2, 2), "two": (2, 2)}
    assert list(network(image, ["two"])) == ["two"]
    assert network.tasks == ("one", "two")
    assert sum(network.parts().values()) == sum(parameter.numel() for parameter in network.parameters())


def test_a_scheme_without_attention_and_mixing_shows_none() -> None:
    scheme = _Least(["one"])
    assert Network(scheme).attention_masks(torch.rand(1, 3, 16, 16), ["one"]) == {}
    assert scheme.mixing_matrices() == {}


@pytest.mark.parametrize("method", ["forward", "encoders", "branches", "shared_parameters", "task_parameters"])
def test_a_scheme_that_does_not_say_who_owns_what_is_none(method: str) -> None:
    parts = {name: value for name, value in vars(_Least).items() if name != method}
    incomplete: Any = type("Incomplete", (Sharing,), {**parts, "__module__": __name__})
    with pytest.raises(TypeError, match=f"abstract.*{method}"):
        incomplete(["one"])


def test_schemes_are_given_a_builder_that_keeps_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    build = HardSharingConfig.build
    monkeypatch.setattr(HardSharingConfig, "build", lambda self, builder: given.append(builder) or build(self, builder))
    build_network(MODELS["unet"], THREE_TASKS, seed=0, target="box")
    (builder,) = given
    assert isinstance(builder, Builder)
    assert builder.target == "box"
    assert builder.norm == MODELS["unet"].norm
    assert dict(builder.outputs) == THREE_TASKS
    assert not isinstance(object(), Builder)


@pytest.mark.parametrize("name", ["unet", "unet shared decoder", "unet group mtan", "unet grey two-stage"])
def test_every_scheme_gives_the_tasks_that_are_asked_for_and_no_others(name: str) -> None:
    network = build_network(MODELS[name], THREE_TASKS, seed=0).eval()
    with torch.no_grad():
        assert set(network(torch.rand(1, 3, 32, 32), ["box", "segmentation"])) == {"box", "segmentation"}
