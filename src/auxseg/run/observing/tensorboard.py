"""Curves, weights and pictures for TensorBoard, beside a run's own files."""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, final

import numpy as np
import torch

from auxseg.data.loading.loader import EvaluationLoader
from auxseg.drawing import column, row, to_picture
from auxseg.evaluation.averaging import outputs_of
from auxseg.extras import need_extra
from auxseg.models.forward import with_teacher
from auxseg.recipe import Recipe
from auxseg.run.building import open_data
from auxseg.run.prediction.tiles import own_tiles
from auxseg.training.gradients.conflict import EVERYWHERE
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

NUM_PICTURES: Final = 4


@final
class TensorBoard(Observer):
    """Writes losses (training and validation), weights, figures and pictures of every task into ``RUN/tensorboard``.

    Pictures are made whenever a model is kept: a few validation images, with truth and prediction. A resumed run
    replaces what was written after its checkpoint. Raises `InputError` if TensorBoard is not installed.
    """

    def __init__(self, directory: Path, recipe: Recipe, data: str | Path) -> None:
        need_extra("tensorboard", "--tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        self._open = SummaryWriter
        self._writer: SummaryWriter | None = None
        self._directory, self._rate = directory / "tensorboard", recipe.training.optimizer.rate
        self._tiles = own_tiles(recipe)
        store = open_data(data, recipe)
        rows = store.rows("val")
        chosen = rows[np.linspace(0, len(rows) - 1, min(NUM_PICTURES, len(rows))).astype(int)]
        self._examples = list(EvaluationLoader(store, chosen, NUM_PICTURES))

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """Losses, weights, learning rate, gradient and time of an optimiser step."""
        for task, loss in result.losses.items():
            self._add(f"{task}/loss_training", loss, step)
        for task, weight in result.weights.items():
            self._add(f"{task}/weight", weight, step)
        self._add("step/learning_rate", result.factor * self._rate, step)
        self._add("step/gradient_norm", result.gradient_norm, step)
        self._add("step/seconds", seconds, step)
        if result.look is not None:
            for task, norms in result.look.norms.items():
                self._add(f"{task}/shared_gradient_norm", norms[EVERYWHERE], step)
            for task, cosines in result.look.cosines.items():
                for group, cosine in cosines.items():
                    self._add(f"{task}/cosine_with_target/{group.replace(' ', '_')}", cosine, step)
            for task, affinity in result.look.affinities.items():
                self._add(f"{task}/affinity_to_target", affinity, step)

    def on_validation(self, validation: Validation) -> None:
        """Losses and all figures on the validation split."""
        for task, loss in validation.losses.items():
            self._add(f"{task}/loss_validation", loss, validation.step)
        for task, figures in validation.figures.items():
            for name, value in figures.items():
                self._add(f"{task}/{name}", value, validation.step)

    @torch.no_grad()
    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Photograph, truth and prediction of each task on a few validation images."""
        network = learner.network
        was_training = network.training
        network.eval()
        try:
            for number, examples in enumerate(self._examples):
                which = f"_{number}" if number else ""  # images of their own sizes come one by one
                batch = examples.to(learner.runtime.device)
                with learner.runtime.autocast(learner.precision):
                    outputs = outputs_of(network, learner.tasks, batch, "none", self._tiles)
                batch = with_teacher(network, learner.tasks, batch, outputs)
                photographs = [to_picture(image, examples.channels) for image in examples.clean]
                for name, task in learner.tasks.items():
                    truths, predictions = task.target(batch).cpu(), task.predict(outputs[name].float()).cpu()
                    rows = [
                        row([photo, task.draw(photo, truth, truth=True), task.draw(photo, prediction, truth=False)])
                        for photo, truth, prediction in zip(photographs, truths, predictions, strict=True)
                    ]
                    self._at(step).add_image(
                        f"{name}/truth_and_prediction{which}", column(rows), step, dataformats="HWC"
                    )
        finally:
            network.train(was_training)

    def _add(self, name: str, value: float, step: int) -> None:
        if math.isfinite(value):
            self._at(step).add_scalar(name, value, step)

    def _at(self, step: int) -> SummaryWriter:
        """The writer, opened when there is something to write: before that the run directory may not be ours."""
        if self._writer is None:
            self._writer = self._open(str(self._directory), purge_step=step)
        return self._writer
