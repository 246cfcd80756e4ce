"""A trained model, ready to be used.

Shape legend: ``h w`` a photograph's own size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from auxseg.data.geometry import fit
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.models import Network
from auxseg.recipe import Recipe
from auxseg.run.prediction.photograph import batch_of, read_photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks import Task
from auxseg.tasks.views import by_view


@final
@dataclass(frozen=True, repr=False)
class Model:
    """A trained network with its tasks and the names behind its answers."""

    network: Network
    tasks: Mapping[str, Task]
    recipe: Recipe
    vocabulary: Vocabulary
    step: int
    device: torch.device
    untrained: frozenset[str] = frozenset()
    """Auxiliaries that had nothing to learn from; their outputs mean nothing and are left out of predictions."""

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision that the network was trained in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.training.precision == "bf16")

    @torch.no_grad()
    def predict(
        self,
        photograph: str | Path | Image.Image | UInt8[np.ndarray, "h w 3"],
        *,
        exif: str = "auto",
        probabilities: bool = False,
        tasks: Collection[str] | None = None,
    ) -> Prediction:
        """What this model says of one photograph; see `auxseg.predict`.

        ``tasks`` names those to ask, which may also look at a picture of their own; by default `answering`. Raises
        `InputError` for one that gives no answer.
        """
        asked = answering(self) if tasks is None else _named(self, tasks)
        image = read_photograph(photograph, self.vocabulary.exif if exif == "auto" else exif)
        place = fit(image.shape[:2], self.vocabulary.size, self.vocabulary.resize)
        batch = batch_of(image, place, self.vocabulary).to(self.device)
        outputs: dict[str, Tensor] = {}
        for view, names in by_view(asked.values()).items():
            with self.autocast():
                outputs |= self.network(view.look(batch), names)
        answers = {name: task.answer(outputs[name].float().cpu()[0], place) for name, task in asked.items()}
        makers = {name: answer.probabilities for name, answer in answers.items()} if probabilities else {}
        return Prediction(image, answers, {name: give() for name, give in makers.items() if give is not None})

    def __repr__(self) -> str:
        names = ", ".join(self.tasks)
        return f"Model({names}; {self.vocabulary.size} px, step {self.step}, on {self.device})"


def answerable(model: Model) -> dict[str, Task]:
    """The tasks that can say something of a photograph, those with a picture of their own too."""
    return {name: task for name, task in model.tasks.items() if name not in model.untrained and task.has_answer}


def answering(model: Model) -> dict[str, Task]:
    """The tasks that say something of a photograph: those that see the target's picture and have learned of it."""
    view = model.tasks[model.recipe.target].view
    return {name: task for name, task in answerable(model).items() if task.view == view}


def _named(model: Model, names: Collection[str]) -> dict[str, Task]:
    known = answerable(model)
    for name in names:
        if name not in known:
            raise InputError(f"no task {name!r} of this model answers; those that do are {', '.join(known)}")
    return {name: task for name, task in known.items() if name in names}
