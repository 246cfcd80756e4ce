"""Asking a network about an image tile by tile: overlapping tiles, weighted means of their raw outputs.

The weight of a tile is largest in its centre, where the network sees as much to every side: a Gaussian with a standard
deviation of an eighth of the tile's side, as in Isensee, Jaeger, Kohl, Petersen, Maier-Hein 2021, nnU-Net: a
self-configuring method for deep learning-based biomedical image segmentation, Nature Methods 18,
https://doi.org/10.1038/s41592-020-01008-z, and MONAI's sliding window. Of tiles i with the weight w_i and the raw
output z_i in a pixel, the pixel gets ``sum_i w_i z_i / sum_i w_i``, before any softmax or sigmoid. What the network
says of an image as a whole (classes, a box), it says of the whole image, shrunk to the size of a tile.

Shape legend: ``N`` images, ``C`` channels, ``H W`` an image's size, ``S`` a tile's side, ``R`` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from auxseg.data.channels import RGB, Channels
from auxseg.data.geometry import PADDING_GREY
from auxseg.data.loading.batch import Batch
from auxseg.errors import InputError
from auxseg.models.network import Network
from auxseg.tasks import Task
from auxseg.tasks.task import Dense, form
from auxseg.tasks.views import by_view, untiled, whole_alone

OVERLAP: Final = 0.5
"""Share of a tile's side that it has in common with the next one."""

SMALLEST: Final = 16
LARGEST: Final = 2048

_PIXELS_AT_A_TIME: Final = 2**19
"""As many pixels of tiles go through the network together."""

_WEIGHTS: Final = ""
"""The key of the sum of the weights among the sums of the outputs; no task has this name."""

Compute = Callable[[Float[Tensor, "N K S S"]], Mapping[str, Tensor]]
"""Gives raw dense outputs ``N C S S`` by task for pictures of the size of a tile."""


