"""Which layers of a store COCO has a place for, and the categories that they need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, final

from auxseg.data.ignore import IGNORE
from auxseg.data.layers import BoxesForm, InstancesForm, LayerForm, PointsForm, TagsForm
from auxseg.data.layers.points import pairs_by_name
from auxseg.data.sample import Vocabulary
from auxseg.data.sources.coco.categories import is_background

NONE: Final = ""
"""The name of no layer."""


@final
class CocoLayers:
    """The first layer of each kind that COCO can hold, by name, `NONE` where there is none.

    - ``boxes``: its classes are categories, those of the mask by their names and others behind them.
    - ``tags``, whose words are among the categories.
    - ``instances``, where there are masks to give them classes.
    - ``points``, where there is any category to name them.

    Args:
        vocabulary: that of the store.
        names: the names of the mask's classes by the numbers of their categories.
        has_masks: whether any sample has a mask.
    """

    def __init__(self, vocabulary: Vocabulary, names: Mapping[int, str], *, has_masks: bool) -> None:
        self._forms = vocabulary.layers
        self.names = dict(names)
        self.boxes = self._first(BoxesForm)
        self.box_categories: tuple[int, ...] = ()
        if self.boxes:
            self._add_categories(vocabulary.layers[self.boxes])
        self.tags = self._first(TagsForm)
        if self.tags and not set(self._names_of(self.tags)) <= set(self.names.values()):
            self.tags = NONE
        self.instances = self._first(InstancesForm) if names and has_masks else NONE
        self.points = self._first(PointsForm) if self.names else NONE
        found = self.boxes, self.tags, self.instances, self.points
        self.written: dict[str, LayerForm] = {name: form for name, form in self._forms.items() if name in found}
        kinds = {"boxes": self.boxes, "tags": self.tags, "instances": self.instances}
        self.read_as = {kind: layer for kind, layer in kinds.items() if layer}
        self.named_points: dict[str, Any] = {}
        self.no_points: dict[str, Any] = {}
        self.has_other_pairs = False
        points = self._forms.get(self.points)
        if isinstance(points, PointsForm):
            self.named_points = {
                "keypoints": list(points.names),
                "flip_pairs": [list(pair) for pair in points.flip_pairs],
            }
            self.no_points = {"keypoints": [0] * (3 * len(points.names)), "num_keypoints": 0}
            by_name = PointsForm(points.names, pairs_by_name(points.names))
            self.has_other_pairs = points.partners != by_name.partners

    def tags_of(self, categories: Collection[int]) -> list[int]:
        """The values of the layer of tags for an image with these categories."""
        found = {self.names[id] for id in categories}
        return [int(name in found) for name in self._names_of(self.tags)]

    def _first(self, kind: type[LayerForm]) -> str:
        return next((name for name, form in self._forms.items() if isinstance(form, kind)), NONE)

    def _names_of(self, layer: str) -> tuple[str, ...]:
        form = self._forms[layer]
        assert isinstance(form, TagsForm | BoxesForm)
        return form.names

    def _add_categories(self, form: LayerForm) -> None:
        """Categories for the classes of boxes; no layer of boxes where these cannot be read back."""
        assert isinstance(form, BoxesForm)
        others = [name for name in form.names if name not in self.names.values()]
        if len(self.names) + len(others) >= IGNORE or any(is_background(name) for name in others):
            self.boxes = NONE
            return
        first = max(self.names, default=0) + 1
        self.names |= dict(enumerate(others, first))
        numbers = {name: id for id, name in self.names.items()}
        self.box_categories = tuple(numbers[name] for name in form.names)
