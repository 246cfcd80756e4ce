"""Events with made-up numbers, of which a test says only what it is about."""

from __future__ import annotations

from typing import Any

from auxseg.records.events import End, Gradients, Start, Step, Validated
from auxseg.records.metrics import DataFacts
from auxseg.records.values.size import Size

DATA = DataFacts(
    path="/data/pets.h5",
    name="pets.h5",
    source="synthetic",
    content_hash="9f2c41d07e55",
    size=Size.of(32),
    resize="squash",
    border="ignore",
    splits={"train": 28, "val": 4, "test": 8},
)


def make_start(**values: Any) -> Start:
    """The beginning of a training of 40 steps."""
    made = {
        "time": "2026-11-20T22:00:00+00:00",
        "command": "auxseg train tiny",
        "device": "cpu",
        "processor": "Example processor at 2.0 GHz",
        "threads": 2,
        "versions": {"auxseg": "0.1.0", "torch": "2.15.0", "python": "3.12.1"},
        "precision": "fp32",
        "channels_last": False,
        "parameters": {"encoder": 100},
        "weights": {"encoder": "random"},
        "steps": 40,
        "steps_per_epoch": 2,
        "data": DATA,
    }
    return Start(**{**made, **values})


def make_step(step: int, **values: Any) -> Step:
    """An optimiser step."""
    return Step(**{"step": step, "losses": {}, "weights": {}, "seconds": 0.1, "data_seconds": 0.01, **values})


def make_validation(step: int, **values: Any) -> Validated:
    """A validation, whose model is kept."""
    return Validated(**{"step": step, "figures": {}, "losses": {}, "seconds": 0.5, "best": True, **values})


def make_look(step: int, **values: Any) -> Gradients:
    """A comparison of the tasks' gradients."""
    return Gradients(**{"step": step, "cosines": {}, "affinities": {}, "seconds": 0.2, **values})


def make_end(step: int, **values: Any) -> End:
    """The end of a training."""
    made = {"time": "2026-11-20T22:01:00+00:00", "step": step, "reason": "finished", "seconds": 4.0}
    return End(**{**made, **values})
