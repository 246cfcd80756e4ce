"""A cross-fitted study: every image of train and test is tested once per seed, by a run that has not seen it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg import evaluate, train
from auxseg.data.geometry import WHOLE, Part
from auxseg.data.loading.folds import dealt_rows, in_fold
from auxseg.data.loading.selection import training_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.records.names import failure_file
from auxseg.records.study import read_study
from auxseg.report import study_page
from auxseg.study.best_recipe import best_recipe
from auxseg.study.design.config import StudyConfig, check_study
from auxseg.study.design.plan import make_plan
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.study import Study
from tests.study.small import SETTINGS, box_alone, run_study, without_costs

NUM_FOLDS = 2
NUM_SEEDS = 2


def asked(**values: Any) -> StudyConfig:
    return box_alone(**{"folds": NUM_FOLDS, "seeds": NUM_SEEDS, **values})


@pytest.fixture(scope="module")
def crossed(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study of one arm, two seeds and two folds; nobody may change it."""
    path = tmp_path_factory.mktemp("crossed") / "study"
    run_study(asked(), store, path)
    return path


def table(run: Path) -> list[dict[str, str]]:
    with (run / "per_image.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def runs(study: Path, arm: str, seed: int) -> list[Path]:
    found = sorted(study.glob(f"runs/{arm}-masks1-seed{seed}-fold*of{NUM_FOLDS}-*"))
    assert len(found) == NUM_FOLDS
    return [path for path in found if path.is_dir()]


def test_every_image_is_tested_once_by_a_run_that_has_not_seen_it(crossed: Path, store: Path) -> None:
    opened = Store.open(store)
    dealt = sorted(opened.ids[dealt_rows(opened, "train")])
    for arm in ("target-only", "box"):
        for seed in range(NUM_SEEDS):
            tested: list[str] = []
            for run in runs(crossed, arm, seed):
                recipe = load_recipe(run / "recipe.yaml")
                assert recipe.data.fold is not None
                trained = in_fold(opened, recipe.data.fold, "train")
                ids = [row["id"] for row in table(run)]
                assert not {*ids} & {*trained.ids[training_rows(trained, "train")]}
                start = json.loads((run / "events.jsonl").read_text().splitlines()[0])
                assert start["data"]["splits"]["train"] == len(dealt) - len(ids)
                tested += ids
            assert sorted(tested) == dealt


def test_the_training_is_given_the_other_folds_alone(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Store.open(store)
    held_out = set(in_fold(opened, "1/2", "train").rows("test").tolist())
    read, seen = Store.read, set[int]()

    def watched(self: Store, row: int, part: Part = WHOLE) -> object:
        seen.add(int(row))
        return read(self, row, part)

    monkeypatch.setattr(Store, "read", watched)
    recipe = make_plan(asked()).runs[0].recipe
    assert recipe.data.fold == "1/2"
    run = train(recipe, store, tmp_path / "run")
    assert seen
    assert not seen & held_out
    seen.clear()
    evaluate(run)
    assert held_out <= seen
    assert not seen & set(in_fold(opened, "1/2", "train").rows("train").tolist())


def test_the_joined_table_has_the_figures_of_all_folds(crossed: Path) -> None:
    found = read_study(crossed)
    assert (found.rules.folds, found.data.splits["test"]) == (NUM_FOLDS, 8)
    (answer,) = found.answers
    (box,) = answer.arms
    assert (box.num_images, box.num_images_left_out, box.num_diverged) == (36, 0, 0)
    for side, arm in ((answer.baseline, "target-only"), (box, "box")):
        for seed in range(NUM_SEEDS):
            rows = [row for run in runs(crossed, arm, seed) for row in table(run)]
            sums = {
                what: sum(float(row[f"segmentation.{what}.animal"]) for row in rows)
                for what in ("intersection", "union")
            }
            assert side.figure_per_seed[str(seed)] == pytest.approx(sums["intersection"] / sums["union"])
    for seed in map(str, range(NUM_SEEDS)):
        difference = box.figure_per_seed[seed] or 0.0
        difference -= answer.baseline.figure_per_seed[seed] or 0.0
        assert box.per_seed[seed] == pytest.approx(difference)
    reached = box.tasks["box"].figure_per_seed["0"]
    means = [np.mean([float(row["box.iou"]) for row in table(run)]) for run in runs(crossed, "box", 0)]
    assert reached == pytest.approx(np.mean(means))


def test_it_goes_on_where_it_stopped_and_makes_a_page(crossed: Path, store: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(crossed, tmp_path / "study"))
    (lost, *_) = runs(study, "box", 1)
    before = {run: (run / "events.jsonl").stat().st_mtime_ns for run in runs(study, "target-only", 0)}
    kept = json.loads((study / "study.json").read_text())["answers"]
    shutil.rmtree(lost)
    (study / "study.json").unlink()
    page = study_page(study).read_text()
    assert "7 finished, 1 missing" in page
    assert "1, fold 1/2" in page
    assert without_costs(run_study(asked(), store, study)["answers"]) == without_costs(kept)
    assert {run: (run / "events.jsonl").stat().st_mtime_ns for run in before} == before
    page = study_page(study).read_text()
    assert "on every image that is trained on or tested, in 2 folds, always by networks that have not seen it" in page
    with pytest.raises(InputError, match="folds was 2 and is now not given"):
        run_study(asked(folds=None), store, study)


def test_a_seed_of_which_a_fold_diverged_is_missing(crossed: Path, store: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(crossed, tmp_path / "study"))
    lost = runs(study, "box", 1)[1]
    shutil.rmtree(lost)
    failure_file(lost).write_text("the loss was not finite")
    (answer,) = run_study(asked(), store, study)["answers"]
    (box,) = answer["arms"]
    assert (box["num_diverged"], list(box["per_seed"]), box["missing_seeds"]) == (1, ["0"], [1])


def test_the_best_recipe_trains_on_all_that_is_for_training(crossed: Path, store: Path, tmp_path: Path) -> None:
    study = Study(asked(), store, StudyDirectory(crossed))
    _, recipe = best_recipe(study, read_study(crossed))
    (tmp_path / "best.yaml").write_text(recipe)
    assert load_recipe(tmp_path / "best.yaml").data.fold is None


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"folds": 1}, "study: folds is 1, but an image needs a network that has not seen it; expected 2 to 100"),
        ({"folds": 101}, "folds is 101"),
        ({"tune_weights": [0.1, 0.3]}, "tune_weights cannot be combined with folds"),
        ({"settings": [*SETTINGS, "data.fold=1/2"]}, "has data.fold 1/2; set data.fold=null, and folds instead"),
        ({"vary": ["data.fold=1/2"]}, "data.fold must be the same in all arms"),
    ],
)
def test_what_could_not_be_cross_fitted_is_refused(values: dict[str, Any], refusal: str) -> None:
    with pytest.raises(InputError) as refused:
        make_plan(check_study({"base": "tiny", "auxiliaries": ["box"], "folds": 2} | values))
    assert refusal in str(refused.value)


def test_more_folds_than_images_are_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="37 folds need as many images that are trained on or tested, found 36 images"):
        Study(asked(folds=37), store, StudyDirectory(tmp_path / "study")).plan()
    assert not (tmp_path / "study").exists()
