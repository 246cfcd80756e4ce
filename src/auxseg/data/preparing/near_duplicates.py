"""Groups of pictures that show nearly the same, so that a division into splits can keep each of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, final

import numpy as np

from auxseg.data.channels import RGB, Channels, displayed
from auxseg.data.geometry import fit
from auxseg.data.joined import Joined
from auxseg.data.preparing.duplicates import MAX_CANDIDATES, MIN_CORRELATION, close_hashes, correlation, small_copy
from auxseg.data.preparing.findings import Finding
from auxseg.data.preparing.record import Record

_CANDIDATES_PER_PICTURE: Final = 100
"""Beside `MAX_CANDIDATES`, how many candidates are compared for each picture before the search ends."""


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

    def merged(self, groups: Sequence[str]) -> tuple[list[str], list[Finding]]:
        """The group of every record (empty: it is alone), where near duplicates and their groups are one.

        Beside it a finding if there are too many candidates to compare them all.
        """
        joined = Joined(len(groups))
        for same in (self._image_hashes, groups):
            joined.join_equal(same)
        candidates = self._candidates()
        most = MAX_CANDIDATES + _CANDIDATES_PER_PICTURE * len(groups)
        for left, right in islice(candidates, most):
            if joined.root(left) != joined.root(right) and self._are_alike(left, right):
                joined.join(left, right)
        findings = []
        if next(candidates, None) is not None:
            text = f"over {most:,} pairs of pictures have similar hashes; not all were searched for near duplicates"
            findings.append(Finding("unfinished search", text))
        roots = [joined.root(row) for row in range(len(groups))]
        sizes = np.bincount(roots, minlength=len(groups))
        return [f"near duplicates {root}" if sizes[root] > 1 else "" for root in roots], findings

    def _are_alike(self, left: int, right: int) -> bool:
        return correlation(self._copies[left], self._copies[right]) >= MIN_CORRELATION

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """Pairs of different pictures whose hashes are close, each once."""
        first = {hash: row for row, hash in reversed([*enumerate(self._image_hashes)])}
        rows = sorted(first.values())
        hashes = np.array([self._hashes[row] for row in rows], np.uint64)
        for left, right in close_hashes(hashes, hashes):
            if left < right:
                yield rows[left], rows[right]
