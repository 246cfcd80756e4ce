"""A file is read by position, and only as long as it is the file that was opened."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from auxseg.data.store import open_file
from auxseg.data.store.open_file import OpenFile, StoreFiles, opened, version_of
from auxseg.errors import RunError


def test_it_is_read_by_position_until_it_is_another_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    with opened(path) as descriptor:
        version = version_of(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    file, part = OpenFile(path, version), np.empty(10, np.uint8)
    file.fill(part, [(40, 4), (44, 6)], lambda: "sample a")
    assert part.tolist() == list(range(40, 50))
    with pytest.raises(RunError, match="ended within sample a: it was truncated after it was opened"):
        file.fill(part, [(95, 10)], lambda: "sample a")
    path.write_bytes(bytes(101))
    with pytest.raises(RunError, match="was replaced after it was opened; run the command again to use the new file"):
        OpenFile(path, version)
    path.unlink()
    with pytest.raises(RunError, match="can no longer be opened: No such file or directory"):
        OpenFile(path, version)


def test_several_files_are_read_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(open_file, "_MOST_OPEN", 2)
    paths = [tmp_path / name for name in "abc"]
    contents = [bytes([number]) * (10 + number) for number in range(3)]
    files = []
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
        with opened(path) as descriptor:
            files.append((path, version_of(descriptor)))
    whole = StoreFiles(files)
    assert whole.paths == tuple(paths)
    assert whole.bases == (0, 10, 21)
    for number in (2, 0, 1, 2, 1, 0):
        part = np.empty(6, np.uint8)
        whole.fill(part, [(whole.bases[number], 2), (whole.bases[number] + 4, 4)], lambda: "a part")
        assert part.tolist() == [number] * 6
        assert len(whole._open) <= 2
    whole.fill(np.empty(0, np.uint8), [], lambda: "nothing")
    # What ends with its file does not go on in the next one.
    with pytest.raises(RunError, match="a ended within the last part: it was truncated"):
        whole.fill(np.empty(5, np.uint8), [(8, 5)], lambda: "the last part")
    assert pickle.loads(pickle.dumps(whole))._open == {}
