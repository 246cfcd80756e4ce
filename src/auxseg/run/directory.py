"""A run directory: which files it holds and what they say."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.arguments import as_path
from auxseg.data.channels import RGB
from auxseg.data.geometry import RESIZES
from auxseg.data.layers import MAX_LAYERS
from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.records.events import Events, Start, read_events
from auxseg.records.finding import refuse_exported
from auxseg.records.metrics import DataFacts
from auxseg.records.names import BEST_FILE, EVENTS_FILE, LAST_FILE, RECIPE_FILE
from auxseg.records.values.reading import parse_json

MAX_SIZE: Final = 2**15
"""Side of a stored picture in pixels, the most that a model file may name."""

FORMER: Final = ".overwritten"
"""The folder in a run directory that holds what is being deleted of a former run."""


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
            refuse_exported(run.directory)
            raise InputError(f"{run.directory}: not a run directory (it holds no {RECIPE_FILE})")
        return run

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe."""
        return self.directory / RECIPE_FILE

    @property
    def events_file(self) -> Path:
        """Everything that happened."""
        return self.directory / EVENTS_FILE

    @property
    def last_file(self) -> Path:
        """The checkpoint to go on from."""
        return self.directory / LAST_FILE

    @property
    def best_file(self) -> Path:
        """The model to use."""
        return self.directory / BEST_FILE

    @property
    def recipe(self) -> Recipe:
        """The resolved recipe: nothing in it is left to choose."""
        return load_recipe(self.recipe_file)

    @property
    def events(self) -> Events:
        """What happened so far, read anew."""
        return read_events(self.directory)

    @property
    def start(self) -> Start:
        """What was known when the run started: machine, data, choices made."""
        events = self.events
        if events.start is None:
            lost = f" ({events.loss.rstrip('.')})" if events.loss else ""
            raise InputError(f"{self.events_file}: this run never started{lost}")
        return events.start

    @property
    def trained_on(self) -> tuple[Path, str]:
        """The store that the run was started on, and the hash of its content."""
        data = self.start.data
        if not data.path:
            raise InputError(f"{self.events_file}: the start event does not name its data; the file is damaged")
        return Path(data.path), data.content_hash

    @property
    def is_being_cleared(self) -> bool:
        """Whether somebody who was to overwrite the run was killed before the former run was gone."""
        return (self.directory / FORMER).is_dir()

    def clear(self) -> None:
        """Empty the directory of a run, or go on with emptying it.

        At no moment are there files of the former run beside nothing that says so: they are moved away first, into a
        folder that is deleted last, and what marks the directory as a run goes first.
        """
        assert self.recipe_file.is_file() or self.is_being_cleared, "nothing else is ours to delete"
        former = self.directory / FORMER
        former.mkdir(exist_ok=True)
        kept = (".lock", FORMER)  # the first is held by us
        paths = [path for path in self.directory.iterdir() if path.name not in kept]
        for path in sorted(paths, key=lambda path: path != self.recipe_file):
            os.replace(path, former / path.name)
        shutil.rmtree(former)


def describe_data(store: Store) -> DataFacts:
    """What must be said beside every figure: which data, at which size, with which border."""
    return DataFacts(
        path=str(store.path.resolve()),
        name=store.path.name,
        source=store.provenance["source"],
        content_hash=store.content_hash,
        size=store.size,
        resize=store.resize,
        border=store.border,
        splits={split: len(store.rows(split)) for split in ("train", "val", "test")},
        channels="" if store.channels == RGB else store.channels.in_words(),
        smallest=None if store.own is None or store.fits_size else store.own.least(),
    )


def pack_vocabulary(vocabulary: Vocabulary) -> str:
    """A vocabulary as JSON, for a model file."""
    values = {**dataclasses.asdict(vocabulary), "size": vocabulary.size.to_json()}
    if not vocabulary.pixels:
        del values["pixels"]
    if vocabulary.channels == RGB:
        del values["channels"]
    if not vocabulary.layers:  # as files were before there were layers
        del values["layers"]
    if vocabulary.scale is None:
        del values["scale"]
    return json.dumps(values)


def unpack_vocabulary(text: str, place: str) -> Vocabulary:
    """The vocabulary out of a model file's metadata. Raises `InputError`, naming ``place``, for other text."""
    found = parse_json(text.encode(), Vocabulary, f"{place}, metadata vocabulary")
    rules = {
        f"a size from 1 to {MAX_SIZE}": found.size.shorter >= 1 and found.size.longer <= MAX_SIZE,
        f"at most {IGNORE} mask classes, each with a number": len(found.mask_classes)
        == len(found.category_ids)
        <= IGNORE,
        f"resize to be one of {', '.join(RESIZES)}": found.resize in RESIZES,
        "channels of uint8 or uint16, each with a name": not found.channels.fault(),
        f"at most {MAX_LAYERS} layers": len(found.layers) <= MAX_LAYERS,
        "exif to be apply or ignore": found.exif in ("apply", "ignore"),
        "a count for each class": all(
            len(found.labels.get(label, ())) == len(counts) for label, counts in found.counts.items()
        ),
        f"a scale above 0 and up to {MAX_SIZE}": found.scale is None
        or all(0 < each <= MAX_SIZE for each in found.scale),
        "a number of pixels for each mask class": len(found.pixels) in (0, len(found.mask_classes))
        and all(0 <= number < 2**63 for number in found.pixels),
    }
    for rule, holds in rules.items():
        if not holds:
            raise InputError(
                f"{place}, metadata vocabulary: expected {rule}; the file was changed after it was written"
            )
    return found
