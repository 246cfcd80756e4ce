"""Stores of equal form as one, whose files are theirs."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from auxseg.arguments import as_path
from auxseg.data.preparing.stored_record import header_values, record_of
from auxseg.data.store.alike import ALIKE, NEAR, alike
from auxseg.data.store.header import Header
from auxseg.data.store.shards.agreement import disagreement
from auxseg.data.store.shards.index_file import MOST_SHARDS, Shard, ShardIndex, shard_name, write_index
from auxseg.data.store.shards.reading import id_twice
from auxseg.data.store.store import Store
from auxseg.data.store.writing.content_hash import ContentHash
from auxseg.data.store.writing.output import is_of, output
from auxseg.data.store.writing.writer import StoreWriter
from auxseg.errors import InputError, RunError


@final
@dataclass(frozen=True)
class JoinReport:
    """The folder that was written. ``num_copied`` of its files could not be linked to those of the stores, and
    ``num_rewritten`` were written again, because others know classes of labels that they do not."""

    path: Path
    num_samples: int
    num_shards: int
    num_copied: int
    content_hash: str
    num_rewritten: int = 0


def join(
    stores: Sequence[str | Path],
    out: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> JoinReport:
    """Make one store of several, each a file or a folder of shards, which keep their order and their splits.

    The files of the new one are hard links to those of the stores: they take no space, and the stores may be deleted
    afterwards. Where a file system has no links, or is another one, files are copied. All samples are read once, for
    the content hash; it is that of one file with the same samples, see `auxseg.data.store.writing.content_hash`.

    The names of classes of a label may differ: a store knows those alone that its samples have. The whole knows all,
    in alphabetical order, as a preparation of all samples would. Files that know fewer are written again.

    Raises:
        InputError: if there are fewer than two stores, if they do not agree about everything else but their samples, if
            an id stands in two of them, or if ``out`` exists.
        RunError: if one of the stores is damaged, or the disk is full.
    """
    out = as_path(out, "out")
    opened = [Store.open(as_path(path, "stores")) for path in stores]
    if len(opened) < 2:
        raise InputError(f"stores: expected at least two to join, found {len(opened)}")
    labels = _labels([store.header for store in opened])
    _check(opened, out, labels)
    files = [file for store in opened for file in store.files]
    if len(files) > MOST_SHARDS:
        raise InputError(
            f"the stores have {len(files):,} files, more than {MOST_SHARDS:,}; convert them to larger ones"
        )
    parts = [Store.open(file) for file in files]
    with output(out, overwrite, is_folder=True) as folder:
        places = [folder / shard_name(number) for number in range(len(parts))]
        is_whole = [dict(part.header.labels) == labels for part in parts]
        linked = [pair for *pair, knows_all in zip(files, places, is_whole, strict=True) if knows_all]
        copied = [_copied(file, place) for file, place in linked]
        whole = replace(
            opened[0].header,
            labels=labels,
            skipped=tuple(pair for store in opened for pair in store.skipped),
            dropped=tuple(pair for store in opened for pair in store.dropped),
        )
        content_hash = _content_hash(parts, whole, progress)
        own_hashes = [
            part.content_hash if knows_all else _written_again(part, place, labels, out.parent)
            for part, place, knows_all in zip(parts, places, is_whole, strict=True)
        ]
        shards = [Shard(place.name, len(part), own) for place, part, own in zip(places, parts, own_hashes, strict=True)]
        provenance = joined_provenance([store.provenance for store in opened])
        write_index(folder, ShardIndex(content_hash, tuple(shards), provenance, whole.skipped, whole.dropped))
    return JoinReport(out, sum(map(len, parts)), len(parts), sum(copied), content_hash, len(parts) - len(copied))


def joined_provenance(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where several stores come from: what all say, what is counted added up, and each one's own in ``joined``."""
    first = found[0]
    same = {key: value for key, value in first.items() if all(each.get(key) == value for each in found)}
    sources = dict.fromkeys(str(each["source"]) for each in found)
    notes: Counter[str] = Counter()
    for each in found:
        notes.update(each.get("notes", {}))
    lists = {
        key: [*dict.fromkeys(text for each in found for text in _texts(each.get(key)))]
        for key in ("remarks", "undecided_orientations")
    }
    lists["remarks"] = [text for text in lists["remarks"] if NEAR not in text]  # they count images of one store
    boxes = _boxes([each.get("boxes") for each in found])
    return {
        **{key: value for key, value in same.items() if key not in ("boxes", "near_duplicates", ALIKE)},
        "source": ", ".join(sources),
        "notes": dict(notes),
        **{key: texts for key, texts in lists.items() if texts},
        **({"boxes": boxes} if boxes else {}),
        **_near_duplicates(found),
        "joined": [
            {key: each[key] for key in ("source", "details", "auxseg", "date") if key in each} for each in found
        ],
    }


