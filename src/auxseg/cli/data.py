"""`auxseg data`: synthesize, download, prepare, inspect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, final

from tyro.conf import Positional

from auxseg.cli.command import Command, optional
from auxseg.cli.existing import refuse_existing
from auxseg.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from auxseg.data.inspect import Inspection
    from auxseg.data.prepare import Report


@final
@dataclass(frozen=True, kw_only=True)
class Synthesize(Command):
    """Write the built-in generated data set: animals with exact masks, species, breeds and head boxes."""

    out: Path
    """The store to write (.h5)."""

    samples: int = 1200
    """How many pictures."""

    size: int = 128
    """Side of the pictures in pixels."""

    seed: int = 0
    """The same seed gives the same pictures."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    processes: Annotated[int | None, optional("N")] = None
    """How many processes draw (default: one per processor)."""

    def run(self, console: Console) -> dict[str, Any]:
        """Generate and write it."""
        from auxseg.data.synthesize import synthesize

        with _counting(console, "synthesizing") as progress:
            report = synthesize(
                self.out,
                num_samples=self.samples,
                size=self.size,
                seed=self.seed,
                overwrite=self.overwrite,
                processes=self.processes,
                progress=progress,
            )
        return _tell(console, report)


@final
@dataclass(frozen=True, kw_only=True)
class Download(Command):
    """Fetch a public data set; an interrupted download is continued, and checksums are checked."""

    dataset: Positional[Literal["oxford-iiit-pet"]]
    """Which data set."""

    to: Path
    """Where to put it; made if it does not exist."""

    def run(self, console: Console) -> dict[str, Any]:
        """Fetch and unpack it."""
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        from auxseg.data.download import download_oxford_iiit_pet

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
            tasks: dict[str, Any] = {}

            def progress(name: str, done: int, total: int | None) -> None:
                if name not in tasks:
                    tasks[name] = bars.add_task(name)
                bars.update(tasks[name], completed=done, total=total)

            folder = download_oxford_iiit_pet(self.to, progress=progress)
        console.print(
            f"{folder} is ready for: auxseg data prepare {self.dataset} {folder} --out FILE.h5", soft_wrap=True
        )
        return {"path": str(folder)}


