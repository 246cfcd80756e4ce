"""A checkpoint is trusted only with the recipe, the data and the log that it belongs to."""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import tracemalloc
from pathlib import Path

import pytest
import torch

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe, with_changes
from auxseg.run import Run, load, train
from auxseg.run.beginning import resuming
from auxseg.run.beginning.resuming import standing
from auxseg.run.directory import FORMER
from auxseg.training.checkpoint import load_last, save_last
from auxseg.training.seal import Owner
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS

CPU = torch.device("cpu")


def _recipe(*settings: str) -> Recipe:
    return load_recipe("tiny", [*SETTINGS, "training.steps=3", *settings])


@pytest.fixture(scope="module")
def finished(store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(_recipe(), store_path, tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    shutil.copytree(finished.directory, tmp_path / "run")
    return Run(tmp_path / "run")


def test_a_whole_run_goes_on(run: Run, store: Store) -> None:
    found = standing(run.recipe, run, store)
    assert found is not None
    assert (found.recipe, found.step) == (run.recipe, 3)
    longer = standing(with_changes(run.recipe, training={"steps": 9}), run, store)
    assert longer is not None
    assert (longer.recipe.training.steps, longer.step) == (9, 3)


@pytest.mark.parametrize("what", ["missing", "empty", "without its start"])
def test_a_checkpoint_without_its_log_is_refused(run: Run, store: Store, what: str) -> None:
    lines = run.events_file.read_text().splitlines(keepends=True)
    run.events_file.write_text("" if what == "empty" else "".join(lines[1:]))
    if what == "missing":
        run.events_file.unlink()
    with pytest.raises(
        InputError, match=r"events\.jsonl: is missing or has no start event, so last\.pt cannot be verified"
    ):
        standing(run.recipe, run, store)


def test_a_step_that_the_log_lost_is_named(run: Run, store: Store) -> None:
    lines = [line for line in run.events_file.read_text().splitlines(keepends=True) if '"step": 2,' not in line]
    run.events_file.write_text("".join(lines))
    with pytest.raises(InputError, match=r"expected each of the steps 1 to 3 that last\.pt has taken, found 2"):
        standing(run.recipe, run, store)


def test_a_checkpoint_that_went_missing_is_not_a_fresh_start(run: Run, store: Store) -> None:
    run.last_file.unlink()
    with pytest.raises(InputError, match=r"last\.pt: the checkpoint to resume from is missing"):
        standing(run.recipe, run, store)


@pytest.mark.parametrize("what", ["recipe", "data"])
def test_a_checkpoint_of_another_run_is_refused(
    run: Run, store: Store, what: str, store_path: Path, tmp_path: Path
) -> None:
    if what == "recipe":
        other = train(_recipe("seed=7"), store_path, tmp_path / "other")
        shutil.copy(other.last_file, run.last_file)
    else:
        state = load_last(run.last_file, CPU)
        save_last(run.last_file, state, 3, Owner("", "other data"))
    with pytest.raises(InputError, match=rf"last\.pt: belongs to another {what}"):
        standing(run.recipe, run, store)


def test_a_checkpoint_without_a_seal_needs_a_log_that_proves_it(run: Run, store: Store) -> None:
    torch.save(load_last(run.last_file, CPU), run.last_file)
    found = standing(run.recipe, run, store)
    assert found is not None
    assert found.step == 3
    run.events_file.unlink()
    with pytest.raises(InputError, match="cannot be verified"):
        standing(run.recipe, run, store)


def test_all_that_differs_is_named(run: Run, store: Store) -> None:
    other = with_changes(run.recipe, training={"clip": 1.0, "average": 0.5})
    with pytest.raises(InputError, match=r"average=0\.99, and the recipe now says 0\.5; with training\.clip=None"):
        standing(other, run, store)


@pytest.mark.parametrize("num_moves", [0, 1, 2, 5, 99])
def test_a_kill_while_clearing_leaves_nothing_that_could_be_resumed(
    run: Run, store_path: Path, monkeypatch: pytest.MonkeyPatch, num_moves: int
) -> None:
    """The seed of the new recipe is the one that is trained, whenever the process dies."""
    moves = iter(range(num_moves))
    move = os.replace

    def replace(source: Path, target: Path) -> None:
        if next(moves, None) is None:
            raise KeyboardInterrupt  # as good as a kill: clearing cleans nothing up
        move(source, target)

    recipe = _recipe("seed=7", "training.steps=2")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(shutil, "rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train(recipe, store_path, run.directory, overwrite=True)
    assert run.is_being_cleared
    if num_moves:
        with pytest.raises(InputError, match="not a run directory"):
            load(run.directory)
    train(recipe, store_path, run.directory, resume=True)
    assert run.recipe.seed == load(run).recipe.seed == 7
    assert [event["step"] for event in read_events(run.events_file) if event["event"] == "step"] == [1, 2]
    assert not (run.directory / FORMER).exists()


def _damaged(content: bytes, lot: random.Random) -> bytes:
    """Content with one of the faults that disks, copies and editors make."""
    place = lot.randrange(len(content))
    match lot.randrange(5):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + bytes([content[place] ^ (1 << lot.randrange(8))]) + content[place + 1 :]
        case 2:
            return content[:place] + bytes(min(64, len(content) - place)) + content[place + 64 :]
        case 3:
            return content[:place] + content[place + lot.randrange(1, 40) :]
        case _:
            length = lot.randrange(1, 200)
            return content[:place] + content[max(place - length, 0) : place] + content[place:]


@pytest.mark.parametrize("name", ["last.pt", "events.jsonl", "best.safetensors"])
def test_damaged_files_are_refused_in_one_sentence_or_do_no_harm(run: Run, store: Store, name: str) -> None:
    path, lot = run.directory / name, random.Random(name)
    recipe, whole = run.recipe, path.read_bytes()
    weights = load_last(run.last_file, CPU)["learner"]["network"]
    sentences: list[str] = []
    for _ in range(30):
        path.write_bytes(_damaged(whole, lot))
        try:
            if name == "best.safetensors":
                load(run)
                pytest.fail("was read")
            found = standing(recipe, run, store)
            assert found is not None
            assert found.step == 3
            assert all(
                torch.equal(value, weights[key])
                for key, value in load_last(run.last_file, CPU)["learner"]["network"].items()
            )
        except InputError as error:
            sentences.append(str(error))
    assert not [sentence for sentence in sentences if "\n" in sentence or str(run.directory) not in sentence]
    assert len(sentences) >= {"last.pt": 30, "events.jsonl": 8, "best.safetensors": 30}[name]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("recipe", "&a [*a]", "recipe"),
        ("recipe", "[]", "mapping of keys to values"),
        ("recipe", None, "expected metadata named recipe"),
        ("vocabulary", "[]", "metadata vocabulary"),
        ("vocabulary", '{"size": "32", "mask_classes": ["a", "b"], "labels": {}}', "size"),
        ("vocabulary", '{"size": 1e9, "mask_classes": ["a", "b"], "labels": {}}', "size"),
        ("vocabulary", None, "expected metadata named vocabulary"),
        ("step", "three", "a whole number"),
        ("step", None, "expected metadata named step"),
        ("labelled", '{"segmentation": "all"}', "metadata labelled"),
        ("format", "2", "not a model file that this version"),
    ],
)
def test_what_a_model_file_says_of_itself_is_checked(run: Run, key: str, value: str | None, reason: str) -> None:
    _rewrite(run.best_file, key, value)
    with pytest.raises(InputError, match=reason):
        load(run)


def test_a_recipe_in_a_model_file_takes_no_memory_beyond_its_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    header = _header(run.best_file)[0]
    _rewrite(run.best_file, "recipe", header["__metadata__"]["recipe"].replace("width: 1.0", "width: 8.0"))
    module = importlib.import_module("auxseg.run.load")  # whose name the package gives to its function
    monkeypatch.setattr(module, "build_network", lambda *_: pytest.fail("was built"))
    with pytest.raises(InputError, match="its weights do not fit the network of its recipe"):
        load(run.best_file)


def test_a_model_file_of_another_network_is_not_the_runs(run: Run) -> None:
    load(run)
    recipe = run.recipe_file.read_text()
    run.recipe_file.write_text(recipe.replace("width: 1.0", "width: 2.0"))
    with pytest.raises(InputError) as refused:
        load(run)
    assert str(refused.value) == (
        f"{run.best_file}: not the model of recipe.yaml beside it: model.width is 1.0 in the model and 2.0 in the "
        "recipe; put the run's own file back, or name the file itself"
    )
    load(run.best_file)
    run.recipe_file.write_text(recipe.replace("steps: ", "steps: 1"))  # longer training is no other network
    load(run)


def _header(path: Path) -> tuple[dict, bytes]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _rewrite(path: Path, key: str, value: str | None) -> None:
    header, tensors = _header(path)
    if value is None:
        del header["__metadata__"][key]
    else:
        header["__metadata__"][key] = value
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + tensors)


def test_a_step_of_any_size_takes_no_memory() -> None:
    log = resuming._Log(steps=(1, 2, 3), has_started=True, has_ended=False, steps_per_epoch=1)
    assert log.holds_each_step_to(2)
    tracemalloc.start()
    try:
        assert not log.holds_each_step_to(10**9)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
