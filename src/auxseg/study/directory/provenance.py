"""With what a study was begun: versions, device, and the pretrained weights by what is in the file."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import torch

from auxseg.errors import InputError
from auxseg.records.about import Origin, Versions
from auxseg.training.runtime import Runtime
from auxseg.version import __version__


def origin(weights: str) -> Origin:
    """What a directory writes down when it is begun; ``weights`` are those of the recipes (``model.weights``).

    Weights that timm downloads are known by their name alone. Raises `InputError` if a file of weights is missing.
    """
    return Origin(
        versions=Versions(__version__, str(torch.__version__), platform.python_version()),
        device=str(Runtime().device),
        weights=None if weights in ("none", "timm") else _digest(Path(weights)),
    )


def _digest(file: Path) -> str:
    if not file.is_file():
        raise InputError(f"model.weights: {file} is not a file; expected none, timm or a file with weights")
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
