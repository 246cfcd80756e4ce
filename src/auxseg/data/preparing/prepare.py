"""From a source to a store: streaming, on several processes, whole or not at all."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from auxseg.arguments import as_path, shown
from auxseg.data.channels import RGB
from auxseg.data.geometry import RESIZES, LongSide
from auxseg.data.layers import MAX_LAYERS, name_fault
from auxseg.data.preparing.findings import Finding
from auxseg.data.preparing.near_duplicates import Grouping, NearDuplicates
from auxseg.data.preparing.reading_processes import read_records
from auxseg.data.preparing.record import LARGEST, Record, RecordSettings
from auxseg.data.preparing.splits import OFFICIAL, assign_splits, check_split
from auxseg.data.preparing.tally import LeftOut, Tally
from auxseg.data.sample import Orientation
from auxseg.data.sources.source import Item, Source
from auxseg.data.store.alike import ALIKE
from auxseg.data.store.text import printable, text_fault
from auxseg.data.store.writing.output import store_writer
from auxseg.data.store.writing.record_writer import RecordWriter
from auxseg.data.store.writing.sharded_writer import check_shard_size
from auxseg.errors import InputError, RunError
from auxseg.records.values.size import Size, SizeLike, as_size
from auxseg.version import __version__

SIZES: Final = (16, 2048)
"""Smallest and largest side of a stored picture, in pixels."""

MAX_LONG_SIDE: Final = 100_000
"""The most that a longer side may be limited to."""

_BINARY: Final = 2
"""Mask classes of a data set whose masks do not matter to the division into splits: background and foreground."""


@dataclass(frozen=True)
class Report:
    """What `prepare` did: the store's path, the number of samples in it, and those left out, with the reasons.

    ``dropped`` names labels that could not be used, while the rest of their samples stands. ``notes`` says what was
    repaired on the way into the store, and in how many samples. ``remarks`` are those of the source, see `Source`;
    ``findings`` say what looks wrong about the whole.
    """

    path: Path
    num_written: int
    skipped: tuple[LeftOut, ...]
    notes: Mapping[str, int]
    dropped: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def prepare(
    source: Source,
    out: str | Path,
    *,
    size: SizeLike | Literal["original"] = 256,
    long_side: int | None = None,
    split: str = OFFICIAL,
    val_fraction: float = 0.1,
    resize: str = "squash",
    box: str = LARGEST,
    group_near_duplicates: bool = False,
    strict: bool = False,
    overwrite: bool = False,
    seed: int = 0,
    processes: int | None = 1,
    original_masks: bool = False,
    shard_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    search_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Write a source's samples into a store, once and for all.

    Samples that cannot be used are left out and reported, and so are labels, which leave the rest of their samples in.
    The file appears under its name when it is whole; after a failure or Ctrl-C nothing is left behind and a former file
    is untouched. Only the index of what is written stays in memory, about 2 kB per sample.

    Args:
        source: what to read; it is never written to.
        out: the store, a file or, with ``shard_size``, a folder; missing directories are made.
        size: side of the stored square in pixels, or height and width; both within `SIZES`. ``"original"`` keeps
            every image at its own size; which size a network sees is decided when the store is read.
        long_side: instead of ``size``, keep every image's shape with a longer side of at most so many pixels.
        split: ``"official"`` or percentages of train, val and test, see `auxseg.data.preparing.splits`.
        val_fraction: share of val in the official trainval.
        resize: ``"squash"`` or ``"letterbox"``, see `auxseg.data.geometry`.
        box: which of a sample's boxes is the target: ``"largest"``, or the name of the box.
        group_near_duplicates: keep pictures that show nearly the same in one split, see
            `auxseg.data.preparing.near_duplicates`, wherever the samples are divided here. An official split stays as
            it is, and a finding names the groups that it divides. Takes 1 kB per sample more.
        strict: make the first sample or label that cannot be used an error.
        overwrite: replace a file that exists.
        seed: of the division into splits.
        processes: how many processes read and resize; ``None`` for one per processor. As always with processes, a
            script that asks for several must be safe to import (``if __name__ == "__main__":``).
        original_masks: also keep every mask at the size of its photograph, compressed, for figures at that size. The
            content hash stays the same.
        shard_size: instead of one file, write a folder of files with so many samples each, see
            `auxseg.data.store.shards`. The content hash stays the same.
        progress: told the numbers of samples done and of all samples.
        search_progress: told how far the search for near duplicates is, which follows.

    Raises:
        InputError: before anything is read, for unfit settings, an empty source or an unusable ``out``.
        RunError: no sample could be used (or one could not and ``strict`` is set), none has the box that was asked
            for, or writing failed.
    """
    out = as_path(out, "out")
    if not isinstance(source, Source):
        raise InputError(f"source: expected what auxseg.open_source(name, path) opens, not {shown(source)}")
    stored = _stored(size, long_side)
    settings = RecordSettings(
        stored, resize, source.mask_classes, box, dict(source.layers), original_masks, source.channels
    )
    _check(settings, processes)
    _check_names(source)
    items = source.items()
    if not items:
        raise InputError(f"the source {source.name} holds no samples")
    check_split(split, [item.split for item in items], val_fraction)
    if shard_size is not None:
        check_shard_size(shard_size, len(items))
    with store_writer(
        out,
        stored,
        source.layers,
        channels=source.channels,
        original_masks=original_masks,
        shard_size=shard_size,
        overwrite=overwrite,
    ) as writer:
        fitted = "squash" if isinstance(stored, LongSide) else resize
        alike = NearDuplicates(fitted, source.channels) if group_near_duplicates else None
        with closing(read_records(source, settings, items, processes)) as results:
            tally = _write(writer, items, results, alike, strict=strict, progress=progress)
        if box != LARGEST and not tally.num_boxes_kept:
            raise RunError(f"no sample has exactly one box named {box!r}")
        groups = writer.column("group")
        grouping = None if alike is None else alike.merged(groups, search_progress)
        splits = assign_splits(
            split,
            [item.split for item in tally.written],
            writer.label_rows(),
            groups if grouping is None else grouping.groups,
            tally.mask_ids if len(source.mask_classes) > _BINARY else None,
            val_fraction=val_fraction,
            seed=seed,
        )
        findings = tuple(tally.findings(source, settings, writer, splits))
        remarks = source.remarks
        if grouping is not None:
            findings += (*grouping.findings, *grouping.leaks(splits, [item.id for item in tally.written]))
            remarks += (grouping.in_words(),)
        choices = {"split": split, "val_fraction": val_fraction, "box": box, "seed": seed, "notes": tally.notes}
        header = _header(source, settings, tally) | _exif(source, writer.column("orientation"))
        news = _news(tally, settings, remarks, grouping, splits)
        writer.finish(splits, header, _provenance(source, choices | news))
    return Report(
        out, len(tally.written), tuple(tally.skipped), dict(tally.notes), tuple(tally.dropped), remarks, findings
    )


