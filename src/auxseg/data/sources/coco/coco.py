"""Annotations in the JSON of COCO, as class masks and boxes.

T.-Y. Lin et al.: "Microsoft COCO: Common Objects in Context", ECCV 2014, https://arxiv.org/abs/1405.0312; the format is
described at https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from auxseg.counting import count
from auxseg.data.layers import Layer
from auxseg.data.preparing.findings import named
from auxseg.data.sample import EXIFS, SPLITS, Sample
from auxseg.data.sources.coco.boxes import INSTANCES, lost_layers, named_boxes, object_forms, object_layers
from auxseg.data.sources.coco.categories import Categories
from auxseg.data.sources.coco.file import CocoFile, CocoImage, CocoObject, read_coco
from auxseg.data.sources.coco.mask import draw_mask
from auxseg.data.sources.coco.photographs import Photographs, last_name
from auxseg.data.sources.coco.points import POINTS, object_points
from auxseg.data.sources.pictures.decoding import read_picture, to_rgb, upright
from auxseg.data.sources.source import Item, SampleError, Source
from auxseg.errors import InputError

_SPLITS: Final = (*SPLITS, "trainval")

_NO_SIZE: Final = "the annotation file has no size for the image, so the image's own size was used"
_OTHER_PLACE: Final = "the image was found by its name, but not in the folder given by the annotation file"


@final
@dataclass(frozen=True)
class _Photograph:
    """A photograph with its objects, its official split and the place of its file."""

    image: CocoImage
    objects: Sequence[CocoObject]
    split: str | None
    photographs: Photographs


@final
class Coco(Source):
    """Photographs with objects, each with a category, an outline (polygons or run lengths) and a box.

    - The mask's classes are ``background`` and the categories by ascending id. Where objects lie over each other the
      smaller one counts. Crowds (``iscrowd``) are ignored where no object lies over them. A category called background
      is the background; a supercategory that has no objects is no class.
    - ``category_ids`` are the file's own; background is 0, or -1 where a category has that id.
    - A photograph without objects is all background. The box of an object whose outline is missing or wrong is ignored
      in the mask where no other object lies over it. There is no mask if no object of the photograph has an outline, or
      one has neither outline nor box.
    - A box is named by its category; ``--box`` says which of several is the target. Crowds have none.
    - The photographs are in the first of these folders that holds any: ``images/`` beside the file; ``images/`` beside
      the file's folder; beside the file's folder one called as the file's name ends after its last underscore
      (``instances_val2017.json``: ``val2017/``); the file's folder. With several files the same places in ``path``, and
      ``path`` itself, come first.
    - Layers on request: ``boxes`` are all boxes with their categories, crowds marked as such; ``tags`` say which
      categories occur in a photograph; ``points`` are the key points of its largest object that has any;
      ``instances`` tell the objects apart as the mask shows them, crowds and what the mask ignores being unknown.
    - What is wrong about one object costs that object, and is named.

    One file is one set of samples without an official split. With several the splits are the official ones, and ids
    that two files give to different photographs begin with the split (``train/7``).

    Args:
        path: the annotation file; with ``annotations`` the folder of the photographs, or one around them.
        annotations: the annotation file of every split (train, val, test or trainval), to be found from where the
            program runs or from ``path``.
        exif: whether photographs are turned by their EXIF orientation, see `pictures.decoding.upright`.
        layers: any of ``boxes``, ``tags``, ``points`` and ``instances``.

    Raises:
        InputError: if a file is no annotation file, two disagree in their categories, or the photographs are nowhere.
    """

    options = frozenset({"annotations", "exif", "layers"})

    name = "coco"

    def __init__(
        self,
        path: str | Path,
        *,
        annotations: Mapping[str, Path] | None = None,
        exif: str = "auto",
        layers: Sequence[str] = (),
    ) -> None:
        self.path = Path(path)
        self._exif = exif
        if exif not in EXIFS:
            raise InputError(f"exif must be one of {', '.join(EXIFS)}, not {exif!r}")
        self._paths = _annotation_files(self.path, annotations or {})
        files = {split: read_coco(each, with_points=POINTS in layers) for split, each in self._paths.items()}
        used = {each.category for file in files.values() for some in file.objects.values() for each in some}
        self._categories = Categories([(file.path, file.categories) for file in files.values()], used)
        self.mask_classes = self._categories.names
        self.category_ids = self._categories.ids
        self._has_outlines = any(
            each.outline for file in files.values() for some in file.objects.values() for each in some
        )
        self.layers = object_forms(layers, self._categories, has_outlines=self._has_outlines)
        self._photographs = _photographs(files, self.path)
        orphans = (remark for file in files.values() for remark in _orphans(file))
        self.remarks = (*self._categories.remarks, *orphans, *_in_several_splits(self._photographs.values()))

    def items(self) -> Sequence[Item]:
        """All photographs in the order of the files."""
        return [Item(id, photograph.split) for id, photograph in self._photographs.items()]

    def read(self, item: Item) -> Sample:
        """Read a photograph, fill its outlines and name its boxes."""
        each = self._photographs[item.id]
        image, notes = each.image, []
        if image.fault:
            raise SampleError(image.fault)
        path = each.photographs.find(image.file_name)
        if path is None:
            raise SampleError(f"{image.file_name} does not exist")
        turned, orientation = upright(read_picture(path), image.hw, self._exif)
        picture = to_rgb(turned, path.name)
        height, width = picture.shape[:2]
        if not each.photographs.is_as_written(path, image.file_name):
            notes.append(_OTHER_PLACE)
        if image.hw is None:
            notes.append(_NO_SIZE)
            orientation = replace(orientation, is_decided=orientation.tag == 1 or self._exif != "auto")
        elif (height, width) != image.hw:
            raise SampleError(f"{path.name} is {height} x {width} (height x width), the file says {image.hw}")
        boxes, faults = named_boxes(each.objects, self._categories)
        layers = object_layers(each.objects, self._categories, self.layers, (height, width), image.unknown)
        points, said, lost = object_points(each.objects, self._categories, self.layers, (height, width))
        layers, notes, faults = {**layers, **points}, [*notes, *said], [*faults, *lost]
        mask = None
        if self._has_outlines:
            drawn = draw_mask(each.objects, self._categories, (height, width), with_things=INSTANCES in self.layers)
            mask, notes, faults = drawn.mask, [*notes, *drawn.notes], [*drawn.faults, *faults]
            if drawn.things is not None and INSTANCES in {*self.layers} - {*image.unknown}:
                layers[INSTANCES] = Layer(self.layers[INSTANCES], drawn.things)
        return Sample(
            item.id,
            picture,
            mask,
            boxes,
            notes=tuple(notes),
            dropped=(*faults, *lost_layers(layers, self.layers, image.unknown)),
            orientation=orientation,
            layers=layers,
        )

    def provenance(self) -> dict[str, str]:
        """The files' names without the way to them."""
        files = {"annotations": " ".join(f"{split}={path.name}" for split, path in self._paths.items() if split)}
        exif = {} if self._exif == "auto" else {"exif": self._exif}
        return {"name": self.name, "path": self.path.resolve().name} | (files if files["annotations"] else {}) | exif


