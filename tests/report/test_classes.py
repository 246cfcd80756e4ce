"""Masks by class on the page, and which classes are lost."""

from __future__ import annotations

import json
from pathlib import Path

from auxseg.report import report, wording
from tests.report import made_runs as runs
from tests.report.html import Page


def test_classes_have_a_table_and_a_matrix_and_lost_ones_a_sentence(tmp_path: Path) -> None:
    path = runs.make_full_run(tmp_path / "run", ("segmentation",))
    leaf = {"iou": 0.5, "precision": 0.6, "recall": 0.75, "pixels": 40000, "predicted_pixels": 50000}
    stem = {"iou": 0.0, "precision": None, "recall": 0.0, "pixels": 1234, "predicted_pixels": 0}
    absent = {"iou": None, "precision": None, "recall": None, "pixels": 0, "predicted_pixels": 0}
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["classes"] = {"segmentation": {"leaf": leaf, "stem": stem, "absent": absent}}
    counts = [[30000, 10000, 0], [1234, 0, 0], [0, 0, 0]]
    metrics["tables"] = {"segmentation.confusion": {"names": ["leaf", "stem", "absent"], "counts": counts}}
    (path / "metrics.json").write_text(json.dumps(metrics))
    page = Page(report([path]).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "segmentation by class" in page.headings
    assert page.text.count("The model found no pixel of stem (3.0 % of the true pixels): IoU 0.") == 1
    assert "leaf 50.0 % 60.0 % 75.0 % 40,000 50,000" in page.text
    assert "absent – – – 0 0" in page.text  # noqa: RUF001
    assert "numbers are percent of the row" in page.text
    assert {"75%", "25%", "100%"} <= set(map(str.strip, page.words))


def test_why_a_figure_has_no_value() -> None:
    assert wording.undefined("iou_dataset", {"num_images": 0.0}) == "iou_dataset has no value: no image has a label."
    assert "background everywhere" in wording.undefined("iou_dataset", {"num_images": 4.0, "num_empty": 4.0})
    assert "none of the scored classes" in wording.undefined("f1", {"num_images": 4.0})