def _write(
    writer: RecordWriter,
    items: Sequence[Item],
    results: Iterator[Record | str],
    alike: NearDuplicates | None,
    *,
    strict: bool,
    progress: Callable[[int, int], None] | None,
) -> Tally:
    """Append every record and count what is in it."""
    tally = Tally()
    for done, (item, result) in enumerate(zip(items, results, strict=True), 1):
        fault = result if isinstance(result, str) else next(iter(result.dropped), None)
        if strict and fault is not None:
            raise RunError(f"{printable(item.id)}: {printable(fault)}")
        if isinstance(result, Record):
            writer.append(result)
            tally.add(item, result)
            if alike is not None:
                alike.add(result)
        else:
            tally.skip(item, result)
        if progress is not None:
            progress(done, len(items))
    tally.check(len(items))
    return tally


def _stored(size: SizeLike | Literal["original"], long_side: int | None) -> Size | LongSide:
    if long_side is not None or size == "original":
        return LongSide(long_side)
    return as_size(size, "size")


def _check(settings: RecordSettings, processes: int | None) -> None:
    if isinstance(settings.size, LongSide):
        if settings.size.pixels is not None and not SIZES[0] <= settings.size.pixels <= MAX_LONG_SIDE:
            raise InputError(
                f"long_side must be between {SIZES[0]} and {MAX_LONG_SIDE} pixels, not {settings.size.pixels}"
            )
    elif not (SIZES[0] <= settings.size.shorter and settings.size.longer <= SIZES[1]):
        raise InputError(f"size must be between {SIZES[0]} and {SIZES[1]} pixels, not {settings.size}")
    if settings.resize not in RESIZES:
        raise InputError(f"resize must be one of {', '.join(RESIZES)}, not {settings.resize!r}")
    if processes is not None and processes < 1:
        raise InputError(f"processes must be at least 1, not {processes}")


