"""What the masks of a source mean: which values or colours are which class, decided from names and from the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auxseg.data.sample import IGNORE
from auxseg.data.sources.class_names import NAMES_FILE, ClassNames, is_background, read_names
from auxseg.data.sources.embedded import ImageFile
from auxseg.data.sources.masks.evidence import (
    Look,
    agreed_palette,
    all_values,
    look_at,
    mixed_files,
    numbered_objects,
)
from auxseg.data.sources.masks.files import read_grey, read_pixels
from auxseg.data.sources.masks.reader import MaskReader, show_colour
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError

INSTANCES: Final = ("merge", "classes")
BY_COLOUR, BY_INDEX = "auto", "index"
"""What ``colours`` may be beside a file: tell classes by colour, or believe a palette's indices."""

_MOST_UNNAMED: Final = 64
"""Mask classes that are believed to be classes without being named; values beyond come from interpolation."""

_MOST_SPARSE: Final = 16
"""As many values may lie anywhere below 255 and be classes still."""

_NUM_LOOKED_AT: Final = 64
_TWO: Final = ("background", "foreground")


@dataclass(frozen=True)
class MaskSettings:
    """How masks are to be understood, see `auxseg.data.sources.folder`; ``colours`` is ``"auto"`` or ``"index"``."""

    colours: str | None = None
    threshold: float | None = None
    instances: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.instances is not None and self.instances not in INSTANCES:
            raise InputError(f"instances must be one of {', '.join(INSTANCES)}, not {self.instances!r}")
        if self.threshold is not None and not self.threshold > 0:
            raise InputError(f"threshold must be above 0, not {self.threshold}")
        if self.threshold is not None and (self.instances or self.colours):
            raise InputError(
                "threshold makes background and foreground; it cannot be combined with colours or instances"
            )


@dataclass(frozen=True)
class MaskClasses:
    """The classes of a source's masks, how to read them, and what is worth knowing about how that was decided.

    ``seen`` holds the values of the files that were looked at.
    """

    reader: MaskReader
    category_ids: tuple[int, ...] = ()
    has_background: bool = True
    remarks: tuple[str, ...] = ()
    seen: frozenset[float] = frozenset()


def mask_settings(
    colours: str | Path | None, threshold: float | None, instances: str | None
) -> tuple[MaskSettings, ClassNames | None]:
    """Check the settings, and read the file of colours if one is named. Raises `InputError`."""
    if colours is None or str(colours) in (BY_COLOUR, BY_INDEX):
        return MaskSettings(None if colours is None else str(colours), threshold, instances), None
    MaskSettings(str(colours), threshold, instances)
    if not Path(colours).is_file():
        raise InputError(
            f"--colours {colours}: there is no such file; it should hold lines 'name r g b', or give auto or index"
        )
    names = read_names(Path(colours))
    if not names.colours:
        raise InputError(f"{colours} should hold a colour for every class, in lines 'name r g b'; it holds only names")
    return MaskSettings(None, threshold, instances), names


def describe_settings(
    exif: str, threshold: float | None, colours: str | Path | None, instances: str | None, channels: str | None = None
) -> dict[str, str]:
    """The settings that were given, in words, for the provenance."""
    given = {
        "exif": None if exif == "auto" else exif,
        "threshold": threshold,
        "colours": None if colours is None else Path(colours).name,
        "instances": instances,
        "channels": channels,
    }
    return {key: str(value) for key, value in given.items() if value is not None}


