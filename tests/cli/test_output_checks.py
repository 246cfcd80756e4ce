"""Where a command will not write, said before it works for hours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auxseg.cli.output_checks import refuse_existing, refuse_unwritable
from auxseg.errors import InputError


def test_a_file_that_exists_is_replaced_only_if_told(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    refuse_existing(path, overwrite=False)
    path.touch()
    refuse_existing(path, overwrite=True)
    with pytest.raises(InputError) as refused:
        refuse_existing(path, overwrite=False)
    assert str(refused.value) == f"{path} already exists; --overwrite replaces it"


def test_a_folder_counts_as_what_exists(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="already exists"):
        refuse_existing(tmp_path, overwrite=False)


def test_a_file_in_a_folder_that_is_there_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_unwritable(tmp_path / "best.yaml")
    (tmp_path / "best.yaml").touch()
    refuse_unwritable(tmp_path / "best.yaml")
    monkeypatch.chdir(tmp_path)
    refuse_unwritable(Path("best.yaml"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        refuse_unwritable(tmp_path)
    assert str(refused.value) == f"{tmp_path} is a directory; expected the name of a file"


def test_a_folder_that_is_missing_or_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for parent in ("missing", "file"):
        path = tmp_path / parent / "best.yaml"
        with pytest.raises(InputError) as refused:
            refuse_unwritable(path)
        assert str(refused.value) == f"{path} cannot be written: {tmp_path / parent} is not a directory"


def test_a_folder_that_is_made_later_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_unwritable(tmp_path / "study" / "best.yaml", tmp_path / "other", tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    refuse_unwritable(Path("study/best.yaml"), tmp_path / "study")
    refuse_unwritable(tmp_path / "study" / "best.yaml", Path("./other/../study"))
    with pytest.raises(InputError, match="inner is not a directory"):
        refuse_unwritable(tmp_path / "study" / "inner" / "best.yaml", tmp_path / "study")


def test_a_folder_that_is_read_only_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, int]] = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((path, mode)))  # as for anyone but the superuser
    with pytest.raises(InputError, match=rf"best\.yaml cannot be written: {tmp_path} is read-only$"):
        refuse_unwritable(tmp_path / "best.yaml")
    assert asked == [(tmp_path, os.W_OK)]
