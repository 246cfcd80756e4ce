"""The names of the files and folders of runs and studies. They are written out here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

RECIPE_FILE: Final = "recipe.yaml"
"""The resolved recipe of a run."""
EVENTS_FILE: Final = "events.jsonl"
"""Everything that happened in a run."""
HISTORY_FILE: Final = "history.csv"
"""A run's events as a table."""
LAST_FILE: Final = "last.pt"
"""The checkpoint from which a run goes on."""
BEST_FILE: Final = "best.safetensors"
"""The model that a run keeps."""
METRICS_FILE: Final = "metrics.json"
"""What an evaluation found; written last."""
PER_IMAGE_FILE: Final = "per_image.csv"
"""What it found of every image."""
EXAMPLES_FILE: Final = "examples.json"
"""Which images it drew."""
INSPECTION_FILE: Final = "inspection.json"
"""What it drew of the sharing scheme."""
FIGURES_FOLDER: Final = "figures"
"""Where the pictures of a run lie."""

MODEL_FILE: Final = "model.safetensors"
"""The model of a model directory, in the format of the one that a run keeps."""
CONFIG_FILE: Final = "config.json"
"""What a model directory says of its model, for people without auxseg."""
CARD_FILE: Final = "README.md"
"""Its model card."""

ABOUT_FILE: Final = "about.json"
"""What a study is about, and what was decided for all its runs."""
PLANNED_FILE: Final = "planned.json"
"""Which trainings it plans."""
QUESTION_FILE: Final = "study.yaml"
"""What it asked, to be asked again."""
STUDY_FILE: Final = "study.json"
"""Its answer."""
RUNS_FOLDER: Final = "runs"
"""Where its runs lie."""
SCREENING_FOLDER: Final = "screen"
"""Where its candidates were ranked beforehand; a study's directory of its own."""
SCREEN_FILE: Final = "screen.json"
"""That ranking."""


def failure_file(run: Path) -> Path:
    """Where it stands why a training of a study diverged: beside the run's directory."""
    return run.with_name(f"{run.name}.failed")
