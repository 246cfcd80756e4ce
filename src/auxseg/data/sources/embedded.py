"""Images and arrays that are parts of other files, such as one array of several, and are read like files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO


class Embedded(ABC):
    """A part of a file. It can be hashed, travels as a pickle, and holds nothing open."""

    def __str__(self) -> str:
        return self.name

    @property
    @abstractmethod
    def name(self) -> str:
        """What errors call it."""

    @property
    @abstractmethod
    def suffix(self) -> str:
        """That of a file of such content, in lower case; empty where only the content tells."""

    @abstractmethod
    def open(self) -> IO[bytes]:
        """The content as a file that can be sought in. Raises `SampleError` if it cannot be read or is too large."""


ImageFile = Path | Embedded
"""What holds one image or one array."""
