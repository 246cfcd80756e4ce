"""The seal of a checkpoint: whose it is, at which step, and a checksum of all its bytes.

torch.save writes a zip archive. Its comment, which stands at the very end and which torch passes over, holds the seal,
so that a sealed file remains one that torch.load reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final, final

from pydantic import Field

from auxseg.errors import InputError
from auxseg.models.archive import refuse_growth
from auxseg.records.values.reading import parse_json

_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
"""The last record of a zip archive, which ends with two bytes for the length of the comment, and the comment."""
_LENGTH_BYTES: Final = 2
_CHUNK_BYTES: Final = 2**20
_HEX: Final = 64


@final
@dataclass(frozen=True)
class Owner:
    """What a checkpoint belongs to: digests of its recipe (but for the number of steps) and of the data's content."""

    recipe: str
    data: str


@final
@dataclass(frozen=True)
class Seal:
    """What a checkpoint says of itself; ``version`` is that of the auxseg that wrote it."""

    step: Annotated[int, Field(ge=0)]
    owner: Owner
    version: str
    sha256: Annotated[str, Field(min_length=_HEX, max_length=_HEX)]


def sealed(archive: memoryview, step: int, owner: Owner, version: str) -> tuple[memoryview, bytes]:
    """An archive, as torch.save made it, in two parts that are to be written one after the other: body and seal."""
    assert archive[-_END_BYTES:].tobytes().startswith(_END), "torch.save leaves no comment"
    body = archive[:-_LENGTH_BYTES]
    seal = Seal(step, owner, version, hashlib.sha256(body).hexdigest())
    comment = json.dumps(asdict(seal)).encode()
    return body, struct.pack("<H", len(comment)) + comment


def examine(path: Path) -> Seal | None:
    """Check that every byte of a checkpoint is as it was written; `None` for one of a version that had no seals.

    Nothing is unpickled, and no more memory taken than a few pages. Raises `InputError` for a file that is missing,
    damaged, or an archive that would grow on being read: torch's are not compressed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            comment = archive.comment
        refuse_growth(path)
        with path.open("rb") as file:
            return _checked(path, file.fileno(), path.stat().st_size, comment)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # zipfile raises what it comes to: BadZipFile, struct.error, NotImplementedError, ...
        raise _damaged(path, str(error).partition("\n")[0] or type(error).__name__) from None


def _checked(path: Path, descriptor: int, size: int, comment: bytes) -> Seal | None:
    end = size - len(comment) - _END_BYTES
    tail = os.pread(descriptor, _END_BYTES, max(end, 0))
    if not tail.startswith(_END) or tail[-_LENGTH_BYTES:] != struct.pack("<H", len(comment)):
        raise ValueError("extra data follow the end of the archive")
    if not comment:
        return None
    seal = parse_json(comment, Seal, str(path))
    found, place, stop = hashlib.sha256(), 0, size - len(comment) - _LENGTH_BYTES
    while place < stop:
        chunk = os.pread(descriptor, min(_CHUNK_BYTES, stop - place), place)
        if not chunk:
            raise ValueError("it was truncated while it was read")
        found.update(chunk)
        place += len(chunk)
    if found.hexdigest() != seal.sha256:
        raise ValueError("its checksum does not match")
    return seal


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path}: not a checkpoint of a run, or damaged ({reason}); restore a copy, or start again with --overwrite"
    )
