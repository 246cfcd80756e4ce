"""Who writes a run's files while it trains."""

from __future__ import annotations

import dataclasses
import datetime
from typing import final

from auxseg.records.event_log import EventLog
from auxseg.records.events import End, Gradients, Step, Validated
from auxseg.run.directory import Run
from auxseg.run.model_file import ModelFacts
from auxseg.run.observing.history import History
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation
from auxseg.training.weights import save_weights


@final
class Recorder(Observer):
    """Appends to events.jsonl, to history.csv after each epoch and validation, and keeps the best model.

    Made once the log says that the run starts, or where it goes on.
    """

    def __init__(self, run: Run, facts: ModelFacts, steps_per_epoch: int) -> None:
        self.run, self.facts = run, facts
        self.log = EventLog(run.events_file)
        self.history = History(run, steps_per_epoch)
        self.history.write()

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """One line an optimiser step, and one for what the gradients showed before it."""
        phase = result.phase or ""
        event = self.log.append(
            Step(
                step=step,
                losses=result.losses,
                weights=result.weights,
                learning_rate=result.factor * self.facts.recipe.training.optimizer.rate,
                gradient_norm=result.gradient_norm,
                seconds=round(seconds, 6),
                data_seconds=round(data_seconds, 6),
                phase=phase,
                fallbacks=result.num_fallbacks,
            )
        )
        self.history.add(event)
        if result.look is not None:
            self.log.append(Gradients(step=step, **vars(result.look), phase=phase))

    def on_validation(self, validation: Validation) -> None:
        """One line a validation, and the table for those who like tables."""
        event = self.log.append(
            Validated(
                step=validation.step,
                epoch=round(validation.epoch, 4),
                figures=validation.figures,
                losses=validation.losses,
                seconds=round(validation.seconds, 6),
                best=validation.best,
                phase=validation.phase or "",
                lost=validation.lost,
                merged=validation.merged,
            )
        )
        self.history.add(event)

    def on_best(self, learner: Learner, step: int, value: float | None) -> None:
        """Keep the model, with all that is needed to use it."""
        metadata = dataclasses.replace(self.facts, step=step).pack(value)
        save_weights(self.run.best_file, learner.network, metadata)

    def conclude(self, step: int, reason: str, seconds: float, peak_memory_bytes: int) -> None:
        """The last line, and the row of an epoch that was not finished."""
        self.log.append(End(time=now(), step=step, reason=reason, seconds=seconds, peak_memory_bytes=peak_memory_bytes))
        self.history.finish()


def now() -> str:
    """The time as events say it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
