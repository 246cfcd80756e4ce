"""The contract of a source."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.testing.require import require

OFFICIAL: Final = (None, "train", "val", "trainval", "test")
NOTHING_MISSING: Final[Mapping[str, Collection[str]]] = MappingProxyType({})


def check_source(
    source: Source,
    *,
    unlabelled: Mapping[str, Collection[str]] = NOTHING_MISSING,
    folder: Path | None = None,
    num_samples: int = 20,
) -> None:
    """Check that a source reads the same samples every time, and says of them what the data say.

    Ids are unique and in a fixed order; a copy that travelled as a pickle reads the same; masks have the size of their
    image and ids of `Source.mask_classes`; boxes lie in the image; layers are those that it announces
    and fit their image; a missing label is ``None`` or absent; nothing is written.

    Args:
        source: the source, opened.
        unlabelled: labels that the data lack, by sample id: ``{"dog 3": ["mask", "boxes", "breed"]}``. Without it
            nobody can tell whether a label was invented.
        folder: where the data lie; it is compared before and after.
        num_samples: how many samples are read, at even steps through all.

    Raises:
        AssertionError: naming the source and the rule that it breaks.
    """
    before = None if folder is None else _files(folder)
    items = _check_items(source)
    chosen = _spread(items, unlabelled, num_samples)
    copy: Source = pickle.loads(pickle.dumps(source))
    _require(list(copy.items()) == items, source, "a copy that travelled as a pickle lists the same samples")
    for item in chosen:
        sample = _read(source, item)
        for other in (source, copy):
            _require(_same(sample, _read(other, item)), source, "reading a sample twice, or in a copy, gives the same")
        if isinstance(sample, Sample):
            _check_sample(source, item, sample)
            _check_nothing_is_invented(source, sample, unlabelled.get(item.id, ()))
    _require(before is None or folder is None or _files(folder) == before, source, "nothing is written to the data")


def _check_items(source: Source) -> list[Item]:
    items, again = list(source.items()), list(source.items())
    ids = [item.id for item in items]
    _require(items and again == items, source, "the samples are listed in the same order every time")
    _require(all(ids) and len(set(ids)) == len(ids), source, "every sample has an id of its own")
    _require(all(item.split in OFFICIAL for item in items), source, "an official split is train, val, trainval or test")
    names, numbers = source.mask_classes, source.category_ids
    _require(len(set(names)) == len(names), source, "every mask class has a name of its own")
    _require(len(numbers) in (0, len(names)), source, "category_ids are a number for every mask class, or none")
    texts = [*source.provenance().items()]
    _require(all(isinstance(text, str) for pair in texts for text in pair), source, "provenance holds texts")
    return items


def _check_sample(source: Source, item: Item, sample: Sample) -> None:
    height, width = sample.image.shape[:2]
    _require(sample.id == item.id, source, "a sample has the id of its item")
    channels = source.channels
    right = sample.image.shape == (height, width, len(channels)) and sample.image.dtype == channels.numpy
    what = f"an image is {channels.dtype} of shape (height, width, {len(channels)})"
    _require(right and sample.image.size, source, what)
    if sample.mask is not None:
        mask = sample.mask
        _require(mask.shape == (height, width), source, "a mask has the size of its image")
        known = mask.dtype == np.uint8 and (mask[mask != IGNORE] < len(source.mask_classes)).all()
        _require(known, source, "a mask holds indices of mask_classes, or 255 for what counts for nothing")
    for box in sample.boxes:
        inside = 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height
        _require(inside, source, "a box lies in its image, in pixels, half-open and not empty")
    named = all(isinstance(name, str) and name.strip() for pair in sample.classes.items() for name in pair)
    _require(named, source, "a class has a name; a label that is missing is left out")
    for name, layer in sample.layers.items():
        announced = layer.form == source.layers.get(name)
        _require(announced, source, f"a layer is one of those that the source announces, as {name!r} is not")
        fault = layer.fault((height, width))
        _require(not fault, source, f"a layer fits its image, but {name!r} {fault}")


def _check_nothing_is_invented(source: Source, sample: Sample, missing: Collection[str]) -> None:
    found = {"mask": sample.mask is not None, "boxes": bool(sample.boxes)}
    found |= dict.fromkeys([*sample.classes, *sample.layers], True)
    invented = [label for label in missing if found.get(label)]
    _require(not invented, source, f"a label that the data lack is None or absent (found: {', '.join(invented)})")


def _read(source: Source, item: Item) -> Sample | str:
    """The sample, or why it cannot be used."""
    try:
        return source.read(item)
    except SampleError as error:
        return str(error)


def _same(one: Sample | str, other: Sample | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    arrays: list[Callable[[Sample], np.ndarray | None]] = [lambda sample: sample.image, lambda sample: sample.mask]
    same = all(np.array_equal(_or_empty(part(one)), _or_empty(part(other))) for part in arrays)
    same = same and one.layers.keys() == other.layers.keys()
    for name, layer in one.layers.items() if same else ():
        values = layer.values, other.layers[name].values
        same = same and np.array_equal(*values, equal_nan=values[0].dtype.kind == "f")
    rest = [(each.id, each.boxes, dict(each.classes), each.group, each.notes, each.dropped) for each in (one, other)]
    return same and rest[0] == rest[1]


def _or_empty(values: np.ndarray | None) -> np.ndarray:
    return np.empty(0) if values is None else values


def _spread(items: Sequence[Item], named: Collection[str], num_samples: int) -> list[Item]:
    """Those that are named, and others at even steps."""
    places = np.linspace(0, len(items) - 1, min(num_samples, len(items))).astype(int)
    wanted = {*named, *(items[place].id for place in places)}
    return [item for item in items if item.id in wanted]


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _require(holds: object, source: Source, rule: str) -> None:
    require(holds, type(source).__name__, rule)
