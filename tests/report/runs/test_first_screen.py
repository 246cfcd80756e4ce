"""The first screen of a run: which images, which curve, which warning and which command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.drawing import CONFUSED_COLOUR, PREDICTION_CONTOUR, TRUTH_CONTOUR
from auxseg.report import report
from auxseg.report.runs.first_screen import FirstScreen, first_screen
from auxseg.report.runs.record import read_record
from tests.report import made_runs as runs
from tests.report.html import Page


def screen(run: Path) -> FirstScreen:
    return first_screen(read_record(run), "status")


def change_metrics(run: Path, **values: object) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps(metrics | values))


def test_an_evaluated_run_shows_its_worst_images_and_is_ready_to_be_used(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "a run")
    found = screen(run)
    assert [picture.value for picture in found.mistakes] == ["31.0\u00a0%"] * 6
    assert found.command == f"auxseg predict '{run}' FOLDER --out predictions"
    assert found.curve is not None
    assert found.curve.name == "validation-segmentation"
    assert "step 493: the best of 30 validations by IoU (all pixels)" in found.kept


@pytest.mark.parametrize(("steps", "is_ended", "verb"), [(40, False, "train --resume"), (510, True, "evaluate")])
def test_the_command_goes_on_where_the_run_is(tmp_path: Path, steps: int, is_ended: bool, verb: str) -> None:
    run = tmp_path / "run"
    runs.write_recipe(run)
    runs.write_events(run, [*runs.training_events(steps=steps), *([runs.end_event()] if is_ended else [])])
    found = screen(run)
    assert found.command == f"auxseg {verb} {run}"
    assert found.mistakes == []
    assert found.interval == found.caution == ""


def test_a_model_that_is_newer_than_its_evaluation_is_to_be_evaluated(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    change_metrics(run, checkpoint_step=170)
    assert screen(run).command == f"auxseg evaluate {run}"


@pytest.mark.parametrize(
    ("split", "remark"),
    [
        ("train", "The model was trained on these images. They say nothing of how it does on others."),
        ("val", "The model was chosen by these validation images, so the figures are optimistic."),
    ],
)
def test_a_run_that_was_evaluated_on_another_split_is_to_be_tested(tmp_path: Path, split: str, remark: str) -> None:
    run = runs.make_full_run(tmp_path / "run")
    assert remark not in Page(report([run]).read_text(encoding="utf-8")).text
    change_metrics(run, split=split)
    found = screen(run)
    assert found.command == f"auxseg evaluate {run}"
    assert found.interval == found.caution == ""
    assert remark in Page(report([run]).read_text(encoding="utf-8")).text


def test_classes_that_validation_did_not_find_are_named_before_an_evaluation(tmp_path: Path) -> None:
    run = tmp_path / "run"
    runs.write_recipe(run)
    events = runs.training_events(steps=40)
    for event in events:
        if event["event"] == "validation":
            event["lost"] = {"pole": 0.004}
    runs.write_events(run, events)
    page = Page(report([run]).read_text(encoding="utf-8"))
    assert "found no pixel of pole (0.40 % of the true pixels): IoU 0. To find rare classes, train with" in page.text


def test_few_images_are_warned_of_and_many_are_not(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    assert screen(run).caution.startswith("100 test images are few: on other images")
    (run / "per_image.csv").unlink()
    assert screen(run).caution == "100 test images are few: other images may give a very different figure."
    change_metrics(run, num_images=200)
    assert screen(run).caution == ""


def test_tasks_without_labels_are_one_line_and_no_table(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["figures"]["box"] = {"iou": None, "num_images": 0.0}
    (run / "metrics.json").write_text(json.dumps(metrics))
    assert screen(run).unlabelled == "No labels in the test split, so no figures for: box."
    assert "Mean squared error in pixels." not in Page(report([run]).read_text(encoding="utf-8")).text


def test_one_class_for_another_is_in_the_legend_only_where_there_are_several(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    one = {"iou": 0.5, "precision": 0.5, "recall": 0.5, "pixels": 9, "predicted_pixels": 9}
    for names, is_confusable in ((("background", "pet"), False), (("background", "cat", "dog"), True)):
        change_metrics(run, classes={"segmentation": dict.fromkeys(names, one)})
        assert screen(run).confusable is is_confusable
        legend = report([run]).read_text(encoding="utf-8").partition('class="legend"')[2].partition("</p>")[0]
        assert ("wrong class" in legend) is is_confusable


def test_the_legend_has_the_colours_of_the_pictures() -> None:
    style = (Path(__file__).parents[3] / "src/auxseg/report/style.css").read_text()
    for name, colour in (
        ("truth", TRUTH_CONTOUR),
        ("prediction", PREDICTION_CONTOUR),
        ("confused", CONFUSED_COLOUR),
    ):
        assert f"--{name}: #{bytes(colour).hex()};" in style


def test_a_run_without_pictures_has_a_page_without_an_empty_frame(tmp_path: Path) -> None:
    run = runs.make_full_run(tmp_path / "run")
    (run / "examples.json").unlink()
    page = Page(report([run]).read_text(encoding="utf-8"))
    assert "Where it fails" not in page.text
    assert page.faults == []
