"""Answers about bands of one photograph, put together to answers about the whole.

Shape legend: ``h w`` the photograph's own size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, final

import numpy as np
from jaxtyping import Int64, UInt8

from auxseg.drawing import Picture, overlay_mask
from auxseg.tasks.answers.answer import Answer, FoundPoint
from auxseg.tasks.answers.points import points_answer

_PUT_TOGETHER: Final = ("map", "shares", "points")
"""Records of bands that become one of the whole."""

_COUNTED: Final = 256
"""Rows of a mask that are counted at a time."""

Banded = Callable[[], Iterable[tuple[slice, Answer]]]
"""Asks about one band of rows after the other: its rows in the photograph, and the answer."""


def assembled(
    bands: Iterable[tuple[slice, Mapping[str, Answer]]],
    original: tuple[int, int],
    class_names: Sequence[str],
    again: Callable[[str], Iterable[tuple[slice, Answer]]],
) -> dict[str, Answer]:
    """What tasks say of a whole photograph, of what they say of its bands, from top to bottom.

    Memory holds the masks and what is said of one band. Maps, probabilities and drawings that need them are asked for
    ``again`` when they are wanted. Records of ``map`` (the range and the mean of numbers) and ``shares`` become those
    of the whole. Nobody knows how to put together what else a task of a plugin says, its records, classes, tags, boxes
    and vectors: that stands in the record under ``bands``, band by band, see `_kept`.

    Args:
        bands: the rows of each band in the photograph, and the answers by task.
        original: height and width of the photograph.
        class_names: the names of the mask classes, which answers give scores for.
        again: asks one task about all bands once more.
    """
    parts: dict[str, _Parts] = {}
    for rows, answers in bands:
        for name, answer in answers.items():
            if name not in parts:
                parts[name] = _Parts(answer, original, class_names)
            parts[name].add(rows, answer)
    return {name: part.answer(lambda name=name: again(name)) for name, part in parts.items()}


@final
class Summed:
    """What is added up of one task's answers about bands: scores of the classes in its mask, and its record."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._names = class_names
        self._counts, self._sums = np.zeros(len(class_names), np.int64), np.zeros(len(class_names))
        self._summaries: list[tuple[int, Mapping[str, Sequence[float | None]]]] = []
        self._shares: list[tuple[int, Mapping[str, float]]] = []
        self._kept: list[dict[str, object]] = []
        self._points: dict[str, FoundPoint] = {}
        self._has_points = False

    def add(self, rows: slice, answer: Answer) -> None:
        """Add the answer about a band of these rows."""
        if answer.mask is not None:
            counts = id_counts(answer.mask)[: len(self._names)]
            self._counts += counts
            self._sums += counts * np.array([answer.scores.get(name, 0.0) for name in self._names])
        self._has_points |= answer.points is not None
        for point in answer.points or ():
            x, y = point.place
            known = self._points.get(point.name)
            if known is None or point.score > known.score:
                self._points[point.name] = FoundPoint(point.name, point.score, (x, y + rows.start))
        summary = answer.record.get("map")
        if isinstance(summary, Mapping):
            self._summaries.append((rows.stop - rows.start, summary))
        shares = answer.record.get("shares")
        if isinstance(shares, Mapping):
            self._shares.append((rows.stop - rows.start, shares))
        if kept := _kept(rows, answer):
            self._kept.append({"rows": [rows.start, rows.stop], **kept})

    @property
    def points(self) -> list[FoundPoint]:
        """Each point where it is most likely, in pixels of the whole."""
        return [*self._points.values()]

    def scores(self) -> dict[str, float]:
        """For every class name in the mask, the mean probability of the class over its pixels."""
        pairs = zip(self._names, self._sums.tolist(), self._counts.tolist(), strict=True)
        return {name: total / count for name, total, count in pairs if count}

    def record(self) -> dict[str, object]:
        """What stands in predictions.json, of all bands together."""
        record: dict[str, object] = {"map": _summary(self._summaries)} if self._summaries else {}
        if self._shares:
            total = sum(height for height, _ in self._shares)
            record["shares"] = {
                name: sum(height * part[name] for height, part in self._shares) / total for name in self._shares[0][1]
            }
        if self._has_points:
            record |= points_answer(self.points).record
        return record | {"bands": self._kept} if self._kept else record


