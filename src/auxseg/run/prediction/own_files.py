"""Telling what auxseg wrote from what a user made: only the former is ever replaced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from PIL.PngImagePlugin import PngImageFile, PngInfo

from auxseg.errors import InputError

_KEY: Final = "Software"
_MARK: Final = "auxseg predict"


def mark() -> PngInfo:
    """The text that stands in every picture that `auxseg predict` writes."""
    info = PngInfo()
    info.add_text(_KEY, _MARK)
    return info


def is_own_picture(path: Path) -> bool:
    """Whether a file is a picture that `auxseg predict` wrote; only its head is read."""
    if path.suffix.lower() != ".png" or not path.is_file():
        return False
    try:
        # `PIL.Image.open` would refuse the masks of very large images; no pixel is decoded.
        with PngImageFile(path) as picture:
            return picture.info.get(_KEY) == _MARK
    except Exception:  # A damaged file raises almost anything, and is not ours.
        return False


def refuse_others(path: Path, *, overwrite: bool) -> None:
    """Raise `InputError` if ``path`` is a user's own file, or one of ours that is not to be replaced."""
    if not os.path.lexists(path):
        return
    if not is_own_picture(path):
        raise InputError(f"{path} exists and was not written by auxseg predict; give another --out")
    if not overwrite:
        raise InputError(f"{path} already exists; --overwrite replaces what an earlier prediction left")
