"""Answers of tasks that find named points."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from auxseg.drawing import PREDICTION_COLOUR
from auxseg.tasks.answers.answer import Answer, FoundPoint
from auxseg.tasks.dense_labels.painting import paint_points


def points_answer(points: Iterable[FoundPoint]) -> Answer:
    """Points in pixels of a photograph; in predictions.json with their scores."""
    found = tuple(points)
    places = np.array([each.place for each in found]).reshape(-1, 2)
    return Answer(
        draw=lambda photograph: paint_points(photograph, places, PREDICTION_COLOUR),
        points=found,
        record={"points": [{"name": each.name, "score": each.score, "point": list(each.place)} for each in found]},
    )
