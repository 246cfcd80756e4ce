"""Rows of images and labels, whatever they were read from, as a source."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from auxseg.data.sample import Box, Sample
from auxseg.data.sources.class_names import find_names
from auxseg.data.sources.embedded import Embedded, ImageFile
from auxseg.data.sources.masks.classes import decide_classes, describe_settings, mask_settings
from auxseg.data.sources.masks.labelled import read_labelled
from auxseg.data.sources.masks.sizes import refuse_misfits
from auxseg.data.sources.pictures.native_images import native_images
from auxseg.data.sources.pictures.orientation import agreement, check_exif
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.tables import Labels

ROW_OPTIONS = frozenset({"channels", "exif", "threshold", "colours", "instances"})
"""The settings of `Settings`, by which images and masks are understood."""


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How images and masks are understood, as in `auxseg.data.sources.folder`."""

    exif: str = "auto"
    threshold: float | None = None
    colours: str | Path | None = None
    instances: str | None = None
    channels: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be with `InputError`, before anything else is read."""
        check_exif(self.exif)
        mask_settings(self.colours, self.threshold, self.instances)


@final
@dataclass(frozen=True)
class LabelledRow:
    """A sample: its files, or why there is no image; its labels, and why some of them cannot be used."""

    image: ImageFile | None
    mask: ImageFile | None
    labels: Labels
    box: Box | None = None
    faults: tuple[str, ...] = ()


class RowsSource(Source):
    """What sources have in common that know all rows when they are opened, and then call `understand`."""

    options = ROW_OPTIONS

    def items(self) -> Sequence[Item]:
        """All rows, in their order."""
        return [Item(id, row.labels.split) for id, row in self._rows.items()]

    def read(self, item: Item) -> Sample:
        """Read an image with all its labels."""
        row = self._rows[item.id]
        if row.image is None:
            raise SampleError("it has no image")
        boxes = () if row.box is None else (row.box,)
        read = read_labelled(
            row.image,
            row.mask,
            self._reader,
            self._settings.exif,
            lambda: self._agreement,
            has_boxes=bool(boxes),
            read_image=self._images.reader,
        )
        labels, dropped = row.labels, (*read.dropped, *row.faults)
        return Sample(
            item.id, read.image, read.mask, boxes, labels.classes, labels.group, read.notes, dropped, read.orientation
        )

    @abstractmethod
    def provenance(self) -> dict[str, str]:
        """Where the data come from, with `_chosen`."""

    def understand(self, rows: Mapping[str, LabelledRow], settings: Settings, names_in: Path) -> None:
        """Look at images and masks; text files in the folder ``names_in`` may name the mask classes.

        Raises `InputError` if they cannot be understood.
        """
        masks, names = mask_settings(settings.colours, settings.threshold, settings.instances)
        self._rows, self._settings = rows, settings
        found = [row.image for row in rows.values() if row.image is not None]
        self._images = native_images(found, settings.channels, settings.exif)
        self.channels = self._images.channels
        self._pairs = [
            (row.image, row.mask)
            for row in rows.values()
            if row.image is not None and row.mask is not None and (isinstance(row.mask, Embedded) or row.mask.is_file())
        ]
        refuse_misfits(self._pairs)
        named, remarks = find_names(names_in) if names is None else (names, ())
        classes = decide_classes(list(dict.fromkeys(mask for _, mask in self._pairs)), named, masks)
        self._reader = classes.reader
        self.mask_classes = classes.reader.names
        self.category_ids = classes.category_ids
        self.has_background = classes.has_background
        self.remarks = (*self._images.remarks, *remarks, *classes.remarks)
        self._chosen = describe_settings(
            settings.exif, settings.threshold, settings.colours, settings.instances, settings.channels
        )

    @cached_property
    def _agreement(self) -> bool | None:
        """Whether the photographs whose masks decide are turned; asked for by those whose masks do not."""
        return agreement(self._pairs)
