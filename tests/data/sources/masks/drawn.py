"""Mask files of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def indexed(values: np.ndarray, *colours: tuple[int, int, int]) -> Image.Image:
    """A picture whose values are numbers of colours in its palette."""
    picture = Image.fromarray(values)
    picture.putpalette([channel for colour in colours for channel in colour])
    return picture


def save(path: Path, picture: np.ndarray | Image.Image, **options: Any) -> Path:
    """Write a picture in the format of its suffix; returns where."""
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path
