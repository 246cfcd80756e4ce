"""The command line as a whole: exit codes, one sentence on error, and lazy imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import auxseg
from auxseg.cli.main import main
from tests.cli.commands import make_store

TINY = ["--set", "model.encoder.channels=[8, 12]", "training.batch=4", "training.precision=fp32"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_store(tmp_path_factory, 30))


@pytest.fixture(scope="module")
def run(store: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("runs") / "run")
    settings = [*TINY, "--set", "training.steps=6", "training.channels_last=true"]
    assert main(["train", "tiny-mtl", "--data", store, "--out", path, *settings]) == 0
    return path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "tinny", "--data", "x.h5"], "did you mean 'tiny'"),
        (["train", "--data", "x.h5"], "train needs the name of a preset"),
        (["train", "tiny"], "train needs --data"),
        (["train", "tiny", "tiny", "--data", "x.h5"], "two recipes have the same name"),
        (["train", "tiny", "--data", "nowhere.h5"], "nowhere.h5 does not exist"),
        (["evaluate", "nowhere"], "nowhere: not a run directory"),
        (["evaluate"], "at least one run directory"),
        (["evaluate", "a", "b", "./a"], "evaluate: a is given twice"),
        (["report", "nowhere"], "nowhere"),
        (
            ["predict", "nowhere", "also-nowhere.jpg", "--out", "out"],
            "also-nowhere.jpg: the file or folder does not",
        ),
        (["presets", "unett"], "did you mean 'unet'"),
    ],
)
def test_mistakes_are_refused_with_one_sentence(
    arguments: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("auxseg: ")
    assert captured.err.count("\n") == 1
    assert expected in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_does_not_exist_is_answered_with_the_nearest(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "tiny", "--data", store, "--out", str(tmp_path / "run"), "--set", "model.widht=2"]
    assert main(command) == 2
    assert "did you mean 'width'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_usage_mistakes_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["trian"],
        ["evaluate", "--split", "all"],
        ["train", "tiny", "--data", "x.h5", "--devcie", "cpu"],
    ):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"auxseg {auxseg.__version__}\n"


@pytest.mark.parametrize("command", ["train", "study", "evaluate", "report", "presets", "bench", "data inspect"])
def test_help_shows_no_inner_words(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    shown = capsys.readouterr().out
    assert "None" not in shown
    assert "STR" not in shown
    assert "(default: )" not in shown


def test_debug_shows_where_an_error_came_from() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        main(["evaluate", "nowhere", "--debug"])


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom auxseg.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'timm', 'matplotlib', 'h5py', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "train" in result.stdout


def test_presets_prints_a_recipe_that_can_be_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from auxseg.recipe import load_recipe

    assert main(["presets", "tiny-mtl"]) == 0
    printed = capsys.readouterr().out
    assert "encoder" in printed.partition("# parameters")[2]
    (tmp_path / "mine.yaml").write_text(printed)
    assert load_recipe(tmp_path / "mine.yaml") == load_recipe("tiny-mtl")


def test_results_as_json(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", run, "--split", "val", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["runs"][run]
    assert 0 <= metrics["figures"]["segmentation"]["iou_dataset"] <= 1


def test_mirrored_scoring(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", run, "--split", "val", "--mirrored", "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["runs"][run]
    assert metrics["mirrored"] is True
    assert json.loads((Path(run) / "metrics.json").read_text()) == metrics


def test_settings_given_twice_are_both_heard(run: str) -> None:
    from auxseg.run import Run

    recipe = Run.open(run).recipe
    assert recipe.training.steps == 6
    assert recipe.training.batch == 4


def test_run_directory_is_complete(run: str) -> None:
    names = {path.name for path in Path(run).iterdir()}
    assert names >= {
        "recipe.yaml",
        "events.jsonl",
        "history.csv",
        "best.safetensors",
        "last.pt",
        "report.html",
        "figures",
    }
    assert not [name for name in names if name.endswith(".partial")]


def test_unreadable_photographs_are_named_and_do_not_stop_the_rest(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np
    from PIL import Image

    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"no image")
    assert main(["predict", run, str(tmp_path), "--out", str(tmp_path / "out"), "--json"]) == 1
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["images"] == 1
    assert list(result["failed"]) == [str(tmp_path / "bad.jpg")]
    assert "bad.jpg" in captured.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "good.mask.png",
        "good.overlay.png",
        "predictions.json",
    }


def test_a_batch_survives_whatever_a_folder_holds(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(np.full((20, 30, 3), 90, np.uint8))
    for name in ("a.png", "sub/a.png", "x" * 240 + ".png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture.save(tmp_path / name)
    picture.save(os.fsencode(tmp_path) + b"/caf\xe9.png")
    picture.convert("L").save(tmp_path / "drawing.eps")
    (tmp_path / "drawing.eps").rename(tmp_path / "drawing.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert main(["predict", run, str(tmp_path), str(tmp_path / "pipe.jpg"), "--out", str(tmp_path / "out")]) == 1
    assert "4 of 6 images" in capsys.readouterr().err
    images = json.loads((tmp_path / "out" / "predictions.json").read_text())["images"]
    assert [image["output"][:5] for image in images] == ["a", "caf\ufffd", "xxxxx", "sub/a"]
    assert (tmp_path / "out" / "sub" / "a.mask.png").is_file()


def test_predictions_never_replace_a_file_of_the_user(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np
    from PIL import Image

    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(tmp_path / "dog.jpg")
    Image.fromarray(np.full((20, 30), 1, np.uint8)).save(tmp_path / "dog.mask.png")
    before = (tmp_path / "dog.mask.png").read_bytes()
    command = ["predict", run, str(tmp_path / "dog.jpg"), "--out", str(tmp_path)]
    for options in ([], ["--overwrite"]):
        assert main([*command, *options]) == 2
        assert "dog.mask.png exists and was not written by auxseg predict" in capsys.readouterr().err
    assert (tmp_path / "dog.mask.png").read_bytes() == before
    assert not (tmp_path / "dog.overlay.png").exists()
    (tmp_path / "dog.mask.png").unlink()
    (tmp_path / "predictions.json").write_text('{"mine": 1}')
    assert main([*command, "--overwrite"]) == 2
    (tmp_path / "predictions.json").unlink()
    assert main(command) == 0
    assert main(command) == 2  # --overwrite is needed
    assert main([*command, "--overwrite"]) == 0


def test_several_recipes_end_in_one_comparison(store: str, tmp_path: Path) -> None:
    settings = [*TINY, "--set", "training.steps=2", "training.channels_last=true"]
    assert main(["train", "tiny", "tiny-mtl", "--data", store, "--out", str(tmp_path), *settings]) == 0
    assert (tmp_path / "tiny" / "best.safetensors").is_file()
    assert "tiny-mtl" in (tmp_path / "report.html").read_text()
