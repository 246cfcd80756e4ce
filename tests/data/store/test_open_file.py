"""A file is read by position, and only as long as it is the file that was opened."""

from __future__ import annotations

import os

import numpy as np
import pytest

from auxseg.data.store.open_file import OpenFile, opened, version_of
from auxseg.errors import RunError


def test_it_is_read_by_position_until_it_is_another_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(100)))
    with opened(path) as descriptor:
        version = version_of(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    file, part = OpenFile(path, version), np.empty(10, np.uint8)
    file.fill(part, [(40, 4), (44, 6)], "sample a")
    assert part.tolist() == list(range(40, 50))
    with pytest.raises(RunError, match="ended within sample a: it was truncated after it was opened"):
        file.fill(part, [(95, 10)], "sample a")
    path.write_bytes(bytes(101))
    with pytest.raises(RunError, match="was replaced after it was opened; run the command again to use the new file"):
        OpenFile(path, version)
    path.unlink()
    with pytest.raises(RunError, match="can no longer be opened: No such file or directory"):
        OpenFile(path, version)
