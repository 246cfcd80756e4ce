"""Who writes a run's files while it trains."""

from __future__ import annotations

import dataclasses
from typing import final

from auxseg import __version__
from auxseg.data.sample import Vocabulary
from auxseg.recipe import Recipe, dump_recipe
from auxseg.run.directory import Run, pack_vocabulary
from auxseg.run.history import write_history
from auxseg.training.checkpoint import save_weights
from auxseg.training.events import EventLog
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation


@final
class Recorder(Observer):
    """Appends to events.jsonl, rewrites history.csv after each epoch and validation, and keeps the best model."""

    def __init__(self, run: Run, recipe: Recipe, vocabulary: Vocabulary, steps_per_epoch: int) -> None:
        self.run, self.recipe, self.vocabulary = run, recipe, vocabulary
        self.steps_per_epoch = steps_per_epoch
        self.log = EventLog(run.events_file)
        self._is_behind = False

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """One line an optimiser step, and one for what the gradients showed before it."""
        if self._is_behind:  # the last epoch ended without a validation
            write_history(self.run)
        self._is_behind = step % self.steps_per_epoch == 0
        self.log.append(
            "step",
            step=step,
            losses=result.losses,
            weights=result.weights,
            learning_rate=result.factor * self.recipe.training.optimizer.rate,
            gradient_norm=result.gradient_norm,
            seconds=round(seconds, 6),
            data_seconds=round(data_seconds, 6),
            **_phase(result.phase),
        )
        if result.look is not None:
            self.log.append("gradients", step=step, **dataclasses.asdict(result.look), **_phase(result.phase))

    def on_validation(self, validation: Validation) -> None:
        """One line a validation, and the table for those who like tables."""
        self.log.append(
            "validation",
            step=validation.step,
            epoch=round(validation.epoch, 4),
            figures=validation.figures,
            losses=validation.losses,
            seconds=round(validation.seconds, 6),
            best=validation.best,
            **_phase(validation.phase),
        )
        write_history(self.run)
        self._is_behind = False

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Keep the model, with all that is needed to use it."""
        metadata = {
            "format": "1",
            "auxseg": __version__,
            "recipe": dump_recipe(self.recipe),
            "vocabulary": pack_vocabulary(self.vocabulary),
            "step": str(step),
            "validation_figure": "" if value is None else repr(value),
        }
        save_weights(self.run.best_file, learner.network, metadata)


def _phase(name: str | None) -> dict[str, str]:
    return {} if name is None else {"phase": name}
