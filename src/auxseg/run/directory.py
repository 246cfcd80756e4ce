"""A run directory: which files it holds and what they say."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from auxseg.arguments import as_path
from auxseg.data.sample import Vocabulary
from auxseg.data.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.training.events import read_events


@final
@dataclass(frozen=True)
class Run:
    """The files of one run."""

    directory: Path

    @classmethod
    def open(cls, directory: Run | str | Path) -> Run:
        """An existing run, by its directory or as it is. Raises `InputError` if the directory is none."""
        run = directory if isinstance(directory, Run) else cls(as_path(directory, "run"))
        if not run.recipe_file.is_file():
            raise InputError(f"{run.directory}: not a run directory (it holds no recipe.yaml)")
        return run

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe."""
        return self.directory / "recipe.yaml"

    @property
    def events_file(self) -> Path:
        """Everything that happened."""
        return self.directory / "events.jsonl"

    @property
    def last_file(self) -> Path:
        """The checkpoint to go on from."""
        return self.directory / "last.pt"

    @property
    def best_file(self) -> Path:
        """The model to use."""
        return self.directory / "best.safetensors"

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe: nothing in it is left to choose."""
        return load_recipe(self.recipe_file)

    @property
    def start(self) -> dict[str, Any]:
        """What was known when the run started: machine, data, choices made."""
        for event in read_events(self.events_file):
            if event["event"] == "start":
                return event
        raise InputError(f"{self.events_file}: this run never started")

    @property
    def has_started(self) -> bool:
        """Whether anything is recorded of this run."""
        return any(event["event"] == "start" for event in read_events(self.events_file))

    def clear(self) -> None:
        """Empty the directory of a run."""
        assert self.recipe_file.is_file(), "nothing else is ours to delete"
        for path in sorted(self.directory.iterdir(), key=lambda path: path == self.recipe_file):  # it marks a run: last
            if path.name == ".lock":
                continue  # held by us
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def describe_data(store: Store) -> dict[str, Any]:
    """What must be said beside every figure: which data, at which size, with which border."""
    return {
        "path": str(store.path.resolve()),
        "name": store.path.name,
        "source": store.provenance["source"],
        "content_hash": store.content_hash,
        "size": store.size,
        "resize": store.resize,
        "border": store.border,
        "splits": {split: len(store.rows(split)) for split in ("train", "val", "test")},
    }


def pack_vocabulary(vocabulary: Vocabulary) -> str:
    """A vocabulary as JSON, for a model file."""
    return json.dumps(dataclasses.asdict(vocabulary))


def unpack_vocabulary(metadata: Mapping[str, str]) -> Vocabulary:
    """The vocabulary out of a model file's metadata."""
    values = json.loads(metadata["vocabulary"])
    labels = {name: tuple(names) for name, names in values["labels"].items()}
    counts = {name: tuple(numbers) for name, numbers in values.get("counts", {}).items()}
    return Vocabulary(
        values["size"],
        tuple(values["mask_classes"]),
        labels,
        values["resize"],
        counts,
        values.get("exif", "apply"),
        tuple(values.get("category_ids", ())),
        values.get("has_background", True),
    )
