"""Training on windows of the stored pictures: where each lies, and how it is cut out in one resampling.

Shape legend: ``H W`` the stored size, ``S`` the side of a window, ``P`` photographs.

Positions are those of `auxseg.data.augment.geometric`: -1 and 1 are the outer edges of a picture, here of a window or
of a part of the stored picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final, final

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int, UInt8
from pydantic import Field
from torch import Tensor

from auxseg.config import config
from auxseg.data.augment.boxes import move_boxes
from auxseg.data.augment.config import AugmentConfig, Probability
from auxseg.data.augment.geometric import (
    FLIP,
    NUM_GEOMETRIC,
    draw_homographies,
    mirror,
    resample,
    retaken_boxes,
)
from auxseg.data.augment.layers import move_rows_of
from auxseg.data.geometry import WHOLE, Fit, Part
from auxseg.data.layers import PixelForm
from auxseg.data.loading.batch import Batch
from auxseg.data.sample import IGNORE
from auxseg.keyed import keyed_uniforms

NUM_WINDOW: Final = 5
"""Random numbers per window: whether it is placed by the foreground, the class, the pixel, down, across."""

_ROUNDING: Final = 1e-9

_NUM_ANGLES: Final = 91
"""At which it is asked whether a turned window shows all of a photograph."""

_MARGIN: Final = 2
"""Pixels around what is shown that bilinear sampling may look at."""

_BAND: Final = 64
"""Rows of a mask that are counted at a time."""

Labels = Callable[[], UInt8[np.ndarray, "H W"]]
"""Reads the mask of a stored picture."""

_CORNERS: Final = np.array([[-1, 1, -1, 1], [-1, -1, 1, 1], [1, 1, 1, 1]], float)


@config
class CropConfig:
    """Square windows of the stored pictures that are trained on, instead of whole pictures.

    The augmentation varies a window as it varies a whole picture: its scale, turn and perspective are those of the
    window, and what they show beyond the window's edges is the stored picture.

    Attributes:
        size: the window's side, in pixels of the stored pictures; the network is trained on pictures of this size.
        foreground: share of the windows that are placed so that they hold labelled foreground, where there is any.
    """

    size: Annotated[int, Field(ge=16, le=2048)]
    foreground: Probability = 0.5


@final
@dataclass(frozen=True)
class Window:
    """A square of the stored picture: its first row and column, and its side."""

    top: int
    left: int
    side: int

    def affine(self, part: Part, shape: tuple[int, int]) -> Float64[np.ndarray, "3 3"]:
        """From positions in the window to positions in a part of the stored picture of this height and width."""
        matrix = np.eye(3)
        for axis, start, each, length in ((1, self.top, part[0], shape[0]), (0, self.left, part[1], shape[1])):
            low, high, _ = each.indices(length)
            matrix[axis, axis] = self.side / (high - low)
            matrix[axis, 2] = (2 * (start - low) + self.side) / (high - low) - 1
        return matrix


def place_window(
    crop: CropConfig,
    place: Fit,
    labels: Labels | None,
    homography: Float64[np.ndarray, "3 3"],
    uniforms: Float64[np.ndarray, " 5"],
    first_class: int = 1,
) -> Window:
    """Where the window of a sample lies.

    Placed by the foreground: a class is drawn evenly from those in the mask, then one of its pixels, then where in the
    window that pixel is shown. Oversampling of the foreground by class and pixel is that of Isensee, Jaeger, Kohl,
    Petersen, Maier-Hein 2021, nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation,
    Nature Methods 18, https://doi.org/10.1038/s41592-020-01008-z, who show the pixel in the centre. Where nothing but
    the flip moves a window, it always holds the pixel; an augmentation that shows a part of the window may lose it near
    the picture's edges.

    Args:
        crop: the settings.
        place: where the photograph lies in the stored picture. Windows stay in it where they fit.
        labels: reads the labels that are trained on, for a window that is placed by them; `IGNORE` is no foreground.
            ``None`` where there are none.
        homography: how the augmentation moves the window.
        uniforms: even random numbers in [0, 1).
        first_class: the first class id that is foreground.
    """
    gate, which, pixel, down, across = uniforms.tolist()
    (height, width), (y0, y1, x0, x1) = place.size, place.inside
    found = None
    if labels is not None and gate < crop.foreground:
        found = _foreground_pixel(labels(), first_class, which, pixel)
    shown = homography @ np.array([2 * across - 1, 2 * down - 1, 1.0])
    starts: list[int] = []
    for axis, low, high, length, uniform in ((1, y0, y1, height, down), (0, x0, x1, width, across)):
        first, last = _starts(low, high, length, crop.size)
        if found is None:
            starts.append(first + int(uniform * (last - first + 1)))
        else:
            offset = math.floor((shown[axis] / shown[2] + 1) / 2 * crop.size)
            start = found[1 - axis] - min(max(offset, 0), crop.size - 1)
            starts.append(min(max(start, first), last))
    return Window(starts[0], starts[1], crop.size)


@final
@dataclass(frozen=True, eq=False)
class Cut:
    """How one sample is shown in training: which window of the stored picture, and how the augmentation moves it.

    ``homography`` leads from the new picture to the window, ``shape`` is the height and width of the stored picture.
    ``inside`` is the half-open part ``y0 y1 x0 x1`` of it that is photograph, all of it if none is given.
    """

    window: Window
    homography: Float64[np.ndarray, "3 3"]
    shape: tuple[int, int]
    inside: tuple[int, int, int, int] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every pixel stays as it is stored, or left and right are exchanged and nothing else."""
        return bool((self.homography == np.eye(3)).all() or (self.homography == FLIP).all())

    @property
    def shows_all(self) -> bool:
        """Whether the new picture shows the whole photograph."""
        height, width = self.shape
        y0, y1, x0, x1 = self.inside or (0, height, 0, width)
        corners = np.array([[x, y, 1] for x in (x0, x1) for y in (y0, y1)]) / [width / 2, height / 2, 1] - [1, 1, 0]
        to_new = np.linalg.inv(self.window.affine(WHOLE, self.shape) @ self.homography)
        x, y, depth = to_new @ corners.T
        return bool((depth > 0).all() and (np.abs([x, y]) <= depth * (1 + _ROUNDING)).all())

    @property
    def part(self) -> Part:
        """The part of the stored picture that is looked at: the window itself where it is not moved.

        Pictures are continued by reflection. So the part holds what lies as far inside of the picture's edges as the
        moved window reaches beyond them.
        """
        window = self.window
        if self.is_exact:
            return slice(window.top, window.top + window.side), slice(window.left, window.left + window.side)
        moved = window.affine(WHOLE, self.shape) @ self.homography @ _CORNERS
        rows, columns = (
            _reach(moved[axis] / moved[2], length) for axis, length in ((1, self.shape[0]), (0, self.shape[1]))
        )
        return rows, columns

    def show(self, sample: Batch, *, box_from_mask: bool) -> Batch:
        """The window with its labels.

        A box moves with the picture and is missing if less than half of it is seen, see `move_boxes`. Classes of the
        picture stay what they are; ``parts`` of the result says whether the window shows less than the picture.

        Args:
            sample: one sample, of whose picture and dense labels only `part` is there. Its box is that of the whole
                picture, normalised to it.
            box_from_mask: whether boxes are the bounding boxes of the masks.
        """
        window, homography = self.window, self.homography
        whole = (window.affine(WHOLE, self.shape) @ homography)[None]
        box = move_boxes(sample.box.numpy(), whole)
        if self.is_exact:
            moved = self._kept(sample, torch.from_numpy(whole))
        else:
            to_part = torch.from_numpy((window.affine(self.part, self.shape) @ homography)[None]).float()
            turning = torch.from_numpy(homography[None]).float()
            moved = resample(sample, to_part, (window.side, window.side), turning, torch.from_numpy(whole))
        if box_from_mask:
            box = retaken_boxes(box, moved.mask.numpy())
        return replace(moved, box=torch.from_numpy(box), parts=(not self.shows_all,))

    def _kept(self, sample: Batch, whole: Float64[Tensor, "1 3 3"]) -> Batch:
        """Pixels as they are, or with left and right exchanged; places in layers are those in the whole picture."""
        kept = sample if self.homography[0, 0] > 0 else mirror(sample)
        rows = {
            name: move_rows_of(form, sample.layers[name], whole)
            for name, form in sample.forms.items()
            if not isinstance(form, PixelForm)
        }
        return replace(kept, layers={**kept.layers, **rows})


