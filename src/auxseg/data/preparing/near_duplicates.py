"""Groups of pictures that show nearly the same, so that a division into splits can keep each of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

import numpy as np

from auxseg.counting import count
from auxseg.data.channels import RGB, Channels, displayed
from auxseg.data.geometry import fit
from auxseg.data.joined import Joined
from auxseg.data.preparing.duplicates import MAX_CANDIDATES, MIN_CORRELATION, close_hashes, correlation, small_copy
from auxseg.data.preparing.findings import Finding, named
from auxseg.data.preparing.record import Record
from auxseg.data.sample import SPLITS
from auxseg.data.store.alike import NEAR

_CANDIDATES_PER_PICTURE: Final = 100
"""Beside `MAX_CANDIDATES`, how many candidates are compared for each picture before the search ends."""

_BLOCK_PAIRS: Final = 1 << 21
"""Pairs of hashes between two reports of progress."""


@final
@dataclass(frozen=True)
class Grouping:
    """What `NearDuplicates.merged` found.

    ``groups`` names the group of every record (empty: it is alone), where near duplicates and their groups are one.
    ``alike`` are the rows of all near duplicates, set by set, whatever their groups. ``findings`` say if there were too
    many candidates to compare them all.
    """

    groups: list[str]
    alike: tuple[tuple[int, ...], ...]
    findings: tuple[Finding, ...] = ()

    def in_words(self) -> str:
        """How many near duplicates there are."""
        num_images = sum(len(rows) for rows in self.alike)
        groups = count(len(self.alike), "group")
        return f"{NEAR}: {groups} of {count(num_images, 'image')} in all" if self.alike else f"no {NEAR}"

    def across(self, splits: np.ndarray) -> tuple[tuple[int, ...], ...]:
        """The sets that are in more than one split, which an official split may cause."""
        return tuple(rows for rows in self.alike if len(np.unique(splits[list(rows)])) > 1)

    def leaks(self, splits: np.ndarray, ids: Sequence[str]) -> tuple[Finding, ...]:
        """One finding about all of `across`, if there are any."""
        crossing = self.across(splits)
        if not crossing:
            return ()
        pairs = [_pair(rows, splits) for rows in crossing]
        shown = [" and ".join(f"{ids[row]} ({SPLITS[splits[row]]})" for row in pair) for pair in pairs]
        verb = "is" if len(crossing) == 1 else "are"
        text = (
            f"{count(len(crossing), 'group')} of near-duplicates {verb} in more than one split, as the source divides "
            f"them: {named(shown)}; percentages, such as --split 80-10-10, keep each in one split"
        )
        return (Finding("near leak", text, tuple(row for rows in crossing for row in rows)),)


@final
class NearDuplicates:
    """Collects what is needed of every record, and joins the groups of those that show nearly the same."""

    def __init__(self, resize: str, channels: Channels = RGB) -> None:
        self._resize, self._channels = resize, channels
        self._hashes: list[int] = []
        self._image_hashes: list[str] = []
        self._copies: list[np.ndarray] = []

    def add(self, record: Record) -> None:
        """Remember the next record: 1 kB."""
        inside = fit(record.original_size, record.image.shape[:2], self._resize).inside
        self._hashes.append(record.perceptual_hash)
        self._image_hashes.append(record.image_hash)
        self._copies.append(small_copy(displayed(record.image, self._channels), inside))

    def merged(self, groups: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Grouping:
        """Search for near duplicates and join the groups of their records (empty: it is alone).

        ``progress`` is told how many pictures were compared with all others, and how many there are.
        """
        alike = Joined(len(groups))
        alike.join_equal(self._image_hashes)
        candidates = self._candidates(progress)
        most = MAX_CANDIDATES + _CANDIDATES_PER_PICTURE * len(groups)
        for left, right in islice(candidates, most):
            if alike.root(left) != alike.root(right) and self._are_alike(left, right):
                alike.join(left, right)
        findings: tuple[Finding, ...] = ()
        if next(candidates, None) is not None:
            text = f"over {most:,} pairs of pictures have similar hashes; not all were searched for near duplicates"
            findings = (Finding("unfinished search", text),)
        joined = Joined(len(groups))
        joined.join_equal(groups)
        sets = _sets(alike, len(groups))
        for first, *others in sets:
            for other in others:
                joined.join(first, other)
        names = [""] * len(groups)
        for rows in _sets(joined, len(groups)):
            for row in rows:
                names[row] = f"near duplicates {rows[0]}"
        return Grouping(names, sets, findings)

    def _are_alike(self, left: int, right: int) -> bool:
        return correlation(self._copies[left], self._copies[right]) >= MIN_CORRELATION

    def _candidates(self, progress: Callable[[int, int], None] | None) -> Iterator[tuple[int, int]]:
        """Pairs of different pictures whose hashes are close, each once."""
        first = {hash: row for row, hash in reversed([*enumerate(self._image_hashes)])}
        rows = sorted(first.values())
        hashes = np.array([self._hashes[row] for row in rows], np.uint64)
        step = max(1, _BLOCK_PAIRS // max(1, len(rows)))
        for start in range(0, len(rows), step):
            for place, other in close_hashes(hashes[start : start + step], hashes[start:]):
                if place < other:
                    yield rows[start + place], rows[start + other]
            if progress is not None:
                progress(min(start + step, len(rows)), len(rows))


def _sets(joined: Joined, num_rows: int) -> tuple[tuple[int, ...], ...]:
    """The rows of every set of several."""
    members: dict[int, list[int]] = {}
    for row in range(num_rows):
        members.setdefault(joined.root(row), []).append(row)
    return tuple(tuple(rows) for rows in members.values() if len(rows) > 1)


def _pair(rows: Sequence[int], splits: np.ndarray) -> tuple[int, int]:
    """The first row, and the first of another split."""
    return rows[0], next(row for row in rows if splits[row] != splits[rows[0]])
