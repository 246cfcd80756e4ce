"""Whether an exported network gives what the network in PyTorch gives, at several sizes of image.

Unpooling by indices takes the place of a maximum, and of two values that nearly tie another arithmetic may take the
other one. So classes are compared, and quantiles of the differences; their maximum is told, but refuses nothing.

Shape legend: ``N`` images, ``C`` their channels, ``H W`` their size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Float32
from PIL import Image
from torch import Tensor

from auxseg.counting import count
from auxseg.data.channels import RGB, Channels, resampled
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.data.store.store import Store
from auxseg.deploy.export.result import Parity
from auxseg.deploy.export.tracing import SomeTasks
from auxseg.errors import RunError
from auxseg.records.values.size import Size
from auxseg.tasks import SegmentationTask, Task
from auxseg.tasks.categorical import CategoricalTask
from auxseg.tasks.task import Dense, form

Images = Float32[np.ndarray, "N C H W"]
Runner = Callable[[Images], Mapping[str, np.ndarray]]
"""Computes the outputs of an exported network, by task."""

LEAST_AGREEMENT: Final = 0.995
MOST_DIFFERENCE: Final = 0.05
"""Of the 99 % quantile of the differences, as a share of the largest absolute output."""

_QUANTILES: Final = {"median": 0.5, "99 %": 0.99, "99.9 %": 0.999, "maximum": 1.0}
_NUM_IMAGES: Final = 2


@final
@dataclass(frozen=True)
class Samples:
    """Images that an export is tried with, at every size, and where they are from."""

    origin: str
    batches: tuple[np.ndarray, ...]


def sample_images(
    size: Size, stride: int, image_size: int | None, store: Store | None, channels: Channels = RGB
) -> Samples:
    """One image at the stored size, two of other height than width, and one of an odd size that no stride divides.

    They are from the validation split of the store, else generated. A network of one ``image_size`` has that alone.
    """
    high, wide = size
    shapes = [(1, high, wide), (2, high, wide + stride), (1, (high + stride) | 1, (wide - wide // 4) | 1)]
    if image_size is not None:
        shapes = [(1, image_size, image_size), (2, image_size, image_size)]
    rows = store.rows("val")[:_NUM_IMAGES] if store is not None else ()
    if store is not None and len(rows):
        origin, images = "val", [store.read(int(row))[0] for row in rows]
    else:
        source = SyntheticSource(num_samples=_NUM_IMAGES, size=128)
        origin, images = "generated", [_as(source.read(item).image, channels) for item in source.items()]
    return Samples(
        origin, tuple(_resized(images[:number], height, width, channels) for number, height, width in shapes)
    )


def compare(module: SomeTasks, tasks: Mapping[str, Task], run: Runner, samples: Samples) -> tuple[Parity, ...]:
    """How near the exported network's outputs are. Raises `RunError` if they are those of another network."""
    found = parity_of(module, tasks, run, samples)
    for parity in found:
        _refuse(parity, is_map=isinstance(form(tasks[parity.task].output), Dense))
    return found


def parity_of(module: SomeTasks, tasks: Mapping[str, Task], run: Runner, samples: Samples) -> tuple[Parity, ...]:
    """How near the exported network's outputs are, whatever they are."""
    return tuple(_compared(module, tasks, run, samples))


def _compared(module: SomeTasks, tasks: Mapping[str, Task], run: Runner, samples: Samples) -> Iterator[Parity]:
    for batch in samples.batches:
        with torch.no_grad():
            expected = dict(zip(module.tasks, module(torch.from_numpy(batch)), strict=True))
        outputs = run(batch)
        number, _, height, width = batch.shape
        for name, task in tasks.items():
            found = torch.from_numpy(np.asarray(outputs[name]))
            if found.shape != expected[name].shape:
                raise RunError(
                    f"the exported network gives {name} the shape {list(found.shape)}, expected "
                    f"{list(expected[name].shape)}; nothing was written"
                )
            yield Parity(
                task=name,
                shape=(number, height, width),
                images=samples.origin,
                agreement=_agreement(task, found, expected[name]),
                quantiles=_quantiles((found - expected[name]).abs()),
                scale=float(expected[name].abs().max()),
            )


def _agreement(task: Task, found: Tensor, expected: Tensor) -> float | None:
    """The share of pixels or images of the same class."""
    if not isinstance(task, SegmentationTask | CategoricalTask):
        return None
    return float((found.argmax(1) == expected.argmax(1)).double().mean())


def _quantiles(differences: Tensor) -> dict[str, float]:
    values = differences.flatten().numpy()
    return {name: float(np.quantile(values, share)) for name, share in _QUANTILES.items()}


def _refuse(parity: Parity, *, is_map: bool) -> None:
    """Classes of whole images are too few to count; there the numbers alone decide."""
    far = parity.quantiles["99 %"] / max(parity.scale, 1e-6)
    number, height, width = parity.shape
    where = f"{parity.task} of {count(number, 'image')} of {height} x {width} pixels"
    if not far <= MOST_DIFFERENCE:  # also where it is no number
        raise RunError(
            f"the exported network gives other numbers than PyTorch for {where}: the 99 % quantile of the differences "
            f"is {far:.2%} of the largest output, expected at most {MOST_DIFFERENCE:.0%}; nothing was written"
        )
    if is_map and parity.agreement is not None and parity.agreement < LEAST_AGREEMENT:
        raise RunError(
            f"the exported network agrees with PyTorch in {parity.agreement:.2%} of the classes of {where}, expected "
            f"at least {LEAST_AGREEMENT:.1%}; nothing was written"
        )


def _as(image: np.ndarray, channels: Channels) -> np.ndarray:
    """A generated photograph whose colours are repeated over the channels."""
    if channels == RGB:
        return image
    repeated = image[..., np.arange(len(channels)) % 3].astype(np.float32)
    return np.rint(repeated * (channels.white / RGB.white)).astype(channels.numpy)


def _resized(images: Sequence[np.ndarray], height: int, width: int, channels: Channels) -> np.ndarray:
    resized = [resampled(image, (height, width), Image.Resampling.BILINEAR) for image in images]
    return np.ascontiguousarray(np.stack(resized).transpose(0, 3, 1, 2), np.float32) / channels.white
