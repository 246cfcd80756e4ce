"""The store: one HDF5 file that holds a prepared data set, and how single samples are read from it.

Layout, version 1.1 (``N`` samples, height ``H``, width ``W``, ``L`` kinds of label)::

    /image            uint8  (N, H, W, 3)   one sample per chunk, not compressed
    /mask             uint8  (N, H, W)      one sample per chunk, not compressed; all IGNORE without a mask
    /has_mask         bool   (N,)
    /box              float32 (N, 4)        x0 y0 x1 y1, half-open, normalised to the stored image; NaN if missing
    /classes          int32  (N, L)         index into each label's names, in the header's order; MISSING if missing
    /split            uint8  (N,)           index into SPLITS
    /original_size    int32  (N, 2)         height and width of the photograph
    /orientation      uint8  (N,)           EXIF orientation of the photograph, 1 to 8 (older files lack it)
    /is_turned        bool   (N,)           whether the photograph was turned by it (older files lack it)
    /perceptual_hash  uint64 (N,)           difference hash of the photograph
    /id, /group       texts                 the group is empty where none is known
    /image_hash       texts                 SHA-256 of the photograph's pixels and shape
    /header           uint8  (bytes,)       a JSON object

Texts are two datasets: ``/id`` holds the UTF-8 bytes of all ids, one after another, and ``/id_end`` (int64, (N,)) says
where each of them ends. Attributes of the root: ``schema_version`` and ``content_hash``.

The header holds ``size``, ``resize``, ``border``, ``box_from_mask``, ``mask_classes``, ``labels`` (label -> names),
``provenance`` and ``skipped`` (pairs of id and reason). Where they say something: ``exif`` (``ignore`` where
photographs are not turned by their orientation), ``dropped`` (pairs of id and reason: labels that could not be used),
``category_ids`` and ``has_background``, see `Vocabulary`.

Version 2 is what a file with layers has, 2.1 one with other layers than maps and masks; all else is as in 1.1. The
header holds ``layers`` (name -> form and ``hash``, the SHA-256 of form, presence and values), and `layers` beside this
file says what there is for each layer.

The content hash covers the layers' hashes. The hashes of photographs do not.

Version 3 is what a file has whose pictures are not square, with layers or without; ``size`` in its header is a list of
height and width. In older versions both are ``size``.
Version 4 is what a file has whose images are not RGB of 8 bits. ``channels`` in its header holds their ``names`` and
``dtype``, uint8 or uint16, and ``/image`` is (N, H, W, C) of this type; all else is as in version 3.

A file of any of these versions that keeps the masks at the size of their photographs also has::

    /original_masks/blocks  uint8 (M, 65536)   the zlib streams of all masks, one after another, cut into chunks
    /original_masks/first   int64 (N+1,)       where each sample's stream begins; it is empty without a mask

The header then holds ``original_masks`` with their ``hash``, the SHA-256 over presence, shape and pixels. The content
hash does not cover it: nothing is trained on them, and a store that is prepared again with them stays the same data.

Version 1 differed in its texts alone: strings of variable length in HDF5's own heap (`auxseg.data.store.old_texts`),
attributes of the root in place of the header, and a dataset ``/classes/<label>`` for each label. The content hash is
the same in both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.arguments import as_path
from auxseg.data.channels import Channels
from auxseg.data.geometry import Fit, fit, refitted
from auxseg.data.layers import FixedForm
from auxseg.data.sample import IGNORE, SPLITS, Vocabulary
from auxseg.data.store.index import read_checked
from auxseg.data.store.layers import StoredLayer
from auxseg.data.store.open_file import OpenFile, opened, version_of
from auxseg.data.store.original_masks import StoredOriginals, unpack
from auxseg.errors import InputError, RunError
from auxseg.records.values.size import Size, SizeLike


@final
@dataclass(frozen=True, eq=False)
class Store:
    """A prepared data set: its whole index in memory, its pictures read one by one.

    Safe in threads, after a fork, and as a pickle: samples are read from fixed places in the file by the operating
    system's positional read, without HDF5, so that nothing is shared but an open file that has no position.
    """

    path: Path
    size: Size
    stored_size: Size
    resize: str
    border: str
    box_from_mask: bool
    vocabulary: Vocabulary
    provenance: Mapping[str, Any]
    content_hash: str
    skipped: tuple[tuple[str, str], ...]
    dropped: tuple[tuple[str, str], ...]
    ids: np.ndarray
    groups: np.ndarray
    split: np.ndarray
    has_mask: np.ndarray
    boxes: np.ndarray
    classes: Mapping[str, np.ndarray]
    original_sizes: np.ndarray
    orientations: np.ndarray
    is_turned: np.ndarray
    image_hashes: np.ndarray
    perceptual_hashes: np.ndarray
    layers: Mapping[str, StoredLayer]
    """The layers that are read, by name."""
    originals: StoredOriginals | None
    """The masks at the size of their photographs, where the store keeps them."""
    _places: np.ndarray
    _version: tuple[int, int]
    _is_checked: bytearray
    """By row, whether its mask was looked at: once is enough, and reading is what a training does most."""
    _file: list[OpenFile] = field(default_factory=list)
    mask_ids: np.ndarray | None = None
    """The class id that stands for each of the 256 values of a stored mask, if not the value itself."""

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Read the index of a store. Raises `InputError` if the file is no whole store that this version knows."""
        path = as_path(path, "data")
        try:
            if path.is_dir():
                raise InputError(f"{path} is a directory; a store is one file")
            if not path.is_file():
                raise InputError(
                    f"{path} does not exist; `auxseg data prepare` or `auxseg data synthesize` makes a store"
                )
            with opened(path) as descriptor:
                version = version_of(descriptor)
                index = read_checked(path, descriptor)
                return cls(path=path, **index, _version=version, _is_checked=bytearray(len(index["ids"])))
        except (InputError, MemoryError):
            raise
        except PermissionError as error:
            raise InputError(f"{path} cannot be read: permission denied") from error
        except OSError as error:
            raise InputError(f"{path} is not an HDF5 file, or is truncated; prepare it again") from error
        except Exception as error:  # h5py lets many kinds of errors through when a file is damaged.
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise InputError(f"{path} is damaged: {reason}; prepare it again") from error

    def __len__(self) -> int:
        return len(self.ids)

    def __getstate__(self) -> dict[str, object]:
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "_file": []}

    @property
    def channels(self) -> Channels:
        """What the images consist of."""
        return self.vocabulary.channels

    def rows(self, split: str) -> np.ndarray:
        """The rows of one split, ascending (int64)."""
        if split not in SPLITS:
            raise InputError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
        return np.flatnonzero(self.split == SPLITS.index(split))

    def at_size(self, size: SizeLike) -> Store:
        """The same store with pictures that are shrunk to ``size`` as they are read, each axis by itself.

        At a size of another shape squashed photographs are stretched anew, and letterboxed ones keep their own shape
        and are padded anew, as `auxseg.data.geometry.fit` would have fitted them. Raises `InputError` for a larger size
        than the file's, on either axis: what is not there cannot be read.
        """
        asked = Size.of(size)
        if asked.shorter < 1 or not self.stored_size.covers(asked):
            raise InputError(f"{self.path} holds images of {self.stored_size} px; for {asked} px, prepare it again")
        seen = replace(self, size=asked, vocabulary=replace(self.vocabulary, size=asked))
        if self.resize == "squash" or (self.size.is_square and asked.is_square):
            return seen
        return replace(seen, boxes=refitted(self.boxes, self.place, seen.place))

    def with_layers(self, names: Collection[str]) -> Store:
        """The same store of which only these layers are read; each must be one of its own."""
        return replace(self, layers={name: layer for name, layer in self.layers.items() if name in names})

    def read(self, row: int) -> tuple[UInt[np.ndarray, "H W C"], UInt8[np.ndarray, "H W"]]:
        """Read one sample's image and mask into new arrays. Raises `RunError` if the file changed or cannot be read."""
        image = np.empty((*self.stored_size, len(self.channels)), self.channels.numpy)
        self._fill(row, image, int(self._places[row, 0]))
        mask = self.read_mask(row)
        if self.size == self.stored_size:
            return image, mask
        y0, y1, x0, x1 = self._fit(row, self.stored_size).inside  # so that padding does not mix with the photograph
        return self._shrinking(row).image(image[y0:y1, x0:x1]), mask

    def read_mask(self, row: int) -> UInt8[np.ndarray, "H W"]:
        """Read one sample's mask alone into a new array. Raises `RunError` as `read` does."""
        mask = self._read_stored_mask(row)
        if self.size == self.stored_size:
            return mask
        y0, y1, x0, x1 = self._fit(row, self.stored_size).inside
        return self._shrinking(row).mask(mask[y0:y1, x0:x1])

    @property
    def keeps_original_masks(self) -> bool:
        """Whether masks can be read at the size of their photographs: kept so, or because that is the stored size."""
        return self.originals is not None or bool((self.original_sizes == [*self.stored_size]).all())

    def read_original_mask(self, row: int) -> UInt8[np.ndarray, "h w"] | None:
        """Read one sample's mask at the size of its photograph, ``None`` where it has none.

        It lies as the mask that was fitted into the stored picture. For stores with `keeps_original_masks`. Raises
        `RunError` as `read` does, and for a damaged one.
        """
        if not self.has_mask[row]:
            return None
        if self.originals is None:
            return self._read_stored_mask(row)
        parts = [np.empty(num_bytes, np.uint8) for _, num_bytes in self.originals.parts(row)]
        for part, (place, _) in zip(parts, self.originals.parts(row), strict=True):
            self._fill(row, part, place)
        try:
            mask = unpack(np.concatenate(parts), self.place(row).original)
        except ValueError as error:
            raise RunError(
                f"{self.path} is damaged: the original mask of {self.ids[row]} {error}; prepare it again"
            ) from error
        self._check_ids(row, mask)
        return mask if self.mask_ids is None else self.mask_ids[mask]

    def read_layers(self, row: int) -> dict[str, np.ndarray]:
        """Read one sample's layers into new arrays, as their forms have them, see `auxseg.data.layers`.

        Of a layer that the sample lacks nothing is known. Raises `RunError` as `read` does.
        """
        return {name: self._read_layer(row, name, layer) for name, layer in self.layers.items()}

    def inside(self, row: int) -> tuple[int, int, int, int]:
        """``(y0, y1, x0, x1)``, half-open: the part of the picture that is photograph rather than padding."""
        return self.place(row).inside

    def place(self, row: int) -> Fit:
        """Where the photograph lies in the picture that is read, and how large it is itself."""
        return self._fit(row, self.size)

    def _read_stored_mask(self, row: int) -> UInt8[np.ndarray, "_ _"]:
        mask = np.empty((*self.stored_size,), np.uint8)
        self._fill(row, mask, int(self._places[row, 1]))
        if not self._is_checked[row]:
            self._check_ids(row, mask)
            self._is_checked[row] = True
        return mask if self.mask_ids is None else self.mask_ids[mask]

    def _read_layer(self, row: int, name: str, layer: StoredLayer) -> np.ndarray:
        if not layer.present[row]:
            return layer.form.blank(*self.size)
        form, stored = layer.written, (self.stored_size.height, self.stored_size.width)
        if isinstance(form, FixedForm):
            values = np.empty(form.shape(*stored), form.dtype)
            self._fill(row, values, int(layer.places[row]))
        else:
            assert layer.table is not None
            values = layer.table.of(int(row))
        if not layer.is_checked[row]:
            if fault := form.fault(values, stored):
                raise RunError(
                    f"{self.path} is damaged: the layer {name!r} of {self.ids[row]} {fault}; prepare it again"
                )
            layer.is_checked[row] = True
        values = layer.in_words(values)
        if self.size == self.stored_size:
            return values
        inside = self._fit(row, self.stored_size).inside
        return layer.form.placed(layer.form.cut(values, inside), self._shrinking(row))

    def _fill(self, row: int, array: np.ndarray, place: int) -> None:
        """Read a part of a sample into an array."""
        try:
            num_bytes = self._open_file().fill(array, place)
        except OSError as error:
            raise RunError(f"{self.path} can no longer be read: {error}") from error
        if num_bytes != array.nbytes:
            raise RunError(f"{self.path} ended within sample {self.ids[row]}: it was truncated after it was opened")

    def _check_ids(self, row: int, mask: UInt8[np.ndarray, "_ _"]) -> None:
        """Refuse a mask with values that have no name, which a loss would look up out of bounds."""
        num_classes = len(self.vocabulary.mask_classes)
        highest = int(mask[mask != IGNORE].max(initial=0))
        if self.has_mask[row] and highest >= num_classes:
            raise RunError(
                f"{self.path} is damaged: the mask of {self.ids[row]} holds class {highest}, but its classes are "
                f"0 to {num_classes - 1}; prepare it again"
            )

    def _fit(self, row: int, size: Size) -> Fit:
        height, width = self.original_sizes[row].tolist()
        return fit((height, width), size, self.resize)

    def _shrinking(self, row: int) -> Fit:
        """How what lies inside at the stored size comes to lie inside at this one."""
        y0, y1, x0, x1 = self._fit(row, self.stored_size).inside
        return Fit((y1 - y0, x1 - x0), self.size, self.inside(row))

    def _open_file(self) -> OpenFile:
        # Threads may open the file twice here. The reader of the one that is not kept holds it until it is done.
        if not self._file:
            self._file[:] = [OpenFile(self.path, self._version)]
        return self._file[0]
