"""What runs reached is read from their evaluations, and is compared only where they measured the same images."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks
from auxseg.statistics.paired_differences import MeanFigure, RatioFigure
from auxseg.study.answers.figures import RunFigures, refuse_other_images
from auxseg.study.design.plan import PlannedRun, make_plan
from auxseg.study.directory.directory import StudyDirectory
from tests.study.small import small_config

RUNS = [run for run in make_plan(small_config()).runs if run.arm.name == "box"]


def figures(study: Path, store: Path, target: str = "segmentation", figure: str = "") -> RunFigures:
    tasks = build_tasks(RUNS[0].recipe, Store.open(store).vocabulary)
    return RunFigures(StudyDirectory(study), tasks[target], figure or tasks[target].main_figure)


def rows(study: Path, run: PlannedRun) -> list[dict[str, str]]:
    with (StudyDirectory(study).run_directory(run) / "per_image.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_ratio_is_read_as_its_parts_and_wholes(finished: Path, store: Path) -> None:
    found = figures(finished, store).per_image((RUNS[0],))
    assert isinstance(found, RatioFigure)
    table = rows(finished, RUNS[0])
    for values, name in ((found.parts, "intersection"), (found.wholes, "union")):
        columns = [key for key in table[0] if key.startswith(f"segmentation.{name}.")]
        assert np.array_equal(values, [[float(row[key]) for key in columns] for row in table])


def test_a_mean_is_read_by_image(finished: Path, store: Path) -> None:
    found = figures(finished, store, "box").per_image((RUNS[0],))
    assert isinstance(found, MeanFigure)
    assert np.array_equal(found.values, [float(row["box.iou"]) for row in rows(finished, RUNS[0])])


@pytest.mark.parametrize(("figure", "column"), [("iou_image", "iou"), ("dice_image", "dice")])
def test_another_figure_is_read_from_its_own_column(figure: str, column: str, finished: Path, store: Path) -> None:
    read = figures(finished, store, figure=figure)
    found = read.per_image((RUNS[0],))
    assert isinstance(found, MeanFigure)
    written = [float(row[f"segmentation.{column}"] or "nan") for row in rows(finished, RUNS[0])]
    assert np.array_equal(found.values, written, equal_nan=True)
    reached = read.reached({RUNS[0].seed: (RUNS[0],)}, read.target)
    assert reached.name_of_figure == figure
    assert reached.figure == pytest.approx(np.nanmean(written))


def test_what_a_task_reaches_is_its_main_figure_by_seed_and_on_average(finished: Path, store: Path) -> None:
    read = figures(finished, store)
    reached = read.reached({run.seed: (run,) for run in RUNS}, read.target)
    expected = {}
    for run in RUNS:
        metrics = json.loads((StudyDirectory(finished).run_directory(run) / "metrics.json").read_text())
        expected[str(run.seed)] = metrics["figures"]["segmentation"]["iou_dataset"]
    assert (reached.name_of_figure, reached.figure_per_seed) == ("iou_dataset", expected)
    assert reached.figure == pytest.approx(np.mean(list(expected.values())))
    assert read.reached({}, read.target).figure is None


def test_a_run_that_was_not_measured_has_no_figure(finished: Path, store: Path, tmp_path: Path) -> None:
    read = figures(tmp_path, store)
    assert read.total((RUNS[0],), "segmentation") is None
    shutil.copytree(finished / "runs", tmp_path / "runs")
    (StudyDirectory(tmp_path).run_directory(RUNS[0]) / "per_image.csv").write_text("id,other\na,1\n")
    with pytest.raises(InputError, match=r"per_image\.csv: has no .* of segmentation; evaluate it again"):
        read.per_image((RUNS[0],))


def test_other_images_are_refused_and_both_runs_named(study: Path) -> None:
    directory = StudyDirectory(study)
    refuse_other_images(directory, RUNS)
    first, second = (directory.run_directory(run) for run in RUNS)
    lines = (second / "per_image.csv").read_text().splitlines(keepends=True)
    (second / "per_image.csv").write_text("".join([lines[0], *lines[:0:-1]]))
    with pytest.raises(
        InputError, match=rf"{second.name}: per_image\.csv has other images than that of .*{first.name}"
    ):
        refuse_other_images(directory, RUNS)
