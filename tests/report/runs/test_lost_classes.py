"""Classes that were lost: named with their shares, and with what may help where they are rare."""

from __future__ import annotations

from typing import Any

import pytest

from auxseg.records.metrics import ClassFigures
from auxseg.report.runs.lost_classes import lost_sentence, lost_shares
from auxseg.report.wording import SPACE


def _settings(**task: Any) -> dict[str, object]:
    return {"tasks": {"mask": {"kind": "segmentation", **task}}}


def _class(iou: float | None, pixels: int, predicted: int) -> ClassFigures:
    return ClassFigures(iou=iou, precision=None, recall=None, pixels=pixels, predicted_pixels=predicted)


def _said(lost: dict[str, float], settings: dict[str, object]) -> str:
    return lost_sentence(lost, settings, "mask").replace(SPACE, " ")


def test_lost_are_classes_of_the_truth_without_a_right_pixel() -> None:
    classes = {
        "road": _class(0.9, 980, 990),
        "pole": _class(0.0, 5, 0),
        "sign": _class(0.0, 15, 3),
        "sky": _class(0.0, 0, 7),
        "car": _class(None, 0, 0),
    }
    assert lost_shares(classes) == {"pole": 0.005, "sign": 0.015}


def test_they_are_named_with_their_shares_and_the_way_out() -> None:
    assert _said({"pole": 0.00314, "sign": 0.0159}, _settings(class_weights=None)) == (
        "The model found no pixel of pole (0.31 % of the true pixels) and sign (1.6 % of the true pixels): IoU 0. "
        "To find rare classes, train with --set tasks.mask.class_weights=balanced."
    )
    assert "pole (under 0.01 % of" in _said({"pole": 0.00001}, _settings())


def test_who_has_weights_is_told_what_else_there_is() -> None:
    said = _said({"pole": 0.003}, _settings(class_weights="balanced"))
    assert said.endswith(
        "IoU 0. To find them, train longer or give them more weight by name, in tasks.mask.class_weights."
    )


def test_who_trains_on_hard_pixels_is_told_to_leave_that_out() -> None:
    said = _said({"pole": 0.003}, _settings(class_weights=None, losses={"ohem": 1.0}))
    assert said.endswith("train without ohem and with --set tasks.mask.class_weights=balanced.")


@pytest.mark.parametrize("settings", [{}, {"tasks": {}}, {"tasks": {"mask": {"kind": "mine"}}}])
def test_without_such_a_setting_there_is_no_advice(settings: dict[str, object]) -> None:
    assert _said({"pole": 0.003}, settings).endswith("IoU 0.")


def test_common_classes_are_lost_for_other_reasons() -> None:
    assert _said({"road": 0.4}, _settings()).endswith("(40.0 % of the true pixels): IoU 0.")


def test_nothing_lost_is_nothing_said() -> None:
    assert _said({}, _settings()) == ""


def test_many_are_counted() -> None:
    said = _said({f"c{number}": 0.001 for number in range(20)}, _settings())
    assert "c7 (0.10 % of the true pixels) and 12 more: IoU 0." in said
