"""The categories of annotation files, and the mask classes that they become."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import IGNORE
from auxseg.data.sources.coco.file import CocoCategory
from auxseg.errors import InputError

_BACKGROUND: Final = "background"
_NO_PARENT: Final = ("", "none")
_TAKEN: Final = -1
"""The background's number where a category has the 0."""


def is_background(name: str) -> bool:
    """Whether a category of this name is the background: also ``_background_`` and ``__background__``."""
    return name.strip("_").lower() == _BACKGROUND


@final
class Categories:
    """Class 0 is the background, the others are the categories by ascending id.

    A category called background (or ``_background_``, ``__background__``) is class 0. A category that no object has,
    that belongs to no other and that others belong to is a mere heading, and no class: some tools export it.

    Args:
        files: the categories of every file, which must agree.
        used: the categories of all objects.

    Raises:
        InputError: if two have the same id or name, or there are none or too many.
    """

    def __init__(self, files: Sequence[tuple[Path, Sequence[CocoCategory]]], used: Set[int]) -> None:
        every = _joined(files)
        path = files[0][0]
        headings = [each for each in every if _is_heading(each, every, used)]
        known = [each for each in every if each not in headings]
        grounds = [each for each in known if is_background(each.name)]
        classes = [each for each in known if each not in grounds]
        for place, each in enumerate(classes):
            for other in classes[:place]:
                if other.name == each.name:
                    raise InputError(
                        f"{path}: the categories {other.id} and {each.id} have the same name {each.name!r}"
                    )
        if len(grounds) > 1:
            raise InputError(f"{path}: the categories {grounds[0].id} and {grounds[1].id} are both called background")
        if not 1 <= len(classes) < IGNORE:
            raise InputError(f"{path} should have between 1 and {IGNORE - 1} categories, not {len(classes)}")
        self.names = (_BACKGROUND, *(each.name for each in classes))
        first = grounds[0].id if grounds else _TAKEN if any(each.id == 0 for each in classes) else 0
        ids = (first, *(each.id for each in classes))
        self.ids: tuple[int, ...] = () if ids == tuple(range(len(ids))) else ids
        self.remarks = tuple(
            f"the category {each.name!r} (id {each.id}) groups other categories and no object has it, so it is not a "
            "class"
            for each in headings
        )
        every_list = [each.points for _, some in files for each in some if each.points and each not in headings]
        self.point_names: tuple[tuple[str, ...], ...] = tuple(dict.fromkeys(every_list))
        pairs = [each.flip_pairs for _, some in files for each in some if each.points and each not in headings]
        self.flip_pairs: list[object] = [each for each in pairs if each is not None]
        self._with_points = frozenset(each.id for _, some in files for each in some if each.points)
        self._numbers = {each.id: number for number, each in enumerate(classes, 1)} | {each.id: 0 for each in grounds}

    def number(self, id: int) -> int:
        """The mask class of a category."""
        return self._numbers[id]

    def name(self, id: int) -> str:
        """What the mask class of a category is called."""
        return self.names[self._numbers[id]]

    def has_points(self, id: int) -> bool:
        """Whether a category names key points."""
        return id in self._with_points

    def is_background(self, id: int) -> bool:
        """Whether a category is the background."""
        return self._numbers[id] == 0


def _joined(files: Sequence[tuple[Path, Sequence[CocoCategory]]]) -> list[CocoCategory]:
    """All categories by ascending id."""
    found: dict[int, CocoCategory] = {}
    for path, categories in files:
        own: set[int] = set()
        for each in categories:
            if each.id in own:
                raise InputError(f"{path}: two categories have the same id {each.id}")
            own.add(each.id)
            known = found.setdefault(each.id, each)
            if known.name != each.name:
                raise InputError(
                    f"{path}: the category {each.id} is {each.name!r}, but {known.name!r} in {files[0][0]}"
                )
    return [found[id] for id in sorted(found)]


def _is_heading(category: CocoCategory, every: Sequence[CocoCategory], used: Set[int]) -> bool:
    if category.id in used or category.parent.lower() not in _NO_PARENT:
        return False
    return any(each.parent == category.name for each in every if each.id != category.id)
