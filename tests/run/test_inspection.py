"""What evaluation writes down about a run's sharing scheme."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.report import report
from auxseg.run import Run, evaluate, inspect, train
from tests.run.conftest import SETTINGS

TASKS = ["segmentation", "classification", "box"]


def _evaluated(store_path: Path, out: Path, sharing: str) -> Run:
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=2", f"model.sharing={sharing}"])
    run = train(recipe, store_path, out)
    evaluate(run)
    return run


def _width(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


def test_attention_of_every_task(store_path: Path, tmp_path: Path) -> None:
    run = _evaluated(store_path, tmp_path / "run", "{kind: mtan, attention: encoder-decoder}")
    found = json.loads((run.directory / "inspection.json").read_text())
    assert found["matrices"] == {}
    assert 1 <= len(found["images"]) <= 3
    for image in found["images"]:
        assert sorted(image["pictures"]) == sorted(TASKS)
        widths = {task: _width(run.directory / file) for task, file in image["pictures"].items()}
        assert widths["segmentation"] > widths["box"]  # it has masks in the decoder too
    assert "Attention" in report([run.directory]).read_text(encoding="utf-8")


@pytest.mark.parametrize(("matrix", "places"), [("one", ["after every stage"]), ("stage", ["after stage 1"])])
def test_mixing_matrices(store_path: Path, tmp_path: Path, matrix: str, places: list[str]) -> None:
    run = _evaluated(store_path, tmp_path / "run", f"{{kind: cross-stitch, matrix: {matrix}}}")
    found = json.loads((run.directory / "inspection.json").read_text())
    assert found["images"] == []
    assert list(found["matrices"])[:1] == places
    assert found["tasks"] == TASKS
    rows = found["matrices"][places[0]]
    assert [row[number] for number, row in enumerate(rows)] == pytest.approx([0.9] * 3, abs=0.05)
    assert [sum(row) for row in rows] != [1.0] * 3  # it was trained


def test_nothing_to_inspect(store_path: Path, tmp_path: Path) -> None:
    run = _evaluated(store_path, tmp_path / "run", "{kind: hard}")
    assert not (run.directory / "inspection.json").exists()


def test_chosen_photographs(store_path: Path, tmp_path: Path) -> None:
    run = _evaluated(store_path, tmp_path / "run", "{kind: mtan}")
    chosen = [str(name) for name in Store.open(store_path).ids[[5, 2]]]
    inspect(run, chosen)
    assert [image["id"] for image in json.loads((run.directory / "inspection.json").read_text())["images"]] == chosen
    with pytest.raises(InputError, match=f"has no sample '{chosen[0]}x' \\(did you mean"):
        inspect(run, [f"{chosen[0]}x"])


def test_nothing_to_draw_on_a_photograph(store_path: Path, tmp_path: Path) -> None:
    run = train(load_recipe("tiny-mtl", [*SETTINGS, "training.steps=2"]), store_path, tmp_path / "run")
    with pytest.raises(InputError, match="was not evaluated yet"):
        inspect(run, ["any"])
    evaluate(run)
    with pytest.raises(InputError, match="no attention"):
        inspect(run, [str(Store.open(store_path).ids[0])])
