"""YOLO data sets drawn for tests: pictures of 32 x 64 pixels, whose shares are exact in floating point."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from tests.data.pictures import draw_sample

HW = 32, 64
NAMES = "names:\n  0: cat\n  1: dog\n"

SQUARE = "0.25 0.25 0.5 0.25 0.5 0.75 0.25 0.75"
"""From (16, 8) to (32, 24) as an outline."""

BOX = "1 0.5 0.5 0.25 0.5"
"""From (24, 8) to (40, 24)."""


def make(folder: Path, labels: Mapping[str, str], more: str = "") -> Path:
    """A picture for every name such as ``train/a``; its labels, if not ``-``; and a data.yaml, with more in it."""
    for number, (name, text) in enumerate(labels.items()):
        picture(folder / "images" / f"{name}.png", number)
        path = folder / "labels" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text != "-":
            path.write_text(text)
    splits = dict.fromkeys(name.partition("/")[0] for name in labels)
    places = "".join(f"{split}: images/{split}\n" for split in splits if f"{split}:" not in more)
    (folder / "data.yaml").write_text(f"path: .\n{places}{NAMES}{more}")
    return folder


def picture(path: Path, number: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_sample(number, HW).image).save(path)
    return path
