"""A table of paths, such as a notebook or a database writes it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import final

from auxseg.data.preparing.findings import named
from auxseg.data.sources.arrays.inside import array_file
from auxseg.data.sources.index.rows import LabelledRow, RowsSource, Settings
from auxseg.data.sources.index.table import Row, read_index
from auxseg.data.sources.masks.files import refuse_lossy
from auxseg.data.sources.tables import describe_labels
from auxseg.errors import InputError


@final
class Index(RowsSource):
    """A table (.csv with commas, .tsv with tabs, or .parquet) with a header and a row for every sample.

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
        settings = Settings(exif=exif, threshold=threshold, colours=colours, instances=instances, channels=channels)
        table = read_index(self.path)
        lost = self._missing_files(table)
        rows = {id: self._labelled(row, takes_lossy=threshold is not None) for id, row in table.items()}
        self.understand(rows, settings, self.path.parent)
        self.remarks = (*lost, *self.remarks, *describe_labels(self.path, [row.labels for row in rows.values()]))

    def provenance(self) -> dict[str, str]:
        """The table's name without the way to it, and the settings that were given."""
        return {"name": self.name, "path": self.path.resolve().name, **self._chosen}

    def _labelled(self, row: Row, *, takes_lossy: bool) -> LabelledRow:
        mask = row.mask
        if mask is not None and os.path.isfile(mask) and not takes_lossy:
            refuse_lossy(mask.name, f"{mask} is a mask")
        faults = (row.box_fault,) if row.box_fault else ()
        return LabelledRow(array_file(row.image), mask and array_file(mask), row.labels, row.box, faults)

    def _missing_files(self, table: Mapping[str, Row]) -> tuple[str, ...]:
        """Sentences about images and masks that do not exist. Raises `InputError` if none of either does."""
        remarks: list[str] = []
        images = [row.image for row in table.values()]
        masks = [row.mask for row in table.values() if row.mask is not None]
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
