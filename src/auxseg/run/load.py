"""A trained model out of its run directory, ready to be used."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
import yaml
from jaxtyping import UInt8
from PIL import Image

from auxseg.data.sample import Vocabulary
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.models import Network, build_network
from auxseg.recipe import Recipe, build_tasks, parse_recipe, with_changes
from auxseg.run.directory import Run, unpack_vocabulary
from auxseg.tasks import Task
from auxseg.training.checkpoint import load_weights

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

    def autocast(self) -> AbstractContextManager[Any]:
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
    weights, metadata = load_weights(run.best_file)
    if metadata.get("format") != "1":
        raise InputError(f"{run.best_file}: not a model file that this version of auxseg can read")
    recipe = parse_recipe(yaml.safe_load(metadata["recipe"]), str(run.best_file))
    vocabulary = unpack_vocabulary(metadata)
    tasks = build_tasks(recipe, vocabulary)
    untrained = with_changes(recipe, model={"weights": "none"}).model
    network = build_network(untrained, {name: task.output for name, task in tasks.items()}, recipe.seed, recipe.target)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"{run.best_file}: its weights do not fit the network of its recipe ({reason})") from None
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    memory_format = torch.channels_last if recipe.training.channels_last is True else torch.contiguous_format
    network.to(chosen).to(memory_format=memory_format).eval()
    return Model(network, tasks, recipe, vocabulary, int(metadata["step"]), chosen)


def matching_store(run: Run, model: Model, data: str | Path | None = None) -> Store:
    """The store that a run was trained on, or another at the model's size.

    Raises `InputError` if its classes are not those that the model knows.
    """
    path = Path(data) if data is not None else Path(run.start["data"]["path"])
    store = Store.open(path).at_size(model.vocabulary.size)
    if store.vocabulary != model.vocabulary:
        raise InputError(
            f"{path}: its classes are not those that {run.directory} was trained on "
            f"({', '.join(model.vocabulary.mask_classes)}; {', '.join(model.vocabulary.labels)})"
        )
    return store
