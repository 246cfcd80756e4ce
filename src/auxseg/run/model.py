"""A trained model, ready to be used.

Shape legend: ``h w`` a photograph's own size.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from auxseg.data.geometry import Fit, fit
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.keyed import sample_keys
from auxseg.models import Network
from auxseg.recipe import Recipe
from auxseg.run.prediction.photograph import read_photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks import Task


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
    ) -> Prediction:
        """What this model says of one photograph; see `auxseg.predict`."""
        image = read_photograph(photograph, self.vocabulary.exif if exif == "auto" else exif)
        place = fit(image.shape[:2], self.vocabulary.size, self.vocabulary.resize)
        tasks = answering(self)
        batch = _batch(image, place, self).to(self.device)
        with self.autocast():
            outputs = self.network(self.tasks[self.recipe.target].view.look(batch), list(tasks))
        answers = {name: task.answer(outputs[name].float().cpu()[0], place) for name, task in tasks.items()}
        asked = {name: answer.probabilities for name, answer in answers.items()} if probabilities else {}
        return Prediction(image, answers, {name: give() for name, give in asked.items() if give is not None})

    def __repr__(self) -> str:
        names = ", ".join(self.tasks)
        return f"Model({names}; {self.vocabulary.size} px, step {self.step}, on {self.device})"


def answering(model: Model) -> dict[str, Task]:
    """The tasks that say something of a photograph: those that see the target's picture and have learned of it."""
    view = model.tasks[model.recipe.target].view
    return {
        name: task
        for name, task in model.tasks.items()
        if task.view == view and name not in model.untrained and task.has_answer
    }


def _batch(image: UInt8[np.ndarray, "h w 3"], place: Fit, model: Model) -> Batch:
    """One photograph as the network sees a stored one, without labels."""
    stored = torch.from_numpy(place.image(image)).permute(2, 0, 1)[None].float() / 255
    inside = torch.zeros(1, place.size, place.size, dtype=torch.bool)
    y0, y1, x0, x1 = place.inside
    inside[:, y0:y1, x0:x1] = True
    return Batch(
        ids=("",),
        image=stored,
        clean=stored,
        mask=torch.full(inside.shape, IGNORE, dtype=torch.uint8),
        box=torch.full((1, 4), torch.nan),
        classes={label: torch.tensor([MISSING]) for label in model.vocabulary.labels},
        inside=inside,
        keys=sample_keys(0, [0], [""]),
    )
