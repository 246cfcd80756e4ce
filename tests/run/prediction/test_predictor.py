"""Asking whatever computes outputs about a photograph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.averaging import TTA
from auxseg.evaluation.tiling import Tiles
from auxseg.recipe import Recipe, build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run.prediction.large_image import LargeImage
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.predictor import InBands, Photograph, Predictor, answering, ask, ask_in_bands
from auxseg.tasks import Task
from auxseg.tasks.task import Dense, form

VOCABULARY = Vocabulary(size=Size.of(32), resize="squash", mask_classes=("background", "animal"), labels={})
PHOTOGRAPH = np.zeros((20, 40, 3), np.uint8)


@dataclass(frozen=True)
class Computed:
    """Stands for a network: gives zeros, and remembers which tasks were computed together."""

    tasks: Mapping[str, Task]
    recipe: Recipe
    vocabulary: Vocabulary = VOCABULARY
    untrained: frozenset[str] = frozenset()
    computed: list[list[str]] = field(default_factory=list)

    def predict(
        self,
        photograph: Photograph,
        *,
        exif: str = "auto",
        probabilities: bool = False,
        tasks: Collection[str] | None = None,
        tta: TTA = "none",
        tiles: Tiles | None = None,
    ) -> Prediction:
        return ask(
            self, self._outputs, photograph, exif=exif, probabilities=probabilities, tasks=tasks, tta=tta, tiles=tiles
        )

    def predict_in_bands(self, image: LargeImage, *, tta: TTA = "none", tiles: Tiles) -> InBands:
        return ask_in_bands(self, self._outputs, image, tta=tta, tiles=tiles)

    def _outputs(self, pictures: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
        self.computed.append(list(names))
        forms = {name: form(self.tasks[name].output) for name in names}
        return {
            name: torch.zeros(1, asked.channels, 32, 32) if isinstance(asked, Dense) else torch.zeros(1, asked.size)
            for name, asked in forms.items()
        }


def _computed(untrained: frozenset[str] = frozenset()) -> Computed:
    settings = {
        "tasks.box.kind": "box", "tasks.colorization.kind": "colorization", "tasks.rotation.kind": "rotation",
    }  # fmt: skip
    recipe = load_recipe("tiny", settings)
    return Computed(build_tasks(recipe, VOCABULARY), recipe, untrained=untrained)


def test_by_default_those_answer_that_see_the_photograph() -> None:
    model = _computed()
    assert isinstance(model, Predictor)
    assert list(model.predict(PHOTOGRAPH).answers) == ["segmentation", "box"]
    assert model.computed == [["segmentation", "box"]]
    assert list(answering(_computed(untrained=frozenset({"box"})))) == ["segmentation"]


def test_those_with_a_picture_of_their_own_answer_if_they_are_asked() -> None:
    model = _computed()
    assert list(model.predict(PHOTOGRAPH, tasks=["colorization", "box"]).answers) == ["box", "colorization"]
    assert sorted(model.computed) == [["box"], ["colorization"]]
    with pytest.raises(InputError, match=r"no task 'rotation' of this model answers; those that do are segmentation"):
        model.predict(PHOTOGRAPH, tasks=["rotation"])


def test_without_the_target_the_photograph_itself_is_seen() -> None:
    whole = _computed()
    part = Computed({"box": whole.tasks["box"]}, whole.recipe)
    assert list(part.predict(PHOTOGRAPH).answers) == ["box"]


def test_answers_have_the_size_of_the_photograph() -> None:
    prediction = _computed().predict(PHOTOGRAPH, probabilities=True)
    assert prediction.masks["segmentation"].shape == (20, 40)
    assert prediction.probabilities["segmentation"].shape == (2, 20, 40)
