"""Outside formats that `auxseg data prepare` reads; each is a `Source` in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from auxseg.arguments import as_path
from auxseg.data.sources.arrays import Arrays
from auxseg.data.sources.coco.coco import Coco
from auxseg.data.sources.folder import Folder
from auxseg.data.sources.huggingface import HuggingFace
from auxseg.data.sources.index import Index
from auxseg.data.sources.oxford_iiit_pet import OxfordIIITPet
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.split_h5 import SplitH5
from auxseg.data.sources.voc import PascalVOC
from auxseg.data.sources.yolo import Yolo
from auxseg.errors import InputError

SOURCES: Final[dict[str, type[Source]]] = {
    OxfordIIITPet.name: OxfordIIITPet,
    SplitH5.name: SplitH5,
    Folder.name: Folder,
    Coco.name: Coco,
    PascalVOC.name: PascalVOC,
    Yolo.name: Yolo,
    Index.name: Index,
    Arrays.name: Arrays,
    HuggingFace.name: HuggingFace,
}
"""Name on the command line -> how to open it, given its path."""


def open_source(name: str, path: str | Path, **options: object) -> Source:
    """Open a source by its name on the command line, with the settings that it has (`Source.options`).

    Raises `InputError` for an unknown name, an unfit path, or a setting that this source does not have.
    """
    path = as_path(path, "path")
    if name not in SOURCES:
        raise InputError(f"unknown source {name!r}; there are: {', '.join(SOURCES)}")
    source = SOURCES[name]
    for option in options:
        if option not in source.options:
            having = ", ".join(each.name for each in SOURCES.values() if option in each.options)
            raise InputError(f"{option} is a setting of {having or 'no source'}; {name} has none")
    made: Any = source  # each takes a path and its own options
    return made(path, **options)


__all__ = [
    "SOURCES",
    "Arrays",
    "Coco",
    "Folder",
    "HuggingFace",
    "Index",
    "Item",
    "OxfordIIITPet",
    "PascalVOC",
    "SampleError",
    "Source",
    "SplitH5",
    "Yolo",
    "open_source",
]
