"""What earlier studies say of how figures vary."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from auxseg.records import study as records
from auxseg.records.study import read_study, write_study
from auxseg.statistics.simultaneous import USUAL, Spread
from auxseg.study.at_hand import TABLE, Images, Known, known_spread
from tests.report.made_studies import make_study

KNOWN = Known(USUAL, TABLE)


def test_folds_test_all_that_is_dealt() -> None:
    assert [Images(8, 36).tested(folds) for folds in (None, 5)] == [8, 36]


def test_trainings_of_a_seed_share_its_chance() -> None:
    known = Known(Spread(0.01, 0.02, 0.03), "a study of five folds", num_folds=5)
    assert known.at(5) == known.spread
    assert known.at(1).run == pytest.approx(0.01 * 5**0.5)
    assert (known.at(1).rest, known.at(1).arm_image) == (0.02, 0.03)


def test_an_earlier_study_of_the_same_data_says_how_figures_vary(tmp_path: Path) -> None:
    judged = ("segmentation", "iou_dataset")
    studies = tmp_path / "studies"
    made = make_study(studies / "before")
    before = read_study(made)
    spread = Spread(0.01, 0.02, 0.03)
    told = dataclasses.replace(
        before,
        target="segmentation",
        figure="iou_dataset",
        answers=tuple(dataclasses.replace(each, spread=records.Spread(**vars(spread))) for each in before.answers),
    )
    write_study(made, told)
    found = known_spread(studies / "new", judged, told.data.content_hash, 1.0)
    assert (found.spread, found.source) == (spread, "the study before")
    assert known_spread(studies / "new", judged, "other data", 1.0) == KNOWN
    assert known_spread(studies / "new", ("segmentation", "iou_image"), told.data.content_hash, 1.0) == KNOWN
    (made / "study.json").write_text("{")
    assert known_spread(studies / "new", judged, told.data.content_hash, 1.0) == KNOWN
