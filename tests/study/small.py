"""A study small enough to be trained in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auxseg.study.config import StudyConfig, check_study
from auxseg.study.directory import StudyDirectory
from auxseg.study.plan import Plan
from auxseg.study.study import Study

SETTINGS = (
    "training.steps=4",
    "training.batch=14",
    "training.precision=fp32",
    "training.channels_last=false",
    "model.encoder.channels=[8, 12]",
    "model.decoder.base=8",
)
TOO_MUCH = 1e39
"""A weight that is infinite in single precision, so that the first loss is not finite."""


def small_config(**values: Any) -> StudyConfig:
    """Box as it is, classification without a weight, and edges so heavy that they diverge."""
    return check_study(
        {
            "base": "tiny",
            "auxiliaries": ("classification", "box", "edges"),
            "weights": {"classification": 0.0, "edges": TOO_MUCH},
            "design": "each",
            "seeds": 2,
            "settings": SETTINGS,
            **values,
        }
    )


def box_alone(**values: Any) -> StudyConfig:
    """The part of it that has a single auxiliary."""
    return small_config(**{"auxiliaries": ("box",), "weights": {}, **values})


def run_study(config: StudyConfig, store: Path, out: Path, *, workers: int = 1, **values: Any) -> dict[str, Any]:
    """Run it from where it stands, without telling anybody."""
    return Study(config, store, StudyDirectory(out), **values).run(workers=workers, threads=1, watch=_ignore)


def _ignore(plan: Plan) -> None:
    """Nobody looks."""
