"""Several runs drawn on the same photographs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.cli.main import main
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, draw_grid, evaluate, train
from auxseg.run.grid import NUM_IMAGES, SIDE
from tests.run.conftest import SETTINGS


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
    with pytest.raises(InputError, match="different images"):
        draw_grid(runs, tmp_path / "grid.png")
    assert not (tmp_path / "grid.png").exists()


def test_command_line_writes_table_page_and_grid(runs: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--json", *(str(run.directory) for run in runs.values())]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert set(result["runs"]) == {str(run.directory) for run in runs.values()}
    assert Path(result["grid"]).is_file()
    assert "data:image/jpeg" in Path(result["report"]).read_text()
    assert printed.err.count("test split of uneven.h5") == 1
