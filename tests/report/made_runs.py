"""Run directories with made-up numbers."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

DATA = {
    "path": "/data/pets128.h5",
    "name": "pets128.h5",
    "source": "oxford-iiit-pet",
    "content_hash": "9f2c41d07e55",
    "size": 128,
    "border": "foreground",
    "resize": "squash",
    "splits": {"train": 270, "val": 30, "test": 100},
}
TASKS = ("segmentation", "classification", "box")
EXPLAIN = {
    "segmentation": {
        "iou_dataset": "IoU of the foreground, pixels of all images added up before dividing.",
        "iou_image": "IoU of the foreground in each image, averaged over images.",
        "precision": "Share of the predicted foreground that is right.",
    },
    "classification": {"accuracy": "Share of images whose class is right."},
    "box": {
        "iou": "IoU of predicted and true box, averaged over images.",
        "mse_pixels": "Mean squared error in pixels.",
    },
}


UNION = 1000


def intersection(number: int, quality: float) -> float:
    """Pixels of the intersection in one of 100 images, so that all together have this IoU."""
    return UNION * quality + 2 * (number - 49.5)


def write_events(run: Path, events: list[dict[str, Any]]) -> None:
    """Write events.jsonl."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))


def write_recipe(run: Path, tasks: tuple[str, ...] = TASKS, **settings: Any) -> None:
    """Write recipe.yaml."""
    run.mkdir(parents=True, exist_ok=True)
    recipe = {
        "data": {"size": 128},
        "model": {"encoder": {"kind": "timm", "name": "mobilenetv3_small"}, "sharing": {"kind": "hard"}},
        "tasks": {task: {"kind": task} for task in tasks},
        "target": tasks[0],
        "balancer": {"kind": "fixed"},
        "training": {"steps": 510},
        "seed": 0,
    }
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe | settings, sort_keys=False))


def training_events(
    tasks: tuple[str, ...] = TASKS,
    steps: int = 510,
    quality: float = 0.86,
    weight: Callable[[int], float] = lambda step: 1.0,
) -> list[dict[str, Any]]:
    """The events of a training that got as far as ``steps``, without its end."""
    noise = np.random.default_rng(len(tasks))
    events: list[dict[str, Any]] = [
        {
            "event": "start",
            "time": "2026-11-20T22:00:00+00:00",
            "command": "auxseg train mobilenet-unet-mtl --data pets128.h5",
            "device": "cpu",
            "processor": "Example processor at 2.0 GHz",
            "threads": 2,
            "versions": {"torch": "2.15.0", "auxseg": "0.1.0"},
            "precision": "bf16",
            "channels_last": True,
            "calibration": {"fp32 NCHW": 0.213, "fp32 channels_last": 0.187, "bf16 channels_last": 0.081},
            "parameters": {"encoder": 927008, "sharing": 0, **dict.fromkeys(tasks, 20000)},
            "steps": 510,
            "steps_per_epoch": 17,
            "data": DATA,
        }
    ]
    for step in range(1, steps + 1):
        decay = math.exp(-step / 120)
        losses = {task: 0.2 + 0.1 * i + 1.1 * decay + 0.05 * noise.normal() for i, task in enumerate(tasks)}
        events.append(
            {
                "event": "step",
                "step": step,
                "losses": losses,
                "weights": {task: weight(step) if i else 1.0 for i, task in enumerate(tasks)},
                "learning_rate": 1e-3,
                "gradient_norm": 1.0,
                "seconds": 0.08 + 0.002 * noise.random(),
                "data_seconds": 0.001,
            }
        )
        if step % 17 == 0:
            iou = quality * (1 - decay) + 0.004 * noise.normal()
            events.append(
                {
                    "event": "validation",
                    "step": step,
                    "epoch": step // 17,
                    "figures": {task: dict.fromkeys(EXPLAIN[task], iou - 0.05 * i) for i, task in enumerate(tasks)},
                    "losses": {task: 0.3 + 0.1 * i + 1.0 * decay for i, task in enumerate(tasks)},
                    "seconds": 0.5,
                    "best": step <= 493,
                }
            )
    return events


