"""`auxseg data synthesize`, `download` and `prepare`: how stores are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, final

from tyro.conf import Positional, arg

from auxseg.cli.command import Command, optional
from auxseg.cli.output.data_reports import counting, counting_stages, print_report
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.data.preparing.prepare import Report
    from auxseg.records.values.size import Size


@final
@dataclass(frozen=True, kw_only=True)
class Synthesize(Command):
    """Write a built-in generated data set: animals or rooms with exact labels."""

    out: Path
    """The store to write (.h5); a folder with --shard-size."""

    kind: Literal["animals", "rooms"] = "animals"
    """animals: masks, species, breeds, head boxes; rooms: masks of 13 classes, depth, normals, kinds of room."""

    samples: int = 1200
    """How many pictures."""

    size: Annotated[str, arg(metavar="N|HxW")] = "128"
    """Side of the pictures in pixels, or height x width, such as 288x384."""

    seed: int = 0
    """The same seed gives the same pictures."""

    shard_size: Annotated[int | None, optional("N")] = None
    """Write a folder of files with N samples each, which every command reads as one store."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    processes: Annotated[int | None, optional("N")] = None
    """How many processes draw (default: one per processor)."""

    def run(self, console: Console) -> dict[str, object]:
        """Generate and write it."""
        from auxseg.data.synthesize import synthesize
        from auxseg.records.values.size import as_size

        with counting(console, "synthesizing") as progress:
            report = synthesize(
                self.out,
                kind=self.kind,
                num_samples=self.samples,
                size=as_size(self.size, "--size"),
                seed=self.seed,
                overwrite=self.overwrite,
                processes=self.processes,
                shard_size=self.shard_size,
                progress=progress,
            )
        return _tell(console, report)


