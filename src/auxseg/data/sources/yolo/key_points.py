"""What a ``data.yaml`` says of the key points of objects: how many, whether they have a visibility, names and mirror.

https://docs.ultralytics.com/datasets/pose/ describes the keys ``kpt_shape``, ``flip_idx`` and ``kpt_names``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from auxseg.data.layers.points import MAX_POINTS
from auxseg.data.sources.values import BadValue, integer, shown, text

SHAPE, FLIP, NAMES = "kpt_shape", "flip_idx", "kpt_names"
_PLACE, _PLACE_AND_VISIBILITY = 2, 3
_WAYS_OUT: Final = f"correct it, or leave it out to have the key points numbered and paired by {FLIP} alone"


@final
@dataclass(frozen=True)
class KeyPoints:
    """The key points that every object of a data set has, in the order of their numbers.

    Args:
        number: how many there are.
        has_visibility: whether each has three numbers in a row, ``x y visibility``, and not ``x y`` alone.
        names: those of each class, as the file tells them; numbers where it does not.
        is_named: whether the file tells them.
        flip_pairs: the indices of those that change places in a mirror; ``None`` if the file does not say it.
    """

    number: int
    has_visibility: bool
    names: tuple[tuple[str, ...], ...] = ()
    is_named: bool = False
    flip_pairs: tuple[tuple[int, int], ...] | None = None

    @property
    def num_columns(self) -> int:
        """Numbers of all points in a row."""
        return self.number * (_PLACE_AND_VISIBILITY if self.has_visibility else _PLACE)


def read_key_points(values: Mapping[str, object], num_classes: int, *, with_names: bool) -> KeyPoints | None:
    """The key points of a data set, ``None`` where it has none; names and mirror only where they are asked for.

    Raises `BadValue` for what is wrong about them.
    """
    if values.get(SHAPE) is None:
        return None
    number, has_visibility = _shape(values[SHAPE])
    if not with_names:
        return KeyPoints(number, has_visibility)
    is_named = values.get(NAMES) is not None
    names = _names(values[NAMES], number, num_classes) if is_named else [_numbered(number)] * num_classes
    return KeyPoints(number, has_visibility, tuple(names), is_named, _flip_pairs(values.get(FLIP), number))


def _shape(value: object) -> tuple[int, bool]:
    match value:
        case [number, dimensions]:
            number, dimensions = integer(number, f"{SHAPE}[0]"), integer(dimensions, f"{SHAPE}[1]")
            if 1 <= number <= MAX_POINTS and dimensions in (_PLACE, _PLACE_AND_VISIBILITY):
                return number, dimensions == _PLACE_AND_VISIBILITY
            value = [number, dimensions]
    raise BadValue(
        f"{SHAPE} should be the number of key points, 1 to {MAX_POINTS}, and 2 (x, y) or 3 (x, y, visibility), not "
        f"{value if isinstance(value, list) and len(value) == 2 else shown(value)}"
    )


def _numbered(number: int) -> tuple[str, ...]:
    return tuple(f"point_{index}" for index in range(number))


def _names(value: object, number: int, num_classes: int) -> list[tuple[str, ...]]:
    """The names for each class: a list for each by its id, or one for all. A class without a list has the first."""
    by_id = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(by_id, dict) or not by_id:
        raise BadValue(f"{NAMES} should be the names of the key points by class, not {shown(value)}")
    by_id = {integer(id, f"a class of {NAMES}"): names for id, names in by_id.items()}
    if not any(isinstance(names, list) for names in by_id.values()):
        by_id = {0: [by_id[id] for id in sorted(by_id)]}
    lists = {id: _list(names, number) for id, names in sorted(by_id.items())}
    first = next(iter(lists.values()))
    return [lists.get(id, first) for id in range(num_classes)]


def _list(names: object, number: int) -> tuple[str, ...]:
    if not isinstance(names, list) or len(names) != number:
        raise BadValue(
            f"{NAMES} should list the {number} names of the key points of a class, not {shown(names)}; {_WAYS_OUT}"
        )
    return tuple(text(name, f"each of {NAMES}").strip() for name in names)


def _flip_pairs(value: object, number: int) -> tuple[tuple[int, int], ...] | None:
    """Pairs of indices, from the index that each point has in a mirror image. An empty list says nothing."""
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != number:
        raise BadValue(f"{FLIP} should list an index for each of the {number} key points, not {shown(value)}")
    partners = [integer(index, f"each of {FLIP}") for index in value]
    _check_partners(partners)
    return tuple((one, other) for one, other in enumerate(partners) if one < other)


def _check_partners(partners: Sequence[int]) -> None:
    for one, other in enumerate(partners):
        if not 0 <= other < len(partners):
            raise BadValue(f"{FLIP} holds {other}, but the indices of its points are 0 to {len(partners) - 1}")
        if partners[other] != one:
            raise BadValue(
                f"{FLIP} says that point {one} changes places with {other}, but {other} with {partners[other]}"
            )
