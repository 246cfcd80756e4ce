"""Reading an ONNX file from outside: bounded in size, without other files, and only if auxseg exported it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from auxseg.errors import InputError
from auxseg.extras import need_extra
from auxseg.records.values.reading import read_bytes

if TYPE_CHECKING:
    import onnx

MAX_BYTES: Final = 2**31 - 1
"""What protobuf can hold; an export is one file, without tensors beside it."""

_TENSOR: Final = "TensorProto"
_KEYS: Final = ("recipe", "vocabulary", "input", "outputs")


@final
@dataclass(frozen=True, eq=False)
class OnnxFile:
    """The content of a file, what it says of itself, and the names of its inputs and outputs."""

    path: Path
    content: bytes
    texts: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> OnnxFile:
        """Read a file. Raises `InputError` if it is missing, too large, damaged, or not exported by auxseg."""
        need_extra("export", f"reading {path}")
        from onnx import load_from_string

        content = read_bytes(path, max_bytes=MAX_BYTES)
        try:
            model = load_from_string(content)
            inputs, outputs = (
                tuple(value.name for value in values) for values in (model.graph.input, model.graph.output)
            )
            texts = {each.key: each.value for each in model.metadata_props}
        except Exception:  # protobuf has errors of its own for what it cannot read
            raise InputError(f"{path}: not an ONNX file, or damaged") from None
        if missing := [key for key in _KEYS if key not in texts]:
            raise InputError(
                f"{path}: expected an ONNX file that `auxseg export` wrote, found none of its description "
                f"({', '.join(missing)})"
            )
        _refuse_other_files(model, path)
        return cls(path, content, texts, inputs, outputs)


def _refuse_other_files(model: onnx.ModelProto, path: Path) -> None:
    """Raise `InputError` for tensors that lie in other files, whose place the file could choose."""
    from onnx.external_data_helper import uses_external_data

    tensors = (part for part in messages(model) if part.DESCRIPTOR.name == _TENSOR)
    if any(uses_external_data(tensor) for tensor in tensors):
        raise InputError(f"{path}: keeps tensors in other files, which `auxseg export` never does; export it again")


def messages(message: Any) -> Iterator[Any]:
    """A message of protobuf and all inside of it, but nothing inside of tensors, whose numbers would be copied.

    Without recursion, which a file from outside could make too deep.
    """
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        if part.DESCRIPTOR.name == _TENSOR:
            continue
        for field, value in part.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "ListFields") else value)
