"""Which file is meant by a run, a directory, a file or an address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auxseg.arguments import as_typed, hub_address
from auxseg.deploy import pack
from auxseg.errors import InputError
from auxseg.records.finding import runs_in
from auxseg.run import Run, evaluate
from auxseg.run.packed.finding import find_model, is_packed
from tests.deploy.made_models import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("runs") / "pets")


@pytest.fixture
def packed(run: Run, tmp_path: Path) -> Path:
    return pack(run, tmp_path / "model")


def test_a_run_has_its_best_model(run: Run) -> None:
    for place in (run, run.directory, str(run.directory)):
        assert find_model(place).file == run.best_file
        assert find_model(place).description is None
    assert not is_packed(run.directory)


def test_a_model_directory_has_a_description(packed: Path) -> None:
    found = find_model(str(packed))
    assert found.file == packed / "model.safetensors"
    assert found.description is not None
    assert found.description.step == 30
    assert is_packed(packed)


def test_a_file_is_a_model_by_itself(run: Run, packed: Path) -> None:
    for file in (run.best_file, packed / "model.safetensors"):
        assert find_model(file).file == file
        assert is_packed(file)
    assert not is_packed(packed / "README.md")
    with pytest.raises(InputError, match="not a run directory"):
        find_model(packed / "README.md")


def test_a_run_with_a_model_beside_it_stays_a_run(run: Run, packed: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(run.directory, both)
    shutil.copytree(packed, both, dirs_exist_ok=True)
    assert find_model(both).file == both / "best.safetensors"
    assert not is_packed(both)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hf://me/pets", "me/pets"),
        ("hf://me/pets@v1", "me/pets@v1"),
        ("hf:/me/pets", "me/pets"),
        ("hf://", ""),
        ("hf:me/pets", None),
        ("runs/hf:/pets", None),
        ("/hf:/pets", None),
        ("runs/pets", None),
    ],
)
def test_an_address_on_a_hub_outlives_being_a_path(text: str, address: str | None) -> None:
    assert hub_address(Path(text)) == address
    assert as_typed(Path(text)) == (text if address is None else f"hf://{address}")


@pytest.mark.parametrize("form", [str, Path])
def test_an_address_is_fetched(form: type, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(address: str) -> Path:
        asked.append(address)
        return packed

    monkeypatch.setattr("auxseg.run.packed.finding.fetch", fetch)
    place = form("hf://me/pets@v1")  # of which a path keeps one slash
    assert find_model(place).file == packed / "model.safetensors"
    assert asked == ["me/pets@v1"]
    assert is_packed(place)


def test_an_exported_file_is_no_trained_model(tmp_path: Path) -> None:
    exported = tmp_path / "pets.onnx"
    exported.touch()
    for asked in (find_model, Run.open, evaluate, runs_in):
        with pytest.raises(InputError, match=r"pets\.onnx: an exported file, which can predict but not be measured"):
            asked(exported)


def test_nothing_is_nothing(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "absent"):
        assert not is_packed(place)
        with pytest.raises(InputError, match="not a run directory"):
            find_model(place)
