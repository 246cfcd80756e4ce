"""Pascal VOC: photographs, palette masks, boxes in XML and lists of the official splits.

M. Everingham et al.: "The Pascal Visual Object Classes Challenge: A Retrospective", IJCV 2015,
http://host.robots.ox.ac.uk/pascal/VOC/.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import IGNORE, Sample
from auxseg.data.sources.class_names import NAMES_FILE, NAMES_FILES, ClassNames, find_names
from auxseg.data.sources.masks.classes import BY_COLOUR, decide_classes, describe_settings, mask_settings
from auxseg.data.sources.masks.sizes import fitting, refuse_misfits
from auxseg.data.sources.name_matching import Photographs, masks_by_picture
from auxseg.data.sources.pictures.decoding import read_picture, to_rgb
from auxseg.data.sources.pictures.files import Listing, describe_others, list_files, list_photographs, list_unknown
from auxseg.data.sources.pictures.orientation import agreement, check_exif, orient
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.data.sources.voc_xml import VocObjects, read_voc_objects
from auxseg.errors import InputError

_NAMES: Final = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""In the order of the palette."""

_LISTS: Final = ("train", "val", "trainval", "test")


_PHOTOGRAPHS, _MASKS, _BOXES = "JPEGImages", "SegmentationClass", "Annotations"
_UNDERSTOOD: Final = frozenset({_PHOTOGRAPHS, _MASKS, _BOXES, "ImageSets", "SegmentationObject", *NAMES_FILES})
_NUM_LOOKED_AT: Final = 64


