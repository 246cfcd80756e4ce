"""Writing a layer of a store, sample by sample; `auxseg.data.store` describes the file."""

from __future__ import annotations

from typing import final

import h5py
import numpy as np

from auxseg.data.geometry import LongSide
from auxseg.data.layers import FixedForm, LayerForm, PixelForm
from auxseg.data.store.blocks import BlockWriter
from auxseg.data.store.box_tables import BoxWriter
from auxseg.records.values.size import Size


def layer_writer(file: h5py.File, name: str, form: LayerForm, size: Size | LongSide) -> LayerWriter | BoxWriter:
    """What writes a layer of this form, for pictures of ``size``."""
    return LayerWriter(file, name, form, size) if isinstance(form, FixedForm) else BoxWriter(file, name, form)


@final
class LayerWriter:
    """The datasets of one layer. A sample without it takes no space, and is not there in ``present``."""

    def __init__(self, file: h5py.File, name: str, form: FixedForm, size: Size | LongSide) -> None:
        self._form, self._group = form, file.create_group(f"layers/{name}")
        self._present: list[bool] = []
        self._blocks = BlockWriter(self._group) if isinstance(size, LongSide) and isinstance(form, PixelForm) else None
        if self._blocks is None:
            shape = form.shape(*(size if isinstance(size, Size) else (1, 1)))
            self._values = self._group.create_dataset(
                "values", (0, *shape), form.dtype, maxshape=(None, *shape), chunks=(1, *shape)
            )

    def append(self, values: np.ndarray | None) -> None:
        """Write the values of the next sample, or that it has none."""
        self._present.append(values is not None)
        if self._blocks is not None:
            content = b"" if values is None else np.ascontiguousarray(values).tobytes()
            self._blocks.append(content)
        elif values is not None:
            row = len(self._present) - 1
            assert (values.dtype, values.shape) == (self._form.dtype, self._values.shape[1:])
            self._values.resize(row + 1, axis=0)
            content = np.ascontiguousarray(values).tobytes()
            self._values.id.write_direct_chunk((row, *(0 for _ in values.shape)), content)

    def finish(self) -> None:
        """Write which samples have the layer."""
        if self._blocks is None:
            self._values.resize(len(self._present), axis=0)
        else:
            self._blocks.finish()
        self._group.create_dataset("present", data=np.array(self._present, bool))
