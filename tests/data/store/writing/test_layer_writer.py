"""A layer grows sample by sample, and samples without it take no space."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from auxseg.data.layers import METRES, MapForm
from auxseg.data.store.writing.layer_writer import LayerWriter
from auxseg.records.values.size import Size

DEPTH = MapForm(unit=METRES)


def _write(path, *values: np.ndarray | None) -> None:
    with h5py.File(path, "w", libver="v110") as file:
        writer = LayerWriter(file, "depth", DEPTH, Size.of(8))
        for each in values:
            writer.append(each)
        writer.finish()


def test_samples_without_it_have_no_chunk(tmp_path) -> None:
    values = np.full((8, 8, 1), 2, np.float32)
    _write(tmp_path / "a.h5", None, values, None)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["layers/depth/present"][:].tolist() == [False, True, False]  # type: ignore[index]
        dataset = file["layers/depth/values"]
        assert isinstance(dataset, h5py.Dataset)
        assert dataset.shape == (3, 8, 8, 1)
        assert dataset.id.get_num_chunks() == 1
        np.testing.assert_array_equal(dataset[1], values)


def test_values_of_another_type_are_a_mistake_of_ours(tmp_path) -> None:
    with pytest.raises(AssertionError):
        _write(tmp_path / "a.h5", np.zeros((8, 8, 1)))