@final
class PascalVOC(Source):
    """A folder in the layout of Pascal VOC, such as ``VOCdevkit/VOC2012``, and what labelme and CVAT export in it.

    - ``JPEGImages/``: the photographs, and no pictures of other formats (.jpg, .jpeg or .jfif, in either case).
    - ``SegmentationClass/``: palette PNG files whose indices are class ids, 255 (the outlines) ignored; or colours,
      where a file says which class each is.
    - ``Annotations/``: boxes, named by class. A sample without such a file has none.
    - ``ImageSets/Segmentation/``: the lists train, val, trainval and test are the official split; what train or val
      lists is not taken from trainval again. With lists the samples are those listed, without them all photographs.
    - ``classes.txt``, CVAT's ``labelmap.txt`` or labelme's ``class_names.txt``: other names than the 21 of Pascal VOC,
      one a line, background first, all or none with a colour behind it (``name r g b``). Pascal VOC's own names are
      refused where masks or boxes show that they are others.

    A sample of the lists train, val and trainval must have a mask; others may lack one. A mask or a box that cannot be
    used is left out alone.

    Args:
        path: the folder that holds these.
        exif, threshold, colours, instances: as in `auxseg.data.sources.folder`.

    Raises:
        InputError: if there is no ``JPEGImages/``, it holds other pictures, or a list, the names or the masks cannot be
            understood.
    """

    name = "voc"
    options = frozenset({"exif", "threshold", "colours", "instances"})

    def __init__(
        self,
        path: str | Path,
        exif: str = "auto",
        threshold: float | None = None,
        colours: str | Path | None = None,
        instances: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.exif = check_exif(exif)
        settings, names = mask_settings(colours, threshold, instances)
        if not (self.path / _PHOTOGRAPHS).is_dir():
            raise InputError(f"{self.path / _PHOTOGRAPHS} does not exist; the layout of Pascal VOC has it")
        listing = list_photographs(self.path / _PHOTOGRAPHS, (".jpg", ".jpeg", ".jfif"))
        self._photographs = listing.paths
        masks = list_files(self.path / _MASKS, (".png",)) if (self.path / _MASKS).is_dir() else Listing({})
        self._masks = masks_by_picture(masks, Photographs(self._photographs), _PHOTOGRAPHS, _MASKS)
        self._items = self._listed() or [Item(id) for id in self._photographs]
        found, remarks = find_names(self.path) if names is None else (names, ())
        own = ClassNames("Pascal VOC", _NAMES, tuple(range(len(_NAMES))))
        asked = {item.id for item in self._items} & listing.paths.keys()
        self._pairs = [(self._photographs[id], mask) for id, mask in self._masks.items() if id in asked]
        refuse_misfits(self._pairs)
        names_itself = settings.colours == BY_COLOUR or threshold is not None or instances == "merge"
        known = found if found is not None or names_itself else own
        classes = decide_classes([mask for _, mask in self._pairs], known, settings)
        if known is own:
            remarks = self._check_names(max(classes.seen - {IGNORE}, default=0))
        self._reader = classes.reader
        self.mask_classes = classes.reader.names
        self.category_ids = classes.category_ids
        self.has_background = classes.has_background
        self.remarks = (*self._left_out(listing, masks), *remarks, *classes.remarks)
        self._chosen = describe_settings(exif, threshold, colours, instances)

    def items(self) -> Sequence[Item]:
        """The lists' samples, train first, or all photographs by name."""
        return self._items

    def read(self, item: Item) -> Sample:
        """Read a photograph with its mask and its boxes."""
        mask, dropped = None, ()
        if item.id in self._masks:
            try:
                mask = self._reader.read(self._masks[item.id])
            except SampleError as error:
                dropped = (str(error),)
        elif item.split not in (None, "test"):
            raise SampleError(f"{item.id}.png does not exist in {_MASKS}/, but {item.split}.txt lists it")
        try:
            xml_path = self.path / _BOXES / f"{item.id}.xml"
            objects = read_voc_objects(xml_path) if xml_path.exists() else VocObjects()
        except SampleError as error:
            objects = VocObjects(dropped=(str(error),))
        path = self._photographs.get(item.id, self.path / _PHOTOGRAPHS / f"{item.id}.jpg")
        mask_hw = objects.hw if mask is None else (mask.shape[0], mask.shape[1])
        picture, orientation, notes = orient(
            read_picture(path), mask_hw, self.exif, lambda: self._agreement, has_boxes=bool(objects.boxes)
        )
        image = to_rgb(picture, path.name)
        mask, dropped = fitting(mask, image, (*dropped, *objects.dropped))
        return Sample(item.id, image, mask, objects.boxes, notes=notes, dropped=dropped, orientation=orientation)

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it, and the settings that were given."""
        return {"name": self.name, "path": self.path.resolve().name, **self._chosen}

    @cached_property
    def _agreement(self) -> bool | None:
        return agreement(self._pairs)

    def _check_names(self, largest: float) -> tuple[str, ...]:
        """Refuse Pascal VOC's names where masks or boxes have others; say so where nothing speaks for them."""
        way_out = f"name the classes in {self.path / NAMES_FILE}, one per line, background first"
        if largest >= len(_NAMES):
            raise InputError(
                f"the masks hold the id {largest:g}, but Pascal VOC has {len(_NAMES) - 1} classes; {way_out}"
            )
        has_them = any(item.split for item in self._items) or not self._masks
        every = max(len(self._items) // _NUM_LOOKED_AT, 1)
        paths = (self.path / _BOXES / f"{item.id}.xml" for item in self._items[::every])
        for path in paths if self._masks else ():
            try:
                objects = read_voc_objects(path) if path.exists() else VocObjects()
            except SampleError:
                continue
            for box in objects.boxes:
                if box.name not in _NAMES:
                    name = box.name[:100]
                    raise InputError(
                        f"{path} has an object {name!r}, which is not a class of Pascal VOC, so the masks use other "
                        f"ids too; {way_out}"
                    )
                has_them = True
        return () if has_them else (f"the classes got the names of Pascal VOC; if they are others, {way_out}",)

    def _left_out(self, photographs: Listing, masks: Listing) -> tuple[str, ...]:
        lists = self.path / "ImageSets" / "Segmentation"
        names = list_files(lists, (".txt",)).paths if lists.is_dir() else {}
        others = [f"{name}.txt" for name in names if name not in _LISTS]
        return (
            *describe_others(f"{_PHOTOGRAPHS}/", photographs.others, "no photograph"),
            *describe_others(f"{_MASKS}/", masks.others, "no mask that can be read"),
            *describe_others("ImageSets/Segmentation/", others, "no known list of a split"),
            *describe_others(
                "the folder", list_unknown(self.path, _UNDERSTOOD), "not part of the layout of Pascal VOC"
            ),
        )

    def _listed(self) -> list[Item]:
        found: dict[str, Item] = {}
        photographs = Photographs(self._photographs)
        for split in _LISTS:
            path = self.path / "ImageSets" / "Segmentation" / f"{split}.txt"
            if not path.exists():
                continue
            try:
                names = path.read_text("utf-8-sig").split()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{path} cannot be read; it should hold one name per line") from error
            for name in names:
                if Path(name).name != name:
                    raise InputError(f"{path}: {name!r} is not the name of an image")
                id = photographs.find(name) or name
                if id in found and split != "trainval":
                    raise InputError(f"{path}: {id} is listed in {found[id].split} too")
                found.setdefault(id, Item(id, split))
        return list(found.values())
