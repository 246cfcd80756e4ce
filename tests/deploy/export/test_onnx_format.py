"""What ONNX files say of their making, and what becomes of graphs that onnxruntime refuses."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from auxseg.deploy.export import Exported
from auxseg.deploy.export.onnx_format import runner, with_texts
from auxseg.errors import RunError


def test_texts_replace_those_that_were_there(exported: Exported) -> None:
    graph = onnx.load(exported.path)
    written = onnx.load_from_string(with_texts(graph, {"a": "1"}))
    assert [(each.key, each.value) for each in written.metadata_props] == [("a", "1")]


def test_a_graph_that_cannot_be_loaded_or_run_is_one_sentence(exported: Exported) -> None:
    with pytest.raises(RunError, match=r"^onnxruntime cannot load the exported network \(.*\)$"):
        runner(b"no graph", ["segmentation"])
    run = runner(exported.path.read_bytes(), ["segmentation"])
    with pytest.raises(RunError, match=r"^onnxruntime cannot run the exported network \(.*\)$"):
        run(np.zeros((1, 3, 0, 8), np.float32))
