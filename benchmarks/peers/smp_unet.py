"""The peer of the accuracy figures: segmentation_models.pytorch's U-Net with a plain, good-faith PyTorch loop.

MobileNetV2 encoder, AdamW at 1e-3 with PyTorch's one-cycle schedule, flips, random resized crops and brightness,
cross-entropy plus Dice, bfloat16 and channels_last. It reads the pictures of an auxseg store into memory, trains on
the training split for a number of epochs and keeps the last weights; nothing is chosen on the validation split.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchvision import tv_tensors
from torchvision.transforms import v2

from auxseg.data.store.store import Store

BATCH = 16
IGNORED = 255
MEAN = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD = torch.tensor([0.229, 0.224, 0.225])[:, None, None]


@dataclass(frozen=True)
class Pictures:
    """A split in memory."""

    images: Tensor  # N 3 H W, uint8
    masks: Tensor  # N H W, uint8

    @classmethod
    def of(cls, store: Path, split: str) -> Pictures:
        source = Store.open(store)
        images, masks = zip(*(source.read(int(row)) for row in source.rows(split)), strict=True)
        return cls(torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), torch.from_numpy(np.stack(masks)))


def main(store: Path, weights: Path | None, seed: int, split: str, epochs: int = 30) -> dict[str, float]:
    """Train on the store's training split and measure on ``split``; ``seconds`` are those of training.

    Like auxseg, on the GPU if there is one.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train, test = Pictures.of(store, "train"), Pictures.of(store, split)
    torch.manual_seed(seed)
    network = build(weights).to(device)
    started = time.perf_counter()
    fit(network, train, epochs, device)
    if device.type == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    return {**evaluate(network, test, device), "seconds": seconds}


def build(weights: Path | None, num_classes: int = 2) -> torch.nn.Module:
    """The network, its encoder from a file of timm's weights or from random ones."""
    network = smp.Unet(encoder_name="tu-mobilenetv2_100", encoder_weights=None, classes=num_classes)
    if weights is not None:
        encoder: Any = network.encoder
        missing, unexpected = encoder.model.load_state_dict(load_file(weights), strict=False)
        classifier = ("conv_head.", "bn2.", "classifier.")
        assert not missing, missing
        assert all(name.startswith(classifier) for name in unexpected), unexpected
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def fit(network: torch.nn.Module, pictures: Pictures, epochs: int, device: torch.device) -> None:
    augment = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomResizedCrop(pictures.images.shape[-2:], scale=(0.5, 1.0), ratio=(0.9, 1.1)),
            v2.ColorJitter(brightness=0.2),
        ]
    )
    dice = smp.losses.DiceLoss("multiclass", ignore_index=IGNORED)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    steps_per_epoch = -(-len(pictures.images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=epochs * steps_per_epoch)
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(pictures.images)).split(BATCH):
            pairs = [
                augment(tv_tensors.Image(pictures.images[row]), tv_tensors.Mask(pictures.masks[row])) for row in rows
            ]
            images, masks = (torch.stack(part).to(device) for part in zip(*pairs, strict=True))
            with torch.autocast(device.type, torch.bfloat16):
                logits = network(normalised(images)).float()
            loss = cross_entropy(logits, masks.long(), ignore_index=IGNORED) + dice(logits, masks.long())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()


@torch.no_grad()
def evaluate(network: torch.nn.Module, pictures: Pictures, device: torch.device) -> dict[str, float]:
    """IoU of the foreground: totals over the split, and the mean over images where truth or prediction has any."""
    network.eval()
    overlaps, unions = [], []
    for images, masks in zip(pictures.images.split(BATCH), pictures.masks.split(BATCH), strict=True):
        with torch.autocast(device.type, torch.bfloat16):
            predicted = network(normalised(images.to(device))).argmax(1).cpu() == 1
        truth, counted = masks == 1, masks != IGNORED
        overlaps.append((predicted & truth & counted).sum((1, 2)))
        unions.append(((predicted | truth) & counted).sum((1, 2)))
    overlap, union = torch.cat(overlaps).double(), torch.cat(unions).double()
    return {
        "iou_dataset": float(overlap.sum() / union.sum()),
        "iou_image": float((overlap / union)[union > 0].mean()),
    }


def normalised(images: Tensor) -> Tensor:
    mean, std = MEAN.to(images.device), STD.to(images.device)
    return ((images.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
