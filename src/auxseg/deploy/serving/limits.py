"""What a request may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from auxseg.data.sources.pictures.decoding import MAX_PIXELS
from auxseg.errors import InputError

MEGABYTE: Final = 1_000_000
MEGAPIXEL: Final = 1_000_000


@final
@dataclass(frozen=True)
class Limits:
    """Limits of one request, and of all together.

    Raises `InputError` for limits that let nothing through, and for more pixels than any photograph may have.

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
    upload_seconds: float = 60.0
    waiting: int = 16
    requests: int = 128

    def __post_init__(self) -> None:
        for name in ("bytes", "pixels", "seconds", "upload_seconds", "requests"):
            if not getattr(self, name) > 0:
                raise InputError(f"the limit of {name} should be above 0, not {getattr(self, name)}")
        if self.waiting < 0:
            raise InputError(f"--queue {self.waiting}: expected 0 or more waiting requests")
        if self.pixels > MAX_PIXELS:
            raise InputError(
                f"--max-megapixels {self.pixels / MEGAPIXEL:g}: expected at most {MAX_PIXELS / MEGAPIXEL:g}, "
                "beyond which no image is read"
            )