@final
class _Parts:
    """What is kept of one task's answers about the bands that were seen so far."""

    def __init__(self, first: Answer, original: tuple[int, int], class_names: Sequence[str]) -> None:
        self._first, self._original, self._summed = first, original, Summed(class_names)
        self._mask = None if first.mask is None else np.empty(original, np.uint8)

    def add(self, rows: slice, answer: Answer) -> None:
        if self._mask is not None:
            assert answer.mask is not None
            self._mask[rows] = answer.mask
        self._summed.add(rows, answer)

    def answer(self, again: Banded) -> Answer:
        if self._first.points is not None:
            return points_answer(self._summed.points)
        mask, numbers = self._mask, None if self._first.map is None else lambda: _joined(_maps(again()))
        if mask is None:
            return Answer(
                draw=lambda picture: _drawn(picture, again(), self._original[0]),
                drawn=self._first.drawn,
                map=numbers,
                record=self._summed.record(),
            )
        return Answer(
            draw=lambda picture: overlay_mask(picture, mask),
            mask=mask,
            scores=self._summed.scores(),
            probabilities=None if self._first.probabilities is None else lambda: _joined(_probabilities(again())),
            map=numbers,
            record=self._summed.record(),
        )


def id_counts(mask: UInt8[np.ndarray, "h w"]) -> Int64[np.ndarray, 256]:
    """How many pixels have each id; few rows are counted at a time, because NumPy counts in numbers of eight bytes."""
    parts = (mask[top : top + _COUNTED].ravel() for top in range(0, len(mask), _COUNTED))
    return sum((np.bincount(part, minlength=256) for part in parts), np.zeros(256, np.int64))


def _kept(rows: slice, answer: Answer) -> dict[str, object]:
    """What is said of a band that has no place in an answer about the whole.

    Boxes are in pixels of the whole photograph. What records and vectors say of places is in pixels of the band.
    """
    kept = {key: value for key, value in answer.record.items() if key not in _PUT_TOGETHER}
    if answer.box is not None:
        kept["box"] = _moved(answer.box, rows.start)
    if answer.boxes is not None:
        kept["boxes"] = [
            {"class": each.name, "score": each.score, "box": _moved(each.box, rows.start)} for each in answer.boxes
        ]
    for name, numbers in (("classes", answer.classes), ("tags", answer.tags)):
        if numbers is not None:
            kept[name] = dict(numbers)
    return kept if answer.vector is None else {"vector": list(answer.vector), **kept}


def _moved(box: tuple[float, float, float, float], down: int) -> list[float]:
    x0, y0, x1, y1 = box
    return [x0, y0 + down, x1, y1 + down]


def _maps(bands: Iterable[tuple[slice, Answer]]) -> Iterator[np.ndarray]:
    for _, answer in bands:
        assert answer.map is not None
        yield answer.map()


def _probabilities(bands: Iterable[tuple[slice, Answer]]) -> Iterator[np.ndarray]:
    for _, answer in bands:
        assert answer.probabilities is not None
        yield answer.probabilities()


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(parts), axis=1)


def _drawn(picture: Picture, bands: Iterable[tuple[slice, Answer]], height: int) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with every band drawn onto its rows; the picture may be a smaller copy of the photograph."""
    drawn = picture.copy()
    for rows, answer in bands:
        first, last = (place * len(picture) // height for place in (rows.start, rows.stop))
        if last > first:
            drawn[first:last] = answer.draw(picture[first:last])
    return drawn


def _summary(parts: Sequence[tuple[int, Mapping[str, Sequence[float | None]]]]) -> dict[str, list[float | None]]:
    """The smallest, mean and largest number of every channel, of those of the bands and their heights."""
    weights = np.array([height for height, _ in parts], float)
    values = {key: np.array([part[key] for _, part in parts], float) for key in parts[0][1]}
    found = {
        "minimum": values["minimum"].min(0),
        "mean": weights @ values["mean"] / weights.sum(),
        "maximum": values["maximum"].max(0),
    }
    return {key: [number if np.isfinite(number) else None for number in each.tolist()] for key, each in found.items()}
