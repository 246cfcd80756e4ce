"""One sample on its way into the store: checked, fitted into the stored size, fingerprinted.

Shape legend: ``H W`` the stored size, ``h w`` the photograph's own size, ``C`` its channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, UInt, UInt8
from PIL import Image

from auxseg.data.channels import RGB, Channels, displayed
from auxseg.data.geometry import MAX_STORED_PIXELS, LongSide, fit
from auxseg.data.layers import LayerForm
from auxseg.data.sample import IGNORE, Box, Orientation, Sample
from auxseg.data.sources.clip_boxes import clip_box
from auxseg.data.sources.source import SampleError
from auxseg.data.store.original_masks import PackedMask, pack
from auxseg.data.store.text import printable, text_fault
from auxseg.records.values.size import Size

LARGEST: Final = "largest"

CLIPPED: Final = "a box reached out of its image by more than a pixel and was clipped to it"
"""The note of a sample with such a box."""


@dataclass(frozen=True)
class RecordSettings:
    """How samples become records. ``box`` says which of several boxes is the target, see `choose_box`.

    ``original_masks`` says whether masks are also kept at the size of their photographs.
    """

    size: Size | LongSide
    resize: str
    mask_classes: tuple[str, ...]
    box: str = LARGEST
    layers: Mapping[str, LayerForm] = field(default_factory=dict)
    original_masks: bool = False
    channels: Channels = RGB


@dataclass(frozen=True)
class Seen:
    """What is counted over all samples and not kept with each.

    ``mask_ids`` are the classes that the mask holds at its own size, ``mask_fault`` says why a mask was dropped,
    ``num_boxes`` counts the usable boxes and ``box_name`` is the kept one's.
    """

    mask_ids: tuple[int, ...] = ()
    mask_fault: str = ""
    num_boxes: int = 0
    box_name: str = ""


@dataclass(frozen=True)
class Record:
    """What the store keeps of one sample; ``mask`` is all IGNORE and ``box`` all NaN where the label is missing.

    ``notes``, ``dropped`` and ``seen`` are counted over all samples and not kept with each, see `Sample`;
    ``orientation`` is the EXIF tag. ``layers`` holds the values of those layers that the sample has.
    ``original_mask`` is the mask before it was fitted, where there is one and it is asked for.
    """

    id: str
    group: str
    image: UInt[np.ndarray, "H W C"]
    mask: UInt8[np.ndarray, "H W"]
    has_mask: bool
    box: Float[np.ndarray, " 4"]
    classes: Mapping[str, str]
    original_size: tuple[int, int]
    image_hash: str
    perceptual_hash: int
    notes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    orientation: Orientation = field(default_factory=Orientation)
    seen: Seen = field(default_factory=Seen)
    layers: Mapping[str, np.ndarray] = field(default_factory=dict)
    original_mask: PackedMask | None = None


def make_record(sample: Sample, settings: RecordSettings) -> Record:
    """Turn a sample into a record. A label that does not fit the image is dropped, and the record says so.

    Raises `SampleError` for a text or an image that no store can keep, and for one of other channels than announced.
    """
    _check_texts(sample)
    _check_channels(sample, settings.channels)
    height, width = sample.image.shape[:2]
    mask_ids = _ids_in(sample.mask)
    mask_fault = _mask_fault(sample, mask_ids, settings.mask_classes)
    mask = None if mask_fault else sample.mask
    clipped = [clip_box(box, (height, width)) for box in sample.boxes]
    boxes = tuple(box for box, _ in clipped if box is not None)
    notes = (CLIPPED,) if any(box is not None and overshoot > 1 for box, overshoot in clipped) else ()
    lost = [box for box, (usable, _) in zip(sample.boxes, clipped, strict=True) if usable is None]
    own = settings.size
    place = own.fit((height, width)) if isinstance(own, LongSide) else fit((height, width), own, settings.resize)
    if place.size.num_pixels > MAX_STORED_PIXELS:
        raise SampleError(
            f"it has {width} x {height} pixels, and would be stored with more than {MAX_STORED_PIXELS:,}; set a "
            "--long-side"
        )
    target = choose_box(boxes, settings.box)
    corners = (
        np.full(4, np.nan) if target is None else np.array([target.x0, target.y0, target.x1, target.y1], np.float64)
    )
    no_mask = np.full((*place.size,), IGNORE, np.uint8)
    layer_faults = _layer_faults(sample, settings.layers)
    faults = (
        *([mask_fault] if mask_fault else []),
        *(_box_fault(box, (height, width)) for box in lost),
        *layer_faults.values(),
    )
    return Record(
        id=sample.id,
        group=sample.group or "",
        image=place.image(sample.image),
        mask=no_mask if mask is None else place.mask(mask),
        has_mask=mask is not None,
        box=place.boxes(corners[None])[0].astype(np.float32),
        classes=dict(sample.classes),
        original_size=(height, width),
        image_hash=hash_image(sample.image),
        perceptual_hash=difference_hash(displayed(sample.image, settings.channels)),
        notes=(*sample.notes, *notes),
        dropped=(*sample.dropped, *faults),
        orientation=sample.orientation,
        seen=Seen(
            () if mask is None else tuple(each for each in mask_ids if each != IGNORE),
            mask_fault,
            len(boxes),
            "" if target is None else target.name,
        ),
        layers={
            name: layer.form.placed(layer.values, place)
            for name, layer in sample.layers.items()
            if name not in layer_faults
        },
        original_mask=pack(mask) if settings.original_masks and mask is not None else None,
    )


def choose_box(boxes: tuple[Box, ...], choice: str) -> Box | None:
    """The target among a sample's boxes: the largest by area, or the only one of the name that ``choice`` says.

    ``None`` where there is no such box, and where several have the name: which one is meant is then not known.
    """
    if choice == LARGEST:
        return max(boxes, key=lambda box: (box.x1 - box.x0) * (box.y1 - box.y0), default=None)
    named = [box for box in boxes if box.name == choice]
    return named[0] if len(named) == 1 else None


def hash_image(image: UInt[np.ndarray, "h w C"]) -> str:
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


def _check_channels(sample: Sample, channels: Channels) -> None:
    found = sample.image.shape[2], str(sample.image.dtype)
    if found != (len(channels), channels.dtype):
        raise SampleError(f"its image has {found[0]} channels of {found[1]}, expected {channels.in_words()}")


def _ids_in(mask: UInt8[np.ndarray, "h w"] | None) -> list[int]:
    return [] if mask is None else np.flatnonzero(Image.fromarray(mask).histogram()).tolist()


def _mask_fault(sample: Sample, mask_ids: list[int], mask_classes: tuple[str, ...]) -> str:
    """Why a mask cannot be used; empty if it can, and without one."""
    if sample.mask is None:
        return ""
    if sample.mask.shape != sample.image.shape[:2]:
        (mask_height, mask_width), (height, width) = sample.mask.shape, sample.image.shape[:2]
        return f"its mask is {mask_height} x {mask_width} (height x width), its image {height} x {width}"
    unknown = [each for each in mask_ids if each >= len(mask_classes) and each != IGNORE]
    if not unknown:
        return ""
    known = f"0 to {len(mask_classes) - 1} ({', '.join(mask_classes)}) and {IGNORE} (ignored)"
    return f"its mask holds {', '.join(map(str, unknown))}; known are {known}"


def _layer_faults(sample: Sample, forms: Mapping[str, LayerForm]) -> dict[str, str]:
    """By layer that cannot be used, why."""
    faults: dict[str, str] = {}
    for name, layer in sample.layers.items():
        if layer.form != forms.get(name):
            faults[name] = f"its layer {name!r} is none that the source announces, or of another form"
        elif fault := layer.fault(sample.image.shape[:2]):
            faults[name] = f"its layer {name!r} {fault}"
    return faults


def _box_fault(box: Box, hw: tuple[int, int]) -> str:
    name = f"its box {box.name!r}" if box.name else "its box"
    return (
        f"{name} from ({box.x0:g}, {box.y0:g}) to ({box.x1:g}, {box.y1:g}) is empty, or not within the image of "
        f"{hw[1]} x {hw[0]} pixels"
    )