def decide_classes(masks: Sequence[ImageFile], names: ClassNames | None, settings: MaskSettings) -> MaskClasses:
    """Look at masks and decide what they mean; all are read once, but with names 64 are enough.

    Raises `InputError` where the files contradict each other, or do not say what they mean.
    """
    few = masks[:: max(len(masks) // _NUM_LOOKED_AT, 1)]
    if settings.threshold is not None:
        return _at_threshold(few, names, settings.threshold)
    if settings.instances == "merge":
        return MaskClasses(MaskReader(_two_names(names, "instances"), merges=True))
    looks = look_at(masks if names is None else few)
    if masks and not looks:
        try:
            read_pixels(few[0])
        except SampleError as error:
            raise InputError(f"no mask can be read; the first: {error}") from error
    if names is not None and names.colours and settings.colours != BY_INDEX:
        return _by_table(looks, names)
    if settings.colours == BY_COLOUR:
        return _by_found_colours(looks, names)
    _refuse_colours(looks)
    palette = {} if settings.colours == BY_INDEX else agreed_palette(looks)
    mixed = mixed_files(looks)
    if mixed is not None and (names is None or len(names.names) == 2):
        raise InputError(
            f"some masks hold 0 and 1, such as {mixed[0].name}, others 0 and 255, such as {mixed[1].name}; "
            "--threshold 1 makes both background and foreground"
        )
    values = all_values(looks)
    if values <= {0, IGNORE} and IGNORE in values and (names is None or len(names.names) == 2):
        two = _TWO if names is None else names.names
        return MaskClasses(MaskReader(two, {0: 0, IGNORE: 1}, palette=palette))
    if names is not None:
        return _named(looks, names, palette)
    return _unnamed(looks, values, palette, settings)


def _at_threshold(masks: Sequence[ImageFile], names: ClassNames | None, threshold: float) -> MaskClasses:
    largest = 0.0
    for path in masks:
        try:
            largest = max(largest, float(read_grey(path).max()))
        except SampleError:
            continue
    if masks and largest < threshold:
        raise InputError(f"threshold {threshold:g}: no value of the masks reaches it; the largest is {largest:g}")
    return MaskClasses(MaskReader(_two_names(names, "threshold"), threshold=threshold))


def _two_names(names: ClassNames | None, setting: str) -> tuple[str, ...]:
    if names is not None and len(names.names) != 2:
        raise InputError(f"{setting} makes two classes, but {names.file} names {len(names.names)}")
    return _TWO if names is None else names.names


def _by_table(looks: Sequence[Look], names: ClassNames) -> MaskClasses:
    """Colours as the file says; a file without colours holds the positions of the classes."""
    colours = {colour: id for id, colour in enumerate(names.colours)} | dict.fromkeys(names.ignored, IGNORE)
    coloured = [look for look in looks if look.colours]
    if coloured and not any(look.colours <= colours.keys() for look in coloured):
        stranger = sorted(coloured[0].colours - colours.keys())[0]
        raise InputError(
            f"the colours of {names.file} fit no mask; {coloured[0].path.name}, for one, has {show_colour(stranger)}. "
            "Add the colours that are missing, or give a table of all with --colours FILE"
        )
    reader = MaskReader(names.names, {position: id for id, position in enumerate(names.ids)}, colours)
    return MaskClasses(reader, _unless_plain(names.ids), is_background(names.names[0]))


def _by_found_colours(looks: Sequence[Look], names: ClassNames | None) -> MaskClasses:
    """Number the colours: black first, then as they come."""
    if names is not None:
        raise InputError(
            f"colours auto numbers the colours itself, but {names.file} has names and no colours; add a colour to "
            "each name"
        )
    found = dict.fromkeys(colour for look in looks for colour in sorted(look.colours))
    if not found:
        raise InputError("colours auto: the masks have no colours; leave the setting out")
    if len(found) > _MOST_UNNAMED:
        raise InputError(
            f"the masks have over {_MOST_UNNAMED} colours, so they look interpolated or lossily compressed; pixels "
            "should have only the colours of classes (for black and white, --threshold 128 makes two classes)"
        )
    order = sorted(found, key=lambda colour: colour != (0, 0, 0))
    shown = ["background" if colour == (0, 0, 0) else "#" + bytes(colour).hex() for colour in order]
    if len(shown) == 1:
        raise InputError(f"colours auto: all masks have one colour, {show_colour(order[0])}")
    classes = {colour: id for id, colour in enumerate(order)}
    reader = MaskReader(tuple(shown), {0: 0} if shown[0] == "background" else {}, classes)
    remark = (
        f"the masks have {len(shown)} colours, which are the classes {', '.join(shown)}; lines 'name r g b' in "
        f"{NAMES_FILE} may name them"
    )
    return MaskClasses(reader, has_background=shown[0] == "background", remarks=(remark,))


def _refuse_colours(looks: Sequence[Look]) -> None:
    """Colours of one file cost that file's mask; where all have them, nothing is known."""
    if looks and all(look.values is None for look in looks):
        first = looks[0]
        shown = ", ".join(show_colour(colour) for colour in sorted(first.colours)[:4])
        raise InputError(
            f"the masks hold colours; {first.path.name}, for one, {shown}{', ...' if len(first.colours) > 4 else ''}. "
            f"Say which class each is: {NAMES_FILE} or --colours FILE with lines 'name r g b', or --colours auto to "
            "number them (for compressed black and white, --threshold 128 makes two classes)"
        )


def _named(looks: Sequence[Look], names: ClassNames, palette: dict) -> MaskClasses:
    seen = frozenset(all_values(looks))
    values = sorted(seen - {IGNORE})
    count = len(names.names)
    if values == list(range(1, count + 1)):
        reader = MaskReader(names.names, {id + 1: id for id in range(count)}, palette=palette)
        remark = f"id 0 never occurs in the masks; the ids 1 to {count} are taken for the {count} names of {names.file}"
        return MaskClasses(reader, tuple(range(1, count + 1)), is_background(names.names[0]), (remark,), seen)
    known = set(range(count)) | {IGNORE}
    if looks and not any(look.values is not None and look.values <= known for look in looks):
        stranger = sorted(seen - known)[0]
        raise InputError(
            f"no mask fits the {count} names of {names.file}, which stand for the ids 0 to {count - 1}: the masks hold "
            f"{stranger:g}, for one"
        )
    remarks: list[str] = []
    if seen == {0, IGNORE}:
        remarks.append(f"the masks hold only 0 and 255; 255 is ignored, because {names.file} has {count} names")
    if values and 0 not in seen:
        remarks.append(f"id 0 ({names.names[0]}) never occurs in the {len(looks)} masks that were checked")
    reader = MaskReader(names.names, {id: id for id in range(count)}, palette=palette)
    return MaskClasses(reader, (), is_background(names.names[0]), tuple(remarks), seen)


def _unnamed(looks: Sequence[Look], values: set[float], palette: dict, settings: MaskSettings) -> MaskClasses:
    if settings.instances is None:
        _ask_about_instances(looks)
    classes = sorted(values - {IGNORE})
    _refuse_interpolated(classes, has_ignored=IGNORE in values)
    if set(classes) <= {0, 1}:
        return MaskClasses(MaskReader(_TWO, {0: 0, 1: 1}, palette=palette))
    ids = tuple(int(value) for value in classes)
    names = tuple("background" if id == 0 else f"class {id}" for id in ids)
    if len(ids) == 1:
        raise InputError(f"all masks hold only {ids[0]}; expected background and at least one other class")
    remarks: list[str] = []
    if ids[0] != 0:
        remarks.append(
            f"id 0 never occurs in the masks, so none of the classes {_shown(ids)} counts as background; "
            f"{NAMES_FILE} may name them, background first if there is one"
        )
    if ids != tuple(range(ids[0], ids[0] + len(ids))):
        remarks.append(f"the masks hold only the ids {_shown(ids)}; they become {len(ids)} classes in order")
    reader = MaskReader(names, {value: id for id, value in enumerate(ids)}, palette=palette)
    return MaskClasses(reader, _unless_plain(ids), ids[0] == 0, tuple(remarks), frozenset(values))


def _ask_about_instances(looks: Sequence[Look]) -> None:
    found = numbered_objects(looks)
    if found is not None:
        fewest, most = ((look.path.name, int(max(look.values or {0}))) for look in found)
        raise InputError(
            f"the masks seem to number their objects, 1 to {fewest[1]} in {fewest[0]} and 1 to {most[1]} in {most[0]}: "
            "--instances merge makes all of them foreground, --instances classes takes the numbers for classes"
        )


def _refuse_interpolated(classes: Sequence[float], *, has_ignored: bool) -> None:
    if not classes:
        return
    is_sparse = len(classes) <= _MOST_SPARSE and not has_ignored and classes[-1] < IGNORE
    if any(value != int(value) or value < 0 for value in classes):
        raise InputError(
            "the masks hold fractions or negative numbers; pixels should be class ids, or give --threshold"
        )
    if classes[-1] > _MOST_UNNAMED and not is_sparse:
        raise InputError(
            f"the masks hold values up to {classes[-1]:g}, so they look interpolated; pixels should be "
            "class ids. For black and white, --threshold 128 makes background and foreground; more than "
            f"{_MOST_UNNAMED} classes need names in {NAMES_FILE}"
        )


def _unless_plain(ids: tuple[int, ...]) -> tuple[int, ...]:
    return () if ids == tuple(range(len(ids))) else ids


def _shown(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")
