"""last.pt: all that a run needs to go on. Reading it never runs code from it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch

from auxseg.errors import InputError
from auxseg.files import replacing
from auxseg.records.event_log import EventLog
from auxseg.training.seal import Owner, examine, sealed
from auxseg.version import __version__


@final
@dataclass(frozen=True)
class Checkpoint:
    """last.pt of a run: where it is, what it belongs to, and the log that has every step it holds."""

    path: Path
    owner: Owner
    log: EventLog

    def save(self, state: Mapping[str, object], step: int) -> None:
        """Write it, once the disk holds what the log says of the steps up to it."""
        self.log.sync()
        save_last(self.path, state, step, self.owner)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The state, `None` before the first checkpoint. Raises `InputError` if the file is damaged."""
        return load_last(self.path, device) if self.path.exists() else None

    def unfit(self, error: Exception) -> InputError:
        """What to raise for a state that the recipe's network cannot take over."""
        return InputError(
            f"{self.path}: does not fit the network of its recipe ({_first_line(error)}); start again with --overwrite"
        )


def save_last(path: Path, state: Mapping[str, object], step: int, owner: Owner) -> None:
    """Write all that a run needs to go on after ``step``, sealed, atomically."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    with replacing(path) as partial, partial.open("wb") as file:
        file.writelines(sealed(buffer.getbuffer(), step, owner, __version__))


def load_last(path: Path, device: torch.device) -> dict[str, Any]:
    """Read what `save_last` wrote. Raises `InputError` if the file is damaged, before anything in it is unpickled."""
    examine(path)
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # Bytes of another kind make torch's unpickler raise almost anything, KeyError too.
        raise InputError(f"{path}: not a checkpoint of a run, or damaged ({_first_line(error)})") from None
    if not isinstance(state, dict):
        raise InputError(f"{path}: not a checkpoint of a run, or damaged (it holds a {type(state).__name__})")
    return state


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