def draw_cut(
    crop: CropConfig,
    augment: AugmentConfig,
    place: Fit,
    labels: Labels | None,
    key: tuple[int, int, str],
    first_class: int = 1,
) -> Cut:
    """What is shown of a sample; it depends on ``key``, which is (seed, epoch, sample id), and on the labels alone.

    The augmentation is the one that a whole picture would get. The arguments are those of `place_window`.
    """
    homography = draw_homographies(augment, keyed_uniforms(NUM_GEOMETRIC, "geometric", *key)[None])[0]
    uniforms = keyed_uniforms(NUM_WINDOW, "window", *key)
    window = place_window(crop, place, labels, homography, uniforms, first_class)
    return Cut(window, homography, (place.size.height, place.size.width), place.inside)


def can_show(crop: CropConfig, augment: AugmentConfig, sides: Int[np.ndarray, "P 2"]) -> Bool[np.ndarray, " P"]:
    """Whether a window can show all of a photograph of this height and width, if it is not tilted.

    A window of side S that is scaled by s, stretched by t (within the root of the largest aspect) and turned by an
    angle a shows all of ``h w`` where, with K = s S,

        (w / t) cos a + (h t) sin a <= K    and    (w / t) sin a + (h t) cos a <= K.

    Both are quadratic in t, with the same discriminant ``D = K^2 - 4 h w cos a sin a``. So a thin photograph fits that
    is longer than the window where it may be turned.
    """
    is_moved = augment.geometric > 0
    scale, stretch = (augment.scale[1], math.sqrt(augment.aspect)) if is_moved else (1.0, 1.0)
    height, width = sides.T.astype(float)
    side = crop.size * scale * (1 + _ROUNDING)
    result = (crop.size >= sides.max(1)) & (augment.geometric < 1)
    for angle in np.radians(np.linspace(0, min(augment.rotation, 90) if is_moved else 0, _NUM_ANGLES)).tolist():
        sin, cos = math.sin(angle), math.cos(angle)
        discriminant = side**2 - 4 * height * width * cos * sin
        reach = (side + np.sqrt(discriminant.clip(0))) / (2 * max(cos, sin))
        lowest, highest = np.maximum(width / reach, 1 / stretch), np.minimum(reach / height, stretch)
        result |= (discriminant >= 0) & (lowest <= highest)
    return result


