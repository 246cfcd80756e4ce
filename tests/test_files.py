"""Atomic writing, and sentences that name the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auxseg.files import naming, replacing, write_atomically

FULL = """
import resource, sys
from pathlib import Path
from auxseg.files import write_atomically
from auxseg.training.events import EventLog

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
path = Path(sys.argv[2])
try:
    if sys.argv[1] == "whole":
        write_atomically(path, b"x" * 5000)
    else:
        EventLog(path).append("step", text="x" * 5000)
except OSError as error:
    print(error.filename, error.strerror)
"""


@pytest.mark.parametrize("kind", ["whole", "line"])
def test_a_disk_that_is_full_is_named_with_the_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    command = [sys.executable, "-c", FULL, kind, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == f"{path} File too large\n"
    assert list(tmp_path.iterdir()) == ([] if kind == "whole" else [path])


def test_a_file_whose_place_does_not_exist_is_called_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        write_atomically(tmp_path / "nowhere" / "file", b"")
    assert error.value.filename == str(tmp_path / "nowhere" / "file")


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "mine"):
        (tmp_path / "other").read_bytes()
    assert error.value.filename == str(tmp_path / "other")
    with pytest.raises(OSError, match="no number"), naming(tmp_path / "mine"):
        raise OSError("no number")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError), replacing(path) as partial:
        partial.write_bytes(b"half" + None)  # pyright: ignore[reportOperatorIssue]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