def end_event(step: int = 510, reason: str = "finished") -> dict[str, Any]:
    """The last event of a training."""
    return {
        "event": "end",
        "time": "2026-11-20T22:01:00+00:00",
        "step": step,
        "reason": reason,
        "seconds": 57.0,
        "peak_memory_bytes": 1_400_000_000,
    }


def write_evaluation(
    run: Path, tasks: tuple[str, ...] = TASKS, quality: float = 0.86, first_id: str = "image-0", step: int = 493
) -> None:
    """Write metrics.json, per_image.csv, examples.json and the example pictures."""
    noise = np.random.default_rng(7)
    figures = {task: dict.fromkeys(EXPLAIN[task], quality - 0.04 * i) for i, task in enumerate(tasks)}
    if "box" in figures:
        figures["box"]["mse_pixels"] = 41.27
    names = ["cat", "dog"]
    metrics = {
        "split": "test",
        "num_images": 100,
        "checkpoint_step": step,
        "target": tasks[0],
        "data": DATA,
        "figures": figures,
        "explain": {task: EXPLAIN[task] for task in tasks},
        "tables": {"classification.confusion": {"names": names, "counts": [[41, 7], [5, 47]]}}
        if len(tasks) > 1
        else {},
        "seconds": 3.4,
    }
    (run / "metrics.json").write_text(json.dumps(metrics))
    with (run / "per_image.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["id", "segmentation.iou", "segmentation.intersection.pet", "segmentation.union.pet", "box.iou"]
        )
        for number, iou in enumerate(1 - noise.gamma(2, (1 - quality) / 2, size=100).clip(0, 1)):
            id_ = first_id if number == 0 else f"image-{number}"
            writer.writerow([id_, f"{iou:.4f}", intersection(number, quality), UNION, ""])
    examples = [
        {
            "id": first_id if rank == "best" and i == 1 else f"{rank}-{i}",
            "rank": rank,
            "value": value,
            "picture": f"figures/{rank}-{i}.png",
        }
        for rank, value, number in (
            ("best", 0.97, 3),
            ("median", 0.88, 3),
            ("worst", 0.31, 3),
            ("mistakes", 0.31, 6),
            ("same", 0.88, 4),
        )
        for i in range(1, number + 1)
    ]
    (run / "examples.json").write_text(json.dumps(examples))
    (run / "figures").mkdir(exist_ok=True)
    for example in examples:
        draw_strip(run / example["picture"], example["value"])


def draw_strip(path: Path, value: float) -> None:
    """A picture of three panels: a blob, its outline filled, and the same a little off."""
    y, x = np.mgrid[:128, :128] / 127
    blob = ((x - 0.5) ** 2 + (y - 0.55) ** 2 < 0.09)[..., None]
    other = ((x - 0.5 - 0.3 * (1 - value)) ** 2 + (y - 0.55) ** 2 < 0.09)[..., None]
    photo = np.stack([0.5 + 0.4 * x, 0.6 + 0.3 * y, 0.45 + 0.2 * x * y], axis=-1) * np.where(blob, 0.7, 1)
    teal = np.array([0.1, 0.6, 0.65])
    panels = [photo, np.where(blob, 0.5 * photo + 0.5 * teal, photo), np.where(other, 0.5 * photo + 0.5 * teal, photo)]
    Image.fromarray((np.concatenate(panels, axis=1) * 255).astype(np.uint8)).save(path)


def make_full_run(run: Path, tasks: tuple[str, ...] = TASKS, quality: float = 0.86, first_id: str = "image-0") -> Path:
    """Write a run that was trained to its end and evaluated."""
    write_recipe(run, tasks)
    read = {"event": "evaluate", "time": "2026-11-20T22:05:00+00:00", "split": "test", "step": 493}
    write_events(run, [*training_events(tasks, quality=quality), end_event(), read])
    write_evaluation(run, tasks, quality, first_id)
    return run
