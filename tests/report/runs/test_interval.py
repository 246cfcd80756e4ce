"""The interval of a run's figure over its test images, beside scipy's and a bootstrap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from auxseg.report.runs.interval import interval
from auxseg.report.runs.record import read_record
from tests.report import made_runs as runs


def write(run: Path, figure: float | None, header: str, rows: list[str], **values: object) -> Path:
    """A run whose figure and table are given, and what else its metrics hold."""
    runs.make_full_run(run, ("segmentation",))
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["figures"]["segmentation"] = {"iou_dataset": figure}
    (run / "metrics.json").write_text(json.dumps(metrics | values))
    (run / "per_image.csv").write_text("\n".join([header, *rows]) + "\n")
    return run


def test_a_mean_over_images_has_the_t_interval(tmp_path: Path) -> None:
    values = np.array([0.5, 0.7, 0.9, 0.6])
    rows = [f"i{number},{value}" for number, value in enumerate(values)] + ["unlabelled,"]
    run = write(tmp_path / "run", values.mean(), "id,segmentation.iou", rows)
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert interval(read_record(run)) == pytest.approx(expected)


def test_a_ratio_of_totals_has_about_the_interval_of_a_bootstrap(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    wholes = noise.integers(200, 900, size=(300, 2)).astype(float)
    parts = np.round(wholes * noise.uniform(0.5, 0.95, size=wholes.shape))
    figure = float((parts.sum(0) / wholes.sum(0)).mean())
    head = [f"segmentation.{kind}.{name}" for kind in ("intersection", "union") for name in "ab"]
    rows = [f"i{n},{p[0]},{p[1]},{w[0]},{w[1]}" for n, (p, w) in enumerate(zip(parts, wholes, strict=True))]
    found = interval(read_record(write(tmp_path / "run", figure, ",".join(["id", *head]), rows)))
    assert found is not None
    drawn = noise.integers(0, 300, size=(4000, 300))
    again = (parts[drawn].sum(1) / wholes[drawn].sum(1)).mean(1)
    assert found == pytest.approx(tuple(np.quantile(again, [0.025, 0.975])), abs=0.1 * (found[1] - found[0]))


def test_without_columns_that_make_the_figure_there_is_none(tmp_path: Path) -> None:
    rows = ["a,0.5", "b,0.7"]
    assert interval(read_record(write(tmp_path / "other", 0.9, "id,segmentation.iou", rows))) is None
    assert interval(read_record(write(tmp_path / "none", None, "id,segmentation.iou", rows))) is None
    assert interval(read_record(write(tmp_path / "one", 0.5, "id,segmentation.iou", rows[:1]))) is None
    assert interval(read_record(write(tmp_path / "empty", 0.5, "id", ["a"]))) is None


def test_a_share_does_not_leave_zero_and_one(tmp_path: Path) -> None:
    rows = ["a,1.0", "b,0.8"]
    assert interval(read_record(write(tmp_path / "run", 0.9, "id,segmentation.iou", rows))) == (0.0, 1.0)


@pytest.mark.parametrize("split", ["train", "val"])
def test_images_that_trained_or_chose_the_model_give_none(tmp_path: Path, split: str) -> None:
    rows = ["a,0.5", "b,0.7"]
    tested = write(tmp_path / "tested", 0.6, "id,segmentation.iou", rows)
    assert interval(read_record(tested)) is not None
    other = write(tmp_path / "other", 0.6, "id,segmentation.iou", rows, split=split)
    assert interval(read_record(other)) is None


def test_where_nothing_varies_there_is_none(tmp_path: Path) -> None:
    """Ten images that are all right do not say that every image will be."""
    rows = [f"i{number},1.0" for number in range(10)]
    assert interval(read_record(write(tmp_path / "mean", 1.0, "id,segmentation.correct", rows))) is None
    rows = [f"i{number},{size},{size}" for number, size in enumerate((100, 300, 900))]
    header = "id,segmentation.intersection.pet,segmentation.union.pet"
    assert interval(read_record(write(tmp_path / "ratio", 1.0, header, rows))) is None


def test_a_run_that_was_not_evaluated_has_none(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path / "run")
    assert interval(read_record(tmp_path / "run")) is None
