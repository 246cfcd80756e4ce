"""What is done to a graph after torch has made it, on one that is quick to make."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch.export import ExportedProgram

from auxseg.deploy.export.graph import to_onnx
from auxseg.errors import RunError

PROGRAM = Mock(spec=ExportedProgram)
SECRET = "/home/somebody/network.py"


def _made() -> onnx.ModelProto:
    """A branch with a graph of its own, and words of the machine at every place that can hold some."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["s0", 3, "s1", "s2"])
    output = helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["s0", 3, "s1 - 2", "s2"])
    inner_output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    inner = helper.make_graph([helper.make_node("Identity", ["image"], ["inner"])], "inner", [], [inner_output])
    node = helper.make_node("If", ["choice"], ["mask"], then_branch=inner, else_branch=inner)
    choice = helper.make_tensor("choice", TensorProto.BOOL, [], [True])
    graph = helper.make_graph([node], SECRET, [image], [output], [choice], value_info=[inner_output])
    model = helper.make_model(graph)
    for part in [model.graph, model.graph.node[0], model.graph.node[0].attribute[0].g.node[0], *model.graph.input]:
        part.doc_string = SECRET
        part.metadata_props.add(key="stack_trace", value=SECRET)
    model.doc_string = SECRET
    return model


def _converted(monkeypatch: pytest.MonkeyPatch) -> onnx.ModelProto:
    monkeypatch.setattr(torch.onnx, "export", lambda *_, **__: SimpleNamespace(model_proto=_made()))
    return to_onnx(PROGRAM, ["mask"])


def test_nothing_of_the_machine_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SECRET.encode() in _made().SerializeToString()
    model = _converted(monkeypatch)
    assert SECRET.encode() not in model.SerializeToString()
    assert model.producer_name == "auxseg"
    assert [node.op_type for node in model.graph.node] == ["If"]


def test_free_dimensions_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = _converted(monkeypatch).graph
    for value in (graph.input[0], graph.output[0]):
        named = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        assert named == ["batch", 3, "height", "width"]
    assert not graph.value_info


def test_what_has_no_form_in_onnx_or_none_that_fits_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.deploy.export.graph.MAX_BYTES", 10)
    with pytest.raises(RunError, match=r"^the network takes \d+ bytes in ONNX, expected at most 10$"):
        _converted(monkeypatch)

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no rule for this operator\nand more")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(RunError, match=r"^this network has no form in ONNX \(no rule for this operator\)$"):
        to_onnx(PROGRAM, ["mask"])
