"""From arrays as they are published to images, class ids and maps.

Shape legend: ``h w`` height and width, ``C`` channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Bool, Float32, Num, UInt8, UInt16

from auxseg.data.layers import MapForm
from auxseg.data.layers.instances import UNKNOWN
from auxseg.data.layers.maps import MAX_CHANNELS
from auxseg.data.sample import IGNORE
from auxseg.data.sources.source import SampleError

MAX_CLASS: Final = 253

SCALED: Final = "normals were divided by their length to make them unit vectors"
"""The note of a sample of which this is so."""

IGNORED: Final = "255, above which no instance is numbered, was taken for pixels that are not known"
"""The note of a sample of which this is so."""

_SHORTEST: Final = 0.1
_NEARLY_ONE: Final = 1e-3


def channels_of(shape: Sequence[int], allowed: Sequence[int]) -> tuple[int, bool] | None:
    """The number of channels of an array, and whether they come first; None if no axis can be the channels.

    The last axis is asked before the first. An array of two axes has one channel.
    """
    if len(shape) == 2:
        return (1, False) if 1 in allowed else None
    if len(shape) != 3:
        return None
    if shape[2] in allowed:
        return shape[2], False
    return (shape[0], True) if shape[0] in allowed else None


def channels_last(values: np.ndarray, allowed: Sequence[int], what: str) -> np.ndarray:
    """The array as ``h w C``. Raises `SampleError` if it has no such form."""
    found = channels_of(values.shape, allowed)
    if found is None:
        numbers = f"{allowed[0]} to {allowed[-1]}" if len(allowed) > 1 else str(allowed[0])
        raise SampleError(
            f"its {what} has the shape {tuple(values.shape)}, expected height and width with {numbers} channels, first "
            "or last"
        )
    if not values.size:
        raise SampleError(f"its {what} has the shape {tuple(values.shape)}, so it is empty")
    if values.ndim == 2:
        return values[..., None]
    return np.moveaxis(values, 0, 2) if found[1] else values


def to_image(values: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """uint8 as it is, floating-point numbers from 0 to 1 times 255. Raises `SampleError` for anything else."""
    values = channels_last(values, [3], "image")
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.dtype.kind != "f":
        raise SampleError(f"its image holds {values.dtype}, expected uint8, or floating-point numbers from 0 to 1")
    if not np.isfinite(values).all() or values.min() < -_NEARLY_ONE or values.max() > 1 + _NEARLY_ONE:
        raise SampleError(f"its image holds numbers from {values.min():g} to {values.max():g}, expected 0 to 1")
    return np.rint(255 * values.clip(0, 1)).astype(np.uint8)


def to_ids(values: np.ndarray, what: str) -> UInt8[np.ndarray, "h w"]:
    """Class ids; -1 and 255 are ignored. Raises `SampleError` for numbers that are no ids."""
    return _whole(values, what, MAX_CLASS, IGNORE).astype(np.uint8)


def to_instances(values: np.ndarray, what: str) -> tuple[UInt16[np.ndarray, "h w"], tuple[str, ...]]:
    """Numbers of instances, and what was taken for unknown without being marked as such (`unknown_instances`).

    Raises `SampleError` for numbers that are none.
    """
    numbers = _whole(values, what, UNKNOWN - 1, UNKNOWN).astype(np.uint16)
    unknown = unknown_instances(numbers)
    notes = (IGNORED,) if (unknown & (numbers == IGNORE)).any() else ()
    return np.where(unknown, np.uint16(UNKNOWN), numbers), notes


def unknown_instances(numbers: Num[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    """Where it is not known which object is there: at -1, at 65535, and at 255 where no object has a higher number.

    255 is what masks of 8 bits ignore; where there are higher numbers it is one of them.
    """
    unknown = (numbers == -1) | (numbers == UNKNOWN)
    if numbers.max(initial=0, where=~unknown) == IGNORE:
        unknown |= numbers == IGNORE
    return unknown


def _whole(values: np.ndarray, what: str, highest: int, ignore: int) -> np.ndarray:
    values = channels_last(values, [1], what)[..., 0]
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.rint(values)).any():
            raise SampleError(f"its {what} holds numbers that are not whole")
    elif values.dtype.kind not in "biu":
        raise SampleError(f"its {what} holds {values.dtype}, expected whole numbers")
    ignored = (values == -1) | (values == ignore)
    wrong = values[~ignored & ((values < 0) | (values > highest))]
    if wrong.size:
        raise SampleError(
            f"its {what} holds {wrong[0]:g}, expected ids from 0 to {highest}, and -1 or {ignore} for ignored pixels"
        )
    return np.where(ignored, ignore, values)


def to_map(values: np.ndarray, form: MapForm, what: str) -> tuple[Float32[np.ndarray, "h w C"], tuple[str, ...]]:
    """Numbers, and what had to be done to them.

    A number with a unit, such as a depth, is not known where it is 0, and neither is a direction of (almost) no length;
    other directions get length 1. Raises `SampleError` for another shape, and for directions in whole numbers, which
    only a picture's encoding could be.
    """
    values = channels_last(values, [form.channels], what)
    if form.is_direction and values.dtype.kind != "f":
        raise SampleError(f"its {what} holds {values.dtype}, expected unit vectors as floating-point numbers")
    with np.errstate(over="ignore"):  # the form refuses infinity
        values = values.astype(np.float32)
    if form.is_direction:
        lengths = np.linalg.norm(values, axis=2, keepdims=True)
        known = lengths > _SHORTEST
        scaled = (np.abs(lengths - 1)[known] > _NEARLY_ONE).any()
        return np.where(known, values / np.where(known, lengths, 1), np.nan), (SCALED,) if scaled else ()
    return (np.where(values == 0, np.nan, values) if form.unit and not form.is_vector else values), ()


MAP_CHANNELS: Final = range(1, MAX_CHANNELS + 1)
