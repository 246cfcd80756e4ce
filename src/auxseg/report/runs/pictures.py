"""The drawn examples of a run, small enough to be carried inside the page."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from PIL import Image

from auxseg.records.pictures import Example
from auxseg.report import wording
from auxseg.report.runs.record import Record, main_figure

_WIDTH: Final = 1152
_MAX_BYTES: Final = 64 * 2**20
_MAX_PIXELS: Final = 100_000_000
_RANKS: Final = {"best": "Best", "median": "In the middle", "worst": "Worst"}


@final
@dataclass(frozen=True)
class Picture:
    """One drawn image with its id, its value and the picture as a data URI (``None`` if there is none)."""

    id: str
    value: str
    uri: str | None


def galleries(record: Record) -> list[tuple[str, list[Picture]]]:
    """The best, the middle and the worst images, each group under its title."""
    groups = (
        (title, [_picture(record, example) for example in record.examples if example.rank == rank])
        for rank, title in _RANKS.items()
    )
    return [(title, pictures) for title, pictures in groups if pictures]


def mistakes(record: Record) -> list[Picture]:
    """The worst images with the contours of truth and prediction and a map of the errors, worst first."""
    return ranked(record, "mistakes")


def ranked(record: Record, rank: str) -> list[Picture]:
    """The drawn images of a rank that can be embedded, in their order."""
    found = (_picture(record, example) for example in record.examples if example.rank == rank)
    return [picture for picture in found if picture.uri]


def attention(record: Record) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """By image, its id first: each task's name and the picture of its masks (``None`` if there is none)."""
    return [
        (image.id, [(task, _uri(record.path, file)) for task, file in image.pictures.items()])
        for image in record.inspection.images
    ]


def _picture(record: Record, example: Example) -> Picture:
    found = main_figure(record.figures, record.target)
    return Picture(
        example.id, wording.said(found[0] if found else "", example.value), _uri(record.path, example.picture)
    )


def _uri(run: Path, name: str) -> str | None:
    """The picture of this name inside the run; ``None`` for what is no picture or lies elsewhere, by a link too."""
    try:
        file = (run / name).resolve(strict=True)
        if not file.is_relative_to(run.resolve()) or not file.is_file() or file.stat().st_size > _MAX_BYTES:
            return None
        return data_uri(file)
    # What Pillow raises for a damaged file is of many kinds.
    except (OSError, ValueError, SyntaxError, RuntimeError, MemoryError, Image.DecompressionBombError):
        return None


def data_uri(path: Path) -> str:
    """A PNG picture as JPEG, no wider than a page can show. Raises ValueError if it is too large."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
        image = Image.open(path, formats=("PNG",))
    with image:
        if image.width * image.height > _MAX_PIXELS:
            raise ValueError(f"{path}: {image.width} by {image.height} pixels are too many for a page")
        picture = image.convert("RGB")
    picture.thumbnail((_WIDTH, _WIDTH))
    picture.save(content, format="JPEG", quality=88, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")
