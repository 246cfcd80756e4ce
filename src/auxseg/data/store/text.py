"""Texts that a store keeps: which it can keep, how they are shown if not, and how they lie in the file.

Shape legend: ``N`` texts, ``B`` bytes of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Int64, UInt8

MAX_CHARACTERS: Final = 1000
"""Of one text. Names of files are shorter; a column of texts takes as much memory for each as for the longest."""

MAX_COLUMN_BYTES: Final = 2**30
"""What one column of texts may take in memory."""

_BYTES_PER_CHARACTER: Final = 4


def text_fault(text: str) -> str | None:
    """Why a store cannot keep a text, to be put after its name; None if it can."""
    if len(text) > MAX_CHARACTERS:
        return f"has {len(text):,} characters; at most {MAX_CHARACTERS:,} are kept"
    if "\0" in text:
        return "holds a NUL character"
    if not is_unicode(text):
        return "is not UTF-8; rename it"
    return None


def printable(text: str) -> str:
    """The text with escape sequences in place of what is no character, and cut where it is too long to be kept.

    File names that are not UTF-8 show their bytes, as ``caf\\xe9.jpg``.
    """
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS - 1] + "…"
    if not is_unicode(text):
        content = text.encode("utf-8", "surrogateescape" if _is_file_name(text) else "backslashreplace")
        text = content.decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\0")


def encode_texts(texts: Sequence[str]) -> tuple[UInt8[np.ndarray, " B"], Int64[np.ndarray, " N"]]:
    """The texts one after another in UTF-8, and where each of them ends."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def decode_texts(content: bytes, ends: Int64[np.ndarray, " N"]) -> np.ndarray:
    """What `encode_texts` made of an array of texts. Raises `ValueError` if it made no such thing."""
    lengths = np.diff(ends, prepend=0)
    starts = ends - lengths
    if len(ends) and ((lengths < 0).any() or ends[-1] != len(content)):
        raise ValueError("its texts do not end where they should")
    check_column_bytes(len(ends), int(lengths.max(initial=0)))
    try:
        return np.array([content[start:end].decode() for start, end in zip(starts, ends, strict=True)], dtype=str)
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error


def check_column_bytes(num_texts: int, longest: int) -> None:
    """Refuse a column of texts that would take too much memory. Raises `ValueError`."""
    if longest > _BYTES_PER_CHARACTER * MAX_CHARACTERS:
        raise ValueError(f"it holds a text of {longest:,} bytes")
    if num_texts * longest * _BYTES_PER_CHARACTER > MAX_COLUMN_BYTES:
        raise ValueError(f"it holds {num_texts:,} texts of up to {longest:,} bytes, which takes too much memory")


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: it holds no halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_file_name(text: str) -> bool:
    """Whether Python made the text of a file's name, so that its bytes are known."""
    return not any("\ud800" <= character <= "\udfff" and not "\udc80" <= character <= "\udcff" for character in text)
