"""The first losses of the tiny recipes: a change here means that every user's training changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.recipe import load_recipe
from auxseg.run import train
from tests.raw_events import read_events

SETTINGS = {"training.steps": 6, "training.batch": 8, "training.precision": "fp32", "training.channels_last": False}
CURVES = {
    "tiny": {"segmentation": [1.2907, 1.3745, 1.2822, 1.3281, 1.1802, 1.2674]},
    "tiny-mtl": {
        "segmentation": [1.2907, 1.3748, 1.2825, 1.3286, 1.1797, 1.2691],
        "classification": [2.0555, 2.0974, 2.1757, 2.0507, 1.9617, 1.9812],
        "box": [1.2362, 1.4008, 1.2652, 1.3184, 1.1884, 1.2083],
    },
}


@pytest.mark.parametrize("preset", CURVES)
def test_first_losses(preset: str, store_path: Path, tmp_path: Path) -> None:
    run = train(load_recipe(preset, SETTINGS), store_path, tmp_path / "run")
    steps = [event["losses"] for event in read_events(run.events_file) if event["event"] == "step"]
    for task, curve in CURVES[preset].items():
        # Other processors add up in another order, and training amplifies that.
        assert [step[task] for step in steps] == pytest.approx(curve, rel=5e-3)
