"""The store: one HDF5 file that holds a prepared data set, and how single samples are read from it.

Layout, version 1 (``N`` samples, side ``S``)::

    /image            uint8  (N, S, S, 3)   one sample per chunk, not compressed
    /mask             uint8  (N, S, S)      one sample per chunk, not compressed; all IGNORE without a mask
    /has_mask         bool   (N,)
    /box              float32 (N, 4)        x0 y0 x1 y1, half-open, normalised to the stored image; NaN if missing
    /classes/<label>  int32  (N,)           index into the label's names; MISSING if missing
    /split            uint8  (N,)           index into SPLITS
    /id, /group       str    (N,)           the group is empty where none is known
    /original_size    int32  (N, 2)         height and width of the photograph
    /orientation      uint8  (N,)           EXIF orientation of the photograph, 1 to 8 (older files lack it)
    /is_turned        bool   (N,)           whether the photograph was turned by it (older files lack it)
    /image_hash       str    (N,)           SHA-256 of the photograph's pixels and shape
    /perceptual_hash  uint64 (N,)           difference hash of the photograph

Attributes of the root: ``schema_version``, ``size``, ``resize``, ``border``, ``box_from_mask``, ``content_hash``, and
as JSON ``mask_classes``, ``labels`` (label -> names), ``provenance`` and ``skipped`` (pairs of id and reason). Where
they say something: ``exif`` (``ignore`` where photographs are not turned by their orientation), and as JSON ``dropped``
(pairs of id and reason: labels that could not be used), ``category_ids`` and ``has_background``, see `Vocabulary`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, final

import h5py
import numpy as np
from jaxtyping import UInt8

from auxseg.data.geometry import Fit, fit
from auxseg.data.sample import MISSING, SPLITS, Vocabulary
from auxseg.errors import InputError, RunError

SCHEMA_VERSION: Final = 1


@final
@dataclass(frozen=True, eq=False)
class Store:
    """A prepared data set: its whole index in memory, its pictures read one by one.

    Safe in threads, after a fork, and as a pickle: samples are read from fixed places in the file by the operating
    system's positional read, without HDF5, so that nothing is shared but an open file that has no position.
    """

    path: Path
    size: int
    stored_size: int
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
    _places: np.ndarray
    _version: tuple[int, int]
    _file: list[_OpenFile] = field(default_factory=list)

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """Read the index of a store. Raises `InputError` if the file is no whole store that this version knows."""
        path = Path(path)
        try:
            if path.is_dir():
                raise InputError(f"{path} is a directory; a store is one file")
            if not path.is_file():
                raise InputError(
                    f"{path} does not exist; `auxseg data prepare` or `auxseg data synthesize` makes a store"
                )
            # A finished store is never written to, and some network file systems cannot lock.
            with h5py.File(path, "r", locking=False) as file:
                return cls(path=path, **_read_index(path, file))
        except (InputError, MemoryError):
            raise
        except PermissionError as error:
            raise InputError(f"{path} cannot be read: you lack the permission") from error
        except OSError as error:
            raise InputError(f"{path} is not an HDF5 file, or only the beginning of one; prepare it again") from error
        except Exception as error:  # h5py lets many kinds of errors through when a file is damaged.
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise InputError(f"{path} is damaged: {reason}; prepare it again") from error

    def __len__(self) -> int:
        return len(self.ids)

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"_file": []}

    def rows(self, split: str) -> np.ndarray:
        """The rows of one split, ascending (int64)."""
        if split not in SPLITS:
            raise InputError(f"split must be one of {', '.join(SPLITS)}, not {split!r}")
        return np.flatnonzero(self.split == SPLITS.index(split))

    def at_size(self, size: int) -> Store:
        """The same store with pictures that are shrunk to ``size`` as they are read.

        Raises `InputError` for a larger size than the file's: what is not there cannot be read.
        """
        if not 1 <= size <= self.stored_size:
            raise InputError(f"{self.path} holds pictures of {self.stored_size} px; for {size} px prepare it again")
        return replace(self, size=size, vocabulary=replace(self.vocabulary, size=size))

    def read(self, row: int) -> tuple[UInt8[np.ndarray, "S S 3"], UInt8[np.ndarray, "S S"]]:
        """Read one sample's image and mask into new arrays. Raises `RunError` if the file changed or cannot be read."""
        image = np.empty((self.stored_size, self.stored_size, 3), np.uint8)
        mask = np.empty((self.stored_size, self.stored_size), np.uint8)
        file = self._open_file()
        image_place, mask_place = self._places[row].tolist()
        try:
            num_bytes = file.fill(image, image_place) + file.fill(mask, mask_place)
        except OSError as error:
            raise RunError(f"{self.path} cannot be read any more: {error}") from error
        if num_bytes != image.nbytes + mask.nbytes:
            raise RunError(f"{self.path} ended within sample {self.ids[row]}: it was cut short after it was opened")
        return (image, mask) if self.size == self.stored_size else self._shrunk(row, image, mask)

    def inside(self, row: int) -> tuple[int, int, int, int]:
        """``(y0, y1, x0, x1)``, half-open: the part of the picture that is photograph rather than padding."""
        return self._fit(row, self.size).inside

    def _fit(self, row: int, size: int) -> Fit:
        height, width = self.original_sizes[row].tolist()
        return fit((height, width), size, self.resize)

    def _shrunk(self, row: int, image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The photograph alone is shrunk, so that padding does not mix with it."""
        y0, y1, x0, x1 = self._fit(row, self.stored_size).inside
        place = Fit((y1 - y0, x1 - x0), self.size, self.inside(row))
        return place.image(image[y0:y1, x0:x1]), place.mask(mask[y0:y1, x0:x1])

    def _open_file(self) -> _OpenFile:
        # Threads may open the file twice here. The reader of the one that is not kept holds it until it is done.
        if not self._file:
            self._file[:] = [_OpenFile(self.path, self._version)]
        return self._file[0]


@final
class _OpenFile:
    """A read-only file descriptor that is closed with its last user."""

    def __init__(self, path: Path, version: tuple[int, int]) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise RunError(f"{path} cannot be opened any more: {error.strerror}") from error
        if _version(os.fstat(self._descriptor)) != version:
            raise RunError(f"{path} was replaced after it had been opened; start again to use the new file")

    def fill(self, array: np.ndarray, place: int) -> int:
        """Read as many bytes as an array holds; returns how many there were."""
        return os.preadv(self._descriptor, [array.data], place)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _read_index(path: Path, file: h5py.File) -> dict[str, Any]:
    """Everything but the pictures, as the fields of `Store`."""
    attributes: dict[str, Any] = dict(file.attrs)
    if "schema_version" not in attributes or "content_hash" not in attributes:
        raise InputError(f"{path} is an HDF5 file, but not a store that `auxseg data prepare` wrote")
    if attributes["schema_version"] > SCHEMA_VERSION:
        found = attributes["schema_version"]
        raise InputError(f"{path} has schema version {found}; this auxseg reads up to {SCHEMA_VERSION}: upgrade auxseg")
    labels = {name: tuple(names) for name, names in json.loads(attributes["labels"]).items()}
    size = int(attributes["size"])
    _check_shapes(path, file, size, labels)
    return {
        "size": size,
        "stored_size": size,
        "resize": attributes["resize"],
        "border": attributes["border"],
        "box_from_mask": bool(attributes["box_from_mask"]),
        "vocabulary": Vocabulary(
            size,
            tuple(json.loads(attributes["mask_classes"])),
            labels,
            attributes["resize"],
            {name: _class_counts(file, name, len(names)) for name, names in labels.items()},
            attributes.get("exif", "apply"),
            tuple(json.loads(attributes.get("category_ids", "[]"))),
            json.loads(attributes.get("has_background", "true")),
        ),
        "provenance": json.loads(attributes["provenance"]),
        "content_hash": attributes["content_hash"],
        "skipped": tuple((id, reason) for id, reason in json.loads(attributes["skipped"])),
        "dropped": tuple((id, reason) for id, reason in json.loads(attributes.get("dropped", "[]"))),
        "ids": _strings(file, "id"),
        "groups": _strings(file, "group"),
        "split": _dataset(file, "split")[:],
        "has_mask": _dataset(file, "has_mask")[:],
        "boxes": _dataset(file, "box")[:],
        "classes": {name: _dataset(file, f"classes/{name}")[:] for name in labels},
        "original_sizes": _dataset(file, "original_size")[:],
        "orientations": _optional(file, "orientation", np.uint8(1)),
        "is_turned": _optional(file, "is_turned", np.False_),
        "image_hashes": _strings(file, "image_hash"),
        "perceptual_hashes": _dataset(file, "perceptual_hash")[:],
        "_places": np.stack([_chunk_places(path, _dataset(file, name)) for name in ("image", "mask")], axis=1),
        "_version": _version(os.stat(path)),
    }


def _check_shapes(path: Path, file: h5py.File, size: int, labels: Iterable[str]) -> None:
    """Refuse what does not fit together, before memory is taken for it."""
    pictures = {"image": (size, size, 3), "mask": (size, size)}
    plain = (
        "id",
        "group",
        "split",
        "has_mask",
        "image_hash",
        "perceptual_hash",
        *(f"classes/{name}" for name in labels),
    )
    plain = *plain, *(name for name in ("orientation", "is_turned") if name in file)
    columns = {"box": (4,), "original_size": (2,), **dict.fromkeys(plain, ())}
    num_samples = len(_dataset(file, "id"))
    for name, shape in (pictures | columns).items():
        dataset, expected = _dataset(file, name), (num_samples, *shape)
        if dataset.shape != expected:
            raise InputError(f"{path} is damaged: /{name} has shape {dataset.shape}, not {expected}; prepare it again")
        if name in pictures and dataset.dtype != np.uint8:
            raise InputError(f"{path} is damaged: /{name} holds {dataset.dtype}, not uint8; prepare it again")


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise TypeError(f"/{name} is no dataset")
    return dataset


def _optional(file: h5py.File, name: str, default: np.generic) -> np.ndarray:
    """A column that older files do not have, and one value for all of it there."""
    if name in file:
        return _dataset(file, name)[:]
    return np.full(len(_dataset(file, "id")), default)


def _class_counts(file: h5py.File, label: str, num_classes: int) -> tuple[int, ...]:
    """How many samples of the training split each class has."""
    ids = _dataset(file, f"classes/{label}")[:][_dataset(file, "split")[:] == SPLITS.index("train")]
    return tuple(np.bincount(ids[ids != MISSING], minlength=num_classes).tolist())


def _strings(file: h5py.File, name: str) -> np.ndarray:
    return np.array(_dataset(file, name).asstr()[:], dtype=str)


def _chunk_places(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    """The byte offset of every sample in the file."""
    places = np.full(len(dataset), -1, np.int64)
    sample_bytes = int(np.prod(dataset.shape[1:]))

    def note(chunk: h5py.h5d.StoreInfo) -> None:
        if chunk.size == sample_bytes:
            places[chunk.chunk_offset[0]] = chunk.byte_offset

    dataset.id.chunk_iter(note)
    if (places < 0).any() or (places + sample_bytes > os.path.getsize(path)).any():
        raise InputError(f"{path} is cut short: not every sample of {dataset.name} is there whole; prepare it again")
    return places
