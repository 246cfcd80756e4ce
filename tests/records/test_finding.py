from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.finding import is_study, runs_in


def make(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()


def test_runs_are_found_in_folders_by_name(tmp_path: Path) -> None:
    make(tmp_path, "b/recipe.yaml", "a/recipe.yaml", "deep/er/c/recipe.yaml", ".hidden/recipe.yaml", "other/x", "file")
    make(tmp_path, "a/inside/recipe.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in runs_in(tmp_path)] == ["a", "b", "deep/er/c"]
    assert runs_in(tmp_path / "a") == (tmp_path / "a",)


@pytest.mark.parametrize("marker", ["study.json", "about.json"])
def test_of_a_study_its_own_runs_are_found_and_not_those_of_the_screening(tmp_path: Path, marker: str) -> None:
    make(tmp_path, marker, "runs/one/recipe.yaml", "runs/two/x", "screen/runs/three/recipe.yaml", "screen/about.json")
    assert is_study(tmp_path)
    assert not is_study(tmp_path / "runs" / "one")
    assert runs_in(tmp_path) == (tmp_path / "runs" / "one",)


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither a run directory .* nor a folder with runs in it"):
        runs_in(tmp_path)
    with pytest.raises(InputError, match="absent: not a run directory"):
        runs_in(tmp_path / "absent")
