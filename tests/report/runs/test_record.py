from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.report.runs.record import main_figure, read_record
from tests.report import made_runs as runs


@pytest.fixture
def run(tmp_path: Path) -> Path:
    runs.write_recipe(tmp_path)
    return tmp_path


def test_the_target_comes_first_and_tasks_that_are_off_are_left_out(tmp_path: Path) -> None:
    tasks = "{colour: {kind: colour}, mask: {kind: segmentation}, box: null, edges: off}"
    (tmp_path / "recipe.yaml").write_text(f"target: mask\ntasks: {tasks}\n")
    assert read_record(tmp_path).tasks == ("mask", "colour")


@pytest.mark.parametrize("cut", [2, 10, 60])
def test_a_last_line_that_was_cut_off_is_left_out_and_said(run: Path, cut: int) -> None:
    runs.write_events(run, runs.training_events(steps=3))
    whole = (run / "events.jsonl").read_text()
    (run / "events.jsonl").write_text(whole[:-cut])
    record = read_record(run)
    assert [event.step for event in record.steps] == [1, 2]
    assert record.events.lost == (4,)


def test_a_last_line_without_its_end_of_line_is_whole(run: Path) -> None:
    runs.write_events(run, runs.training_events(steps=3))
    (run / "events.jsonl").write_text((run / "events.jsonl").read_text()[:-1])
    record = read_record(run)
    assert ([event.step for event in record.steps], record.events.lost) == ([1, 2, 3], ())


def test_the_last_validation_that_was_kept_counts(run: Path) -> None:
    runs.write_events(run, runs.training_events(steps=510))
    record = read_record(run)
    assert record.kept is not None
    assert (record.kept.step, record.validations[-1].step) == (493, 510)


def test_cells_of_per_image_are_numbers_or_nothing(run: Path) -> None:
    runs.write_evaluation(run)
    (run / "per_image.csv").write_text("id,a.iou,a.name,a.right\n7,0.5,cat,True\n8,,dog,False\n9,nan,,\n")
    table = read_record(run).table
    assert table.ids == ("7", "8", "9")
    assert table.numbers == {"a.iou": (0.5, None, None), "a.name": (None,) * 3, "a.right": (1.0, 0.0, None)}


def test_rows_and_examples_count_only_with_the_metrics_they_belong_to(run: Path) -> None:
    runs.write_evaluation(run)
    assert read_record(run).table.ids
    assert read_record(run).examples
    (run / "metrics.json").unlink()
    record = read_record(run)
    assert (record.table.ids, record.examples) == ((), ())


def test_the_first_figure_is_the_main_one() -> None:
    assert main_figure({"a": {"x": 0.5, "y": 1.0}}, "a") == ("x", 0.5)
    assert main_figure({"a": {}}, "a") is None
    assert main_figure({}, "a") is None


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("metrics.json", "{", r"metrics\.json: expected JSON, found '{'"),
        ("recipe.yaml", "tasks: [", r"recipe\.yaml: expected a recipe in YAML"),
        ("recipe.yaml", "- 1", r"recipe\.yaml: expected a recipe with the keys tasks and target, found '- 1'"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(run: Path, file: str, text: str, message: str) -> None:
    (run / file).write_text(text)
    with pytest.raises(InputError, match=message):
        read_record(run)