def _reach(places: Float64[np.ndarray, " 4"], length: int) -> slice:
    """The pixels between the outermost of these positions along an axis, with those that continue the picture."""
    pixels = (places + 1) / 2 * length
    low, high = float(pixels.min()), float(pixels.max())
    low, high = min(low, 2 * length - high), max(high, -low)
    return slice(max(math.floor(low) - _MARGIN, 0), min(math.ceil(high) + _MARGIN, length))


def _starts(low: int, high: int, length: int, side: int) -> tuple[int, int]:
    """The first and the last place where a window may begin along an axis."""
    if high - low >= side:
        return low, high - side
    return max(high - side, 0), min(low, length - side)


def _foreground_pixel(
    mask: UInt8[np.ndarray, "H W"], first_class: int, which: float, pixel: float
) -> tuple[int, int] | None:
    """Row and column of a labelled pixel of a class that is drawn evenly from those that occur.

    Counts are made band by band, in which they are quicker than in a large mask.
    """
    bands = [mask[top : top + _BAND] for top in range(0, len(mask), _BAND)]
    counts = np.stack([np.bincount(band.ravel(), minlength=IGNORE)[:IGNORE] for band in bands])
    totals = counts.sum(0)
    classes = first_class + np.flatnonzero(totals[first_class:])
    if not len(classes):
        return None
    id_ = classes[int(which * len(classes))]
    number, until = int(pixel * totals[id_]), counts[:, id_].cumsum()
    band = int(np.searchsorted(until, number, side="right"))
    places = np.flatnonzero(bands[band].ravel() == id_)
    row, column = divmod(int(places[number - until[band]]), mask.shape[1])
    return band * _BAND + row, column
