"""An exported network in place of a trained model: asked the same questions, without PyTorch's network.

Shape legend: ``N`` pictures, ``H W`` their size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from auxseg.arguments import as_path
from auxseg.data.sample import Vocabulary
from auxseg.deploy.onnx_file import OnnxFile
from auxseg.deploy.onnx_session import INPUT, open_session
from auxseg.errors import InputError, RunError, first_line
from auxseg.evaluation.averaging import TTA
from auxseg.evaluation.tiling import Tiles
from auxseg.recipe import Recipe, build_tasks
from auxseg.run.model_file import ModelFacts
from auxseg.run.prediction.large_image import LargeImage
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.prediction.predictor import InBands, Photograph, ask, ask_in_bands
from auxseg.tasks import Task
from auxseg.tasks.task import Dense, form


@final
@dataclass(frozen=True, repr=False, eq=False)
class OnnxModel:
    """An ONNX file that `auxseg export` wrote, in onnxruntime, with the tasks and names that it describes.

    Predicts as the `Model` that it was exported from does, in float32 or in its eight bits.
    """

    path: Path
    session: Any
    tasks: Mapping[str, Task]
    recipe: Recipe
    vocabulary: Vocabulary
    step: int
    untrained: frozenset[str] = frozenset()
    """None: what says nothing is not exported."""

    @classmethod
    def open(cls, path: str | Path) -> OnnxModel:
        """Read a file. No code from it is run, and it can name no other file.

        Raises `InputError` if it is missing, damaged, too large or not exported by auxseg, or if onnxruntime is not
        installed.
        """
        file = OnnxFile.open(as_path(path, "path"))
        facts = ModelFacts.unpack(file.texts, file.path)
        built = build_tasks(facts.recipe, facts.vocabulary)
        if file.inputs != (INPUT,) or not file.outputs or not built.keys() >= {*file.outputs}:
            raise InputError(
                f"{file.path}: expected the input {INPUT} and outputs of the tasks {', '.join(built)}, found "
                f"{', '.join(file.inputs)} and {', '.join(file.outputs)}; the file was changed after it was written"
            )
        try:
            session = open_session(file.content)
        except Exception:  # onnxruntime has errors of its own for graphs that it cannot load
            raise InputError(f"{file.path}: onnxruntime cannot load it; the file is damaged") from None
        tasks = {name: built[name] for name in file.outputs}
        return cls(file.path, session, tasks, facts.recipe, facts.vocabulary, facts.step)

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

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
        """What it says of one photograph of any size; see `auxseg.predict`.

        Raises `InputError` for ``tasks`` that were not exported.
        """
        return ask(
            self, self._outputs, photograph, exif=exif, probabilities=probabilities, tasks=tasks, tta=tta, tiles=tiles
        )

    def predict_in_bands(self, image: LargeImage, *, tta: TTA = "none", tiles: Tiles) -> InBands:
        """What it says of an image that is too large to be held whole."""
        return ask_in_bands(self, self._outputs, image, tta=tta, tiles=tiles)

    def _outputs(self, pictures: Float[Tensor, "N K H W"], names: Sequence[str]) -> dict[str, Tensor]:
        try:
            found = self.session.run(list(names), {INPUT: pictures.numpy()})
        except Exception as error:  # of onnxruntime
            raise RunError(f"{self.path}: onnxruntime cannot run it ({first_line(error)})") from None
        outputs = dict(zip(names, found, strict=True))
        for name, output in outputs.items():
            self._check(name, output, pictures.shape)
        return {name: torch.from_numpy(output) for name, output in outputs.items()}

    def _check(self, name: str, output: np.ndarray, given: Sequence[int]) -> None:
        """Raise `InputError` for an output that is none of the task's, for pictures of this shape."""
        asked, (number, _, height, width) = form(self.tasks[name].output), given
        expected = (number, asked.channels, height, width) if isinstance(asked, Dense) else (number, asked.size)
        if output.shape != expected or output.dtype != np.float32:
            raise InputError(
                f"{self.path}: gives {name} as {output.dtype} of shape {list(output.shape)}, expected float32 of shape "
                f"{list(expected)}; the file was changed after it was written"
            )

    def __repr__(self) -> str:
        return f"OnnxModel({self.path}; {', '.join(self.tasks)}; {self.vocabulary.size} px, step {self.step})"
