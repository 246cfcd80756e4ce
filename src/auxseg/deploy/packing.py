"""From a run to a model directory: what others need to use the model, and nothing of the machine it was trained on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.arguments import as_path
from auxseg.deploy.card import card
from auxseg.errors import InputError, RunError
from auxseg.files import put_in_place, sweep, write_atomically
from auxseg.recipe import Recipe, dump_recipe, with_changes
from auxseg.records.names import CARD_FILE, CONFIG_FILE, MODEL_FILE
from auxseg.records.values.writing import write_json
from auxseg.report.runs.record import Record, read_record
from auxseg.run.directory import Run
from auxseg.run.load import load
from auxseg.run.model_file import ModelFacts
from auxseg.run.packed.description import Description, describe, read_description
from auxseg.run.packed.directory import FILES, checksum
from auxseg.training.weights import WeightsFile, save_tensors

_NO_FILES: Final = ("none", "timm")
"""What a recipe's ``model.weights`` may be besides a file."""


@final
@dataclass(frozen=True)
class Packed:
    """What is known of a model that is being packed: the run's record, and what config.json says."""

    record: Record
    description: Description


def pack(run: Run | str | Path, out: str | Path, *, overwrite: bool = False) -> Path:
    """Write the model that a run keeps into a directory of its own, and return where it is.

    The directory holds ``model.safetensors``, ``config.json`` and ``README.md`` (a model card) and appears as a whole.
    A run that is still training is packed as it is, and its card says so.

    Args:
        run: the run directory.
        out: the directory to write.
        overwrite: replace an earlier model directory. Nothing else is ever replaced.

    Raises:
        InputError: the run keeps no model yet or is damaged, or something stands in the way.
        RunError: the directory cannot be written.
    """
    run, out = Run.open(run), as_path(out, "out")
    refuse_in_the_way(out, overwrite=overwrite)
    with _staged(out) as stage:
        packed = stage_model(run, stage)
        write_json(stage / CONFIG_FILE, packed.description)
        write_atomically(stage / CARD_FILE, card(packed.record, packed.description, out.resolve().name).encode())
        put_in_place(stage, out)
    return out


def model_card(run: Run | str | Path) -> str:
    """The card that `pack` would write, under the name of the run's directory. Raises `InputError` as `pack` does."""
    run = Run.open(run)
    with tempfile.TemporaryDirectory() as folder:
        packed = stage_model(run, Path(folder))
        return card(packed.record, packed.description, run.directory.resolve().name)


def stage_model(run: Run, stage: Path) -> Packed:
    """Copy a run's model into a folder and describe it. Raises `InputError` if it is missing or damaged."""
    WeightsFile.open(run.best_file)  # says what is wrong with a run that has none
    record, path = read_record(run.directory), stage / MODEL_FILE
    shutil.copyfile(run.best_file, path)  # the training may replace it at any time
    try:
        file = WeightsFile.open(path)
        facts = ModelFacts.unpack(file.metadata, path)
        _forget_folders(file, facts)
        model = load(path, "cpu")
    except InputError as error:
        raise InputError(str(error).replace(str(path), str(run.best_file))) from None
    data = record.start.data.name if record.start else ""
    return Packed(record, describe(model, facts, size=path.stat().st_size, sha256=checksum(path), data=data))


def _forget_folders(file: WeightsFile, facts: ModelFacts) -> None:
    """Keep of the path to pretrained weights only the file's name; the path says what a machine looks like."""
    recipe = _without_folders(facts.recipe)
    if recipe != facts.recipe:
        save_tensors(file.path, file.read(), {**file.metadata, "recipe": dump_recipe(recipe)})


def _without_folders(recipe: Recipe) -> Recipe:
    weights = recipe.model.weights
    return recipe if weights in _NO_FILES else with_changes(recipe, model={"weights": Path(weights).name or "file"})


def refuse_in_the_way(out: Path, *, overwrite: bool) -> None:
    """Raise `InputError` if something is at ``out`` that may not be replaced, or nothing can be written there."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"{out}: expected a directory to write, found a {'link' if out.is_symlink() else 'file'}")
    if not out.is_dir():
        return
    others = sorted(path.name for path in out.iterdir() if path.name not in FILES)
    if others:
        raise InputError(f"{out}: holds other things than a model ({others[0][:80]}); choose another --out")
    if any(out.iterdir()):
        if not overwrite:
            raise InputError(f"{out} already exists; --overwrite replaces it")
        read_description(out)  # of another library's model nothing is replaced


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """An empty folder beside ``out``, which is gone afterwards whatever happens."""
    stage = out.absolute().with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        stage.parent.mkdir(parents=True, exist_ok=True)
        sweep(out.absolute())
        stage.mkdir()
    except OSError as error:
        raise InputError(f"{out}: cannot be made ({error.strerror})") from None
    try:
        yield stage
    except OSError as error:
        raise RunError(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
