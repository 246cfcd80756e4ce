"""The layers of a store: read and checked with the index, and found again sample by sample.

For each layer there are in the file, besides its form and hash in the header::

    /layers/<name>/present  bool (N,)

Layers with values for every pixel, and tags, keep one uncompressed chunk per sample; a sample without the layer has
none::

    /layers/<name>/values   map: float32 (N, S, S, C), NaN where unknown; float16 for directions
                            mask: uint8 (N, S, S), IGNORE where unknown
                            multimask: uint8 (N, S, S, B), bits, see `MultiMaskForm`
                            tags: uint8 (N, T), IGNORE where unknown

Boxes are a table of ``R`` rows, which is held in memory::

    /layers/<name>/first    int64 (N+1,)   first row of each sample
    /layers/<name>/box      float32 (R, 4) x0 y0 x1 y1, half-open, in pixels of the stored image
    /layers/<name>/class    int32 (R,)     index into the names of the form
    /layers/<name>/crowd    bool (R,)

Shape legend: ``N`` samples, ``S`` the stored side, ``C`` channels, ``T`` tags.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
from jaxtyping import Bool, Int32, Int64

from auxseg.data.layers import FixedForm, LayerForm, PixelForm
from auxseg.data.store.blocks import Blocks, read_sized_blocks
from auxseg.data.store.box_tables import BoxTable, read_table
from auxseg.data.store.file import StoreFile
from auxseg.records.values.size import Size


@final
@dataclass(frozen=True, eq=False)
class StoredLayer:
    """A layer of a store: what its values mean, which samples have it, and where they lie in the file.

    ``content_hash`` is the SHA-256 of form, presence and values. ``table`` holds the values of a layer of boxes.
    """

    form: LayerForm
    content_hash: str
    present: Bool[np.ndarray, " N"]
    places: Int64[np.ndarray, " N"]
    is_checked: bytearray = field(repr=False)
    """By row, whether its values were looked at."""
    stored_form: LayerForm | None = None
    """The form in the file, if it is another."""
    table: BoxTable | None = None
    blocks: Blocks | None = None
    """The values, where pictures have each their own size."""

    @property
    def written(self) -> LayerForm:
        """The form in the file."""
        return self.stored_form or self.form

    def in_words(self, values: np.ndarray) -> np.ndarray:
        """Values of the file as values of ``form``."""
        return values if self.stored_form is None else self.stored_form.translated(values, self.form)


def missing_layer(form: LayerForm, num_samples: int) -> StoredLayer:
    """A layer that no sample has."""
    return StoredLayer(form, "", np.zeros(num_samples, bool), np.full(num_samples, -1), bytearray(num_samples))


def read_stored_layers(
    file: StoreFile,
    layers: Mapping[str, tuple[LayerForm, str]],
    size: Size | Int32[np.ndarray, "N 2"],
    num_samples: int,
) -> dict[str, StoredLayer]:
    """The layers that the header names, of pictures of one size or of these. Raises `ValueError` if one is damaged."""
    found: dict[str, StoredLayer] = {}
    for name, (form, content_hash) in layers.items():
        present = file.truths(f"layers/{name}/present", num_samples)
        places, table, blocks = np.full(num_samples, -1), None, None
        if isinstance(form, PixelForm) and not isinstance(size, Size):
            num_bytes = present * size.astype(np.int64).prod(1) * (math.prod(form.shape(1, 1)) * form.dtype.itemsize)
            blocks = read_sized_blocks(file, f"layers/{name}", num_bytes)
        elif isinstance(form, FixedForm):
            shape = form.shape(*(size if isinstance(size, Size) else (1, 1)))
            places = file.chunk_places(f"layers/{name}/values", num_samples, *shape, dtype=form.dtype)
        else:
            table = read_table(file, f"layers/{name}", num_samples)
        places = np.where(present, places, -1)
        found[name] = StoredLayer(form, content_hash, present, places, bytearray(num_samples), None, table, blocks)
    return found


def extents(layers: Mapping[str, StoredLayer], size: Size) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Where the chunks of samples that have a layer begin and end in the file, by the name of the dataset."""
    ranges: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, layer in layers.items():
        if layer.blocks is not None:
            ranges[f"layers/{name}/blocks"] = layer.blocks.extent()
            continue
        if not isinstance(layer.form, FixedForm):
            continue
        starts = layer.places[layer.present]
        num_bytes = math.prod(layer.form.shape(*size)) * layer.form.dtype.itemsize
        ranges[f"layers/{name}/values"] = starts, starts + num_bytes
    return ranges
