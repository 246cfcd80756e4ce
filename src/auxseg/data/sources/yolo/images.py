"""Which images a YOLO data set has, in which split, and where the labels of an image are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.counting import count
from auxseg.data.preparing.findings import named
from auxseg.data.sources.pictures.files import describe_others, list_files, to_id
from auxseg.data.sources.yolo.config import YoloConfig
from auxseg.errors import InputError

_IMAGES, _LABELS, _LIST = "images", "labels", ".txt"
_BESIDE: Final = (".txt", ".cache", ".npy", ".json", ".xml", ".yaml", ".yml", ".md")
"""What lies beside images in such data sets and is none, nor meant to be one."""

_MAX_BYTES: Final = 500_000_000


@final
@dataclass(frozen=True)
class YoloImage:
    """An image of a data set, and its official split."""

    path: Path
    split: str


def find_images(config: YoloConfig) -> tuple[dict[str, YoloImage], tuple[str, ...]]:
    """All images by id, those of train first, and remarks about files that were left out.

    An id is the path below the root without suffix and without the last folder ``images``. What several splits list
    counts for the first of train, val and test. Images that a list names and that do not exist are among them.

    Raises `InputError` if a list cannot be read, no image of it exists, a folder holds no images, or two images have
    one id.
    """
    found: dict[str, YoloImage] = {}
    remarks: list[str] = []
    for split, places in config.places.items():
        again: list[str] = []
        for place in places:
            paths, said = _in_folder(place) if place.is_dir() else (_in_list(place, config.root), ())
            remarks += said
            for path in paths:
                id = image_id(path, config.root)
                known = found.setdefault(id, YoloImage(path, split))
                if known.path != path:
                    raise InputError(f"{config.path}: {known.path} and {path} have the same id {id}; keep only one")
                if known.split != split:
                    again.append(id)
        if again:
            remarks.append(
                f"counted only in an earlier split, which lists them too: {count(len(again), 'image')} of {split} "
                f"({named(again)})"
            )
    return found, tuple(remarks)


def label_path(image: Path) -> Path:
    """Where the labels of an image are: the last folder ``images`` of its path is called ``labels``, the suffix .txt.

    Without such a folder they are beside the image. The path should be absolute.
    """
    parts = list(image.parent.parts)
    if _IMAGES in parts:
        parts[len(parts) - 1 - parts[::-1].index(_IMAGES)] = _LABELS
    return Path(*parts, f"{image.stem}.txt")


def image_id(path: Path, root: Path) -> str:
    """The path below the root, or the whole of it where it is elsewhere, without the last folder ``images``."""
    parts = list((path.relative_to(root) if path.is_relative_to(root) else path.relative_to(path.anchor)).parts)
    above = parts[:-1]
    if _IMAGES in above:
        del parts[len(above) - 1 - above[::-1].index(_IMAGES)]
    return to_id("/".join(parts)) or str(path)


def _in_folder(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    listing = list_files(folder)
    if not listing.paths:
        raise InputError(f"{folder} holds no images that can be read")
    others = [name for name in listing.others if not name.lower().endswith(_BESIDE)]
    return list(listing.paths.values()), describe_others(str(folder.name), others, "no image that can be read")


def _in_list(file: Path, root: Path) -> list[Path]:
    """The images that a text file names, one a line: absolute, or relative to the file or to the root."""
    paths = [_resolved(line, (file.parent, root)) for line in _lines(file)]
    if not any(os.path.isfile(path) for path in paths):
        first = f"; the first is {paths[0]}" if paths else ""
        raise InputError(f"{file} should name images, one per line, but none of its {len(paths)} lines is one{first}")
    return list(dict.fromkeys(paths))


def _lines(file: Path) -> Iterator[str]:
    if file.suffix.lower() != _LIST or not file.is_file():
        raise InputError(f"{file} should be a folder of images, or a .txt file with the path of an image per line")
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise InputError(f"{file} has over {_MAX_BYTES:,} bytes; it should hold the paths of images")
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read; it should hold the path of an image per line") from error
    return (line.strip() for line in lines if line.strip())


def _resolved(line: str, folders: Sequence[Path]) -> Path:
    name = line.replace("\\", "/") if os.sep == "/" else line
    paths = [Path(os.path.normpath(folder / name)) for folder in folders]
    return next((path for path in paths if os.path.isfile(path)), paths[0])
