"""Answers of studies with made-up numbers, as their pages read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auxseg.records.arm_result import Advice, ArmResult, Variances
from auxseg.records.study import Answer, Baseline, StudyResult, read_study
from tests.report.made_studies import make_study

UNDECIDED = "not enough evidence"


def arm(name: str, **values: Any) -> ArmResult:
    """An arm that learns one auxiliary, undecided unless something else is given."""
    given: dict[str, Any] = {
        "name": name,
        "auxiliaries": (name,),
        "weights": {name: 0.3},
        "is_control": False,
        "verdict": UNDECIDED,
        "sentence": "",
        "difference": 0.004,
        "interval": (-0.004, 0.012),
        "p_value": 0.4,
        "p_value_of_equivalence": 1.0,
        "advice": Advice(14, None),
        "variances": Variances(None, None, None),
        "per_seed": {},
        "num_images": 100,
        "num_images_left_out": 0,
        "missing_seeds": (),
        "figure_per_seed": {"0": 0.8, "1": 0.8, "2": 0.8},
        "figure": 0.8,
        "delta_m": None,
    }
    return ArmResult(**given | values)


def answer(*arms: ArmResult) -> Answer:
    """The comparisons of these arms with all masks."""
    return Answer(1.0, Baseline(figure_per_seed={"0": 0.8, "1": 0.8, "2": 0.8}, figure=0.8), arms)


def study(directory: Path, **values: Any) -> StudyResult:
    """The result of a study of three seeds whose answers are given elsewhere."""
    return read_study(make_study(directory, **values))
