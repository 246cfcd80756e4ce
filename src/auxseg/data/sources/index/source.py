"""A table of paths, such as a notebook or a database writes it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import final

from auxseg.data.preparing.findings import named
from auxseg.data.sample import Sample
from auxseg.data.sources.class_names import find_names
from auxseg.data.sources.index.table import read_index
from auxseg.data.sources.masks.classes import decide_classes, describe_settings, mask_settings
from auxseg.data.sources.masks.files import refuse_lossy
from auxseg.data.sources.masks.labelled import read_labelled
from auxseg.data.sources.masks.sizes import refuse_misfits
from auxseg.data.sources.pictures.native_images import native_images
from auxseg.data.sources.pictures.orientation import agreement, check_exif
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.tables import describe_labels
from auxseg.errors import InputError


@final
class Index(Source):
    """A table (.csv with commas, .tsv with tabs) with a header and a row for every sample.

    - ``image``: the path of the image. This column alone is required.
    - ``mask``: the path of the mask, whose values are understood as in `auxseg.data.sources.folder`.
    - ``id``: the sample's id, by default the image's path without suffix.
    - ``split`` (train, val, test or trainval) is the official split; samples of one ``group`` stay in one split.
    - ``x0``, ``y0``, ``x1``, ``y1``: a box, half-open, in pixels from the upper left corner.
    - Any further column is a kind of label, named by the header.

    Relative paths are relative to the table. An empty cell is a missing label. ``classes.txt`` beside the table names
    the mask classes. A row whose image does not exist is a bad sample; a mask or a box that cannot be used is left out
    alone.

    Args:
        path: the table.
        exif, threshold, colours, instances, channels: as in `auxseg.data.sources.folder`.

    Raises:
        InputError: if the table or the mask classes cannot be understood, or none of its images or masks exists.
    """

    name = "index"
    options = frozenset({"channels", "exif", "threshold", "colours", "instances"})

    def __init__(
        self,
        path: str | Path,
        exif: str = "auto",
        threshold: float | None = None,
        colours: str | Path | None = None,
        instances: str | None = None,
        channels: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.exif = check_exif(exif)
        settings, names = mask_settings(colours, threshold, instances)
        self._rows = read_index(self.path)
        lost = self._missing_files()
        self._images = native_images([row.image for row in self._rows.values()], channels, exif)
        self.channels = self._images.channels
        self._pairs = [(row.image, row.mask) for row in self._rows.values() if row.mask and os.path.isfile(row.mask)]
        if threshold is None:
            for _, mask in self._pairs:
                refuse_lossy(mask.name, f"{mask} is a mask")
        refuse_misfits(self._pairs)
        found, remarks = find_names(self.path.parent) if names is None else (names, ())
        classes = decide_classes(list(dict.fromkeys(mask for _, mask in self._pairs)), found, settings)
        self._reader = classes.reader
        self.mask_classes = classes.reader.names
        self.category_ids = classes.category_ids
        self.has_background = classes.has_background
        labels = describe_labels(self.path, [row.labels for row in self._rows.values()])
        self.remarks = (*lost, *self._images.remarks, *remarks, *labels, *classes.remarks)
        self._chosen = describe_settings(exif, threshold, colours, instances, channels)

    def items(self) -> Sequence[Item]:
        """All rows, in the order of the table."""
        return [Item(id, row.labels.split) for id, row in self._rows.items()]

    def read(self, item: Item) -> Sample:
        """Read an image with all its labels."""
        row = self._rows[item.id]
        boxes = () if row.box is None else (row.box,)
        read = read_labelled(
            row.image,
            row.mask,
            self._reader,
            self.exif,
            lambda: self._agreement,
            has_boxes=bool(boxes),
            read_image=self._images.reader,
        )
        dropped = (*read.dropped, *([row.box_fault] if row.box_fault else []))
        labels = row.labels
        return Sample(
            item.id, read.image, read.mask, boxes, labels.classes, labels.group, read.notes, dropped, read.orientation
        )

    def provenance(self) -> dict[str, str]:
        """The table's name without the way to it, and the settings that were given."""
        return {"name": self.name, "path": self.path.resolve().name, **self._chosen}

    @cached_property
    def _agreement(self) -> bool | None:
        """Whether the photographs whose masks decide are turned; asked for by those whose masks do not."""
        return agreement(self._pairs)

    def _missing_files(self) -> tuple[str, ...]:
        """Sentences about images and masks that do not exist. Raises `InputError` if none of either does."""
        remarks: list[str] = []
        images = [row.image for row in self._rows.values()]
        masks = [row.mask for row in self._rows.values() if row.mask is not None]
        for what, paths in (("images", images), ("masks", masks)):
            missing = [path for path in paths if not os.path.isfile(path)]
            if missing and len(missing) == len(paths):
                raise InputError(
                    f"{self.path}: none of its {len(paths):,} {what} exists; the first should be {paths[0]}, because "
                    "relative paths are relative to the table"
                )
            if missing:
                names = named([path.name for path in missing])
                remarks.append(
                    f"{self.path.name}: files that do not exist: {len(missing):,} of {len(paths):,} {what} ({names})"
                )
        return tuple(remarks)