def _boxes(found: Sequence[object]) -> dict[str, object]:
    """How many boxes the sources have and the stores keep, where each says so; see `Tally.boxes`."""
    keys = "num_boxes", "num_samples", "num_kept"
    known = [each for each in found if isinstance(each, dict) and all(type(each.get(key)) is int for key in keys)]
    if not known:
        return {}
    choices = dict.fromkeys(str(each.get("choice")) for each in known)
    sums = {key: sum(each[key] for each in known) for key in keys}
    names = sorted({str(name) for each in known for name in each["names"]})
    kept = [names.index(each["names"][k]) if k >= 0 else -1 for each in known for k in each["kept"]]
    is_told = len(known) == len(found) and all(each["kept"] for each in known)
    told = {"names": names, "kept": kept} if is_told else {"names": [], "kept": []}
    return {"choice": ", ".join(choices), **sums, **told}


def _near_duplicates(found: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What `data prepare` found alike in each store, if it was asked to look in all of them; none looked across."""
    numbers = [each.get("near_duplicates") for each in found]
    known = [each for each in numbers if isinstance(each, dict)]
    sets = [ids for each in found for ids in alike(each)]
    if len(known) < len(found):
        return {ALIKE: sets} if sets else {}
    return {"near_duplicates": {key: sum(each[key] for each in known) for key in known[0]}, ALIKE: sets}


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _labels(headers: Sequence[Header]) -> dict[str, tuple[str, ...]]:
    """The names of the classes of every label that all stores know.

    Where all know the same, they keep their order.
    """
    known = [label for label in headers[0].labels if all(label in header.labels for header in headers)]
    found: dict[str, tuple[str, ...]] = {}
    for label in known:
        tables = {header.labels[label] for header in headers}
        found[label] = tables.pop() if len(tables) == 1 else tuple(sorted({name for each in tables for name in each}))
    return found


def _check(stores: Sequence[Store], out: Path, labels: Mapping[str, tuple[str, ...]]) -> None:
    """Raise `InputError` for stores that cannot be one with these names of classes."""
    first = stores[0]
    named = [replace(store.header, labels={**store.header.labels, **labels}) for store in stores]
    for store, header in zip(stores, named, strict=True):
        if is_of(out, store):
            raise InputError(f"--out {out} is one of the stores, one of their files, or holds one; choose another name")
        if found := disagreement(named[0], first.path, header, store.path):
            raise InputError(f"{found}; prepare them alike, or together")
    if twice := id_twice((store.path, store.ids) for store in stores):
        raise InputError(f"{twice}; ids are unique in a store: leave one of them out, or prepare it with other names")


def _copied(file: Path, target: Path) -> bool:
    """Make a file appear at another place too; whether it had to be copied."""
    try:
        os.link(file.resolve(), target)  # a link to a symbolic link would be no file
    except OSError:
        shutil.copyfile(file, target)
        return True
    return False


def _written_again(part: Store, target: Path, labels: Mapping[str, tuple[str, ...]], place: Path) -> str:
    """Write a file with more names of classes than it has; its content hash. Errors name the folder ``place``."""
    with StoreWriter(
        target,
        part.header.size,
        {name: layer.form for name, layer in part.layers.items()},
        channels=part.channels,
        original_masks=part.originals is not None,
        place=place,
    ) as writer:
        for row in range(len(part)):
            writer.append(record_of(part, row))
        return writer.finish(part.split, header_values(part.header), part.provenance, labels)


def _content_hash(parts: Sequence[Store], whole: Header, progress: Callable[[int, int], None]) -> str:
    """The hash of all samples. Raises `RunError` if a part does not hold what its own hash covers."""
    num_samples, done = sum(map(len, parts)), 0
    forms = {name: form for name, (form, _) in whole.layers.items()}
    total = ContentHash(whole.size, forms, whole.channels)
    for part in parts:
        own = ContentHash(whole.size, forms, whole.channels)
        for row in range(len(part)):
            record = record_of(part, row)
            own.append(record)
            total.append(record)
            done += 1
            progress(done, num_samples)
        if _finished(own, part.split, part.header) != part.content_hash:
            raise RunError(f"{part.path} is damaged: it does not hold what its content hash covers; prepare it again")
    return _finished(total, np.concatenate([part.split for part in parts]), whole)


def _finished(content: ContentHash, split: np.ndarray, header: Header) -> str:
    return content.finish(split, content.complete(header_values(header), header.labels))
