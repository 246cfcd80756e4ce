"""A folder of shards appears whole or not at all, and takes the place of nothing but another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from auxseg.data.store.writing import output as outputs
from auxseg.data.store.writing.output import output
from auxseg.errors import InputError
from tests.data.pictures import drawn_source


def write(out: Path, count: int = 5, **settings: object) -> Store:
    return Store.open(prepare(drawn_source(count), out, size=16, shard_size=2, **settings).path)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failure_leaves_nothing(tmp_path):
    def fail(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "many", progress=fail)
    assert names(tmp_path) == []


def test_a_former_store_is_replaced_only_if_told(tmp_path):
    write(tmp_path / "many")
    with pytest.raises(InputError, match=r"many already exists; --overwrite replaces it"):
        write(tmp_path / "many")
    assert len(write(tmp_path / "many", 3, overwrite=True)) == 3
    assert names(tmp_path) == ["many"]
    assert names(tmp_path / "many") == ["shard-0000.h5", "shard-0001.h5", "shards.json"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_else_is_replaced(tmp_path, overwrite):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name, reason in (
        ("file", "is a file; a store of several files is a folder"),
        ("link", "is a link; a store of several files is a folder"),
        ("folder", "holds other things than a store; choose another folder"),
    ):
        with pytest.raises(InputError, match=f"{name} {reason}"):
            write(tmp_path / name, overwrite=overwrite)
    write(tmp_path / "many")
    (tmp_path / "many" / "notes.txt").write_text("mine")
    with pytest.raises(InputError):
        write(tmp_path / "many", overwrite=overwrite)
    assert (tmp_path / "many" / "notes.txt").read_text() == "mine"
    with pytest.raises(InputError, match="many is a directory; give the name of a file"):
        prepare(drawn_source(5), tmp_path / "many", size=16, overwrite=overwrite)


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "many").mkdir()
    assert len(write(tmp_path / "many")) == 5


def test_a_second_writer_is_refused(tmp_path):
    with (
        output(tmp_path / "many", False, is_folder=True),
        pytest.raises(InputError, match="many: another process is writing this file"),
    ):
        write(tmp_path / "many")


def test_a_store_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    def appear(path: Path) -> None:
        monkeypatch.undo()
        write(path, 3)

    monkeypatch.setattr(outputs, "sweep", appear)
    with pytest.raises(InputError, match="many already exists"):
        write(tmp_path / "many")
    assert len(Store.open(tmp_path / "many")) == 3
    assert names(tmp_path) == ["many"]
