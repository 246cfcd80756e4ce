"""Which photograph a mask or a row of a table belongs to, where names differ by more than their suffix."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final, final

from auxseg.data.sources.pictures.files import SUFFIXES, Listing
from auxseg.errors import InputError

_MASK_WORD: Final = re.compile(
    r"[_\-. ](masks?|labels?|labelids|seg|segs|segmentation|gt|groundtruth|annotation|anno|matte)$", re.IGNORECASE
)
_ABOVE: Final = re.compile(r"^(?:.*/)?images/|^\./")
"""What a path may have above an id: the way to the photographs."""

_PHOTOGRAPH_WORD: Final = re.compile(r"[_\-. ](images?|img|photo|rgb|sat)$", re.IGNORECASE)


@final
class Photographs:
    """The ids of a folder's photographs, which are found by names that are more or less theirs."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = frozenset(ids)
        self._folded = _unique(self._ids, str.casefold)
        self._bare = _unique(self._ids, lambda id: _without(_PHOTOGRAPH_WORD, id).casefold())
        self._last = _unique(self._ids, lambda id: PurePosixPath(id).name.casefold())

    @property
    def example(self) -> str | None:
        """The first id; ``None`` without any."""
        return min(self._ids, default=None)

    def __contains__(self, id: str) -> bool:
        """Whether this is the id of a photograph as it is."""
        return id in self._ids

    def find(self, name: str) -> str | None:
        """The photograph of an id, a file's name or a path: as it is, without its suffix, in other case, or alone of
        this name in any folder; ``None`` where there is none, or several."""
        name = _ABOVE.sub("", unicodedata.normalize("NFC", name.replace("\\", "/")))
        forms = (name, _without_suffix(name))
        for form in forms:
            if form in self._ids:
                return form
        for form in forms:
            last = PurePosixPath(form).name.casefold()
            found = self._folded.get(form.casefold()) or self._last.get(last)
            if found is not None:
                return found
        return None

    def find_for_mask(self, id: str, word: str = "") -> str | None:
        """As `find`, and without what masks are called by: ``_mask``, ``-label``, ``_gt`` and the like.

        What else may stand there is ``word``, such as the name of a layer.
        """
        bare = _without_suffix(id)
        own = re.compile(rf"[_\-. ]{re.escape(word)}$", re.IGNORECASE) if word else _MASK_WORD
        bare = _without(own, bare) if own.search(bare) else _without(_MASK_WORD, bare)
        for form in (bare, _without_suffix(bare)):
            found = self.find(form) or self._bare.get(form.casefold())
            if found is not None:
                return found
        return None


def match_masks(masks: Iterable[str], photographs: Photographs, word: str = "") -> dict[str, str]:
    """The photograph of each mask; an exact name comes first, and what several masks would fit is left alone."""
    masks = list(masks)
    result = {id: id for id in masks if id in photographs}
    found: dict[str, list[str]] = {}
    for mask in masks:
        photograph = None if mask in result else photographs.find(mask) or photographs.find_for_mask(mask, word)
        if photograph is not None and photograph not in result:
            found.setdefault(photograph, []).append(mask)
    return result | {several[0]: photograph for photograph, several in found.items() if len(several) == 1}


def masks_by_picture(
    masks: Listing, photographs: Photographs, photographs_in: str, masks_in: str, word: str = ""
) -> dict[str, Path]:
    """The masks by the id of their picture, or by their own where they have none. Raises `InputError` if none fits.

    ``word`` is the name of a layer, whose files are matched as masks are.
    """
    matched = match_masks(masks.paths, photographs, word)
    if masks.paths and not matched and photographs.example is not None:
        what, behind = (f"file of {masks_in}/", f"_{word}") if word else ("mask", "_mask, -mask, _label or _gt")
        raise InputError(
            f"no {what} fits any image: there is, for example, {masks_in}/{next(iter(masks.paths.values())).name}, and "
            f"the first id in {photographs_in}/ is {photographs.example}; a {'file' if word else 'mask'} should have "
            f"its image's name, with or without {behind} behind it"
        )
    return {matched.get(id, id): path for id, path in masks.paths.items()}


def _unique(ids: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """Ids by a key that no other id has."""
    found: dict[str, list[str]] = {}
    for id in ids:
        found.setdefault(key(id), []).append(id)
    return {each: several[0] for each, several in found.items() if len(several) == 1}


def _without(pattern: re.Pattern[str], name: str) -> str:
    return pattern.sub("", name)


def _without_suffix(name: str) -> str:
    return os.path.splitext(name)[0] if name.lower().endswith(SUFFIXES) else name