@final
@dataclass(frozen=True, kw_only=True)
class Prepare(Command):
    """Write photographs and labels of an outside format into one store.

    What cannot be used is left out, named and counted.
    """

    source: Positional[str]
    """The format: oxford-iiit-pet, split-h5, folder, coco or voc."""

    path: Positional[Path]
    """The folder to read, the annotation file of coco; it is never written to."""

    out: Path
    """The store to write (.h5)."""

    size: int = 256
    """Side of the stored pictures in pixels."""

    split: str = "official"
    """The source's own split, or percentages of train, val and test, such as 60-20-20."""

    border: Literal["foreground", "ignore", "class"] = "foreground"
    """What the border of a trimap (oxford-iiit-pet) counts as: the animal, nothing, or a mask class of its own."""

    resize: Literal["squash", "letterbox"] = "squash"
    """Stretch pictures to a square, or keep their shape and pad (padding is ignored by masks)."""

    box: str = "largest"
    """Which of several boxes is the target: the largest, or the name of a box."""

    val_fraction: float = 0.1
    """Share of val in an official trainval."""

    strict: bool = False
    """Make the first sample that cannot be used an error."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    seed: int = 0
    """Of the division into splits."""

    processes: Annotated[int | None, optional("N")] = None
    """How many processes read (default: one per processor)."""

    def run(self, console: Console) -> dict[str, Any]:
        """Prepare it and say what was left out."""
        from auxseg.data.prepare import prepare
        from auxseg.data.sources import open_source

        with _counting(console, "preparing") as progress:
            report = prepare(
                open_source(self.source, self.path, **self._options()),
                self.out,
                size=self.size,
                split=self.split,
                val_fraction=self.val_fraction,
                resize=self.resize,
                box=self.box,
                strict=self.strict,
                overwrite=self.overwrite,
                seed=self.seed,
                processes=self.processes,
                progress=progress,
            )
        return _tell(console, report)

    def _options(self) -> dict[str, Any]:
        """The settings of the source that were given."""
        return {} if self.border == "foreground" else {"border": self.border}


@final
@dataclass(frozen=True, kw_only=True)
class Inspect(Command):
    """Show what is in a store, and what in it looks wrong."""

    path: Positional[Path]
    """The store."""

    html: Annotated[Path | None, optional("PATH")] = None
    """Also write a page that shows pictures with their masks and boxes."""

    overwrite: bool = False
    """Replace the page if it exists."""

    def run(self, console: Console) -> dict[str, Any]:
        """Inspect it, print tables and write the page."""
        from auxseg.data.inspect import inspect
        from auxseg.data.store import Store

        store = Store.open(self.path)
        if self.html is not None:
            if self.html.resolve() == self.path.resolve():
                raise InputError(f"--html {self.html} is the store itself; give the page another name")
            refuse_existing(self.html, overwrite=self.overwrite)
        with console.status(f"looking at {len(store)} samples"):
            inspection = inspect(store)
        _print_inspection(console, inspection)
        result = inspection.to_json()
        if self.html is not None:
            from auxseg.report.inspect_page import write_inspect_page

            write_inspect_page(store, inspection, self.html)
            console.print(f"page: {self.html}", markup=False, soft_wrap=True)
            result["html"] = str(self.html)
        return result


@contextmanager
def _counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts samples."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _tell(console: Console, report: Report) -> dict[str, Any]:
    for id, reason in report.skipped:
        console.print(f"left out: {id}: {reason}", markup=False, soft_wrap=True)
    for note, count in report.notes.items():
        console.print(f"repaired: {count} of {report.num_written} samples: {note}", markup=False, soft_wrap=True)
    for remark in report.remarks:
        console.print(f"note: {remark}", markup=False, soft_wrap=True)
    for id, reason in report.dropped:
        console.print(f"label left out: {id}: {reason}", markup=False, soft_wrap=True)
    left_out = f", {len(report.skipped)} left out" if report.skipped else ""
    console.print(f"{report.path}: {report.num_written} samples{left_out}", markup=False, soft_wrap=True)
    return asdict(report) | {"path": str(report.path)}


def _print_inspection(console: Console, inspection: Inspection) -> None:
    from rich.table import Table

    splits = inspection.splits
    sizes = ", ".join(f"{name} {width} x {height}" for name, (height, width) in inspection.original_sizes.items())
    console.print(
        f"{inspection.path}: {inspection.source}, {inspection.size} px, {inspection.resize}, border "
        f"{inspection.border}\nphotographs in pixels: {sizes}",
        markup=False,
        soft_wrap=True,
    )
    table = Table("", *splits)
    table.add_row("samples", *(str(split.num_samples) for split in splits.values()))
    first = next(iter(splits.values()))
    for name in first.mask_shares:
        table.add_row(f"pixels: {name}", *(_percent(split.mask_shares[name]) for split in splits.values()))
    table.add_row("pixels: ignored", *(_percent(split.ignored_share) for split in splits.values()))
    for kind, names in first.classes.items():
        for name in names:
            table.add_row(f"{kind}: {name}", *(str(split.classes[kind][name]) for split in splits.values()))
    for name in first.missing:
        table.add_row(f"without {name}", *(str(split.missing[name]) for split in splits.values()))
    console.print(table)
    for id, reason in inspection.skipped:
        console.print(f"left out when prepared: {id}: {reason}", markup=False, soft_wrap=True)
    for note, count in inspection.notes.items():
        console.print(f"repaired when prepared: {count} samples: {note}", markup=False, soft_wrap=True)
    for finding in inspection.findings:
        console.print(f"warning: {finding.text} [{finding.kind}]", markup=False, soft_wrap=True)
    if not inspection.findings:
        console.print("nothing looks wrong")


def _percent(value: float) -> str:
    return "-" if value != value else f"{value:.1%}"
