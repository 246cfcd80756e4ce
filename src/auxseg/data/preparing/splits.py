"""Dividing samples into train, val and test: once, seeded, stratified by class and mask, groups kept whole."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from auxseg.data.sample import SPLITS
from auxseg.errors import InputError

OFFICIAL: Final = "official"
Label = tuple[int, ...]
Tag = Label | int
Tags = tuple[Tag, ...]


def parse_split(text: str) -> tuple[float, float, float] | None:
    """``"60-20-20"`` -> the fractions of train, val and test; ``"official"`` -> ``None``."""
    if text == OFFICIAL:
        return None
    match = re.fullmatch(r"(\d+)-(\d+)-(\d+)", text)
    percents = [int(part) for part in match.groups()] if match else []
    if sum(percents) != 100:
        raise InputError(
            f"split must be {OFFICIAL!r} or three percentages of train, val and test that add up to 100, "
            f"such as '80-10-10', not {text!r}"
        )
    train, val, test = (percent / 100 for percent in percents)
    return train, val, test


def check_split(split: str, official: Sequence[str | None], val_fraction: float) -> None:
    """Refuse with `InputError` what `assign_splits` could not do, before any sample is read."""
    if not 0 <= val_fraction < 1:
        raise InputError(f"val_fraction must be at least 0 and below 1, not {val_fraction}")
    if parse_split(split) is None and None in official:
        raise InputError(
            "this source has no official split; give percentages instead, such as '80-10-10', or for coco the file of "
            "each split: --annotations train=FILE val=FILE test=FILE"
        )


def assign_splits(
    split: str,
    official: Sequence[str | None],
    labels: Sequence[Label],
    groups: Sequence[str | None],
    mask_ids: Sequence[tuple[int, ...]] | None = None,
    *,
    val_fraction: float = 0.1,
    seed: int = 0,
) -> np.ndarray:
    """Give every sample its index into `SPLITS` (uint8).

    With ``"official"`` the source's own train, val and test are kept; ``val_fraction`` of its trainval becomes val
    (of its train, if it has neither trainval nor val). Otherwise all samples are divided by the percentages.

    Args:
        split: see `parse_split`.
        official: what the source says of each sample, see `Item`.
        labels: class ids of each sample, by which to stratify.
        groups: samples of one group stay together wherever this function decides; ``None`` is a group of one.
        mask_ids: the classes that each sample's mask holds, by which to stratify too; those that every sample holds,
            or none, make no difference.
        val_fraction: share of val in trainval, in [0, 1).
        seed: the same seed divides the same samples in the same way.
    """
    check_split(split, official, val_fraction)
    fractions = parse_split(split)
    if fractions is not None:
        return _divide(_tags(labels, mask_ids), groups, fractions, seed)
    names = np.array(["train" if name == "trainval" else name for name in official], dtype=str)
    result = np.array([SPLITS.index(name) for name in names.tolist()], np.uint8)
    is_divided = np.array([name == "trainval" for name in official])
    if not is_divided.any() and "val" not in names:
        is_divided = names == "train"
    rows = np.flatnonzero(is_divided).tolist()
    some = _tags([labels[row] for row in rows], mask_ids and [mask_ids[row] for row in rows])
    result[rows] = _divide(some, [groups[row] for row in rows], (1 - val_fraction, val_fraction, 0.0), seed)
    return result


def _tags(labels: Sequence[Label], mask_ids: Sequence[tuple[int, ...]] | None) -> list[Tags]:
    """What is to be spread evenly of each sample: its labels together, and every class of its mask that tells it from
    others."""
    held = Counter(number for each in mask_ids or () for number in each)
    told = {number for number, count in held.items() if count < len(labels)}
    masks: Sequence[tuple[int, ...]] = mask_ids or [()] * len(labels)
    return [(label, *(number for number in each if number in told)) for label, each in zip(labels, masks, strict=True)]


def _divide(
    tags: Sequence[Tags], groups: Sequence[str | None], fractions: tuple[float, float, float], seed: int
) -> np.ndarray:
    """Split numbers of all samples: groups first, the largest foremost, then single samples class by class."""
    members: dict[str | int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group or row, []).append(row)
    units = list(members.values())
    units = [units[index] for index in np.random.default_rng(seed).permutation(len(units))]
    room = _whole_sizes(len(tags), fractions)
    counts = Counter(tag for each in tags for tag in each)
    wanted = {tag: count * np.asarray(fractions) for tag, count in counts.items()}
    result = np.empty(len(tags), np.uint8)
    for unit in sorted((unit for unit in units if len(unit) > 1), key=len, reverse=True):
        result[unit] = chosen = _place(
            len(unit), room, np.sum([wanted[tag] for row in unit for tag in tags[row]], axis=0)
        )
        room[chosen] -= len(unit)
        for tag in (tag for row in unit for tag in tags[row]):
            wanted[tag][chosen] -= 1
    singles = [unit[0] for unit in units if len(unit) == 1]
    if all(len(each) == 1 for each in tags):
        singles.sort(key=lambda row: tags[row])
        result[singles] = _deal(len(singles), np.maximum(room, 0))
    else:
        _deal_by_tags(singles, tags, wanted, np.maximum(room, 0), result)
    return result


def _deal_by_tags(
    rows: Sequence[int],
    tags: Sequence[Tags],
    wanted: Mapping[Tag, np.ndarray],
    room: np.ndarray,
    result: np.ndarray,
) -> None:
    """Give each row a split, so that every tag comes near its share of each: iterative stratification.

    The tag that the fewest waiting rows have goes first, because later ones leave the least choice; each of its rows
    goes to the split with room that lacks it most, among equals to the one that lacks the row's other tags most. K.
    Sechidis et al.: "On the Stratification of Multi-label Data", ECML PKDD 2011,
    https://doi.org/10.1007/978-3-642-23808-6_10; sizes are exact here, ties are broken without chance.
    """
    having: dict[Tag, list[int]] = {}
    for row in rows:
        for tag in tags[row]:
            having.setdefault(tag, []).append(row)
    lacking = {tag: wanted[tag].tolist() for tag in having}
    free: list[int] = room.tolist()
    waiting = {tag: len(having[tag]) for tag in having}
    places = {tag: place for place, tag in enumerate(having)}
    queue = [(count, places[tag], tag) for tag, count in waiting.items()]
    heapq.heapify(queue)
    is_done: set[int] = set()
    while queue:
        count, _, rarest = heapq.heappop(queue)
        if count != waiting[rarest]:
            continue  # it was put there again when it became rarer
        for row in (row for row in having[rarest] if row not in is_done):
            keys = [
                (round(lacking[rarest][split], 9), sum(lacking[tag][split] for tag in tags[row]), free[split], split)
                for split in range(len(free))
                if free[split] > 0
            ]
            result[row] = chosen = max(keys)[-1]
            free[chosen] -= 1
            is_done.add(row)
            for tag in tags[row]:
                lacking[tag][chosen] -= 1
                waiting[tag] -= 1
                if tag != rarest:
                    heapq.heappush(queue, (waiting[tag], places[tag], tag))


def _place(size: int, room: np.ndarray, wanted: np.ndarray) -> int:
    """The split for a group: of those it fits into, the one that wants its classes most; else the roomiest."""
    fits = room >= size
    return int(np.argmax(np.where(fits, wanted, -np.inf) if fits.any() else room))


def _whole_sizes(total: int, fractions: Sequence[float]) -> np.ndarray:
    """Whole numbers that add up to ``total`` and are as near as possible to its fractions (largest remainders)."""
    exact = total * np.asarray(fractions)
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    for index in np.argsort(sizes - exact, kind="stable")[: total - sizes.sum()]:
        sizes[index] += 1
    return sizes


def _deal(total: int, sizes: np.ndarray) -> np.ndarray:
    """A sequence of ``total`` split numbers in the proportions of ``sizes``, each spread as evenly as possible.

    The next place always goes to the split that is furthest behind its share. It is therefore behind when chosen, so
    no split is ever ahead by a whole place: at the end all sizes are exact, and any run of the sequence (the samples
    of one class) has nearly its share of every split.
    """
    behind = np.zeros_like(sizes)
    dealt = np.empty(total, np.uint8)
    for place in range(total):
        behind += sizes
        dealt[place] = np.argmax(behind)
        behind[dealt[place]] -= sizes.sum()
    return dealt
