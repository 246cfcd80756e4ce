"""The two files a run lives from: last.pt to go on from, best.safetensors to use.

Reading either never runs code from it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from auxseg.errors import InputError
from auxseg.files import write_atomically


def save_last(path: Path, state: Mapping[str, Any]) -> None:
    """Write all that a run needs to go on, atomically."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_atomically(path, buffer.getvalue())


def load_last(path: Path, device: torch.device) -> dict[str, Any]:
    """Read what `save_last` wrote. Raises `InputError` if the file is damaged."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # Bytes of another kind make torch's unpickler raise almost anything, KeyError too.
        raise InputError(f"{path}: not a checkpoint of a run, or damaged ({_first_line(error)})") from None


def save_weights(path: Path, network: nn.Module, metadata: Mapping[str, str]) -> None:
    """Write a network's weights with what is needed to build it again, atomically."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    write_atomically(path, save(tensors, dict(metadata)))


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read weights and metadata. Raises `InputError` if the file is missing or damaged."""
    if not path.is_file():
        raise InputError(f"{path}: there is no model file; was this run trained to its first validation?")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a model file, or damaged ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
