"""The words that people use for settings, and the settings' keys; importing this costs nothing."""

from __future__ import annotations

from typing import Final

SECTIONS: Final = ("model", "tasks", "target", "data", "balancer", "training", "seed")
"""The keys at the top of a recipe."""

KEYS: Final = {
    "model": ("encoder", "decoder", "sharing", "width", "norm", "input", "weights", "checkpointing", "refine_by"),
    "data": (
        *("size", "workers", "augment", "crop", "train_on", "label_fraction", "target_per_batch", "fold", "order"),
        "block",
    ),
    "balancer": (
        *("kind", "gate", "weights", "form", "every", "temperature", "variant", "beta", "distribution", "total"),
        *("scope", "c", "pull", "gamma", "rho", "alpha", "max_norm", "eta", "step_size", "tau", "relax", "decay"),
        *("mu", "theta"),
    ),
    "training": (
        *("steps", "epochs", "batch", "accumulate", "optimizer", "schedule", "average", "clip", "validate_every"),
        *("patience", "tolerance", "precision", "channels_last", "phases", "watch", "fork_merge"),
    ),
}
"""The keys of the next level, those of all kinds together; those of ``tasks`` are the user's own names."""

MEANT: Final = {
    "accumulate": "training.accumulate",
    "amp": "training.precision",
    "augment": "data.augment",
    "average": "training.average",
    "batch": "training.batch",
    "batch_size": "training.batch",
    "channels_last": "training.channels_last",
    "clip": "training.clip",
    "crop": "data.crop",
    "crop_size": "data.crop.size",
    "ema": "training.average",
    "encoder": "model.encoder.kind",
    "decoder": "model.decoder.kind",
    "epochs": "training.epochs",
    "image_size": "data.size",
    "label_fraction": "data.label_fraction",
    "learning_rate": "training.optimizer.rate",
    "lr": "training.optimizer.rate",
    "max_epochs": "training.epochs",
    "max_steps": "training.steps",
    "norm": "model.norm",
    "num_workers": "data.workers",
    "optimizer": "training.optimizer.kind",
    "patience": "training.patience",
    "phases": "training.phases",
    "precision": "training.precision",
    "pretrained": "model.weights",
    "rate": "training.optimizer.rate",
    "schedule": "training.schedule.kind",
    "sharing": "model.sharing.kind",
    "size": "data.size",
    "steps": "training.steps",
    "target_per_batch": "data.target_per_batch",
    "tolerance": "training.tolerance",
    "train_on": "data.train_on",
    "validate_every": "training.validate_every",
    "watch": "training.watch",
    "weight_decay": "training.optimizer.weight_decay",
    "weights": "model.weights",
    "width": "model.width",
    "workers": "data.workers",
}
"""What is meant by a word that is no key."""
