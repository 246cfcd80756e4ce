"""Several runs drawn on the same photographs."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Sample
from auxseg.data.sources.source import Item
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, draw_grid, evaluate, grid, load, train
from auxseg.run.grid import NUM_IMAGES, SIDE
from tests.run.conftest import SETTINGS, Uneven


@final
class Turned(Uneven):
    """The same ids and labels with other photographs."""

    def __init__(self) -> None:
        super().__init__(40)

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        return replace(sample, image=255 - sample.image)


@pytest.fixture(scope="module")
def runs(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A single-task and a three-task run."""
    folder = tmp_path_factory.mktemp("runs")
    settings = [*SETTINGS, "training.steps=2"]
    return {name: train(load_recipe(name, settings), store_path, folder / name) for name in ("tiny", "tiny-mtl")}


def test_grid_has_a_row_per_image_and_a_column_per_run(runs: dict[str, Run], tmp_path: Path) -> None:
    for run in runs.values():
        evaluate(run)
    picture = np.asarray(Image.open(draw_grid(runs, tmp_path / "grid.png")))
    assert picture.shape[1] == (2 + len(runs)) * SIDE + (1 + len(runs)) * 4
    assert picture.shape[0] > NUM_IMAGES * SIDE
    photographs, one, other = picture[:, :SIDE], picture[:, 2 * SIDE + 8 :][:, :SIDE], picture[:, 3 * SIDE + 12 :]
    assert not np.array_equal(photographs, one)
    assert not np.array_equal(one, other)


def test_runs_on_different_images_are_refused(runs: dict[str, Run], tmp_path: Path) -> None:
    evaluate(runs["tiny"], "val")
    evaluate(runs["tiny-mtl"], "test")
    with pytest.raises(InputError, match="no common image"):
        draw_grid(runs, tmp_path / "grid.png")
    assert not (tmp_path / "grid.png").exists()


def test_runs_on_different_stores_are_refused(runs: dict[str, Run], tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    prepare(Turned(), other, size=32)  # the same ids with other photographs
    evaluate(runs["tiny"])
    evaluate(runs["tiny-mtl"])
    started = runs["tiny"].events_file.read_text()
    moved = Run(tmp_path / "moved")
    shutil.copytree(runs["tiny"].directory, moved.directory)
    moved.events_file.write_text(started.replace(runs["tiny"].start.data.path, str(other)))
    with pytest.raises(InputError, match=r"tiny-mtl, moved: .*different data"):
        draw_grid({"tiny-mtl": runs["tiny-mtl"], "moved": moved}, tmp_path / "grid.png")


def test_evaluate_goes_on_without_a_grid(
    runs: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "other.h5"
    prepare(Turned(), data, size=32)
    shutil.copytree(runs["tiny-mtl"].directory, tmp_path / "tiny-mtl")
    train(load_recipe("tiny", [*SETTINGS, "training.steps=1"]), data, tmp_path / "tiny")
    assert main(["evaluate", "--json", str(tmp_path / "tiny"), str(tmp_path / "tiny-mtl")]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert len(result["runs"]) == 2
    assert result["grid"] is None
    assert Path(result["report"]).is_file()
    assert "no common picture: " in printed.err


def test_the_best_image_is_first_also_where_less_is_better(store_path: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "training.steps=1", "tasks.distance={kind: distance}", "target=distance"]
    run = train(load_recipe("tiny", settings), store_path, tmp_path / "run")
    evaluate(run)
    with (run.directory / "per_image.csv").open(newline="") as file:
        errors = {row["id"]: float(value) for row in csv.DictReader(file) if (value := row["distance.mae_pixels"])}
    chosen = grid._chosen({"run": grid._values(run, load(run))})
    assert len(chosen) > 1
    assert [errors[id_] for id_ in chosen] == sorted(errors[id_] for id_ in chosen)
    assert errors[chosen[0]] == min(errors.values()) < max(errors.values()) == errors[chosen[-1]]


def test_command_line_writes_table_page_and_grid(runs: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--json", *(str(run.directory) for run in runs.values())]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert set(result["runs"]) == {str(run.directory) for run in runs.values()}
    assert Path(result["grid"]).is_file()
    assert "data:image/jpeg" in Path(result["report"]).read_text()
    assert printed.err.count("test split of uneven.h5") == 1
