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


def put(path: Path, values: np.ndarray) -> None:
    """Write an array, and the folder for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
