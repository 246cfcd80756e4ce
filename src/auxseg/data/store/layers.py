"""The layers of a store: read and checked with the index, and found again sample by sample.

Shape legend: ``N`` samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from auxseg.data.layers import LayerForm
from auxseg.data.store.file import StoreFile
from auxseg.records.values.size import Size


@final
@dataclass(frozen=True, eq=False)
class StoredLayer:
    """A layer of a store: what its values mean, which samples have it, and where they lie in the file.

    ``content_hash`` is the SHA-256 of form, presence and values. ``ids`` are the class ids that stand for each of the
    256 values of a stored mask, if not the value itself.
    """

    form: LayerForm
    content_hash: str
    present: Bool[np.ndarray, " N"]
    places: Int64[np.ndarray, " N"]
    is_checked: bytearray = field(repr=False)
    """By row, whether its values were looked at."""
    stored_form: LayerForm | None = None
    """The form in the file, if it is another."""
    ids: UInt8[np.ndarray, 256] | None = None

    @property
    def written(self) -> LayerForm:
        """The form in the file."""
        return self.stored_form or self.form


def missing_layer(form: LayerForm, num_samples: int) -> StoredLayer:
    """A layer that no sample has."""
    return StoredLayer(form, "", np.zeros(num_samples, bool), np.full(num_samples, -1), bytearray(num_samples))


def read_stored_layers(
    file: StoreFile, layers: Mapping[str, tuple[LayerForm, str]], size: Size, num_samples: int
) -> dict[str, StoredLayer]:
    """The layers that the header names. Raises `ValueError` if one is damaged."""
    found: dict[str, StoredLayer] = {}
    for name, (form, content_hash) in layers.items():
        present = file.truths(f"layers/{name}/present", num_samples)
        places = file.chunk_places(f"layers/{name}/values", num_samples, *form.shape(*size), dtype=form.dtype)
        found[name] = StoredLayer(form, content_hash, present, np.where(present, places, -1), bytearray(num_samples))
    return found


def extents(layers: Mapping[str, StoredLayer], size: Size) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Where the values of samples that have a layer begin and end in the file, by the name of the dataset."""
    ranges = {}
    for name, layer in layers.items():
        starts = layer.places[layer.present]
        num_bytes = math.prod(layer.form.shape(*size)) * layer.form.dtype.itemsize
        ranges[f"layers/{name}/values"] = starts, starts + num_bytes
    return ranges
