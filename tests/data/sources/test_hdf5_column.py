"""HDF5 files are opened for reading alone, once in every process."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import h5py
import pytest

from auxseg.data.sources import SplitH5
from tests.data.pictures import make_split_h5


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
