"""A study small enough to be trained in a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auxseg.records.study import write_question
from auxseg.records.values.writing import to_mapping
from auxseg.study.design.config import StudyConfig, check_study
from auxseg.study.design.plan import Plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.local import ThisMachine
from auxseg.study.execution.trainings import Execution
from auxseg.study.study import Study
from tests.raw_events import read_events

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
            "method": "per-arm",
            "settings": SETTINGS,
            **values,
        }
    )


def box_alone(**values: Any) -> StudyConfig:
    """The part of it that has a single auxiliary."""
    return small_config(**{"auxiliaries": ("box",), "weights": {}, **values})


def lengthened(steps: int) -> tuple[str, ...]:
    """The settings with more steps."""
    return (*(each for each in SETTINGS if not each.startswith("training.steps=")), f"training.steps={steps}")


def question_file(config: StudyConfig, folder: Path) -> str:
    """A file by which the command asks what `run_study` asks."""
    folder.mkdir(exist_ok=True)
    write_question(folder, to_mapping(config))
    (path,) = folder.iterdir()
    return str(path)


def run_study(config: StudyConfig, store: Path, out: Path, *, workers: int = 1, **values: Any) -> dict[str, Any]:
    """Run it from where it stands, without telling anybody; returns what study.json holds."""
    execution = Execution(site=ThisMachine(workers), threads=1, watch=_ignore)
    found = Study(config, store, StudyDirectory(out), **values).run(execution)
    return to_mapping(found)


def without_costs(answers: Any) -> Any:
    """The answers of study.json without time and memory, which no two trainings have alike."""
    if isinstance(answers, dict):
        return {key: without_costs(value) for key, value in answers.items() if key != "cost"}
    return [without_costs(each) for each in answers] if isinstance(answers, list | tuple) else answers


def _ignore(plan: Plan) -> None:
    """Nobody looks."""


def set_validation(study: Path, arm: str, value: float) -> None:
    """Let every validation of an arm's runs have shown this figure."""
    for file in study.glob(f"runs/{arm}-masks*/events.jsonl"):
        events = list(read_events(file))
        for event in events:
            if event["event"] == "validation":
                event["figures"]["segmentation"]["iou_dataset"] = value
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
