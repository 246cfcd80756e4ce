"""Which photographs `auxseg predict` answers, and what becomes of those that it cannot read."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from auxseg.cli.predict import Predict
from auxseg.data.channels import RGB
from auxseg.errors import InputError


class _Writer:
    """Stands for the network and what it writes."""

    unreadable: tuple[str, ...] = ()
    interrupted_at: str = ""
    remarks: tuple[str, ...] = ()

    def __init__(self, model: Any, directory: Path, photographs: Any, **settings: Any) -> None:
        self.model, self.directory, self.settings = model, directory, settings
        self.photographs = [photograph.path.name for photograph in photographs]
        self.added: list[str] = []
        self.num_finished = 0
        made.append(self)

    def add(self, photograph: Any) -> None:
        name = photograph.path.name
        if name == self.interrupted_at:
            raise KeyboardInterrupt
        if name in self.unreadable:
            raise InputError(f"{photograph.path}: is no picture [really]")
        self.added.append(name)

    def finish(self) -> Path:
        self.num_finished += 1
        return self.directory / "predictions.json"


made: list[_Writer] = []

WHOLE = {"tiles": None, "overlap": None}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(
        "auxseg.deploy.predictors.open_predictor",
        lambda model, device: SimpleNamespace(model=model, device=device, vocabulary=SimpleNamespace(channels=RGB)),
    )
    monkeypatch.setattr("auxseg.run.prediction.predictions.PredictionWriter", _Writer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run and a folder of photographs."""
    (tmp_path / "run").mkdir()
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.png", "c.jpg", "notes.txt"):
        (tmp_path / "photos" / name).touch()
    return tmp_path


def test_what_is_worth_knowing_of_all_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Writer, "remarks", ("shown [small]",))
    _, said = _predicted(folder)
    assert "note: shown [small]\n" in said


def test_arrays_beside_pictures_are_counted(folder: Path) -> None:
    (folder / "photos" / "d.npy").touch()
    result, said = _predicted(folder)
    assert result["images"] == 3
    assert "skipped: 1 array (.npy) in folders of pictures; name arrays one by one" in " ".join(said.split())
    _, said = _predicted(folder, "photos/d.npy", overwrite=True)
    assert "skipped" not in said


def _predicted(folder: Path, *images: str, **options: Any) -> tuple[dict[str, Any], str]:
    said = io.StringIO()
    paths = tuple(folder / name for name in images or ("photos",))
    command = Predict(model=folder / "run", images=paths, out=folder / "out", **options)
    result = command.run(Console(file=said, width=60))
    assert result is not None
    return result, said.getvalue()


def test_every_picture_of_a_folder_is_answered(folder: Path) -> None:
    result, said = _predicted(folder)
    assert made[0].photographs == made[0].added == ["a.jpg", "b.png", "c.jpg"]
    assert result == {"predictions": str(folder / "out" / "predictions.json"), "images": 3, "failed": {}}
    assert f"3 of 3 images: {folder / 'out' / 'predictions.json'}\n" in said


def test_options_reach_the_network_and_the_writer(folder: Path) -> None:
    _predicted(folder, "photos/a.jpg", device="cpu", exif="ignore", tta="flip", overwrite=True)
    assert (made[0].model.model, made[0].model.device) == (folder / "run", "cpu")
    assert made[0].settings == {**WHOLE, "overwrite": True, "exif": "ignore", "tta": "flip"}
    _predicted(folder, "photos/a.jpg")
    assert made[1].settings == {**WHOLE, "overwrite": False, "exif": "auto", "tta": "none"}


def test_what_cannot_be_read_is_named_and_the_rest_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Writer, "unreadable", ("b.png",))
    result, said = _predicted(folder)
    bad = folder / "photos" / "b.png"
    assert made[0].added == ["a.jpg", "c.jpg"]
    assert result["images"] == 2
    assert result["failed"] == {str(bad): f"{bad}: is no picture [really]"}
    assert f"left out: {bad}: is no picture [really]\n" in said  # whole, in a terminal of 60 columns
    assert "2 of 3 images: " in said


def test_after_an_interruption_what_is_done_stays_of_use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Writer, "interrupted_at", "c.jpg")
    with pytest.raises(KeyboardInterrupt):
        _predicted(folder)
    assert made[0].added == ["a.jpg", "b.png"]
    assert made[0].num_finished == 1


def test_pictures_of_an_earlier_prediction_are_passed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = lambda path: path.name != "a.jpg"  # noqa: E731
    monkeypatch.setattr("auxseg.run.prediction.image_files.is_own_picture", own)
    result, said = _predicted(folder)
    assert result["images"] == 1
    assert "skipped: 2 pictures written by auxseg predict\n" in said


def test_refusals_come_before_a_network_is_read(folder: Path) -> None:
    for images, out, message in (
        (("photos/none.jpg",), "out", r"none\.jpg: the file or folder does not exist"),
        (("run",), "out", "no image was found in .*run"),
    ):
        command = Predict(model=folder / "run", images=tuple(folder / name for name in images), out=folder / out)
        with pytest.raises(InputError, match=message):
            command.run(Console(quiet=True))
    with pytest.raises(InputError, match=r"nothing: not a run directory \(it does not exist\)"):
        Predict(model=folder / "nothing", images=(folder / "photos",), out=folder / "out").run(Console(quiet=True))
    with pytest.raises(InputError, match="--threads 0: expected 1 or more"):
        _predicted(folder, threads=0)
    assert made == []


def test_a_former_prediction_is_replaced_only_if_told(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "predictions.json").write_text("{}")
    with pytest.raises(InputError, match=r"predictions\.json"):
        _predicted(folder)
    assert made == []
