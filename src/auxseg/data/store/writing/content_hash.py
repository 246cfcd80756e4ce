"""What a store holds as one number: equal for equal samples in equal order, in however many files they lie.

The SHA-256 over, sample by sample, a JSON object of the row in the index, the pixels of the image and those of the
mask, then over the splits and the header, which holds a SHA-256 for each layer. Neither where and when a store was made
nor its original masks are covered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
from jaxtyping import UInt8

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import LongSide
from auxseg.data.layers import FixedForm, LayerForm
from auxseg.data.preparing.record import Record
from auxseg.data.sample import Orientation
from auxseg.data.store.versions import FIRST_VERSION
from auxseg.records.values.size import Size

_NOT_KEPT: Final = ("image", "mask", "notes", "dropped", "seen", "layers", "original_mask")
"""What is not part of a record's row in the index."""


def row_of(record: Record) -> dict[str, Any]:
    """What the index keeps of a record."""
    return {key: value for key, value in vars(record).items() if key not in _NOT_KEPT}


@final
class ContentHash:
    """Grows by a record at a time, and is known when splits and header are."""

    def __init__(self, size: Size | LongSide, layers: Mapping[str, LayerForm], channels: Channels) -> None:
        self._has_own_sizes, self._channels = isinstance(size, LongSide), channels
        self._hash = hashlib.sha256()
        self._layers = {name: _LayerHash(form) for name, form in layers.items()}

    def append(self, record: Record) -> None:
        """Cover the next sample."""
        row = row_of(record)
        shape = {"shape": record.mask.shape} if self._has_own_sizes else {}
        described = json.dumps(_plain(row) | {"box": record.box.tolist()} | shape, sort_keys=True)
        for part in (described.encode(), record.image.tobytes(), record.mask.tobytes()):
            self._hash.update(part)
        for name, layer in self._layers.items():
            layer.append(record.layers.get(name))

    def complete(self, header: Mapping[str, object], labels: Mapping[str, Sequence[str]]) -> dict[str, object]:
        """The header with what is known when all records are: class names, channels, and layers with their hashes."""
        complete: dict[str, object] = {**header, "labels": labels}
        if self._channels != RGB:
            complete["channels"] = self._channels.to_json()
        if self._layers:
            complete["layers"] = {name: layer.describe() for name, layer in self._layers.items()}
        return complete

    def finish(self, split: UInt8[np.ndarray, " N"], complete: Mapping[str, object]) -> str:
        """The hash, in hexadecimal, of all samples with these splits and this complete header."""
        whole = self._hash.copy()
        hashed = {**complete, "schema_version": FIRST_VERSION}
        whole.update(split.tobytes() + json.dumps(hashed, sort_keys=True).encode())
        return whole.hexdigest()


@final
class _LayerHash:
    """The SHA-256 of a layer's form, presence and values."""

    def __init__(self, form: LayerForm) -> None:
        self._form = form
        self._hash = hashlib.sha256(json.dumps(form.to_json(), sort_keys=True).encode())

    def append(self, values: np.ndarray | None) -> None:
        """Cover the values of the next sample, or that it has none."""
        if values is None:
            self._hash.update(b"\0")
            return
        # How many values there are belongs to the hash where that is not the same in every sample.
        length = b"" if isinstance(self._form, FixedForm) else len(values).to_bytes(8, "little")
        self._hash.update(b"\1" + length)
        self._hash.update(np.ascontiguousarray(values).tobytes())

    def describe(self) -> dict[str, object]:
        """What stands in the header: the form and the hash."""
        return self._form.to_json() | {"hash": self._hash.hexdigest()}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """What is covered of a row; an orientation only where a photograph has one."""
    orientation: Orientation = row["orientation"]
    rest = {key: value for key, value in row.items() if key != "orientation"}
    return rest if orientation.tag == 1 else rest | {"orientation": [orientation.tag, orientation.is_turned]}
