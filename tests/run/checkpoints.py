"""What a checkpoint of a run holds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from auxseg.run import Run
from auxseg.training.checkpoint import load_last


def learner_state(run: Run) -> dict[str, Any]:
    """The learner's part of a run's last checkpoint."""
    return load_last(run.last_file, torch.device("cpu"))["learner"]


def tensors(values: object) -> list[Tensor]:
    """All tensors in nested values, in their order."""
    if isinstance(values, Tensor):
        return [values]
    inner = values.values() if isinstance(values, dict) else values if isinstance(values, list | tuple) else ()
    return [tensor for value in inner for tensor in tensors(value)]
