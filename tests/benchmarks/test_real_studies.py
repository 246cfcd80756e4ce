"""The real studies of `auxseg bench study-validity` have the truth that they are said to have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from auxseg.data.augment import NO_AUGMENTATION
from auxseg.data.loading.loader import TrainLoader
from auxseg.data.loading.selection import labelled_rows
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import run_plugin
from benchmarks.tools import data, once, real_studies
from benchmarks.tools.coarse_shape import CoarseShapes, row_labels
from benchmarks.tools.real_studies import PLUGIN, _config, _of_nothing
from tests.data.pictures import DrawnSource, draw_sample


def test_rows_of_cells_are_named_by_what_stands_in_them() -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[:4, 4:12] = 1  # the second and third cell of the first row
    mask[8:10, :4] = 1  # half of a cell is not most of it
    labels = row_labels(mask)
    assert labels["shape row 0"] == "01100000"
    assert set(list(labels.values())[1:]) == {"00000000"}
    assert len(labels) == 8


def test_the_coarse_shape_is_known_where_the_mask_is_hidden(tmp_path: Path) -> None:
    run_plugin(PLUGIN)
    store = Store.open(prepare(CoarseShapes(40, 32), tmp_path / "shapes.h5", size=32).path)
    recipe = load_recipe("tiny", {"tasks.shape.kind": "coarse-shape"})
    task = build_tasks(recipe, store.vocabulary)["shape"]
    rows = store.rows("train")
    some = labelled_rows(store, rows, 0.05)
    ((batch,),) = TrainLoader(store, rows, len(rows), augment=NO_AUGMENTATION, seed=0, labelled=some).steps(0, 1)
    hidden = (batch.mask == IGNORE).flatten(1).all(1)
    assert hidden.sum() == len(rows) - 1
    target = task.target(batch)
    places = {sample: row for row, sample in enumerate(store.ids.tolist())}
    for sample, cells in zip(batch.ids, target[:, 0], strict=True):
        mask = torch.from_numpy(store.read(places[sample])[1] == 1).float()
        coarse = torch.nn.functional.avg_pool2d(mask[None], 4)[0] > 0.5
        assert torch.equal(cells, coarse.float().repeat_interleave(4, 0).repeat_interleave(4, 1))


def test_data_without_coarse_shapes_are_refused(tmp_path: Path) -> None:
    run_plugin(PLUGIN)
    recipe = load_recipe("tiny", {"tasks.shape.kind": "coarse-shape"})
    source = DrawnSource([draw_sample(index) for index in range(4)], ["train"] * 2 + ["val", "test"])
    store = Store.open(prepare(source, tmp_path / "plain.h5", size=32).path)
    with pytest.raises(InputError, match="no labels that begin with 'shape row '"):
        build_tasks(recipe, store.vocabulary)


def test_studies_of_nothing_differ_in_seeds_alone_and_share_none() -> None:
    config = _config(("box",), 100, 3)
    plans = [_of_nothing(config, number) for number in range(3)]
    seeds = [run.recipe.seed for plan in plans for run in plan.runs]
    assert sorted(seeds) == list(range(18))
    for plan in plans:
        assert [arm.name for arm in plan.arms] == ["target only", "other seeds"]
        assert sorted(run.seed for run in plan.runs) == [0, 0, 1, 1, 2, 2]
        assert all(set(run.recipe.tasks) == {"segmentation"} for run in plan.runs)
        assert len({run.directory_name for run in plan.runs}) == 6


@pytest.mark.slow
def test_a_study_of_nothing_is_trained_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (once, data):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    for name, value in (("SIZE", 32), ("SAMPLES", 60), ("NUM_NULL_STUDIES", 2)):
        monkeypatch.setattr(real_studies, name, value)
    found = real_studies.nothing(2, 3)
    assert [(row["study"], row["arm"], row["seeds"]) for row in found["rows"]] == [
        ("nothing 1", "other seeds", 3),
        ("nothing 2", "other seeds", 3),
    ]
    assert all(row["difference"] != 0 for row in found["rows"])
    assert found["false verdicts"] == sum(row["verdict"] in ("helps", "hurts") for row in found["rows"])