@final
@dataclass(frozen=True, kw_only=True)
class Download(Command):
    """Download a public data set; an interrupted download continues, and checksums are verified."""

    dataset: Positional[Literal["oxford-iiit-pet"]]
    """Which data set."""

    to: Path
    """The folder to write to; created if it does not exist."""

    def run(self, console: Console) -> dict[str, object]:
        """Fetch and unpack it."""
        from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

        from auxseg.data.download import download_oxford_iiit_pet

        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
            tasks: dict[str, TaskID] = {}

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
    """Convert images and labels of another format into one store.

    Samples and labels that cannot be used are left out, named and counted.
    """

    source: Positional[str]
    """The format: oxford-iiit-pet, split-h5, folder, coco, voc, yolo, index, arrays or huggingface."""

    path: Positional[Path]
    """The folder to read, the annotation file of coco or the table of index (.csv, .tsv, .parquet); it is never written
    to."""

    out: Path
    """The store to write (.h5); a folder with --shard-size."""

    size: Annotated[str, arg(metavar="N|HxW|original")] = "256"
    """Side of the stored images in pixels, or height x width, such as 288x384; original: each at its own size."""

    long_side: Annotated[int | None, optional("N")] = None
    """Instead of --size: keep the shape of each image, its longer side at most N pixels."""

    split: str = "official"
    """The source's own split, or percentages of train, val and test, such as 60-20-20 or 0-0-100."""

    annotations: Annotated[tuple[str, ...], optional("SPLIT=FILE.json ...")] = ()
    """coco: one annotation file for each official split, such as train=A.json val=B.json; PATH is then the folder of
    the images."""

    fields: Annotated[tuple[str, ...], optional("ROLE=NAME ...")] = ()
    """huggingface: which column is what, such as image=pixel_values mask=label; arrays: which folder, such as
    mask=label_7 disparity=depth."""

    layers: Annotated[tuple[Literal["boxes", "tags", "points", "instances"], ...], optional("boxes tags ...")] = ()
    """coco, yolo: further labels to keep: boxes (all of them), tags (which categories occur), points (key points of
    the largest object), instances (which pixels are which object's). A folder declares its layers in layers.yaml."""

    exif: Annotated[Literal["auto", "apply", "ignore"], optional("auto|apply|ignore")] = "auto"
    """apply: turn images by their EXIF orientation; ignore: read them as stored; auto: decide by mask sizes."""

    threshold: Annotated[float | None, optional("N")] = None
    """folder, voc, index, huggingface: read grey masks as foreground where their pixels are at least N, such as 128."""

    colours: Annotated[Path | None, optional("FILE")] = None
    """folder, voc, index, huggingface: a table of the masks' colours and their classes (labelmap.txt, classes.txt);
    auto numbers the colours, index uses the palettes' numbers."""

    instances: Annotated[Literal["merge", "classes"] | None, optional("merge|classes")] = None
    """folder, voc, index, huggingface: whether the ids in the masks are objects of one class (merge) or
    classes (classes)."""

    channels: Annotated[str | None, optional("native|NAME,NAME,...")] = None
    """folder, index, huggingface: keep 1 to 16 channels of 8 or 16 bits (PNG, TIFF, .npy, .npz, .mat) as
    the files have them; names such as red,green,blue,nir name them in their order (default: images are read as RGB of
    8 bits)."""

    border: Literal["foreground", "ignore", "class"] = "foreground"
    """How the border of a trimap (oxford-iiit-pet) counts: as the animal, not at all, or as its own mask class."""

    resize: Literal["squash", "letterbox"] = "squash"
    """squash: stretch images to the size; letterbox: keep their shape and pad (masks ignore padding)."""

    box: str = "largest"
    """The box to use where a sample has several: largest, or the name of a box."""

    original_masks: bool = False
    """Also keep masks at the size of their images, compressed, for evaluate --at original."""

    shard_size: Annotated[int | None, optional("N")] = None
    """Write a folder of files with N samples each, which every command reads as one store."""

    val_fraction: float = 0.1
    """Share of val in an official trainval split."""

    group_near_duplicates: bool = False
    """Keep images that look nearly the same in one split; an official split stays, and what it divides is named."""

    strict: bool = False
    """Stop at the first sample or label that cannot be used."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    seed: int = 0
    """Seed of the division into splits."""

    processes: Annotated[int | None, optional("N")] = None
    """Number of reading processes (default: one per CPU core)."""

    def run(self, console: Console) -> dict[str, object]:
        """Prepare it and say what was left out."""
        from auxseg.data.preparing.prepare import prepare
        from auxseg.data.sources import open_source

        size = self._size()
        with counting_stages(console, "preparing", "searching for near-duplicates") as (progress, search_progress):
            report = prepare(
                open_source(self.source, self.path, **self._options()),
                self.out,
                size=size,
                long_side=self.long_side,
                split=self.split,
                val_fraction=self.val_fraction,
                resize=self.resize,
                box=self.box,
                group_near_duplicates=self.group_near_duplicates,
                strict=self.strict,
                overwrite=self.overwrite,
                seed=self.seed,
                processes=self.processes,
                original_masks=self.original_masks,
                shard_size=self.shard_size,
                progress=progress,
                search_progress=search_progress,
            )
        return _tell(console, report)

    def _size(self) -> Size | Literal["original"]:
        from auxseg.records.values.size import as_size

        if self.long_side is not None and self.size != "256":
            raise InputError(f"--size {self.size} and --long-side {self.long_side} exclude each other; leave one out")
        return "original" if self.size == "original" else as_size(self.size, "--size")

    def _options(self) -> dict[str, object]:
        """The settings of the source that were given; what was left alone has its default."""
        defaults = {each.name: each.default for each in dataclass_fields(self)}
        names = "annotations", "border", "channels", "colours", "exif", "instances", "layers", "threshold"
        given = {name: getattr(self, name) for name in names if getattr(self, name) != defaults[name]}
        if self.annotations:
            given["annotations"] = {
                split: Path(file) for split, file in _pairs("annotations", self.annotations).items()
            }
        if self.fields:
            given["fields"] = _pairs("fields", self.fields)
        return given


_PAIRS: Final = {
    "annotations": ("SPLIT=FILE", "train=annotations/train.json"),
    "fields": ("ROLE=NAME", "mask=label"),
}
"""Options of pairs: what they look like, and an example."""


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, str]:
    """``train=a.json`` and so on. Raises `InputError` for what is none of that or occurs twice."""
    form, example = _PAIRS[option]
    result: dict[str, str] = {}
    for text in texts:
        key, _, value = text.partition("=")
        if not key or not value:
            raise InputError(f"--{option} should be {form}, such as {example}, not {text!r}")
        if key in result:
            raise InputError(f"--{option} names {key} twice")
        result[key] = value
    return result


def _tell(console: Console, report: Report) -> dict[str, object]:
    """Print a report; gives what ``--json`` prints."""
    print_report(console, report)
    return {**asdict(report), "path": str(report.path)}
