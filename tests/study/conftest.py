"""One small finished study, which tests copy or only read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auxseg.data.geometry import WHOLE, Part
from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from tests import forked
from tests.study.small import run_study, small_config


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 40 generated animals; 28 are trained on and 8 are tested on.

    Whoever asks for it may run a study, whose workers draw small pictures from now on.
    """
    forked.warm_up()
    path = tmp_path_factory.mktemp("study-data") / "animals.h5"
    synthesize(path, num_samples=40, size=32, processes=1)
    return path


@pytest.fixture(scope="session")
def finished(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the study of `tests.study.small`; nobody may change it."""
    path = tmp_path_factory.mktemp("studies") / "study"
    run_study(small_config(), store, path)
    return path


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(finished, tmp_path / "study"))


@pytest.fixture
def sealed_test_split(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading any row of the test split fail, in this process."""
    read, test_rows = Store.read, set(Store.open(store).rows("test").tolist())

    def guarded(self: Store, row: int, part: Part = WHOLE) -> object:
        if int(row) in test_rows:
            raise AssertionError("a row of the test split was read")
        return read(self, row, part)

    monkeypatch.setattr(Store, "read", guarded)
