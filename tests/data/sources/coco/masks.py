"""Masks as COCO's run lengths, written as others write them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as reference


def run_lengths(mask: np.ndarray) -> dict[str, Any]:
    """Uncompressed, with the first run of background."""
    flat = mask.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [1 - flat[-1]]])))
    return {"size": list(mask.shape), "counts": np.diff(np.concatenate([[0], edges])).tolist()}


def compressed(mask: np.ndarray) -> dict[str, Any]:
    code: Any = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": code["counts"].decode()}
