"""All of a file of weights at once."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from auxseg.training.weights import WeightsFile


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights and metadata."""
    file = WeightsFile.open(path)
    return file.read(), dict(file.metadata)
