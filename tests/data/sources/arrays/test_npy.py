"""A .npy file is read as NumPy reads it, or refused before it takes memory or runs anything."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from auxseg.data.sources.arrays import npy
from auxseg.data.sources.arrays.npy import Head, read_head, read_npy
from auxseg.data.sources.source import SampleError

WHOLE = np.arange(24.0).reshape(2, 3, 4)


class Bomb:
    """Runs something when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("exploded",)


def _saved(values: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, **options)
    return buffer.getvalue()


def _header(shape: str, dtype: str = "<f8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize("values", [WHOLE, np.asfortranarray(WHOLE), WHOLE.astype(">i2"), WHOLE > 3, np.zeros((0, 3))])
def test_arrays_of_numbers_are_read(tmp_path, values) -> None:
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), values)
    head = read_head(tmp_path / "a.npy")
    size = (tmp_path / "a.npy").stat().st_size
    assert head == Head(values.shape, values.dtype, size - values.nbytes, np.isfortran(values))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a .npy file"),
        (b"\x89PNG" * 20, "is not a .npy file"),
        (_saved(WHOLE)[:-1], "holds 191 bytes of values, but its header says 192"),
        (_saved(WHOLE) + b"x", "holds 193 bytes of values, but its header says 192"),
        (_header("(1000000, 1000000)"), "holds 8,000,000,000,000 bytes; at most"),
        (_header(f"(0, {10**25}, 3)"), "says that its shape is"),
        (_header("(-1, 3)"), "says that its shape is|is not a .npy file"),
        (_header("(2,)", "<U4"), "holds <U4, expected numbers"),
        (_header("(2,)", "|O"), "holds object, expected numbers"),
        (_header("(2,)", "<c16"), "holds complex128, expected numbers"),
        (_header("(" * 90), "is not a .npy file"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b" " * 70000, "is not a .npy file"),
        (_saved(np.array([Bomb()], object), allow_pickle=True), "holds object, expected numbers"),
        (pickle.dumps(Bomb()), "is not a .npy file"),
    ],
)
def test_anything_else_is_refused(tmp_path, monkeypatch, content, reason) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.npy").write_bytes(content)
    for read in (read_npy, read_head):
        with pytest.raises(SampleError, match=reason):
            read(tmp_path / "a.npy")
    assert not Path("exploded").exists()


def test_more_than_the_limit_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(npy, "MAX_BYTES", 191)
    np.save(tmp_path / "a.npy", WHOLE)
    with pytest.raises(SampleError, match="holds 192 bytes; at most 191 are read"):
        read_npy(tmp_path / "a.npy")


def test_what_is_no_file_is_refused(tmp_path) -> None:
    (tmp_path / "folder.npy").mkdir()
    os.mkfifo(tmp_path / "pipe.npy")
    for name in ("folder.npy", "pipe.npy"):
        with pytest.raises(SampleError, match="is not a regular file"):
            read_npy(tmp_path / name)
    with pytest.raises(SampleError, match="cannot be read: No such file"):
        read_npy(tmp_path / "none.npy")
