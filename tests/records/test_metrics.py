"""metrics.json: what an evaluation found comes back as it was; tables that are no square are refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.metrics import ClassFigures, ConfusionTable, Metrics, read_metrics, write_metrics
from tests.records.made_events import DATA

METRICS = Metrics(
    split="test",
    num_images=8,
    checkpoint_step=40,
    target="segmentation",
    main_figure="iou_dataset",
    data=DATA,
    figures={"segmentation": {"iou_dataset": 0.5, "iou_image": None}},
    losses={"segmentation": 0.7},
    explain={"segmentation": {"iou_dataset": "IoU."}},
    tables={"segmentation.confusion": ConfusionTable(("cat", "dog"), ((1, 2), (3, 4)))},
    classes={"segmentation": {"cat": ClassFigures(0.5, None, 0.25, 3, 0)}},
    seconds=1.5,
)


def test_what_was_found_comes_back_as_it_was(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) is None
    write_metrics(tmp_path, METRICS)
    assert read_metrics(tmp_path) == METRICS


def test_the_main_figure_stays_first(tmp_path: Path) -> None:
    write_metrics(tmp_path, METRICS)
    found = read_metrics(tmp_path)
    assert found is not None
    assert list(found.figures["segmentation"]) == ["iou_dataset", "iou_image"]


def test_a_figure_that_is_none_is_null(tmp_path: Path) -> None:
    write_metrics(tmp_path, dataclasses.replace(METRICS, figures={"segmentation": {"iou_dataset": math.nan}}))
    assert json.loads((tmp_path / "metrics.json").read_text())["figures"]["segmentation"]["iou_dataset"] is None


def test_what_earlier_versions_did_not_write_has_a_default(tmp_path: Path) -> None:
    write_metrics(tmp_path, METRICS)
    values = json.loads((tmp_path / "metrics.json").read_text())
    for key in ("main_figure", "losses", "explain", "tables", "classes"):
        del values[key]
    del values["data"]["path"], values["data"]["source"]
    (tmp_path / "metrics.json").write_text(json.dumps(values))
    found = read_metrics(tmp_path)
    assert found is not None
    assert (found.main_figure, found.losses, found.classes, found.data.path) == ("", {}, {}, "")
    assert found.mirrored is False


def test_only_mirrored_scoring_is_written(tmp_path: Path) -> None:
    write_metrics(tmp_path, METRICS)
    assert "mirrored" not in json.loads((tmp_path / "metrics.json").read_text())
    mirrored = dataclasses.replace(METRICS, mirrored=True)
    write_metrics(tmp_path, mirrored)
    assert list(json.loads((tmp_path / "metrics.json").read_text()))[:3] == ["split", "num_images", "mirrored"]
    assert read_metrics(tmp_path) == mirrored


@pytest.mark.parametrize("counts", [((1, 2),), ((1, 2), (3,)), ()])
def test_a_table_that_is_no_square_is_refused(tmp_path: Path, counts: tuple[tuple[int, ...], ...]) -> None:
    write_metrics(tmp_path, dataclasses.replace(METRICS, tables={"a": ConfusionTable(("cat", "dog"), counts)}))
    with pytest.raises(InputError, match=r"tables\.'a' has 2 classes, but its counts are not a square of that size"):
        read_metrics(tmp_path)
