"""`auxseg data inspect`, `export`, `convert` and `join`: what is done with stores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, final

from tyro.conf import Positional

from auxseg.cli.command import Command, optional
from auxseg.cli.output.data_reports import counting, print_inspection
from auxseg.cli.output_checks import refuse_existing
from auxseg.counting import count
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@final
@dataclass(frozen=True, kw_only=True)
class Inspect(Command):
    """Show the content of a store, and its problems."""

    path: Positional[Path]
    """The store."""

    html: Annotated[Path | None, optional("PATH")] = None
    """Also write an HTML page with images, masks and boxes."""

    overwrite: bool = False
    """Replace the page if it exists."""

    def run(self, console: Console) -> dict[str, object]:
        """Inspect it, print tables and write the page."""
        from auxseg.data.preparing.inspect import inspect
        from auxseg.data.store.store import Store
        from auxseg.data.store.writing.output import is_of

        store = Store.open(self.path)
        if self.html is not None:
            if is_of(self.html, store):
                raise InputError(
                    f"--html {self.html} is the store itself, or one of its files; choose another name for it"
                )
            refuse_existing(self.html, overwrite=self.overwrite)
        with console.status(f"looking at {count(len(store), 'sample')}"):
            inspection = inspect(store)
        print_inspection(console, inspection)
        result = inspection.to_json()
        if self.html is not None:
            from auxseg.report.stores.inspect_page import write_inspect_page

            write_inspect_page(store, inspection, self.html)
            console.print(f"page: {self.html}", markup=False, soft_wrap=True)
            result["html"] = str(self.html)
        return result


@final
@dataclass(frozen=True, kw_only=True)
class Export(Command):
    """Write a store as a folder of pictures and tables, or as COCO; `auxseg data prepare` reads either."""

    path: Positional[Path]
    """The store."""

    out: Positional[Path]
    """The directory to write; it may not hold anything yet."""

    to: Literal["folder", "coco"] = "folder"
    """folder: images/, masks/, classes.txt, labels.csv, boxes.csv; coco: images/ and an annotation file per split."""

    def run(self, console: Console) -> dict[str, object]:
        """Write it, and say what differs from the store."""
        from auxseg.data.exporting.export import export_data
        from auxseg.data.store.store import Store

        with counting(console, "exporting") as progress:
            exported = export_data(Store.open(self.path), self.out, self.to, progress=progress)
        for note in exported.notes:
            console.print(f"note: {note}", markup=False, soft_wrap=True)
        console.print(f"{exported.path}: {count(exported.num_images, 'image')}", markup=False, soft_wrap=True)
        return {"path": str(exported.path), "images": exported.num_images, "notes": list(exported.notes)}


@final
@dataclass(frozen=True, kw_only=True)
class Convert(Command):
    """Write a store again, as this version writes it, into one file or several; its content and its hash stay the
    same."""

    path: Positional[Path]
    """The store."""

    out: Path
    """The store to write (.h5); a folder with --shard-size."""

    shard_size: Annotated[int | None, optional("N")] = None
    """Write a folder of files with N samples each, which every command reads as one store (default: one file)."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    def run(self, console: Console) -> dict[str, object]:
        """Convert it."""
        from auxseg.data.preparing.convert import convert

        with counting(console, "converting") as progress:
            converted = convert(
                self.path, self.out, shard_size=self.shard_size, overwrite=self.overwrite, progress=progress
            )
        console.print(f"{converted.path}: {count(converted.num_samples, 'sample')}", markup=False, soft_wrap=True)
        return {
            "path": str(converted.path),
            "samples": converted.num_samples,
            "content_hash": converted.content_hash,
        }


@final
@dataclass(frozen=True, kw_only=True)
class Join(Command):
    """Make one store of several of equal form; their files are linked, or copied where that is impossible.

    Samples keep their splits. All are read once, for the hash of the whole. Files that lack classes of a label which
    others have are written again.
    """

    paths: Positional[Annotated[tuple[Path, ...], optional("STORE ...")]]
    """The stores, in their order in the whole; they stay as they are."""

    out: Path
    """The folder to write, which every command reads as one store."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    def run(self, console: Console) -> dict[str, object]:
        """Join them, and say how the files came there."""
        from auxseg.data.preparing.join import join

        with counting(console, "reading") as progress:
            joined = join(self.paths, self.out, overwrite=self.overwrite, progress=progress)
        if joined.num_copied:
            console.print(f"note: {count(joined.num_copied, 'file')} copied, because links cannot be made there")
        if joined.num_rewritten:
            again = count(joined.num_rewritten, "file")
            console.print(f"note: {again} written again with classes of labels that only other stores have")
        console.print(
            f"{joined.path}: {count(joined.num_samples, 'sample')} in {count(joined.num_shards, 'file')}",
            markup=False,
            soft_wrap=True,
        )
        return {
            "path": str(joined.path),
            "samples": joined.num_samples,
            "files": joined.num_shards,
            "copied": joined.num_copied,
            "rewritten": joined.num_rewritten,
            "content_hash": joined.content_hash,
        }
