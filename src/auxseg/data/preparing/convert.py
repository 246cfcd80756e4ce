"""A store of an older version as a file of today's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from auxseg.arguments import as_path
from auxseg.data.preparing.prepare import output
from auxseg.data.preparing.record import Record
from auxseg.data.sample import MISSING, Orientation
from auxseg.data.store.file import StoreFile
from auxseg.data.store.header import Header, read_header, read_old_header
from auxseg.data.store.open_file import opened
from auxseg.data.store.original_masks import pack
from auxseg.data.store.store import Store
from auxseg.data.store.versions import FIRST_VERSION
from auxseg.data.store.writing.writer import StoreWriter
from auxseg.errors import InputError, RunError


@final
@dataclass(frozen=True)
class Converted:
    """The file that was written, and the hash of its content, which is that of the old one."""

    path: Path
    num_samples: int
    content_hash: str


def convert(
    old: str | Path,
    out: str | Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Converted:
    """Write a store again, sample by sample, in the layout that this version writes.

    The content stays the same to the bit, and so does its hash: runs that were trained on the old file know the new
    one. Raises `InputError` if ``out`` exists, and `RunError` if the file is damaged: its content has another hash than
    it says.
    """
    store, out = Store.open(old), as_path(out, "out")
    if out.exists() and out.resolve() == store.path.resolve():
        raise InputError(f"--out {out} is the store itself; choose another file name")
    header = _read_header(store.path)
    with (
        output(out, overwrite) as partial,
        StoreWriter(
            partial,
            header.size,
            {name: layer.form for name, layer in store.layers.items()},
            channels=store.channels,
            original_masks=store.originals is not None,
        ) as writer,
    ):
        for row in range(len(store)):
            writer.append(_record(store, row))
            progress(row + 1, len(store))
        content_hash = writer.finish(store.split, _header(header), store.provenance)
        if content_hash != store.content_hash:
            raise RunError(f"{store.path} is damaged: it does not hold what its content hash covers; prepare it again")
    return Converted(out, len(store), content_hash)


def _record(store: Store, row: int) -> Record:
    """A sample as it was when it was written."""
    image, mask = store.read(row)
    layers = store.read_layers(row)
    original = store.read_original_mask(row) if store.originals is not None else None
    height, width = store.original_sizes[row].tolist()
    names, ids = store.vocabulary.labels, {label: int(values[row]) for label, values in store.classes.items()}
    return Record(
        id=str(store.ids[row]),
        group=str(store.groups[row]),
        image=image,
        mask=mask,
        has_mask=bool(store.has_mask[row]),
        box=store.boxes[row],
        classes={label: names[label][number] for label, number in ids.items() if number != MISSING},
        original_size=(height, width),
        image_hash=str(store.image_hashes[row]),
        perceptual_hash=int(store.perceptual_hashes[row]),
        orientation=Orientation(int(store.orientations[row]), bool(store.is_turned[row])),
        layers={name: values for name, values in layers.items() if store.layers[name].present[row]},
        original_mask=None if original is None else pack(original),
    )


def _read_header(path: Path) -> Header:
    with opened(path) as descriptor, StoreFile.open(descriptor) as file:
        return (read_old_header if file.number("schema_version") == FIRST_VERSION else read_header)(file)


def _header(header: Header) -> dict[str, object]:
    """What the old file says of itself; what says nothing new is left out, as when it was prepared."""
    news = {
        "dropped": header.dropped,
        "category_ids": header.category_ids,
        "has_background": None if header.has_background else False,
        "exif": None if header.exif == "apply" else header.exif,
    }
    return {key: value for key, value in news.items() if value not in ((), None)} | {
        "size": header.size.to_json(),
        "resize": header.resize,
        "border": header.border,
        "mask_classes": header.mask_classes,
        "box_from_mask": header.box_from_mask,
        "skipped": header.skipped,
    }
