"""Which samples of a store show nearly the same, as far as `data prepare` was asked to look: a part of its provenance.

It is no part of the content hash. Folds keep such samples together (`auxseg.data.loading.folds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ALIKE: Final = "alike"
"""The entry of the provenance: sets of ids."""
NEAR: Final = "near-duplicates"
"""What remarks call them that count them in one store."""


def alike(provenance: Mapping[str, object]) -> list[list[str]]:
    """The sets of ids; what is none is passed over."""
    sets = provenance.get(ALIKE)
    found = [each for each in sets if isinstance(each, list)] if isinstance(sets, list) else []
    return [[str(id) for id in each] for each in found]
