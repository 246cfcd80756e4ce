"""Packed masks lie one after another in whole blocks, and their hash tells presence, shape and pixels apart."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from auxseg.data.store.blocks import BLOCK
from auxseg.data.store.original_masks import PackedMask, pack
from auxseg.data.store.writing.original_mask_writer import OriginalMaskWriter
from tests.data.pictures import open_hdf5

ONE, OTHER = np.zeros((3, 4), np.uint8), np.ones((3, 4), np.uint8)


def _write(path: Path, *masks: PackedMask | None) -> dict[str, object]:
    with h5py.File(path, "w", libver="v110") as file:
        writer = OriginalMaskWriter(file)
        for mask in masks:
            writer.append(mask)
        writer.finish()
        return writer.describe()


@pytest.mark.parametrize("lengths", [[], [0, 0], [1], [BLOCK], [BLOCK - 1, 1], [5, 0, 3 * BLOCK, 7], [BLOCK, BLOCK]])
def test_contents_lie_one_after_another(tmp_path, lengths):
    random = np.random.default_rng(0)
    contents = [random.bytes(length) for length in lengths]
    _write(tmp_path / "a.h5", *(PackedMask(content, b"") if content else None for content in contents))
    with open_hdf5(tmp_path / "a.h5") as file:
        blocks, first = file["original_masks/blocks"], file["original_masks/first"][:]
        assert blocks.chunks == (1, BLOCK)
        assert blocks.id.get_num_chunks() == len(blocks) == -(-sum(lengths) // BLOCK)
        joined = blocks[:].tobytes()
    assert first.tolist() == [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    assert joined == b"".join(contents).ljust(len(joined), b"\0")


def test_the_hash_is_of_presence_shape_and_pixels(tmp_path):
    cases = [(ONE, None), (None, ONE), (OTHER, None), (ONE.T, None), (ONE,), (ONE, OTHER), (OTHER, ONE)]
    hashes = [
        _write(tmp_path / f"{number}.h5", *(None if mask is None else pack(mask) for mask in case))["hash"]
        for number, case in enumerate(cases)
    ]
    assert len(set(hashes)) == len(cases)
    assert _write(tmp_path / "again.h5", pack(ONE), None)["hash"] == hashes[0]
