"""Writing a store as files that other programs read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.arguments import as_path
from auxseg.counting import count
from auxseg.data.channels import RGB
from auxseg.data.exporting.coco import CocoWriter
from auxseg.data.exporting.folder import FolderWriter
from auxseg.data.exporting.labelled_picture import file_names, labelled_picture
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.files import naming

FORMS: Final[tuple[str, ...]] = ("folder", "coco")


@final
@dataclass(frozen=True)
class ExportedData:
    """Where it lies, how many images there are, and what is worth knowing about it."""

    path: Path
    num_images: int
    notes: tuple[str, ...]


def export_data(
    store: Store, out: str | Path, form: str, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> ExportedData:
    """Write a store as a ``folder`` or as ``coco``; `auxseg data prepare` reads either.

    The images are those of the store, at its size and without padding. The directory appears when it is whole.

    Args:
        store: what to write.
        out: a directory that does not exist, or is empty.
        form: one of `FORMS`.
        progress: is told how many of how many images are written.

    Raises:
        InputError: if ``out`` holds something, or a name cannot stand in a file.
        RunError: if the disk is full or the store can no longer be read.
    """
    out = as_path(out, "out")
    if form not in FORMS:
        raise InputError(f"--to: expected one of {', '.join(FORMS)}, found {form!r}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists already; give the name of a new directory")
    if form == "coco" and store.channels != RGB:
        raise InputError(
            f"--to coco: its images are RGB of 8 bits, but these have {store.channels.in_words()}; export to a folder"
        )
    names = file_names(store)
    partial = out.with_name(f".{out.name}.partial")
    with naming(out, partial):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            writer = _writer(store, form, partial)
            for row, name in enumerate(names):
                writer.add(labelled_picture(store, row, writer.layers), name)
                progress(row + 1, len(names))
            notes = writer.finish()
            if out.exists():
                out.rmdir()
            partial.rename(out)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return ExportedData(
        out, len(names), (_sizes(store), *_layers(store, writer.layers), *_original_masks(store), *notes)
    )


def _writer(store: Store, form: str, out: Path) -> FolderWriter | CocoWriter:
    if form == "folder":
        return FolderWriter(out, store.vocabulary)
    return CocoWriter(out, store.vocabulary, has_masks=bool(store.has_mask.any()))


def _layers(store: Store, exported: Collection[str]) -> tuple[str, ...]:
    names = ", ".join(name for name in store.layers if name not in exported)
    return (f"its layers are not exported: {names}",) if names else ()


def _original_masks(store: Store) -> tuple[str, ...]:
    return ("its masks at the original size are not exported",) if store.originals is not None else ()


def _sizes(store: Store) -> str:
    if store.own is not None:
        return f"the {count(len(store), 'image')} are those of the store, each at its own size"
    if (store.original_sizes == [*store.size]).all():
        return f"the {count(len(store), 'image')} are those of the store, at the size that they had"
    height, width = store.size
    sides = f"{height} px wide and high" if store.size.is_square else f"{height} px high and {width} px wide"
    stretched = "stretched to squares" if store.size.is_square else "stretched to this size"
    shape = stretched if store.resize == "squash" else "without their padding"
    return f"the {count(len(store), 'image')} are those of the store: at most {sides}, {shape}"
