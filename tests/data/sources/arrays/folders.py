"""Folders of arrays as they are published, drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HW = (12, 16)


def draw_arrays(index: int) -> dict[str, np.ndarray]:
    """What belongs to one image, in MTAN's types: floating-point images, ids that are floats, -1 for no class."""
    random = np.random.default_rng(index)
    normals = random.normal(size=(*HW, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    depth = random.uniform(0.5, 9, (*HW, 1)).astype(np.float32)
    label = random.integers(0, 3, HW).astype(np.float64)
    label[0, :3], depth[0, 3], normals[0, 4] = -1, 0, 0
    label[-1, -1] = 2
    return {"image": random.random((*HW, 3)), "label": label, "depth": depth, "normal": normals}


def write_arrays(root: Path, counts: dict[str, int]) -> Path:
    """So many images by split."""
    for split, count in counts.items():
        for index in range(count):
            for name, values in draw_arrays(index).items():
                put(root / split / name / f"{index}.npy", values)
    return root


def write_cityscapes(root: Path, counts: dict[str, int], hw: tuple[int, int] = HW) -> Path:
    """Cityscapes in MTAN's folders and types: ids of 2, 7 and 19 classes as floats, inverse depths, 0 where unknown."""
    for split, count in counts.items():
        for index in range(count):
            random = np.random.default_rng(index)
            rows = np.linspace(0, 18.99, hw[0]).astype(int)[:, None].repeat(hw[1], 1)
            depth = random.uniform(0.01, 0.4, (*hw, 1)).astype(np.float32)
            label = rows.astype(np.float32)
            label[0, 0], depth[0, 1] = -1, 0
            image = (rows[..., None] / 19 + random.uniform(0, 0.05, (*hw, 3))).clip(0, 1).astype(np.float32)
            put(root / split / "image" / f"{index}.npy", image)
            put(root / split / "depth" / f"{index}.npy", depth)
            for classes in (2, 7, 19):
                fewer = np.where(label < 0, -1, np.floor(label * classes / 19))
                put(root / split / f"label_{classes}" / f"{index}.npy", fewer.astype(np.float32))
    return root


def put(path: Path, values: np.ndarray) -> None:
    """Write an array, and the folder for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
