"""Boxes in the XML files of Pascal VOC, which other data sets use too."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final
from xml.etree import ElementTree

from auxseg.data.sample import Box
from auxseg.data.sources.overshoot import clip_overshoot
from auxseg.data.sources.source import SampleError

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_voc_boxes(path: Path, hw: tuple[int, int]) -> tuple[Box, ...]:
    """The box of every object, half-open, in a picture of this height and width.

    Boxes that reach out of it by a pixel are clipped: some tools count from 0, and round outwards. Raises `SampleError`
    with the reason if the file cannot be understood.

    A document type is refused: no annotation needs one, and the entities that it may define can grow without bound.
    """
    try:
        root = ElementTree.parse(path, ElementTree.XMLParser(target=_Plain())).getroot()
        return tuple(clip_overshoot(_to_box(each), hw) for each in root.findall("object"))
    except (ElementTree.ParseError, LookupError, ValueError, OSError) as error:
        raise SampleError(f"{path.name} is no readable box annotation: {error}") from error


@final
class _Plain(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: Any, system: Any) -> None:
        """Called by the parser before it reads what the document type defines."""
        raise ValueError("it declares a document type (<!DOCTYPE>), which is refused")


def _to_box(annotation: ElementTree.Element) -> Box:
    """Pascal VOC counts pixels from 1 and includes the last one; half-open and from 0, only the start moves."""
    corners = [annotation.findtext(f"bndbox/{key}") for key in _CORNERS]
    missing = [key for key, text in zip(_CORNERS, corners, strict=True) if text is None]
    if missing:
        raise ValueError(f"an object has no bndbox/{missing[0]}")
    x0, y0, x1, y1 = (float(text or "") for text in corners)
    return Box(x0 - 1, y0 - 1, x1, y1, annotation.findtext("name", ""))
