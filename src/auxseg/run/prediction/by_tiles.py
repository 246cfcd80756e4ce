"""What a model says of a photograph tile by tile, at the photograph's own resolution.

Shape legend: ``N`` tiles, ``S`` a tile's side, ``h w`` the photograph's own size, ``H W`` its size as the model sees
it, ``K`` its channels, ``C`` channels of an output, ``R`` rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float, UInt
from PIL import Image
from torch import Tensor

from auxseg.data.channels import resampled
from auxseg.data.geometry import Fit, fit, padding
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.evaluation.tiling import Tiles, bands
from auxseg.records.values.size import Size
from auxseg.run.prediction.large_image import MOST_PIXELS, LargeImage
from auxseg.tasks import Task
from auxseg.tasks.answers import Answer
from auxseg.tasks.answers.assembled import assembled
from auxseg.tasks.task import form

_MOST_AT_ONCE: Final = 2**24
"""Numbers of outputs that are held, of 4 bytes each. A photograph that has more is answered band by band."""

_MOST_RESIZED: Final = 2**26
"""Bytes of a photograph that are read at once to be resized."""

_MOST_SUMS: Final = 2**28
"""Numbers that one row of tiles may add up."""


@final
@dataclass(frozen=True)
class Seen:
    """A photograph at the size at which a model that was trained on ``vocabulary`` sees its pixels.

    That is the size that stored pictures have to their photographs, which the model remembers as
    `Vocabulary.scale`: 1 for data that were stored at their own size, and then every pixel is seen as it is. A model
    that does not know it sees every photograph at the size that the store would give it.
    """

    image: UInt[np.ndarray, "h w K"] | LargeImage
    height: int
    width: int

    @functools.cached_property
    def padding(self) -> UInt[np.ndarray, " K"]:
        """What lies around it."""
        return padding(self.image.small if isinstance(self.image, LargeImage) else self.image)

    @classmethod
    def of(cls, image: UInt[np.ndarray, "h w K"] | LargeImage, vocabulary: Vocabulary) -> Seen:
        """Raises `InputError` for one that would be too large."""
        height, width = image.shape[0], image.shape[1]
        if vocabulary.scale is None:
            y0, y1, x0, x1 = fit((height, width), vocabulary.size, vocabulary.resize).inside
            return cls(image, y1 - y0, x1 - x0)
        down, across = vocabulary.scale
        seen = cls(image, max(round(height * down), 1), max(round(width * across), 1))
        if seen.height * seen.width > MOST_PIXELS:
            raise InputError(
                f"the image has {width} x {height} pixels, and the model sees it as {seen.width} x {seen.height}, as "
                f"large as the store showed its own; the limit is {MOST_PIXELS:,} pixels; give a smaller image"
            )
        return seen

    def corner(self, side: int) -> tuple[int, int]:
        """The row and the column at which it begins where it is padded evenly to tiles of this side, as stores pad."""
        return max(side - self.height, 0) // 2, max(side - self.width, 0) // 2

    def rows(self, first: int, last: int, left: int, width: int) -> Float[Tensor, "K R W"]:
        """Rows as a network sees them, from this column of a strip of this width; padded around, see `padding`."""
        strip = np.full((last - first, width, self.image.shape[2]), self.padding, self.image.dtype)
        top, end = max(first, 0), min(last, self.height)
        if end > top:
            strip[top - first : end - first, left : left + self.width] = self._resized(top, end)
        return torch.from_numpy(strip).permute(2, 0, 1).float() / int(np.iinfo(self.image.dtype).max)

    def place(self, first: int, last: int) -> tuple[slice, Fit]:
        """The rows of the photograph that these rows show, and where they lie in an output for these rows alone."""
        height, width = self.image.shape[0], self.image.shape[1]
        rows = slice(*(round(row * height / self.height) for row in (first, last)))
        inside = (0, last - first, 0, self.width)
        return rows, Fit((rows.stop - rows.start, width), Size(last - first, self.width), inside)

    def _resized(self, first: int, last: int) -> UInt[np.ndarray, "R W K"]:
        height, width, channels = self.image.shape
        if (height, width) == (self.height, self.width):
            return self.image[first:last]
        bytes_per_row = width * channels * self.image.dtype.itemsize * height // self.height
        step = max(_MOST_RESIZED // max(bytes_per_row, 1), 1)
        parts = [self._part(top, min(top + step, last)) for top in range(first, last, step)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _part(self, first: int, last: int) -> UInt[np.ndarray, "R W K"]:
        """Rows of which no more of the image is read at once than is held easily."""
        height, width = self.image.shape[0], self.image.shape[1]
        scale = height / self.height
        reach = int(2 * max(scale, 1.0)) + 1  # what an antialiased pixel is made of
        low, high = max(int(first * scale) - reach, 0), min(int(last * scale) + 1 + reach, height)
        box = (0, first * scale - low, width, min(last * scale, height) - low)
        return resampled(self.image[low:high], (last - first, self.width), Image.Resampling.BILINEAR, box)


def answers_by_tiles(
    tasks: Mapping[str, Task],
    compute: Callable[[Float[Tensor, "N K S S"], Sequence[str]], Mapping[str, Tensor]],
    seen: Seen,
    tiles: Tiles,
    class_names: Sequence[str],
) -> dict[str, Answer]:
    """What tasks with maps say of a photograph.

    One whose outputs are few numbers is answered as a whole. Of a larger one every task is asked about one band of rows
    after the other, so that memory holds the masks alone; maps are then computed when they are asked for.

    Args:
        tasks: tasks of dense output that see the photograph itself.
        compute: raw outputs of some of them for some tiles.
        seen: the photograph.
        tiles: how it is cut.
        class_names: the names of the mask classes.
    """
    if _num_channels(tasks) * seen.height * seen.width <= _MOST_AT_ONCE:
        ((_, answers),) = answers_in_bands(tasks, compute, seen, tiles, in_one=True)
        return answers

    def again(name: str) -> Iterator[tuple[slice, Answer]]:
        for rows, answers in answers_in_bands({name: tasks[name]}, compute, seen, tiles):
            yield rows, answers[name]

    parts = answers_in_bands(tasks, compute, seen, tiles)
    return assembled(parts, (seen.image.shape[0], seen.image.shape[1]), class_names, again)


def answers_in_bands(
    tasks: Mapping[str, Task],
    compute: Callable[[Float[Tensor, "N K S S"], Sequence[str]], Mapping[str, Tensor]],
    seen: Seen,
    tiles: Tiles,
    *,
    in_one: bool = False,
) -> Iterator[tuple[slice, dict[str, Answer]]]:
    """The rows and the answers of one band after the other, or of all in one; the arguments are as above."""
    names = list(tasks)
    width, height = max(seen.width, tiles.size), max(seen.height, tiles.size)
    top, left = seen.corner(tiles.size)
    _refuse_wide(_num_channels(tasks) * width * tiles.size, seen, tiles)
    parts = bands(
        lambda pictures: compute(pictures, names),
        lambda first, last: seen.rows(first - top, last - top, left, width),
        (height, width),
        tiles,
    )
    cut = ((first - top, outputs) for first, outputs in parts)
    yield from _answered(cut, tasks, seen, left, is_small=in_one)


def _num_channels(tasks: Mapping[str, Task]) -> int:
    return sum(getattr(form(task.output), "channels", 0) for task in tasks.values())


def _answered(
    parts: Iterator[tuple[int, dict[str, Tensor]]], tasks: Mapping[str, Task], seen: Seen, left: int, *, is_small: bool
) -> Iterator[tuple[slice, dict[str, Answer]]]:
    """The answers about band after band, or of all in one.

    A band begins at a row of the photograph as it is seen, above it where it is padded, and shows it from ``left`` on.
    """
    cut = ((max(top, 0), _inside(outputs, seen, top, left)) for top, outputs in parts if top < seen.height)
    cut = ((top, outputs) for top, outputs in cut if next(iter(outputs.values())).shape[1])
    if is_small:
        held = [outputs for _, outputs in cut]
        cut = iter([(0, {name: torch.cat([each[name] for each in held], dim=1) for name in tasks})])
    for top, outputs in cut:
        rows, place = seen.place(top, top + next(iter(outputs.values())).shape[1])
        if rows.stop > rows.start:
            yield rows, {name: task.answer(outputs[name], place) for name, task in tasks.items()}


def _inside(outputs: Mapping[str, Tensor], seen: Seen, top: int, left: int) -> dict[str, Tensor]:
    """The outputs without padding, on the CPU."""
    rows, columns = slice(max(-top, 0), seen.height - top), slice(left, left + seen.width)
    return {name: output[:, rows, columns].cpu() for name, output in outputs.items()}


def _refuse_wide(num_sums: int, seen: Seen, tiles: Tiles) -> None:
    if num_sums > _MOST_SUMS:
        raise InputError(
            f"the image is {seen.width} pixels wide, so that one row of tiles of {tiles.size} pixels needs "
            f"{num_sums * 4 / 2**30:.1f} GiB for its outputs, expected at most {_MOST_SUMS * 4 / 2**30:.1f}; give "
            "smaller --tiles, or cut the image"
        )
