"""Directories of finished studies with made-up numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.report.made_runs import DATA

MADE_WITH = {
    "versions": {"auxseg": "0.1", "torch": "2.9", "python": "3.11"},
    "device": "cpu",
    "processor": "a processor",
    "threads": 2,
    "precision": "bf16",
    "weights": ["random"],
}
VERDICTS = ("helps", "hurts", "no meaningful difference", "not enough evidence")


def make_arm(name: str, verdict: str, difference: float, reach: float, **values: Any) -> dict[str, Any]:
    """An arm as study.json holds it; its seeds lie around the difference."""
    undecided = verdict == "not enough evidence"
    return {
        "name": name,
        "auxiliaries": name.split(" + "),
        "weights": dict.fromkeys(name.split(" + "), 0.3),
        "is_control": False,
        "verdict": verdict,
        "sentence": (
            f"{name}: {verdict}: {100 * difference:+.2f} points of iou_dataset (95% interval, adjusted), at weight 0.3 "
            "after 600 steps, 3 seeds, 100 images"
        ),
        "difference": difference,
        "interval": [difference - reach, difference + reach],
        "level": 0.00625,
        "p_value": 0.0004,
        "p_value_of_equivalence": 1.0,
        "advice": {"seeds": 14, "images": None} if undecided else None,
        "variances": {"seed": 4e-6, "image": 1e-4, "rest": 9e-4},
        "per_seed": {str(seed): difference + (seed - 1) * reach / 2 for seed in range(3)},
        "num_images": 100,
        "num_images_left_out": 0,
        "missing_seeds": [],
        "figure_per_seed": {str(seed): 0.8 + difference + seed / 1000 for seed in range(3)},
        "figure": 0.801 + difference,
        "delta_m": None,
        **values,
    }


def make_answer(fraction: float = 1.0, scale: float = 1.0) -> dict[str, Any]:
    """One arm of every verdict, and both auxiliaries that were judged alone together."""
    arms = [
        make_arm("box", "helps", 0.011 * scale, 0.004),
        make_arm("edges", "hurts", -0.014 * scale, 0.005),
        make_arm("noise", "no meaningful difference", 0.0004, 0.003, is_control=True),
        make_arm(
            "box + edges",
            "not enough evidence",
            0.004 * scale,
            0.008,
            delta_m={"tasks": ["segmentation", "box", "edges"], "mean": -0.012, "interval": [-0.03, 0.006]},
            missing_seeds=[2],
        ),
    ]
    baseline = {"figure_per_seed": {"0": 0.8, "1": 0.801, "2": 0.802}, "figure": 0.801}
    return {"label_fraction": fraction, "baseline": baseline, "arms": arms}


def make_study(directory: Path, *answers: dict[str, Any], **values: Any) -> Path:
    """Write study.json, by default with all masks."""
    directory.mkdir(parents=True)
    given = list(answers) or [make_answer()]
    study = {
        "format": 1,
        "target": "segmentation",
        "figure": "iou_dataset",
        "steps": 600,
        "seeds": 3,
        "rules": {"margin": 0.005, "alpha": 0.05, "looks": 2, "higher_is_better": True},
        "data": DATA,
        "config": {"base": "tiny", "auxiliaries": ["box", "edges"], "seeds": 3, "controls": ["noise"]},
        "answers": given,
        "diverged": [],
        "seconds": 4000.0,
        "looked_at": [3],
        "made_with": [MADE_WITH],
        **values,
    }
    (directory / "study.json").write_text(json.dumps(study))
    return directory
