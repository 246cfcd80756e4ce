"""Tables of paths drawn for tests."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.data.pictures import draw_mask, draw_sample


def make(folder: Path, text: str, name: str = "index.csv", count: int = 4) -> Path:
    """Pictures ``pics/0.png`` and masks ``gt/0.png`` of 0 and 1, up to 3, and a table beside the two folders."""
    for part in ("pics", "gt"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.fromarray(draw_sample(index).image).save(folder / "pics" / f"{index}.png")
        Image.fromarray(draw_mask(index)).save(folder / "gt" / f"{index}.png")
    path = folder / name
    path.write_text(text)
    return path
