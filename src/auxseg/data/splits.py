"""Dividing samples into train, val and test: once, seeded, stratified by class, groups kept whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from auxseg.data.sample import SPLITS
from auxseg.errors import InputError

OFFICIAL: Final = "official"
Label = tuple[int, ...]


def parse_split(text: str) -> tuple[float, float, float] | None:
    """``"60-20-20"`` -> the fractions of train, val and test; ``"official"`` -> ``None``."""
    if text == OFFICIAL:
        return None
    match = re.fullmatch(r"(\d+)-(\d+)-(\d+)", text)
    percents = [int(part) for part in match.groups()] if match else []
    if sum(percents) != 100 or percents[0] == 0:
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
        raise InputError("this source has no official split; give percentages instead, such as '80-10-10'")


def assign_splits(
    split: str,
    official: Sequence[str | None],
    labels: Sequence[Label],
    groups: Sequence[str | None],
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
        val_fraction: share of val in trainval, in [0, 1).
        seed: the same seed divides the same samples in the same way.
    """
    check_split(split, official, val_fraction)
    fractions = parse_split(split)
    if fractions is not None:
        return _divide(labels, groups, fractions, seed)
    names = np.array(["train" if name == "trainval" else name for name in official], dtype=str)
    result = np.array([SPLITS.index(name) for name in names.tolist()], np.uint8)
    is_divided = np.array([name == "trainval" for name in official])
    if not is_divided.any() and "val" not in names:
        is_divided = names == "train"
    rows = np.flatnonzero(is_divided).tolist()
    some = [labels[row] for row in rows], [groups[row] for row in rows]
    result[rows] = _divide(*some, (1 - val_fraction, val_fraction, 0.0), seed)
    return result


def _divide(
    labels: Sequence[Label], groups: Sequence[str | None], fractions: tuple[float, float, float], seed: int
) -> np.ndarray:
    """Split numbers of all samples: groups first, the largest foremost, then single samples class by class."""
    members: dict[str | int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group or row, []).append(row)
    units = list(members.values())
    units = [units[index] for index in np.random.default_rng(seed).permutation(len(units))]
    room = _whole_sizes(len(labels), fractions)
    wanted = {label: count * np.asarray(fractions) for label, count in Counter(labels).items()}
    result = np.empty(len(labels), np.uint8)
    for unit in sorted((unit for unit in units if len(unit) > 1), key=len, reverse=True):
        result[unit] = chosen = _place(len(unit), room, np.sum([wanted[labels[row]] for row in unit], axis=0))
        room[chosen] -= len(unit)
        for row in unit:
            wanted[labels[row]][chosen] -= 1
    singles = sorted((unit[0] for unit in units if len(unit) == 1), key=lambda row: labels[row])
    result[singles] = _deal(len(singles), np.maximum(room, 0))
    return result


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
