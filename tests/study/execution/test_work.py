"""The work of arms stands in the same ratio as the operations of their steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from auxseg.data.sample import Vocabulary
from auxseg.recipe import load_recipe
from auxseg.records.values.size import Size
from auxseg.study.design.same_compute import flops_per_image
from auxseg.study.execution.work import work

LABELS = {"label": ("one", "other")}


@pytest.mark.parametrize("size", [64, 256])
def test_it_is_in_the_ratio_of_operations(size: int) -> None:
    vocabulary = Vocabulary(Size.of(size), ("background", "object"), LABELS, counts={"label": (1, 1)})
    recipes = [
        load_recipe("unet", settings)
        for settings in ([], ["tasks.edges.kind=edges"], ["tasks.edges.kind=edges", "tasks.noisy.kind=denoising"])
    ]
    works = [work(recipe, vocabulary) for recipe in recipes]
    flops = [flops_per_image(recipe, vocabulary) for recipe in recipes]
    for own, counted in zip(works, flops, strict=True):
        assert own / works[0] == pytest.approx(counted / flops[0], rel=0.02)
    assert works[2] > 1.5 * works[0]


@pytest.fixture
def filled() -> Iterator[None]:
    """Memory that is not initialised holds garbage for certain."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "tiny_vit_5m_224"])
def test_backbones_that_look_up_by_their_buffers_are_counted(name: str) -> None:
    vocabulary = Vocabulary(Size.of(64), ("background", "object"), LABELS, counts={"label": (1, 1)})
    backbone = ["model.encoder.kind=timm", f"model.encoder.name={name}"]
    recipes = [load_recipe("unet", [*backbone, *more]) for more in ([], ["tasks.edges.kind=edges"])]
    works = [work(recipe, vocabulary) for recipe in recipes]
    assert 1 < works[1] / works[0] < 2
