"""What one photograph and its labels look like on the way from a source into a store.

Shape legend: ``h w`` are the photograph's own height and width, ``C`` its channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.data.channels import RGB, Channels
from auxseg.data.ignore import IGNORE as IGNORE  # where it is known from
from auxseg.data.layers import Layer, LayerForm
from auxseg.records.values.size import Size

MISSING: Final = -1
"""Class id of a sample without that label."""

SPLITS: Final = ("train", "val", "test")

Exif = Literal["auto", "apply", "ignore"]
"""What the EXIF orientation of a photograph means: turn it, leave it as it is stored, or what its mask says."""

EXIFS: Final[tuple[str, ...]] = get_args(Exif)


@dataclass(frozen=True)
class Box:
    """A half-open box ``[x0, x1) x [y0, y1)`` in pixels of the photograph, with the name of what it surrounds."""

    x0: float
    y0: float
    x1: float
    y1: float
    name: str = ""


@dataclass(frozen=True)
class Orientation:
    """The EXIF orientation of a photograph (1 to 8; 1 for upright or none), and whether the picture was turned by it.

    ``is_decided`` is false where nothing says whether its labels were drawn on the turned picture: the mask fits both.
    """

    tag: int = 1
    is_turned: bool = False
    is_decided: bool = True


@dataclass(frozen=True)
class Sample:
    """An image and whatever labels exist for it; a label that does not exist is ``None`` or absent.

    ``mask`` holds indices into the source's ``mask_classes``, or :data:`IGNORE`. ``classes`` maps a kind of label
    (``"breed"``) to a class name (``"Bengal"``). ``layers`` are further dense labels by name, at the size of the image.
    Samples of one ``group`` never stand in two splits. ``notes`` says what had to be repaired while it was read, in the
    same words for every sample, so that they can be counted. ``dropped`` says which of its labels could not be used,
    and why: the rest of the sample stands.
    """

    id: str
    image: UInt[np.ndarray, "h w C"]
    mask: UInt8[np.ndarray, "h w"] | None = None
    boxes: tuple[Box, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    notes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    orientation: Orientation = field(default_factory=Orientation)
    layers: Mapping[str, Layer] = field(default_factory=dict)


@dataclass(frozen=True)
class Vocabulary:
    """What a model must know of its data: the stored size, how photographs are fitted into it (``squash`` or
    ``letterbox``), the names behind every class id, and how many training samples each class of a label has.

    ``exif`` says whether photographs are turned by their EXIF orientation (``apply``) or were read as they are stored
    (``ignore``). ``category_ids`` are the numbers that the data themselves give to the mask classes, by default their
    positions. ``has_background`` is false where class 0 is a class like any other, such as sky. ``pixels`` are the
    labelled training pixels of each mask class; they are counted only for a recipe that asks for them, else empty.
    ``layers`` says by name what further dense labels there are, ``channels`` what the images consist of. ``scale`` is
    what a stored pixel is of an image's own, down and across, for most training images; it is known to models, and not
    to stores.
    """

    size: Size
    mask_classes: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    resize: str = "squash"
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
    exif: str = field(default="apply", compare=False)
    category_ids: tuple[int, ...] = field(default=(), compare=False)
    has_background: bool = field(default=True, compare=False)
    pixels: tuple[int, ...] = field(default=(), compare=False)
    layers: Mapping[str, LayerForm] = field(default_factory=dict, compare=False)
    scale: tuple[float, float] | None = field(default=None, compare=False)
    channels: Channels = RGB

    def __post_init__(self) -> None:
        """Take one number as the side of a square, and number the mask classes by position if nothing else is known."""
        object.__setattr__(self, "size", Size.of(self.size))
        if not self.category_ids:
            object.__setattr__(self, "category_ids", tuple(range(len(self.mask_classes))))
