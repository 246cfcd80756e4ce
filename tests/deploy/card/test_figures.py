"""Figures on a card stand with all that they depend on, and are not claimed where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.deploy.packing import model_card
from auxseg.records.metrics import ClassFigures
from auxseg.records.values.size import Size
from tests.deploy.made_models import make_run, write_figures
from tests.records.made_events import DATA


def test_figures_stand_with_their_split_size_border_and_interval(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run)
    card = model_card(run)
    assert (
        "Measured on the test split of pets.h5: 4 images, 32 x 32 pixels, not mirrored; border pixels are not counted."
    ) in card
    # without one of n images the ratio moves by n / (n - 1): 5.44 points of deviation, over root 4, times 3.18 (t)
    assert "| segmentation | IoU (all pixels) | 75.0 % (95 % interval over images: 66.3 % to 83.7 %) |" in _spaced(card)
    assert "| segmentation | IoU (per image) | 70.0 % |" in _spaced(card)
    assert "| classification | accuracy | 50.0 % |" in _spaced(card)
    assert "| box | iou | not measured: no image of the split has this label |" in card
    assert "Its figures rest on 4 images, so chance weighs much." in card
    assert "not evaluated" not in card


def test_without_an_evaluation_no_figure_of_a_test_split_is_claimed(tmp_path: Path) -> None:
    card = model_card(make_run(tmp_path / "pets"))
    assert "This model was not evaluated: there are no figures of a test split." in card
    assert "On the validation split, by which this model was chosen, IoU (all pixels) was 62.5 %." in _spaced(card)
    assert "model-index" not in card


def test_figures_of_another_step_are_not_this_models(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run, checkpoint_step=20)
    card = model_card(run)
    assert "This model was not evaluated" in card
    assert "75.0" not in card
    assert "model-index" not in card


@pytest.mark.parametrize(
    ("split", "caution"),
    [("val", "The model was chosen on this split"), ("train", "The model was trained on this split")],
)
def test_figures_of_other_splits_say_what_they_are_worth(split: str, caution: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run, split=split)
    card = model_card(run)
    assert caution in card
    assert "95 %" not in card


def test_averages_over_flips_are_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run, tta="flip")
    card = model_card(run)
    assert "32 x 32 pixels, not mirrored, outputs averaged over image and mirror image (--tta flip);" in card


def test_the_original_size_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run, at="original")
    card = model_card(run)
    assert "32 x 32 pixels, not mirrored, segmentation at the original size of each image;" in card


def test_mirrored_scoring_and_other_data_are_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets")
    write_figures(run, mirrored=True, data=replace(DATA, name="street.h5", content_hash="other", border="foreground"))
    card = model_card(run)
    assert "street.h5: 4 images, 32 x 32 pixels, each as it is and mirrored; border pixels count as foreground." in card
    assert "Its figures are of other data than it was trained on." in card


def test_classes_have_their_own_figures_where_there_are_several(tmp_path: Path) -> None:
    names = ("background", "cat", "dog")
    run = make_run(tmp_path / "pets", vocabulary=Vocabulary(Size.of(32), names, {"species": ("cat", "dog")}))
    each = ClassFigures(0.5, 0.75, None, 10, 8)
    write_figures(run, classes={"segmentation": dict.fromkeys(names, each)})
    assert "| dog | 50.0 % | 75.0 % | – |" in _spaced(model_card(run))  # noqa: RUF001


def _spaced(card: str) -> str:
    """With plain spaces, where a number and its unit are kept together."""
    return card.replace("\N{NO-BREAK SPACE}", " ")
