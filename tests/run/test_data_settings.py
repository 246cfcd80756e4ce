"""The recipe's `data` section decides which samples and which masks a run trains on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.data.loading.loader import TrainLoader
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, dump_recipe, load_recipe, with_changes
from auxseg.run import evaluate, train
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny", [*SETTINGS, "training.steps=2", *settings])


def _events(directory: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(directory / "events.jsonl") if event["event"] == kind]


@pytest.fixture
def loaders(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """With which settings every loader of a training is made."""
    made: list[dict[str, Any]] = []
    build = TrainLoader.__init__

    def note(self: TrainLoader, store: Any, rows: Any, batch_size: int, **settings: Any) -> None:
        made.append({"rows": rows, **settings})
        build(self, store, rows, batch_size, **settings)

    monkeypatch.setattr(TrainLoader, "__init__", note)
    return made


def test_a_share_of_the_masks_is_used(store_path: Path, tmp_path: Path, loaders: list[dict[str, Any]]) -> None:
    settings = ("data.label_fraction=0.25", "data.target_per_batch=2")
    run = train(_recipe(*settings), store_path, tmp_path / "run")
    store = Store.open(store_path)
    masked = store.has_mask[store.rows("train")].sum()
    assert len(loaders[0]["labelled"]) == round(0.25 * masked) < masked
    assert loaders[0]["target_per_batch"] == 2
    assert len(loaders[0]["rows"]) == len(store.rows("train"))
    assert (run.recipe.data.label_fraction, run.recipe.data.target_per_batch) == (0.25, 2)


def test_blocks_are_shuffled_where_asked(store_path: Path, tmp_path: Path, loaders: list[dict[str, Any]]) -> None:
    train(_recipe("data.order=blocks", "data.block=4"), store_path, tmp_path / "blocks")
    train(with_changes(_recipe(), data={"block": 4}), store_path, tmp_path / "shuffled")
    assert [made["block"] for made in loaders] == [4, None]


def test_train_and_val_together_are_not_validated(
    store_path: Path, tmp_path: Path, loaders: list[dict[str, Any]]
) -> None:
    store = Store.open(store_path)
    num_samples = len(store.rows("train")) + len(store.rows("val"))
    recipe = load_recipe("tiny", [*SETTINGS, "training.epochs=0.5", "data.train_on=train+val"])
    run = train(recipe, store_path, tmp_path / "run")
    assert len(loaders[0]["rows"]) == num_samples
    assert run.recipe.training.steps == -(-num_samples // 12)
    assert _events(run.directory, "validation") == []
    assert run.best_file.exists()
    assert evaluate(run)["split"] == "test"
    with pytest.raises(InputError, match=r"was trained on train\+val; evaluate it on test"):
        evaluate(run, "val")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("data.label_fraction=0", "data.label_fraction is 0"),
        ("data.label_fraction=1.5", "data.label_fraction is 1.5"),
        ("data.target_per_batch=7", "data.target_per_batch is 7, more than the batch of 6"),
        ("data.target_per_batch=0", "data.target_per_batch is 0"),
        ("data.order=sorted", "data.order is 'sorted'.*; allowed: 'shuffled' or 'blocks'"),
        ("data.train_on=test", "data.train_on is 'test'.*; allowed: 'train' or 'train.val'"),
        ("data.block=0", "data.block is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        _recipe(setting)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (
            "training.schedule.kind=plateau",
            r"training.schedule.kind is 'plateau', .*; set training.schedule.kind=cosine",
        ),
        ("training.patience=3", r"training.patience is 3, .*; set training.patience=null"),
    ],
)
def test_nothing_may_wait_for_a_validation_that_is_trained_on(setting: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as error:
        _recipe(setting, "data.train_on=train+val")
    assert "data.train_on=train+val leaves none" in str(error.value)
    assert _recipe(setting)


def test_a_constant_rate_waits_for_no_validation() -> None:
    assert _recipe("training.schedule={kind: plateau, drop: 1}", "data.train_on=train+val")


def test_the_settings_survive_writing(tmp_path: Path) -> None:
    recipe = _recipe("data.label_fraction=0.1", "data.order=blocks", "data.train_on=train+val")
    (tmp_path / "recipe.yaml").write_text(dump_recipe(recipe))
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


def test_nothing_waits_for_validations_that_a_store_cannot_give(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Store.rows
    monkeypatch.setattr(Store, "rows", lambda store, split: rows(store, split)[: 0 if split == "val" else None])
    with pytest.raises(InputError, match=r"'plateau', which waits .*, and no validation sample has a label"):
        train(_recipe("training.schedule.kind=plateau"), store_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()
