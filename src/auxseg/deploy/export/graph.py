"""A traced network as ONNX: named inputs, outputs and dimensions, and nothing of the machine that made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch.export import ExportedProgram

from auxseg.deploy.export.tracing import quiet
from auxseg.deploy.onnx_file import MAX_BYTES, messages
from auxseg.deploy.onnx_session import INPUT
from auxseg.errors import RunError, first_line
from auxseg.version import __version__

if TYPE_CHECKING:
    import onnx

OPSET: Final = 20
_DIMENSIONS: Final = ("batch", None, "height", "width")


def to_onnx(program: ExportedProgram, tasks: Sequence[str]) -> onnx.ModelProto:
    """The graph with an output of each task's name. Raises `RunError` if it has no form in ONNX or is too large."""
    with quiet(), torch.no_grad():
        try:
            made = torch.onnx.export(
                program, input_names=[INPUT], output_names=list(tasks), opset_version=OPSET, dynamo=True, verbose=False
            )
            assert made is not None
            model = made.model_proto
        except Exception as error:  # of torch, onnxscript or protobuf
            raise RunError(f"this network has no form in ONNX ({first_line(error)})") from None
    if model.ByteSize() > MAX_BYTES:
        raise RunError(f"the network takes {model.ByteSize():,} bytes in ONNX, expected at most {MAX_BYTES:,}")
    _forget_machine(model)
    _name_dimensions(model)
    model.producer_name, model.producer_version = "auxseg", __version__
    model.graph.name = "auxseg"
    return model


def _forget_machine(model: onnx.ModelProto) -> None:
    """Remove stack traces, paths and words about the code from everything that can carry them."""
    for part in messages(model):
        for field in ("metadata_props", "doc_string"):
            if field in part.DESCRIPTOR.fields_by_name:
                part.ClearField(field)


def _name_dimensions(model: onnx.ModelProto) -> None:
    """Call what is free in inputs and outputs batch, height and width; inside of the graph nothing need be said."""
    model.graph.ClearField("value_info")
    for value in (*model.graph.input, *model.graph.output):
        for dim, name in zip(value.type.tensor_type.shape.dim, _DIMENSIONS, strict=False):
            if name and not dim.HasField("dim_value"):
                dim.dim_param = name