def _annotation_files(path: Path, annotations: Mapping[str, Path]) -> dict[str | None, Path]:
    if not annotations:
        return {None: path}
    if not path.is_dir():
        raise InputError(f"{path} should be the folder of the images, because --annotations names the files")
    for split in annotations:
        if split not in _SPLITS:
            raise InputError(f"--annotations should name {', '.join(_SPLITS)}, not {split!r}")
    for split, file in annotations.items():
        if not file.exists() and not (path / file).exists():
            raise InputError(f"--annotations {split}={file}: there is no such file, neither here nor in {path}")
    return {split: file if file.exists() else path / file for split, file in annotations.items()}


def _photographs(files: Mapping[str | None, CocoFile], path: Path) -> dict[str, _Photograph]:
    """Every photograph by its id; ids begin with the split where two files have the same one."""
    num_ids = sum(len(file.images) for file in files.values())
    is_unique = len({id for file in files.values() for id in file.images}) == num_ids
    result: dict[str, _Photograph] = {}
    for split, file in files.items():
        names = [each.file_name for each in file.images.values() if not each.fault]
        place = Photographs(names, _folders(file.path, path, split), str(file.path))
        for id, image in file.images.items():
            full = id if is_unique else f"{split}/{id}"
            result[full] = _Photograph(image, file.objects[id], split, place)
    return result


def _in_several_splits(photographs: Iterable[_Photograph]) -> list[str]:
    """What is to be said of image files that several splits name: they would be measured after they were trained on."""
    by_name: dict[str, list[_Photograph]] = {}
    for each in photographs:
        if not each.image.fault:
            by_name.setdefault(last_name(each.image.file_name), []).append(each)
    shared: list[str] = []
    for several in by_name.values():
        if len({each.split for each in several}) > 1:
            splits: dict[Path, set[str | None]] = {}
            for each in several:
                if (path := each.photographs.find(each.image.file_name)) is not None:
                    splits.setdefault(path, set()).add(each.split)
            shared += [path.name for path, found in splits.items() if len(found) > 1]
    if not shared:
        return []
    return [f"{count(len(shared), 'image')} in the annotation files of several splits: {named(shared)}"]


def _folders(file: Path, path: Path, split: str | None) -> list[Path]:
    beside, above = file.resolve().parent, file.resolve().parent.parent
    last = file.stem.rpartition("_")[2]
    near = [beside / "images", above / "images", above / last, beside]
    if split is None:
        return near
    root = path.resolve()
    return [root / "images" / split, root / last, root / split, root / "images", root, *near]


def _orphans(file: CocoFile) -> list[str]:
    if not file.orphans:
        return []
    return [
        f"{file.path.name}: {len(file.orphans):,} objects were left out, because their images are not in the file: "
        f"{named(file.orphans)}"
    ]
