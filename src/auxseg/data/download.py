"""Fetching public data sets: resumed after interruptions, checked before they are believed."""

from __future__ import annotations

import hashlib
import http.client
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auxseg.errors import InputError, RunError

OXFORD_IIIT_PET: Final = "https://thor.robots.ox.ac.uk/pets/"
"""Where the authors of the Oxford-IIIT Pet data set offer it."""

OXFORD_IIIT_PET_MD5: Final[Mapping[str, str]] = {
    "images.tar.gz": "5c4f3ee8e5d25df40f4fd59a7f44e54c",
    "annotations.tar.gz": "95a8c909bbe2e81eed6a22bccdf3f68f",
}

Progress = Callable[[str, int, int | None], None]
"""Told a file's name, the bytes there are, and the bytes there will be, if that is known."""

_BLOCK: Final = 1 << 18
_TIMEOUT: Final = 30.0
_RANGE_NOT_SATISFIABLE: Final = 416
_PARTIAL_CONTENT: Final = 206


def download_oxford_iiit_pet(
    to: str | Path,
    base_url: str = OXFORD_IIIT_PET,
    *,
    md5: Mapping[str, str] = OXFORD_IIIT_PET_MD5,
    progress: Progress | None = None,
    pause: float = 1.0,
) -> Path:
    """Fetch and unpack the data set, so that ``to`` holds ``images/`` and ``annotations/``; returns ``to``.

    Archives that are there whole are not fetched again, and those that were cut off are continued. ``pause`` is the
    wait in seconds after the first failure. Raises as `fetch` does, and `InputError` if ``to`` cannot be made.
    """
    to = Path(to)
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{to} cannot be made: {error.strerror}") from error
    for name, checksum in md5.items():
        archive = to / name
        fetch(base_url.rstrip("/") + "/" + name, archive, checksum, progress=progress, pause=pause)
        unpack(archive, to)
    return to


def fetch(
    url: str, path: Path, md5: str, *, progress: Progress | None = None, attempts: int = 5, pause: float = 1.0
) -> None:
    """Fetch a file to ``path`` and check it; the unfinished file beside it has the name ``NAME.partial``.

    A connection that breaks is tried again, up to ``attempts`` times without a new byte, after ``pause`` seconds, then
    twice as many, and so on. What is there already is continued if the server can. (The MD5 sums are those that the
    data sets are published with: they catch damage, not an attacker.)

    Raises:
        RunError: the server refuses, stays unreachable, or gives another file than the checksum says.
    """
    if path.is_file() and _md5(path) == md5:
        return
    partial = path.with_name(f"{path.name}.partial")
    failures, longest = 0, _length(partial)
    while True:
        try:
            _continue(url, partial, progress)
            break
        except urllib.error.HTTPError as error:
            if error.code < http.client.INTERNAL_SERVER_ERROR:
                raise RunError(f"{url} answers {error.code} {error.reason}") from error
            reason = f"{error.code} {error.reason}"
        except (http.client.HTTPException, ConnectionError) as error:
            reason = str(error)
        except OSError as error:
            raise RunError(f"{partial} cannot be written: {error.strerror}") from error
        length = _length(partial)
        failures = 1 if length > longest else failures + 1
        longest = max(longest, length)
        if failures == attempts:
            raise RunError(f"{url} cannot be fetched ({reason}); run the same command again to continue")
        time.sleep(pause * 2 ** (failures - 1))
    found = _md5(partial)
    if found != md5:
        partial.unlink()
        raise RunError(
            f"{url} is not the expected file: its MD5 sum is {found}, not {md5}; what was fetched is deleted"
        )
    partial.replace(path)


def unpack(archive: Path, to: Path) -> None:
    """Unpack a tar archive; members that would leave the folder are refused. Raises `RunError` if it fails."""
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(to, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RunError(f"{archive} cannot be unpacked into {to}: {error}") from error


def _continue(url: str, partial: Path, progress: Progress | None) -> None:
    """Fetch what is missing of a file. Raises `http.client.IncompleteRead` if the connection ends too early."""
    start = _length(partial)
    headers = {"User-Agent": "auxseg", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        with _network_failures_named():
            response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return  # Nothing is missing; the checksum decides whether it is the right file.
        raise
    with response:
        if response.status != _PARTIAL_CONTENT:
            start = 0
        length = response.headers["Content-Length"]
        total = start + int(length) if length else None
        with partial.open("ab" if start else "wb") as file:
            while block := _read(response):
                file.write(block)
                if progress is not None:
                    progress(partial.name.removesuffix(".partial"), file.tell(), total)
        if total is not None and _length(partial) < total:
            raise http.client.IncompleteRead(b"", total - _length(partial))


def _read(response: http.client.HTTPResponse) -> bytes:
    with _network_failures_named():
        return response.read(_BLOCK)


@contextmanager
def _network_failures_named() -> Iterator[None]:
    """Whatever the network does becomes a `ConnectionError`, so that every other `OSError` comes from the disk."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise ConnectionError(error.reason if isinstance(error, urllib.error.URLError) else error) from error


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
