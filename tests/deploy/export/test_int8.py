"""Eight bits: smaller, nearly as good, and told what they cost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

import auxseg
from auxseg.data.augment import CropConfig
from auxseg.data.loading.selection import labelled_rows
from auxseg.data.store.store import Store
from auxseg.deploy.export import Exported
from auxseg.deploy.export.exporting import export
from auxseg.deploy.export.int8 import calibration_images, quantised
from auxseg.deploy.onnx_session import INPUT
from auxseg.errors import InputError, RunError
from auxseg.recipe import load_recipe
from auxseg.run import train
from tests.run.conftest import SETTINGS


def test_the_file_is_smaller_and_computes_in_eight_bits(exported: Exported, in_int8: Exported) -> None:
    graph = onnx.load(in_int8.path).graph
    operators = [node.op_type for node in graph.node]
    weights = [each for each in graph.initializer if len(each.dims) == 4]
    assert operators.count("QuantizeLinear") > 5
    assert weights
    in_float = [each for each in weights if each.data_type == onnx.TensorProto.FLOAT]
    in_eight = [each for each in weights if each.data_type == onnx.TensorProto.INT8]
    assert len(in_float) + len(in_eight) == len(weights)
    assert 3 <= len(in_float) < len(in_eight)
    assert max(abs(onnx.numpy_helper.to_array(each).astype(int)).max() for each in in_eight) <= 64  # seven bits
    assert in_int8.num_bytes == in_int8.path.stat().st_size < exported.num_bytes


def test_its_cost_is_what_evaluate_measures(in_int8: Exported, run: Path) -> None:
    figures = auxseg.evaluate(run, "val", device="cpu")["figures"]
    assert [(cost.task, cost.figure) for cost in in_int8.costs] == [
        ("segmentation", "iou_dataset"), ("classification", "accuracy"), ("box", "iou"),
    ]  # fmt: skip
    for cost in in_int8.costs:
        assert cost.float32 == pytest.approx(figures[cost.task][cost.figure], abs=2e-3)
        assert cost.int8 is not None
        assert cost.num_images == 4
    assert in_int8.costs[0].int8 == pytest.approx(in_int8.costs[0].float32, abs=0.05)


def test_a_run_of_windows_is_calibrated_on_windows_and_measured_by_tiles(tmp_path: Path, animals: Path) -> None:
    settings = [*SETTINGS, "training.steps=4", "data.crop.size=16"]
    run = train(load_recipe("tiny", settings), animals, tmp_path / "run")
    made = export(run, tmp_path / "a.onnx", int8=True, data=animals, calibration=6)
    assert made.calibrated_on == 6
    expected = auxseg.evaluate(run, "val", device="cpu")
    assert expected["tiles"] == {"size": 16, "overlap": 0.5}
    (cost,) = made.costs
    assert cost.float32 == pytest.approx(expected["figures"]["segmentation"]["iou_dataset"], abs=2e-3)
    assert cost.int8 == pytest.approx(cost.float32, abs=0.1)


def test_windows_for_calibration_are_cuts_of_training_images(animals: Path) -> None:
    store = Store.open(animals)
    windows = calibration_images(store, 3, CropConfig(size=16, foreground=1.0), seed=4)
    again = calibration_images(store, 3, CropConfig(size=16, foreground=1.0), seed=4)
    assert len(windows) == 3
    images = [store.read(row)[0] for row in store.rows("train").tolist()]
    for window, same in zip(windows, again, strict=True):
        np.testing.assert_array_equal(window, same)
        assert window.shape == (1, 3, 16, 16)
        cut = np.rint(window[0].transpose(1, 2, 0) * 255).astype(np.uint8)
        assert any(
            (view == cut).all((-1, -2, -3)).any()
            for image in images
            for view in [np.lib.stride_tricks.sliding_window_view(image, (16, 16, 3))]
        )


def test_masks_that_are_not_trained_on_place_no_window_for_calibration(animals: Path) -> None:
    store, crop = Store.open(animals), CropConfig(size=16, foreground=1.0)
    rows = store.rows("train")
    known = labelled_rows(store, rows, 0.3)
    number = len(rows)
    some = calibration_images(store, number, crop, seed=4, label_fraction=0.3)
    all_, none = (calibration_images(store, number, replace(crop, foreground=share), seed=4) for share in (1.0, 0.0))
    # In the order of the sequence, whose positions are the same whatever masks are known.
    order = [int((image == some[place]).all()) for place, image in enumerate(all_)]
    assert len(known) <= sum(order) < number
    assert all(
        any(np.array_equal(image, other) for other in (all_[place], none[place])) for place, image in enumerate(some)
    )


def test_the_file_keeps_what_it_costs(in_int8: Exported) -> None:
    texts = {each.key: each.value for each in onnx.load(in_int8.path).metadata_props}
    kept = json.loads(texts["int8"])
    assert kept["calibrated_on"] == in_int8.calibrated_on == 8
    assert [cost["int8"] for cost in kept["costs"]] == [cost.int8 for cost in in_int8.costs]


def test_its_parity_is_its_own(exported: Exported, in_int8: Exported) -> None:
    for float32, int8 in zip(exported.parity, in_int8.parity, strict=True):
        assert int8.quantiles["99 %"] > 10 * float32.quantiles["99 %"]


def test_the_last_convolutions_before_every_output_stay_in_float32(two_heads: onnx.ModelProto) -> None:
    before = two_heads.SerializeToString()
    images = [np.random.default_rng(0).random((1, 3, 16, 16), np.float32)]
    made = quantised(two_heads, images)
    assert two_heads.SerializeToString() == before  # what is given is left as it was
    weights = {each.name: each.data_type for each in made.graph.initializer if len(each.dims) == 4}
    in_float = {name for name, kind in weights.items() if kind == onnx.TensorProto.FLOAT}
    assert in_float == {"first0", "first1", "left1", "left2", "right1", "right2"}
    assert len(weights) == 9


@pytest.fixture
def two_heads() -> onnx.ModelProto:
    """Three convolutions, and two branches of three on top of them; the right one comes last in the graph."""
    nodes, weights, outputs = [], [], []

    def chain(name: str, start: str) -> str:
        for step in range(3):
            last, start = start, f"{name}{step}.out"
            weights.append(onnx.numpy_helper.from_array(_weight(3), f"{name}{step}"))
            nodes.append(onnx.helper.make_node("Conv", [last, f"{name}{step}"], [start], name=f"{name}{step}.node"))
        return start

    trunk = chain("first", INPUT)
    for head in ("left", "right"):
        shape = ["batch", 3, 16, 16]
        outputs.append(onnx.helper.make_tensor_value_info(chain(head, trunk), onnx.TensorProto.FLOAT, shape))
    image = onnx.helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, ["batch", 3, 16, 16])
    graph = onnx.helper.make_graph(nodes, "two heads", [image], outputs, weights)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)


def _weight(channels: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(channels, channels, 1, 1)).astype(np.float32)


def test_calibration_images_are_spread_over_the_training_split(animals: Path) -> None:
    store = Store.open(animals)
    images = calibration_images(store, 3)
    rows = store.rows("train")
    expected = [store.read(int(row))[0] for row in (rows[0], rows[(len(rows) - 1) // 2], rows[-1])]
    for image, pixels in zip(images, expected, strict=True):
        np.testing.assert_allclose(image[0].transpose(1, 2, 0) * 255, pixels, atol=1e-4)
    assert len(calibration_images(store, 1000)) == len(rows)


def test_a_store_without_validation_images_is_refused(tmp_path: Path) -> None:
    from auxseg.data.preparing.prepare import prepare
    from auxseg.data.sources.synthetic import SyntheticSource

    prepare(SyntheticSource(5, size=32), tmp_path / "train.h5", size=32)
    with pytest.raises(InputError, match=r"train\.h5: the split val is empty, which --int8 needs"):
        calibration_images(Store.open(tmp_path / "train.h5"), 3)


def test_nothing_is_left_in_the_current_directory(
    exported: Exported, animals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    quantised(onnx.load(exported.path), calibration_images(Store.open(animals), 2))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RunError, match=r"^onnxruntime cannot quantise this network \(.*\)$"):
        quantised(onnx.ModelProto(), [np.zeros((1, 3, 32, 32), np.float32)])
