"""What is served: models of runs and model directories, and exported networks.

Shape legend: ``h w`` a photograph's own size, ``p q`` the resolution of a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float32, UInt

from auxseg.arguments import as_typed, short_names
from auxseg.data.sample import Vocabulary
from auxseg.deploy.predictors import open_predictor
from auxseg.errors import InputError
from auxseg.run.attention import attention, has_attention
from auxseg.run.model import Model
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.predictor import Predictor, answerable, answering

Attention = Mapping[str, Mapping[str, Float32[np.ndarray, "p q"]]]


@final
@dataclass(frozen=True)
class Served:
    """A model as the page and the interface see it.

    Attributes:
        name: how requests call it.
        vocabulary: the names behind its answers.
        tasks: those that are asked unless told otherwise.
        others: those that are asked only by name, because each of them needs another look at a photograph.
        ask: gives what the named tasks say of a photograph, all of ``tasks`` for ``None``.
        attend: gives where tasks look, if the network has attention.
    """

    name: str
    vocabulary: Vocabulary
    tasks: tuple[str, ...]
    others: tuple[str, ...]
    ask: Callable[[UInt[np.ndarray, "h w C"], tuple[str, ...] | None], Prediction]
    attend: Callable[[UInt[np.ndarray, "h w C"]], Attention] | None = None


def open_models(paths: Sequence[Path], device: str = "auto") -> dict[str, Served]:
    """The models at these paths by name, each having answered once. Raises `InputError` for what is no model."""
    if not paths:
        raise InputError("auxseg serve needs at least one run directory or model, found none")
    models = {name: _open(path, name, device) for name, path in zip(names_of(paths), paths, strict=True)}
    for model in models.values():
        channels = model.vocabulary.channels
        model.ask(np.zeros((8, 8, len(channels)), channels.numpy), None)  # whatever is slow the first time is done
    return models


def names_of(paths: Sequence[Path]) -> list[str]:
    """The names of files and folders, or as much of the paths as tells them apart. Raises `InputError` for repeats."""
    resolved = [path.resolve() for path in paths]
    for number, path in enumerate(resolved):
        if path in resolved[:number]:
            raise InputError(f"serve: {as_typed(paths[number])} is given twice")
    return short_names(paths, (".onnx",))


def _open(path: Path, name: str, device: str) -> Served:
    model = open_predictor(path, device)
    tasks = tuple(answering(model))
    return Served(
        name,
        model.vocabulary,
        tasks,
        tuple(task for task in answerable(model) if task not in tasks),
        partial(_ask, model),
        partial(attention, model) if isinstance(model, Model) and has_attention(model) else None,
    )


def _ask(model: Predictor, image: UInt[np.ndarray, "h w C"], tasks: tuple[str, ...] | None) -> Prediction:
    return model.predict(image, tasks=tasks)
