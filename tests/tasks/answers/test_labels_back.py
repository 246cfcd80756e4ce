"""Class ids at the photograph's size: areas stay, thin lines stay, bands change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg import drawing
from auxseg.data.geometry import fit
from auxseg.tasks.answers.labels_back import area_factors, labels_back, probabilities_back


def random_probabilities(num_classes: int, size: int, seed: int) -> np.ndarray:
    """Smooth random maps that add up to 1."""
    rng = np.random.default_rng(seed)
    coarse = fit((size, size), 8, "squash").maps_back(rng.normal(size=(num_classes, 8, 8)).astype(np.float32))
    values = np.exp(3 * coarse)
    return values / values.sum(0)


def a_line(certainty: float, size: int = 32) -> np.ndarray:
    """Probabilities of a line one pixel wide."""
    probability = np.full((size, size), 0.02)
    probability[size // 2] = certainty
    return np.stack([1 - probability, probability]).astype(np.float32)


@pytest.mark.parametrize("certainty", [0.55, 0.7, 0.95])
def test_a_thin_line_keeps_its_width(certainty: float) -> None:
    place = fit((320, 320), 32, "squash")
    mask = labels_back(a_line(certainty), place).mask
    assert mask.mean() == pytest.approx(1 / 32, rel=0.05)
    assert (mask[155:175].max(0) == 1).all()  # it is there in every column
    plain = place.maps_back(a_line(0.55)).argmax(0)
    assert plain.mean() < 0.6 / 32  # what is lost without


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(0, 1000), st.sampled_from(["squash", "letterbox"]))
def test_areas_stay_what_they_are_at_the_stored_size(num_classes: int, seed: int, resize: str) -> None:
    place = fit((150, 210), 48, resize)
    values = random_probabilities(num_classes, 48, seed)
    y0, y1, x0, x1 = place.inside
    stored = np.bincount(values[:, y0:y1, x0:x1].argmax(0).ravel(), minlength=num_classes)
    found = np.bincount(labels_back(values, place).mask.ravel(), minlength=num_classes)
    np.testing.assert_allclose(found / found.sum(), stored / stored.sum(), atol=0.01)


def test_large_objects_hardly_move() -> None:
    """A disc's outline stays, on average, within a tenth of a stored pixel of where interpolation has it."""
    y, x = np.mgrid[:64, :64] + 0.5
    inside = 1 / (1 + np.exp(np.hypot(y - 32, x - 32) - 20))
    values = np.stack([1 - inside, inside]).astype(np.float32)
    place = fit((640, 640), 64, "squash")
    plain = place.maps_back(values).argmax(0)
    changed = (labels_back(values, place).mask != plain).sum()
    assert changed < 2 * np.pi * 200 * 10 / 10


def test_a_picture_that_is_not_enlarged_is_read_plainly() -> None:
    values = random_probabilities(3, 32, 0)
    for hw in ((32, 32), (20, 11), (1, 1)):
        assert (area_factors(values, fit(hw, 32, "squash")) == 1).all()
    np.testing.assert_array_equal(labels_back(values, fit((32, 32), 32, "squash")).mask, values.argmax(0))


def test_classes_that_do_not_occur_stay_away() -> None:
    values = random_probabilities(4, 32, 1)
    values[2] = 1e-9
    assert 2 not in labels_back(values, fit((90, 70), 32, "squash")).mask
    only = np.stack([np.full((8, 8), 0.9), np.full((8, 8), 0.1)]).astype(np.float32)
    place = fit((30, 30), 8, "squash")
    back = labels_back(only, place)
    assert not back.mask.any()
    assert back.scores == (pytest.approx(0.9), None)
    np.testing.assert_allclose(probabilities_back(only, place)[1], 0.1, atol=1e-6)


def test_scores_are_mean_probabilities_and_bands_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, place = random_probabilities(3, 32, 2), fit((101, 67), 32, "letterbox")
    whole, probabilities = labels_back(values, place), probabilities_back(values, place)
    np.testing.assert_allclose(probabilities.sum(0), 1, atol=1e-5)
    for index, score in enumerate(whole.scores):
        part = whole.mask == index
        assert score == (pytest.approx(probabilities[index][part].mean(), abs=1e-5) if part.any() else None)
    monkeypatch.setattr(drawing, "BAND_PIXELS", 67 * 9)
    again = labels_back(values, place)
    assert (again.mask != whole.mask).mean() < 1e-3  # ties
    assert again.scores == pytest.approx(whole.scores, abs=1e-4)
    np.testing.assert_allclose(probabilities_back(values, place), probabilities, atol=1e-5)
