"""A traced network as ONNX: named inputs, outputs and dimensions, and nothing of the machine that made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import torch
from google.protobuf.message import Message
from torch.export import ExportedProgram

from auxseg.deploy.export.tracing import quiet, reason
from auxseg.deploy.onnx_session import INPUT
from auxseg.errors import RunError
from auxseg.version import __version__

if TYPE_CHECKING:
    import onnx

OPSET: Final = 20
_DIMENSIONS: Final = ("batch", None, "height", "width")
_MAX_BYTES: Final = 2**31 - 1
"""What protobuf can hold; tensors beside the file are not written, so that an export is one file."""


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
            raise RunError(f"this network has no form in ONNX ({reason(error)})") from None
    if model.ByteSize() > _MAX_BYTES:
        raise RunError(f"the network takes {model.ByteSize():,} bytes in ONNX, expected at most {_MAX_BYTES:,}")
    _forget_machine(model)
    _name_dimensions(model)
    model.producer_name, model.producer_version = "auxseg", __version__
    model.graph.name = "auxseg"
    return model


def _forget_machine(model: onnx.ModelProto) -> None:
    """Remove stack traces, paths and words about the code from everything that can carry them."""
    for part in _messages(model):
        for field in ("metadata_props", "doc_string"):
            if field in part.DESCRIPTOR.fields_by_name:
                part.ClearField(field)


def _messages(message: Message) -> Iterator[Message]:
    """A message of protobuf and all inside of it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in (value,) if isinstance(value, Message) else value:
                yield from _messages(part)


def _name_dimensions(model: onnx.ModelProto) -> None:
    """Call what is free in inputs and outputs batch, height and width; inside of the graph nothing need be said."""
    model.graph.ClearField("value_info")
    for value in (*model.graph.input, *model.graph.output):
        for dim, name in zip(value.type.tensor_type.shape.dim, _DIMENSIONS, strict=False):
            if name and not dim.HasField("dim_value"):
                dim.dim_param = name
