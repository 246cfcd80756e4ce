"""Pascal VOC: photographs, palette masks, boxes in XML and lists of the official splits.

M. Everingham et al.: "The Pascal Visual Object Classes Challenge: A Retrospective", IJCV 2015,
http://host.robots.ox.ac.uk/pascal/VOC/.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from auxseg.data.sample import Sample
from auxseg.data.sources.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.mask_files import check_fits, read_ids, read_names
from auxseg.data.sources.picture_files import files_by_id
from auxseg.data.sources.source import Item, Source
from auxseg.data.sources.voc_xml import read_voc_boxes
from auxseg.errors import InputError

_NAMES: Final = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""In the order of the palette."""

_LISTS: Final = ("train", "val", "trainval", "test")


@final
class PascalVOC(Source):
    """A folder in the layout of Pascal VOC, such as ``VOCdevkit/VOC2012``.

    - ``JPEGImages/``: the photographs, and no pictures of other formats (.jpg or .jpeg, in either case).
    - ``SegmentationClass/``: palette PNG files whose indices are class ids, 255 (the outlines) ignored.
    - ``Annotations/``: boxes, named by class. A sample without such a file has none.
    - ``ImageSets/Segmentation/``: the lists train, val, trainval and test are the official split; what train or val
      lists is not taken from trainval again. With lists the samples are those listed, without them all photographs.
    - ``classes.txt`` (not part of Pascal VOC): other names than the 21 of Pascal VOC, one a line, background first.

    A sample of the lists train, val and trainval must have a mask; others may lack one.

    Args:
        path: the folder that holds these.

    Raises:
        InputError: if there is no ``JPEGImages/``, it holds other pictures, or a list cannot be read.
    """

    name = "voc"

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not (self.path / "JPEGImages").is_dir():
            raise InputError(f"{self.path / 'JPEGImages'} does not exist; the layout of Pascal VOC has it")
        self.mask_classes = read_names(self.path) or _NAMES
        self._photographs = files_by_id(self.path / "JPEGImages", (".jpg", ".jpeg"))
        self._items = self._listed() or [Item(id) for id in self._photographs]

    def items(self) -> Sequence[Item]:
        """The lists' samples, train first, or all photographs by name."""
        return self._items

    def read(self, item: Item) -> Sample:
        """Read a photograph with its mask and its boxes."""
        mask_path = self.path / "SegmentationClass" / f"{item.id}.png"
        is_needed = item.split not in (None, "test")
        mask = read_ids(mask_path) if is_needed or mask_path.exists() else None
        path = self._photographs.get(item.id, self.path / "JPEGImages" / f"{item.id}.jpg")
        picture, orientation = upright(read_picture(path), None if mask is None else mask.shape)
        image = to_rgb(picture, path.name)
        check_fits(mask, image)
        xml_path = self.path / "Annotations" / f"{item.id}.xml"
        height, width = image.shape[:2]
        boxes = read_voc_boxes(xml_path, (height, width)) if xml_path.is_file() else ()
        return Sample(item.id, image, mask, boxes, orientation=orientation)

    def provenance(self) -> dict[str, str]:
        """The folder's name without the way to it."""
        return {"name": self.name, "path": self.path.resolve().name}

    def _listed(self) -> list[Item]:
        found: dict[str, Item] = {}
        for split in _LISTS:
            path = self.path / "ImageSets" / "Segmentation" / f"{split}.txt"
            if not path.exists():
                continue
            try:
                ids = path.read_text("utf-8").split()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{path} cannot be read; it should hold one name a line") from error
            for id in ids:
                if Path(id).name != id:
                    raise InputError(f"{path}: {id!r} is no name of a photograph")
                if id in found and split != "trainval":
                    raise InputError(f"{path}: {id} is listed in {found[id].split} too")
                found.setdefault(id, Item(id, split))
        return list(found.values())
