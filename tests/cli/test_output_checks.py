"""Where a command will not write, said before it works for hours."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from auxseg.cli.output_checks import refuse_existing, refuse_unwritable
from auxseg.errors import InputError


def refusal(check: Callable[..., None], *paths: Path, **options: bool) -> str | None:
    """What a check says, if it refuses."""
    try:
        check(*paths, **options)
    except InputError as error:
        return str(error)
    return None


def test_a_file_that_exists_is_replaced_only_if_told(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert refusal(refuse_existing, path, overwrite=False) is None
    path.touch()
    assert refusal(refuse_existing, path, overwrite=True) is None
    assert refusal(refuse_existing, path, overwrite=False) == f"{path} already exists; --overwrite replaces it"


def test_a_folder_counts_as_what_exists(tmp_path: Path) -> None:
    assert refusal(refuse_existing, tmp_path, overwrite=False) == f"{tmp_path} already exists; --overwrite replaces it"


def test_a_file_in_a_folder_that_is_there_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(refuse_unwritable, tmp_path / "best.yaml") is None
    (tmp_path / "best.yaml").touch()
    assert refusal(refuse_unwritable, tmp_path / "best.yaml") is None
    monkeypatch.chdir(tmp_path)
    assert refusal(refuse_unwritable, Path("best.yaml")) is None


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(refuse_unwritable, tmp_path) == f"{tmp_path} is a directory; expected the name of a file"


def test_a_folder_that_is_missing_or_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for parent in ("missing", "file"):
        path = tmp_path / parent / "best.yaml"
        expected = f"{path} cannot be written: {tmp_path / parent} is not a directory"
        assert refusal(refuse_unwritable, path) == expected


def test_a_folder_that_is_made_later_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "study"
    assert refusal(refuse_unwritable, study / "best.yaml", tmp_path / "other", study) is None
    monkeypatch.chdir(tmp_path)
    assert refusal(refuse_unwritable, Path("study/best.yaml"), study) is None
    assert refusal(refuse_unwritable, study / "best.yaml", Path("./other/../study")) is None
    path = study / "inner" / "best.yaml"
    assert refusal(refuse_unwritable, path, study) == f"{path} cannot be written: {study / 'inner'} is not a directory"


def test_a_folder_that_is_read_only_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, int]] = []
    monkeypatch.setattr(os, "access", lambda path, mode: asked.append((path, mode)))  # as for anyone but the superuser
    path = tmp_path / "best.yaml"
    assert refusal(refuse_unwritable, path) == f"{path} cannot be written: {tmp_path} is read-only"
    assert asked == [(tmp_path, os.W_OK)]
