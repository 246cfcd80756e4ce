"""best.safetensors: a network's weights with what is needed to build it again. Reading it never runs code from it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.files import write_atomically

_MAX_HEADER_BYTES: Final = 16 * 2**20
_LENGTH_BYTES: Final = 8
"""A safetensors file begins with the length of its header, which describes every tensor and holds the metadata."""

_DTYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}

_CHECKSUM: Final = "weights_sha256"

Shape = tuple[tuple[int, ...], torch.dtype]
"""Sizes and kind of number of a tensor."""


def save_weights(path: Path, network: nn.Module, metadata: Mapping[str, str]) -> None:
    """Write a network's weights with what is needed to build it again and a checksum of the weights, atomically."""
    save_tensors(path, {name: value.detach().cpu() for name, value in network.state_dict().items()}, metadata)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """The same for weights that were read from another file, such as to say something else beside them."""
    whole = {name: value.contiguous() for name, value in tensors.items()}
    write_atomically(path, save(whole, {**metadata, _CHECKSUM: _digest(whole)}))


@final
@dataclass(frozen=True)
class WeightsFile:
    """What a file of weights says of itself, read without its tensors."""

    path: Path
    metadata: Mapping[str, str]
    shapes: Mapping[str, Shape]
    checksum: str | None = None
    """Of the weights; files of a version that wrote none have none."""

    @classmethod
    def open(cls, path: Path) -> WeightsFile:
        """Read the header. Raises `InputError` if the file is missing or damaged."""
        with _reading(path) as file:
            shapes = {name: _shape(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
            return cls(path, metadata, shapes, metadata.pop(_CHECKSUM, None))

    def read(self) -> dict[str, Tensor]:
        """The tensors. Raises `InputError` if the file is damaged."""
        with _reading(self.path) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if self.checksum not in (None, _digest(tensors)):
                raise ValueError("the checksum of its weights does not match")
            for name, value in tensors.items():  # files of a version that wrote no checksum may be damaged unseen
                if value.is_floating_point() and not value.isfinite().all():
                    raise ValueError(f"{ascii(name)[1:-1][:80]} holds numbers that are not finite")
            return tensors

    def refuse_another(self, network: nn.Module) -> None:
        """Raise `InputError` unless the file holds all tensors of a network, which may be on the meta device."""
        expected: dict[str, Shape] = {
            name: (tuple(value.shape), value.dtype) for name, value in network.state_dict().items()
        }
        for name in expected | dict(self.shapes):
            wanted, found = expected.get(name), self.shapes.get(name)
            if wanted != found:
                raise InputError(
                    f"{self.path}: its weights do not fit the network of its recipe ({ascii(name)[1:-1][:80]}: "
                    f"expected {_words(wanted)}, found {_words(found)}); it was changed after it was written"
                )


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """An open file of the library, whose errors are the user's."""
    if not path.is_file():
        raise InputError(f"{path}: there is no model file; train the run at least to its first validation")
    try:
        with path.open("rb") as file:
            header = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if header > _MAX_HEADER_BYTES:
            raise ValueError(f"its header would take {header:,} bytes, expected at most {_MAX_HEADER_BYTES:,}")
        with safe_open(path, framework="pt") as file:
            yield file
    except InputError:
        raise
    except Exception as error:  # The library raises its own error, and others for metadata or text that is none.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a model file, or damaged ({reason})") from None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        found.update(name.encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _shape(part: Any) -> Shape:
    kind = part.get_dtype()
    if kind not in _DTYPES:
        raise ValueError(f"it holds numbers of the kind {str(kind)[:20]!a}")
    return tuple(part.get_shape()), _DTYPES[kind]


def _words(shape: Shape | None) -> str:
    if shape is None:
        return "none"
    sizes, dtype = shape
    return f"{str(dtype).removeprefix('torch.')} {list(sizes)}"
