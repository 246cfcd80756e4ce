"""Whether photographs are turned by their EXIF orientation, where the sizes of photograph and mask leave it open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from PIL import Image

from auxseg.data.sample import EXIFS, Orientation
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.files import mask_size
from auxseg.data.sources.pictures.decoding import SIDEWAYS, read_header, upright
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

FOLLOWED: Final = "its EXIF orientation fits its labels turned and unturned; read like the images whose sizes decide"
"""The note of a sample that was read like the others."""

_NUM_VOTES: Final = 16


def check_exif(exif: str) -> str:
    """Raise `InputError` for a setting that does not exist."""
    if exif not in EXIFS:
        raise InputError(f"exif must be one of {', '.join(EXIFS)}, not {exif!r}")
    return exif


def orient(
    picture: Image.Image,
    mask_hw: tuple[int, int] | None,
    exif: str,
    agreed: Callable[[], bool | None],
    *,
    has_boxes: bool = False,
) -> tuple[Image.Image, Orientation, tuple[str, ...]]:
    """As `upright`, but what the sizes leave open, and a photograph with boxes alone, is read like the others.

    ``agreed`` says whether these are turned (`agreement`). The third value is a note for the sample.

    Raises `SampleError` as `upright` does.
    """
    turned, orientation = upright(picture, mask_hw, exif)
    is_open = not orientation.is_decided or (mask_hw is None and has_boxes and exif == "auto")
    if orientation.tag == 1 or not is_open:
        return turned, orientation, ()
    is_turned = agreed()
    if is_turned is None:
        return turned, Orientation(orientation.tag, orientation.is_turned, is_decided=False), ()
    turned, orientation = upright(picture, mask_hw, "apply" if is_turned else "ignore")
    return turned, orientation, (FOLLOWED,)


def agreement(pairs: Iterable[tuple[ImageFile, ImageFile]]) -> bool | None:
    """Whether photographs are turned where the sizes decide; ``None`` if they nowhere do, or if they disagree.

    Only the headers of photographs and masks are read, until enough have decided."""
    votes: set[bool] = set()
    count = 0
    for photograph, mask in pairs:
        try:
            header = read_header(photograph)
            if header.orientation not in SIDEWAYS or header.height == header.width:
                continue
            hw = mask_size(mask)
        except SampleError:
            continue
        if hw in ((header.height, header.width), (header.width, header.height)):
            votes.add(hw == (header.width, header.height))
            count += 1
        if count == _NUM_VOTES or len(votes) > 1:
            break
    return votes.pop() if len(votes) == 1 else None
