"""One sample on its way into the store: checked, fitted into the square, fingerprinted.

Shape legend: ``S`` the stored side, ``h w`` the photograph's own size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from auxseg.data.geometry import fit
from auxseg.data.sample import IGNORE, Box, Orientation, Sample
from auxseg.data.sources.source import SampleError
from auxseg.data.text import printable, text_fault

LARGEST: Final = "largest"


@dataclass(frozen=True)
class RecordSettings:
    """How samples become records. ``box`` says which of several boxes is the target, see `choose_box`."""

    size: int
    resize: str
    mask_classes: tuple[str, ...]
    box: str = LARGEST


@dataclass(frozen=True)
class Record:
    """What the store keeps of one sample; ``mask`` is all IGNORE and ``box`` all NaN where the label is missing.

    ``notes`` are counted over all samples and not kept with each, see `Sample`; ``orientation`` is the EXIF tag.
    """

    id: str
    group: str
    image: UInt8[np.ndarray, "S S 3"]
    mask: UInt8[np.ndarray, "S S"]
    has_mask: bool
    box: Float[np.ndarray, " 4"]
    classes: Mapping[str, str]
    original_size: tuple[int, int]
    image_hash: str
    perceptual_hash: int
    notes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    orientation: Orientation = field(default_factory=Orientation)


def make_record(sample: Sample, settings: RecordSettings) -> Record:
    """Turn a sample into a record. Raises `SampleError` with the reason if its labels do not fit its image."""
    _check_texts(sample)
    _check_mask(sample, settings.mask_classes)
    for box in sample.boxes:
        _check_box(box, sample.image.shape)
    height, width = sample.image.shape[:2]
    place = fit((height, width), settings.size, settings.resize)
    target = choose_box(sample.boxes, settings.box)
    corners = (
        np.full(4, np.nan) if target is None else np.array([target.x0, target.y0, target.x1, target.y1], np.float64)
    )
    no_mask = np.full((settings.size, settings.size), IGNORE, np.uint8)
    return Record(
        id=sample.id,
        group=sample.group or "",
        image=place.image(sample.image),
        mask=no_mask if sample.mask is None else place.mask(sample.mask),
        has_mask=sample.mask is not None,
        box=place.boxes(corners[None])[0].astype(np.float32),
        classes=dict(sample.classes),
        original_size=(height, width),
        image_hash=hash_image(sample.image),
        perceptual_hash=difference_hash(sample.image),
        notes=sample.notes,
        dropped=sample.dropped,
        orientation=sample.orientation,
    )


def choose_box(boxes: tuple[Box, ...], choice: str) -> Box | None:
    """The target among a sample's boxes: the largest by area, or the only one of the name that ``choice`` says.

    ``None`` where there is no such box, and where several have the name: which one is meant is then not known.
    """
    if choice == LARGEST:
        return max(boxes, key=lambda box: (box.x1 - box.x0) * (box.y1 - box.y0), default=None)
    named = [box for box in boxes if box.name == choice]
    return named[0] if len(named) == 1 else None


def hash_image(image: UInt8[np.ndarray, "h w 3"]) -> str:
    """SHA-256 of shape and pixels, in hexadecimal: equal exactly for equal pictures, whatever file they came from."""
    digest = hashlib.sha256(f"{image.shape}".encode())
    digest.update(image.ravel().data)
    return digest.hexdigest()


def difference_hash(image: UInt8[np.ndarray, "h w 3"]) -> int:
    """64 bits that hardly change when a picture is resized, recompressed or slightly edited.

    The picture is shrunk to 9 x 8 grey values; each bit says whether a value is below its right neighbour.
    Described in Neal Krawetz, "Kind of Like That", https://www.hackerfactor.com/blog/index.php?/archives/529.
    """
    small = np.asarray(Image.fromarray(image).convert("L").resize((9, 8), Image.Resampling.BOX))
    bits = small[:, :-1] < small[:, 1:]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _check_texts(sample: Sample) -> None:
    texts = {"its name": sample.id, "its group": sample.group or ""}
    for kind, name in sample.classes.items():
        label = printable(kind)
        texts |= {f"its label '{label}'": kind, f"its class of '{label}'": name}
    for what, text in texts.items():
        if fault := text_fault(text):
            raise SampleError(f"{what} {fault}")


def _check_mask(sample: Sample, mask_classes: tuple[str, ...]) -> None:
    if sample.mask is None:
        return
    if sample.mask.shape != sample.image.shape[:2]:
        (mask_height, mask_width), (height, width) = sample.mask.shape, sample.image.shape[:2]
        raise SampleError(f"its mask is {mask_height} x {mask_width} (height x width), its image {height} x {width}")
    values = np.flatnonzero(Image.fromarray(sample.mask).histogram())
    unknown = values[(values >= len(mask_classes)) & (values != IGNORE)]
    if len(unknown):
        known = f"0 to {len(mask_classes) - 1} ({', '.join(mask_classes)}) and {IGNORE} (ignored)"
        raise SampleError(f"its mask holds {', '.join(map(str, unknown))}; known are {known}")


def _check_box(box: Box, shape: tuple[int, ...]) -> None:
    height, width = shape[:2]
    if not (0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height):
        name = f"its box {box.name!r}" if box.name else "its box"
        raise SampleError(
            f"{name} from ({box.x0:g}, {box.y0:g}) to ({box.x1:g}, {box.y1:g}) is empty or not within the image of "
            f"{width} x {height} pixels"
        )
