"""Boxes in the XML files of Pascal VOC, which other data sets use too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final
from xml.etree import ElementTree

from auxseg.data.sample import Box
from auxseg.data.sources.source import SampleError

_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")
_MAX_BYTES: Final = 20_000_000


@dataclass(frozen=True)
class VocObjects:
    """The objects of a photograph: their boxes, half-open, as the file has them, and why some have none; and height and
    width of the photograph, where the file says so."""

    boxes: tuple[Box, ...] = ()
    dropped: tuple[str, ...] = ()
    hw: tuple[int, int] | None = None


def read_voc_objects(path: Path) -> VocObjects:
    """Read a file of boxes; one that has none costs that box alone. Raises `SampleError` with the reason if the file
    cannot be understood.

    A document type is refused: no annotation needs one, and the entities that it may define can grow without bound.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it has over {_MAX_BYTES:,} bytes")
        root = ElementTree.parse(path, ElementTree.XMLParser(target=_Plain())).getroot()
    except (ElementTree.ParseError, LookupError, ValueError, OSError) as error:
        raise SampleError(f"{path.name} is not a readable box annotation: {error}") from error
    boxes: list[Box] = []
    dropped: list[str] = []
    for each in root.findall("object"):
        try:
            boxes.append(_to_box(each))
        except ValueError as error:
            dropped.append(f"{path.name}: {error}")
    return VocObjects(tuple(boxes), tuple(dropped), _size(root))


@final
class _Plain(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: object, system: object) -> None:
        """Called by the parser before it reads what the document type defines."""
        raise ValueError("it declares a document type (<!DOCTYPE>), which is not allowed")


def _to_box(annotation: ElementTree.Element) -> Box:
    """Pascal VOC counts pixels from 1 and includes the last one; half-open and from 0, only the start moves."""
    corners = [annotation.findtext(f"bndbox/{key}") for key in _CORNERS]
    missing = [key for key, text in zip(_CORNERS, corners, strict=True) if text is None]
    if missing:
        raise ValueError(f"object {annotation.findtext('name', '')!r} has no bndbox/{missing[0]}")
    x0, y0, x1, y1 = (float(text or "") for text in corners)
    return Box(x0 - 1, y0 - 1, x1, y1, annotation.findtext("name", ""))


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Tools that do not know the size write 0 or nothing."""
    texts = [root.findtext(f"size/{key}", "") for key in ("height", "width")]
    if not all(text.strip().isdecimal() and len(text) < 10 for text in texts):
        return None
    height, width = (int(text) for text in texts)
    return (height, width) if height and width else None
