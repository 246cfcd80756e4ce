"""OpenVINO's own format: two files, described and checked as ONNX is."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import openvino
import pytest

import auxseg
from auxseg.deploy.export import Exported

pytestmark = pytest.mark.slow  # it is made of the ONNX graph, which other tests check


def test_it_says_the_same_at_any_size(in_openvino: Exported, run: Path) -> None:
    model = auxseg.load(run, "cpu")
    compiled = openvino.Core().compile_model(in_openvino.path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    import torch

    image = torch.rand(3, 3, 27, 50)
    with torch.no_grad():
        expected = model.network(image, ["segmentation", "box"])
    found = compiled({"image": image.numpy()})
    for name, output in expected.items():
        np.testing.assert_allclose(found[name], output.numpy(), atol=1e-4)
    assert [parity.task for parity in in_openvino.parity] == ["segmentation", "classification", "box"] * 3


def test_it_describes_itself_without_paths(in_openvino: Exported, run: Path) -> None:
    network = openvino.Core().read_model(in_openvino.path)
    how = json.loads(network.get_rt_info(["auxseg", "input"]).astype(str))
    assert (how["name"], how["size"]) == ("image", 32)
    weights = in_openvino.path.with_suffix(".bin")
    assert in_openvino.num_bytes == in_openvino.path.stat().st_size + weights.stat().st_size
    for file in (in_openvino.path, weights):
        content = file.read_bytes()
        assert not any(place.encode() in content for place in (tempfile.gettempdir(), str(Path.home()), str(run)))
