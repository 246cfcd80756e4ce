"""The protocol of an outside format that `data prepare` can read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from auxseg.data.channels import RGB, Channels
from auxseg.data.layers import LayerForm
from auxseg.data.sample import Sample


class SampleError(ValueError):
    """One sample cannot be used; the message is the reason, without the sample's name."""


@dataclass(frozen=True)
class Item:
    """A sample before it is read: its id and the official split it belongs to.

    ``split`` is ``"train"``, ``"val"``, ``"trainval"``, ``"test"``, or ``None`` where the source has no official split.
    """

    id: str
    split: str | None = None


class Source(ABC):
    """Reads an outside format without ever writing to it. Picklable: worker processes get a copy.

    ``mask_classes`` names the mask's ids, background first; ``has_background`` is false where the first is a class like
    any other. ``category_ids`` are the numbers that the source itself gives to them (empty: their positions).
    ``box_from_mask`` says that boxes are the masks' own bounding boxes, so that they may be taken from the mask again
    after an augmentation. ``remarks`` are sentences about the whole data set: what was left out of it when it was
    opened, or is understood in another way than it is written. ``layers`` says by name which layers its samples may
    have, ``channels`` what their images consist of. ``options`` are the settings of `open_source` that the source
    understands.
    """

    options: ClassVar[frozenset[str]] = frozenset()

    name: str
    mask_classes: tuple[str, ...]
    box_from_mask: bool = False
    has_background: bool = True
    category_ids: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    layers: Mapping[str, LayerForm] = MappingProxyType({})
    channels: Channels = RGB

    @abstractmethod
    def items(self) -> Sequence[Item]:
        """List all samples cheaply, in a fixed order. Raises `InputError` if this is not such a data set."""

    @abstractmethod
    def read(self, item: Item) -> Sample:
        """Read one sample. Raises `SampleError` with the reason if it cannot be used."""

    @abstractmethod
    def provenance(self) -> dict[str, str]:
        """Where the data come from: name, path, settings, licence where known."""
