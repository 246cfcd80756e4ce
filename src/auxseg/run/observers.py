"""Who writes a run's files while it trains."""

from __future__ import annotations

import csv
import dataclasses
import io
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, final

from auxseg import __version__
from auxseg.data.sample import Vocabulary
from auxseg.files import write_atomically
from auxseg.recipe import Recipe, dump_recipe
from auxseg.run.directory import Run, pack_vocabulary
from auxseg.training.checkpoint import save_weights
from auxseg.training.events import EventLog, read_events
from auxseg.training.learner import Learner, StepResult
from auxseg.training.loop import Observer, Validation


@final
class Recorder(Observer):
    """Appends to events.jsonl, rewrites history.csv after each validation and keeps the best model."""

    def __init__(self, run: Run, recipe: Recipe, vocabulary: Vocabulary) -> None:
        self.run, self.recipe, self.vocabulary = run, recipe, vocabulary
        self.log = EventLog(run.events_file)

    def on_step(self, step: int, result: StepResult, seconds: float, data_seconds: float) -> None:
        """One line an optimiser step, and one for what the gradients showed before it."""
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


def write_history(run: Run) -> None:
    """history.csv: one row per validation, made from events.jsonl alone; weights are means since the one before."""
    rows: list[dict[str, Any]] = []
    weights: dict[str, list[float]] = {}
    for event in read_events(run.events_file):
        if event["event"] == "step":
            for task, weight in event["weights"].items():
                weights.setdefault(task, []).append(weight)
        if event["event"] == "validation":
            rows.append(_flat(event, weights))
            weights = {}
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else ["step"])
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(run.directory / "history.csv", table.getvalue().encode())


def _flat(event: dict[str, Any], weights: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    losses = {f"{task}.loss": value for task, value in event["losses"].items()}
    means = {f"{task}.weight": statistics.fmean(weights[task]) if task in weights else None for task in event["losses"]}
    figures = {f"{task}.{name}": value for task, values in event["figures"].items() for name, value in values.items()}
    return {"step": event["step"], "epoch": event["epoch"], **losses, **means, **figures, "seconds": event["seconds"]}
