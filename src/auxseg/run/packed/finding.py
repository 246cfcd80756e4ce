"""Where a model lies: in a run, in a model directory, in a file of its own, or on a Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.arguments import as_path, hub_address
from auxseg.errors import InputError
from auxseg.records.finding import is_run, refuse_exported
from auxseg.records.names import CONFIG_FILE, MODEL_FILE, RECIPE_FILE
from auxseg.run.directory import Run
from auxseg.run.packed.description import Description
from auxseg.run.packed.directory import is_model_directory, read_checked
from auxseg.run.packed.hub import fetch


@final
@dataclass(frozen=True)
class Found:
    """A model's file, in a model directory what config.json says of it, and of a run the run."""

    file: Path
    description: Description | None = None
    run: Run | None = None


def find_model(place: Run | str | Path) -> Found:
    """The file of the model that is meant; a model on a Hub (``hf://OWNER/NAME``) is fetched.

    Raises `InputError` if there is none, or if its directory is damaged.
    """
    if isinstance(place, Run):
        return _of_run(place)
    path = as_path(place, "run")
    address = hub_address(path)
    if address is not None:
        path = fetch(address)
    if is_run(path):
        return _of_run(path)
    if _is_model_file(path):
        return Found(path)
    if is_model_directory(path):
        return Found(path / MODEL_FILE, read_checked(path))
    refuse_exported(path)
    raise InputError(
        f"{path}: not a run directory (it holds no {RECIPE_FILE}), nor a model directory (it holds no {CONFIG_FILE})"
    )


def _of_run(place: Run | Path) -> Found:
    run = Run.open(place)
    return Found(run.best_file, run=run)


def is_packed(place: str | Path) -> bool:
    """Whether a model lies outside of any run, so that nothing may be written beside it."""
    path = as_path(place, "run")
    is_address = hub_address(path) is not None
    return is_address or (not is_run(path) and (_is_model_file(path) or is_model_directory(path)))


def _is_model_file(path: Path) -> bool:
    return path.suffix == ".safetensors" and path.is_file()
