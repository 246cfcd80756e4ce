from __future__ import annotations

import json
from pathlib import Path

import yaml

from auxseg.report import report
from auxseg.report.runs.comparison import compare
from auxseg.report.runs.record import read_record
from tests.report import made_runs as runs
from tests.report.html import Page


def compared(*paths: Path):
    return compare([read_record(path) for path in paths], [path.name for path in paths])


def test_changes_count_from_the_first_run(tmp_path: Path) -> None:
    one = runs.make_full_run(tmp_path / "one", ("segmentation",), 0.84)
    comparison = compared(
        one, runs.make_full_run(tmp_path / "two"), runs.make_full_run(tmp_path / "three", quality=0.80)
    )
    assert comparison.remarks == []
    assert comparison.title == "segmentation: IoU (all pixels)"
    assert comparison.others == ["classification: accuracy", "box: iou"]
    assert [row.change for row in comparison.rows] == ["", "+2.0 points", "−4.0 points"]  # noqa: RUF001
    assert comparison.rows[0].others == ["–", "–"]  # noqa: RUF001
    assert [chart.name for chart in comparison.charts] == [
        f"{kind}-{task}" for task in runs.TASKS for kind in ("loss", "validation")
    ]


def test_no_changes_are_given_between_different_splits(tmp_path: Path) -> None:
    two = tmp_path / "two"
    runs.write_recipe(two)
    runs.write_events(two, runs.training_events(steps=40))
    comparison = compared(runs.make_full_run(tmp_path / "one"), two)
    assert [row.change for row in comparison.rows] == ["", ""]
    assert [row.measured for row in comparison.rows] == ["100 test", "30 validation"]
    assert len(comparison.remarks) == 1
    assert "same split" in comparison.remarks[0]


def test_no_changes_are_given_between_different_data(tmp_path: Path) -> None:
    one, two = runs.make_full_run(tmp_path / "one"), runs.make_full_run(tmp_path / "two")
    metrics = json.loads((two / "metrics.json").read_text())
    metrics["data"]["border"] = "ignore"
    (two / "metrics.json").write_text(json.dumps(metrics))
    comparison = compared(one, two)
    assert [row.change for row in comparison.rows] == ["", ""]
    assert comparison.data == []
    assert "not measured on the same data" in comparison.remarks[0]


def test_other_sizes_are_compared_at_the_original_one_alone(tmp_path: Path) -> None:
    one, two = runs.make_full_run(tmp_path / "one"), runs.make_full_run(tmp_path / "two", quality=0.80)

    def changed(**values: object) -> None:
        for run, size in ((one, 64), (two, [48, 64])):
            metrics = json.loads((run / "metrics.json").read_text())
            metrics["data"]["size"] = size
            (run / "metrics.json").write_text(json.dumps(metrics | values))

    changed()
    comparison = compared(one, two)
    assert [row.change for row in comparison.rows] == ["", ""]
    assert comparison.remarks[0].startswith("The runs were not measured at the same size, so no differences are shown.")
    changed(at="original")
    comparison = compared(one, two)
    assert comparison.remarks == []
    assert comparison.rows[1].change.endswith(" points")


def test_images_without_the_targets_label_are_not_counted(tmp_path: Path) -> None:
    one, two = runs.make_full_run(tmp_path / "one"), tmp_path / "two"
    metrics = json.loads((one / "metrics.json").read_text())
    metrics["figures"]["segmentation"]["num_images"] = 61.0
    (one / "metrics.json").write_text(json.dumps(metrics))
    events = runs.training_events(steps=40)
    for event in events:
        if event["event"] == "validation":
            event["figures"]["segmentation"]["num_images"] = 17.0
    runs.write_recipe(two)
    runs.write_events(two, events)
    assert [row.measured for row in compared(one, two).rows] == ["61 test", "17 validation"]


def test_only_settings_that_differ_are_listed(tmp_path: Path) -> None:
    for name, width in (("one", 1), ("two", 2)):
        runs.write_recipe(tmp_path / name, model={"width": width, "norm": {"kind": "group"}}, seed=width)
    settings = compared(tmp_path / "one", tmp_path / "two").settings
    assert settings == [("model.width", ["1", "2"]), ("seed", ["1", "2"])]


def test_a_part_that_one_run_lacks_is_one_line(tmp_path: Path) -> None:
    box = {"kind": "box", "hidden": 64, "losses": {"giou": 1.0}}
    mask = {"kind": "segmentation"}
    for name, tasks in (("one", {"mask": mask}), ("two", {"mask": mask, "box": box}), ("three", {"mask": mask})):
        runs.write_recipe(tmp_path / name, ("mask",))
        recipe = (tmp_path / name / "recipe.yaml").read_text()
        (tmp_path / name / "recipe.yaml").write_text(yaml.safe_dump(yaml.safe_load(recipe) | {"tasks": tasks}))
    settings = compared(tmp_path / "one", tmp_path / "two", tmp_path / "three").settings
    assert settings == [("tasks.box", ["–", "box", "–"])]  # noqa: RUF001


def test_parameters_that_are_not_trained_are_counted_apart(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path / "two")
    start, *events = runs.training_events(steps=1)
    runs.write_events(
        tmp_path / "two", [start | {"parameters": {"encoder": 1000}, "frozen": {"encoder": 900}}, *events]
    )
    row = compared(runs.make_full_run(tmp_path / "one"), tmp_path / "two").rows[1]
    assert row.parameters == "1,000, 100 of them trained"


def test_runs_that_have_not_begun_can_stand_beside_others(tmp_path: Path) -> None:
    runs.write_recipe(tmp_path / "two")
    row = compared(runs.make_full_run(tmp_path / "one"), tmp_path / "two").rows[1]
    assert (row.value, row.measured, row.parameters, row.steps) == ("–", "not measured yet", "–", "0")  # noqa: RUF001


def test_classes_of_the_target_have_a_row_each_where_there_are_several(tmp_path: Path) -> None:
    paths = [runs.make_full_run(tmp_path / name, ("segmentation",)) for name in ("one", "two")]
    assert compared(*paths).classes == []
    for path, iou in zip(paths, (0.5, 0.25), strict=True):
        metrics = json.loads((path / "metrics.json").read_text())
        figures = {"precision": None, "recall": None, "pixels": 9, "predicted_pixels": 9}
        classes = {"road": {"iou": 0.9, **figures}, "pole": {"iou": iou, **figures}, "tram": {"iou": None, **figures}}
        metrics["classes"] = {"segmentation": classes}
        (path / "metrics.json").write_text(json.dumps(metrics))
    found = [
        (name, [value.replace("\N{NO-BREAK SPACE}", " ") for value in values])
        for name, values in compared(*paths).classes
    ]
    nothing = "\N{EN DASH}"
    assert found == [("road", ["90.0 %"] * 2), ("pole", ["50.0 %", "25.0 %"]), ("tram", [nothing] * 2)]
    page = Page(report(paths, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert "IoU by class" in page.headings
    assert "pole 50.0 % 25.0 %" in page.text
