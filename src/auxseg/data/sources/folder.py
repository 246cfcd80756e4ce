"""A folder of pictures, and beside it whatever labels there are: masks in files, tables of classes and boxes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import Sample
from auxseg.data.sources.arrays.inside import array_files
from auxseg.data.sources.class_names import NAMES_FILES, find_names
from auxseg.data.sources.layers.declared import FILE as LAYERS
from auxseg.data.sources.layers.declared import read_declared
from auxseg.data.sources.layers.folder import find_layers
from auxseg.data.sources.masks.classes import decide_classes, describe_settings, mask_settings
from auxseg.data.sources.masks.files import LOSSY_SUFFIXES, MASK_SUFFIXES, refuse_lossy
from auxseg.data.sources.masks.labelled import read_labelled
from auxseg.data.sources.masks.sizes import refuse_misfits
from auxseg.data.sources.name_matching import Photographs, masks_by_picture
from auxseg.data.sources.pictures.files import SUFFIXES, Listing, describe_others, list_files, list_unknown
from auxseg.data.sources.pictures.native_images import list_images, native_images
from auxseg.data.sources.pictures.orientation import agreement, check_exif
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.tables import Labels, describe_boxes, describe_labels, read_boxes, read_labels
from auxseg.errors import InputError

_UNLABELLED: Final = Labels({}, None, None)
_IMAGES, _MASKS, _LABELS, _BOXES = "images", "masks", "labels.csv", "boxes.csv"
_UNDERSTOOD: Final = frozenset({_IMAGES, _MASKS, _LABELS, _BOXES, LAYERS, *NAMES_FILES})


@final
class Folder(Source):
    """Pictures with masks, classes and boxes, each of which any sample may lack.

    - ``images/``: the pictures, in subfolders too; the path below it without suffix is the sample's id.
    - ``masks/``: files of the same names, or of these with ``_mask``, ``-label``, ``_gt`` or ``.jpg`` behind them, as
      PNG, TIFF, WebP, BMP, GIF, or arrays (.npy, .npz, .mat). Values (of a palette, the indices) are class ids, 255 for
      ignored. Masks of 0 and 255 alone are background and foreground. Without names every mask is read once to see
      which ids there are; with names 64 are.
    - ``classes.txt``: the names of the mask classes, one a line, background first. Without it they are called
      ``background``, and ``foreground`` or ``class 1``, ``class 2`` ... by the ids that occur. With a colour behind
      every name (``name r g b``, or CVAT's ``labelmap.txt``) colours and palettes are read by it.
    - ``labels.csv``: a column ``id`` (or ``file``), then one for each kind of label, named by the header. A column
      ``group`` keeps samples of one animal, say, in one split; a column ``split`` (train, val, test or trainval) is
      the official split.
    - ``boxes.csv``: ``id,x0,y0,x1,y1`` and perhaps ``name``: half-open, in pixels, from the upper left corner. A row
      with four empty corners says that the image shows no box.
    - ``layers.yaml``: further layers by name, each with its ``kind`` and settings: maps, masks and multimasks have a
      folder of the layer's name (instances any other, too), key points a table of it, tags a column of ``labels.csv``,
      and boxes are all those of ``boxes.csv`` or of a ``table``, or around instances; see
      `auxseg.data.sources.layers`. It also names the ``key`` of the array that is meant, where .npz or .mat files hold
      several: with a layer's settings, or alone for ``images`` and ``masks``.

    What has a mask or a row in a table but no picture is a bad sample, so that no label is dropped unseen. A mask or a
    box that cannot be used is left out alone.

    Args:
        path: the folder.
        exif: whether pictures are turned by their EXIF orientation: ``"apply"``, ``"ignore"``, or ``"auto"`` as the
            masks' sizes say (`auxseg.data.sources.pictures.orientation`).
        threshold: values from here on are foreground, all others background; for masks that were interpolated or
            compressed with loss (then also as JPEG).
        colours: a file with a colour for every class, as ``classes.txt``; ``"auto"`` to number the colours that
            occur; ``"index"`` to believe the indices of palettes that differ.
        instances: what masks are that number their objects: ``"merge"`` for one foreground, ``"classes"`` for classes.
        channels: keep 1 to 16 channels of 8 or 16 bits as the files have them, arrays among them: ``"native"``, or
            their names with commas between them. See `auxseg.data.sources.pictures.native`. By default images are read
            as RGB of 8 bits.

    Raises:
        InputError: if there is no ``images/``, ``masks/`` holds no masks or none of a picture, or a table or the mask
            classes cannot be understood.
    """

    name = "folder"
    options = frozenset({"channels", "exif", "threshold", "colours", "instances"})

    def __init__(
        self,
        path: str | Path,
        exif: str = "auto",
        threshold: float | None = None,
        colours: str | Path | None = None,
        instances: str | None = None,
        channels: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.exif = check_exif(exif)
        settings, names = mask_settings(colours, threshold, instances)
        if not (self.path / _IMAGES).is_dir():
            raise InputError(f"{self.path / _IMAGES} does not exist; it should hold the images")
        declared = read_declared(self.path / LAYERS)
        pictures = list_images(self.path / _IMAGES, channels)
        self._pictures = array_files(pictures.paths, declared.keys.get(_IMAGES), str(self.path / _IMAGES))
        self._images = native_images(list(self._pictures.values()), channels, exif)
        self.channels = self._images.channels
        photographs = self._photographs = Photographs(self._pictures)
        masks = _list_masks(self.path / _MASKS, takes_lossy=threshold is not None)
        by_picture = masks_by_picture(masks, photographs, _IMAGES, _MASKS)
        self._masks = array_files(by_picture, declared.keys.get(_MASKS), str(self.path / _MASKS))
        self._pairs = [(self._pictures[id], mask) for id, mask in self._masks.items() if id in self._pictures]
        refuse_misfits(self._pairs)
        self._boxes = read_boxes(self.path / _BOXES, photographs)
        rows = read_labels(self.path / _LABELS, photographs)
        found, remarks = find_names(self.path) if names is None else (names, ())
        classes = decide_classes(list(self._masks.values()), found, settings)
        self._reader = classes.reader
        self._layers = find_layers(
            self.path, declared, photographs, rows, self._boxes, classes.reader.names, int(classes.has_background)
        )
        self.layers = self._layers.forms
        self._labels = self._layers.labels
        self.mask_classes = classes.reader.names
        self.category_ids = classes.category_ids
        self.has_background = classes.has_background
        self.remarks = (
            *_left_out(self.path, pictures, masks, self._layers.files),
            *self._images.remarks,
            *remarks,
            *describe_labels(self.path / _LABELS, self._labels.values()),
            *describe_boxes(self.path / _BOXES),
            *classes.remarks,
            *self._layers.remarks,
        )
        self._chosen = describe_settings(exif, threshold, colours, instances, channels)

    def items(self) -> Sequence[Item]:
        """Whatever has a picture, a mask or a row in a table, by id."""
        ids = sorted({*self._pictures, *self._masks, *self._labels, *self._boxes, *self._layers.ids})
        return [Item(id, self._labels.get(id, _UNLABELLED).split) for id in ids]

    def read(self, item: Item) -> Sample:
        """Read a picture with all its labels; one with an EXIF orientation and no mask is turned upright."""
        if item.id not in self._pictures:
            raise SampleError(self._why_alone(item.id))
        path, labels = self._pictures[item.id], self._labels.get(item.id, _UNLABELLED)
        boxes = tuple(self._boxes.get(item.id, []))
        read = read_labelled(
            path,
            self._masks.get(item.id),
            self._reader,
            self.exif,
            lambda: self._agreement,
            has_boxes=bool(boxes) or self._layers.has_places(item.id),
            read_image=self._images.reader,
        )
        layers, notes, faults = self._layers.read(item.id, (read.image.shape[0], read.image.shape[1]), read.mask)
        return Sample(
            item.id,
            read.image,
            read.mask,
            boxes,
            labels.classes,
            labels.group,
            (*read.notes, *notes),
            (*read.dropped, *faults),
            read.orientation,
            layers,
        )

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and the settings that were given."""
        return {"name": self.name, "path": self.path.resolve().name, **self._chosen}

    def _why_alone(self, id: str) -> str:
        """Why what has this id belongs to no image."""
        rival = self._photographs.find_for_mask(id) if id in self._masks else None
        if rival is None:
            return f"it has labels, but no image in {_IMAGES}/"
        return f"{_MASKS}/ holds several masks that fit the image {rival}; keep one of them"

    @cached_property
    def _agreement(self) -> bool | None:
        """Whether the photographs whose masks decide are turned; asked for by those whose masks do not."""
        return agreement(self._pairs)


def _list_masks(folder: Path, *, takes_lossy: bool) -> Listing:
    """The masks by id; none if there is no such folder."""
    if not folder.is_dir():
        return Listing({})
    listing = list_files(folder, (*MASK_SUFFIXES, *LOSSY_SUFFIXES) if takes_lossy else MASK_SUFFIXES)
    for name in listing.others:
        refuse_lossy(name, f"{folder} holds {name}")
        if name.lower().endswith(SUFFIXES):
            raise InputError(
                f"{folder} should hold masks as .png, .tif, .webp, .npy, .npz or .mat files, but it holds {name}"
            )
    if not listing.paths:
        raise InputError(
            f"{folder} should hold masks as .png, .tif, .webp, .npy, .npz or .mat files, but it is empty; "
            "remove it if there are no masks"
        )
    return listing


def _left_out(path: Path, pictures: Listing, masks: Listing, layers: Collection[str]) -> tuple[str, ...]:
    """What is in the folder and was not read; ``layers`` are folders and tables that were."""
    unknown = list_unknown(path, _UNDERSTOOD.union(layers))
    what = f"neither {_IMAGES}/ nor {_MASKS}/ nor a table that is known"
    return (
        *describe_others(f"{_IMAGES}/", pictures.others, "no image that can be read"),
        *describe_others(f"{_MASKS}/", masks.others, "no mask that can be read"),
        *(f"{remark}{_hint(unknown)}" for remark in describe_others("the folder", unknown, what)),
    )


def _hint(unknown: Sequence[str]) -> str:
    """How folders that were not read may become labels."""
    return f" ({LAYERS} may declare folders as layers)" if any(name.endswith("/") for name in unknown) else ""
