"""The peer on masks of any number of classes, measured at the stored size and at the images' own.

The network, loop and settings of `smp_unet`. At the original size its logits are enlarged bilinearly before the argmax.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from auxseg.data.store.store import Store
from benchmarks.peers.smp_unet import BATCH, IGNORED, Pictures, build, fit, normalised


def main(data: Path, weights: Path | None, seed: int, split: str, epochs: int) -> dict[str, object]:
    """Train, and measure ``split``: `figure` at both sizes, the classes of IoU 0, and the seconds of training."""
    store = Store.open(data)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    network = build(weights, len(store.vocabulary.mask_classes)).to(device)
    train = Pictures.of(data, "train")
    started = time.perf_counter()
    fit(network, train, epochs, device)
    seconds = time.perf_counter() - started
    stored, original = measure(network, store, store.rows(split), device)
    names, found = store.vocabulary.mask_classes, ious(original)
    return {
        "stored": figure(stored),
        "original": figure(original),
        "lost": [name for name, value in zip(names, found, strict=True) if value == 0],
        "seconds": seconds,
    }


@torch.no_grad()
def measure(
    network: torch.nn.Module, store: Store, rows: np.ndarray, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Confusion counts, true class by predicted class, at the stored size and at the images' own."""
    network.eval()
    num_classes = len(store.vocabulary.mask_classes)
    stored, original = (np.zeros((num_classes, num_classes), np.int64) for _ in range(2))
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH].tolist()
        images, masks = zip(*(store.read(row) for row in part), strict=True)
        batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(normalised(batch)).float().cpu()
        for row, scores, mask in zip(part, logits, masks, strict=True):
            count(stored, scores.argmax(0).numpy(), mask)
            truth = store.read_original_mask(row)
            if truth is not None:
                y0, y1, x0, x1 = store.inside(row)
                cut = scores[None, :, y0:y1, x0:x1]
                at_original = interpolate(cut, size=truth.shape, mode="bilinear", align_corners=False)
                count(original, at_original[0].argmax(0).numpy(), truth)
    return stored, original


def count(counts: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> None:
    """Add the pixels of one image."""
    known = truth != IGNORED
    pairs = truth[known].astype(np.int64) * len(counts) + predicted[known]
    counts += np.bincount(pairs, minlength=counts.size).reshape(counts.shape)


def ious(counts: np.ndarray) -> list[float]:
    """Of every class; NaN where it neither occurs nor is predicted."""
    both = np.diag(counts)
    either = counts.sum(0) + counts.sum(1) - both
    return [float(a / b) if b else float("nan") for a, b in zip(both, either, strict=True)]


def figure(counts: np.ndarray) -> float:
    """What auxseg's figure over a data set is: IoU of the foreground of two classes, or the mean over more."""
    values = ious(counts)
    return values[1] if len(values) == 2 else float(np.nanmean(values))
