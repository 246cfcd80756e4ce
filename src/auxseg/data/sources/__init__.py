"""Outside formats that `auxseg data prepare` reads; each is a `Source` in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from auxseg.data.sources.coco import Coco
from auxseg.data.sources.folder import Folder
from auxseg.data.sources.oxford_iiit_pet import OxfordIIITPet
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.split_h5 import SplitH5
from auxseg.data.sources.voc import PascalVOC
from auxseg.errors import InputError

SOURCES: Final[dict[str, Callable[[Path], Source]]] = {
    OxfordIIITPet.name: OxfordIIITPet,
    SplitH5.name: SplitH5,
    Folder.name: Folder,
    Coco.name: Coco,
    PascalVOC.name: PascalVOC,
}
"""Name on the command line -> how to open it, given its path."""


def open_source(name: str, path: str | Path, border: str = "foreground") -> Source:
    """Open a source by its name on the command line.

    Raises `InputError` for an unknown name, an unfit path, or a ``border`` where there are no trimaps.
    """
    if name not in SOURCES:
        raise InputError(f"unknown source {name!r}; there are: {', '.join(SOURCES)}")
    if name == OxfordIIITPet.name:
        return OxfordIIITPet(path, border)
    if border != "foreground":
        raise InputError(f"border is a setting of the trimaps of {OxfordIIITPet.name}; {name} has none")
    return SOURCES[name](Path(path))


__all__ = [
    "SOURCES",
    "Coco",
    "Folder",
    "Item",
    "OxfordIIITPet",
    "PascalVOC",
    "SampleError",
    "Source",
    "SplitH5",
    "open_source",
]
