"""What a run directory says of itself, and the words of a model file."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.event_log import EventLog
from auxseg.records.events import Event
from auxseg.records.metrics import DataFacts
from auxseg.records.values.size import Size
from auxseg.run.directory import FORMER, MAX_SIZE, Run, describe_data, pack_vocabulary, unpack_vocabulary
from tests.records.made_events import DATA, make_start, make_step

VOCABULARY = Vocabulary(
    Size.of(32),
    ("background", "cat"),
    {"breed": ("Bengal", "pug")},
    resize="letterbox",
    counts={"breed": (3, 0)},
    exif="ignore",
    category_ids=(0, 17),
    has_background=False,
)


def _run(path: Path, *events: Event) -> Run:
    path.mkdir(exist_ok=True)
    (path / "recipe.yaml").touch()
    log = EventLog(path / "events.jsonl")
    log.path.touch()
    for event in events:
        log.append(event)
    return Run(path)


def test_a_run_is_opened_by_its_directory_or_as_it_is(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert Run.open(tmp_path) == Run.open(str(tmp_path)) == Run.open(run) == run
    assert (run.last_file.name, run.best_file.name) == ("last.pt", "best.safetensors")


def test_a_directory_without_recipe_is_none(tmp_path: Path) -> None:
    for given in (tmp_path, Run(tmp_path)):
        with pytest.raises(InputError) as refused:
            Run.open(given)
        assert str(refused.value) == f"{tmp_path}: not a run directory (it holds no recipe.yaml)"


def test_the_first_start_is_the_runs(tmp_path: Path) -> None:
    run = _run(tmp_path, make_step(1), make_start(), make_start(steps=9))
    assert run.start == make_start()
    assert run.trained_on == (Path("/data/pets.h5"), "9f2c41d07e55")


def test_a_run_that_never_started_says_so(tmp_path: Path) -> None:
    run = _run(tmp_path, make_step(1))
    with pytest.raises(InputError, match=r"events\.jsonl: this run never started$"):
        _ = run.start


def test_a_start_that_does_not_name_its_data_is_damaged(tmp_path: Path) -> None:
    run = _run(tmp_path, make_start(data=dataclasses.replace(DATA, path="")))
    with pytest.raises(InputError, match="the start event does not name its data; the file is damaged"):
        _ = run.trained_on


def test_clearing_leaves_the_lock_alone(tmp_path: Path) -> None:
    run = _run(tmp_path)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").touch()
    (tmp_path / ".lock").touch()
    run.clear()
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not run.is_being_cleared


@pytest.mark.parametrize("num_moved", [0, 1, 2])
def test_at_no_moment_does_half_a_run_look_like_a_whole_one(
    num_moved: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after any number of files: what says that it is a run went first, and the next one goes on."""
    run = _run(tmp_path)
    (tmp_path / "a").touch()
    moved: list[str] = []
    replace = os.replace

    def dying(source: Path, target: Path) -> None:
        if len(moved) == num_moved:
            raise KeyboardInterrupt
        moved.append(source.name)
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            run.clear()
    assert run.is_being_cleared
    assert moved[:1] == ["recipe.yaml"][:num_moved]
    run.clear()
    assert list(tmp_path.iterdir()) == []


def test_clearing_that_dies_while_deleting_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _run(tmp_path)

    def dying(path: Path) -> None:
        (path / "recipe.yaml").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", dying)
        with pytest.raises(KeyboardInterrupt):
            run.clear()
    assert [path.name for path in tmp_path.iterdir()] == [FORMER]
    run.clear()
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_a_run_is_ever_cleared(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(AssertionError, match="nothing else is ours to delete"):
        Run(tmp_path).clear()
    assert (tmp_path / "letter.txt").exists()


def test_data_are_described_by_what_a_figure_depends_on(store_path: Path) -> None:
    store = Store.open(store_path)
    described = describe_data(store)
    assert described == DataFacts(
        path=str(store_path.resolve()),
        name="uneven.h5",
        source="uneven",
        content_hash=store.content_hash,
        size=Size.of(32),
        resize=store.resize,
        border=store.border,
        splits={split: len(store.rows(split)) for split in ("train", "val", "test")},
    )
    assert describe_data(store.at_size(16)).size == Size.of(16)


def test_pixels_are_written_only_where_they_were_counted() -> None:
    """So that model files of other recipes stay as they were."""
    assert "pixels" not in json.loads(pack_vocabulary(VOCABULARY))
    counted = dataclasses.replace(VOCABULARY, pixels=(30, 4))
    assert unpack_vocabulary(pack_vocabulary(counted), "m").pixels == (30, 4)


def test_a_vocabulary_comes_back_whole() -> None:
    found = unpack_vocabulary(pack_vocabulary(VOCABULARY), "m")
    for field in dataclasses.fields(Vocabulary):
        assert getattr(found, field.name) == getattr(VOCABULARY, field.name)


def _packed(**changes: Any) -> str:
    return json.dumps(json.loads(pack_vocabulary(VOCABULARY)) | changes)


@pytest.mark.parametrize("size", [1, MAX_SIZE, [1, MAX_SIZE]])
def test_sizes_that_may_be(size: int | list[int]) -> None:
    assert unpack_vocabulary(_packed(size=size), "m").size == Size.read(size)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"size": 0}, "a size from 1 to 32768"),
        ({"size": MAX_SIZE + 1}, "a size from 1 to 32768"),
        ({"size": [8, MAX_SIZE + 1]}, "a size from 1 to 32768"),
        ({"category_ids": [0]}, "at most 255 mask classes, each with a number"),
        (
            {"mask_classes": [str(number) for number in range(256)], "category_ids": list(range(256))},
            "at most 255 mask classes, each with a number",
        ),
        ({"resize": "stretch"}, "resize to be one of "),
        ({"exif": "maybe"}, "exif to be apply or ignore"),
        ({"counts": {"breed": [3]}}, "a count for each class"),
        ({"pixels": [3]}, "a number of pixels for each mask class"),
        ({"pixels": [3, -1]}, "a number of pixels for each mask class"),
        ({"counts": {"colour": [3]}}, "a count for each class"),
    ],
)
def test_a_vocabulary_that_none_is_says_what_was_expected(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(InputError) as refused:
        unpack_vocabulary(_packed(**changes), "best.safetensors")
    said = str(refused.value)
    assert said.startswith(f"best.safetensors, metadata vocabulary: expected {rule}")
    assert said.endswith("; the file was changed after it was written")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"size": "32"}', _packed(labels=[]), "\ud800".encode("utf-8", "replace").decode()]
)
def test_text_that_is_no_vocabulary_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InputError, match="best, metadata vocabulary"):
        unpack_vocabulary(text, "best")
