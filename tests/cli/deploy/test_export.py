"""What `auxseg export` asks for, prints and refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from auxseg.cli.deploy.export import Export
from auxseg.cli.main import main
from auxseg.deploy.export import Cost, Exported, Parity

QUANTILES = {"median": 1e-7, "99 %": 1e-6, "99.9 %": 2e-6, "maximum": 3e-6}
asked: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    asked.clear()

    def export(run: Path, out: Path, **settings: Any) -> Exported:
        asked.append({"run": run, "out": out, **settings})
        parity = (
            Parity("segmentation", (1, 64, 64), "generated", 0.9999, QUANTILES, 4.0),
            Parity("box", (2, 64, 80), "val", None, QUANTILES, 1.5),
        )
        costs = (
            Cost("segmentation", "iou_dataset", "val", False, 30, 0.85, 0.8475),
            Cost("box", "iou", "val", True, 30, 0.5, None),
        )
        return Exported(out, "onnx", ("segmentation", "box"), 3 * 2**20, parity, costs, 100)

    monkeypatch.setattr("auxseg.deploy.export.export", export)


def test_options_reach_the_export(tmp_path: Path) -> None:
    out = tmp_path / "x.onnx"
    Export(model=tmp_path, out=out, tasks=("box",), overwrite=True).run(Console(quiet=True))
    assert asked == [
        {
            "run": tmp_path, "out": out, "format": "onnx", "tasks": ("box",), "int8": False, "data": None,
            "calibration": 100, "overwrite": True,
        }
    ]  # fmt: skip


def test_it_prints_how_near_the_file_is_and_what_eight_bits_cost(tmp_path: Path) -> None:
    said = io.StringIO()
    out = tmp_path / "x.onnx"
    result = Export(model=tmp_path, out=out).run(Console(file=said, width=60))
    lines = said.getvalue().splitlines()
    assert lines[0] == (
        "beside PyTorch, segmentation of 1 image 64 x 64: 99.99 % same class, differences median 1.0e-07, 99 % "
        "1.0e-06, 99.9 % 2.0e-06, maximum 3.0e-06 of 4 at most"
    )
    assert lines[1].startswith("beside PyTorch, box of 2 images 64 x 80: differences median 1.0e-07")
    assert lines[2] == (
        "int8, segmentation: iou_dataset 0.8475 instead of 0.8500 in float32 (30 val images; calibrated on 100 "
        "training images)"
    )
    assert lines[3].startswith(
        "int8, box: iou - instead of 0.5000 in float32 (30 val images, which it was trained on; "
    )
    assert lines[4] == f"onnx: {out}   segmentation, box   3.0 MiB"
    assert json.loads(json.dumps(result))["parity"][1]["agreement"] is None


def test_what_is_missing_is_refused_without_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = str(tmp_path / "none")
    assert main(["export", none, "--out", str(tmp_path / "x.onnx")]) == 2
    assert f"{none}: not a run directory (it does not exist)" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "x.onnx"), "--data", none]) == 2
    assert f"{none} does not exist" in capsys.readouterr().err
    assert asked == []


def test_a_run_without_a_model_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (tmp_path / "recipe.yaml").write_text("")
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "x.onnx")]) == 2
    assert "best.safetensors: there is no model file; train the run at least to its first validation" in (
        capsys.readouterr().err
    )
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "x.pt2")]) == 2
    assert "expected a name that ends in .onnx for --format onnx" in capsys.readouterr().err
