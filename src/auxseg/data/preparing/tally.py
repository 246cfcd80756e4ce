"""What `prepare` counts while it writes samples: what was left out, repaired or left open, and what the masks hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import final

import numpy as np

from auxseg.data.preparing.findings import Finding, absent_classes, boxes_left_out, missing_masks, orientations
from auxseg.data.preparing.record import Record, RecordSettings
from auxseg.data.sample import Orientation
from auxseg.data.sources.source import Item, Source
from auxseg.data.store.text import printable
from auxseg.data.store.writing.record_writer import RecordWriter
from auxseg.errors import RunError

LeftOut = tuple[str, str]
"""The id of a sample, and why it or one of its labels was left out."""


@final
@dataclass
class Tally:
    """Grows by a sample at a time; ``mask_ids`` and ``box_names`` have an entry for every sample that was written."""

    written: list[Item] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)
    dropped: list[LeftOut] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    undecided: list[str] = field(default_factory=list)
    mask_ids: list[tuple[int, ...]] = field(default_factory=list)
    box_names: list[str] = field(default_factory=list)
    num_boxes: int = 0
    num_samples_with_boxes: int = 0
    num_boxes_kept: int = 0
    num_masks: int = 0
    num_labelled: int = 0
    lost_mask: LeftOut | None = None

    def add(self, item: Item, record: Record) -> None:
        """Count a sample that was written."""
        self.written.append(item)
        self.notes.update(record.notes)
        self.dropped += [(item.id, printable(reason)) for reason in record.dropped]
        if not record.orientation.is_decided:
            self.undecided.append(item.id)
        seen = record.seen
        self.num_masks += record.has_mask
        self.num_labelled += bool(record.has_mask or seen.num_boxes or record.classes or record.layers)
        self.mask_ids.append(seen.mask_ids)
        self.box_names.append(seen.box_name)
        self.num_boxes += seen.num_boxes
        self.num_samples_with_boxes += seen.num_boxes > 0
        self.num_boxes_kept += not np.isnan(record.box).any()
        if seen.mask_fault and self.lost_mask is None:
            self.lost_mask = item.id, printable(seen.mask_fault)

    def skip(self, item: Item, reason: str) -> None:
        """Count a sample that was left out."""
        self.skipped.append((printable(item.id), printable(reason)))

    def check(self, num_items: int) -> None:
        """Raise `RunError` where no sample could be used, none of the masks that there are, or no label at all."""
        if not self.written:
            id, reason = self.skipped[0]
            raise RunError(f"none of {num_items} samples could be used; the first, {id}: {reason}")
        if self.lost_mask and not self.num_masks:
            id, reason = self.lost_mask
            raise RunError(f"none of the masks could be used; the first, {id}: {reason}")
        if self.dropped and not self.num_labelled:
            id, reason = self.dropped[0]
            raise RunError(f"none of the labels could be used; the first, {id}: {reason}")

    def findings(
        self, source: Source, settings: RecordSettings, writer: RecordWriter, split: np.ndarray
    ) -> list[Finding]:
        """What looks wrong about the data set as a whole, in one sentence each."""
        names = settings.mask_classes
        held = {number for each in self.mask_ids for number in each}
        occurs = np.array([number in held for number in range(len(names))], bool)
        found: list[Orientation] = writer.column("orientation")
        tags, is_turned = np.array([each.tag for each in found], np.uint8), np.array([each.is_turned for each in found])
        return [
            *orientations(tags, is_turned, self.undecided),
            *absent_classes(names, occurs, has_background=source.has_background),
            *missing_masks(np.array(writer.column("has_mask")), split),
            *boxes_left_out(self.boxes(settings.box), source.layers.values()),
        ]

    def boxes(self, choice: str) -> dict[str, object]:
        """How many boxes the source has and the store keeps, and what those are called, by sample (empty: no name)."""
        names = sorted({name for name in self.box_names if name})
        number = {name: index for index, name in enumerate(names)}
        return {
            "choice": choice,
            "num_boxes": self.num_boxes,
            "num_samples": self.num_samples_with_boxes,
            "num_kept": self.num_boxes_kept,
            "names": names,
            "kept": [number.get(name, -1) for name in self.box_names] if names else [],
        }