def _check_names(source: Source) -> None:
    """Refuse names of mask classes and layers that the store could not keep, before anything is read."""
    for name in source.mask_classes:
        if fault := text_fault(name):
            raise InputError(f"the source {source.name} has a mask class '{printable(name)}' that {fault}")
    for name in source.layers:
        if fault := name_fault(name):
            raise InputError(f"the source {source.name} has a layer '{printable(name)}' whose name {fault}")
    if fault := source.channels.fault():
        raise InputError(f"the source {source.name} has channels that no store can keep: {fault}")
    if len(source.layers) > MAX_LAYERS:
        raise InputError(f"the source {source.name} has {len(source.layers)} layers; a store holds {MAX_LAYERS}")


def _header(source: Source, settings: RecordSettings, tally: Tally) -> dict[str, object]:
    """The root's attributes; those that say nothing new are left out, so that older files have the same hash."""
    news: dict[str, object] = {"dropped": tally.dropped} if tally.dropped else {}
    if source.category_ids:
        news["category_ids"] = source.category_ids
    if not source.has_background:
        news["has_background"] = False
    return news | {
        "size": settings.size.to_json(),
        "resize": settings.resize,
        "border": printable(source.provenance().get("border", "none")),
        "mask_classes": settings.mask_classes,
        "box_from_mask": source.box_from_mask,
        "skipped": tally.skipped,
    }


def _exif(source: Source, orientations: Sequence[Orientation]) -> dict[str, str]:
    """What most photographs with an orientation were read like, unless they were turned, which is the rule.

    Images whose channels are kept are never turned.
    """
    if source.channels != RGB:
        return {"exif": "ignore"}
    turned = Counter(each.is_turned for each in orientations if each.tag != 1)
    return {"exif": "ignore"} if turned[False] > turned[True] else {}


def _news(
    tally: Tally, settings: RecordSettings, remarks: Sequence[str], grouping: Grouping | None, splits: np.ndarray
) -> dict[str, object]:
    """What there is to say beside the choices; nothing of it is part of the content hash."""
    news: dict[str, object] = {"undecided_orientations": tally.undecided} if tally.undecided else {}
    if tally.num_boxes:
        news["boxes"] = tally.boxes(settings.box)
    if remarks:
        news["remarks"] = [printable(remark) for remark in remarks]
    if grouping is not None:
        news["group_near_duplicates"] = True
        ids = [item.id for item in tally.written]
        news[ALIKE] = [[ids[row] for row in rows] for rows in grouping.alike]
        news["near_duplicates"] = {
            "num_groups": len(grouping.alike),
            "num_samples": sum(len(rows) for rows in grouping.alike),
            "num_across_splits": len(grouping.across(splits)),
        }
    return news


def _provenance(source: Source, choices: dict[str, object]) -> dict[str, object]:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    details = {key: printable(value) for key, value in source.provenance().items()}
    return {"source": source.name, "details": details, **choices, "auxseg": __version__, "date": now}
