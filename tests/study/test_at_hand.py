"""What earlier studies say of how figures vary."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from auxseg.records import study as records
from auxseg.records.study import read_study, write_study
from auxseg.statistics.simultaneous import USUAL, Spread
from auxseg.study.at_hand import TABLE, Alike, Images, Known, known_spread
from tests.report.made_studies import make_study

KNOWN = Known(USUAL, TABLE)


def test_folds_test_all_that_is_dealt() -> None:
    assert [Images(8, 36).tested(folds) for folds in (None, 5)] == [8, 36]


def test_trainings_of_a_seed_share_its_chance() -> None:
    known = Known(Spread(0.01, 0.02, 0.03), "a study of five folds", num_folds=5)
    assert known.at(5) == known.spread
    assert known.at(1).run == pytest.approx(0.01 * 5**0.5)
    assert (known.at(1).rest, known.at(1).arm_image) == (0.02, 0.03)


SPREAD = Spread(0.01, 0.02, 0.03)


def _earlier(folder: Path, spread: Spread = SPREAD, **changes: Any) -> Path:
    """A study that was made, with other values."""
    made = make_study(folder)
    before = read_study(made)
    answers = tuple(dataclasses.replace(each, spread=records.Spread(**vars(spread))) for each in before.answers)
    values = {"target": "segmentation", "figure": "iou_dataset", "answers": answers, **changes}
    write_study(made, dataclasses.replace(before, **values))
    return made


def _alike(made: Path) -> Alike:
    return Alike(read_study(made).data.content_hash, "segmentation", "iou_dataset", "tiny", "r1")


def test_an_earlier_study_of_the_same_data_says_how_figures_vary(tmp_path: Path) -> None:
    studies = tmp_path / "studies"
    made = _earlier(studies / "before", recipes={"target only": "r1"})
    alike = _alike(made)
    found = known_spread(studies / "new", alike, 1.0)
    assert (found.spread, found.source) == (SPREAD, "the study before")
    for change in ({"content_hash": "other data"}, {"figure": "iou_image"}, {"target": "other"}, {"base": "unet"}):
        assert known_spread(studies / "new", dataclasses.replace(alike, **change), 1.0) == KNOWN
    (made / "study.json").write_text("{")
    assert known_spread(studies / "new", alike, 1.0) == KNOWN


@pytest.mark.parametrize(
    ("spread", "changes"), [(SPREAD, {"seeds": 2}), (Spread(0.0, 0.0, 0.0), {}), (Spread(0.0, 0.02, 0.03), {})]
)
def test_a_study_that_cannot_know_how_runs_vary_says_nothing_of_it(
    tmp_path: Path, spread: Spread, changes: dict[str, Any]
) -> None:
    made = _earlier(tmp_path / "before", spread, **changes)
    assert known_spread(tmp_path / "new", _alike(made), 1.0) == KNOWN


def test_a_study_by_the_same_recipe_comes_before_a_newer_one_by_another(tmp_path: Path) -> None:
    newer, older = tmp_path / "newer", tmp_path / "older"
    alike = _alike(_earlier(newer, recipes={"target only": "r2"}))
    found = known_spread(tmp_path / "new", alike, 1.0)
    assert (found.spread, found.source) == (SPREAD, "the study newer, which has another recipe")
    _earlier(older, Spread(0.04, 0.05, 0.06), recipes={"target only": "r1"})
    os.utime(older / "study.json", (1, 1))
    found = known_spread(tmp_path / "new", alike, 1.0)
    assert (found.spread, found.source) == (Spread(0.04, 0.05, 0.06), "the study older")
