"""An archive that would grow on being read is refused before anything in it is."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
import torch

from auxseg.models.archive import refuse_growth

DIRECTORY_ENTRY = b"PK\x01\x02"


def _saved(path: Path) -> Path:
    torch.save({"weights": torch.arange(100.0)}, path)
    return path


def test_what_torch_saves_passes(tmp_path: Path) -> None:
    refuse_growth(_saved(tmp_path / "w.pth"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half of one"])
def test_what_is_no_archive_is_left_to_others(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    refuse_growth(tmp_path / "w.pth")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_one_compressed_part_is_named(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"plain")
        archive.writestr("archive/data/0\N{SNOWMAN}", bytes(10), compress_type=method)
    with pytest.raises(ValueError, match=r"^its part 'archive/data/0\\u2603' is compressed, expected plain bytes$"):
        refuse_growth(tmp_path / "w.pth")


def test_a_long_name_is_cut(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("n" * 300, b"content")
    with pytest.raises(ValueError, match=rf"^its part '{'n' * 40}' is compressed"):
        refuse_growth(tmp_path / "w.pth")


@pytest.mark.parametrize(("excess", "refused"), [(0, False), (1, True)])
def test_parts_may_be_together_as_large_as_the_file_and_no_larger(excess: int, refused: bool, tmp_path: Path) -> None:
    path = _saved(tmp_path / "w.pth")
    content, size = bytearray(path.read_bytes()), path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        others = sum(entry.file_size for entry in archive.infolist()[1:])
    claimed = size - others + excess
    first = content.index(DIRECTORY_ENTRY)
    content[first + 20 : first + 28] = struct.pack("<II", claimed, claimed)
    path.write_bytes(content)
    if not refused:
        refuse_growth(path)
        return
    with pytest.raises(
        ValueError, match=rf"^its parts add up to {size + 1:,} bytes, more than the {size:,} of the file"
    ):
        refuse_growth(path)


def test_entries_that_share_their_bytes_are_counted_each(tmp_path: Path) -> None:
    """Overlapping entries are how a small archive becomes a large one without compression."""
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", bytes(5000))
        archive.writestr("b", bytes(10))
    with zipfile.ZipFile(path) as archive:
        end = archive.start_dir
    content = path.read_bytes()
    directory = content[end:]
    entry = directory[: directory.index(DIRECTORY_ENTRY, 4)]  # the first: "a"
    tail = bytearray(directory[directory.rindex(b"PK\x05\x06") :])
    tail[8:12] = struct.pack("<HH", 3, 3)
    tail[12:16] = struct.pack("<I", 3 * len(entry))
    path.write_bytes(content[:end] + entry * 3 + tail)
    with pytest.raises(ValueError, match=r"^its parts add up to 15,000 bytes"):
        refuse_growth(path)
