"""Small whole files of every format, made once, out of which damaged ones are made."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from PIL import Image

from auxseg.cli.main import main
from auxseg.data.synthesize import synthesize
from auxseg.recipe import dump_recipe, load_recipe
from auxseg.run import evaluate, train
from auxseg.study.execution import local as execute
from benchmarks.tools.damage.old_store import write_old
from benchmarks.tools.in_this_process import InThisProcess

SIZE: Final = 32
SUFFIXES: Final = (".jpg", ".png", ".gif", ".bmp", ".tif", ".webp")
FEW_STEPS: Final = {
    "training.steps": 2,
    "training.batch": 4,
    "training.precision": "fp32",
    "training.channels_last": False,
    "data.size": SIZE,
    "data.workers": 1,
    "model.encoder": {"kind": "unet", "channels": [4, 8], "first_kernel": 3},
    "model.decoder": {"kind": "unet", "base": 4, "limit": 8},
}
_STUDY: Final = """base: recipe.yaml
auxiliaries: [classification]
design: each
seeds: 3
margin: 0.01
looks: [3, 6]
weights: {classification: 0.3}
settings: [training.steps=2]
"""


def auxseg(*arguments: str) -> int:
    """A command line in this process; a study trains here, too."""
    execute.ThisMachine = InThisProcess  # pyright: ignore[reportAttributeAccessIssue]
    sys.argv = ["auxseg", *arguments]
    return main(arguments)


def make(*parts: str) -> int:
    """Write these files and folders into the working directory, and what they are made of."""
    if not set(parts) <= _PLAIN.keys():
        synthesize("store.h5", num_samples=20, size=SIZE)
        write_old("store.h5", "old.h5")
        Path("recipe.yaml").write_text(dump_recipe(load_recipe("tiny-mtl", FEW_STEPS)))
        Path("study.yaml").write_text(_STUDY)
    if "run" in parts:
        evaluate(train(load_recipe("recipe.yaml"), "store.h5", "run"), "test", "store.h5")
    for part in parts:
        if part in _PLAIN:
            _PLAIN[part](Path(part))
    return auxseg("study", "study.yaml", "--data", "store.h5", "--out", "study") if "study" in parts else 0


def _pictures(number: int, size: int = 24) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Noise with a brighter rectangle, and masks of it (0 and 1)."""
    rng = np.random.default_rng(7)
    images, masks = [], []
    for _ in range(number):
        y, x = rng.integers(1, size // 2, 2)
        mask = np.zeros((size, size), np.uint8)
        mask[y : y + size // 3, x : x + size // 3] = 1
        images.append((rng.integers(0, 128, (size, size, 3)) + 100 * mask[..., None]).astype(np.uint8))
        masks.append(mask)
    return images, masks


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _write_split_h5(folder: Path) -> None:
    images, masks = _pictures(4, SIZE)
    for split in ("train", "val", "test"):
        (folder / split).mkdir(parents=True)
        columns = {
            "images": np.stack(images),
            "masks": np.stack(masks),
            "bboxes": np.array([_box(mask) for mask in masks], np.float32),
            "binary": np.arange(4) % 2,
        }
        for key, values in columns.items():
            with h5py.File(folder / split / f"{key}.h5", "w") as file:
                file[key] = values


def _write_folder(folder: Path) -> None:
    """Pictures of all formats, palette and grey masks, and the tables."""
    images, masks = _pictures(6)
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    labels, boxes = ["id,breed,group,split"], ["id,x0,y0,x1,y1,name"]
    for number, (image, mask, suffix) in enumerate(zip(images, masks, SUFFIXES, strict=True)):
        Image.fromarray(image).save(folder / "images" / f"p{number}{suffix}")
        _mask(mask, palette=number % 2 == 0).save(folder / "masks" / f"p{number}.png")
        labels.append(f"p{number},breed {number % 2},g{number},{('train', 'train', 'val', 'test')[number % 4]}")
        boxes.append(",".join(map(str, (f"p{number}", *_box(mask), "head"))))
    (folder / "classes.txt").write_text("background\npet\n")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    (folder / "boxes.csv").write_text("\n".join(boxes) + "\n")


def _mask(mask: np.ndarray, *, palette: bool) -> Image.Image:
    picture = Image.fromarray(mask)
    if palette:
        picture = Image.fromarray(mask, "P")
        picture.putpalette([0, 0, 0, 128, 0, 0])
    return picture


def _write_coco(folder: Path) -> None:
    images, masks = _pictures(5)
    folder.mkdir()
    annotations = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        Image.fromarray(image).save(folder / f"p{number}.png")
        x0, y0, x1, y1 = _box(mask)
        runs = np.diff(np.flatnonzero(np.diff(np.r_[2, mask.T.ravel(), 2])), prepend=0).tolist()
        outlines: list[Any] = [
            [[x0, y0, x1, y0, x1, y1, x0, y1]],
            {"size": list(mask.shape), "counts": runs[1:]},
            {"size": list(mask.shape), "counts": "PP=8000000000000"},
        ]
        annotations.append(
            {
                "id": number + 1,
                "image_id": number + 1,
                "category_id": 1 + number % 2,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0),
                "iscrowd": int(number % 3 == 1),
                "segmentation": outlines[number % 3],
            }
        )
    data = {
        "images": [{"id": n + 1, "file_name": f"p{n}.png", "width": 24, "height": 24} for n in range(len(images))],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cat", "supercategory": "pet"}, {"id": 2, "name": "dog"}],
    }
    (folder / "annotations.json").write_text(json.dumps(data))


def _write_voc(folder: Path) -> None:
    images, masks = _pictures(6)
    for name in ("JPEGImages", "SegmentationClass", "Annotations", "ImageSets/Segmentation"):
        (folder / name).mkdir(parents=True)
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        Image.fromarray(image).save(folder / "JPEGImages" / f"p{number}.jpg")
        _mask(mask * 8, palette=True).save(folder / "SegmentationClass" / f"p{number}.png")
        corners = zip(("xmin", "ymin", "xmax", "ymax"), _box(mask), strict=True)
        box = "".join(f"<{key}>{value}</{key}>" for key, value in corners)
        (folder / "Annotations" / f"p{number}.xml").write_text(
            f"<annotation>\n<filename>p{number}.jpg</filename>\n<size><width>24</width><height>24</height>"
            f"<depth>3</depth></size>\n<object><name>cat</name><difficult>0</difficult>\n"
            f"<bndbox>{box}</bndbox></object>\n</annotation>\n"
        )
    for split, numbers in {"train": (0, 1, 2), "val": (3,), "trainval": (0, 1, 2, 3), "test": (4, 5)}.items():
        (folder / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("".join(f"p{n}\n" for n in numbers))


def _write_photographs(folder: Path) -> None:
    folder.mkdir()
    for image, suffix in zip(_pictures(len(SUFFIXES), 40)[0], SUFFIXES, strict=True):
        Image.fromarray(image).save(folder / f"photograph{suffix}")


_PLAIN: Final[dict[str, Callable[[Path], None]]] = {
    "split": _write_split_h5,
    "folder": _write_folder,
    "coco": _write_coco,
    "voc": _write_voc,
    "photographs": _write_photographs,
}
"""What is made without a training."""


def make_for_kills() -> int:
    """A store, a recipe of twelve steps with three validations, a study and a folder; into the working directory."""
    synthesize("store.h5", num_samples=20, size=SIZE)
    Path("recipe.yaml").write_text(dump_recipe(load_recipe("tiny-mtl", {**FEW_STEPS, "training.steps": 12})))
    Path("study.yaml").write_text(_STUDY.replace("training.steps=2", "training.steps=8"))
    _write_folder(Path("folder"))
    return 0
