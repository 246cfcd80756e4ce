"""Outside formats that `auxseg data prepare` reads; each is a `Source` in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from auxseg.data.sources.oxford_iiit_pet import OxfordIIITPet
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.errors import InputError

SOURCES: Final[dict[str, Callable[[Path, str], Source]]] = {OxfordIIITPet.name: OxfordIIITPet}
"""Name on the command line -> how to open it, given its path and the treatment of mask borders."""


def open_source(name: str, path: str | Path, border: str = "foreground") -> Source:
    """Open a source by its name on the command line. Raises `InputError` for an unknown name or unfit folder."""
    if name not in SOURCES:
        raise InputError(f"unknown source {name!r}; there are: {', '.join(SOURCES)}")
    return SOURCES[name](Path(path), border)


__all__ = ["SOURCES", "Item", "OxfordIIITPet", "SampleError", "Source", "open_source"]
