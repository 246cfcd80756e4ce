"""Makes a folder of example images with masks and labels, as a camera and a person with a pencil would leave it.

    python examples/photos.py photos

It stands for photographs of your own, so that the tutorial can be followed without any. The images are generated.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from PIL import Image

from auxseg.data.sources.synthetic import SyntheticSource


def make(folder: str | Path, *, num_images: int = 300, size: int = 64) -> None:
    """Write ``images/``, ``masks/``, ``classes.txt`` and ``labels.csv``. Every third image has no mask."""
    folder = Path(folder)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    source = SyntheticSource(num_images, size=size)
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "species"])
        for number, item in enumerate(source.items()):
            sample = source.read(item)
            name = f"animal-{number:03}"
            Image.fromarray(sample.image).save(folder / "images" / f"{name}.png")
            if sample.mask is not None and number % 3:
                Image.fromarray(sample.mask).save(folder / "masks" / f"{name}.png")
            table.writerow([name, sample.classes["species"]])
    (folder / "classes.txt").write_text("\n".join(source.mask_classes) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python examples/photos.py FOLDER")
    make(sys.argv[1])
