"""An exported file answers as the model it is from, and files of others are refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

import auxseg
from auxseg.cli.main import main
from auxseg.deploy.export import Exported
from auxseg.deploy.onnx_model import OnnxModel
from auxseg.errors import InputError
from auxseg.run.prediction.predictor import Predictor


@pytest.fixture(scope="module")
def photograph(animals: Path) -> np.ndarray:
    """A stored picture, cut to be higher than wide and enlarged."""
    image = auxseg.Store.open(animals).read(3)[0][:, 4:27]
    return np.ascontiguousarray(image.repeat(3, axis=0).repeat(3, axis=1))


def test_it_says_what_the_model_says(exported: Exported, run: Path, photograph: np.ndarray) -> None:
    model, file = auxseg.load(run, "cpu"), OnnxModel.open(exported.path)
    expected, found = (each.predict(photograph, probabilities=True) for each in (model, file))
    assert isinstance(file, Predictor)
    assert (file.name, list(file.tasks)) == ("small", list(expected.answers))
    assert (found.masks["segmentation"] == expected.masks["segmentation"]).mean() > 0.999
    np.testing.assert_allclose(found.probabilities["segmentation"], expected.probabilities["segmentation"], atol=1e-4)
    assert found.boxes["box"] == pytest.approx(expected.boxes["box"], abs=1e-3)
    assert found.classes["classification"] == pytest.approx(dict(expected.classes["classification"]), abs=1e-5)


def test_it_is_averaged_over_flips_as_the_model_is(exported: Exported, run: Path, photograph: np.ndarray) -> None:
    model, file = auxseg.load(run, "cpu"), OnnxModel.open(exported.path)
    photograph = photograph[:, :66].copy()  # padded by as much on both sides
    plain = model.predict(photograph, probabilities=True)
    averaged = model.predict(photograph, probabilities=True, tta="flip")
    mirrored = model.predict(photograph[:, ::-1].copy(), probabilities=True, tta="flip")
    found = file.predict(photograph, probabilities=True, tta="flip")
    expected = averaged.probabilities["segmentation"]
    np.testing.assert_allclose(found.probabilities["segmentation"], expected, atol=1e-4)
    np.testing.assert_allclose(mirrored.probabilities["segmentation"][:, :, ::-1], expected, atol=1e-4)
    assert np.abs(plain.probabilities["segmentation"] - expected).max() > 1e-3
    x0, y0, x1, y1 = averaged.boxes["box"]
    width = photograph.shape[1]
    assert mirrored.boxes["box"] == pytest.approx((width - x1, y0, width - x0, y1), abs=1e-3)
    assert found.boxes["box"] == pytest.approx((x0, y0, x1, y1), abs=1e-3)


def test_only_tasks_that_are_asked_for_answer(exported: Exported, photograph: np.ndarray, tmp_path: Path) -> None:
    assert list(OnnxModel.open(exported.path).predict(photograph, tasks=["box"]).answers) == ["box"]
    graph = onnx.load(exported.path)
    del graph.graph.output[0], graph.graph.output[0]
    onnx.save(graph, tmp_path / "box.onnx")
    file = OnnxModel.open(tmp_path / "box.onnx")  # as --tasks box would leave it: without the target
    assert list(file.predict(photograph).answers) == ["box"]
    with pytest.raises(InputError, match=r"no task 'segmentation' of this model answers; those that do are box"):
        file.predict(photograph, tasks=["segmentation"])


def test_eight_bits_say_nearly_the_same(in_int8: Exported, run: Path, photograph: np.ndarray) -> None:
    expected = auxseg.load(run, "cpu").predict(photograph).masks["segmentation"]
    found = OnnxModel.open(in_int8.path).predict(photograph).masks["segmentation"]
    assert (found == expected).mean() > 0.9


def test_predict_takes_a_file_in_place_of_a_run(
    exported: Exported, photograph: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(photograph).save(tmp_path / "image.png")
    words = ["predict", str(exported.path), str(tmp_path / "image.png"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    (image,) = json.loads((tmp_path / "out" / "predictions.json").read_text())["images"]
    assert image["classes"].keys() == {"classification"}
    assert (tmp_path / "out" / "image.mask.png").is_file()
    assert main([*words, "--overwrite", "--device", "cuda"]) == 2
    assert "is computed by onnxruntime on the CPU" in capsys.readouterr().err


def _foreign(**texts: str) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("segmentation", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Relu", ["image"], ["segmentation"])], "foreign", [value], [result])
    model = helper.make_model(graph)
    helper.set_model_props(model, texts)
    return model


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    with pytest.raises(InputError, match=r"x\.onnx: expected a file, found nothing"):
        OnnxModel.open(path)
    path.write_bytes(b"not protobuf at all")
    with pytest.raises(InputError, match=r"x\.onnx: not an ONNX file, or damaged"):
        OnnxModel.open(path)
    path.write_bytes(_foreign().SerializeToString())
    with pytest.raises(InputError, match=r"expected an ONNX file that `auxseg export` wrote.*recipe, vocabulary"):
        OnnxModel.open(path)


def test_changed_files_are_refused(exported: Exported, tmp_path: Path, photograph: np.ndarray) -> None:
    texts = {each.key: each.value for each in onnx.load(exported.path).metadata_props}
    path = tmp_path / "changed.onnx"

    def written(change: str) -> Path:
        model = onnx.load(exported.path)
        if change == "another output":
            model.graph.output[0].name = model.graph.output[1].name + "s"
        elif change == "no graph":
            del model.graph.node[3:]
        elif change == "another graph":
            model = _foreign(**texts)
        elif change == "tensors elsewhere":
            tensor = model.graph.initializer[0]
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="../secret")
        path.write_bytes(model.SerializeToString())
        return path

    for change, message in (
        ("another output", r"outputs of the tasks segmentation, classification, box, found image and classifications"),
        ("no graph", "onnxruntime cannot load it; the file is damaged"),
        ("tensors elsewhere", "keeps tensors in other files"),
    ):
        with pytest.raises(InputError, match=message):
            OnnxModel.open(written(change))
    model = OnnxModel.open(written("another graph"))
    with pytest.raises((InputError, auxseg.RunError), match=r"changed after it was written|onnxruntime cannot run it"):
        model.predict(photograph)


def test_a_huge_file_is_not_read(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.deploy.onnx_file.MAX_BYTES", 1000)
    with pytest.raises(InputError, match=r"small\.onnx: expected at most 1,000 bytes, found more"):
        OnnxModel.open(exported.path)


def test_without_onnxruntime_the_extra_is_named(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda name: None if name == "onnxruntime" else object())
    with pytest.raises(InputError, match=r"needs onnxruntime, .* pip install 'auxseg\[export\]'"):
        OnnxModel.open(exported.path)
