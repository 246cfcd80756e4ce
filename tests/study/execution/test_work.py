"""The work of arms stands in the same ratio as the operations of their steps."""

from __future__ import annotations

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.recipe import load_recipe
from auxseg.study.design.same_compute import flops_per_image
from auxseg.study.execution.work import work

LABELS = {"label": ("one", "other")}


@pytest.mark.parametrize("size", [64, 256])
def test_it_is_in_the_ratio_of_operations(size: int) -> None:
    vocabulary = Vocabulary(size, ("background", "object"), LABELS, counts={"label": (1, 1)})
    recipes = [
        load_recipe("unet", settings)
        for settings in ([], ["tasks.edges.kind=edges"], ["tasks.edges.kind=edges", "tasks.noisy.kind=denoising"])
    ]
    works = [work(recipe, vocabulary) for recipe in recipes]
    flops = [flops_per_image(recipe, vocabulary) for recipe in recipes]
    for own, counted in zip(works, flops, strict=True):
        assert own / works[0] == pytest.approx(counted / flops[0], rel=0.02)
    assert works[2] > 1.5 * works[0]
