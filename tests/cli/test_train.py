"""Training several recipes with one command: directories are looked at first, and an interruption is gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.balancing.combining.descent.mgda import MGDA
from auxseg.balancing.combining.method import NoAnswerError
from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import SPLITS, Sample
from auxseg.data.sources.source import Item
from auxseg.data.store.store import Store
from auxseg.run import Run, load
from tests.cli.commands import make_store
from tests.data.pictures import DrawnSource, draw_sample
from tests.raw_events import read_events
from tests.run.conftest import SETTINGS


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen samples."""
    return make_store(tmp_path_factory, 12)


def _train(store: Path, out: Path, *arguments: str, steps: int = 1) -> int:
    settings = ["--set", *SETTINGS, f"training.steps={steps}"]
    return main(["train", *arguments, "--data", str(store), "--out", str(out), "--device", "cpu", "--json", *settings])


def _kinds(run: Path) -> list[str]:
    kinds = [event["event"] for event in read_events(run / "events.jsonl")]
    return [kind for kind in kinds if kind in ("start", "resume", "end")]


def test_several_runs_go_on_and_those_that_have_not_begun_start(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs"
    assert _train(store, out / "tiny", "tiny") == 0
    (out / "tiny-mtl-seed-2").mkdir()
    capsys.readouterr()
    assert _train(store, out, "tiny", "tiny-mtl", "--resume", steps=2) == 0
    assert set(json.loads(capsys.readouterr().out)["runs"]) == {"tiny", "tiny-mtl"}
    assert _kinds(out / "tiny") == ["start", "resume", "end"]
    assert _kinds(out / "tiny-mtl") == ["start", "end"]
    assert _train(store, out, "tiny-mtl", "--grid", "seed=1,2", "--resume") == 0  # the second is an empty directory
    assert _kinds(out / "tiny-mtl-seed-2") == ["start", "end"]


def test_the_run_alone_says_how_to_go_on(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    assert _train(store, run, "tiny", "--seed", "3") == 0
    assert main(["train", "--resume", str(run), "--set", "training.steps=2"]) == 0
    assert _kinds(run) == ["start", "resume", "end"]
    assert [event["step"] for event in read_events(run / "events.jsonl") if event["event"] == "step"] == [1, 2]
    assert Run(run).recipe.seed == 3
    capsys.readouterr()
    assert main(["train", str(run), "--resume", "--seed", "4", "--set", "training.clip=1"]) == 2
    message = capsys.readouterr().err
    assert "clip=None, and the recipe now says 1.0" in message
    assert "seed=3, and the recipe now says 4" in message
    assert main(["train", "--resume", str(tmp_path)]) == 2
    assert "not a run directory" in capsys.readouterr().err
    assert main(["train", "tiny"]) == 2
    assert "train needs --data" in capsys.readouterr().err


def test_a_folder_of_a_presets_name_is_no_run(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    (tmp_path / "runs" / "tiny" / "letter.txt").touch()
    assert main(["train", "tiny", "--data", str(store), "--resume"]) == 2
    assert "runs/tiny: holds files but no run to resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ("events.jsonl", [], "tiny: already exists; --resume continues the run"),
        ("letter.txt", ["--resume"], "tiny: holds files but no run to resume"),
        ("letter.txt", ["--overwrite"], "tiny: holds files but no run, so --overwrite will not delete it"),
        (None, ["--resume"], "none of these runs was started, so there is none to resume"),
    ],
)
def test_every_directory_is_looked_at_before_the_first_training(
    found: str | None,
    options: list[str],
    expected: str,
    store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "runs"
    if found is not None:
        (out / "tiny").mkdir(parents=True)
        (out / "tiny" / found).write_text("")
    assert _train(store, out, "tiny-mtl", "tiny", *options) == 2
    assert expected in capsys.readouterr().err
    assert not (out / "tiny-mtl").exists()


def test_a_file_in_the_place_of_a_directory_is_refused(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny").write_text("")
    assert _train(store, tmp_path, "tiny-mtl", "tiny", "--overwrite") == 2
    assert "tiny: cannot be a run directory (it is a file)" in capsys.readouterr().err
    assert not (tmp_path / "tiny-mtl").exists()


def test_values_that_are_called_alike_are_named(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(store, tmp_path, "tiny", "--grid", "data.workers=1,[1]") == 2
    assert "--grid: two combinations would be named '-data.workers-1'" in capsys.readouterr().err


class _Masked(DrawnSource):
    """Samples of which only one split has masks."""

    def __init__(self, masked: str) -> None:
        self._masked = masked
        super().__init__([draw_sample(index) for index in range(12)], [SPLITS[index % 3] for index in range(12)])

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        return sample if item.split == self._masked else replace(sample, mask=None)


def test_a_target_that_no_training_sample_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = prepare(_Masked("val"), tmp_path / "data.h5", size=16).path
    assert _train(data, tmp_path / "run", "tiny") == 2
    assert "data.h5: no training sample has a label for segmentation, the target" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_validation_without_labels_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = prepare(_Masked("train"), tmp_path / "data.h5", size=16).path
    assert len(Store.open(data).rows("val"))
    assert _train(data, tmp_path / "run", "tiny") == 0
    captured = capsys.readouterr()
    assert "kept the model of step 1, the last; on validation, iou_dataset has no value" in " ".join(
        captured.err.split()
    )
    assert json.loads(captured.out)["runs"]["tiny"]["validation"]["iou_dataset"] is None
    assert Run.open(tmp_path / "run").best_file.is_file()


class _Specks(DrawnSource):
    """Samples with one pixel of a third class, which no training of one step finds."""

    mask_classes = ("background", "thing", "speck")

    def __init__(self) -> None:
        super().__init__([draw_sample(index) for index in range(12)], [SPLITS[index % 3] for index in range(12)])

    def read(self, item: Item) -> Sample:
        sample = super().read(item)
        assert sample.mask is not None
        sample.mask[:4, :4] = 2
        return sample


def test_classes_that_are_not_found_are_said_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = prepare(_Specks(), tmp_path / "data.h5", size=16).path
    assert _train(data, tmp_path / "run", "tiny") == 0
    captured = capsys.readouterr()
    lost = json.loads(captured.out)["runs"]["tiny"]["lost_classes"]
    assert 0 < lost["speck"] < 0.05
    last = captured.err.strip().splitlines()[-1]
    assert last.startswith("on validation: The model found no pixel of ")
    assert last.endswith("To find rare classes, train with --set tasks.segmentation.class_weights=balanced.")
    weights = ["--set", *SETTINGS, "training.steps=1", "tasks.segmentation.class_weights=balanced"]
    command = ["train", "tiny", "--data", str(data), "--out", str(tmp_path / "balanced"), "--device", "cpu", *weights]
    assert main(command) == 0
    weighted = load(tmp_path / "balanced")
    assert sum(weighted.vocabulary.pixels) == 4 * 16 * 16
    assert main(["evaluate", str(tmp_path / "balanced"), "--json"]) == 0


def test_steps_without_an_answer_are_said_at_the_end(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_nothing(*_: object) -> None:
        raise NoAnswerError

    arguments = ["train", "tiny-mtl", "--data", str(store), "--device", "cpu", "--json"]
    settings = ["--set", *SETTINGS, "training.steps=2", "balancer.kind=mgda"]
    assert main([*arguments, "--out", str(tmp_path / "answered"), *settings]) == 0
    answered = capsys.readouterr()
    assert "found no answer" not in answered.err
    assert "fallbacks" not in json.loads(answered.out)["runs"]["tiny-mtl"]
    monkeypatch.setattr(MGDA, "weigh", find_nothing)
    assert main([*arguments, "--out", str(tmp_path / "run"), *settings]) == 0
    captured = capsys.readouterr()
    assert "in 2 steps the balancer found no answer and followed the mean of the gradients" in captured.err
    assert json.loads(captured.out)["runs"]["tiny-mtl"]["fallbacks"] == 2
