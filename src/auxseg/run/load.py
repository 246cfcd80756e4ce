"""A trained model out of its run directory, ready to be used."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from auxseg.data.sample import Vocabulary
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.models import Network, build_network, outline
from auxseg.recipe import Recipe, build_tasks, with_changes
from auxseg.run.directory import Run
from auxseg.run.labels import untrained_tasks
from auxseg.run.matching import matched
from auxseg.run.model_file import ModelFacts
from auxseg.tasks import Task
from auxseg.training.weights import WeightsFile

if TYPE_CHECKING:
    from auxseg.run.predict import Prediction


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

    def autocast(self) -> AbstractContextManager[object]:
        """The precision that the network was trained in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.training.precision == "bf16")

    def predict(
        self,
        photograph: str | Path | Image.Image | UInt8[np.ndarray, "h w 3"],
        *,
        exif: str = "auto",
        probabilities: bool = False,
    ) -> Prediction:
        """What this model says of one photograph; see `auxseg.predict`."""
        from auxseg.run.predict import predict

        return predict(self, photograph, exif=exif, probabilities=probabilities)

    def __repr__(self) -> str:
        names = ", ".join(self.tasks)
        return f"Model({names}; {self.vocabulary.size} px, step {self.step}, on {self.device})"


def load(run: Run | str | Path, device: str = "auto") -> Model:
    """The best model of a run. No code from the file is run. Raises `InputError` if there is none or it is damaged."""
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: no CUDA device was found on this machine; use --device cpu")
    run = Run.open(run)
    file = WeightsFile.open(run.best_file)
    facts = ModelFacts.unpack(file.metadata, run.best_file)
    recipe, vocabulary = facts.recipe, facts.vocabulary
    tasks = build_tasks(recipe, vocabulary)
    outputs = {name: task.output for name, task in tasks.items()}
    file.refuse_another(outline(recipe.model, outputs, recipe.target))  # on paper, so that the file bounds the memory
    without = with_changes(recipe, model={"weights": "none"}).model
    network = build_network(without, outputs, recipe.seed, recipe.target)
    network.load_state_dict(file.read())
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    memory_format = torch.channels_last if recipe.training.channels_last is True else torch.contiguous_format
    network.to(chosen).to(memory_format=memory_format).eval()
    untrained = untrained_tasks(recipe, vocabulary, facts.labelled)
    return Model(network, tasks, recipe, vocabulary, facts.step, chosen, untrained)


def matching_store(run: Run, model: Model, data: str | Path | None = None) -> Store:
    """The store that a run was trained on, or another at the model's size and with the model's class ids.

    Raises `InputError` if the file that the run was trained on holds other data now and is not named by ``data``, or if
    the model cannot be measured on what is named, see `matched`.
    """
    path, content_hash = (Path(data), None) if data is not None else run.trained_on
    store = Store.open(path)
    if content_hash not in (None, store.content_hash):
        raise InputError(
            f"{path}: holds other data than {run.directory} was trained on (content hash {store.content_hash[:12]}, "
            f"then {str(content_hash)[:12]}); name it with --data to measure the run on what it holds now"
        )
    return matched(
        store.at_size(model.vocabulary.size), model.vocabulary, list(model.tasks.values()), model.recipe.target
    )
