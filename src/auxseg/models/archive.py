"""PyTorch's files are zip archives: what one may take in memory is known before anything in it is read."""

from __future__ import annotations

import zipfile
from pathlib import Path


def refuse_growth(path: Path) -> None:
    """Raise ValueError for an archive whose parts are compressed, or together larger than the file.

    torch.save does neither. A file that is no archive is left alone; torch has other kinds.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"its part {entry.filename[:40]!a} is compressed, expected plain bytes")
    total, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > size:
        raise ValueError(f"its parts add up to {total:,} bytes, more than the {size:,} of the file")
