"""What an exported file holds, and that it says the same as the model."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import auxseg
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.deploy.export import Exported, export
from auxseg.errors import InputError

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    """Wider than high, and smaller than what is stored, where no class is made to keep its area."""
    source = SyntheticSource(3, size=32)
    return np.ascontiguousarray(source.read(source.items()[2]).image[3:24, :29])


def test_inputs_outputs_and_dimensions_have_names(exported: Exported) -> None:
    graph = onnx.load(exported.path).graph

    def shapes(values: object) -> dict[str, list[str | int]]:
        return {
            value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
            for value in values  # pyright: ignore[reportGeneralTypeIssues]
        }

    assert shapes(graph.input) == {"image": ["batch", 3, "height", "width"]}
    assert shapes(graph.output) == {
        "segmentation": ["batch", 2, "height", "width"],
        "classification": ["batch", 8],
        "box": ["batch", 4],
    }


def test_the_file_describes_itself(exported: Exported, run: Path, animals: Path) -> None:
    texts = {each.key: each.value for each in onnx.load(exported.path).metadata_props}
    assert texts["auxseg"] == auxseg.__version__
    how, outputs = json.loads(texts["input"]), json.loads(texts["outputs"])
    assert (how["size"], how["resize"], how["range"]) == (32, "letterbox", [0, 1])
    assert [each["name"] for each in outputs["segmentation"]["classes"]] == ["background", "animal"]
    assert len(outputs["classification"]["classes"]) == 8
    provenance = json.loads(texts["provenance"])
    assert provenance["data_content_hash"] == auxseg.Store.open(animals).content_hash
    assert provenance["step"] == auxseg.load(run, "cpu").step
    parity = json.loads(texts["parity"])
    assert [each["shape"] for each in parity if each["task"] == "segmentation"] == [
        [1, 32, 32],
        [2, 32, 36],
        [1, 37, 25],
    ]
    assert all(each["quantiles"]["maximum"] < 1e-4 * each["scale"] for each in parity)


def test_no_path_of_the_machine_is_in_the_file(exported: Exported, in_int8: Exported, run: Path) -> None:
    places = {str(Path.home()), tempfile.gettempdir(), os.getcwd(), sys.prefix, str(ROOT), str(run), "site-packages"}
    for file in (exported.path, in_int8.path):
        content = file.read_bytes()
        assert [place for place in places if len(place) > 4 and place.encode() in content] == []


def test_a_script_without_auxseg_predicts_the_same(
    exported: Exported, run: Path, photograph: np.ndarray, tmp_path: Path
) -> None:
    Image.fromarray(photograph).save(tmp_path / "image.png")
    script = ROOT / "examples" / "onnx_predict.py"
    command = [sys.executable, str(script), str(exported.path), "image.png", "mask.png"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    mask = np.asarray(Image.open(tmp_path / "mask.png"))
    expected = auxseg.load(run, "cpu").predict(photograph).masks["segmentation"]
    assert 0 < expected.mean() < 1
    assert mask.shape == expected.shape
    assert (mask == expected).mean() > 0.995


def test_the_page_shows_the_script(exported: Exported) -> None:
    script = (ROOT / "examples" / "onnx_predict.py").read_text()
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "export.md").read_text(), re.DOTALL)
    assert shown == script
    assert "auxseg" not in re.findall(r"^(?:from|import) (\w+)", script, re.MULTILINE)
    assert callable(runpy.run_path(str(ROOT / "examples" / "onnx_predict.py"))["predict"])


def test_refusals_name_what_is_wrong(run: Path, exported: Exported, tmp_path: Path) -> None:
    before = exported.path.read_bytes()
    for settings, message in (
        ({"out": exported.path}, r"small\.onnx already exists; --overwrite replaces it"),
        ({"tasks": ["segmentatoin"]}, r"--tasks segmentatoin: .*did you mean 'segmentation'\?"),
        ({"tasks": ["depth"]}, r"--tasks depth: .*it has segmentation, classification, box"),
    ):
        with pytest.raises(InputError, match=message):
            export(run, **{"out": tmp_path / "new.onnx", **settings})  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="not a run directory"):
        export(tmp_path, tmp_path / "new.onnx")
    assert exported.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == []
