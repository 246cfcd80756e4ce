"""HDF5 files are opened for reading alone, once in every process."""

from __future__ import annotations

import multiprocessing
import pickle
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from auxseg.data.sources import SplitH5
from auxseg.data.sources.hdf5_column import Column
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError
from tests.data.damage import in_time, mutations
from tests.data.pictures import make_split_h5, split_columns


@pytest.fixture
def data(tmp_path) -> Path:
    return make_split_h5(tmp_path / "data")


@pytest.fixture
def opened(monkeypatch) -> list[tuple[Path, str]]:
    """Every HDF5 file that is opened from here on, and in which mode."""
    files: list[tuple[Path, str]] = []
    open_file = h5py.File.__init__

    def note(self: h5py.File, name: Any, mode: str = "r", **settings: Any) -> None:
        if not isinstance(name, h5py.h5f.FileID):  # h5py's own second view of what is open
            files.append((Path(name), mode))
        open_file(self, name, mode, **settings)

    monkeypatch.setattr(h5py.File, "__init__", note)
    return files


def first_pixel(source: SplitH5) -> list[int]:
    return source.read(source.items()[0]).image[0, 0].tolist()


def test_fault_23_sources_are_opened_for_reading_alone(data, opened):
    # Root may open what is write-protected, and a file that is open for writing is not changed by that alone.
    source = SplitH5(data)
    for item in source.items():
        source.read(item)
    assert {path for path, _ in opened} == set(data.rglob("*.h5"))
    assert {mode for _, mode in opened} == {"r"}


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_fault_24_a_forked_process_leaves_inherited_handles_alone(data, opened):
    source = SplitH5(data)
    here = first_pixel(source)
    receiving, sending = multiprocessing.Pipe(duplex=False)

    def read_in_child() -> None:
        opened.clear()
        sending.send((first_pixel(source), sorted(path for path, _ in opened)))

    # Nothing is pickled on the way into a forked process, so that what the parent has open is there too.
    child = multiprocessing.get_context("fork").Process(target=read_in_child)
    child.start()
    sending.close()
    there, files = receiving.recv()
    child.join()
    assert there == here == first_pixel(source)
    assert files == sorted((data / "train").glob("*.h5"))


def test_fault_24_a_file_is_opened_once_for_all_samples(data, opened):
    source = pickle.loads(pickle.dumps(SplitH5(data)))  # as a worker gets it: nothing is open yet
    opened.clear()
    for _ in range(2):
        for item in source.items():
            source.read(item)
    assert sorted(path for path, _ in opened) == sorted(data.rglob("*.h5"))


def column(path: Path, ranks: tuple[int, ...] = (2,)) -> Column:
    return Column(path, "images", ranks)


def huge_rows(file: h5py.File) -> None:
    file.create_dataset("images", (2, 2**30, 4), np.float64, chunks=(1, 64, 4))


def huge_rows_in_one_piece(file: h5py.File) -> None:
    file.create_dataset("images", (2, 2**30, 4), np.float64)


def rows_that_were_never_written(file: h5py.File) -> None:
    file.create_dataset("images", (100, 5, 4), np.float64, chunks=(1, 5, 4))[:60] = 1


def rows_that_unpack_to_too_much(file: h5py.File) -> None:
    file.create_dataset("images", (1, 2**26 + 1), np.uint8, chunks=(1, 2**26 + 1), compression="gzip")[:] = 0


def chunks_that_unpack_to_too_much(file: h5py.File) -> None:
    dataset = file.create_dataset("images", (2**15, 2**16), np.uint8, chunks=(2**15, 2**16), compression="gzip")
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(100)))


def too_many_rows(file: h5py.File) -> None:
    file.create_dataset("images", (2_000_001, 1), np.uint8, compression="gzip", chunks=(2_000_001, 1))[:] = 0


def empty_rows(file: h5py.File) -> None:
    file["images"] = np.zeros((3, 0))


def no_space(file: h5py.File) -> None:
    file["images"] = h5py.Empty(np.float32)


def rows_of_another_file(file: h5py.File) -> None:
    file.create_dataset("images", (3, 4), np.uint8, external="/etc/hostname")


def rows_that_are_joined(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3, 4), np.uint8)
    layout[:] = h5py.VirtualSource("other.h5", "images", (3, 4))
    file.create_virtual_dataset("images", layout)


def link_to_another_file(file: h5py.File) -> None:
    file["images"] = h5py.ExternalLink("other.h5", "images")


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (huge_rows, "images should hold 33,554,432 chunks, but has only 0"),
        (huge_rows_in_one_piece, "images should hold 68,719,476,736 bytes, but only 0 are in the file"),
        (rows_that_were_never_written, "images should hold 100 chunks, but has only 60"),
        (
            rows_that_unpack_to_too_much,
            "a row of images holds 67,108,865 numbers .*; 1 to 67,108,864",
        ),
        (chunks_that_unpack_to_too_much, "images is divided into chunks of 2,147,483,648 bytes; at most 1,073,741,824"),
        (too_many_rows, "images holds 2,000,001 rows; at most 2,000,000 are read"),
        (empty_rows, "a row of images holds 0 numbers"),
        (no_space, "images should have 2 axes, but has the shape"),
        (rows_of_another_file, "images stores its numbers in other files; copy them into this one"),
        (rows_that_are_joined, "images stores its numbers in other files; copy them into this one"),
        (link_to_another_file, "should hold the dataset 'images'; its datasets: none"),
    ],
)
def test_what_is_not_there_or_too_large_is_refused_before_memory_is_taken(tmp_path, write, reason):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = np.zeros((3, 4), np.uint8)
    with h5py.File(tmp_path / "images.h5", "w") as file:
        write(file)
    with pytest.raises(InputError, match=rf"images\.h5:? .*{reason}"):
        column(tmp_path / "images.h5")


@pytest.mark.parametrize(("shape", "reason"), [((3, 5), "the file was replaced"), ((2, 4), "")])
def test_a_file_that_is_replaced_meanwhile_makes_bad_samples(tmp_path, shape, reason):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((3, 4))
    mine = column(path)
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros(shape)
    with pytest.raises(SampleError, match=rf"row 2 of images\.h5 cannot be read: {reason}"):
        mine.read(2)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("key", ["images", "bboxes"])
def test_no_damage_keeps_a_reader_or_surprises_it(data, tmp_path, key):
    """Compressed in pieces, and in one piece with the old links between names and datasets."""
    path = data / "val" / f"{key}.h5"
    values = split_columns("val")[key]
    with h5py.File(path, "w") as file:
        file.create_dataset(key, data=values, **({"chunks": True, "compression": "gzip"} if key == "images" else {}))
    content = path.read_bytes()
    pictures = 2000 if key == "images" else 0

    def is_read(changed: bytes) -> bool:
        path.unlink()
        path.write_bytes(changed)
        try:
            source = SplitH5(data)
            for item in source.items():
                source.read(item)
        except (InputError, SampleError):
            return False
        return True

    changed = list(mutations(content[: len(content) - pictures], 40, 3))
    tail = content[len(content) - pictures :]
    assert 0 < in_time(lambda: sum(is_read(each + tail) for each in changed)) < len(changed)
