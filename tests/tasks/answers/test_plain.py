"""Maps and numbers in the photograph's own coordinates."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from auxseg.data.geometry import fit
from auxseg.tasks.answers import map_answer, vector_answer

PLACE = fit((20, 40), 8, "letterbox")  # rows 2 to 6 of the stored square are photograph


def keep(picture: np.ndarray, value: torch.Tensor) -> np.ndarray:
    return picture


def test_a_map_is_cut_to_the_photograph_and_has_its_size() -> None:
    stored = torch.full((1, 8, 8), 9.0)
    stored[:, 2:6] = torch.linspace(0, 1, 8)
    shown: list[torch.Tensor] = []
    answer = map_answer(stored, PLACE, lambda picture, value: shown.append(value) or picture, writes_numbers=True)
    assert answer.map is not None
    values = answer.map()
    assert values.shape == (1, 20, 40)
    assert (values >= 0).all()
    assert (values <= 1).all()  # nothing of the padding
    assert (np.diff(values[0], axis=1) >= -1e-6).all()
    answer.draw(np.zeros((20, 40, 3), np.uint8))
    assert shown[0].shape == (1, 4, 8)
    assert answer.drawn == "alone"
    assert answer.record["map"] == {
        "minimum": [0.0],
        "mean": [pytest.approx(0.5)],
        "maximum": [1.0],
    }


def test_ids_are_not_interpolated() -> None:
    stored = torch.zeros(8, 8, dtype=torch.uint8)
    stored[:, 4:] = 7
    answer = map_answer(stored, PLACE, keep, writes_numbers=False)
    assert answer.map is not None
    assert set(np.unique(answer.map()).tolist()) == {0.0, 7.0}
    assert (answer.map()[0, :, :20] == 0).all()
    assert answer.record == {}


def test_numbers_that_json_has_no_word_for_are_null() -> None:
    predicted = torch.tensor([1.5, math.nan, math.inf])
    answer = vector_answer(predicted, lambda picture: picture, drawn="overlay", writes_numbers=True)
    assert answer.record == {"vector": [1.5, None, None]}
    assert answer.vector is not None
    assert answer.vector[0] == 1.5
    assert math.isinf(answer.vector[2])
    assert vector_answer(predicted, lambda picture: picture, drawn="overlay", writes_numbers=False).record == {}
