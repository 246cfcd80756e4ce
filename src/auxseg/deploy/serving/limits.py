"""What a request may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from auxseg.data.sources.pictures.decoding import MAX_PIXELS
from auxseg.errors import InputError

MEGABYTE: Final = 1_000_000
MEGAPIXEL: Final = 1_000_000
_MOST_MEGABYTES: Final = 1000
"""Beyond any file of as many pixels as are read; uploads are held in memory."""

_MOST_SECONDS: Final = 24 * 60 * 60
_UPLOAD_SECONDS: Final = 60.0
_REQUESTS: Final = 128


@final
@dataclass(frozen=True)
class Limits:
    """Limits of one request, and of all together.

    Attributes:
        bytes: of a request's body; counted while it arrives.
        pixels: of a photograph; its header says how many, before any is decoded.
        seconds: from the end of the upload to the answer, waiting included.
        upload_seconds: for the body to arrive.
        waiting: requests that may wait for the one that is being answered.
        requests: requests with a body that may be open at the same time, those included whose body is arriving.
    """

    bytes: int = 25 * MEGABYTE
    pixels: int = 50 * MEGAPIXEL
    seconds: float = 60.0
    upload_seconds: float = _UPLOAD_SECONDS
    waiting: int = 16
    requests: int = _REQUESTS


def limits_of(megabytes: float, megapixels: float, seconds: float, waiting: int) -> Limits:
    """Limits as the options of `auxseg serve` name them.

    Raises `InputError` for limits that let nothing through, and for more pixels than any photograph may have. An
    upload may take as long as an answer, and never less than a minute; of requests, twice those that wait may be open.
    """
    for option, value, most in (
        ("--max-megabytes", megabytes, _MOST_MEGABYTES),
        ("--max-megapixels", megapixels, MAX_PIXELS / MEGAPIXEL),
        ("--timeout", seconds, _MOST_SECONDS),
    ):
        if not 0 < value <= most:
            raise InputError(f"{option} {value:g}: expected a number above 0, at most {most:g}")
    if waiting < 0:
        raise InputError(f"--queue {waiting}: expected 0 or more waiting requests")
    return Limits(
        bytes=max(round(megabytes * MEGABYTE), 1),
        pixels=max(round(megapixels * MEGAPIXEL), 1),
        seconds=seconds,
        upload_seconds=max(seconds, _UPLOAD_SECONDS),
        waiting=waiting,
        requests=max(2 * waiting, _REQUESTS),
    )