@final
@dataclass(frozen=True)
class Tiles:
    """Square tiles of ``size`` pixels, which overlap by this share of their side, at least."""

    size: int
    overlap: float = OVERLAP

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < 1:
            raise InputError(f"the overlap of tiles should be from 0 to below 1, found {self.overlap:g}")
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"tiles should have {SMALLEST} to {LARGEST} pixels a side, found {self.size}")

    def starts(self, length: int) -> list[int]:
        """Where the tiles begin along an axis that is at least a tile long: evenly, the last one at its end."""
        step = max(int(self.size * (1 - self.overlap)), 1)
        num_gaps = -(-(length - self.size) // step)
        return [round(place * (length - self.size) / num_gaps) for place in range(num_gaps + 1)] if num_gaps else [0]

    def weights(self, device: torch.device) -> Float[Tensor, "S S"]:
        """How much each pixel of a tile counts, 1 in the centre."""
        distance = torch.arange(self.size, dtype=torch.float32, device=device) - (self.size - 1) / 2
        along = torch.exp(-0.5 * (distance / (self.size / 8)) ** 2)
        return along[:, None] * along


def refuse_tiles(
    tiles: Tiles, tasks: Mapping[str, Task], target: str, place: str, network: Network | None = None
) -> None:
    """Raise `InputError` for a target that is not answered tile by tile, and tiles that the network does not take.

    And for tasks whose maps are not those of tiles put together.
    """
    if why := untiled(tasks[target]) or whole_alone(tasks[target]):
        raise InputError(f"{place}: {why}; leave out --tiles")
    for why in filter(None, map(whole_alone, tasks.values())):
        alone = f", or ask a file of {target} alone: auxseg export RUN --tasks {target} --out FILE.onnx"
        raise InputError(f"{place}: {why}; leave out --tiles{alone if place == 'predict' else ''}")
    if network is not None and (tiles.size < network.stride or network.image_size not in (None, tiles.size)):
        expected = network.image_size or f"at least {network.stride}"
        raise InputError(f"{place}: its network takes tiles of {expected} pixels, found {tiles.size}; set --tiles so")


def bands(
    compute: Compute, read: Callable[[int, int], Float[Tensor, "K S W"]], shape: tuple[int, int], tiles: Tiles
) -> Iterator[tuple[int, dict[str, Float[Tensor, "C R W"]]]]:
    """The first row and the outputs of one band of rows after the other, of an image that is at least a tile large.

    Memory holds the sums of one row of tiles, so that an image of any height needs the same.

    Args:
        compute: the network.
        read: gives the rows of the image from the first number up to the second (excluded).
        shape: the image's height and width.
        tiles: how it is cut.
    """
    tops, lefts = tiles.starts(shape[0]), tiles.starts(shape[1])
    if len(tops) == len(lefts) == 1:
        yield 0, {name: output[0].float() for name, output in compute(read(0, tiles.size)[None]).items()}
        return
    sums: dict[str, Tensor] = {}
    for top, following in zip(tops, [*tops[1:], shape[0]], strict=True):
        _add(sums, compute, read(top, top + tiles.size), lefts, tiles)
        done, weights = following - top, sums[_WEIGHTS]
        yield top, {name: total[:, :done] / weights[:, :done] for name, total in sums.items() if name != _WEIGHTS}
        for name, total in sums.items():
            sums[name] = F.pad(total[:, done:], (0, 0, 0, done))


def tiled(
    compute: Compute, picture: Float[Tensor, "K H W"], tiles: Tiles, channels: Channels = RGB
) -> dict[str, Float[Tensor, "C H W"]]:
    """The outputs for a whole image of any size.

    One that is smaller than a tile is padded evenly, as `auxseg.data.geometry.padding` says of its ``channels``.
    """
    height, width = picture.shape[-2:]
    shape = max(height, tiles.size), max(width, tiles.size)
    top, left = (shape[0] - height) // 2, (shape[1] - width) // 2
    padded = picture
    if shape != (height, width):
        grey = torch.full_like(picture[:, :1, :1], PADDING_GREY / 255)
        around = grey if channels.pads_with_grey else picture.mean((1, 2), keepdim=True)
        padded = around.repeat(1, *shape)
        padded[:, top : top + height, left : left + width] = picture
    parts = [outputs for _, outputs in bands(compute, lambda first, last: padded[:, first:last], shape, tiles)]
    whole = {name: torch.cat([part[name] for part in parts], dim=1) for name in parts[0]}
    return {name: output[:, top : top + height, left : left + width] for name, output in whole.items()}


def tiled_forward(network: Network, tasks: Mapping[str, Task], batch: Batch, tiles: Tiles) -> dict[str, Tensor]:
    """Every task's raw output, as `auxseg.models.forward.forward` gives it, by tiles for maps.

    The picture that tasks see is made once, of the whole image, and cut then. Memory holds one image's sums at a time.
    """
    return by_views(network, tasks, batch, tiles)


def by_views(
    compute: Callable[[Float[Tensor, "N K H W"], Sequence[str]], Mapping[str, Tensor]],
    tasks: Mapping[str, Task],
    batch: Batch,
    tiles: Tiles | None,
) -> dict[str, Tensor]:
    """The same of whatever computes the raw outputs of some tasks for pictures; of whole images without ``tiles``."""
    outputs: dict[str, Tensor] = {}
    for view, names in by_view(tasks.values()).items():
        seen = view.look(batch)
        if tiles is None:
            outputs |= compute(seen, names)
            continue
        dense = [name for name in names if isinstance(form(tasks[name].output), Dense)]
        if dense:
            images = [
                tiled(lambda cut, dense=dense: compute(cut, dense), picture, tiles, batch.channels) for picture in seen
            ]
            outputs |= {name: torch.stack([image[name] for image in images]) for name in dense}
        if vectors := [name for name in names if name not in dense]:
            outputs |= compute(shrunk(seen, tiles.size), vectors)
    return outputs


def shrunk(pictures: Float[Tensor, "N K H W"], size: int) -> Float[Tensor, "N K S S"]:
    """Whole pictures at the size of a tile, bilinear, antialiased where they shrink."""
    if pictures.shape[-2:] == (size, size):
        return pictures
    return F.interpolate(pictures, (size, size), mode="bilinear", align_corners=False, antialias=True)


def _add(
    sums: dict[str, Tensor], compute: Compute, strip: Float[Tensor, "K S W"], lefts: Sequence[int], tiles: Tiles
) -> None:
    """Add the weighted outputs of one row of tiles, and their weights."""
    weights, width, at_a_time = tiles.weights(strip.device), strip.shape[-1], max(_PIXELS_AT_A_TIME // tiles.size**2, 1)
    for first in range(0, len(lefts), at_a_time):
        chosen = lefts[first : first + at_a_time]
        outputs = compute(torch.stack([strip[:, :, left : left + tiles.size] for left in chosen]))
        device = next(iter(outputs.values())).device
        outputs = {**outputs, _WEIGHTS: torch.ones(len(chosen), 1, tiles.size, tiles.size, device=device)}
        for name, output in outputs.items():
            if name not in sums:
                sums[name] = torch.zeros(output.shape[1], tiles.size, width, device=output.device)
            for left, values in zip(chosen, output.float(), strict=True):
                sums[name][:, :, left : left + tiles.size] += values * weights.to(values.device)
