"""The store: the file or files that hold a prepared data set, and how single samples are read from them.

`auxseg.data.store` describes the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import UInt, UInt8

from auxseg.arguments import as_path
from auxseg.data.channels import Channels
from auxseg.data.geometry import WHOLE, Fit, Part, fit, own_fit, padded_fit, part_size, refitted
from auxseg.data.layers import FixedForm, PixelForm
from auxseg.data.sample import IGNORE, SPLITS, Vocabulary
from auxseg.data.store.blocks import Blocks
from auxseg.data.store.header import Header
from auxseg.data.store.index import read_checked, refusals
from auxseg.data.store.layers import StoredLayer
from auxseg.data.store.open_file import StoreFiles
from auxseg.data.store.original_masks import StoredOriginals, unpack
from auxseg.data.store.own_sizes import OwnSizes
from auxseg.data.store.shards.reading import read_sharded
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
    header: Header
    """What the file says of itself beside its samples."""
    size: Size
    """Of the pictures that are read; the largest height and width where these have each their own."""
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
    own: OwnSizes | None
    """The sizes of the stored pictures, where each has its own."""
    _places: np.ndarray
    _is_checked: bytearray
    """By row, whether its mask was looked at: once is enough, and reading is what a training does most."""
    _files: StoreFiles
    fits_size: bool = True
    """Whether pictures are read at ``size``, rather than each at its own."""
    least_side: int = 1
    """To how many pixels shorter sides are padded of pictures that are read at their own sizes."""
    mask_ids: np.ndarray | None = None
    """The class id that stands for each of the 256 values of a stored mask, if not the value itself."""

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Read the index of a store, a file or a folder of shards (`auxseg.data.store.shards`).

        Raises `InputError` if it is no whole store that this version knows.
        """
        path = as_path(path, "data")
        with refusals(path):
            if path.is_dir():
                return cls(path=path, **read_sharded(path))
            if not path.is_file():
                raise InputError(
                    f"{path} does not exist; `auxseg data prepare` or `auxseg data synthesize` makes a store"
                )
            return cls(path=path, **read_checked(path))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold the samples, in their order: one, unless it is a store of several."""
        return self._files.paths

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
        than the file's, on either axis: what is not there cannot be read. Pictures that have each their own size are
        also enlarged, as `auxseg data prepare` would do.
        """
        asked = Size.of(size)
        if asked.shorter < 1 or not (self.own or self.stored_size.covers(asked)):
            raise InputError(f"{self.path} holds images of {self.stored_size} px; for {asked} px, prepare it again")
        seen = replace(self, size=asked, fits_size=True, vocabulary=replace(self.vocabulary, size=asked))
        if self.fits_size and (self.resize == "squash" or (self.size.is_square and asked.is_square)):
            return seen
        return replace(seen, boxes=refitted(self.boxes, self.place, seen.place))

    def at_own_sizes(self, least_side: int) -> Store:
        """The same store with pictures as they are stored, to be shown in windows or tiles of this side.

        Smaller pictures are padded evenly with grey, of which nothing is known. Models know the store by the size of
        the window.
        """
        seen = replace(self, vocabulary=replace(self.vocabulary, size=Size.of(least_side)))
        if self.own is None:
            return seen
        seen = replace(seen, size=self.stored_size, fits_size=False, least_side=least_side)
        return replace(seen, boxes=refitted(self.boxes, self.place, seen.place))

    def with_layers(self, names: Collection[str]) -> Store:
        """The same store of which only these layers are read; each must be one of its own."""
        return replace(self, layers={name: layer for name, layer in self.layers.items() if name in names})

    def read(self, row: int, part: Part = WHOLE) -> tuple[UInt[np.ndarray, "H W C"], UInt8[np.ndarray, "H W"]]:
        """Read one sample's image and mask, or a part of them, into new arrays.

        Pixels lie row after row. So where pictures are read as they are stored, only the rows of the part are read.
        Raises `RunError` if the file changed or cannot be read.
        """
        is_as_stored, size, channels = self._is_as_stored(row), self._stored_size(row), self.vocabulary.channels
        rows = range(size.height)[part[0]] if is_as_stored else range(size.height)
        image = np.empty((len(rows), size.width, len(channels)), channels.numpy)
        self._fill(row, image, self.own.image if self.own else int(self._places[row, 0]), rows.start)
        mask = self._read_stored_mask(row, rows)
        if is_as_stored:
            return image[:, part[1]], mask[:, part[1]]
        y0, y1, x0, x1 = self._stored_place(row).inside  # so that padding does not mix with the photograph
        shrinking = self._shrinking(row)
        return shrinking.image(image[y0:y1, x0:x1])[part], shrinking.mask(mask[y0:y1, x0:x1])[part]

    def read_mask(self, row: int, part: Part = WHOLE) -> UInt8[np.ndarray, "H W"]:
        """Read one sample's mask alone, or a part of it, into a new array. Raises `RunError` as `read` does."""
        mask = self._read_stored_mask(row, self._read_rows(row, part))
        if self._is_as_stored(row):
            return mask[:, part[1]]
        y0, y1, x0, x1 = self._stored_place(row).inside
        return self._shrinking(row).mask(mask[y0:y1, x0:x1])[part]

    @property
    def keeps_original_masks(self) -> bool:
        """Whether masks can be read at the size of their photographs: kept so, or because that is the stored size."""
        stored = [*self.stored_size] if self.own is None else self.own.shapes
        return self.originals is not None or bool((self.original_sizes == stored).all())

    def read_original_mask(self, row: int) -> UInt8[np.ndarray, "h w"] | None:
        """Read one sample's mask at the size of its photograph, ``None`` where it has none.

        It lies as the mask that was fitted into the stored picture. For stores with `keeps_original_masks`. Raises
        `RunError` as `read` does, and for a damaged one.
        """
        if not self.has_mask[row]:
            return None
        if self.originals is None:
            return self._read_stored_mask(row, range(self._stored_size(row).height))
        blocks = self.originals.blocks
        packed = np.empty(int(blocks.num_bytes[row]), np.uint8)
        self._fill(row, packed, blocks)
        try:
            mask = unpack(packed, self.place(row).original)
        except ValueError as error:
            raise RunError(
                f"{self._file_of(row)} is damaged: the original mask of {self.ids[row]} {error}; prepare it again"
            ) from error
        self._check_ids(row, mask)
        return mask if self.mask_ids is None else self.mask_ids[mask]

    def read_layers(self, row: int, part: Part = WHOLE) -> dict[str, np.ndarray]:
        """Read one sample's layers into new arrays, as their forms have them, see `auxseg.data.layers`.

        Only a part of layers with values for every pixel is read if that is asked for. Of a layer that the sample lacks
        nothing is known. Raises `RunError` as `read` does.
        """
        return {name: self._read_layer(row, name, layer, part) for name, layer in self.layers.items()}

    def inside(self, row: int) -> tuple[int, int, int, int]:
        """``(y0, y1, x0, x1)``, half-open: the part of the picture that is photograph rather than padding."""
        return self.place(row).inside

    def place(self, row: int) -> Fit:
        """Where the photograph lies in the picture that is read, and how large it is itself."""
        if self.fits_size:
            return self._fit(row, self.size)
        return padded_fit(self._stored_place(row), self.least_side)

    def _stored_size(self, row: int) -> Size:
        return self.stored_size if self.own is None else self.own.of(row)

    def _stored_place(self, row: int) -> Fit:
        if self.own is None:
            return self._fit(row, self.stored_size)
        return own_fit(tuple(self.original_sizes[row].tolist()), self.own.of(row))

    def _is_as_stored(self, row: int) -> bool:
        """Whether a picture is read as it lies in the file."""
        if self.own is None:
            return self.size == self.stored_size
        return not self.fits_size and min(self.own.shapes[row]) >= self.least_side

    def _read_rows(self, row: int, part: Part) -> range:
        """The rows that have to be read of a picture as it is stored, to see a part of it."""
        rows = range(self._stored_size(row).height)
        return rows[part[0]] if self._is_as_stored(row) else rows

    def _read_stored_mask(self, row: int, rows: range) -> UInt8[np.ndarray, "_ _"]:
        size = self._stored_size(row)
        mask = np.empty((len(rows), size.width), np.uint8)
        self._fill(row, mask, self.own.mask if self.own else int(self._places[row, 1]), rows.start)
        if not self._is_checked[row]:
            self._check_ids(row, mask)
            self._is_checked[row] = len(rows) == size.height
        return mask if self.mask_ids is None else self.mask_ids[mask]

    def _read_layer(self, row: int, name: str, layer: StoredLayer, part: Part) -> np.ndarray:
        if not layer.present[row]:
            return layer.form.blank(*part_size(part, self.place(row).size))
        size, form = self._stored_size(row), layer.written
        rows = self._read_rows(row, part if isinstance(form, PixelForm) else WHOLE)
        stored = len(rows), size.width
        if isinstance(form, FixedForm):
            values = np.empty(form.shape(*stored), form.dtype)
            self._fill(row, values, layer.blocks or int(layer.places[row]), rows.start)
        else:
            assert layer.table is not None
            values = layer.table.of(int(row))
        if not layer.is_checked[row]:
            if fault := form.fault(values, stored):
                where = f"the layer {name!r} of {self.ids[row]}"
                raise RunError(f"{self._file_of(row)} is damaged: {where} {fault}; prepare it again")
            layer.is_checked[row] = len(rows) == size.height
        values, seen = layer.in_words(values), (slice(None), part[1])
        if not self._is_as_stored(row):
            inside = self._stored_place(row).inside
            values, seen = layer.form.placed(layer.form.cut(values, inside), self._shrinking(row)), part
        return values[seen] if isinstance(form, PixelForm) else values

    def _fill(self, row: int, array: np.ndarray, where: int | Blocks, first: int = 0) -> None:
        """Read a part of a sample into an array: all of it, or rows from the ``first`` on."""
        skipped, num_bytes = first * array[:1].nbytes if first else 0, array.nbytes
        parts = ((where + skipped, num_bytes),) if isinstance(where, int) else where.parts(row, skipped, num_bytes)
        self._files.fill(array, parts, lambda: f"sample {self.ids[row]}")

    def _check_ids(self, row: int, mask: UInt8[np.ndarray, "_ _"]) -> None:
        """Refuse a mask with values that have no name, which a loss would look up out of bounds."""
        num_classes = len(self.vocabulary.mask_classes)
        highest = int(mask[mask != IGNORE].max(initial=0))
        if self.has_mask[row] and highest >= num_classes:
            fault = f"the mask of {self.ids[row]} holds class {highest}, but its classes are 0 to {num_classes - 1}"
            raise RunError(f"{self._file_of(row)} is damaged: {fault}; prepare it again")

    def _file_of(self, row: int) -> Path:
        """The file that holds a sample."""
        place = int(self._places[row, 0]) if self.own is None else next(self.own.image.parts(row))[0]
        return self._files.path_at(place)

    def _fit(self, row: int, size: Size) -> Fit:
        return fit(tuple(self.original_sizes[row].tolist()), size, self.resize)

    def _shrinking(self, row: int) -> Fit:
        """How what lies inside at the stored size comes to lie inside at this one."""
        y0, y1, x0, x1 = self._stored_place(row).inside
        seen = self.place(row)
        return Fit((y1 - y0, x1 - x0), seen.size, seen.inside)
