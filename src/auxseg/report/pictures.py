"""The drawn examples of a run, small enough to be carried inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from PIL import Image

from auxseg.report import wording
from auxseg.report.record import Record

_WIDTH: Final = 1152
_RANKS: Final = {"best": "Best", "median": "In the middle", "worst": "Worst"}


@final
@dataclass(frozen=True)
class Picture:
    """One drawn image with its id, its value and the picture as a data URI (``None`` if its file is gone)."""

    id: str
    value: str
    uri: str | None


def galleries(record: Record) -> list[tuple[str, list[Picture]]]:
    """The best, the middle and the worst images, each group under its title."""
    groups = (
        (title, [_picture(record.path, example) for example in record.examples if example["rank"] == rank])
        for rank, title in _RANKS.items()
    )
    return [(title, pictures) for title, pictures in groups if pictures]


def attention(record: Record) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """By image, its id first: each task's name and the picture of its masks (``None`` if its file is gone)."""
    return [
        (image["id"], [(task, _uri(record.path / file)) for task, file in image["pictures"].items()])
        for image in record.inspection.get("images", [])
    ]


def _picture(run: Path, example: Mapping[str, Any]) -> Picture:
    return Picture(example["id"], wording.figure(example["value"]), _uri(run / example["picture"]))


def _uri(file: Path) -> str | None:
    return data_uri(file) if file.is_file() else None


def data_uri(path: Path) -> str:
    """A picture as JPEG, no wider than a page can show."""
    content = io.BytesIO()
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.thumbnail((_WIDTH, _WIDTH))
    picture.save(content, format="JPEG", quality=88, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode("ascii")
